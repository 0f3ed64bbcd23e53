import Archives
import Glibc
import RandomStreams
import Sampling

/// `count` independent spins in a field that grows from 0 to `field`: ln p_l = l * field * sum s. Everything about
/// annealing it is known, since one heat-bath sweep forgets the past.
struct SpinsInField: Annealable {
  let count: Int, field: Double

  struct State: Checkpointable, Equatable {
    var spins: [[Int]]
    let firstReplica: Int

    static var formatVersion: Int { 1 }
    init(spins: [[Int]], firstReplica: Int) {
      self.spins = spins
      self.firstReplica = firstReplica
    }
    func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write([spins.count, firstReplica], at: path + "/counts")
      try archive.write(spins.flatMap { $0 }, at: path + "/spins")
    }
    init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      let counts = try archive.read(Int.self, count: 2, at: path + "/counts")
      let all = try archive.read(Int.self, count: nil, at: path + "/spins")
      let size = all.count / counts[0]
      spins = (0..<counts[0]).map { Array(all[$0 * size..<($0 + 1) * size]) }
      firstReplica = counts[1]
    }
  }

  struct HeatBath: MarkovKernel {
    let field: Double
    func step(_ state: inout State, at step: UInt64, from streams: some Streams) {
      for r in state.spins.indices {
        var choices = streams.generator(replica: state.firstReplica + r, step: step, site: 0, purpose: .proposal)
        for i in state.spins[r].indices { state.spins[r][i] = choices.bernoulli(1 / (1 + exp(-2 * field))) ? 1 : -1 }
      }
    }
  }

  var startLogPartition: Double { Double(count) * log(2) }
  func start(replicas: Int, firstReplica: Int, from streams: some Streams) -> State {
    draw(at: 0, replicas: replicas, firstReplica: firstReplica, step: 0, from: streams)
  }
  /// Exact samples of p_l.
  func draw(at position: Double, replicas: Int, firstReplica: Int, step: UInt64, from streams: some Streams) -> State {
    var state = State(spins: [[Int]](repeating: [Int](repeating: 1, count: count), count: replicas), firstReplica: firstReplica)
    kernel(at: position).step(&state, at: step, from: streams)
    return state
  }
  func kernel(at position: Double) -> HeatBath { HeatBath(field: position * field) }
  func logRatio(_ state: State, from a: Double, to b: Double) -> [Double] {
    state.spins.map { (b - a) * field * Double($0.reduce(0, +)) }
  }
  func logDerivative(_ state: State, at position: Double) -> [Double] {
    state.spins.map { field * Double($0.reduce(0, +)) }
  }

  /// ln Z_l = n ln 2cosh(l B), and <d ln p/dl> = n B tanh(l B).
  func logPartition(at position: Double) -> Double { Double(count) * log(2 * cosh(position * field)) }
  func meanDerivative(at position: Double) -> Double { Double(count) * field * tanh(position * field) }
}
