/// Single-precision products of strided operands, 32 columns at a time, with what is done to each result fused in: the
/// kernel under dense and convolutional layers, forward and backward.
///
///     C[r, c] = sum_{o < outer} sum_{i < inner} A[r line + o aOuter + i aInner] B[o bOuter + i bInner + c],   c < 32
///
/// Each element is one chain of fused multiply-adds in the order (o, i), so it depends neither on how many rows there are
/// nor on how they are cut into tiles: bits are the same for every share of a batch. Two nested steps make a convolution
/// (rows of a kernel's window, then its columns and channels) a product without copying its windows.
///
/// Cost: an 8 x 32 tile keeps 16 sums in registers and takes two loads and eight broadcasts for 16 multiply-adds. Long chains are
/// cut, all rows going through one stretch of the panel before the next, so that it is read from the first cache.
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

  /// The longest stretch of a single chain: 32 KiB of B, and eight rows of A beside it.
  @inlinable static var stretch: Int { 256 }

  /// Adds the products of `R` rows from `a` on to `sums`. 32 elements of B are read at each step, whatever is used of them.
  @inlinable @inline(__always)
  static func accumulate<let R: Int>(_ sums: inout Sums<R>, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ steps: Steps) {
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
  }

  /// All of `rows` rows against one panel of B; `store` takes each row's number and its 32 columns, rows in order.
  @inlinable @inline(__always)
  public static func multiply(rows: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ steps: Steps, store: some RowStore) {
    if steps.outer > 1 || steps.inner <= stretch || rows <= 8 { return unsafe pass(rows: rows, a, b, steps, from: nil, store: store) }
    unsafe withUnsafeTemporaryAllocation(byteCount: rows &* 128, alignment: 64) { memory in
      let kept = unsafe memory.baseAddress!.assumingMemoryBound(to: Float.self)
      var part = steps, done = 0
      while done &+ stretch < steps.inner {
        part.inner = stretch
        unsafe stretchPass(rows: rows, a + done &* steps.aInner, b + done &* steps.bInner, part, isFirst: done == 0, kept)
        done &+= stretch
      }
      part.inner = steps.inner &- done
      unsafe pass(rows: rows, a + done &* steps.aInner, b + done &* steps.bInner, part, from: kept, store: store)
    }
  }

  /// A stretch that is not the last; its sums go to `kept: [rows, 32]`, where those of the one before are.
  @inline(never) @usableFromInline
  static func stretchPass(
    rows: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ steps: Steps, isFirst: Bool, _ kept: UnsafeMutablePointer<Float>
  ) {
    unsafe pass(rows: rows, a, b, steps, from: isFirst ? nil : UnsafePointer(kept), store: StoredRows(to: kept, stride: 32))
  }

  /// `multiply` of one stretch, its chains begun at `start: [rows, 32]` or at zero.
  @inlinable @inline(__always)
  static func pass(
    rows: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ steps: Steps, from start: UnsafePointer<Float>?,
    store: some RowStore
  ) {
    var row = 0
    while row &+ 8 <= rows {
      unsafe tile(Sums<8>(repeating: InlineArray(repeating: SIMD16())), row, a, b, steps, start, store)
      row &+= 8
    }
    // Fewer rows with fewer sums: a row's chain of additions is the same in each.
    if rows & 4 != 0 {
      unsafe tile(Sums<4>(repeating: InlineArray(repeating: SIMD16())), row, a, b, steps, start, store)
      row &+= 4
    }
    if rows & 2 != 0 {
      unsafe tile(Sums<2>(repeating: InlineArray(repeating: SIMD16())), row, a, b, steps, start, store)
      row &+= 2
    }
    if rows & 1 != 0 { unsafe tile(Sums<1>(repeating: InlineArray(repeating: SIMD16())), row, a, b, steps, start, store) }
  }

  @inlinable @inline(__always)
  static func tile<let R: Int>(
    _ zeros: Sums<R>, _ row: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ steps: Steps, _ start: UnsafePointer<Float>?,
    _ store: some RowStore
  ) {
    var sums = zeros
    if let start = unsafe start {
      for i in 0..<R {
        let from = unsafe start + (row &+ i) &* 32
        sums[i][0] = unsafe loadLanes(from)
        sums[i][1] = unsafe loadLanes(from + 16)
      }
    }
    unsafe accumulate(&sums, a + row &* steps.line, b, steps)
    for i in 0..<R { store.take(row &+ i, sums[i][0], sums[i][1]) }
  }

  /// One tile of 8 x 32, row by row to `store`: `multiply` of 8 rows in one stretch.
  @inlinable @inline(__always)
  public static func tile(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ steps: Steps, store: some RowStore) {
    unsafe tile(Sums<8>(repeating: InlineArray(repeating: SIMD16())), 0, a, b, steps, nil, store)
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

  /// Cuts `matrix: [rows, columns]` into panels eight columns wide, `[columns / 8][rows][8]`, the last one filled up with zeros: as A
  /// of a product with its transpose, a tile's column after the other.
  public static func packNarrow(_ matrix: UnsafePointer<Float>, rows: Int, columns: Int, into panels: UnsafeMutablePointer<Float>) {
    var column = 0
    // Two panels at a time: a whole line of the cache.
    while column &+ 16 <= columns {
      let first = unsafe panels + column &* rows, second = unsafe first + 8 &* rows
      for row in 0..<rows {
        let lanes = unsafe loadLanes(matrix + (row &* columns &+ column))
        unsafe UnsafeMutableRawPointer(first + 8 &* row).storeBytes(of: lanes.lowHalf, as: SIMD8<Float>.self)
        unsafe UnsafeMutableRawPointer(second + 8 &* row).storeBytes(of: lanes.highHalf, as: SIMD8<Float>.self)
      }
      column &+= 16
    }
    while column < columns {
      let width = min(8, columns &- column), panel = unsafe panels + column &* rows
      for row in 0..<rows {
        for c in 0..<8 { unsafe panel[row &* 8 &+ c] = c < width ? matrix[row &* columns &+ column &+ c] : 0 }
      }
      column &+= 8
    }
  }

  /// How many elements `pack` writes.
  public static func packedCount(rows: Int, columns: Int) -> Int { rows * ((columns + 31) / 32) * 32 }
}

/// Where the rows of a product go, 32 columns each. A type of its own rather than a closure, so that it is compiled into the product: sums
/// that leave the registers for a call cost as much as the products of a short chain.
public protocol RowStore {
  func take(_ row: Int, _ low: SIMD16<Float>, _ high: SIMD16<Float>)
}

/// Rows as they are, `stride` elements apart.
@unsafe public struct StoredRows: @unsafe RowStore {
  let to: UnsafeMutablePointer<Float>, stride: Int
  public init(to: UnsafeMutablePointer<Float>, stride: Int) {
    unsafe self.to = to
    unsafe self.stride = stride
  }
  @inline(__always) public func take(_ row: Int, _ low: SIMD16<Float>, _ high: SIMD16<Float>) {
    let place = unsafe to + row &* stride
    unsafe storeLanes(low, place)
    unsafe storeLanes(high, place + 16)
  }
}
