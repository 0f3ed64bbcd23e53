import Archives
import BoltzmannMachines
import Glibc
import GradientFlows
import MessagePassing
import RandomStreams
import Runtime
import Sampling
import Statistics

extension BoltzmannStudy {
  /// A machine with real visible units in training.
  struct GaussianTraining: Checkpointable {
    var machine: GaussianBoltzmannMachine, rule: Momentum<Double>, step = 0
    /// Epoch, error, epoch, error, ...
    var errors: [Double] = []
    /// Those of `RealSamples`.
    let offsets: [Double], scales: [Double]

    init(_ machine: GaussianBoltzmannMachine, _ rule: Momentum<Double>, _ data: RealSamples) {
      self.machine = machine
      self.rule = rule
      (offsets, scales) = (data.offsets, data.scales)
    }
    /// The machine of the data's own numbers.
    var ofData: GaussianBoltzmannMachine { machine.rescaled(offsets: offsets, scales: scales) }
    static var formatVersion: Int { 2 }
    func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try machine.save(to: &archive, at: path + "/machine")
      try rule.save(to: &archive, at: path + "/rule")
      try archive.write(step, at: path + "/step")
      try archive.write(errors, at: path + "/errors")
      try archive.write(offsets, at: path + "/offsets")
      try archive.write(scales, at: path + "/scales")
    }
    init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      machine = try GaussianBoltzmannMachine(from: archive, at: path + "/machine")
      rule = try Momentum(from: archive, at: path + "/rule")
      step = try archive.scalar(Int.self, at: path + "/step")
      errors = try archive.read(Double.self, count: nil, at: path + "/errors")
      offsets = try archive.read(Double.self, count: machine.visible, at: path + "/offsets")
      scales = try archive.read(Double.self, count: machine.visible, at: path + "/scales")
    }
  }

  /// Whether the deviations of the visible units are learnt.
  var learnsDeviations: Bool { deviation == 0 }

  /// A machine of the data's own numbers, as model files hold it, in rescaled units.
  private func toRescaled(_ machine: GaussianBoltzmannMachine, _ data: RealSamples) -> GaussianBoltzmannMachine {
    machine.rescaled(offsets: zip(data.offsets, data.scales).map { -$0 / $1 }, scales: data.scales.map { 1 / $0 })
  }

  /// Small random weights, visible means (and deviations, where they are learnt) at the data's, hidden units at rest at the mean.
  private func start(_ data: RealSamples, _ streams: KeyedStreams) -> GaussianBoltzmannMachine {
    var random = streams.generator(replica: 0, step: 0, site: 0, purpose: .initial)
    return GaussianBoltzmannMachine(
      visible: data.visible, hidden: hidden[0], weights: (0..<data.visible * hidden[0]).map { _ in initialWidth * random.normal() },
      visibleMean: data.means, hiddenBias: [Double](repeating: 0, count: hidden[0]),
      deviations: learnsDeviations
        ? data.variances.map { $0.squareRoot() } : [Double](repeating: deviation, count: data.visible))
  }

  func train(
    _ state: inout State, _ data: RealSamples, streams: StreamKey, curves: inout [CurvePoint],
    on team: borrowing some Communicator & ~Copyable
  ) throws -> Double {
    let key = streams.use("training", 0), perEpoch = trainCount / batch, planned = perEpoch * epochs[0]
    var training =
      state.gaussian
      ?? GaussianTraining(
        given?.gaussian.map { toRescaled($0, data) } ?? start(data, KeyedStreams(key)),
        Momentum(rate: learningRate, momentum: momentum, decay: decay, l1: l1), data)
    state.gaussian = nil
    let trainer =
      try state.scratch.gaussianTrainer
      ?? GaussianContrastiveDivergence(
        data.train, visible: data.visible, learnsDeviations: learnsDeviations, settings: try settings(on: team), key: key, rank: team.rank,
        ranks: team.size)
    state.scratch.gaussianTrainer = trainer
    let perBatch = (2 + 2 * chainsPerSample) * Double(batch * data.visible * hidden[0])
    let smallest = data.variances.map { smallestDeviation * $0.squareRoot() }
    var left = min(20_000, max(1, Int(1e9 / perBatch))), direction = training.machine
    while left > 0, training.step < planned {
      training.rule.rate = learningRate * schedule.factor(Double(training.step) / Double(planned))
      try trainer.direction(at: training.machine, step: UInt64(training.step), on: team, into: &direction)
      training.rule.step(&training.machine, along: direction)
      if learnsDeviations {
        training.machine.learnDeviations(along: direction.deviations, rate: training.rule.rate, smallest: smallest)
      }
      training.step += 1
      left -= 1
      let epoch = training.step / perEpoch
      guard training.step % perEpoch == 0, epoch & (epoch - 1) == 0 || epoch == epochs[0] else { continue }
      try training.machine.checkFinite(step: training.step, rateAdvice)
      let error = reconstructionError(training.machine, data)
      training.errors += [Double(epoch), error]
      curves.append(CurvePoint("reconstruction_error", step: epoch, value: error))
      curves += pictures(of: training.machine.weights, hiddenBias: training.machine.hiddenBias, epoch: epoch)
    }
    try training.machine.checkFinite(step: training.step, rateAdvice)
    state.gaussian = training
    if training.step < planned { return Double(training.step) / Double(planned) }
    state.scratch.gaussianTrainer = nil
    return 1
  }

  /// The root mean square over pixels of v minus the mean of v given the mean of h given v, of up to 200 test samples.
  private func reconstructionError(_ machine: GaussianBoltzmannMachine, _ data: RealSamples) -> Double {
    let n = data.visible, some = Array(data.test.prefix(200 * n)), hiddenMeans = machine.hiddenProbabilities(given: some)
    var sum = 0.0
    for row in 0..<some.count / n {
      let h = hiddenMeans[row * machine.hidden..<(row + 1) * machine.hidden]
      for (i, mean) in machine.visibleMean(atHiddenMeans: h).enumerated() {
        let difference = some[row * n + i] - mean
        sum += difference * difference
      }
    }
    return (sum / Double(some.count)).squareRoot()
  }

  /// About a second's replicas go the whole way: there, or back from as many sweeps of the machine as asked for, started at training data.
  func anneal(
    _ state: inout State, _ machine: GaussianBoltzmannMachine, _ data: RealSamples, run: Int, streams: StreamKey,
    on team: borrowing some Communicator & ~Copyable
  ) throws -> Double {
    let isBack = run == 2, path = AnnealedGaussianMachine(machine), forward = annealingSchedule
    let sampling = AnnealedImportanceSampling(path, schedule: isBack ? forward.reversed : forward)
    let steps = Double(temperatures + (isBack ? equilibration : 0)), work = 2 * steps * Double(machine.visible * machine.hidden)
    let first = state.logWeights.count, count = min(replicas - first, team.size * max(1, Int(1e9 / work)))
    let share = team.share(of: count), mine = first + share.lowerBound..<first + share.upperBound
    let source = KeyedStreams(isBack ? streams.use("annealing-back") : streams.use("annealing", run))
    var progress: AnnealedImportanceSampling<AnnealedGaussianMachine>.Progress
    if isBack {
      let starts = mine.flatMap { replica in
        let sample = replica % trainCount
        return data.train[sample * data.visible..<(sample + 1) * data.visible]
      }
      var chains = path.replicas(at: starts, firstReplica: mine.lowerBound), kernel = path.kernel(at: 1)
      let warming = KeyedStreams(streams.use("equilibration"))
      for sweep in 0..<UInt64(equilibration) { kernel.step(&chains, at: sweep, from: warming) }
      progress = sampling.begin(from: chains, replicas: mine.count, firstReplica: mine.lowerBound)
    } else {
      progress = sampling.begin(replicas: mine.count, firstReplica: mine.lowerBound, from: source)
    }
    sampling.advance(&progress, steps: sampling.steps, from: source)
    state.logWeights += try team.allGather(progress.logWeights).flatMap { $0 }
    if state.logWeights.count < replicas { return Double(state.logWeights.count) / Double(replicas) }
    state.finishedRuns.append(state.logWeights.map { path.startLogPartition + (isBack ? -$0 : $0) })
    state.logWeights = []
    return 1
  }

  /// Mean ln p of test and training samples, and two yardsticks.
  func recordLikelihood(
    of machine: GaussianBoltzmannMachine, _ data: RealSamples, logPartition: Estimate, warning: String?,
    at: [(name: String, value: ParameterValue)], into recording: inout Recording
  ) {
    for (name, samples) in [("test", data.test), ("train", Array(data.train.prefix(data.test.count)))] {
      let mean = Estimate(meanOf: machine.freeEnergy(of: samples).map { -$0 - logPartition.value })
      recording.record(at: at, "\(name)_log_likelihood", likelihood(mean, logPartition, warning))
    }
    let independent = Estimate(meanOf: data.independentLogLikelihood)
    recording.record(at: at, "test_log_likelihood_independent", Observable(independent.value, error: independent.error, unit: "nats"))
    guard let best = data.bestLogLikelihood.map({ Estimate(meanOf: $0) }) else { return }
    recording.record(at: at, "test_log_likelihood_source", Observable(best.value, error: best.error, unit: "nats"))
  }

  /// The course of training, receptive fields, and 16 states after 1,000 sweeps from test samples.
  func recordPictures(of training: GaussianTraining, _ data: RealSamples, streams: StreamKey, into recording: inout Recording) {
    recording.record(
      ResultArray(
        name: "deviations", longName: "deviation of each visible unit about its mean given the hidden units, in rescaled units", unit: "1",
        dimensions: [("visible_unit", data.visible)], values: training.machine.deviations))
    if data.images != nil {
      for (name, values) in [("data_offsets", data.offsets), ("data_scales", data.scales)] {
        recording.record(
          ResultArray(
            name: name, longName: "a number of the files is its offset plus its scale times the machine's", unit: "1",
            dimensions: [("visible_unit", data.visible)], values: values))
      }
      recording.record(
        at: [("machines", .integer(1))], "log_scale_sum", Observable(data.scales.reduce(0) { $0 + log($1) }, unit: "nats"))
    }
    recording.record(
      ResultArray(
        name: "reconstruction_error", longName: "epoch, and the root mean square error of reconstructed test samples after it", unit: "1",
        dimensions: [("checkpoint", training.errors.count / 2), ("epoch_and_value", 2)], values: training.errors))
    recording.record(receptiveFields(of: training.machine.weights))
    let count = min(16, data.test.count / data.visible), path = AnnealedGaussianMachine(training.machine)
    var chains = path.replicas(at: Array(data.test.prefix(count * data.visible))), kernel = path.kernel(at: 1)
    let source = KeyedStreams(streams.use("samples"))
    for sweep in 0..<UInt64(1000) { kernel.step(&chains, at: sweep, from: source) }
    recording.record(
      ResultArray(
        name: "samples", longName: "samples of the machine", unit: "1", dimensions: [("sample", count), ("y", height), ("x", width)],
        values: (0..<count).flatMap { sample in
          (0..<data.visible).map { chains.states[sample * data.visible + unit(atPixel: $0)] }
        }))
  }
}
