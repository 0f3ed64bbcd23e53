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
  func anneal(
    _ state: inout State, run: Int, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws -> Double {
    let top = shapes.count - 1, data = input(of: top, from: train, state.machines, streams)
    let annealing = SlicedAnnealing(
      state.machines[top], baseBias: baseBias(data, top), schedule: .linear(steps: temperatures), replicas: replicas)
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
      schedule: AnnealingSchedule.linear(steps: temperatures).reversed, replicas: replicas)
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

  // MARK: Likelihood

  func evaluate(_ state: inout State, streams: StreamKey) throws -> Double {
    let at: [(name: String, value: ParameterValue)] = [("machines", .integer(shapes.count))]
    var logPartitions: [Estimate] = []
    for (run, weights) in state.finishedRuns.prefix(2).enumerated() {
      let found = LogWeights(weights), lower = Estimate(meanOf: weights)
      let estimate = Estimate(value: found.logMean, error: found.standardError)
      logPartitions.append(estimate)
      let few = found.effectiveSampleSize < 20 ? "fewer than 20 effective samples: the error is no guide; use more temperatures" : nil
      state.recording.record(
        at: at, "log_partition_run_\(run + 1)", Observable(estimate.value, error: estimate.error, unit: "nats", reason: few))
      state.recording.record(at: at, "log_partition_lower_run_\(run + 1)", Observable(lower.value, error: lower.error, unit: "nats"))
      state.recording.record(at: at, "effective_samples_run_\(run + 1)", Observable(found.effectiveSampleSize))
    }
    if state.finishedRuns.count > 2 {
      // Back from the machine E[w] = Z_0 / Z_1; these are ln Z_0 - ln w.
      let back = state.finishedRuns[2], found = LogWeights(back.map { -$0 }), upper = Estimate(meanOf: back)
      state.recording.record(
        at: at, "log_partition_back", Observable(-found.logMean, error: found.standardError, unit: "nats"))
      state.recording.record(at: at, "log_partition_upper", Observable(upper.value, error: upper.error, unit: "nats"))
      state.recording.record(at: at, "effective_samples_back", Observable(found.effectiveSampleSize))
    }
    var logPartition = Estimate(
      value: (logPartitions[0].value + logPartitions[1].value) / 2,
      error: (logPartitions[0].error * logPartitions[0].error + logPartitions[1].error * logPartitions[1].error).squareRoot() / 2)
    let gaussian = state.gaussian?.machine
    if enumeratedUnits <= exactUpTo {
      let exact = try enumeratedLogPartition(state)
      logPartition = Estimate(value: exact, error: 0)
      state.recording.record(
        at: at, "log_partition_exact", Observable(logPartition.value, unit: "nats", reason: "by enumeration, without an error"))
    }
    if let gaussian, let real {
      recordLikelihood(of: gaussian, real, logPartition: logPartition, at: at, into: &state.recording)
      return 1
    }
    for (name, data) in [("test", test), ("train", train.slice(0..<min(train.count, test.count)))] {
      let values: [Double]
      if isDeep {
        values = deepMachine(state.machines).lowerBound(of: data, logPartition: logPartition.value, sweeps: meanFieldSweeps)
      } else if hidden.count == 1 {
        values = state.machines[0].freeEnergy(of: data).map { -$0 - logPartition.value }
      } else {
        values = try DeepBeliefNetwork(state.machines).boundSamples(
          of: data, topLogPartition: logPartition.value, from: KeyedStreams(streams.use("bound")))
      }
      let mean = Estimate(meanOf: values), error = (mean.error * mean.error + logPartition.error * logPartition.error).squareRoot()
      let key = hidden.count == 1 ? "log_likelihood" : "log_likelihood_bound"
      state.recording.record(at: at, "\(name)_\(key)", Observable(mean.value, error: error, unit: "nats"))
    }
    if isDeep {
      // The bound's own check: where the second layer can be summed out.
      if sumsOut {
        let exact = Estimate(meanOf: state.logWeights.suffix(test.count).map { $0 - logPartition.value })
        let error = (exact.error * exact.error + logPartition.error * logPartition.error).squareRoot()
        state.recording.record(at: at, "test_log_likelihood", Observable(exact.value, error: error, unit: "nats"))
      }
      return 1
    }
    let pseudo = state.machines[0].pseudoLogLikelihood(of: test.slice(0..<min(500, test.count)))
    state.recording.record(at: at, "test_pseudo_log_likelihood", Observable(pseudo.value, error: pseudo.error, unit: "nats"))
    return 1
  }

  func deepMachine(_ machines: [RestrictedBoltzmannMachine<Float>]) -> DeepBoltzmannMachine<Double> {
    DeepBoltzmannMachine(visible: train.sites.count, joint: machines[0].inDoublePrecision)
  }
}
