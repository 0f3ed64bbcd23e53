import Archives
import Glibc
import KahlerGeometry
public import MessagePassing
public import RandomStreams
public import Runtime
import Sampling

extension KahlerEinstein {
  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    guard let gas = try gas(unit) else {
      if case .toric(let name, let polygon) = unit { return try advancePolygon(&state, name, polygon) }
      guard case .given(let file) = unit else { throw .fault("a unit that is neither gas, polygon nor file") }
      return .done(try recordGiven(file))
    }
    do throws(MessagePassingError) {
      let total = relaxation + measurements
      if state.steps < total {
        try measure(&state, gas, KeyedStreams(streams.use("chains")), on: team)
        return .more(fraction: 0.6 * (Double(state.steps) + Double(state.turn) / Double(chains)) / Double(total), stage: "chains")
      }
      if state.logWeights.count < annealingReplicas {
        try anneal(&state, gas, KeyedStreams(streams.use("annealing")), on: team)
        return .more(fraction: 0.6 + 0.2 * Double(state.logWeights.count) / Double(annealingReplicas), stage: "annealing")
      }
      if integrationNodes > 0, state.integrals.count < Self.integrationReplicas {
        try integrate(&state, gas, KeyedStreams(streams.use("integration")), on: team)
        return .more(fraction: 0.8 + 0.2 * Double(state.integrals.count) / Double(Self.integrationReplicas), stage: "integration")
      }
    } catch { throw .communication(error) }
    return .done(try record(state, unit, gas))
  }

  /// Replicas of thermodynamic integration, whose spread is its error.
  static let integrationReplicas = 16

  /// The ladder of chain number `chain`: powers from 0 to 1, or 1 alone.
  func exchange(_ gas: SphereGas, chain: Int) -> ReplicaExchange<SphereGas> {
    ReplicaExchange(gas, positions: positions, firstReplica: chain * rungs)
  }
  /// The powers of the density that replicas stand at.
  var positions: [Double] { rungs == 1 ? [1] : (0..<rungs).map { Double($0) / Double(rungs - 1) } }

  /// About a second of all chains, each rank with its own.
  private func measure(
    _ state: inout State, _ gas: SphereGas, _ source: KeyedStreams, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    let width = Quantity.allCases.count
    let cost = Double(chains * rungs) * Self.sweepCost(gas.points) + Double(300 * chains * gas.points)
    let sweeps = min(relaxation + measurements - state.steps, max(1, Int(3e9 / cost)))
    let silent = max(0, relaxation - state.steps), draws = max(0, sweeps - silent)
    // Where one sweep of all chains is long, each rank takes one chain at a time.
    let count = min(chains - state.turn, cost > 2e10 * Double(team.size) ? team.size : chains), share = team.share(of: count)
    let mine = state.turn + share.lowerBound..<state.turn + share.upperBound
    var ladders: [Ladder] = [], rows: [Double] = [], counts: [Double] = [], tempered: [Double] = []
    for chain in mine {
      let exchange = exchange(gas, chain: chain)
      var ladder = chain < state.ladders.count ? state.ladders[chain] : exchange.begin(from: source)
      var heights = [Double](repeating: 0, count: Self.bins), squares = [Double](repeating: 0, count: rungs > 1 ? rungs : 0), sweep = 0
      exchange.advance(&ladder, exchanges: sweeps, sweeps: 1, from: source) { now in
        sweep += 1
        guard sweep > silent, let top = now.state(atRung: rungs - 1) else { return }
        rows += quantities(top, &heights)
        for rung in squares.indices {
          guard let sum = now.state(atRung: rung)?.total(of: 0) else { continue }
          squares[rung] += (sum * sum).sum() / Double(gas.points)
        }
      }
      ladders.append(ladder)
      counts += heights
      tempered += squares
    }
    let first = state.turn, moved = try gathered(ladders, of: count, on: team)
    state.ladders.replaceSubrange(min(first, state.ladders.count)..<min(first + count, state.ladders.count), with: moved)
    if state.heights.isEmpty {
      state.heights = [Double](repeating: 0, count: chains * Self.bins)
      state.rungs = [Double](repeating: 0, count: rungs > 1 ? chains * rungs : 0)
    }
    Self.add(try team.allGather(counts).flatMap { $0 }, to: &state.heights, from: first * Self.bins)
    Self.add(try team.allGather(tempered).flatMap { $0 }, to: &state.rungs, from: first * rungs)
    state.rows += try team.allGather(rows).flatMap { $0 }
    state.turn += count
    guard state.turn == chains else { return }
    // Draw by draw, all chains in order.
    for draw in 0..<draws {
      for chain in 0..<chains { state.series += state.rows[(chain * draws + draw) * width..<(chain * draws + draw + 1) * width] }
    }
    state.steps += sweeps
    (state.turn, state.rows) = (0, [])
  }
  private static func add(_ values: [Double], to sums: inout [Double], from first: Int) {
    for k in values.indices { sums[first + k] += values[k] }
  }

  /// The chains of all ranks, in order: they travel as the bytes of an archive.
  private func gathered(
    _ ladders: [Ladder], of count: Int, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> [Ladder] {
    if team.size == 1 { return ladders }
    func archived<T>(_ body: () throws(ArchiveError) -> T) -> T {
      do throws(ArchiveError) { return try body() } catch { preconditionFailure("what was just written in memory: \(error)") }
    }
    var memory = MemoryArchive()
    for (index, ladder) in ladders.enumerated() {
      archived { () throws(ArchiveError) in try ladder.save(to: &memory, at: "chain\(index)") }
    }
    var all: [Ladder] = []
    for (rank, bytes) in try team.allGather(memory.bytes).enumerated() {
      let read = archived { () throws(ArchiveError) in try MemoryArchive(bytes: bytes) }
      for index in 0..<(rank + 1) * count / team.size - rank * count / team.size {
        all.append(archived { () throws(ArchiveError) in try Ladder(from: read, at: "chain\(index)") })
      }
    }
    return all
  }

  private func quantities(_ state: SphereConfigurations, _ heights: inout [Double]) -> [Double] {
    let n = Double(state.points), factors = state.structureFactors(of: 0, upTo: 4)
    var height = 0.0, transverse = 0.0
    for i in 0..<state.points {
      let z = state[0, i].z
      height += z
      transverse += 1 - z * z
      heights[min(Self.bins - 1, max(0, Int((z + 1) / 2 * Double(Self.bins))))] += 1
    }
    return Array(factors[1...4]) + [height / n, transverse / n, state.logModuli(of: 0) / n, state.logWeights[0] / n]
  }

  private func anneal(
    _ state: inout State, _ gas: SphereGas, _ source: KeyedStreams, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    let sampling = AnnealedImportanceSampling(gas, schedule: .linear(steps: annealingSteps)), first = state.logWeights.count
    let count = min(annealingReplicas - first, max(1, Int(3e9 / (Double(annealingSteps) * Self.sweepCost(gas.points)))))
    let mine = team.share(of: count)
    let found = sampling.run(replicas: mine.count, firstReplica: first + mine.lowerBound, from: source).logWeights
    state.logWeights += try team.allGather(found).flatMap { $0 }
  }

  private func integrate(
    _ state: inout State, _ gas: SphereGas, _ source: KeyedStreams, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    let integration = integration(gas), first = state.integrals.count
    let cost = Double(integrationNodes * (integration.relaxation + integration.measurements)) * Self.sweepCost(gas.points)
    let count = min(Self.integrationReplicas - first, max(1, Int(3e9 / cost))), mine = team.share(of: count)
    let found = integration.integrals(replicas: mine.count, firstReplica: first + mine.lowerBound, from: source)
    state.integrals += try team.allGather(found).flatMap { $0 }
  }
  func integration(_ gas: SphereGas) -> ThermodynamicIntegration<SphereGas> {
    ThermodynamicIntegration(
      gas, nodes: ThermodynamicIntegration<SphereGas>.gaussLegendre(integrationNodes), relaxation: 20, measurements: 100)
  }
}
