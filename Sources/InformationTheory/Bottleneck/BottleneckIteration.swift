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
  /// Vectors of eight that a row of T takes; lanes beyond `clusters` stay empty.
  private let width: Int
  private let conditional: [Double], joint: [Double]
  /// q(t|x), `[x, 8 width]`.
  var assignment: [Double]
  private var marginal: [Double], decoder: [Double], logits: [Double]

  /// The equations with everything in the first cluster.
  public init(_ law: JointLaw, clusters: Int) {
    precondition(clusters >= 1, "at least one cluster")
    self.law = law
    self.clusters = clusters
    width = (clusters + 7) / 8
    let padded = 8 * width
    conditional = (0..<law.rows * law.columns).map { cell in
      let weight = law.rowLaw[cell / law.columns]
      return weight > 0 ? law.probabilities[cell] / weight : 1 / Double(law.columns)
    }
    joint = law.probabilities
    assignment = [Double](repeating: 0, count: law.rows * padded)
    marginal = [Double](repeating: 0, count: padded)
    decoder = [Double](repeating: 0, count: law.columns * padded)
    logits = [Double](repeating: 0, count: law.rows * padded)
    for x in 0..<law.rows { assignment[x * padded] = 1 }
    follow()
  }

  /// q(t|x), `[x, clusters]`, row-major.
  public var encoder: [Double] {
    (0..<law.rows).flatMap { x in assignment[x * 8 * width..<x * 8 * width + clusters] }
  }
  /// q(t).
  public var clusterLaw: [Double] { Array(marginal[0..<clusters]) }

  /// Starts from q(t|x), `[x, clusters]`; rows are normalised.
  public mutating func start(from encoder: [Double]) {
    precondition(encoder.count == law.rows * clusters, "an encoder is [x, clusters]")
    for x in 0..<law.rows {
      let sum = encoder[x * clusters..<(x + 1) * clusters].reduce(0, +)
      for t in 0..<clusters { assignment[x * 8 * width + t] = encoder[x * clusters + t] / sum }
    }
    follow()
  }

  /// One iteration at `beta`; the largest change of q(t|x).
  public mutating func step(beta: Double, kind: BottleneckKind = .stochastic) -> Double {
    let rows = law.rows, columns = law.columns, padded = 8 * width
    Linear.multiply(conditional, decoder, rows: rows, inner: columns, columns: padded, alpha: beta, into: &logits)
    var change = SIMD8<Double>()
    let weights = logarithms(marginal)
    unsafe logits.withUnsafeBytes { logits in
      unsafe assignment.withUnsafeMutableBytes { assignment in
        guard let from = logits.baseAddress, let to = assignment.baseAddress else { return }
        for x in 0..<rows {
          let row = (x &* padded) &* 8
          switch kind {
          case .stochastic: unsafe Self.softMaximum(from + row, weights, to + row, width, &change)
          case .deterministic: unsafe Self.hardMaximum(from + row, weights, to + row, width, &change)
          }
        }
      }
    }
    follow()
    return change.max()
  }

  @inline(__always)
  private static func softMaximum(
    _ logits: UnsafeRawPointer, _ weights: [SIMD8<Double>], _ row: UnsafeMutableRawPointer, _ width: Int, _ change: inout SIMD8<Double>
  ) {
    typealias V = SIMD8<Double>
    var largest = V(repeating: -.infinity)
    for block in 0..<width {
      let value = unsafe logits.loadUnaligned(fromByteOffset: block &* 64, as: V.self) + weights[block]
      largest = largest.replacing(with: value, where: value .> largest)
    }
    let top = V(repeating: largest.max())
    var sum = V()
    var kept = InlineArray<32, V>(repeating: V())
    for block in 0..<width {
      let value = unsafe Elementwise.exp(logits.loadUnaligned(fromByteOffset: block &* 64, as: V.self) + weights[block] - top)
      // Below e^-700 nothing is left; empty lanes are there.
      let power = value.replacing(with: 0, where: value .< 1e-303)
      if block < 32 { kept[block] = power }
      sum += power
    }
    let scale = V(repeating: 1 / sum.sum())
    for block in 0..<width {
      let raw: V
      if block < 32 {
        raw = kept[block]
      } else {
        let value = unsafe Elementwise.exp(logits.loadUnaligned(fromByteOffset: block &* 64, as: V.self) + weights[block] - top)
        raw = value.replacing(with: 0, where: value .< 1e-303)
      }
      let value = raw * scale
      let old = unsafe row.loadUnaligned(fromByteOffset: block &* 64, as: V.self)
      let difference = value - old, opposite = old - value
      change = change.replacing(with: difference, where: difference .> change)
      change = change.replacing(with: opposite, where: opposite .> change)
      unsafe row.storeBytes(of: value, toByteOffset: block &* 64, as: V.self)
    }
  }

  private static func hardMaximum(
    _ logits: UnsafeRawPointer, _ weights: [SIMD8<Double>], _ row: UnsafeMutableRawPointer, _ width: Int, _ change: inout SIMD8<Double>
  ) {
    var best = 0, largest = -Double.infinity
    for t in 0..<8 * width {
      let value = unsafe logits.load(fromByteOffset: 8 * t, as: Double.self) + weights[t / 8][t % 8]
      if value > largest { (best, largest) = (t, value) }
    }
    for t in 0..<8 * width {
      let value = t == best ? 1.0 : 0
      change[0] = max(change[0], unsafe abs(value - row.load(fromByteOffset: 8 * t, as: Double.self)))
      unsafe row.storeBytes(of: value, toByteOffset: 8 * t, as: Double.self)
    }
  }

  /// q(t) and ln q(y|t) of the present q(t|x). The logarithm of nothing is that of 1e-300, for an empty t too.
  private mutating func follow() {
    let rows = law.rows, columns = law.columns, padded = 8 * width
    Linear.multiply(law.rowLaw, assignment, rows: 1, inner: rows, columns: padded, into: &marginal)
    Linear.multiply(joint, transposed: true, assignment, rows: columns, inner: rows, columns: padded, into: &decoder)
    // An empty symbol's law of y is nothing, not nothing over nothing: else it would call every x to itself at large beta.
    let weights = logarithms(marginal.map { $0 < 1e-290 ? 1 : $0 })
    unsafe decoder.withUnsafeMutableBytes { decoder in
      for y in 0..<columns {
        for block in 0..<width {
          let offset = (y &* padded &+ 8 &* block) &* 8
          let value = unsafe decoder.loadUnaligned(fromByteOffset: offset, as: SIMD8<Double>.self)
          let logarithm = Elementwise.log(value.replacing(with: 1e-300, where: value .< 1e-300)) - weights[block]
          unsafe decoder.storeBytes(of: logarithm, toByteOffset: offset, as: SIMD8<Double>.self)
        }
      }
    }
  }

  private func logarithms(_ values: [Double]) -> [SIMD8<Double>] {
    (0..<width).map { block in
      var v = SIMD8<Double>()
      for lane in 0..<8 { v[lane] = max(values[8 * block + lane], 1e-300) }
      return Elementwise.log(v)
    }
  }

  /// I(T;X), I(T;Y) and H(T) in nats.
  public var informations: (x: Double, y: Double, entropy: Double) {
    let padded = 8 * width
    var x = 0.0, y = 0.0
    for row in 0..<law.rows where law.rowLaw[row] > 0 {
      for t in 0..<clusters {
        let q = assignment[row * padded + t]
        if q > 0 { x += law.rowLaw[row] * q * naturalLog(q / marginal[t]) }
      }
    }
    for column in 0..<law.columns where law.columnLaw[column] > 0 {
      for t in 0..<clusters {
        var cell = 0.0
        for row in 0..<law.rows { cell += law.probabilities[row * law.columns + column] * assignment[row * padded + t] }
        if cell > 0 { y += cell * naturalLog(cell / (marginal[t] * law.columnLaw[column])) }
      }
    }
    return (max(x, 0), max(y, 0), entropy(ofProbabilities: clusterLaw))
  }
}
