import LinearAlgebra
import MessagePassing

/// A layer y = f(xW + b) of all inputs with all outputs, `weights: [inputs, outputs]` row-major, `bias: [outputs]`.
public struct Dense: Sendable, Equatable {
  /// Units below and above; f.
  public let inputs: Int, outputs: Int, activation: Activation

  /// W in panels for the way up, and its transpose for the way down.
  func prepare<Scalar: NetworkScalar>(_ weights: [Scalar], _ memory: ParameterMemory<Scalar>, downward: Bool) {
    unsafe weights.withUnsafeBufferPointer { w in
      guard let w = w.baseAddress else { return }
      unsafe LayerProduct.pack(w, rows: inputs, columns: outputs, stride: outputs, into: memory.upward.start)
      if downward { unsafe LayerProduct.packTransposed(w, rows: inputs, columns: outputs, into: memory.downward.start) }
    }
  }

  /// Floats of the panels, up and down.
  var packedCounts: (up: Int, down: Int) {
    (TileProduct.packedCount(rows: inputs, columns: outputs), TileProduct.packedCount(rows: outputs, columns: inputs))
  }

  /// y = f(xW + b) for `rows` rows: `x: [rows, inputs]`, `y: [rows, outputs]`.
  func forward<Scalar: NetworkScalar>(
    _ x: UnsafePointer<Scalar>, rows: Int, bias: UnsafePointer<Scalar>, _ memory: ParameterMemory<Scalar>,
    into y: UnsafeMutablePointer<Scalar>
  ) {
    unsafe LayerProduct.multiply(
      rows: rows, columns: outputs, x, memory.upward.start, panelStride: inputs * 32,
      TileProduct.Steps(inner: inputs, line: inputs, aInner: 1), .activate(activation, bias: bias), into: y, rowStride: outputs)
  }

  /// The derivative of the loss by what entered the activation `below`, whose values are x: (delta Wᵀ) f'(x), where
  /// `delta: [rows, outputs]` is the derivative by xW + b.
  func backward<Scalar: NetworkScalar>(
    _ delta: UnsafePointer<Scalar>, rows: Int, below: Activation, at x: UnsafePointer<Scalar>, _ memory: ParameterMemory<Scalar>,
    into result: UnsafeMutablePointer<Scalar>
  ) {
    unsafe LayerProduct.multiply(
      rows: rows, columns: inputs, delta, memory.downward.start, panelStride: outputs * 32,
      TileProduct.Steps(inner: outputs, line: outputs, aInner: 1), .slope(below, at: x), into: result, rowStride: inputs)
  }

  /// The sums over samples of xᵀ delta and of delta, by the tree over `shards` shards of `rowsPerShard` rows, leaves of one
  /// subtree: `[inputs, outputs]` and behind it `[outputs]`.
  ///
  /// A tile of 8 x 32 of the result goes through all shards while it is in registers and the first cache, so the tree
  /// costs a tenth of the product and the result is written once.
  func gradient<Scalar: NetworkScalar>(
    _ x: UnsafePointer<Scalar>, _ delta: UnsafePointer<Scalar>, shards: Int, rowsPerShard: Int, packed: LayerMemory<Scalar>,
    stack: LayerMemory<Scalar>, into sums: UnsafeMutablePointer<Scalar>
  ) {
    let rows = shards * rowsPerShard
    unsafe LayerProduct.pack(delta, rows: rows, columns: outputs, stride: outputs, into: packed.start)
    let steps = TileProduct.Steps(inner: rowsPerShard, line: 1, aInner: inputs)
    for column in stride(from: 0, to: outputs, by: 32) {
      let panel = unsafe packed.start + column * rows, width = min(32, outputs - column)
      for input in stride(from: 0, to: inputs, by: 8) {
        let height = min(8, inputs - input)
        var top = 0
        for shard in 0..<shards {
          unsafe outerProduct(
            rows: height, x + shard * rowsPerShard * inputs + input, panel + shard * rowsPerShard * 32, steps, into: stack.start + top * 256
          )
          top += 1
          // The trailing ones of the shard's number: complete subtrees of 1, 2, 4, ... leaves that this one completes.
          for _ in 0..<(~shard).trailingZeroBitCount {
            unsafe combine(stack.start + (top - 2) * 256)
            top -= 1
          }
        }
        while top > 1 {
          unsafe combine(stack.start + (top - 2) * 256)
          top -= 1
        }
        for row in 0..<height {
          unsafe (sums + ((input + row) * outputs + column)).update(from: stack.start + row * 32, count: width)
        }
      }
    }
    unsafe biasGradient(delta, shards: shards, rowsPerShard: rowsPerShard, rows: packed, into: sums + inputs * outputs)
  }

  /// The column sums of delta; `rows` is memory for `[shards, outputs]`.
  private func biasGradient<Scalar: NetworkScalar>(
    _ delta: UnsafePointer<Scalar>, shards: Int, rowsPerShard: Int, rows: LayerMemory<Scalar>, into sums: UnsafeMutablePointer<Scalar>
  ) {
    for shard in 0..<shards {
      let row = unsafe rows.start + shard * outputs
      for c in 0..<outputs { unsafe row[c] = 0 }
      for r in shard * rowsPerShard..<(shard + 1) * rowsPerShard { unsafe Scalar.add(row, delta + r * outputs, into: row, count: outputs) }
    }
    unsafe ShardTree.sum(inPlace: rows.start, count: shards, length: outputs)
    unsafe sums.update(from: rows.start, count: outputs)
  }
}

/// A tile of the sum over rows of outer products, 32 columns a row.
@inline(__always) private func outerProduct<Scalar: NetworkScalar>(
  rows: Int, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ steps: TileProduct.Steps, into tile: UnsafeMutablePointer<Scalar>
) {
  if Scalar.self == Float.self {
    unsafe floatProduct(
      rows, LayerProduct.floats(a), LayerProduct.floats(b), steps, UnsafeMutablePointer(mutating: LayerProduct.floats(tile)))
    return
  }
  for row in 0..<rows {
    for column in 0..<32 {
      var sum: Scalar = 0
      for k in 0..<steps.inner { unsafe sum.addProduct(a[row + k * steps.aInner], b[k * 32 + column]) }
      unsafe tile[row * 32 + column] = sum
    }
  }
}

@inline(never) private func floatProduct(
  _ rows: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ steps: TileProduct.Steps, _ tile: UnsafeMutablePointer<Float>
) {
  unsafe TileProduct.multiply(rows: rows, a, b, steps) { row, low, high in
    let to = unsafe tile + row &* 32
    unsafe storeLanes(low, to)
    unsafe storeLanes(high, to + 16)
  }
}

/// Adds the tile behind to this one.
@inline(__always) private func combine<Scalar: NetworkScalar>(_ tile: UnsafeMutablePointer<Scalar>) {
  unsafe Scalar.add(tile, tile + 256, into: tile, count: 256)
}
