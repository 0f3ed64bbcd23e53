import LinearAlgebra
import MessagePassing

/// A layer y = f(x * W + b): `channels` filters of `kernelHeight` x `kernelWidth` pixels slid over the input in steps of one
/// pixel, as cross-correlation, with `padding` pixels of zeros around the input:
///
///     y[i, j, n] = f(b_n + sum_{k, l, c} x[i + k - padding, j + l - padding, c] W[k, l, c, n])
///
/// `weights: [kernelHeight][kernelWidth][input channels][channels]`, `bias: [channels]`.
public struct Convolution: Sendable, Equatable {
  /// What enters, the window, the zeros around the input, how many filters, and f.
  public let input: FeatureShape, kernelHeight: Int, kernelWidth: Int, padding: Int, channels: Int, activation: Activation

  /// What leaves.
  public var output: FeatureShape {
    FeatureShape(
      height: input.height + 2 * padding - kernelHeight + 1, width: input.width + 2 * padding - kernelWidth + 1, channels: channels)
  }
  /// Inputs of one output: the rows of W.
  public var window: Int { kernelHeight * kernelWidth * input.channels }
  private var paddedWidth: Int { input.width + 2 * padding }
  private var paddedHeight: Int { input.height + 2 * padding }
  /// Zeros around delta so that the way down is a convolution of the same kind.
  private var rim: (height: Int, width: Int) { (kernelHeight - 1 - padding, kernelWidth - 1 - padding) }

  var packedCounts: (up: Int, down: Int) {
    (
      TileProduct.packedCount(rows: window, columns: channels),
      TileProduct.packedCount(rows: kernelHeight * kernelWidth * channels, columns: input.channels)
    )
  }
  /// Floats of one padded input, and of one padded delta.
  var paddedCounts: (up: Int, down: Int) {
    (
      padding == 0 ? 0 : paddedHeight * paddedWidth * input.channels,
      (input.height + kernelHeight - 1) * (input.width + kernelWidth - 1) * channels
    )
  }

  /// W in panels for the way up; for the way down its channels exchanged and its window turned round.
  func prepare<Scalar: NetworkScalar>(_ weights: [Scalar], _ memory: ParameterMemory<Scalar>, downward: Bool) {
    let pixels = kernelHeight * kernelWidth, area = input.channels * channels
    unsafe weights.withUnsafeBufferPointer { w in
      guard let w = w.baseAddress else { return }
      unsafe LayerProduct.pack(w, rows: window, columns: channels, stride: channels, into: memory.upward.start)
      guard downward else { return }
      var turned = [Scalar](repeating: 0, count: pixels * area)
      unsafe turned.withUnsafeMutableBufferPointer { turned in
        guard let turned = turned.baseAddress else { return }
        for pixel in 0..<pixels {
          unsafe Transpose.dense(w + (pixels - 1 - pixel) * area, rows: input.channels, columns: channels, into: turned + pixel * area)
        }
        unsafe LayerProduct.pack(
          turned, rows: pixels * channels, columns: input.channels, stride: input.channels, into: memory.downward.start)
      }
    }
  }

  /// y of one sample.
  func forward<Scalar: NetworkScalar>(
    _ x: UnsafePointer<Scalar>, bias: UnsafePointer<Scalar>, _ memory: ParameterMemory<Scalar>, into y: UnsafeMutablePointer<Scalar>
  ) {
    let x = unsafe padded(x, memory), output = output, row = paddedWidth * input.channels
    let steps = TileProduct.Steps(
      outer: kernelHeight, inner: kernelWidth * input.channels, line: input.channels, aOuter: row, aInner: 1,
      bOuter: kernelWidth * input.channels * 32)
    for i in 0..<output.height {
      unsafe LayerProduct.multiply(
        rows: output.width, columns: channels, x + i * row, memory.upward.start, panelStride: window * 32, steps,
        .activate(activation, bias: bias), into: y + i * output.width * channels, rowStride: channels)
    }
  }

  /// The derivative of the loss by what entered the activation `below`, whose values are x, from `delta`, the derivative by
  /// what entered this layer's; one sample.
  func backward<Scalar: NetworkScalar>(
    _ delta: UnsafePointer<Scalar>, below: Activation, at x: UnsafePointer<Scalar>, _ memory: ParameterMemory<Scalar>,
    into result: UnsafeMutablePointer<Scalar>
  ) {
    let output = output, width = input.width + kernelWidth - 1, row = width * channels
    for i in 0..<output.height {
      unsafe (memory.paddedDelta.start + ((i + rim.height) * width + rim.width) * channels)
        .update(from: delta + i * output.width * channels, count: output.width * channels)
    }
    let steps = TileProduct.Steps(
      outer: kernelHeight, inner: kernelWidth * channels, line: channels, aOuter: row, aInner: 1, bOuter: kernelWidth * channels * 32)
    let length = input.width * input.channels
    for i in 0..<input.height {
      unsafe LayerProduct.multiply(
        rows: input.width, columns: input.channels, memory.paddedDelta.start + i * row, memory.downward.start,
        panelStride: kernelHeight * kernelWidth * channels * 32, steps, .slope(below, at: x + i * length), into: result + i * length,
        rowStride: input.channels)
    }
  }

  /// Adds one sample's derivatives by W and b to `sums: [window][channels]` and the `[channels]` behind it.
  func addGradient<Scalar: NetworkScalar>(
    _ x: UnsafePointer<Scalar>, _ delta: UnsafePointer<Scalar>, _ memory: ParameterMemory<Scalar>, to sums: UnsafeMutablePointer<Scalar>
  ) {
    let x = unsafe padded(x, memory), output = output, line = kernelWidth * input.channels
    // Pixels of the output are the steps of the sum: B is delta itself.
    let steps = TileProduct.Steps(
      outer: output.height, inner: output.width, line: 1, aOuter: paddedWidth * input.channels, aInner: input.channels,
      bOuter: output.width * channels, bInner: channels)
    for k in 0..<kernelHeight {
      unsafe LayerProduct.multiply(
        rows: line, columns: channels, x + k * paddedWidth * input.channels, delta, panelStride: 32, steps, .add,
        into: sums + k * line * channels, rowStride: channels)
    }
    let bias = unsafe sums + window * channels
    for pixel in 0..<output.height * output.width { unsafe Scalar.add(bias, delta + pixel * channels, into: bias, count: channels) }
  }

  /// x with zeros around it.
  private func padded<Scalar: NetworkScalar>(_ x: UnsafePointer<Scalar>, _ memory: ParameterMemory<Scalar>) -> UnsafePointer<Scalar> {
    if padding == 0 { return unsafe x }
    let length = input.width * input.channels
    for i in 0..<input.height {
      unsafe (memory.paddedInput.start + ((i + padding) * paddedWidth + padding) * input.channels).update(
        from: x + i * length, count: length)
    }
    return unsafe UnsafePointer(memory.paddedInput.start)
  }
}

/// What a layer with parameters needs beside them: its weights in panels, and padded samples.
final class ParameterMemory<Scalar: NetworkScalar> {
  let upward: LayerMemory<Scalar>, downward: LayerMemory<Scalar>
  let paddedInput: LayerMemory<Scalar>, paddedDelta: LayerMemory<Scalar>
  init(packed: (up: Int, down: Int), padded: (up: Int, down: Int) = (0, 0)) {
    upward = LayerMemory(packed.up)
    downward = LayerMemory(packed.down)
    paddedInput = LayerMemory(padded.up)
    paddedDelta = LayerMemory(padded.down)
  }
}
