/// Single-precision products of strided operands, 32 columns at a time, with what is done to each result fused in: the
/// kernel under dense and convolutional layers, forward and backward.
///
///     C[r, c] = sum_{o < outer} sum_{i < inner} A[r line + o aOuter + i aInner] B[o bOuter + i bInner + c],   c < 32
///
/// Each element is one chain of fused multiply-adds in the order (o, i), so it depends neither on how many rows there are
/// nor on how they are cut into tiles: bits are the same for every share of a batch. Two nested steps make a convolution
/// (rows of a kernel's window, then its columns and channels) a product without copying its windows.
///
/// Cost: an 8 x 32 tile keeps 16 sums in registers and takes two loads and eight broadcasts for 16 multiply-adds.
public enum TileProduct {
  /// Columns of a panel of B.
  @inlinable public static var columns: Int { 32 }

  /// How an operand's elements are found; strides in elements.
  public struct Steps: Sendable, Equatable {
    public var outer: Int, inner: Int
    /// From row to row of A, and from step to step of A and of B.
    public var line: Int, aOuter: Int, aInner: Int, bOuter: Int, bInner: Int
    @inlinable public init(outer: Int = 1, inner: Int, line: Int, aOuter: Int = 0, aInner: Int, bOuter: Int = 0, bInner: Int = 32) {
      self.outer = outer
      self.inner = inner
      self.line = line
      self.aOuter = aOuter
      self.aInner = aInner
      self.bOuter = bOuter
      self.bInner = bInner
    }
  }

  /// The sums of `R` rows: 32 columns of each.
  public typealias Sums<let R: Int> = InlineArray<R, InlineArray<2, SIMD16<Float>>>

  /// `R` rows from `a` on. 32 elements of B are read at each step, whatever is used of them.
  @inlinable @inline(__always)
  public static func sums<let R: Int>(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ steps: Steps) -> Sums<R> {
    var sums = Sums<R>(repeating: InlineArray(repeating: SIMD16()))
    let inner = steps.inner, line = steps.line, aInner = steps.aInner, bInner = steps.bInner
    for outer in 0..<steps.outer {
      var a = unsafe a + outer &* steps.aOuter, b = unsafe b + outer &* steps.bOuter
      for _ in 0..<inner {
        let low = unsafe loadLanes(b), high = unsafe loadLanes(b + 16)
        for row in 0..<R {
          let x = unsafe SIMD16<Float>(repeating: a[row &* line])
          sums[row][0] = sums[row][0].addingProduct(x, low)
          sums[row][1] = sums[row][1].addingProduct(x, high)
        }
        unsafe a += aInner
        unsafe b += bInner
      }
    }
    return sums
  }

  /// All of `rows` rows against one panel of B; `store` gets each row's number and its 32 columns, rows in order.
  @inlinable @inline(__always)
  public static func multiply(
    rows: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ steps: Steps,
    store: (_ row: Int, SIMD16<Float>, SIMD16<Float>) -> Void
  ) {
    var row = 0
    while row &+ 8 <= rows {
      unsafe tile(8, row, a, b, steps, store)
      row &+= 8
    }
    // Fewer rows with fewer sums: a row's chain of additions is the same in each.
    if rows & 4 != 0 {
      unsafe tile(4, row, a, b, steps, store)
      row &+= 4
    }
    if rows & 2 != 0 {
      unsafe tile(2, row, a, b, steps, store)
      row &+= 2
    }
    if rows & 1 != 0 { unsafe tile(1, row, a, b, steps, store) }
  }

  @inlinable @inline(__always)
  static func tile(
    _ count: Int, _ row: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ steps: Steps,
    _ store: (_ row: Int, SIMD16<Float>, SIMD16<Float>) -> Void
  ) {
    let start = unsafe a + row &* steps.line
    switch count {
    case 8:
      let sums: Sums<8> = unsafe sums(start, b, steps)
      for i in 0..<8 { store(row &+ i, sums[i][0], sums[i][1]) }
    case 4:
      let sums: Sums<4> = unsafe sums(start, b, steps)
      for i in 0..<4 { store(row &+ i, sums[i][0], sums[i][1]) }
    case 2:
      let sums: Sums<2> = unsafe sums(start, b, steps)
      for i in 0..<2 { store(row &+ i, sums[i][0], sums[i][1]) }
    default:
      let sums: Sums<1> = unsafe sums(start, b, steps)
      store(row, sums[0][0], sums[0][1])
    }
  }

  /// Cuts `matrix: [rows, columns]`, rows `stride` elements apart, into panels `[columns / 32][rows][32]`, the last one
  /// filled up with zeros.
  public static func pack(_ matrix: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int, into panels: UnsafeMutablePointer<Float>) {
    var column = 0, panel = unsafe panels
    while column < columns {
      let width = min(32, columns - column)
      if width == 32 {
        for row in 0..<rows {
          let from = unsafe matrix + (row &* stride &+ column), to = unsafe panel + row &* 32
          unsafe storeLanes(loadLanes(from), to)
          unsafe storeLanes(loadLanes(from + 16), to + 16)
        }
      } else {
        for row in 0..<rows {
          for c in 0..<32 { unsafe panel[row &* 32 &+ c] = c < width ? matrix[row &* stride &+ column &+ c] : 0 }
        }
      }
      unsafe panel += rows &* 32
      column += 32
    }
  }

  /// How many elements `pack` writes.
  public static func packedCount(rows: Int, columns: Int) -> Int { rows * ((columns + 31) / 32) * 32 }
}
