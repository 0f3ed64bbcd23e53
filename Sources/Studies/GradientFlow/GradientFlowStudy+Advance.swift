public import Archives
import Glibc
import GradientFlows
import KahlerGeometry
public import MessagePassing
public import RandomStreams
public import Runtime
import Sampling

extension GradientFlowStudy {
  /// The values of all copies done so far, `width` of them each; of a single flow, its point, the steps done and what was noted.
  public struct State: Checkpointable {
    var copies: [Double] = []
    var point: [[Float]] = [], moments: [Double] = [], step = 0, curve: [Double] = []
    init() {}
    public static var formatVersion: Int { 2 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write(copies, at: path + "/copies")
      try archive.write([step, point.count], at: path + "/progress")
      for (index, block) in point.enumerated() { try archive.write(block, at: path + "/block\(index)") }
      try archive.write(moments, at: path + "/moments")
      try archive.write(curve, at: path + "/curve")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      copies = try archive.read(Double.self, count: nil, at: path + "/copies")
      let progress = try archive.read(Int.self, count: 2, at: path + "/progress")
      step = progress[0]
      for index in 0..<progress[1] { point.append(try archive.read(Float.self, count: nil, at: path + "/block\(index)")) }
      moments = try archive.read(Double.self, count: nil, at: path + "/moments")
      curve = try archive.read(Double.self, count: nil, at: path + "/curve")
    }
  }

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    do {
      switch unit {
      case .gas(let n, let beta):
        let gas = try gas(n, beta), cost = gasCost(n, beta)
        let done = try more(&state, of: copies, width: Self.decayPoints + 2, cost: cost, on: team) { copy in
          try gasCopy(gas, copy, KeyedStreams(streams))
        }
        guard done else { return .more(fraction: fraction(state, Self.decayPoints + 2, copies), stage: "copies of the gas") }
        let start = start(gas, KeyedStreams(streams))
        return .done(recordGas(state.copies, n, beta, start.total, try noiseFree(gas, start)))
      case .density(let beta): return try density(&state, beta)
      case .units(let n):
        let cost = Double(networkSteps) * 40 * Double(n)
        let done = try more(&state, of: networkCopies, width: Self.networkWidth, cost: cost, on: team) { copy in
          try networkCopy(n, copy, KeyedStreams(streams))
        }
        guard done else { return .more(fraction: fraction(state, Self.networkWidth, networkCopies), stage: "copies of the network") }
        return .done(recordNetwork(state.copies, n))
      case .training(let model, let batch): return try train(&state, model, batch, streams)
      case .ensemble(let model):
        let width = Self.ensembleWidth
        let done = try more(&state, of: ensembleCopies, width: width, cost: ensembleCost(model), on: team) { copy in
          try ensembleCopy(model, copy, KeyedStreams(streams))
        }
        guard done else { return .more(fraction: fraction(state, width, ensembleCopies), stage: "copies of the \(model.rawValue)") }
        return .done(recordEnsemble(state.copies, model))
      }
    } catch let error as MessagePassingError { throw .communication(error) } catch let error as StudyError { throw error } catch {
      throw .unitFailed("\(error)")
    }
  }

  private func fraction(_ state: State, _ width: Int, _ count: Int) -> Double { Double(state.copies.count / width) / Double(count) }
  func gas(_ n: Int, _ beta: Double) throws(StudyError) -> SphereGas {
    do throws(KahlerError) { return try SphereGas(points: n, beta: beta) } catch { throw .unitFailedOnAllRanks(error.description) }
  }

  /// About a second's copies more, shared by the ranks; whether all `count` are there.
  private func more(
    _ state: inout State, of count: Int, width: Int, cost: Double, on team: borrowing some Communicator & ~Copyable,
    _ copy: (Int) throws -> [Double]
  ) throws -> Bool {
    let first = state.copies.count / width
    if first == count { return true }
    let batch = min(count - first, max(1, Int(2e9 / cost))), mine = team.share(of: batch)
    var found: [Double] = []
    for k in mine { found += try copy(first + k) }
    state.copies += try team.allGather(found).flatMap { $0 }
    return false
  }

  // MARK: the gas

  /// Times at which the decay is looked at.
  static let decayPoints = 8

  /// The common start: uniform points pushed to one side, so that the slow mode stands out.
  func start(_ gas: SphereGas, _ source: KeyedStreams) -> SpherePoints {
    var points = SpherePoints(count: gas.points, replica: 0, from: source)
    for i in 0..<gas.points { points.coordinates[2 * gas.points + i] += 0.6 }
    points.retract()
    return points
  }

  /// sum x . M(0) at each time of the decay; the mean of |sum x|^2/N in equilibrium; the part of adjusted steps accepted.
  private func gasCopy(_ gas: SphereGas, _ copy: Int, _ source: KeyedStreams) throws(MessagePassingError) -> [Double] {
    var point = start(gas, source), found: [Double] = []
    let before = point.total, steps = decaySteps(gas.beta), beta = gas.beta
    var flow = GradientFlow(
      SphereGasFlow(gas), rule: Langevin<Double>(rate: length(beta), temperature: 1, key: source.key, replica: copy), direction: point)
    for k in 0..<steps {
      var left = length(beta)
      while left > 0 {
        flow.rule.rate = min(left, flow.field.stepLength(at: point, upTo: length(beta)))
        try flow.step(&point, at: UInt64(k), on: SoloCommunicator())
        left -= flow.rule.rate
      }
      while found.count < Self.decayPoints, (found.count + 1) * steps <= (k + 1) * Self.decayPoints {
        found.append((point.total * before).sum())
      }
    }
    // Equilibrium from the gas's own law, by its moves; then the adjusted flow alone.
    let other = KeyedStreams(source.key.use("equilibrium"))
    var state = gas.start(replicas: 1, firstReplica: copy, from: other), kernel = gas.kernel(at: 1)
    for sweep in 1...relaxation(gas.points, beta) { kernel.step(&state, at: UInt64(sweep), from: other) }
    point = SpherePoints(state.vectors(of: 0))
    let length = equilibriumStep / max(1, 1 + beta), silent = equilibriumSteps / 6
    let rule = Langevin<Double>(rate: length, temperature: 1, key: source.key.use("adjusted"), replica: copy)
    var adjusted = MetropolisLangevinFlow(SphereGasFlow(gas), rule: rule, direction: point)
    var sum = 0.0
    for k in 0..<equilibriumSteps {
      try adjusted.step(&point, at: UInt64(k), on: SoloCommunicator())
      if k >= silent { sum += (point.total * point.total).sum() / Double(gas.points) }
    }
    return found + [sum / Double(equilibriumSteps - silent), Double(adjusted.accepted) / Double(equilibriumSteps)]
  }

  /// The noise-free flow of a gas that repels, by Runge-Kutta steps from the same start until e^-1 of the sum is left: times, the sum
  /// relative to its start, and at how many steps the energy rose. With beta < 0 points would fall on each other.
  func noiseFree(_ gas: SphereGas, _ start: SpherePoints) throws(MessagePassingError) -> (times: [Double], decay: [Double], rises: Int)? {
    // N steps of N^2 forces.
    guard gas.beta > 0, gas.points <= 1024 else { return nil }
    var point = start, times: [Double] = [], decay: [Double] = [], rises = 0
    // The nearest of N uniform points are some 2/N apart, and their force falls off over that distance.
    let end = 1 / (2 * gas.beta), longest = min(step, 0.5 / (gas.beta * Double(gas.points)))
    let steps = max(Self.decayPoints, Int((end / longest).rounded(.up))), h = end / Double(steps), before = start.total
    let field = SphereGasFlow(gas)
    var flow = RungeKuttaFlow(field, stepSize: h, direction: point), last = field.value(at: point)
    for k in 0..<steps {
      try flow.step(&point, at: UInt64(k), on: SoloCommunicator())
      let value = field.value(at: point)
      if value < last - 1e-12 * abs(last) { rises += 1 }
      last = value
      while times.count < Self.decayPoints, (times.count + 1) * steps <= (k + 1) * Self.decayPoints {
        times.append(Double(k + 1) * h)
        decay.append((point.total * before).sum() / (before * before).sum())
      }
    }
    return (times, decay, rises)
  }

  // MARK: the network

  /// The decay of the output's mean at this many times, then m and m^2 averaged, the spread.
  static let networkWidth = decayPoints + 3

  private func networkCopy(_ n: Int, _ copy: Int, _ source: KeyedStreams) throws(MessagePassingError) -> [Double] {
    let rest = network.target / (1 + network.decay), steps = networkDecaySteps
    // From 2 away from rest, with the spread of the stationary law.
    var draws = source.series(replica: copy, step: 0, site: 0, purpose: .initial)
    let width = (temperature / network.decay).squareRoot()
    var point = OutputWeights(weights: (0..<n).map { _ in rest + 2 + width * draws.normal() }), found: [Double] = []
    let rule = Langevin<Double>(rate: networkStep, temperature: temperature, key: source.key, replica: copy)
    var flow = GradientFlow(network, rule: rule, direction: point)
    var sums = (0.0, 0.0, 0.0)
    let silent = max(networkSteps / 6, steps)
    for k in 0..<networkSteps {
      try flow.step(&point, at: UInt64(k), on: SoloCommunicator())
      while found.count < Self.decayPoints, (found.count + 1) * steps <= (k + 1) * Self.decayPoints { found.append(point.mean - rest) }
      if k >= silent {
        let m = point.mean
        sums = (sums.0 + m, sums.1 + (m - rest) * (m - rest), sums.2 + point.spread)
      }
    }
    let measured = Double(networkSteps - silent)
    return found + [sums.0 / measured, sums.1 / measured, sums.2 / measured]
  }
  /// Steps of the decay of the network's output: time 1/(1 + lambda), at least one a point.
  var networkDecaySteps: Int { max(Self.decayPoints, Int((1 / (1 + network.decay) / networkStep).rounded())) }
}
