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
  /// subtree: `[inputs, outputs]` and behind it `[outputs]`. `packed` has room for the panels of x and of delta.
  ///
  /// A tile of 8 x 32 of the result goes through all shards while it is in registers and the first cache, so the tree
  /// costs a twentieth of the product and the result is written once.
  func gradient<Scalar: NetworkScalar>(
    _ x: UnsafePointer<Scalar>, _ delta: UnsafePointer<Scalar>, shards: Int, rowsPerShard: Int,
    packed: (x: LayerMemory<Scalar>, delta: LayerMemory<Scalar>), stack: LayerMemory<Scalar>, into sums: UnsafeMutablePointer<Scalar>
  ) {
    let rows = shards * rowsPerShard
    unsafe LayerProduct.packNarrow(x, rows: rows, columns: inputs, into: packed.x.start)
    unsafe LayerProduct.pack(delta, rows: rows, columns: outputs, stride: outputs, into: packed.delta.start)
    for column in stride(from: 0, to: outputs, by: 32) {
      let panel = unsafe packed.delta.start + column * rows, width = min(32, outputs - column)
      for input in stride(from: 0, to: inputs, by: 8) {
        let height = min(8, inputs - input), a = unsafe packed.x.start + input * rows
        let place = unsafe sums + (input * outputs + column), isWhole = height == 8 && width == 32
        var top = 0
        for shard in 0..<shards {
          // The trailing ones of the shard's number: complete subtrees of 1, 2, 4, ... leaves that this one completes. The last one
          // completes all.
          let isLast = shard == shards - 1, complete = isLast ? top : (~shard).trailingZeroBitCount
          let tile = unsafe stack.start + top * 256, rows = rowsPerShard
          unsafe outerProduct(
            a + shard * rows * 8, panel + shard * rows * 32, rows: rows, adding: complete, at: tile,
            to: isLast && isWhole ? place : tile - complete * 256, stride: isLast && isWhole ? outputs : 32)
          top += 1 - complete
        }
        if !isWhole { for row in 0..<height { unsafe (place + row * outputs).update(from: stack.start + row * 32, count: width) } }
      }
    }
    unsafe biasGradient(delta, shards: shards, rowsPerShard: rowsPerShard, rows: packed.delta, into: sums + inputs * outputs)
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

/// The sum over rows of the outer products of narrow panels, 8 x 32, plus the `adding` tiles in front of `tile`, the nearest first; its
/// rows go to `result`, `stride` elements apart.
@inline(__always) private func outerProduct<Scalar: NetworkScalar>(
  _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, rows: Int, adding: Int, at tile: UnsafePointer<Scalar>,
  to result: UnsafeMutablePointer<Scalar>, stride: Int
) {
  if Scalar.self == Float.self {
    let result = unsafe UnsafeMutablePointer(mutating: LayerProduct.floats(result))
    return unsafe floatProduct(
      LayerProduct.floats(a), LayerProduct.floats(b), rows,
      SummedTiles(tile: LayerProduct.floats(tile), adding: adding, to: result, stride: stride))
  }
  for row in 0..<8 {
    for column in 0..<32 {
      var sum: Scalar = 0
      for k in 0..<rows { unsafe sum.addProduct(a[row + k * 8], b[k * 32 + column]) }
      for level in 0..<adding { sum += unsafe tile[row * 32 + column - (level + 1) * 256] }
      unsafe result[row * stride + column] = sum
    }
  }
}

@inline(never) private func floatProduct(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ rows: Int, _ store: SummedTiles) {
  unsafe TileProduct.tile(a, b, TileProduct.Steps(inner: rows, line: 1, aInner: 8), store: store)
}

@unsafe private struct SummedTiles: @unsafe RowStore {
  let tile: UnsafePointer<Float>, adding: Int, to: UnsafeMutablePointer<Float>, stride: Int
  @inline(__always) func take(_ row: Int, _ x: SIMD16<Float>, _ y: SIMD16<Float>) {
    var low = x, high = y, at = unsafe tile + row &* 32
    for _ in unsafe 0..<adding {
      unsafe at -= 256
      low += unsafe loadLanes(at)
      high += unsafe loadLanes(at + 16)
    }
    let place = unsafe to + row &* stride
    unsafe storeLanes(low, place)
    unsafe storeLanes(high, place + 16)
  }
}
