import Glibc
import GradientFlows
import KahlerGeometry
import MessagePassing
import NeuralNetworks
import RandomStreams
import Runtime
import Statistics

extension GradientFlowStudy {
  func recordGas(_ values: [Double], _ n: Int, _ beta: Double, _ before: SIMD3<Double>) -> Recording {
    var recording = Recording()
    let at: [(name: String, value: ParameterValue)] = [("flow", .text("gas")), ("points", .integer(n)), ("beta", .real(beta))]
    func put(_ name: String, _ value: Observable) { recording.record(at: at, name, value) }
    let width = Self.decayPoints + 2, rows = values.count / width, norm = (before * before).sum()
    func column(_ k: Int) -> [Double] { (0..<rows).map { values[$0 * width + k] } }
    let steps = decaySteps(beta), rate = 2 * (1 + beta)
    let times = (1...Self.decayPoints).map { Double(($0 * steps + Self.decayPoints - 1) / Self.decayPoints) * step }
    let decay = (0..<Self.decayPoints).map { k in Estimate(meanOf: column(k).map { $0 / norm }) }
    put("times", Observable(values: times, unit: "t"))
    put("decay", Observable(values: decay.map(\.value), errors: decay.map(\.error)))
    put("decay_exact", Observable(values: times.map { exp(-rate * $0) }))
    recordRate(decay[Self.decayPoints - 1], time: times[Self.decayPoints - 1], exact: rate, put)
    let slow = Estimate(meanOf: column(Self.decayPoints))
    put("scaled_variance", Observable(slow.value / 3, error: slow.error / 3))
    put("scaled_variance_exact", Observable(ExactSphereGas.momentum(beta: beta) / 3))
    put("scaled_variance_z", KahlerEinstein.pull(slow.value - ExactSphereGas.momentum(beta: beta), slow.error))
    put("accepted", Observable(column(Self.decayPoints + 1).reduce(0, +) / Double(rows)))
    return recording
  }

  /// -ln(decay)/t at the last time, its error by the delta method, and the distance of the decay from the exact one in errors.
  private func recordRate(_ last: Estimate, time: Double, exact: Double, _ put: (String, Observable) -> Void) {
    let good = last.value > 4 * last.error, reason = "the decay has gone below its noise"
    let rate = -log(max(last.value, .leastNormalMagnitude)) / time, error = last.error / last.value / time
    put("rate", good ? Observable(rate, error: error, unit: "1/t") : Observable(.nan, unit: "1/t", reason: reason))
    put("rate_exact", Observable(exact, unit: "1/t"))
    // Of the decay itself: its logarithm is no normal number where the error is large.
    put("decay_z", KahlerEinstein.pull(last.value - exp(-exact * time), last.error))
  }

  func recordNetwork(_ values: [Double], _ n: Int) -> Recording {
    var recording = Recording()
    let at: [(name: String, value: ParameterValue)] = [("flow", .text("network")), ("units", .integer(n))]
    func put(_ name: String, _ value: Observable) { recording.record(at: at, name, value) }
    let width = Self.networkWidth, rows = values.count / width
    func column(_ k: Int) -> [Double] { (0..<rows).map { values[$0 * width + k] } }
    let times = (1...Self.decayPoints).map { k in
      Double((k * networkDecaySteps + Self.decayPoints - 1) / Self.decayPoints) * networkStep
    }
    let decay = (0..<Self.decayPoints).map { k in Estimate(meanOf: column(k).map { $0 / 2 }) }
    // A step of length h multiplies the mean by 1 - h (1 + lambda).
    let rate = -log(abs(1 - networkStep * (1 + network.decay))) / networkStep
    put("times", Observable(values: times, unit: "t"))
    put("decay", Observable(values: decay.map(\.value), errors: decay.map(\.error)))
    put("decay_exact", Observable(values: times.map { exp(-rate * $0) }))
    recordRate(decay[Self.decayPoints - 1], time: times[Self.decayPoints - 1], exact: rate, put)
    let exact = network.stationary(units: n, temperature: temperature, stepSize: networkStep)
    let found = [("mean", 0, 1.0, exact.mean), ("scaled_variance", 1, Double(n), exact.scaledVariance), ("spread", 2, 1, exact.spread)]
    for (name, k, factor, value) in found {
      let estimate = Estimate(meanOf: column(Self.decayPoints + k).map { $0 * factor })
      put(name, Observable(estimate.value, error: estimate.error))
      put(name + "_exact", Observable(value))
      put(name + "_z", KahlerEinstein.pull(estimate.value - value, estimate.error))
    }
    return recording
  }

  /// The density's flow, its free energy all along, and the rate at which it comes to rest.
  func density(_ beta: Double) throws(StudyError) -> Recording {
    var recording = Recording()
    let at: [(name: String, value: ParameterValue)] = [("flow", .text("density")), ("beta", .real(beta))]
    do {
      let equation = try McKeanVlasov(beta: beta, field: field), rest = try MeanField(beta: beta, field: field).solve()
      var point = equation.start(first: firstMoment), last = equation.describe(point).freeEnergy, rises = 0
      var flow = RungeKuttaFlow(equation, stepSize: densityStep, direction: point)
      let steps = max(2, Int((time / densityStep).rounded())), every = max(1, steps / 80)
      var times = [0.0], energies = [last], means = [point.moments[0]]
      for k in 0..<steps {
        try flow.step(&point, at: UInt64(k), on: SoloCommunicator())
        let energy = equation.describe(point).freeEnergy
        // Rounding alone moves the sum near its minimum.
        if energy > last + 1e-13 { rises += 1 }
        last = energy
        if (k + 1) % every == 0 || k + 1 == steps {
          times.append(Double(k + 1) * densityStep)
          energies.append(energy)
          means.append(point.moments[0])
        }
      }
      recording.record(at: at, "times", Observable(values: times, unit: "t"))
      recording.record(at: at, "free_energy", Observable(values: energies, unit: "nats"))
      recording.record(at: at, "mean_height", Observable(values: means))
      recording.record(at: at, "free_energy_minimum", Observable(rest.freeEnergy, unit: "nats"))
      recording.record(at: at, "mean_height_at_rest", Observable(rest.mean))
      recording.record(at: at, "rises", Observable(Double(rises)))
      recording.record(at: at, "steps", Observable(Double(steps)))
      // F - min F falls twice as fast as the slowest mode.
      let pairs = zip(times, energies).filter { $0.1 - rest.freeEnergy > 1e-9 && $0.1 - rest.freeEnergy < 1e-3 }
      if let first = pairs.first, let end = pairs.last, end.0 > first.0 {
        let fall = log((first.1 - rest.freeEnergy) / (end.1 - rest.freeEnergy)) / (end.0 - first.0)
        recording.record(at: at, "rate", Observable(fall / 2, unit: "1/t"))
      } else {
        recording.record(at: at, "rate", Observable(.nan, unit: "1/t", reason: "followed for too short a time"))
      }
    } catch { throw .unitFailed("\(error)") }
    return recording
  }

  /// Two noisy rings, and a small network's mini-batch noise after training on them.
  func training(_ batch: Int, _ key: StreamKey) throws(StudyError) -> Recording {
    var recording = Recording()
    let at: [(name: String, value: ParameterValue)] = [("flow", .text("training")), ("batch", .integer(batch))]
    do {
      // The same data and start for every batch size: keyed by nothing of the unit.
      let common = KeyedStreams(StreamKey(high: 0x6772_6164, low: 0x666C_6F77)), set = rings(common)
      var network = try Network<Float>(input: .vector(2), ["dense 16 tanh", "dense 2"].map { try LayerDescription($0) }, from: common)
      func field(_ size: Int) throws(NetworkError) -> SupervisedLearning<Float> {
        try SupervisedLearning(
          set, network: network, settings: .init(batch: size, shards: 8, loss: .crossEntropy), key: key, rank: 0, ranks: 1)
      }
      let whole = try field(samples / 8 * 8), memory = NetworkDirection(like: network)
      var direction = memory, losses: [Double] = [], times: [Double] = []
      func look(_ step: Int) throws {
        try whole.direction(at: network, step: 0, on: SoloCommunicator(), into: &direction)
        losses.append(whole.loss)
        times.append(Double(step) * rate)
      }
      var flow = LangevinFlow(try field(batch), stepSize: rate, temperature: 0, direction: memory, from: common)
      for step in 0..<trainingSteps {
        if step % max(1, trainingSteps / 40) == 0 { try look(step) }
        try flow.step(&network, at: UInt64(step), on: SoloCommunicator())
      }
      try look(trainingSteps)
      var noisy = try field(batch)
      let noise = try MinibatchNoise(
        of: &noisy, at: network, direction: memory, first: UInt64(trainingSteps), batches: looks, on: SoloCommunicator())
      recording.record(at: at, "times", Observable(values: times, unit: "t"))
      recording.record(at: at, "loss", Observable(values: losses, unit: "nats"))
      recording.record(at: at, "noise_trace", Observable(noise.trace, error: noise.traceError))
      recording.record(at: at, "noise_trace_per_sample", Observable(noise.trace * Double(batch), error: noise.traceError * Double(batch)))
      recording.record(at: at, "effective_temperature", Observable(noise.effectiveTemperature(stepSize: rate), unit: "nats"))
      recording.record(at: at, "components", Observable(Double(noise.components)))
    } catch { throw .unitFailed("\(error)") }
    return recording
  }

  private func rings(_ source: KeyedStreams) -> SampleSet {
    var draws = source.series(replica: 0, step: 0, site: 0, purpose: .batch), features: [Float] = [], labels: [Int] = []
    for index in 0..<samples {
      let angle = 2 * Double.pi * draws.uniform(), radius = index % 2 == 0 ? 0.7 : 1.4, (a, b) = draws.normalPair()
      features += [Float(radius * cos(angle) + 0.25 * a), Float(radius * sin(angle) + 0.25 * b)]
      labels.append(index % 2)
    }
    return SampleSet(shape: .vector(2), features: features, targets: .classes(labels, of: 2))
  }
}
