public import Archives
import NeuralNetworks
import Runtime

extension Classifier {
  /// What a unit has reached; after each slice it is the same on all ranks of the team.
  public struct State: Checkpointable {
    /// 0: making the data, 1: training, 2: testing.
    var stage = 0
    /// Spins of the lattice made so far, coupling by coupling, those for training and those for testing.
    var spins: [[UInt64]] = []
    var training: NetworkTraining<Float>?
    var stopping: EarlyStopping<Float>?
    /// The network before training and after 1, 2, 4, 8, ... epochs.
    var kept: [KeptNetwork] = []

    /// What is made anew from the above where it is missing: never saved.
    var scratch = Scratch()

    init() {}

    public static var formatVersion: Int { 3 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write([stage, spins.count, training == nil ? 0 : 1, stopping == nil ? 0 : 1, kept.count], at: path + "/counts")
      for (place, words) in spins.enumerated() { try archive.write(words, at: "\(path)/spins\(place)") }
      if let training { try training.save(to: &archive, at: path + "/training") }
      if let stopping { try stopping.save(to: &archive, at: path + "/stopping") }
      for (place, network) in kept.enumerated() { try network.save(to: &archive, at: "\(path)/kept\(place)") }
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      let counts = try archive.read(Int.self, count: 5, at: path + "/counts")
      stage = counts[0]
      for place in 0..<counts[1] { spins.append(try archive.read(UInt64.self, count: nil, at: "\(path)/spins\(place)")) }
      if counts[2] == 1 { training = try NetworkTraining(from: archive, at: path + "/training") }
      if counts[3] == 1 { stopping = try EarlyStopping(from: archive, at: path + "/stopping") }
      for place in 0..<counts[4] { kept.append(try KeptNetwork(from: archive, at: "\(path)/kept\(place)")) }
    }
  }

  /// Caches of a unit's state that follow from it.
  struct Scratch {
    var train: SampleSet?, validation: SampleSet?, test: SampleSet?
    var trainer: SupervisedLearning<Float>?
  }

  /// A finished unit: what was measured, and the network after how many epochs; before it those that were kept.
  public struct Trained: Checkpointable, Sendable {
    var recording: Recording
    var last: KeptNetwork, kept: [KeptNetwork]
    /// The network without noise and dead units, where it has a bottleneck.
    var compressed: Network<Float>?
    var network: Network<Float> { last.network }
    init(recording: Recording, last: KeptNetwork, kept: [KeptNetwork], compressed: Network<Float>?) {
      self.recording = recording
      self.last = last
      self.kept = kept
      self.compressed = compressed
    }
    public static var formatVersion: Int { 3 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try recording.save(to: &archive, at: path + "/recording")
      try archive.write(kept.count, at: path + "/kept")
      try archive.write(compressed == nil ? 0 : 1, at: path + "/compressions")
      if let compressed { try compressed.save(to: &archive, at: path + "/compressed") }
      for (place, network) in (kept + [last]).enumerated() { try network.save(to: &archive, at: "\(path)/network\(place)") }
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      recording = try Recording(from: archive, at: path + "/recording")
      let count = try archive.scalar(Int.self, at: path + "/kept")
      kept = []
      for place in 0..<count { kept.append(try KeptNetwork(from: archive, at: "\(path)/network\(place)")) }
      last = try KeptNetwork(from: archive, at: "\(path)/network\(count)")
      if try archive.scalar(Int.self, at: path + "/compressions") == 1 { compressed = try Network(from: archive, at: path + "/compressed") }
    }
  }

  /// A network after so many epochs of its training.
  struct KeptNetwork: Sendable {
    let epoch: Int, network: Network<Float>

    init(epoch: Int, network: Network<Float>) {
      self.epoch = epoch
      self.network = network
    }
    func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.write(epoch, at: path + "/epoch")
      try network.save(to: &archive, at: path)
    }
    init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      epoch = try archive.scalar(Int.self, at: path + "/epoch")
      network = try Network(from: archive, at: path)
    }
  }
}
