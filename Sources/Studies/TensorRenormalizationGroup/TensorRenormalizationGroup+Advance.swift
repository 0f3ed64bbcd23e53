public import Archives
import Glibc
import LatticeSystems
public import MessagePassing
public import RandomStreams
public import Runtime
import TensorNetworks

extension TensorRenormalizationGroup {
  /// The network and what has been measured on the way.
  public struct State: Checkpointable {
    var vertical = 0, horizontal = 0, elements: [Double] = [], contributions: [Double] = [], discardedWeights: [Double] = []
    /// By step: ln Z / N; by even step up to the largest block: ln of the transfer matrix's largest eigenvalue, five scaling
    /// dimensions of two blocks.
    var logPartitions: [Double] = [], logLargest: [Double] = [], scalingDimensions: [Double] = []

    init() {}
    public static var formatVersion: Int { 1 }

    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.write([Self.formatVersion, vertical, horizontal], at: path + "/counts")
      for (name, values) in arrays { try archive.write(values.map(\.bitPattern), at: "\(path)/\(name)") }
    }
    // Infinite scaling dimensions are honest values of tensors with few levels.
    private var arrays: [(String, [Double])] {
      [
        ("elements", elements), ("contributions", contributions), ("discarded_weights", discardedWeights),
        ("log_partitions", logPartitions),
        ("log_largest", logLargest), ("scaling_dimensions", scalingDimensions),
      ]
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      let counts = try archive.read(Int.self, count: 3, at: path + "/counts")
      guard counts[0] == Self.formatVersion else { throw .version(of: "tensor-rg", found: counts[0], supported: Self.formatVersion) }
      (vertical, horizontal) = (counts[1], counts[2])
      var read: [[Double]] = []
      for (name, _) in arrays {
        read.append(try archive.read(UInt64.self, count: nil, at: "\(path)/\(name)").map { Double(bitPattern: $0) })
      }
      (elements, contributions, discardedWeights) = (read[0], read[1], read[2])
      (logPartitions, logLargest, scalingDimensions) = (read[3], read[4], read[5])
    }
  }
  /// Scaling dimensions that are kept for each block.
  static let levels = 6

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State {
    do {
      let coupling = coupling(unit.temperature)
      let tensor = isIsing ? try SquareTensor.ising(coupling: coupling) : try SquareTensor.potts(colours: colours, coupling: coupling)
      var state = State()
      put(try NetworkCoarseGraining(tensor, scheme: unit.scheme, bondDimension: unit.bondDimension), into: &state)
      return state
    } catch {
      throw .unitFailed("\(error)")
    }
  }
  private func put(_ network: NetworkCoarseGraining, into state: inout State) {
    (state.vertical, state.horizontal, state.elements) = (network.tensor.vertical, network.tensor.horizontal, network.tensor.elements)
    (state.contributions, state.discardedWeights) = (network.contributions, network.discardedWeights)
    state.logPartitions.append(network.logPartitionPerSite)
  }

  /// Some more steps: as many as make some 10^10 operations.
  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    var network = NetworkCoarseGraining(
      scheme: unit.scheme, bondDimension: unit.bondDimension,
      tensor: SquareTensor(vertical: state.vertical, horizontal: state.horizontal, elements: state.elements),
      contributions: state.contributions, discardedWeights: state.discardedWeights)
    let perStep = NetworkCoarseGraining.operationsPerStep(unit.scheme, bondDimension: unit.bondDimension) + 2e7
    let end = min(steps, network.steps + max(1, Int(2e10 / perStep)))
    do {
      while network.steps < end {
        try network.step(from: KeyedStreams(streams))
        put(network, into: &state)
        let side = 1 << (network.steps / 2)
        if network.steps % 2 == 0 && network.steps < 22 && side <= 4 * largestBlock {
          state.logLargest.append(try LevelSpectrum(oneBlock: network.tensor, count: 1).logLargest)
          if side <= largestBlock {
            let found = try LevelSpectrum(twoBlocks: network.tensor, count: Self.levels).scalingDimensions
            state.scalingDimensions += found + [Double](repeating: .infinity, count: Self.levels - found.count)
          }
        }
      }
    } catch {
      throw .unitFailed("\(error)")
    }
    if network.steps == steps { return .done(recording(state, unit)) }
    return .more(fraction: Double(network.steps) / Double(steps), stage: "coarse graining, step \(network.steps) of \(steps)")
  }

  private func recording(_ state: State, _ unit: Unit) -> Recording {
    var recording = Recording()
    let at: Place = [
      ("scheme", .text(unit.scheme.rawValue)), ("temperature", .real(unit.temperature)), ("bond_dimension", .integer(unit.bondDimension)),
    ]
    func record(_ name: String, _ observable: Observable) { recording.record(at: at, name, observable) }
    let found = state.logPartitions[steps]
    record("log_partition_per_site", Observable(found, unit: "nats", reason: found.isFinite ? nil : "truncation made the trace negative"))
    record("free_energy_per_site", Observable(-unit.temperature * found, unit: "J"))
    if let exact = exact(unit.temperature) {
      record("log_partition_per_site_exact", Observable(exact, unit: "nats"))
      record("relative_error", Observable(found / exact - 1))
    }
    record("largest_discarded_weight", Observable(state.discardedWeights.max() ?? 0))
    record("log_partition_per_site_by_step", Observable(values: state.logPartitions, unit: "nats"))
    record("log_partition_contribution_by_step", Observable(values: state.contributions, unit: "nats"))
    record("discarded_weight_by_step", Observable(values: state.discardedWeights))
    if isIsing { record("torus_deviation_by_block", Observable(values: torusDeviations(state, unit), unit: "nats")) }
    for (index, side) in blocks.enumerated() {
      let here = at + [("block", .integer(side))], first = index * Self.levels
      guard first + Self.levels <= state.scalingDimensions.count else { break }
      recording.record(at: here, "scaling_dimensions", Observable(values: Array(state.scalingDimensions[first..<first + Self.levels])))
      if index + 1 < state.logLargest.count {
        // A step is quadratic in the tensor: a block of twice the side lacks c_(n+1)^2 c_(n+2).
        let n = 2 * (index + 1), divided = 4 * (state.contributions[n + 1] + state.contributions[n + 2]) * exp2(Double(n))
        let charge = LevelSpectrum.centralCharge(logLargest: state.logLargest[index], ofTwice: state.logLargest[index + 1] + divided)
        recording.record(at: here, "central_charge", Observable(charge))
      }
    }
    return recording
  }

  /// Sides of the blocks whose spectra are taken: 2, 4, 8, ... .
  var blocks: [Int] { (1...10).map { 1 << $0 }.filter { $0 <= largestBlock && 2 * $0.trailingZeroBitCount <= steps } }
  /// Sides of the tori that the network is compared with.
  var tori: [Int] { (1...10).map { 1 << $0 }.filter { 2 * $0.trailingZeroBitCount <= steps } }

  /// ln Z / N after 2, 4, ... steps minus the exact torus of that size: what truncation has cost so far.
  private func torusDeviations(_ state: State, _ unit: Unit) -> [Double] {
    tori.map { side in
      let exact = try? KaufmanTorus(columns: side, rows: side, coupling: coupling(unit.temperature)).logPartitionPerSite
      return state.logPartitions[2 * side.trailingZeroBitCount] - (exact ?? .nan)
    }
  }
}
