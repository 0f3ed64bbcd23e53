public import Archives
import BoltzmannMachines
import Runtime
import Sampling

extension DeepRenormalization {
  /// What a unit does, one stage after another.
  enum Stage: Equatable {
    case sampling
    case training(layer: Int)
    case annealing(layer: Int, run: Int)
    case enumerating(layer: Int)
    case modelSampling
    case measuring

    var words: String {
      switch self {
      case .sampling: "sampling the lattice"
      case .training(let layer): "training layer \(layer + 1)"
      case .annealing(let layer, let run): "log Z of layer \(layer + 1), run \(run + 1) of 2"
      case .enumerating(let layer): "log Z of layer \(layer + 1), exactly"
      case .modelSampling: "sampling the machine"
      case .measuring: "measuring"
      }
    }
  }

  /// The stages of a unit with the work of each, in floating-point operations at this machine's matrix-product rate: what
  /// the kernels were measured to cost (a spin of a Swendsen-Wang sweep as much as 640 of them, a weight per sample of
  /// training 4.3, a weight per replica and temperature or sweep 2.5).
  func stages(of unit: Unit) -> [(stage: Stage, work: Double)] {
    let sweeps = Double((configurations + testConfigurations) * interval + (trainingChains + testChains) * warmUp)
    var stages: [(stage: Stage, work: Double)] = [(.sampling, 640 * sweeps * Double(sites))]
    let layers = unit == .control ? 1 : hidden.count
    for layer in 0..<layers {
      stages.append((.training(layer: layer), 4.3 * Double(epochs[layer] * configurations) * Double(visible(layer) * hidden[layer])))
    }
    if unit == .stack {
      for layer in 0..<layers {
        let work = 2.5 * Double(temperatures * replicas) * Double(visible(layer) * hidden[layer])
        for run in 0..<2 { stages.append((.annealing(layer: layer, run: run), work)) }
        let smaller = min(visible(layer), hidden[layer])
        if smaller <= exactUpTo {
          stages.append((.enumerating(layer: layer), 35 * Double(1 << smaller) * Double(max(visible(layer), hidden[layer]))))
        }
      }
      stages.append((.modelSampling, 2.5 * Double(modelChains * modelSweeps) * Double(visible(0) * hidden[0])))
    }
    stages.append((.measuring, 2e4 * Double(testConfigurations) * Double(sites) / (unit == .control ? 10 : 1)))
    return stages
  }

  /// The weights of a layer at an epoch that is kept for later analysis.
  struct KeptWeights: Equatable {
    var layer: Int, epoch: Int, weights: [Float]
  }

  /// What a unit has reached. Chains, replicas and shards are indexed globally; after each slice it is the same on all
  /// ranks of the team.
  public struct State: Checkpointable {
    /// Which stage, and how far in it: sweeps, temperatures, parts of the measurements.
    var stage = 0, position = 0
    /// The spins of each chain now, and all recorded ones: `[chains][configurations per chain][words]`.
    var chains: [[UInt64]] = []
    var recorded: [UInt64] = []
    /// Finished machines, bottom first, and the one in training.
    var machines: [RestrictedBoltzmannMachine<Float>] = []
    var training: TrainingState?
    /// Reconstruction error by layer and epoch, and weights at epochs 0, 1, 2, 4, 8, ...
    var curves: [[Double]] = []
    var kept: [KeptWeights] = []
    /// The annealing run in work: visible words and log-weights of all replicas; log-weights of finished runs by layer
    /// and run; exact log-partition functions by layer where enumerated.
    var replicaWords: [UInt64] = [], logWeights: [Double] = []
    var finishedRuns: [[Double]] = []
    var exact: [Double] = []
    /// The machine's own samples.
    var modelWords: [UInt64] = []
    /// What has been measured.
    var recording = Recording()

    /// What is made anew from the above where it is missing: never saved.
    var scratch = Scratch()

    init() {}

    public static var formatVersion: Int { 1 }

    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      let counts = [
        Self.formatVersion, stage, position, chains.count, machines.count, training == nil ? 0 : 1, curves.count, kept.count,
        finishedRuns.count,
      ]
      try archive.write(counts, at: "\(path)/counts")
      try archive.write(chains.flatMap { $0 }, at: "\(path)/chains")
      try archive.write(recorded, at: "\(path)/recorded")
      for (layer, machine) in machines.enumerated() { try machine.save(to: &archive, at: "\(path)/machine\(layer)") }
      if let training { try training.save(to: &archive, at: "\(path)/training") }
      for (layer, curve) in curves.enumerated() { try archive.write(curve, at: "\(path)/curve\(layer)") }
      for (i, kept) in kept.enumerated() {
        try archive.write([kept.layer, kept.epoch], at: "\(path)/kept\(i)/at")
        try archive.write(kept.weights, at: "\(path)/kept\(i)/weights")
      }
      try archive.write(replicaWords, at: "\(path)/replicas")
      try archive.write(logWeights, at: "\(path)/log_weights")
      for (i, run) in finishedRuns.enumerated() { try archive.write(run, at: "\(path)/run\(i)") }
      try archive.write(exact, at: "\(path)/exact")
      try archive.write(modelWords, at: "\(path)/model")
      try recording.save(to: &archive, at: "\(path)/recording")
    }

    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      let counts = try archive.read(Int.self, count: 9, at: "\(path)/counts")
      guard counts[0] == Self.formatVersion else {
        throw .version(of: "deep-renormalization", found: counts[0], supported: Self.formatVersion)
      }
      (stage, position) = (counts[1], counts[2])
      let words = try archive.read(UInt64.self, count: nil, at: "\(path)/chains")
      if counts[3] > 0 {
        let each = words.count / counts[3]
        chains = (0..<counts[3]).map { Array(words[$0 * each..<($0 + 1) * each]) }
      }
      recorded = try archive.read(UInt64.self, count: nil, at: "\(path)/recorded")
      for layer in 0..<counts[4] { machines.append(try RestrictedBoltzmannMachine(from: archive, at: "\(path)/machine\(layer)")) }
      if counts[5] == 1 { training = try TrainingState(from: archive, at: "\(path)/training") }
      for layer in 0..<counts[6] { curves.append(try archive.read(Double.self, count: nil, at: "\(path)/curve\(layer)")) }
      for i in 0..<counts[7] {
        let at = try archive.read(Int.self, count: 2, at: "\(path)/kept\(i)/at")
        kept.append(
          KeptWeights(layer: at[0], epoch: at[1], weights: try archive.read(Float.self, count: nil, at: "\(path)/kept\(i)/weights")))
      }
      replicaWords = try archive.read(UInt64.self, count: nil, at: "\(path)/replicas")
      logWeights = try archive.read(Double.self, count: nil, at: "\(path)/log_weights")
      for i in 0..<counts[8] { finishedRuns.append(try archive.read(Double.self, count: nil, at: "\(path)/run\(i)")) }
      exact = try archive.read(Double.self, count: nil, at: "\(path)/exact")
      modelWords = try archive.read(UInt64.self, count: nil, at: "\(path)/model")
      recording = try Recording(from: archive, at: "\(path)/recording")
    }
  }

  /// Caches of a unit's state that follow from it.
  struct Scratch {
    /// The trainer of the layer in work, with that layer's input.
    var trainer: ContrastiveDivergence?, trainedLayer = -1
  }
}
