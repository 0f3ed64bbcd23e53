import BoltzmannMachines
import GradientFlows
import MessagePassing
import NeuralNetworks
import RandomStreams
import Runtime
import Sampling
import Statistics

extension GradientFlowStudy {
  /// Some more steps of training on mini-batches; at the end their noise.
  func train(_ state: inout State, _ model: Model, _ batch: Int, _ key: StreamKey) throws(StudyError) -> Advance<Recording> {
    do {
      switch model {
      case .network:
        let set = Self.rings(samples), start: Network<Float> = try Self.network()
        func field(_ size: Int, shards: Int = 8) throws(NetworkError) -> SupervisedLearning<Float> {
          try SupervisedLearning(
            set, network: start, settings: .init(batch: size, shards: shards, loss: .crossEntropy), key: key, rank: 0, ranks: 1)
        }
        let whole = try field(samples / 8 * 8)
        var memory = NetworkDirection(like: start)
        return try train(&state, model, batch, try field(batch), from: start, direction: memory, rate: rate) { point in
          try whole.direction(at: point, step: 0, on: SoloCommunicator(), into: &memory)
          return whole.loss
        } noise: { point in
          expectedTrace(of: try populationTrace(try field(1, shards: 1), at: point), batch)
        }
      case .machine:
        let start = machine()
        let field = ContrastiveDivergence(
          Self.drawnImages(samples), hidden: hidden, units: .zeroOne, settings: .init(batch: batch, shards: 8), key: key, rank: 0, ranks: 1)
        return try train(&state, model, batch, field, from: start, direction: start, rate: machineRate) { point in
          -(try point.machine.exactLogLikelihood(of: Self.images).value)
        } noise: { _ in
          nil
        }
      }
    } catch { throw .unitFailed("\(error)") }
  }

  /// One training for all models: descent along the field; its end is the point after all steps.
  private func train<Field: DirectionField>(
    _ state: inout State, _ model: Model, _ batch: Int, _ field: Field, from start: Field.Point, direction memory: Field.Direction,
    rate: Double, loss: (Field.Point) throws -> Double, noise expected: (Field.Point) throws -> Double?
  ) throws -> Advance<Recording> where Field.Point: Space, Field.Point.Scalar == Float, Field.Direction.Scalar == Float {
    var point = start
    for (index, block) in state.point.enumerated() { point[block: index] = block }
    var flow = GradientFlow(field, rule: GradientDescent<Float>(rate: Float(rate)), direction: memory)
    let every = max(1, trainingSteps / 40), end = min(trainingSteps, state.step + max(1, Int(2e6) / batch))
    while state.step < end {
      if state.step % every == 0 { state.curve += [Double(state.step) * rate, try loss(point)] }
      try flow.step(&point, at: UInt64(state.step), on: SoloCommunicator())
      state.step += 1
    }
    state.point = (0..<point.blockCount).map { point[block: $0] }
    if state.step < trainingSteps { return .more(fraction: Double(state.step) / Double(trainingSteps), stage: "training") }
    var recording = Recording(), noisy = flow.field
    let at: [(name: String, value: ParameterValue)] = [
      ("flow", .text("training")), ("model", .text(model.rawValue)), ("batch", .integer(batch)),
    ]
    let curve = state.curve + [Double(trainingSteps) * rate, try loss(point)], rows = stride(from: 0, to: curve.count, by: 2)
    let found = try MinibatchNoise(
      of: &noisy, at: point, direction: memory, first: UInt64(trainingSteps), batches: looks, on: SoloCommunicator())
    recording.record(at: at, "times", Observable(values: rows.map { curve[$0] }, unit: "t"))
    recording.record(at: at, "loss", Observable(values: rows.map { curve[$0 + 1] }, unit: "nats"))
    recording.record(at: at, "noise_trace", Observable(found.trace, error: found.traceError))
    if let exact = try expected(point) {
      recording.record(at: at, "noise_trace_exact", Observable(exact))
      recording.record(at: at, "noise_trace_z", KahlerEinstein.pull(found.trace - exact, found.traceError))
    }
    recording.record(at: at, "noise_trace_per_sample", Observable(found.trace * Double(batch), error: found.traceError * Double(batch)))
    let length = found.effectiveTemperature(stepSize: rate)
    recording.record(
      at: at, "effective_temperature", Observable(length, error: length * found.traceError / found.trace, unit: "nats"))
    recording.record(at: at, "components", Observable(Double(found.components)))
    return .done(recording)
  }

  /// The trace of the covariance of single samples' gradients over the whole set, with divisor S - 1.
  private func populationTrace(_ single: SupervisedLearning<Float>, at point: Network<Float>) throws(MessagePassingError) -> Double {
    var direction = NetworkDirection(like: point), mean: [Double] = [], squares = 0.0
    for sample in 0..<samples {
      try single.direction(at: point, step: UInt64(sample), on: SoloCommunicator(), into: &direction)
      let g = (0..<direction.blockCount).flatMap { direction[block: $0].map { Double($0) } }
      if mean.isEmpty { mean = [Double](repeating: 0, count: g.count) }
      for k in g.indices {
        mean[k] += g[k] / Double(samples)
        squares += g[k] * g[k]
      }
    }
    return (squares - Double(samples) * mean.reduce(0) { $0 + $1 * $1 }) / Double(samples - 1)
  }

  /// What `MinibatchNoise` finds in the mean, exactly, where single samples have the trace s: batches of one epoch share no sample, so
  /// two of them have covariance -s/S, and the mean square about the mean of all batches is s (1/B - 1/S + f/S), f the part of
  /// pairs of batches that lie in one epoch.
  private func expectedTrace(of s: Double, _ batch: Int) -> Double {
    let perEpoch = samples / batch, size = Double(samples)
    var epochs: [Int: Int] = [:]
    for step in trainingSteps..<trainingSteps + looks { epochs[step / perEpoch, default: 0] += 1 }
    let together = epochs.values.reduce(0) { $0 + $1 * ($1 - 1) }, pairs = looks * (looks - 1)
    return s * (1 / Double(batch) - 1 / size + Double(together) / Double(pairs) / size)
  }
}
