import Glibc
import LinearAlgebra
import RandomStreams
import Testing

/// Seeded operands.
struct Operands {
  private var generator: CounterGenerator
  init(_ seed: UInt64) {
    generator = KeyedStreams(StreamKey(high: 17, low: seed)).generator(replica: 0, step: 0, site: 0, purpose: .initial)
  }
  mutating func reals(_ count: Int, _ width: Double = 1) -> [Float] {
    (0..<count).map { _ in Float(width * (2 * generator.uniform() - 1)) }
  }
  mutating func bits(rows: Int, width: Int) -> [UInt64] {
    let words = (width + 63) / 64
    var result = [UInt64](repeating: 0, count: rows * words)
    for r in 0..<rows { for v in 0..<width where generator.bernoulli(0.5) { result[r * words + v / 64] |= 1 << UInt64(v % 64) } }
    return result
  }
}

func bit(_ bits: [UInt64], _ row: Int, _ v: Int, width: Int) -> Double {
  Double(bits[row * ((width + 63) / 64) + v / 64] >> UInt64(v % 64) & 1)
}

struct BinaryProductTests {
  @Test(
    "A product of bits with a matrix is the double-precision sum of the selected rows, at any sizes",
    arguments: [(5, 3, 2), (1, 1, 1), (7, 64, 16), (9, 67, 33), (130, 130, 50), (600, 200, 17), (3, 256, 64), (1030, 70, 48)])
  func matchesDouble(rows: Int, inner: Int, columns: Int) {
    var operands = Operands(1)
    let bits = operands.bits(rows: rows, width: inner), matrix = operands.reals(inner * columns), bias = operands.reals(columns)
    let product = BinaryProduct.multiply(
      bits: bits, rows: rows, wordsPerRow: (inner + 63) / 64, matrix: matrix, inner: inner, columns: columns, bias: bias)
    #expect(product.count == rows * columns)
    for r in 0..<rows {
      for c in 0..<columns {
        var exact = Double(bias[c])
        for v in 0..<inner { exact += bit(bits, r, v, width: inner) * Double(matrix[v * columns + c]) }
        // Each of inner / 4 additions rounds by at most half a unit of a sum below inner.
        #expect(abs(Double(product[r * columns + c]) - exact) <= 4e-8 * Double(inner) * Double(inner / 4 + 4))
      }
    }
  }

  @Test("A row of the product has the same bits alone, among others and at any place")
  func rowsAreIndependent() {
    var operands = Operands(2)
    let inner = 131, columns = 37, rows = 1103
    let bits = operands.bits(rows: rows, width: inner), matrix = operands.reals(inner * columns), bias = operands.reals(columns)
    func product(_ range: Range<Int>) -> [Float] {
      BinaryProduct.multiply(
        bits: Array(bits[range.lowerBound * 3..<range.upperBound * 3]), rows: range.count, wordsPerRow: 3, matrix: matrix,
        inner: inner, columns: columns, bias: bias)
    }
    let whole = product(0..<rows)
    for range in [0..<1, 3..<4, 1..<6, 1020..<1103, 100..<400] {
      #expect(product(range).map(\.bitPattern) == whole[range.lowerBound * columns..<range.upperBound * columns].map(\.bitPattern))
    }
  }

  @Test("Bits past the inner dimension are ignored, and no rows or no inner dimension are allowed")
  func edges() {
    let matrix: [Float] = [1, 2, 3, 4, 5, 6]
    #expect(BinaryProduct.multiply(bits: [~0], rows: 1, wordsPerRow: 1, matrix: matrix, inner: 3, columns: 2) == [9, 12])
    #expect(BinaryProduct.multiply(bits: [], rows: 0, wordsPerRow: 1, matrix: matrix, inner: 3, columns: 2) == [])
    #expect(BinaryProduct.multiply(bits: [1], rows: 1, wordsPerRow: 1, matrix: [], inner: 0, columns: 2, bias: [7, 8]) == [7, 8])
    #expect(BinaryProduct.columnSums(matrix, rows: 3, columns: 2) == [9, 12])
  }
}

struct BinaryOuterProductTests {
  @Test(
    "Outer-product differences are the double-precision sums, and the tree over single shards has the same bits",
    arguments: [
      (6, 7, 70, 21), (16, 8, 64, 16), (16, 8, 130, 33), (30, 3, 65, 20), (1, 6, 3, 2), (70, 2, 20, 16), (6, 5, 63, 16), (33, 1, 5, 5),
    ])
  func matchesDoubleAndTree(rowsPerShard: Int, shards: Int, visible: Int, columns: Int) {
    var operands = Operands(3)
    let rows = rowsPerShard * shards, words = (visible + 63) / 64, offset: Float = 0.25
    let a = operands.bits(rows: rows, width: visible), b = operands.bits(rows: rows, width: visible)
    let d = operands.reals(rows * columns), e = operands.reals(rows * columns)
    let product = BinaryOuterProduct(rowsPerShard: rowsPerShard, shards: shards, visible: visible, columns: columns)
    func sums(_ range: Range<Int>) -> (sums: [Float], bitSums: [Float]) {
      let r = range.lowerBound * rowsPerShard..<range.upperBound * rowsPerShard
      return product.differences(
        shards: range.count, positiveBits: Array(a[r.lowerBound * words..<r.upperBound * words]),
        negativeBits: Array(b[r.lowerBound * words..<r.upperBound * words]), wordsPerRow: words,
        positive: Array(d[r.lowerBound * columns..<r.upperBound * columns]),
        negative: Array(e[r.lowerBound * columns..<r.upperBound * columns]), offset: offset)
    }
    let whole = sums(0..<shards)
    for v in 0...visible {
      var counts = 0.0
      for c in 0..<columns {
        var exact = 0.0
        for r in 0..<rows {
          let p = v == visible ? 1 : bit(a, r, v, width: visible), n = v == visible ? 1 : bit(b, r, v, width: visible)
          exact += p * Double(d[r * columns + c] - offset) - n * Double(e[r * columns + c] - offset)
          if c == 0 { counts += p - n }
        }
        #expect(abs(Double(whole.sums[v * columns + c]) - exact) < 2e-6 * Double(rows))
      }
      if v < visible { #expect(whole.bitSums[v] == Float(counts)) }
    }
    func tree(_ node: Range<Int>) -> [Float] {
      if node.count == 1 { return sums(node).sums }
      var half = 1
      while 2 * half < node.count { half *= 2 }
      return zip(tree(node.lowerBound..<node.lowerBound + half), tree(node.lowerBound + half..<node.upperBound)).map { $0 + $1 }
    }
    #expect(tree(0..<shards).map(\.bitPattern) == whole.sums.map(\.bitPattern))
  }
}

struct ElementwiseTests {
  /// The largest error over [-30, 30] in units in the last place of the exact value.
  private func worst(_ function: (inout [Float]) -> Void, _ exact: (Double) -> Double) -> Double {
    let x = (0..<60_001).map { Float(Double($0 - 30_000) / 1000) }
    var y = x
    function(&y)
    return zip(x, y).map { abs(Double($1) - exact(Double($0))) / Double(Float(exact(Double($0))).ulp) }.max() ?? .nan
  }

  @Test("exp, sigmoid and softplus are within 2, 4 and 3 units in the last place of libm's double precision")
  func accuracy() {
    #expect(worst({ Elementwise.exp(&$0) }, { exp($0) }) < 2)
    #expect(worst({ Elementwise.sigmoid(&$0) }, { 1 / (1 + exp(-$0)) }) < 4)
    #expect(worst({ Elementwise.softplus(&$0) }, { max($0, 0) + log1p(exp(-abs($0))) }) < 3)
    #expect(
      worst({ values in for k in values.indices { values[k] = Elementwise.tanh(SIMD16(repeating: values[k]))[0] } }, { tanh($0) }) < 4)
  }

  @Test("exp of eight doubles is within 1.5 units in the last place of libm's, log within 2 or 4e-16, over their whole ranges")
  func doubles() {
    var worst = 0.0, worstLog = 0.0
    for k in 0..<200_000 {
      let x = -707.9 + 1415.8 * Double(k) / 200_000, exact = exp(x)
      worst = max(worst, abs(Elementwise.exp(SIMD8<Double>(repeating: x))[k % 8] - exact) / exact.ulp)
      let logarithm = log(exact)
      worstLog = max(worstLog, abs(Elementwise.log(SIMD8<Double>(repeating: exact))[k % 8] - logarithm) / max(2 * logarithm.ulp, 4e-16))
    }
    #expect(worst < 1.5 && worstLog <= 1, "exp \(worst), log \(worstLog)")
    #expect(Elementwise.exp(SIMD8<Double>(repeating: 0))[0] == 1)
    let ends = Elementwise.exp(SIMD8(-1e9, 1e9, -.infinity, .infinity, -708, 708, 0, 0))
    #expect(ends[0] == ends[4] && ends[2] == ends[4] && ends[4] > 0 && ends[1] == ends[5] && ends[3] == ends[5] && ends[5].isFinite)
  }

  @Test("An element's result depends neither on its place nor on the array's length")
  func placeDoesNotMatter() {
    var operands = Operands(4)
    let x = operands.reals(53, 20)
    for function in [Elementwise.exp, Elementwise.sigmoid, Elementwise.softplus] as [(inout [Float]) -> Void] {
      var whole = x
      function(&whole)
      for range in [0..<1, 5..<53, 16..<33, 52..<53] {
        var part = Array(x[range])
        function(&part)
        #expect(part.map(\.bitPattern) == whole[range].map(\.bitPattern))
      }
    }
  }

  @Test("Arguments beyond the range give finite or limiting values, and log-sum-exp survives them")
  func extremes() {
    var x: [Float] = [-1000, 1000]
    Elementwise.sigmoid(&x)
    #expect(x[0] >= 0 && x[0] < 1e-37 && x[1] == 1)
    var y: [Float] = [-1000, 1000]
    Elementwise.softplus(&y)
    #expect(y[0] >= 0 && y[0] < 1e-37 && y[1] == 1000)
    #expect(Elementwise.logSumExp([1000, 1000]) == 1000 + log(2.0))
    #expect(Elementwise.logSumExp([]) == -.infinity)
    #expect(Elementwise.logSumExp([-.infinity, 3]) == 3)
  }
}

struct DenseTests {
  @Test("A transpose moves element (r, c) to (c, r) at sizes on and off the tiles", arguments: [(16, 16), (32, 48), (37, 21), (1, 5)])
  func transpose(rows: Int, columns: Int) {
    var operands = Operands(5)
    let matrix = operands.reals(rows * columns), transposed = Transpose.dense(matrix, rows: rows, columns: columns)
    for r in 0..<rows { for c in 0..<columns { #expect(transposed[c * rows + r] == matrix[r * columns + c]) } }
  }

  @Test(
    "sgemm and dgemm agree with the plain sum, transposed or not", arguments: [(false, false), (true, false), (false, true), (true, true)])
  func products(transposeA: Bool, transposeB: Bool) {
    let (m, k, n) = (5, 7, 3)
    var operands = Operands(6)
    let a = operands.reals(m * k), b = operands.reals(k * n)
    var c = [Float](repeating: 1, count: m * n), d = [Double](repeating: 1, count: m * n)
    Linear.multiply(a, transposed: transposeA, b, transposed: transposeB, rows: m, inner: k, columns: n, alpha: 2, beta: 3, into: &c)
    Linear.multiply(
      a.map(Double.init), transposed: transposeA, b.map(Double.init), transposed: transposeB, rows: m, inner: k, columns: n,
      alpha: 2, beta: 3, into: &d)
    for i in 0..<m {
      for j in 0..<n {
        var exact = 3.0
        for l in 0..<k { exact += 2 * Double(transposeA ? a[l * m + i] : a[i * k + l]) * Double(transposeB ? b[j * k + l] : b[l * n + j]) }
        #expect(abs(Double(c[i * n + j]) - exact) < 1e-5)
        #expect(abs(d[i * n + j] - exact) < 1e-14)
      }
    }
  }

  @Test("The library names its kernel and version")
  func configuration() {
    let (core, version) = Linear.configuration
    #expect(!core.isEmpty)
    #expect(version.hasPrefix("OpenBLAS"))
  }
}
