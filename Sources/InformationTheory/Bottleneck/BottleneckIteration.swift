import LinearAlgebra

/// Which trade-off a bottleneck minimises.
public enum BottleneckKind: String, Sendable, CaseIterable {
  /// I(T;X) - beta I(T;Y).
  case stochastic
  /// H(T) - beta I(T;Y), whose minima assign each x to one t (Strouse and Schwab 2017).
  case deterministic
}

/// The self-consistent equations of the bottleneck for one law, with memory for their iteration:
///
///     q(t|x) ~ q(t) exp(-beta KL(p(y|x) || q(y|t))),   q(t) = sum_x p(x) q(t|x),   q(y|t) = sum_x p(x, y) q(t|x) / q(t)
///
/// The deterministic kind takes the largest of these instead (the first of equal ones). Cost: two products of
/// [x, y] with [y, t] and one exponential for each (x, t).
/// Source: N. Tishby, F. Pereira, W. Bialek, 1999, eq. 31; R. Blahut, S. Arimoto 1972.
public struct BottleneckIteration: Sendable {
  /// The law, and the size of T's alphabet.
  public let law: JointLaw, clusters: Int
  /// Where the rows of the table stand and how long they are.
  private let rows: Rows
  /// p(y|x), and beta times it for the latest beta, `[x, y]`.
  private let conditional: [Double]
  private var scaled: [Double] = [], scale = Double.nan
  private var table: [SIMD8<Double>]

  /// All that an iteration changes is one table, its rows a number for each t: q(t), ln q(t), zeros, the logits of eight x,
  /// ln q(y|t) of each y, q(t|x) of each x. In vectors of eight, which also sets them on cache lines.
  private struct Rows {
    /// Vectors that a row takes, and vectors from row to row: lanes beyond the alphabet stay empty.
    let width: Int, stride: Int
    let decoder: Int, assignment: Int, count: Int
    var weights: Int { stride }
    var zeros: Int { 2 * stride }
    var logits: Int { 3 * stride }

    init(clusters: Int, _ law: JointLaw) {
      width = (clusters + 7) / 8
      // Whole tiles of two vectors, and not a power of two apart, so that rows do not all fall on the same few lines of the cache.
      stride = (clusters + 15) / 16 * 2 + (clusters > 32 ? 2 : 0)
      decoder = 11 * stride
      assignment = decoder + law.columns * stride
      count = assignment + law.rows * stride
    }
  }

  /// The equations with everything in the first cluster.
  public init(_ law: JointLaw, clusters: Int) {
    precondition(clusters >= 1, "at least one cluster")
    self.law = law
    self.clusters = clusters
    rows = Rows(clusters: clusters, law)
    conditional = (0..<law.rows * law.columns).map { cell in
      let weight = law.rowLaw[cell / law.columns]
      return weight > 0 ? law.probabilities[cell] / weight : 1 / Double(law.columns)
    }
    table = [SIMD8<Double>](repeating: SIMD8(), count: rows.count)
    for x in 0..<law.rows { table[rows.assignment + x * rows.stride][0] = 1 }
    follow()
  }

  /// q(t|x), `[x, clusters]`, row-major.
  public var encoder: [Double] { (0..<law.rows).flatMap { numbers(rows.assignment + $0 * rows.stride) } }
  /// q(t).
  public var clusterLaw: [Double] { numbers(0) }
  private func numbers(_ first: Int) -> [Double] { (0..<clusters).map { table[first + $0 / 8][$0 % 8] } }

  /// Starts from q(t|x), `[x, clusters]`; rows are normalised.
  public mutating func start(from encoder: [Double]) {
    precondition(encoder.count == law.rows * clusters, "an encoder is [x, clusters]")
    for x in 0..<law.rows {
      let given = encoder[x * clusters..<(x + 1) * clusters], sum = given.reduce(0, +)
      for (t, value) in given.enumerated() { table[rows.assignment + x * rows.stride + t / 8][t % 8] = value / sum }
    }
    follow()
  }

  /// One iteration at `beta`; the largest change of q(t|x).
  public mutating func step(beta: Double, kind: BottleneckKind = .stochastic) -> Double {
    if beta != scale {
      scaled = conditional.map { beta * $0 }
      scale = beta
    }
    let rows = rows, columns = law.columns, symbols = law.rows
    var change = SIMD8<Double>()
    unsafe table.withUnsafeMutableBufferPointer { table in
      unsafe scaled.withUnsafeBufferPointer { scaled in
        guard let table = table.baseAddress, let scaled = scaled.baseAddress else { return }
        // Eight rows of logits stay in the first cache until they are probabilities.
        for first in stride(from: 0, to: symbols, by: 8) {
          let count = min(8, symbols &- first)
          unsafe BottleneckKernels.multiply(
            scaled + first &* columns, .init(row: columns, inner: 1), table + rows.decoder, rows: count, inner: columns,
            columns: rows.stride, used: rows.width, from: table + rows.weights, into: table + rows.logits)
          let from = unsafe table + rows.logits, to = unsafe table + rows.assignment + first &* rows.stride
          switch kind {
          case .stochastic:
            unsafe BottleneckKernels.softMaxima(from, into: to, count: count, width: rows.width, stride: rows.stride, change: &change)
          case .deterministic:
            for x in 0..<count {
              let place = x &* rows.stride
              unsafe BottleneckKernels.hardMaximum(from + place, into: to + place, width: rows.width, change: &change)
            }
          }
        }
      }
    }
    follow()
    return BottleneckKernels.largest(change)
  }

  /// q(t), ln q(t) and ln q(y|t) of the present q(t|x). The logarithm of nothing is that of 1e-300, for an empty t too.
  private mutating func follow() {
    let rows = rows, columns = law.columns, symbols = law.rows
    unsafe table.withUnsafeMutableBufferPointer { table in
      unsafe law.probabilities.withUnsafeBufferPointer { joint in
        guard let table = table.baseAddress, let joint = joint.baseAddress else { return }
        unsafe BottleneckKernels.multiply(
          joint, .init(row: 1, inner: columns), table + rows.assignment, rows: columns, inner: symbols, columns: rows.stride,
          used: rows.width,
          from: table + rows.zeros, into: table + rows.decoder)
        for block in 0..<rows.width {
          let marginal = unsafe table + block, decoder = unsafe marginal + rows.decoder
          // sum_y p(y, t): what q(t) is made of.
          var sum = SIMD8<Double>()
          for y in 0..<columns { sum += unsafe decoder[y &* rows.stride] }
          unsafe marginal[0] = sum
          let logarithm = Elementwise.log(sum.replacing(with: 1e-300, where: sum .< 1e-300))
          unsafe marginal[rows.weights] = logarithm
          // An empty symbol's law of y is nothing, not nothing over nothing: else it would call every x to itself at large beta.
          let divisor = logarithm.replacing(with: 0, where: sum .< 1e-290)
          for y in 0..<columns {
            let cell = unsafe decoder[y &* rows.stride]
            unsafe decoder[y &* rows.stride] = Elementwise.log(cell.replacing(with: 1e-300, where: cell .< 1e-300)) - divisor
          }
        }
      }
    }
  }

  /// I(T;X), I(T;Y) and H(T) in nats.
  public var informations: (x: Double, y: Double, entropy: Double) {
    let encoder = encoder, marginal = clusterLaw
    var x = 0.0, y = 0.0
    for row in 0..<law.rows where law.rowLaw[row] > 0 {
      for t in 0..<clusters {
        let q = encoder[row * clusters + t]
        if q > 0 { x += law.rowLaw[row] * q * naturalLog(q / marginal[t]) }
      }
    }
    for column in 0..<law.columns where law.columnLaw[column] > 0 {
      for t in 0..<clusters {
        var cell = 0.0
        for row in 0..<law.rows { cell += law.probabilities[row * law.columns + column] * encoder[row * clusters + t] }
        if cell > 0 { y += cell * naturalLog(cell / (marginal[t] * law.columnLaw[column])) }
      }
    }
    return (max(x, 0), max(y, 0), entropy(ofProbabilities: marginal))
  }
}
