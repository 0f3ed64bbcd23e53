public import GradientFlows
public import LinearAlgebra
public import RandomStreams

/// A small dense network with ReLU between its layers and a linear end: one side of a critic.
///
/// Weights are `[in, out]` of each layer, then its biases, as blocks. Single precision; products by BLAS, on one rank.
public struct Perceptron: Space, Sendable, Equatable {
  /// The widths of all layers, the input's first.
  public let widths: [Int]
  /// Weights and biases of the layers, in turn.
  var blocks: [[Float]]

  /// Weights of variance 2/in, a tenth of that in the last layer, or none there at all; biases zero.
  public init(widths: [Int], silentEnd: Bool, from streams: KeyedStreams, replica: Int) {
    precondition(widths.count >= 2 && widths.allSatisfy { $0 > 0 }, "an input and an output")
    self.widths = widths
    blocks = []
    for layer in 1..<widths.count {
      var draws = streams.series(replica: replica, step: 0, site: layer, purpose: .weights)
      let isLast = layer == widths.count - 1
      let scale = ((isLast ? (silentEnd ? 0 : 0.2) : 2) / Double(widths[layer - 1])).squareRoot()
      blocks.append((0..<widths[layer - 1] * widths[layer]).map { _ in Float(scale * draws.normal()) })
      blocks.append([Float](repeating: 0, count: widths[layer]))
    }
  }
  public var blockCount: Int { blocks.count }
  public func role(of index: Int) -> BlockRole { index % 2 == 0 ? .weights : .biases }
  public subscript(block index: Int) -> [Float] {
    get { blocks[index] }
    _modify { yield &blocks[index] }
  }

  /// The values of all layers for `input: [rows, widths[0]]`, the input's first.
  func forward(_ input: [Float], rows: Int) -> [[Float]] {
    var layers = [input]
    for layer in 1..<widths.count {
      let width = widths[layer], bias = blocks[2 * layer - 1]
      var next = [Float](repeating: 0, count: rows * width)
      Linear.multiply(layers[layer - 1], blocks[2 * layer - 2], rows: rows, inner: widths[layer - 1], columns: width, into: &next)
      let isLast = layer == widths.count - 1
      unsafe next.withUnsafeMutableBufferPointer { next in
        unsafe bias.withUnsafeBufferPointer { bias in
          for row in 0..<rows {
            for k in 0..<width {
              let value = unsafe next[row &* width &+ k] + bias[k]
              unsafe next[row &* width &+ k] = isLast || value > 0 ? value : 0
            }
          }
        }
      }
      layers.append(next)
    }
    return layers
  }

  /// The gradient of something whose derivative by the output is `slope: [rows, last width]`, into `gradient`'s blocks.
  func backward(_ layers: [[Float]], slope: [Float], rows: Int, into gradient: inout Perceptron) {
    var slope = slope
    for layer in (1..<widths.count).reversed() {
      let width = widths[layer], inner = widths[layer - 1]
      Linear.multiply(
        layers[layer - 1], transposed: true, slope, rows: inner, inner: rows, columns: width, into: &gradient.blocks[2 * layer - 2])
      var sums = [Float](repeating: 0, count: width)
      for row in 0..<rows { for k in 0..<width { sums[k] += slope[row &* width &+ k] } }
      gradient.blocks[2 * layer - 1] = sums
      guard layer > 1 else { break }
      var below = [Float](repeating: 0, count: rows * inner)
      Linear.multiply(
        slope, transposed: false, blocks[2 * layer - 2], transposed: true, rows: rows, inner: width, columns: inner, into: &below)
      let values = layers[layer - 1]
      unsafe below.withUnsafeMutableBufferPointer { below in
        unsafe values.withUnsafeBufferPointer { values in
          for k in 0..<below.count { unsafe below[k] = values[k] > 0 ? below[k] : 0 }
        }
      }
      slope = below
    }
  }
}
