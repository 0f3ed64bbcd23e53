public import Archives
import NeuralNetworks

extension InformationPlane {
  /// What a unit has reached; after each slice it is the same on all ranks of the team.
  public struct State: Checkpointable {
    /// 0: making the data, 1: training, 2: measuring.
    var stage = 0
    /// Spins of the lattice, coupling by coupling.
    var spins: [[UInt64]] = []
    var training: NetworkTraining<Float>?
    /// The network at each point that training has come to.
    var kept: [Network<Float>] = []
    /// The extremes of each layer over the run, low and high in turn, once training is over.
    var extremes: [Double] = []
    /// What was measured, point by point: for each layer and estimator x, y, null; then of the point the test loss and accuracy.
    var values: [Double] = []
    /// What is made anew from the above where it is missing: never saved.
    var scratch = Scratch()

    init() {}
    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write([stage, spins.count, training == nil ? 0 : 1, kept.count], at: path + "/counts")
      for (place, words) in spins.enumerated() { try archive.write(words, at: "\(path)/spins\(place)") }
      if let training { try training.save(to: &archive, at: path + "/training") }
      for (place, network) in kept.enumerated() { try network.save(to: &archive, at: "\(path)/kept\(place)") }
      try archive.write(extremes, at: path + "/extremes")
      try archive.write(values, at: path + "/values")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      let counts = try archive.read(Int.self, count: 4, at: path + "/counts")
      stage = counts[0]
      for place in 0..<counts[1] { spins.append(try archive.read(UInt64.self, count: nil, at: "\(path)/spins\(place)")) }
      if counts[2] == 1 { training = try NetworkTraining(from: archive, at: path + "/training") }
      for place in 0..<counts[3] { kept.append(try Network(from: archive, at: "\(path)/kept\(place)")) }
      extremes = try archive.read(Double.self, count: nil, at: path + "/extremes")
      values = try archive.read(Double.self, count: nil, at: path + "/values")
    }
  }

  /// Caches that follow from a unit's state.
  struct Scratch {
    var train: SampleSet?, test: SampleSet?, measured: SampleSet?
    var trainer: SupervisedLearning<Float>?
  }
}
