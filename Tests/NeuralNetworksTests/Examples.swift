import LinearAlgebra
import NeuralNetworks
import RandomStreams

/// A stream of numbers for a test.
func numbers(_ seed: UInt64) -> CounterGenerator {
  KeyedStreams(StreamKey(high: seed, low: 77)).generator(replica: 0, step: 0, site: 0, purpose: .initial)
}

/// Random samples with random classes or targets.
func samples(_ count: Int, _ shape: FeatureShape, classes: Int, values: Bool = false, seed: UInt64 = 1) -> SampleSet {
  var random = numbers(seed)
  let features = (0..<count * shape.count).map { _ in Float(2 * random.uniform() - 1) }
  let targets: SampleSet.Targets =
    values
    ? .values((0..<count * classes).map { _ in Float(random.uniform()) }, width: classes)
    : .classes((0..<count).map { _ in random.index(below: classes) }, of: classes)
  return SampleSet(shape: shape, features: features, targets: targets)
}

/// A network of random weights and biases.
func network(_ shape: FeatureShape, _ layers: [String], seed: UInt64 = 1) throws -> Network<Double> {
  var network = try Network<Double>(
    input: shape, layers.map { try LayerDescription($0) }, from: KeyedStreams(StreamKey(high: seed, low: 5)))
  var random = numbers(seed + 100)
  for block in stride(from: 1, to: network.blockCount, by: 2) {
    for k in network.parameters[block].indices { network.parameters[block][k] = 0.3 * (2 * random.uniform() - 1) }
  }
  return network
}

/// The oracle of a convolution: every window copied into a row of a matrix, which is multiplied with W by BLAS.
func unfoldedConvolution(
  _ x: [Double], _ shape: FeatureShape, kernel: (height: Int, width: Int), padding: Int, weights: [Double], bias: [Double]
) -> [Double] {
  let height = shape.height + 2 * padding - kernel.height + 1, width = shape.width + 2 * padding - kernel.width + 1
  let window = kernel.height * kernel.width * shape.channels
  var rows: [Double] = []
  for i in 0..<height {
    for j in 0..<width {
      for k in 0..<kernel.height {
        for l in 0..<kernel.width {
          let y = i + k - padding, x0 = j + l - padding
          for c in 0..<shape.channels {
            let inside = (0..<shape.height).contains(y) && (0..<shape.width).contains(x0)
            rows.append(inside ? x[(y * shape.width + x0) * shape.channels + c] : 0)
          }
        }
      }
    }
  }
  var result = (0..<height * width).flatMap { _ in bias }
  Linear.multiply(rows, weights, rows: height * width, inner: window, columns: bias.count, beta: 1, into: &result)
  return result
}
