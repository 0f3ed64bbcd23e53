public import Archives
import BoltzmannMachines
import NeuralNetworks
import Runtime
import Sampling
import Statistics

extension BoltzmannStudy {
  /// What the unit does, one stage after another.
  enum Stage: Equatable {
    case training(Int), annealing(run: Int), returning, integrating, enumerating, summingOut, evaluating, tuning(fromMachine: Bool),
      reporting

    var words: String {
      switch self {
      case .training(let layer): "training machine \(layer + 1)"
      case .annealing(let run): "log Z, run \(run + 1) of 2"
      case .returning: "log Z, the way back"
      case .integrating: "log Z by integration"
      case .enumerating: "log Z by enumeration"
      case .summingOut: "summing the second layer out"
      case .evaluating: "evaluating"
      case .tuning(let fromMachine): fromMachine ? "fine-tuning" : "the same network from random weights"
      case .reporting: "measuring"
      }
    }
  }

  /// The stages with the work of each, in floating-point operations at this machine's matrix-product rate.
  var stages: [(stage: Stage, work: Double)] {
    // Machines with real visible units take plain loops in double precision.
    let slowness = real == nil ? 1.0 : 20
    let shapes = shapes, top = shapes[shapes.count - 1], rungs = chainsPerSample
    var stages = shapes.indices.map { layer -> (stage: Stage, work: Double) in
      let meanField = isDeep ? 4 * Double(meanFieldSweeps) * Double(hidden[0] * hidden[1]) + 8 * Double(shapes[0].visible * hidden[0]) : 0
      let each = (2.5 + 1.8 * rungs) * Double(shapes[layer].visible) * Double(shapes[layer].hidden) + meanField
      return (.training(layer), slowness * each * Double(epochs[layer]) * Double(trainCount))
    }
    let annealing = slowness * 2.5 * Double(temperatures * replicas) * Double(top.visible * top.hidden)
    stages += [(.annealing(run: 0), annealing), (.annealing(run: 1), annealing)]
    if equilibration > 0 { stages.append((.returning, annealing * (1 + Double(equilibration) / Double(temperatures)))) }
    if integrationNodes > 0 {
      let sweeps = Double(integrationNodes) * 1.25 * Double(integrationSweeps)
      stages.append((.integrating, annealing * sweeps / Double(temperatures)))
    }
    if enumeratedUnits <= exactUpTo { stages.append((.enumerating, enumerationWork)) }
    if sumsOut { stages.append((.summingOut, 20 * Double(test.count << hidden[1]) * Double(top.visible * top.hidden))) }
    stages.append(
      (
        .evaluating,
        slowness * 40 * Double(real.map { $0.test.count / $0.visible } ?? test.count) * Double(shapes[0].visible * shapes[0].hidden)
      ))
    if tunedLabels > 0 {
      let weights = shapes.reduce(0) { $0 + $1.visible * $1.hidden }
      let each = 6 * Double(weights) * Double(tunedEpochs * tunedLabels)
      stages += [(.tuning(fromMachine: true), each), (.tuning(fromMachine: false), each)]
    }
    return stages + [(.reporting, 1e9)]
  }

  /// What the unit has reached; after each slice it is the same on all ranks of the team.
  public struct State: Checkpointable {
    /// Which stage, and how far in it.
    var stage = 0, position = 0
    /// Finished machines, bottom first, and the one in training; its reconstruction errors by machine and epoch.
    var machines: [RestrictedBoltzmannMachine<Float>] = []
    var training: TrainingState?
    /// Instead of these, a machine with real visible units.
    var gaussian: GaussianTraining?
    var curves: [[Double]] = []
    /// Pseudo-likelihood of some test samples after some epochs of the first machine: epoch, value, epoch, value, ...
    var pseudo: [Double] = []
    /// The annealing run in work: visible words and log-weights of all replicas; those of finished runs. After the runs the second list
    /// holds what each test sample has with the second layer summed out.
    var replicaWords: [UInt64] = [], logWeights: [Double] = []
    /// The blocks of ln Z that have been summed.
    var enumeration = LogWeights()
    /// Sweeps done at the machine before the way back.
    var sweeps = 0
    var finishedRuns: [[Double]] = []
    /// Thermodynamic integration.
    var integration = SlicedIntegration.Place()
    /// The classifier in training; curves and test accuracy of finished ones.
    var tuning: NetworkTraining<Float>?
    var tuned: [[Double]] = []
    var recording = Recording()

    /// What is made anew from the above where it is missing: never saved.
    var scratch = Scratch()

    init() {}

    public static var formatVersion: Int { 6 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      let counts = [
        stage, position, machines.count, training == nil ? 0 : 1, curves.count, finishedRuns.count, tuning == nil ? 0 : 1, tuned.count,
        sweeps, gaussian == nil ? 0 : 1,
      ]
      try archive.write(counts, at: path + "/counts")
      for (layer, machine) in machines.enumerated() { try machine.save(to: &archive, at: "\(path)/machine\(layer)") }
      if let gaussian { try gaussian.save(to: &archive, at: path + "/gaussian") }
      if let training { try training.save(to: &archive, at: path + "/training") }
      for (layer, curve) in curves.enumerated() { try archive.write(curve, at: "\(path)/curve\(layer)") }
      try archive.write(pseudo, at: path + "/pseudo")
      try archive.write(replicaWords, at: path + "/replicas")
      try archive.write(logWeights, at: path + "/log_weights")
      try enumeration.save(to: &archive, at: path + "/enumeration")
      try archive.write(integration.words, at: path + "/integration/words")
      try archive.write(integration.totals, at: path + "/integration/totals")
      try archive.write(integration.sums, at: path + "/integration/sums")
      try archive.write(integration.sweep, at: path + "/integration/sweep")
      for (run, weights) in finishedRuns.enumerated() { try archive.write(weights, at: "\(path)/run\(run)") }
      if let tuning { try tuning.save(to: &archive, at: path + "/tuning") }
      for (place, values) in tuned.enumerated() { try archive.write(values, at: "\(path)/tuned\(place)") }
      try recording.save(to: &archive, at: path + "/recording")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      let counts = try archive.read(Int.self, count: 10, at: path + "/counts")
      (stage, position, sweeps) = (counts[0], counts[1], counts[8])
      for layer in 0..<counts[2] { machines.append(try RestrictedBoltzmannMachine(from: archive, at: "\(path)/machine\(layer)")) }
      if counts[9] == 1 { gaussian = try GaussianTraining(from: archive, at: path + "/gaussian") }
      if counts[3] == 1 { training = try TrainingState(from: archive, at: path + "/training") }
      for layer in 0..<counts[4] { curves.append(try archive.read(Double.self, count: nil, at: "\(path)/curve\(layer)")) }
      pseudo = try archive.read(Double.self, count: nil, at: path + "/pseudo")
      replicaWords = try archive.read(UInt64.self, count: nil, at: path + "/replicas")
      logWeights = try archive.read(Double.self, count: nil, at: path + "/log_weights")
      enumeration = try LogWeights(from: archive, at: path + "/enumeration")
      integration.words = try archive.read(UInt64.self, count: nil, at: path + "/integration/words")
      integration.totals = try archive.read(Double.self, count: nil, at: path + "/integration/totals")
      integration.sums = try archive.read(Double.self, count: nil, at: path + "/integration/sums")
      integration.sweep = try archive.scalar(Int.self, at: path + "/integration/sweep")
      for run in 0..<counts[5] { finishedRuns.append(try archive.read(Double.self, count: nil, at: "\(path)/run\(run)")) }
      if counts[6] == 1 { tuning = try NetworkTraining(from: archive, at: path + "/tuning") }
      for place in 0..<counts[7] { tuned.append(try archive.read(Double.self, count: nil, at: "\(path)/tuned\(place)")) }
      recording = try Recording(from: archive, at: path + "/recording")
    }
  }

  /// Caches of the unit's state that follow from it.
  struct Scratch {
    var trainer: ContrastiveDivergence?, trainedLayer = -1
    var deepTrainer: MeanFieldTraining?
    var gaussianTrainer: GaussianContrastiveDivergence?
    var tuner: SupervisedLearning<Float>?
  }

  /// The finished unit: what was measured, and the stack.
  public struct Trained: Checkpointable, Sendable {
    var recording: Recording
    var machines: [RestrictedBoltzmannMachine<Float>]
    /// In the data's own numbers.
    var gaussian: GaussianBoltzmannMachine?
    init(recording: Recording, machines: [RestrictedBoltzmannMachine<Float>], gaussian: GaussianBoltzmannMachine?) {
      self.recording = recording
      self.machines = machines
      self.gaussian = gaussian
    }
    public static var formatVersion: Int { 3 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try recording.save(to: &archive, at: path + "/recording")
      try archive.write(machines.count, at: path + "/machines")
      for (layer, machine) in machines.enumerated() { try machine.save(to: &archive, at: "\(path)/machine\(layer)") }
      try archive.write(gaussian == nil ? 0 : 1, at: path + "/has_gaussian")
      if let gaussian { try gaussian.save(to: &archive, at: path + "/gaussian") }
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      if try archive.scalar(Int.self, at: path + "/has_gaussian") == 1 {
        gaussian = try GaussianBoltzmannMachine(from: archive, at: path + "/gaussian")
      }
      recording = try Recording(from: archive, at: path + "/recording")
      machines = []
      for layer in 0..<(try archive.scalar(Int.self, at: path + "/machines")) {
        machines.append(try RestrictedBoltzmannMachine(from: archive, at: "\(path)/machine\(layer)"))
      }
    }
  }
}
