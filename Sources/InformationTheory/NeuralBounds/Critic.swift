public import Archives
public import GradientFlows
public import LinearAlgebra
import NeuralNetworks
public import RandomStreams

/// What a neural bound scores pairs with.
public enum CriticKind: String, Sendable, CaseIterable {
  /// f(x, y) = g(x) . h(y): a batch costs two networks and one product.
  case separable
  /// f(x, y) = g(x, y): a batch of B costs B^2 evaluations, and no scalar product limits f.
  case joint
}

/// The networks of a critic: two hidden layers of ReLU each, a linear end.
public struct Critic: Space, Sendable, Equatable, Checkpointable {
  /// Which of the two.
  public let kind: CriticKind
  /// g and h of a separable critic; g of a joint one.
  private(set) var networks: [Network<Float>]
  let xDimension: Int, yDimension: Int

  /// Networks of two hidden layers of `hidden` units; a separable critic's meet in `embedding` numbers. All scores begin as zero,
  /// where every bound is zero.
  public init(_ kind: CriticKind, xDimension: Int, yDimension: Int, hidden: Int, embedding: Int, from streams: KeyedStreams) {
    self.kind = kind
    self.xDimension = xDimension
    self.yDimension = yDimension
    func network(_ inputs: Int, _ outputs: Int, end: Double, _ replica: Int) -> Network<Float> {
      let layers: [LayerDescription] = [.dense(hidden, .relu), .dense(hidden, .relu), .dense(outputs, .identity)]
      guard var network = try? Network<Float>(input: .vector(inputs), layers) else { preconditionFailure("three dense layers fit") }
      for (layer, below) in [inputs, hidden, hidden].enumerated() {
        var draws = streams.series(replica: replica, step: 0, site: layer + 1, purpose: .weights)
        let scale = ((layer == 2 ? end : 2) / Double(below)).squareRoot()
        for k in network.parameters[2 * layer].indices { network.parameters[2 * layer][k] = Float(scale * draws.normal()) }
      }
      return network
    }
    switch kind {
    case .separable:
      networks = [network(xDimension, embedding, end: 0.2, 0), network(yDimension, embedding, end: 0, 1)]
    case .joint: networks = [network(xDimension + yDimension, 1, end: 0, 0)]
    }
  }
  /// Numbers in which the networks of a separable critic meet.
  var embedding: Int { networks[0].output.count }
  /// The number of all weights and biases.
  var parameterCount: Int { networks.reduce(0) { $0 + $1.parameterCount } }

  public var blockCount: Int { networks.count * 6 }
  public func role(of index: Int) -> BlockRole { index % 2 == 0 ? .weights : .biases }
  public subscript(block index: Int) -> [Float] {
    get { networks[index / 6].parameters[index % 6] }
    _modify { yield &networks[index / 6].parameters[index % 6] }
  }

  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write([kind == .separable ? 1 : 0, xDimension, yDimension], at: path + "/kind")
    for (index, network) in networks.enumerated() { try network.save(to: &archive, at: path + "/network\(index)") }
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let found = try archive.read(Int.self, count: 3, at: path + "/kind")
    (kind, xDimension, yDimension) = (found[0] == 1 ? .separable : .joint, found[1], found[2])
    networks = []
    for index in 0..<(kind == .separable ? 2 : 1) { networks.append(try Network(from: archive, at: path + "/network\(index)")) }
  }
}
