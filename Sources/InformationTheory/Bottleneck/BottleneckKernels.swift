import LinearAlgebra

/// What a bottleneck's iteration does with rows of symbols, eight at a time in double precision.
enum BottleneckKernels {
  typealias V = SIMD8<Double>
  private typealias Sums<let R: Int> = InlineArray<R, InlineArray<2, V>>

  /// How the numbers of A are found, in elements: from row to row and from one inner index to the next.
  struct Strides { let row: Int, inner: Int }

  /// C[r, c] = start[c] + sum_i A[r, i] B[i, c]; rows of B and C are `columns` vectors of eight apart, of which `used` count: computed by
  /// two, so that `columns` is even.
  ///
  /// Each element is one chain of fused multiply-adds in the order of i. By hand, since these products are small: BLAS takes as
  /// long again to get to work. A tile of eight rows and two vectors keeps its sums in registers.
  @inline(never)
  static func multiply(
    _ a: UnsafePointer<Double>, _ strides: Strides, _ b: UnsafePointer<V>, rows: Int, inner: Int, columns: Int, used: Int,
    from start: UnsafePointer<V>, into c: UnsafeMutablePointer<V>
  ) {
    for column in stride(from: 0, to: used, by: 2) {
      let b = unsafe b + column, start = unsafe start + column
      var row = 0
      while row &+ 8 <= rows {
        let sums: Sums<8> = unsafe sums(a + row &* strides.row, strides, b, inner, columns, start)
        for r in 0..<8 { unsafe store(sums[r], c + (row &+ r) &* columns + column) }
        row &+= 8
      }
      if rows & 4 != 0 {
        let sums: Sums<4> = unsafe sums(a + row &* strides.row, strides, b, inner, columns, start)
        for r in 0..<4 { unsafe store(sums[r], c + (row &+ r) &* columns + column) }
        row &+= 4
      }
      while row < rows {
        let sums: Sums<1> = unsafe sums(a + row &* strides.row, strides, b, inner, columns, start)
        unsafe store(sums[0], c + row &* columns + column)
        row &+= 1
      }
    }
  }

  @inline(__always)
  private static func sums<let R: Int>(
    _ a: UnsafePointer<Double>, _ strides: Strides, _ b: UnsafePointer<V>, _ inner: Int, _ columns: Int, _ start: UnsafePointer<V>
  ) -> Sums<R> {
    var sums = unsafe Sums<R>(repeating: [start[0], start[1]])
    var a = unsafe a, b = unsafe b
    for _ in 0..<inner {
      let low = unsafe b[0], high = unsafe b[1]
      for row in 0..<R {
        let x = unsafe V(repeating: a[row &* strides.row])
        sums[row][0] = sums[row][0].addingProduct(x, low)
        sums[row][1] = sums[row][1].addingProduct(x, high)
      }
      unsafe a += strides.inner
      unsafe b += columns
    }
    return sums
  }
  @inline(__always) private static func store(_ values: InlineArray<2, V>, _ pointer: UnsafeMutablePointer<V>) {
    unsafe pointer[0] = values[0]
    unsafe pointer[1] = values[1]
  }

  /// q(t) = e^l(t) / sum over `width` vectors of eight t, of up to eight rows `stride` vectors apart, into `rows`; the logits are spoilt.
  /// `change` keeps the largest change.
  ///
  /// Each stage does all rows before the next: a row's own way from stage to stage is a chain of waits, of which the rows share one.
  @inline(__always)
  static func softMaxima(
    _ logits: UnsafeMutablePointer<V>, into rows: UnsafeMutablePointer<V>, count: Int, width: Int, stride: Int, change: inout V
  ) {
    var highest = InlineArray<8, Double>(repeating: 0), sums = InlineArray<8, V>(repeating: V())
    for r in 0..<count {
      let logits = unsafe logits + r &* stride
      var top = V(repeating: -.infinity), other = top
      for block in Swift.stride(from: 0, to: width &- 1, by: 2) {
        top = unsafe larger(top, logits[block])
        other = unsafe larger(other, logits[block &+ 1])
      }
      highest[r] = unsafe largest(larger(larger(top, other), logits[width &- 1]))
    }
    // Below 1e-303 nothing is left; empty lanes are there.
    let least = V(repeating: -697.68), nothing = Elementwise.expInRange(least)
    for r in 0..<count {
      let logits = unsafe logits + r &* stride, highest = V(repeating: highest[r])
      var sum = V()
      for block in 0..<width {
        let power = unsafe Elementwise.expInRange(larger(logits[block] - highest, least)) - nothing
        unsafe logits[block] = power
        sum += power
      }
      sums[r] = sum
    }
    for r in 0..<count {
      let halves = sums[r].lowHalf + sums[r].highHalf, quarters = halves.lowHalf + halves.highHalf
      highest[r] = 1 / (quarters[0] + quarters[1])
    }
    // On its own until the end: what `change` refers to would be written at each step.
    var most = V()
    for r in 0..<count {
      let logits = unsafe logits + r &* stride, row = unsafe rows + r &* stride, scale = V(repeating: highest[r])
      for block in 0..<width {
        let value = unsafe logits[block] * scale, difference = unsafe value - row[block]
        let size = unsafe unsafeBitCast(unsafeBitCast(difference, to: SIMD8<UInt64>.self) & SIMD8(repeating: ~0 >> 1), to: V.self)
        most = larger(most, size)
        unsafe row[block] = value
      }
    }
    change = larger(change, most)
  }

  /// One for the largest logit, the first of equal ones, into `row`.
  static func hardMaximum(_ logits: UnsafePointer<V>, into row: UnsafeMutablePointer<V>, width: Int, change: inout V) {
    var best = 0
    for t in 0..<8 * width where unsafe logits[t / 8][t % 8] > logits[best / 8][best % 8] { best = t }
    for block in 0..<width {
      var value = V()
      if block == best / 8 { value[best % 8] = 1 }
      change = unsafe larger(change, larger(value - row[block], row[block] - value))
      unsafe row[block] = value
    }
  }

  @inline(__always) static func largest(_ v: V) -> Double {
    let halves = v.lowHalf.replacing(with: v.highHalf, where: v.highHalf .> v.lowHalf)
    return max(max(halves[0], halves[1]), max(halves[2], halves[3]))
  }
  @inline(__always) private static func larger(_ a: V, _ b: V) -> V { a.replacing(with: b, where: b .> a) }
}
