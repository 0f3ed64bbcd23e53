public import Archives
import Glibc
import GradientFlows
import KahlerGeometry
public import MessagePassing
public import RandomStreams
public import Runtime
import Sampling

extension GradientFlowStudy {
  /// The values of all copies done so far, `width` of them each.
  public struct State: Checkpointable {
    var copies: [Double] = []
    init() {}
    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write(copies, at: path + "/copies")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      copies = try archive.read(Double.self, count: nil, at: path + "/copies")
    }
  }

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    do {
      switch unit {
      case .gas(let n, let beta):
        let gas = try gas(n, beta), cost = (Double(decaySteps(beta)) + 2 * Double(equilibriumSteps)) * Self.stepCost(n)
        let done = try more(&state, of: copies, width: Self.decayPoints + 2, cost: cost, on: team) { copy throws(MessagePassingError) in
          try gasCopy(gas, copy, KeyedStreams(streams))
        }
        guard done else { return .more(fraction: fraction(state, Self.decayPoints + 2, copies), stage: "copies of the gas") }
        return .done(recordGas(state.copies, n, beta, start(gas, KeyedStreams(streams)).total))
      case .density(let beta): return .done(try density(beta))
      case .units(let n):
        let cost = Double(networkSteps) * 40 * Double(n)
        let done = try more(&state, of: networkCopies, width: Self.networkWidth, cost: cost, on: team) { copy throws(MessagePassingError) in
          try networkCopy(n, copy, KeyedStreams(streams))
        }
        guard done else { return .more(fraction: fraction(state, Self.networkWidth, networkCopies), stage: "copies of the network") }
        return .done(recordNetwork(state.copies, n))
      case .training(let batch): return .done(try training(batch, streams))
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
    _ copy: (Int) throws(MessagePassingError) -> [Double]
  ) throws(MessagePassingError) -> Bool {
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
    var flow = LangevinFlow(SphereGasFlow(gas), stepSize: step, temperature: 1, direction: point, from: source, replica: copy)
    for k in 0..<steps {
      try flow.step(&point, at: UInt64(k), on: SoloCommunicator())
      while found.count < Self.decayPoints, (found.count + 1) * steps <= (k + 1) * Self.decayPoints {
        found.append((point.total * before).sum())
      }
    }
    // Equilibrium from the gas's own law, by its moves; then the adjusted flow alone.
    let other = KeyedStreams(source.key.use("equilibrium"))
    var state = gas.start(replicas: 1, firstReplica: copy, from: other), kernel = gas.kernel(at: 1)
    for sweep in 1...60 { kernel.step(&state, at: UInt64(sweep), from: other) }
    point = SpherePoints(state.vectors(of: 0))
    let length = equilibriumStep / max(1, 1 + beta), silent = equilibriumSteps / 6
    var adjusted = MetropolisLangevinFlow(
      SphereGasFlow(gas), stepSize: length, temperature: 1, direction: point, from: KeyedStreams(source.key.use("adjusted")), replica: copy)
    var sum = 0.0
    for k in 0..<equilibriumSteps {
      try adjusted.step(&point, at: UInt64(k), on: SoloCommunicator())
      if k >= silent { sum += (point.total * point.total).sum() / Double(gas.points) }
    }
    return found + [sum / Double(equilibriumSteps - silent), Double(adjusted.accepted) / Double(adjusted.steps)]
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
    var flow = LangevinFlow(network, stepSize: networkStep, temperature: temperature, direction: point, from: source, replica: copy)
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
