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
    guard let gas = try gas(unit) else { return .done(try recordPolygon(unit)) }
    do throws(MessagePassingError) {
      let total = relaxation + measurements
      if state.steps < total {
        try measure(&state, gas, KeyedStreams(streams.use("chains")), on: team)
        return .more(fraction: 0.6 * Double(state.steps) / Double(total), stage: "chains")
      }
      if state.logWeights.count < annealingReplicas {
        try anneal(&state, gas, KeyedStreams(streams.use("annealing")), on: team)
        return .more(fraction: 0.6 + 0.2 * Double(state.logWeights.count) / Double(annealingReplicas), stage: "annealing")
      }
      if state.integrals.count < Self.integrationReplicas {
        try integrate(&state, gas, KeyedStreams(streams.use("integration")), on: team)
        return .more(fraction: 0.8 + 0.2 * Double(state.integrals.count) / Double(Self.integrationReplicas), stage: "integration")
      }
    } catch { throw .communication(error) }
    return .done(try record(state, unit, gas))
  }

  /// Replicas of thermodynamic integration, whose spread is its error.
  static let integrationReplicas = 16

  /// About a second of all chains, each rank with its own.
  private func measure(
    _ state: inout State, _ gas: SphereGas, _ source: KeyedStreams, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    let whole = state.gas ?? gas.start(replicas: chains, firstReplica: 0, from: source)
    let mine = team.share(of: chains), width = Quantity.allCases.count
    var part = whole.slice(mine), kernel = gas.kernel(at: 1)
    let sweeps = min(
      relaxation + measurements - state.steps, max(1, Int(3e9 / (Double(chains) * (Self.sweepCost(gas.points) + 300 * Double(gas.points)))))
    )
    var rows: [Double] = [], heights = [Double](repeating: 0, count: mine.count * Self.bins), draws = 0
    for _ in 0..<sweeps {
      state.steps += 1
      kernel.step(&part, at: UInt64(state.steps), from: source)
      guard state.steps > relaxation else { continue }
      draws += 1
      for r in 0..<mine.count { rows += quantities(part, r, &heights) }
    }
    let all = try team.allGather(rows), coordinates = try team.allGather(part.coordinates).flatMap { $0 }
    let weights = try team.allGather(part.logWeights).flatMap { $0 }, counts = try team.allGather(heights).flatMap { $0 }
    state.gas = SphereConfigurations(like: whole, coordinates: coordinates, logWeights: weights)
    if state.heights.isEmpty { state.heights = [Double](repeating: 0, count: chains * Self.bins) }
    for k in counts.indices { state.heights[k] += counts[k] }
    // Draw by draw, the chains of all ranks in order.
    for draw in 0..<draws {
      for rank in all {
        let each = rank.count / draws
        state.series += rank[draw * each..<(draw + 1) * each]
      }
    }
    precondition(state.series.count % (chains * width) == 0, "every chain has its row")
  }

  private func quantities(_ state: SphereConfigurations, _ r: Int, _ heights: inout [Double]) -> [Double] {
    let n = Double(state.points), factors = state.structureFactors(of: r, upTo: 4)
    var height = 0.0, transverse = 0.0
    for i in 0..<state.points {
      let z = state[r, i].z
      height += z
      transverse += 1 - z * z
      heights[r * Self.bins + min(Self.bins - 1, max(0, Int((z + 1) / 2 * Double(Self.bins))))] += 1
    }
    return Array(factors[1...4]) + [height / n, transverse / n, state.logModuli(of: r) / n, state.logWeights[r] / n]
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
