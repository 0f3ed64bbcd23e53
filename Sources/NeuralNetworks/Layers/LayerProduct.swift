public import Archives
public import LinearAlgebra
public import MessagePassing

/// The precisions that networks have: single to train, double to check.
public protocol NetworkScalar: DenseScalar, ArchiveElement, ShardScalar {}
extension Float: NetworkScalar {}
extension Double: NetworkScalar {}

/// Memory of a kernel, zeros at first and freed with its owner; a panel's width may be read past its end.
@safe final class LayerMemory<Scalar: NetworkScalar> {
  let start: UnsafeMutablePointer<Scalar>
  let count: Int
  init(_ count: Int) {
    self.count = count
    let size = (count + 64) * MemoryLayout<Scalar>.stride
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
    unsafe start = bytes.bindMemory(to: Scalar.self, capacity: count + 64)
    unsafe start.initialize(repeating: 0, count: count + 64)
  }
  deinit { unsafe start.deallocate() }
}

/// The products under dense and convolutional layers with what follows fused in. Single precision goes through
/// `TileProduct`; double precision, which only checks, through plain loops with the same order of additions.
enum LayerProduct<Scalar: NetworkScalar> {
  /// What becomes of the sums s of a row: y = f(s + bias), s f'(x) with x the value standing at the same place of `at`,
  /// or C + s.
  @unsafe enum Epilogue {
    case activate(Activation, bias: UnsafePointer<Scalar>)
    case slope(Activation, at: UnsafePointer<Scalar>)
    case add
  }

  /// C[r, c] for `rows` rows and `columns` columns: row r at `c + r * rowStride`; columns 32 p ... of B in the panel that
  /// begins at `b + p * panelStride`.
  static func multiply(
    rows: Int, columns: Int, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, panelStride: Int, _ steps: TileProduct.Steps,
    _ epilogue: Epilogue, into c: UnsafeMutablePointer<Scalar>, rowStride: Int
  ) {
    guard Scalar.self == Float.self else {
      return unsafe plain(rows, columns, a, b, panelStride, steps, epilogue, c, rowStride)
    }
    let a = unsafe floats(a), b = unsafe floats(b), c = unsafe UnsafeMutablePointer(mutating: floats(c))
    let place = unsafe Place(rows: rows, columns: columns, a: a, b: b, panelStride: panelStride, steps: steps, c: c, rowStride: rowStride)
    switch unsafe epilogue {
    case .activate(let activation, let bias):
      let bias = unsafe floats(bias)
      switch activation {
      case .identity: unsafe place.activate(IdentityLanes.self, bias)
      case .relu: unsafe place.activate(RectifiedLanes.self, bias)
      case .tanh: unsafe place.activate(HyperbolicLanes.self, bias)
      case .sigmoid: unsafe place.activate(LogisticLanes.self, bias)
      }
    case .slope(let activation, let y):
      let y = unsafe floats(y)
      switch activation {
      case .identity: unsafe place.slope(IdentityLanes.self, y)
      case .relu: unsafe place.slope(RectifiedLanes.self, y)
      case .tanh: unsafe place.slope(HyperbolicLanes.self, y)
      case .sigmoid: unsafe place.slope(LogisticLanes.self, y)
      }
    case .add: unsafe place.add()
    }
  }

  @inline(__always) static func floats(_ pointer: UnsafePointer<Scalar>) -> UnsafePointer<Float> {
    unsafe UnsafeRawPointer(pointer).assumingMemoryBound(to: Float.self)
  }

  private static func plain(
    _ rows: Int, _ columns: Int, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ panelStride: Int,
    _ steps: TileProduct.Steps, _ epilogue: Epilogue, _ c: UnsafeMutablePointer<Scalar>, _ rowStride: Int
  ) {
    for row in 0..<rows {
      for column in 0..<columns {
        var sum: Scalar = 0
        for outer in 0..<steps.outer {
          for inner in 0..<steps.inner {
            let x = unsafe a[row * steps.line + outer * steps.aOuter + inner * steps.aInner]
            let w = unsafe b[column / 32 * panelStride + outer * steps.bOuter + inner * steps.bInner + column % 32]
            sum.addProduct(x, w)
          }
        }
        let place = row * rowStride + column
        switch unsafe epilogue {
        case .activate(let activation, let bias): unsafe c[place] = Scalar(activation(Double(sum + bias[column])))
        case .slope(let activation, let y): unsafe c[place] = sum * Scalar(activation.slope(at: Double(y[place])))
        case .add: unsafe c[place] += sum
        }
      }
    }
  }

  /// Panels of `matrix: [rows, columns]`, see `TileProduct.pack`.
  static func pack(_ matrix: UnsafePointer<Scalar>, rows: Int, columns: Int, stride: Int, into panels: UnsafeMutablePointer<Scalar>) {
    if Scalar.self == Float.self {
      return unsafe TileProduct.pack(
        floats(matrix), rows: rows, columns: columns, stride: stride, into: UnsafeMutablePointer(mutating: floats(panels)))
    }
    for column in 0..<(columns + 31) / 32 * 32 {
      for row in 0..<rows {
        unsafe panels[(column / 32 * rows + row) * 32 + column % 32] = column < columns ? matrix[row * stride + column] : 0
      }
    }
  }

  /// Panels of `matrix: [rows, columns]` eight columns wide, see `TileProduct.packNarrow`.
  static func packNarrow(_ matrix: UnsafePointer<Scalar>, rows: Int, columns: Int, into panels: UnsafeMutablePointer<Scalar>) {
    if Scalar.self == Float.self {
      return unsafe TileProduct.packNarrow(
        floats(matrix), rows: rows, columns: columns, into: UnsafeMutablePointer(mutating: floats(panels)))
    }
    for column in 0..<(columns + 7) / 8 * 8 {
      for row in 0..<rows {
        unsafe panels[(column / 8 * rows + row) * 8 + column % 8] = column < columns ? matrix[row * columns + column] : 0
      }
    }
  }

  /// Panels of the transpose of `matrix: [rows, columns]`: `[rows / 32][columns][32]`.
  static func packTransposed(_ matrix: UnsafePointer<Scalar>, rows: Int, columns: Int, into panels: UnsafeMutablePointer<Scalar>) {
    for panel in 0..<(rows + 31) / 32 {
      let width = min(32, rows - 32 * panel), to = unsafe panels + panel * columns * 32, from = unsafe matrix + panel * 32 * columns
      if width == 32 {
        unsafe Transpose.dense(from, rows: 32, columns: columns, into: to)
      } else {
        for c in 0..<columns { for r in 0..<32 { unsafe to[c * 32 + r] = r < width ? from[r * columns + c] : 0 } }
      }
    }
  }
}

/// One product in single precision.
@unsafe private struct Place {
  let rows: Int, columns: Int
  let a: UnsafePointer<Float>, b: UnsafePointer<Float>, panelStride: Int, steps: TileProduct.Steps
  let c: UnsafeMutablePointer<Float>, rowStride: Int

  @inline(never) func activate<F: ActivationLanes>(_ function: F.Type, _ bias: UnsafePointer<Float>) {
    for column in unsafe stride(from: 0, to: columns, by: 32) {
      let width = unsafe min(32, columns - column), c = unsafe c + column
      let low = unsafe load(bias + column, width), high = unsafe load(bias + column + 16, width - 16)
      if width == 32 {
        unsafe multiply(column, Activated<F>(c: c, stride: rowStride, low: low, high: high))
      } else {
        unsafe multiply(column, ActivatedPart<F>(c: c, stride: rowStride, low: low, high: high, width: width))
      }
    }
  }

  @inline(never) func slope<F: ActivationLanes>(_ function: F.Type, _ values: UnsafePointer<Float>) {
    for column in unsafe stride(from: 0, to: columns, by: 32) {
      let width = unsafe min(32, columns - column), c = unsafe c + column, values = unsafe values + column
      if width == 32 {
        unsafe multiply(column, Sloped<F>(c: c, values: values, stride: rowStride))
      } else {
        unsafe multiply(column, SlopedPart<F>(c: c, values: values, stride: rowStride, width: width))
      }
    }
  }

  @inline(never) func add() {
    for column in unsafe stride(from: 0, to: columns, by: 32) {
      let width = unsafe min(32, columns - column), c = unsafe c + column
      if width == 32 {
        unsafe multiply(column, Added(c: c, stride: rowStride))
      } else {
        unsafe multiply(column, AddedPart(c: c, stride: rowStride, width: width))
      }
    }
  }

  @inline(__always) private func multiply(_ column: Int, _ store: some RowStore) {
    unsafe TileProduct.multiply(rows: rows, a, b + column / 32 * panelStride, steps, store: store)
  }
}

// What becomes of a row's sums: in whole panels, and in a last one of `width` columns.

@unsafe private struct Activated<F: ActivationLanes>: @unsafe RowStore {
  let c: UnsafeMutablePointer<Float>, stride: Int, low: SIMD16<Float>, high: SIMD16<Float>
  @inline(__always) func take(_ row: Int, _ x: SIMD16<Float>, _ y: SIMD16<Float>) {
    let to = unsafe c + row &* stride
    unsafe storeLanes(F.value(x + low), to)
    unsafe storeLanes(F.value(y + high), to + 16)
  }
}
@unsafe private struct ActivatedPart<F: ActivationLanes>: @unsafe RowStore {
  let c: UnsafeMutablePointer<Float>, stride: Int, low: SIMD16<Float>, high: SIMD16<Float>, width: Int
  @inline(__always) func take(_ row: Int, _ x: SIMD16<Float>, _ y: SIMD16<Float>) {
    unsafe store(F.value(x + low), F.value(y + high), c + row &* stride, width)
  }
}
@unsafe private struct Sloped<F: ActivationLanes>: @unsafe RowStore {
  let c: UnsafeMutablePointer<Float>, values: UnsafePointer<Float>, stride: Int
  @inline(__always) func take(_ row: Int, _ x: SIMD16<Float>, _ y: SIMD16<Float>) {
    let at = unsafe values + row &* stride, to = unsafe c + row &* stride
    unsafe storeLanes(F.scaled(x, at: loadLanes(at)), to)
    unsafe storeLanes(F.scaled(y, at: loadLanes(at + 16)), to + 16)
  }
}
@unsafe private struct SlopedPart<F: ActivationLanes>: @unsafe RowStore {
  let c: UnsafeMutablePointer<Float>, values: UnsafePointer<Float>, stride: Int, width: Int
  @inline(__always) func take(_ row: Int, _ x: SIMD16<Float>, _ y: SIMD16<Float>) {
    let at = unsafe values + row &* stride
    unsafe store(F.scaled(x, at: load(at, width)), F.scaled(y, at: load(at + 16, width - 16)), c + row &* stride, width)
  }
}
@unsafe private struct Added: @unsafe RowStore {
  let c: UnsafeMutablePointer<Float>, stride: Int
  @inline(__always) func take(_ row: Int, _ x: SIMD16<Float>, _ y: SIMD16<Float>) {
    let to = unsafe c + row &* stride
    unsafe storeLanes(loadLanes(to) + x, to)
    unsafe storeLanes(loadLanes(to + 16) + y, to + 16)
  }
}
@unsafe private struct AddedPart: @unsafe RowStore {
  let c: UnsafeMutablePointer<Float>, stride: Int, width: Int
  @inline(__always) func take(_ row: Int, _ x: SIMD16<Float>, _ y: SIMD16<Float>) {
    let to = unsafe c + row &* stride
    unsafe store(load(to, width) + x, load(to + 16, width - 16) + y, to, width)
  }
}

/// The first `width` < 32 of 32 floats.
@inline(never) private func store(
  _ low: SIMD16<Float>, _ high: SIMD16<Float>, _ to: UnsafeMutablePointer<Float>, _ width: Int
) {
  unsafe storeLanes(low, to, count: min(16, width))
  if width > 16 { unsafe storeLanes(high, to + 16, count: width - 16) }
}

/// Up to sixteen floats, zeros past `width`, which may be negative.
@inline(__always) private func load(_ from: UnsafePointer<Float>, _ width: Int) -> SIMD16<Float> {
  width >= 16 ? unsafe loadLanes(from) : unsafe loadLanes(from, count: max(0, width))
}
