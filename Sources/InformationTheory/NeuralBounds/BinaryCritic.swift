public import Archives
import GradientFlows
import LinearAlgebra
import NeuralNetworks
public import RandomStreams

/// InfoNCE of a binary variable h that is still being learned, beside other variables y:
///
///     f(h, y) = h a(y) + b(y),   (a, b) a network of two hidden layers of ReLU.
///
/// For h = +-1 that is every function of both, so that no network of h limits the bound; for a relaxed h in between it is the straight
/// line. One step moves the critic up the bound and says how the bound changes with each h, which is what the rule that makes h goes up.
/// Batches of B cost B rows of the network and B^2 exponentials; the bound is at most ln B.
public struct BinaryCritic: Sendable, Equatable, Checkpointable {
  /// The network of y, and the rule that moves it.
  private var network: Network<Float>, rule: Adam<Float>

  /// A critic that scores everything zero, for `dimension` numbers y, with `hidden` units in each hidden layer.
  public init(dimension: Int, hidden: Int, from streams: some Streams) {
    let layers: [LayerDescription] = [.dense(hidden, .relu), .dense(hidden, .relu), .dense(2, .identity)]
    guard var network = try? Network<Float>(input: .vector(dimension), layers, from: streams) else {
      preconditionFailure("three dense layers fit")
    }
    for k in network.parameters[4].indices { network.parameters[4][k] = 0 }
    self.network = network
    rule = Adam(rate: 0)
  }

  /// Memory for steps on batches of one length.
  public final class Memory {
    fileprivate let pass: DifferentiableNetwork
    fileprivate var scores: [Float], sums: [Float], direction: NetworkDirection<Float>
    /// Memory for batches of `batch` pairs and critics of this one's shape.
    public init(_ critic: BinaryCritic, batch: Int) {
      precondition(batch >= 2, "a pair and another")
      pass = DifferentiableNetwork(critic.network, rows: batch, shards: 1)
      scores = [Float](repeating: 0, count: batch * batch)
      sums = [Float](repeating: 0, count: critic.network.parameterCount)
      direction = NetworkDirection(like: critic.network)
    }
  }

  /// One step of Adam along the gradient of the bound on a batch of `h: [batch]` and `y: [batch, dimension]`. Returns the bound before
  /// the step, in nats, and its derivative by each h.
  public mutating func climb(_ h: [Float], _ y: [Float], rate: Float, with memory: Memory) -> (bound: Double, slopes: [Float]) {
    let batch = memory.pass.rows
    precondition(h.count == batch && y.count == batch * network.input.count, "a batch of the memory's length")
    let found = memory.pass.forward(network, y)
    let a: [Float] = (0..<batch).map { found[2 * $0] }, b: [Float] = (0..<batch).map { found[2 * $0 + 1] }
    for i in 0..<batch {
      let own = h[i], row = i * batch
      for j in 0..<batch { memory.scores[row + j] = own * a[j] + b[j] }
    }
    // InfoNCE leaves its derivatives in the place of the scores.
    let bound = NeuralBound.infoNCE, part = bound.part(&memory.scores, from: 0, rows: 0..<batch, batch: batch)
    var slopes = [Float](repeating: 0, count: batch), byA = slopes, byB = slopes
    for i in 0..<batch {
      let own = h[i], row = i * batch
      var sum: Float = 0
      for j in 0..<batch {
        let slope = memory.scores[row + j]
        sum += slope * a[j]
        byA[j] += slope * own
        byB[j] += slope
      }
      slopes[i] = sum
    }
    var below: [Float] = []
    for j in 0..<batch { below += [byA[j], byB[j]] }
    let length = memory.sums.count
    unsafe memory.sums.withUnsafeMutableBufferPointer { sums in
      guard let start = sums.baseAddress else { return }
      unsafe memory.pass.backward(below, subtrees: [1], length: length, into: start)
    }
    var next = 0
    for block in memory.direction.blocks.indices {
      let count = memory.direction.blocks[block].count
      memory.direction.blocks[block] = Array(memory.sums[next..<next + count])
      next += count
    }
    rule.rate = rate
    rule.step(&network, along: memory.direction)
    return (bound.value([part], batch: batch), slopes)
  }

  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try network.save(to: &archive, at: path + "/network")
    try rule.save(to: &archive, at: path + "/rule")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    network = try Network(from: archive, at: path + "/network")
    rule = try Adam(from: archive, at: path + "/rule")
  }
}
