public import Archives
import NeuralNetworks
import Runtime

extension Classifier {
  /// What a unit has reached; after each slice it is the same on all ranks of the team.
  public struct State: Checkpointable {
    /// 0: making the data, 1: training, 2: testing.
    var stage = 0
    /// Which data it began with, once they are there.
    var checksum: UInt64 = 0
    /// Spins of the lattice made so far, coupling by coupling, those for training and those for testing.
    var spins: [[UInt64]] = []
    var training: NetworkTraining<Float>?
    var stopping: EarlyStopping<Float>?

    /// What is made anew from the above where it is missing: never saved.
    var scratch = Scratch()

    init() {}

    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write([stage, spins.count, training == nil ? 0 : 1, stopping == nil ? 0 : 1], at: path + "/counts")
      try archive.write(checksum, at: path + "/checksum")
      for (place, words) in spins.enumerated() { try archive.write(words, at: "\(path)/spins\(place)") }
      if let training { try training.save(to: &archive, at: path + "/training") }
      if let stopping { try stopping.save(to: &archive, at: path + "/stopping") }
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      let counts = try archive.read(Int.self, count: 4, at: path + "/counts")
      stage = counts[0]
      checksum = try archive.scalar(UInt64.self, at: path + "/checksum")
      for place in 0..<counts[1] { spins.append(try archive.read(UInt64.self, count: nil, at: "\(path)/spins\(place)")) }
      if counts[2] == 1 { training = try NetworkTraining(from: archive, at: path + "/training") }
      if counts[3] == 1 { stopping = try EarlyStopping(from: archive, at: path + "/stopping") }
    }
  }

  /// Caches of a unit's state that follow from it.
  struct Scratch {
    var train: SampleSet?, validation: SampleSet?, test: SampleSet?
    var trainer: SupervisedLearning<Float>?
  }

  /// A finished unit: what was measured, and the network.
  public struct Trained: Checkpointable, Sendable {
    var recording: Recording
    var network: Network<Float>
    init(recording: Recording, network: Network<Float>) {
      self.recording = recording
      self.network = network
    }
    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try recording.save(to: &archive, at: path + "/recording")
      try network.save(to: &archive, at: path + "/network")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      recording = try Recording(from: archive, at: path + "/recording")
      network = try Network(from: archive, at: path + "/network")
    }
  }
}
