internal import LinearAlgebra

/// The contraction of two tensors as loops around one matrix product: where the legs of the result interleave those of the
/// operands, the outer ones are looped over and the strides of the product do the rest, or the result is permuted at the end,
/// whichever is estimated to be faster.
struct PairContraction: Sendable {
  /// Operands that first have to be brought into (free, contracted) order; nil where they lie right already.
  private let leftPermutation: LegPermutation?, rightPermutation: LegPermutation?
  /// Loops with how far A, B and C move.
  private var loops: [(count: Int, a: Int, b: Int, c: Int)] = []
  private var rows = 1, columns = 1, inner = 1
  private var strideA = 1, strideB = 1, strideC = 1
  private var transposedA = false, transposedB = false
  /// Whether rows come from the right operand.
  private var exchanged = false
  /// What is done last, out of the scratch memory.
  private var resultPermutation: LegPermutation?
  /// Doubles of scratch memory, and the estimated time in seconds.
  private(set) var scratchCount = 0, seconds = 0.0

  /// Rough rates of a core, to weigh moving elements against smaller products.
  private static let moveSeconds = 1.2e-9, callSeconds = 4e-7
  private static func productSeconds(_ m: Int, _ n: Int, _ k: Int) -> Double {
    let m = Double(m), n = Double(n), k = Double(k)
    return 4e-11 * (m + 6) * (n + 6) * (k + 8) + callSeconds
  }

  /// `left`, `right`, `result`: legs by number in the order in which they are stored; `contracted` in the order in which both
  /// operands are to have them.
  init(left: [Int], right: [Int], result: [Int], contracted: [Int], sizes: [Int]) {
    func product(_ legs: some Sequence<Int>) -> Int { legs.reduce(1) { $0 * sizes[$1] } }
    let leftSet = Set(left)
    let freeLeft = result.filter { leftSet.contains($0) }, freeRight = result.filter { !leftSet.contains($0) }
    inner = product(contracted)
    /// How an operand is read: transposed or not, or permuted first.
    func arranged(_ legs: [Int], _ free: [Int]) -> (freeFirst: Bool, permutation: LegPermutation?) {
      if legs == free + contracted { return (true, nil) }
      if legs == contracted + free { return (false, nil) }
      let order = (free + contracted).map { leg in legs.firstIndex(of: leg) ?? 0 }
      return (true, LegPermutation(dimensions: legs.map { sizes[$0] }, order: order))
    }
    let a = arranged(left, freeLeft), b = arranged(right, freeRight)
    leftPermutation = a.permutation
    rightPermutation = b.permutation
    if a.permutation != nil { scratchCount += product(left) }
    if b.permutation != nil { scratchCount += product(right) }
    let moves = Self.moveSeconds * Double(scratchCount)

    // The candidate without loops: (left, right) or (right, left), permuted where the result wants another order.
    let straight = freeLeft + freeRight == result, swapped = freeRight + freeLeft == result
    let whole = Self.productSeconds(product(freeLeft), product(freeRight), inner)
    let direct = straight || swapped ? whole : whole + Self.moveSeconds * Double(product(result))
    // The candidate with loops: the last run of legs of one operand are the columns, the best run of the other the rows.
    let looped = Self.loopedCandidate(result, leftSet: leftSet, sizes: sizes)
    // Rows that are not neighbours can be strided over only where the contracted legs are innermost.
    let rowsOfLeft = looped.rowLegs.first.map { leftSet.contains($0) } ?? false
    let reachable =
      (rowsOfLeft ? a : b).freeFirst || looped.rowLegs.isEmpty || looped.rowLegs.last == (rowsOfLeft ? freeLeft : freeRight).last
    let loopedSeconds = reachable ? Double(looped.loops) * Self.productSeconds(looped.rows, looped.columns, inner) : .infinity
    if straight || swapped || direct <= loopedSeconds {
      seconds = moves + direct
      let order = swapped ? freeRight + freeLeft : freeLeft + freeRight
      setProduct(rowLegs: swapped ? freeRight : freeLeft, columnLegs: swapped ? freeLeft : freeRight, looped: [], order: order)
      if !straight && !swapped {
        resultPermutation = LegPermutation(dimensions: order.map { sizes[$0] }, order: result.map { leg in order.firstIndex(of: leg) ?? 0 })
        scratchCount += product(result)
      }
    } else {
      seconds = moves + loopedSeconds
      setProduct(rowLegs: looped.rowLegs, columnLegs: looped.columnLegs, looped: looped.loopLegs, order: result)
    }

    func setProduct(rowLegs: [Int], columnLegs: [Int], looped: [Int], order: [Int]) {
      exchanged = columnLegs.first.map { leftSet.contains($0) } ?? (rowLegs.first.map { !leftSet.contains($0) } ?? false)
      let (rowFree, rowFirst) = exchanged ? (freeRight, b.freeFirst) : (freeLeft, a.freeFirst)
      let (columnFree, columnFirst) = exchanged ? (freeLeft, a.freeFirst) : (freeRight, b.freeFirst)
      rows = product(rowLegs)
      columns = product(columnLegs)
      // The distance between neighbours along a leg, in a group of legs whose innermost is contiguous.
      func stride(_ leg: Int, _ group: [Int]) -> Int {
        guard let place = group.firstIndex(of: leg) else { return 0 }
        return product(group[(place + 1)...])
      }
      let rowUnit = rowLegs.last.map { stride($0, rowFree) } ?? 1, columnUnit = columnLegs.last.map { stride($0, columnFree) } ?? 1
      // (free, contracted): rows are `inner` apart per unit; (contracted, free): the operand is transposed.
      transposedA = !rowFirst
      strideA = rowFirst ? inner * rowUnit : product(rowFree)
      transposedB = columnFirst
      strideB = columnFirst ? inner * columnUnit : product(columnFree)
      strideC = rowLegs.last.map { stride($0, order) } ?? product(columnLegs)
      for leg in looped {
        let inRows = stride(leg, rowFree) * (rowFirst ? inner : 1), inColumns = stride(leg, columnFree) * (columnFirst ? inner : 1)
        loops.append((sizes[leg], inRows, inColumns, stride(leg, order)))
      }
    }
  }

  private struct Looped {
    var rowLegs: [Int] = [], columnLegs: [Int] = [], loopLegs: [Int] = []
    var rows = 1, columns = 1, loops = 1
  }
  private static func loopedCandidate(_ result: [Int], leftSet: Set<Int>, sizes: [Int]) -> Looped {
    var runs: [[Int]] = []
    for leg in result {
      if let last = runs.last?.last, leftSet.contains(last) == leftSet.contains(leg) {
        runs[runs.count - 1].append(leg)
      } else {
        runs.append([leg])
      }
    }
    func product(_ legs: [Int]) -> Int { legs.reduce(1) { $0 * sizes[$1] } }
    var found = Looped()
    guard let last = runs.last else { return found }
    found.columnLegs = last
    found.columns = product(last)
    let ofLeft = last.first.map { leftSet.contains($0) } ?? false
    for run in runs.dropLast() where run.first.map({ leftSet.contains($0) }) != ofLeft && product(run) >= found.rows {
      found.rowLegs = run
      found.rows = product(run)
    }
    found.loopLegs = result.filter { !found.rowLegs.contains($0) && !found.columnLegs.contains($0) }
    found.loops = product(found.loopLegs)
    return found
  }

  /// Carries it out; `scratch` has `scratchCount` doubles.
  func run(
    _ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>, into result: UnsafeMutablePointer<Double>,
    scratch: UnsafeMutablePointer<Double>
  ) {
    var free = unsafe scratch, a = unsafe left, b = unsafe right
    if let leftPermutation {
      unsafe leftPermutation(left, free)
      unsafe a = UnsafePointer(free)
      unsafe free += leftPermutation.count
    }
    if let rightPermutation {
      unsafe rightPermutation(right, free)
      unsafe b = UnsafePointer(free)
      unsafe free += rightPermutation.count
    }
    let target = unsafe resultPermutation == nil ? result : free
    unsafe products(exchanged ? b : a, exchanged ? a : b, target, level: 0)
    if let resultPermutation { unsafe resultPermutation(UnsafePointer(free), result) }
  }

  private func products(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ c: UnsafeMutablePointer<Double>, level: Int) {
    guard level < loops.count else {
      unsafe Linear.multiply(
        a, stride: max(1, strideA), transposed: transposedA, b, stride: max(1, strideB), transposed: transposedB, rows: rows,
        inner: inner, columns: columns, output: c, stride: max(1, strideC))
      return
    }
    let loop = loops[level]
    for i in 0..<loop.count { unsafe products(a + i &* loop.a, b + i &* loop.b, c + i &* loop.c, level: level + 1) }
  }
}
