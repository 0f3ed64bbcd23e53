public import GradientFlows
public import RandomStreams

/// A feed-forward network: layers f(Wx + b), one on the other, with pooling and dropout between.
///
/// `parameters` holds W and b of each layer that has them, in the order of the layers: W row-major as the layer says
/// (`Dense`, `Convolution`), then b. Shapes are checked when it is built.
public struct Network<Scalar: NetworkScalar>: Sendable, Equatable, Space {
  /// What enters.
  public let input: FeatureShape
  /// The layers as they were described, and as they stand on each other.
  public let descriptions: [LayerDescription]
  public let layers: [Layer]
  /// W, b, W, b, ...
  public var parameters: [[Scalar]]

  /// A network with all parameters zero; throws `noLayers` or `doesNotFit`.
  public init(input: FeatureShape, _ descriptions: [LayerDescription]) throws(NetworkError) {
    self.input = input
    self.descriptions = descriptions
    layers = try Self.layers(descriptions, on: input)
    parameters = layers.compactMap(\.weightShape).flatMap { rows, columns in
      [[Scalar](repeating: 0, count: rows * columns), [Scalar](repeating: 0, count: columns)]
    }
  }

  /// The layers as they stand on each other; throws `noLayers` or `doesNotFit`.
  static func layers(_ descriptions: [LayerDescription], on input: FeatureShape) throws(NetworkError) -> [Layer] {
    guard !descriptions.isEmpty else { throw .noLayers }
    var layers: [Layer] = [], shape = input
    for (index, description) in descriptions.enumerated() {
      let layer = try Layer(description, on: shape, below: layers.last, number: index + 1)
      layers.append(layer)
      shape = layer.output
    }
    return layers
  }

  /// A network with random weights and biases zero: normal with variance 2 / n_in below a rectifier (He et al., ICCV 2015),
  /// 2 / (n_in + n_out) otherwise (Glorot, Bengio, AISTATS 2010), n_in inputs of one output. Row r of layer l draws from
  /// the place (replica 0, step l, site r, `.weights`).
  public init(input: FeatureShape, _ descriptions: [LayerDescription], from streams: some Streams) throws(NetworkError) {
    try self.init(input: input, descriptions)
    for (index, layer) in layers.enumerated() {
      guard let (rows, columns) = layer.weightShape, let block = firstBlock(of: index) else { continue }
      // Each output of a convolution goes to as many inputs as a window has pixels, over all filters.
      var outputs = columns
      if case .convolution(let convolution) = layer { outputs *= convolution.kernelHeight * convolution.kernelWidth }
      let variance = layer.activation == .relu ? 2 / Double(rows) : 2 / Double(rows + outputs), deviation = variance.squareRoot()
      for row in 0..<rows {
        var generator = streams.generator(replica: 0, step: UInt64(index), site: row, purpose: .weights)
        for column in 0..<columns { parameters[block][row * columns + column] = Scalar(deviation * generator.normal()) }
      }
    }
  }

  /// What leaves.
  public var output: FeatureShape { layers[layers.count - 1].output }
  /// The block of layer `index`'s W (b is the next one), nil for a layer without parameters.
  public func firstBlock(of index: Int) -> Int? {
    guard layers[index].weightShape != nil else { return nil }
    return 2 * layers[..<index].count { $0.weightShape != nil }
  }
  /// The number of all parameters.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.count } }
  /// Floating-point operations of one sample forward.
  public var operations: Double { layers.reduce(0) { $0 + $1.operations } }

  public var blockCount: Int { parameters.count }
  public func role(of index: Int) -> BlockRole { index % 2 == 0 ? .weights : .biases }
  public subscript(block index: Int) -> [Scalar] {
    get { parameters[index] }
    _modify { yield &parameters[index] }
  }

  /// The same network in another precision.
  public func converted<Other: NetworkScalar>(to type: Other.Type) -> Network<Other> {
    guard var other = try? Network<Other>(input: input, descriptions) else { preconditionFailure("what was built once can be built") }
    other.parameters = parameters.map { $0.map { Other($0) } }
    return other
  }
}

/// A direction in the space of a network's parameters.
public struct NetworkDirection<Scalar: NetworkScalar>: Sendable, Equatable, Blocks {
  /// One for each of the network's blocks.
  public var blocks: [[Scalar]]
  /// Zeros of a network's shape.
  public init(like network: Network<Scalar>) { blocks = network.parameters.map { [Scalar](repeating: 0, count: $0.count) } }
  public var blockCount: Int { blocks.count }
  public func role(of index: Int) -> BlockRole { index % 2 == 0 ? .weights : .biases }
  public subscript(block index: Int) -> [Scalar] {
    get { blocks[index] }
    _modify { yield &blocks[index] }
  }
}
