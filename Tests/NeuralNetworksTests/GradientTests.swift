import GradientFlows
import Laws
import NeuralNetworks
import RandomStreams
import Testing

/// One layer or stack, on a grid of 6 x 5 pixels with 2 channels.
private let stacks: [[String]] = [
  ["dense 3"], ["dense 4 tanh", "dense 3"], ["dense 5 sigmoid", "dense 3 sigmoid"], ["dense 6 relu", "dense 3"],
  ["convolution 3x2x3", "flatten", "dense 3"], ["convolution 3x2x3 padding 1 tanh", "dense 3"],
  ["convolution 2x2x4 relu", "max-pool 2", "dense 3"], ["max-pool 2", "dense 3 tanh"],
  ["convolution 3x3x3 tanh", "convolution 2x2x2 sigmoid", "max-pool 2", "flatten", "dense 3"],
  ["dropout 0.4", "dense 4 tanh", "dropout 0.5", "dense 3"], ["convolution 2x2x3 tanh", "dropout 0.3", "max-pool 2", "dense 3"],
  ["dense 6", "bottleneck", "dense 3"], ["dense 5 tanh", "dense 8", "bottleneck", "dropout 0.3", "dense 3"], ["dense 6", "bottleneck"],
]
/// What a nat of a bottleneck's rate costs here.
private let price = 0.3

struct GradientTests {
  @Test(
    "The gradient of every layer and loss is met by central differences to second order in their width", arguments: stacks, Loss.allCases)
  func order(layers: [String], loss: Loss) throws {
    if loss == .crossEntropy, layers.last!.split(separator: " ").count > 2 { return }
    let shape = FeatureShape(height: 6, width: 5, channels: 2), start = try network(shape, layers)
    for values in loss == .squaredError ? [false, true] : [false] {
      let data = samples(4, shape, classes: 3, values: values)
      let (_, gradient) = try start.lossGradient(on: data, loss, ratePrice: price)
      var random = numbers(3)
      let count = start.parameterCount
      let directions = (0..<6).map { _ in (0..<count).map { _ in 2 * random.uniform() - 1 } }
      try gradientLaw(
        at: start.parameters.flatMap { $0 }, gradient: gradient.blocks.flatMap { $0 }, directions: directions, step: 0x1p-13
      ) { point in
        var moved = start, next = 0
        for block in 0..<moved.blockCount {
          let length = moved.parameters[block].count
          moved.parameters[block] = Array(point[next..<next + length])
          next += length
        }
        return try moved.lossGradient(on: data, loss, ratePrice: price).loss
      }
    }
  }

  @Test("A gradient with one wrong component is found by the law")
  func lawCanFail() throws {
    let shape = FeatureShape.vector(4), start = try network(shape, ["dense 3 tanh"]), data = samples(3, shape, classes: 3)
    var gradient = try start.lossGradient(on: data, .squaredError).gradient.blocks.flatMap { $0 }
    gradient[5] += 1e-6
    #expect(throws: LawViolation.self) {
      try gradientLaw(
        at: start.parameters.flatMap { $0 }, gradient: gradient, directions: [[Double](repeating: 1, count: 15)], step: 0x1p-11
      ) { point in
        var moved = start
        moved.parameters = [Array(point[..<12]), Array(point[12...])]
        return try moved.lossGradient(on: data, .squaredError).loss
      }
    }
  }

  @Test("Single precision, through the vector kernels, agrees with double to rounding", arguments: stacks)
  func precisions(layers: [String]) throws {
    let shape = FeatureShape(height: 6, width: 5, channels: 2), exact = try network(shape, layers), data = samples(37, shape, classes: 3)
    let (loss, gradient) = try exact.lossGradient(on: data, .squaredError)
    let (found, single) = try exact.converted(to: Float.self).lossGradient(on: data, .squaredError)
    #expect(abs(loss - found) < 1e-6)
    for (a, b) in zip(gradient.blocks.joined(), single.blocks.joined()) { #expect(abs(a - Double(b)) < 2e-6) }
  }

  @Test(
    "Wide layers, with tails of rows and columns of every kind, agree with double precision",
    arguments: [
      ["dense 45 relu", "dense 33 tanh", "dense 70 sigmoid", "dense 3"],
      ["convolution 3x3x40 padding 1 relu", "max-pool 3", "convolution 2x2x33 tanh", "dense 3"],
    ])
  func tails(layers: [String]) throws {
    let shape = FeatureShape(height: 9, width: 7, channels: 3), exact = try network(shape, layers), data = samples(11, shape, classes: 3)
    let (_, gradient) = try exact.lossGradient(on: data, .crossEntropy)
    let (_, single) = try exact.converted(to: Float.self).lossGradient(on: data, .crossEntropy)
    let largest = gradient.blocks.joined().reduce(0) { max($0, abs($1)) }
    for (a, b) in zip(gradient.blocks.joined(), single.blocks.joined()) { #expect(abs(a - Double(b)) < 1e-5 * max(1, largest)) }
  }

  @Test("A convolution is the product of W with all windows copied out", arguments: [0, 1, 2])
  func unfolded(padding: Int) throws {
    let shape = FeatureShape(height: 7, width: 6, channels: 3)
    let direct = try network(shape, ["convolution 3x4x5 padding \(padding)"]), data = samples(1, shape, classes: 2)
    let expected = unfoldedConvolution(
      data.features.map(Double.init), shape, kernel: (3, 4), padding: padding, weights: direct.parameters[0], bias: direct.parameters[1])
    let found = try direct.outputs(for: data), single = try direct.converted(to: Float.self).outputs(for: data)
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-13) }
    for (a, b) in zip(single, expected) { #expect(abs(Double(a) - b) < 1e-6) }
  }

  @Test("Max-pooling leaves out the pixels that fill no window")
  func poolingEdge() throws {
    let shape = FeatureShape(height: 3, width: 5, channels: 1), pool = try Network<Float>(input: shape, [.maxPooling(2)])
    let data = SampleSet(shape: shape, features: [1, 2, 3, 4, 9, 5, 0, -1, 7, 9, 9, 9, 9, 9, 9], targets: .classes([0], of: 2))
    #expect(try pool.outputs(for: data) == [5, 7])
  }
}
