public import Archives
import BoltzmannMachines
import Glibc
import InformationTheory
import LatticeSystems
public import MessagePassing
public import RandomStreams
import Renormalization
public import Runtime
import Sampling
import Statistics

extension LatticeInformation {
  static func geometric(_ first: Double, _ last: Double, _ share: Double) -> Double { first * pow(last / first, share) }

  /// The counts of the chains so far, and the bottleneck's points; the same on all ranks.
  public struct State: Checkpointable {
    var chains = 0, counts: [Int] = []
    /// I(T;X) and I(T;Y) by level, number of symbols and beta.
    var curves: [Double] = []
    /// The error of I(T;Y) at the same I(T;X), by level and beta, of as many symbols as X has.
    var errors: [Double] = []

    init() {}
    public static var formatVersion: Int { 2 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write(chains, at: path + "/chains")
      try archive.write(counts, at: path + "/counts")
      try archive.write(curves, at: path + "/curves")
      try archive.write(errors, at: path + "/errors")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      chains = try archive.scalar(Int.self, at: path + "/chains")
      counts = try archive.read(Int.self, count: nil, at: path + "/counts")
      curves = try archive.read(Double.self, count: nil, at: path + "/curves")
      errors = try archive.read(Double.self, count: nil, at: path + "/errors")
    }
  }

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    do {
      switch unit {
      case .exact(let coupling):
        let environment = BlockEnvironment(coupling: coupling)
        if state.curves.isEmpty {
          state.curves = try curves(environment.acrossLaw, streams: streams).values
          return .more(fraction: 0.5, stage: "bottleneck")
        }
        return .done(exact(coupling, environment, state.curves))
      case .sampled(let size, let coupling):
        if state.chains < chains {
          try sample(&state, size, coupling, streams: streams, on: team)
          return .more(fraction: 0.8 * Double(state.chains) / Double(chains), stage: "chains")
        }
        let level = state.curves.count / (4 * points), all = levels(size)
        if level < all.count {
          let counts = blocked(state, size, level: level)
          let found = try curves(EnvironmentProbe.law(counts.total()), counts, streams: streams.use("level", level))
          state.curves += found.values
          state.errors += found.errors
          return .more(fraction: 0.8 + 0.2 * Double(level + 1) / Double(all.count), stage: "bottleneck")
        }
        return .done(try measured(state, size, coupling))
      }
    } catch let error as MessagePassingError {
      throw .communication(error)
    } catch let error as StudyError {
      throw error
    } catch {
      throw .unitFailed("\(error)")
    }
  }

  /// Some more chains, each by one rank.
  private func sample(
    _ state: inout State, _ size: Int, _ coupling: Double, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws {
    let work = Double((warmUp + configurations * interval) * size * size) * 1e-8, count = min(chains - state.chains, max(8, Int(1 / work)))
    var mine: [Int] = []
    for place in team.share(of: count) { mine += try counts(chain: state.chains + place, size, coupling, streams: streams) }
    state.counts += try team.allGather(mine).flatMap { $0 }
    state.chains += count
  }

  /// All that one chain counts.
  private func counts(chain: Int, _ size: Int, _ coupling: Double, streams: StreamKey) throws -> [Int] {
    let lattice = try SquareLattice(size: size), source = KeyedStreams(streams.use("lattice")), ties = KeyedStreams(streams.use("ties"))
    var kernel = try SwendsenWang(IsingModel(lattice, coupling: coupling)), words: [UInt64] = []
    var configuration = IsingConfiguration(hot: lattice, replica: chain, from: source)
    for sweep in 0..<warmUp + configurations * interval {
      kernel.step(&configuration, at: UInt64(sweep), from: source)
      if sweep >= warmUp, (sweep - warmUp + 1) % interval == 0 { words += configuration.spins }
    }
    let fine = Configurations(count: configurations, sites: .lattice([size, size]), words: words)
    let pairs = BlockPairProbe(rows: size, columns: size, distances: used(size))
    var result = [Int](repeating: 0, count: pairs.width)
    pairs.count(fine, into: &result)
    var level = fine, below: [Configurations] = []
    for (place, extent) in levels(size).enumerated() {
      if place > 0 {
        level = try BlockMajority(block: 2).coarsen(level, firstSample: chain * configurations, from: LaterSteps(ties, by: UInt64(place)))
      }
      let probe = EnvironmentProbe(rows: extent, columns: extent)
      var found = [Int](repeating: 0, count: probe.width)
      probe.count(level, into: &found)
      result += found
      below.append(level)
    }
    var states = fine, layer: BoltzmannLayer<Float>?
    for place in 0..<stackLayers(size) {
      let next = try layer.map { try BoltzmannLayer(machines[place], above: $0) } ?? BoltzmannLayer(machines[place], on: [size, size])
      states = try next.coarsen(
        states, firstSample: chain * configurations, from: LaterSteps(KeyedStreams(streams.use("hidden")), by: UInt64(place)))
      let extent = levels(size)[place], probe = EnvironmentProbe(rows: extent, columns: extent, origins: origins(next, extent, size))
      var found = [Int](repeating: 0, count: probe.width)
      probe.count(below[place], units: states, into: &found)
      result += found
      layer = next
    }
    return result
  }

  /// The first site of the block, on the level below, that each unit's centre is nearest to; -1 for dead units.
  private func origins(_ layer: BoltzmannLayer<Float>, _ extent: Int, _ size: Int) -> [Int] {
    let scale = Double(size / extent)
    return layer.centres.enumerated().map { unit, centre in
      guard layer.fields.fields[unit] != nil else { return -1 }
      // A site of the level stands in the middle of its fine sites.
      func place(_ fine: Float) -> Int {
        let coarse = (Double(fine) - 0.5 * (scale - 1)) / scale
        return (Int((coarse - 0.5).rounded()) % extent + extent) % extent
      }
      return place(centre.x) * extent + place(centre.y)
    }
  }

  /// The counts of some columns of all chains.
  func blocked(_ state: State, _ size: Int, _ columns: Range<Int>) -> BlockedCounts {
    let width = width(size)
    return BlockedCounts(
      blocks: chains, width: columns.count,
      values: (0..<chains).flatMap { state.counts[$0 * width + columns.lowerBound..<$0 * width + columns.upperBound] })
  }
  func blocked(_ state: State, _ size: Int, level: Int) -> BlockedCounts {
    let first = 256 * used(size).count + 4096 * level
    return blocked(state, size, first..<first + 4096)
  }

  /// The bottleneck's curve of a law of block and environment, with as many symbols as the block has and with two; and of the first
  /// the errors by the jackknife over chains of I(T;E) at the same I(T;V). The encoder at a point makes I(T;E) - I(T;V)/beta largest, so
  /// that with the law it changes in second order alone: the jackknife keeps it.
  private func curves(
    _ law: [Double], _ counts: BlockedCounts? = nil, streams: StreamKey
  ) throws -> (values: [Double], errors: [Double]) {
    let sum = law.reduce(0, +), joint = try JointLaw(law.map { $0 / sum }, rows: 16, columns: 256)
    var values: [Double] = [], encoders: [[Double]] = []
    for clusters in [16, 2] {
      let bottleneck = InformationBottleneck(joint, clusters: clusters, restarts: restarts, tolerance: 1e-7, maximumSteps: 1500)
      var last: BottleneckPoint?
      for (place, beta) in betas.enumerated() {
        let found = bottleneck.solve(beta: beta, place: place, after: last, from: KeyedStreams(streams.use("bottleneck", clusters)))
        values += [found.compression, found.relevance]
        if clusters == 16 { encoders.append(found.encoder) }
        last = found
      }
    }
    guard let counts else { return (values, []) }
    let found = jackknife(blocks: counts.blocks) { left in
      let law = EnvironmentProbe.law(counts.total(without: left))
      return zip(betas, encoders).map { beta, encoder in Self.kept(law, encoder, beta: beta) }
    }
    return (values, found.map(\.error))
  }

  /// I(T;E) - I(T;V)/beta of an encoder `[16, 16]` and a law of block and environment.
  private static func kept(_ law: [Double], _ encoder: [Double], beta: Double) -> Double {
    var environment = [Double](repeating: 0, count: 4096), block = [Double](repeating: 0, count: 256)
    for v in 0..<16 {
      let row = law[v * 256..<(v + 1) * 256], weight = row.reduce(0, +)
      for t in 0..<16 {
        let share = encoder[v * 16 + t]
        block[v * 16 + t] = weight * share
        if share > 0 { for (e, p) in row.enumerated() { environment[t * 256 + e] += share * p } }
      }
    }
    return mutualInformation(ofJoint: environment, rows: 16, columns: 256) - mutualInformation(ofJoint: block, rows: 16, columns: 16) / beta
  }
}
