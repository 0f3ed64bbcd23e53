public import Archives

/// A histogram over the energies that occurred, with the sums of observables at each: all that reweighting in the
/// coupling needs of one chain at one coupling. Energies that are integers (lattice spins) share bins exactly;
/// continuous ones have a bin each.
///
/// Merging adds counts and sums; it is exact in any order where the sums are integers below 2^53 (powers of M, say).
public struct EnergySums: Mergeable, Checkpointable, Sendable, Equatable {
  /// How many observables go with the energy.
  public let observables: Int
  /// The energies that occurred, rising, and how often each did.
  public private(set) var energies: [Double], counts: [Int]
  /// Sums of the observables at each energy, `[energies, observables]` row-major.
  public private(set) var sums: [Double]
  /// No samples.
  public init(observables: Int = 0) {
    precondition(observables >= 0, "a number of observables")
    self.observables = observables
    (energies, counts, sums) = ([], [], [])
  }
  public static var empty: EnergySums { EnergySums() }
  /// A histogram given by its bins, with the sums of the observables at each, `[energies, observables]`; energies are
  /// finite and strictly rising.
  public init(energies: [Double], counts: [Int], sums: [Double] = []) {
    precondition(energies.isEmpty ? sums.isEmpty : sums.count % energies.count == 0, "as many observables at each energy")
    precondition(energies.count == counts.count && counts.allSatisfy { $0 >= 0 }, "a count for each energy")
    precondition(zip(energies, energies.dropFirst()).allSatisfy { $0 < $1 } && energies.allSatisfy(\.isFinite), "rising energies")
    observables = energies.isEmpty ? 0 : sums.count / energies.count
    (self.energies, self.counts, self.sums) = (energies, counts, sums)
  }

  /// How many samples there are.
  public var total: Int { counts.reduce(0, +) }

  /// Adds one sample: its energy, which is finite, and a value for each observable.
  public mutating func add(energy: Double, _ values: [Double] = []) {
    precondition(values.count == observables && energy.isFinite, "a finite energy and a value for each observable")
    var low = 0, high = energies.count
    while low < high {
      let middle = (low + high) / 2
      if energies[middle] < energy { low = middle + 1 } else { high = middle }
    }
    if low == energies.count || energies[low] != energy {
      energies.insert(energy, at: low)
      counts.insert(0, at: low)
      sums.insert(contentsOf: repeatElement(0, count: observables), at: low * observables)
    }
    counts[low] += 1
    for i in 0..<observables { sums[low * observables + i] += values[i] }
  }

  public mutating func merge(_ other: EnergySums) {
    if other.energies.isEmpty { return }
    if energies.isEmpty { self = other; return }
    precondition(observables == other.observables, "energy sums of different observables")
    var result = EnergySums(observables: observables)
    var i = 0, j = 0
    while i < energies.count || j < other.energies.count {
      let mine = i < energies.count ? energies[i] : .infinity, theirs = j < other.energies.count ? other.energies[j] : .infinity
      result.energies.append(min(mine, theirs))
      result.counts.append((mine <= theirs ? counts[i] : 0) + (theirs <= mine ? other.counts[j] : 0))
      for k in 0..<observables {
        let here = mine <= theirs ? sums[i * observables + k] : 0
        result.sums.append(theirs <= mine ? here + other.sums[j * observables + k] : here)
      }
      if mine <= theirs { i += 1 }
      if theirs <= mine { j += 1 }
    }
    self = result
  }

  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(energies, at: path + "/energies")
    try archive.write(counts, at: path + "/counts")
    try archive.write(sums, shape: [energies.count, observables], at: path + "/sums")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let energies = try archive.read(Double.self, count: nil, at: path + "/energies")
    let (sums, shape) = try archive.read(Double.self, at: path + "/sums")
    guard shape.count == 2, shape[0] == energies.count else {
      throw .shape(path: path + "/sums", expected: [energies.count, shape.last ?? 0], found: shape)
    }
    self.init(observables: shape[1])
    self.energies = energies
    self.sums = sums
    counts = try archive.read(Int.self, count: energies.count, at: path + "/counts")
  }
}
