internal import Glibc
public import GradientFlows
public import LinearAlgebra
public import MessagePassing
public import RandomStreams

/// One hidden layer of N erf units, in the parametrization whose limit of infinite width is a field theory also under gradient
/// descent: f(x) = N^(-1/2) sum_i v_i erf(b_i + w_i.x / sqrt d), all parameters N(0, 1) at first.
///
/// A type of its own, and no network of NeuralNetworks: there weights carry their scale and gradient descent moves them at one
/// rate, here N^(-1/2) and d^(-1/2) stand before parameters of order one, which is what keeps the tangent kernel.
public struct ShallowNetwork: Space, Equatable {
  /// N and d.
  public let width: Int, inputs: Int
  /// w with b behind each row: `[width, inputs + 1]`; v: `[width]`.
  public private(set) var blocks: [[Double]]

  /// Network number `replica`; its parameters depend on nothing else but the streams.
  public init(width: Int, inputs: Int, replica: Int, streams: some Streams) {
    precondition(width > 0 && inputs > 0, "a network has units and inputs")
    self.width = width
    self.inputs = inputs
    blocks = [[], []]
    var generator = streams.generator(replica: replica, step: 0, site: 0, purpose: .initial)
    for (block, count) in [(0, width * (inputs + 1)), (1, width)] {
      while blocks[block].count < count {
        let (a, b) = generator.normalPair()
        blocks[block].append(a)
        if blocks[block].count < count { blocks[block].append(b) }
      }
    }
  }
  /// Memory of the shape of `network`.
  init(like network: ShallowNetwork) {
    width = network.width
    inputs = network.inputs
    blocks = network.blocks.map { [Double](repeating: 0, count: $0.count) }
  }

  public var blockCount: Int { 2 }
  public func role(of index: Int) -> BlockRole { .weights }
  public subscript(block index: Int) -> [Double] {
    get { blocks[index] }
    _modify { yield &blocks[index] }
  }

  /// The preactivation of a unit.
  func preactivation(_ unit: Int, _ x: [Double]) -> Double {
    let row = unit * (inputs + 1), scale = 1 / Double(inputs).squareRoot()
    var sum = 0.0
    for k in 0..<inputs { sum += blocks[0][row + k] * x[k] }
    return sum * scale + blocks[0][row + inputs]
  }
  /// f(x).
  public func callAsFunction(_ x: [Double]) -> Double {
    var sum = 0.0
    for unit in 0..<width { sum += blocks[1][unit] * Glibc.erf(preactivation(unit, x)) }
    return sum / Double(width).squareRoot()
  }
}

/// Minus the gradient of the squared loss (1/2) sum_p (f(x_p) - y_p)^2 of a shallow network over all its data.
public struct SquaredLoss: Functional {
  /// The inputs and targets.
  public let inputs: [[Double]], targets: [Double]
  /// As many inputs as targets.
  public init(inputs: [[Double]], targets: [Double]) {
    precondition(inputs.count == targets.count, "a target for each input")
    self.inputs = inputs
    self.targets = targets
  }

  /// Memory for the direction at a network like this one.
  public func direction(for network: ShallowNetwork) -> ShallowNetwork { ShallowNetwork(like: network) }
  public func value(at point: ShallowNetwork) -> Double {
    zip(inputs, targets).reduce(0) { sum, pair in
      let error = point(pair.0) - pair.1
      return sum + 0.5 * error * error
    }
  }
  /// A network is small: each rank computes the whole direction, without messages.
  public mutating func direction(
    at point: ShallowNetwork, step: UInt64, on team: borrowing some Communicator & ~Copyable, into direction: inout ShallowNetwork
  ) throws(MessagePassingError) {
    let count = inputs.count, width = point.width, size = point.inputs + 1
    let norm = 1 / Double(width).squareRoot(), scale = 1 / Double(point.inputs).squareRoot(), weights = point.blocks[0],
      outputs = point.blocks[1]
    var places = [Double](repeating: 0, count: width * count), units = places, errors = targets.map { -$0 }
    for unit in 0..<width {
      for p in 0..<count {
        let z = point.preactivation(unit, inputs[p]), h = Glibc.erf(z)
        places[unit * count + p] = z
        units[unit * count + p] = h
        errors[p] += norm * outputs[unit] * h
      }
    }
    var toWeights = [Double](repeating: 0, count: weights.count), toOutputs = [Double](repeating: 0, count: width)
    for unit in 0..<width {
      for p in 0..<count {
        let z = places[unit * count + p], slope = 2 / Double.pi.squareRoot() * Glibc.exp(-z * z)
        toOutputs[unit] -= norm * errors[p] * units[unit * count + p]
        let back = -norm * errors[p] * outputs[unit] * slope
        for k in 0..<point.inputs { toWeights[unit * size + k] += back * scale * inputs[p][k] }
        toWeights[unit * size + point.inputs] += back
      }
    }
    direction[block: 0] = toWeights
    direction[block: 1] = toOutputs
  }
}
