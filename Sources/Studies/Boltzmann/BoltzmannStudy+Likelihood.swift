import BoltzmannMachines
import Glibc
import GradientFlows
import MessagePassing
import NeuralNetworks
import RandomStreams
import Runtime
import Sampling
import Statistics

/// ln Z by annealing there and back, and what it says of data.
extension BoltzmannStudy {
  var annealingSchedule: AnnealingSchedule { isDense ? .dense(steps: temperatures) : .linear(steps: temperatures) }

  func anneal(
    _ state: inout State, run: Int, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws -> Double {
    let top = shapes.count - 1, data = input(of: top, from: train, state.machines, streams)
    let annealing = SlicedAnnealing(
      state.machines[top], baseBias: baseBias(data, top), schedule: annealingSchedule, replicas: replicas)
    let isFinished = try annealing.advance(
      position: &state.position, words: &state.replicaWords, logWeights: &state.logWeights,
      from: KeyedStreams(streams.use("annealing", run)), on: team)
    guard isFinished else { return Double(state.position) / Double(annealing.sampling.steps) }
    // ln Z itself rather than weights: the base's part is a constant.
    state.finishedRuns.append(state.logWeights.map { $0 + annealing.sampling.model.startLogPartition })
    state.replicaWords = []
    state.logWeights = []
    return 1
  }

  /// From samples of the machine back to the base: as many sweeps as asked for, started at training data, then the path.
  func annealBack(
    _ state: inout State, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws -> Double {
    let top = shapes.count - 1, data = input(of: top, from: train, state.machines, streams)
    let annealing = SlicedAnnealing(
      state.machines[top], baseBias: baseBias(data, top),
      schedule: annealingSchedule.reversed, replicas: replicas)
    let source = KeyedStreams(streams.use("annealing-back")), total = Double(equilibration + annealing.sampling.steps)
    if state.sweeps < equilibration {
      if state.sweeps == 0 {
        state.replicaWords = (0..<replicas).flatMap { clamped(data.slice($0 % data.count..<$0 % data.count + 1)).words }
      }
      try annealing.equilibrate(
        sweep: &state.sweeps, to: equilibration, words: &state.replicaWords, from: KeyedStreams(streams.use("equilibration")), on: team)
      return Double(state.sweeps) / total
    }
    let isFinished = try annealing.advance(
      position: &state.position, words: &state.replicaWords, logWeights: &state.logWeights, from: source, on: team)
    guard isFinished else { return (Double(equilibration) + Double(state.position)) / total }
    // As many terms as in the runs forward, so that one rule serves all three: ln Z_0 - ln w.
    state.finishedRuns.append(state.logWeights.map { annealing.sampling.model.startLogPartition - $0 })
    state.replicaWords = []
    state.logWeights = []
    return 1
  }

  func integrate(
    _ state: inout State, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws -> Double {
    let top = shapes.count - 1, data = input(of: top, from: train, state.machines, streams)
    let sliced = SlicedIntegration(
      state.machines[top], baseBias: baseBias(data, top), nodes: integrationNodes, measurements: integrationSweeps, replicas: replicas)
    guard try sliced.advance(&state.integration, from: KeyedStreams(streams.use("integration")), on: team) else {
      return Double(state.integration.sweep) / Double(sliced.integration.sweeps)
    }
    let found = sliced.integration.estimate(state.integration.totals)
    state.recording.record(
      at: [("machines", .integer(shapes.count))], "log_partition_integrated",
      Observable(
        found.value, error: found.error, unit: "nats",
        reason: "over replicas, as far as these are at rest at each of \(integrationNodes) nodes; without the error of the quadrature"))
    return 1
  }

  // MARK: Likelihood

  func evaluate(_ state: inout State, streams: StreamKey) throws -> Double {
    let at: [(name: String, value: ParameterValue)] = [("machines", .integer(shapes.count))]
    guard state.finishedRuns.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw StudyError.unitFailedOnAllRanks(
        "log Z: weights of the annealing are not finite; the machine's own are too large. Did its training diverge?")
    }
    let annealed = AnnealedPartition(runs: state.finishedRuns)
    recordAnnealing(annealed, state.finishedRuns, at: at, into: &state.recording)
    var logPartition = annealed.estimate, warning = annealed.warning
    let gaussian = state.gaussian?.machine
    if enumeratedUnits <= exactUpTo {
      let exact = try enumeratedLogPartition(state)
      (logPartition, warning) = (Estimate(value: exact, error: 0), nil)
      state.recording.record(
        at: at, "log_partition_exact", Observable(logPartition.value, unit: "nats", reason: "by enumeration, without an error"))
    }
    if let gaussian, let real {
      recordLikelihood(of: gaussian, real, logPartition: logPartition, warning: warning, at: at, into: &state.recording)
      recordBounds(annealed, warning, logPartition, at: at, into: &state.recording)
      return 1
    }
    // Bars and stripes are their whole law, to train on and to test: one row, and no error of a sample.
    let sets = isWholeLaw ? [("test", test)] : [("test", test), ("train", train.slice(0..<min(train.count, test.count)))]
    for (name, data) in sets {
      let values: [Double]
      if isDeep {
        values = deepMachine(state.machines).lowerBound(of: data, logPartition: logPartition.value, sweeps: meanFieldSweeps)
      } else if hidden.count == 1 {
        values = state.machines[0].freeEnergy(of: data).map { -$0 - logPartition.value }
      } else {
        values = try DeepBeliefNetwork(state.machines).boundSamples(
          of: data, topLogPartition: logPartition.value, from: KeyedStreams(streams.use("bound")))
      }
      state.recording.record(at: at, "\(name)_\(likelihoodKey)", likelihood(Estimate(meanOf: values), logPartition, warning))
    }
    recordBounds(annealed, warning, logPartition, at: at, into: &state.recording)
    if isDeep {
      // The bound's own check: where the second layer can be summed out.
      if sumsOut {
        let exact = Estimate(meanOf: state.logWeights.suffix(test.count).map { $0 - logPartition.value })
        state.recording.record(at: at, "test_log_likelihood", likelihood(exact, logPartition, warning))
      }
      return 1
    }
    let pseudo = state.machines[0].pseudoLogLikelihood(of: test.slice(0..<min(500, test.count)))
    state.recording.record(at: at, "test_pseudo_log_likelihood", Observable(pseudo.value, error: pseudo.error, unit: "nats"))
    return 1
  }

  /// What the runs gave, each by itself.
  private func recordAnnealing(
    _ annealed: AnnealedPartition, _ runs: [[Double]], at: [(name: String, value: ParameterValue)], into recording: inout Recording
  ) {
    func few(_ found: LogWeights) -> String? {
      found.effectiveSampleSize < AnnealedPartition.neededSamples(found.count)
        ? "few effective samples: the error is no guide; use more temperatures" : nil
    }
    for (run, weights) in runs.prefix(2).enumerated() {
      let found = LogWeights(weights), lower = Estimate(meanOf: weights)
      recording.record(
        at: at, "log_partition_run_\(run + 1)", Observable(found.logMean, error: found.standardError, unit: "nats", reason: few(found)))
      recording.record(at: at, "log_partition_lower_run_\(run + 1)", Observable(lower.value, error: lower.error, unit: "nats"))
      recording.record(at: at, "effective_samples_run_\(run + 1)", Observable(found.effectiveSampleSize))
    }
    if runs.count > 2 {
      // Back from the machine E[w] = Z_0 / Z_1; these are ln Z_0 - ln w.
      let found = LogWeights(runs[2].map { -$0 }), upper = Estimate(meanOf: runs[2])
      recording.record(
        at: at, "log_partition_back", Observable(-found.logMean, error: found.standardError, unit: "nats", reason: few(found)))
      recording.record(
        at: at, "log_partition_upper", Observable(upper.value, error: upper.error, unit: "nats", reason: annealed.bracketWarning))
      recording.record(at: at, "effective_samples_back", Observable(found.effectiveSampleSize))
    }
    recording.record(
      at: at, "log_partition", Observable(annealed.estimate.value, error: annealed.estimate.error, unit: "nats", reason: annealed.warning))
  }

  /// "log_likelihood", of more machines than one a bound of it.
  var likelihoodKey: String { hidden.count == 1 ? "log_likelihood" : "log_likelihood_bound" }

  /// Whether the samples are all there are: then their mean is the law's, and they do not scatter.
  var isWholeLaw: Bool { images == nil && real == nil }

  /// A mean over samples with the errors of sample and ln Z.
  func likelihood(_ mean: Estimate, _ logPartition: Estimate, _ warning: String?) -> Observable {
    if isWholeLaw {
      return Observable(
        mean.value, error: logPartition.error > 0 ? logPartition.error : nil, unit: "nats",
        reason: warning ?? (logPartition.error > 0 ? nil : "over all patterns and with ln Z by enumeration: without an error"))
    }
    return Observable(mean.value, error: hypot(mean.error, logPartition.error), unit: "nats", reason: warning)
  }

  /// Where the error of ln Z is no guide, the likelihood of test samples with ln Z at either side of its bracket.
  private func recordBounds(
    _ annealed: AnnealedPartition, _ warning: String?, _ logPartition: Estimate, at: [(name: String, value: ParameterValue)],
    into recording: inout Recording
  ) {
    guard warning != nil, let (lower, upper) = annealed.bracket,
      let mean = recording.observable("test_\(likelihoodKey)", at: at)?.values.first
    else { return }
    let free = mean + logPartition.value
    recording.record(at: at, "test_\(likelihoodKey)_lowest", Observable(free - upper.value, error: upper.error, unit: "nats"))
    recording.record(at: at, "test_\(likelihoodKey)_highest", Observable(free - lower.value, error: lower.error, unit: "nats"))
  }

  func deepMachine(_ machines: [RestrictedBoltzmannMachine<Float>]) -> DeepBoltzmannMachine<Double> {
    DeepBoltzmannMachine(visible: train.sites.count, joint: machines[0].inDoublePrecision)
  }
}
