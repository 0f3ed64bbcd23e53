public import Archives
public import MessagePassing
public import RandomStreams
public import Runtime
import SymmetryGroups

extension LatticeOrbits {
  /// How far the enumeration has come; counts are integers, so that ranges searched anywhere add up exactly.
  public struct State: Checkpointable, Sendable {
    /// The next configuration.
    var next: UInt64 = 0
    /// Orbits by length, energy and |magnetization|: `[lengths, bonds + 1, sites + 1]`.
    var counts: [Int] = []
    /// The first orbits of each length, as pairs (length, canonical form), by length and then by form.
    var examples: [UInt64] = []
    /// Tables of the group's elements: made anew where missing, never saved.
    var orbits: SpinOrbits?

    init() {}
    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write(next, at: path + "/next")
      try archive.write(counts, at: path + "/counts")
      try archive.write(examples, at: path + "/examples")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      next = try archive.scalar(UInt64.self, at: path + "/next")
      counts = try archive.read(Int.self, count: nil, at: path + "/counts")
      examples = try archive.read(UInt64.self, count: nil, at: path + "/examples")
    }
  }

  /// How many examples of each length are kept.
  static var exampleLimit: Int { 4 }

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State {
    var state = State()
    state.counts = [Int](repeating: 0, count: lengths.count * (bonds + 1) * (sites + 1))
    return state
  }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    if state.orbits == nil { state.orbits = try orbits() }
    guard let orbits = state.orbits else { preconditionFailure("set above") }
    let total = orbits.configurations, end = min(total, state.next + 1 << 24)
    // Each rank searches a contiguous part of the slice: examples stay in order.
    let width = end - state.next, rank = UInt64(team.rank), ranks = UInt64(team.size)
    let mine = state.next + width * rank / ranks..<state.next + width * (rank + 1) / ranks
    var (counts, examples) = search(mine, orbits)
    do throws(MessagePassingError) {
      try team.allReduce(&counts, .sum)
      for part in try team.allGather(examples) { merge(part, into: &state.examples) }
    } catch { throw .communication(error) }
    for k in counts.indices { state.counts[k] += counts[k] }
    examples = []
    state.next = end
    guard end == total else { return .more(fraction: Double(end) / Double(total), stage: "sorting configurations into orbits") }
    return .done(try record(state))
  }

  /// The orbits whose canonical forms lie in a range: counts, and the first examples of each length.
  private func search(_ range: Range<UInt64>, _ orbits: SpinOrbits) -> (counts: [Int], examples: [UInt64]) {
    let lengths = lengths, energies = bonds + 1, magnetizations = sites + 1
    var place = [Int](repeating: -1, count: orbits.order + 1)
    for (k, length) in lengths.enumerated() { place[length] = k }
    var counts = [Int](repeating: 0, count: lengths.count * energies * magnetizations)
    var kept = [[UInt64]](repeating: [], count: lengths.count)
    let shifts = PackedPermutations([(0, 1), (1, 0)].map(shift))
    orbits.forEachOrbit(in: range) { spins, length in
      let unsatisfied = (0..<2).reduce(0) { $0 + (spins ^ shifts.image(of: spins, under: $1)).nonzeroBitCount }
      let magnetization = abs(2 * spins.nonzeroBitCount - sites), k = place[length]
      counts[(k * energies + unsatisfied) * magnetizations + magnetization] += 1
      if kept[k].count < Self.exampleLimit { kept[k].append(spins) }
    }
    return (counts, zip(lengths, kept).flatMap { length, words in words.flatMap { [UInt64(length), $0] } })
  }

  /// The permutation that moves every site by so many rows and columns.
  private func shift(_ by: (row: Int, column: Int)) -> Permutation {
    let images = (0..<sites).map { ($0 / columns + by.row) % rows * columns + ($0 % columns + by.column) % columns }
    do throws(PermutationError) { return try Permutation(images: images) } catch { preconditionFailure("a translation: \(error)") }
  }

  /// Adds examples of later configurations.
  private func merge(_ more: [UInt64], into examples: inout [UInt64]) {
    var byLength: [UInt64: [UInt64]] = [:]
    for list in [examples, more] { for k in stride(from: 0, to: list.count, by: 2) { byLength[list[k], default: []].append(list[k + 1]) } }
    examples = byLength.sorted { $0.key < $1.key }.flatMap { length, words in
      words.prefix(Self.exampleLimit).flatMap { [length, $0] }
    }
  }
}
