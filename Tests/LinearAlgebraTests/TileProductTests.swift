import LinearAlgebra
import RandomStreams
import Testing

struct TileProductTests {
  private func reals(_ count: Int, seed: UInt64) -> [Float] {
    var random = KeyedStreams(StreamKey(high: seed, low: 3)).generator(replica: 0, step: 0, site: 0, purpose: .initial)
    return (0..<count).map { _ in Float(2 * random.uniform() - 1) }
  }

  /// The product by tiles of an A `[rows, inner]` with a B `[inner, columns]` that is packed first.
  private func product(_ a: [Float], _ b: [Float], rows: Int, inner: Int, columns: Int) -> [Float] {
    var panels = [Float](repeating: .nan, count: TileProduct.packedCount(rows: inner, columns: columns))
    var c = [Float](repeating: .nan, count: rows * columns)
    unsafe panels.withUnsafeMutableBufferPointer { panels in
      unsafe b.withUnsafeBufferPointer { b in
        unsafe TileProduct.pack(b.baseAddress!, rows: inner, columns: columns, stride: columns, into: panels.baseAddress!)
      }
      unsafe a.withUnsafeBufferPointer { a in
        for column in stride(from: 0, to: columns, by: 32) {
          let panel = unsafe panels.baseAddress! + column * inner, steps = TileProduct.Steps(inner: inner, line: inner, aInner: 1)
          var rowsOfPanel = [Float](repeating: .nan, count: rows * 32)
          unsafe rowsOfPanel.withUnsafeMutableBufferPointer {
            unsafe TileProduct.multiply(rows: rows, a.baseAddress!, panel, steps, store: StoredRows(to: $0.baseAddress!, stride: 32))
          }
          for row in 0..<rows {
            for k in 0..<min(32, columns - column) { c[row * columns + column + k] = rowsOfPanel[row * 32 + k] }
          }
        }
      }
    }
    return c
  }

  @Test(
    "The product by tiles is one chain of fused multiply-adds for each element",
    arguments: [(1, 5, 3), (8, 20, 32), (15, 7, 33), (22, 40, 70), (9, 256, 32), (13, 700, 33)])
  func chain(rows: Int, inner: Int, columns: Int) {
    let a = reals(rows * inner, seed: 1), b = reals(inner * columns, seed: 2)
    let c = product(a, b, rows: rows, inner: inner, columns: columns)
    for row in 0..<rows {
      for column in 0..<columns {
        var sum: Float = 0
        for k in 0..<inner { sum.addProduct(a[row * inner + k], b[k * columns + column]) }
        #expect(c[row * columns + column].bitPattern == sum.bitPattern)
      }
    }
  }

  @Test("A row's bits do not depend on how many rows there are")
  func rows() {
    let a = reals(31 * 50, seed: 3), b = reals(50 * 40, seed: 4)
    let whole = product(a, b, rows: 31, inner: 50, columns: 40)
    for range in [0..<1, 3..<10, 8..<31] {
      let part = product(Array(a[range.lowerBound * 50..<range.upperBound * 50]), b, rows: range.count, inner: 50, columns: 40)
      #expect(part.map(\.bitPattern) == whole[range.lowerBound * 40..<range.upperBound * 40].map(\.bitPattern))
    }
  }
}
