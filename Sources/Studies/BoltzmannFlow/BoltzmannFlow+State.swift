public import Archives
import BoltzmannMachines
import NeuralNetworks
import Runtime

extension BoltzmannFlow {
  /// What is done one after another.
  enum Task: Sendable, Equatable { case data(Int), reader(Int), thermometers, machine(Int), flow(Int) }
  var tasks: [Task] {
    temperatures.indices.map(Task.data) + (0..<readers).map(Task.reader) + [.thermometers]
      + machines.indices.flatMap { [Task.machine($0), .flow($0)] }
  }

  /// What the unit has reached: the same on all ranks after each slice.
  public struct State: Checkpointable {
    /// The place of the task under way, and steps of a flow done.
    var task = 0, step = 0
    /// Spins of each temperature: those to train on, those to test on.
    var spins: [[UInt64]] = []
    /// Trained networks, and the training of the next.
    var networks: [Network<Float>] = [], reading: NetworkTraining<Float>?
    /// The machine whose training is under way, or whose flow is.
    var training: TrainingState?
    /// The configurations of a flow, start by start.
    var flow: [UInt64] = []
    var recording = Recording()

    /// What is made anew from the above where it is missing: never saved.
    var scratch = Scratch()

    init() {}
    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write(
        [task, step, spins.count, networks.count, reading == nil ? 0 : 1, training == nil ? 0 : 1], at: "\(path)/place")
      for (index, words) in spins.enumerated() { try archive.write(words, at: "\(path)/spins\(index)") }
      for (index, network) in networks.enumerated() { try network.save(to: &archive, at: "\(path)/network\(index)") }
      if let reading { try reading.save(to: &archive, at: "\(path)/reading") }
      if let training { try training.save(to: &archive, at: "\(path)/training") }
      try archive.write(flow, at: "\(path)/flow")
      try recording.save(to: &archive, at: "\(path)/recording")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      let place = try archive.read(Int.self, count: 6, at: "\(path)/place")
      (task, step) = (place[0], place[1])
      for index in 0..<place[2] { spins.append(try archive.read(UInt64.self, count: nil, at: "\(path)/spins\(index)")) }
      for index in 0..<place[3] { networks.append(try Network(from: archive, at: "\(path)/network\(index)")) }
      if place[4] == 1 { reading = try NetworkTraining(from: archive, at: "\(path)/reading") }
      if place[5] == 1 { training = try TrainingState(from: archive, at: "\(path)/training") }
      flow = try archive.read(UInt64.self, count: nil, at: "\(path)/flow")
      recording = try Recording(from: archive, at: "\(path)/recording")
    }
  }

  /// Trainers with their memory.
  struct Scratch {
    var reader: SupervisedLearning<Float>?
    var machine: ContrastiveDivergence?
  }
}
