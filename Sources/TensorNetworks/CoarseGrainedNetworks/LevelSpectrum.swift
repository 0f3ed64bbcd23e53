internal import Glibc
public import LinearAlgebra
public import RandomStreams

/// What the spectrum of a block's transfer matrix says of the critical point.
///
/// With M[l, r] = sum_u T[u,l,r,u] of a block of L x L sites and eigenvalues falling by size,
/// Delta_i = ln(lambda_0 / |lambda_i|) / (2 pi); with two such blocks on top of each other (circumference 2 L) over pi. Good for
/// 8 <= L <= 32: TRG and HOTRG keep the entanglement of small loops, and the values drift beyond.
///
/// Source: Gu, Wen, Phys. Rev. B 80, 155131 (2009).
public struct LevelSpectrum: Sendable, Equatable {
  /// ln of the largest eigenvalue, and the scaling dimensions from the identity's (0) up.
  public let logLargest: Double, scalingDimensions: [Double]

  /// Of one block.
  /// - Throws: `DecompositionError`, where LAPACK gives up.
  public init(oneBlock t: SquareTensor, count: Int) throws(DecompositionError) {
    let (p, q) = (t.vertical, t.horizontal)
    var matrix = [Double](repeating: 0, count: q * q)
    for u in 0..<p { for lr in 0..<q * q { matrix[lr] += t.elements[(u * q * q + lr) * p + u] } }
    try self.init(sizes: Self.sizes(Linear.eigenvalues(matrix, order: q)), count: count, factor: 2 * Double.pi)
  }

  /// Of two blocks on top of each other, without forming their matrix of q^2 rows where that is large: cost 4 chi^5 a product.
  /// - Throws: `DecompositionError`, where LAPACK gives up.
  public init(twoBlocks t: SquareTensor, count: Int) throws(DecompositionError) {
    let (p, q) = (t.vertical, t.horizontal), workspace = ContractionWorkspace()
    // Upper block "alrb", lower block "bmsa", periodic; the vector lies on (r, s).
    let plan = ContractionPlan(["alrb", "bmsa", "rs"], output: "lm") { "ab".contains($0) ? p : q }
    let found = try Arnoldi.eigenvalueSizes(order: q * q, steps: min(q * q, 40)) { vector, image in
      plan.contract([t.elements, t.elements, vector], into: &image, in: workspace)
    }
    self.init(sizes: found, count: count, factor: Double.pi)
  }

  private init(sizes: [Double], count: Int, factor: Double) {
    let largest = sizes.first ?? 0
    logLargest = log(largest)
    scalingDimensions = sizes.prefix(count).map { $0 > 0 ? log(largest / $0) / factor + 0 : .infinity }
  }
  private static func sizes(_ values: [(real: Double, imaginary: Double)]) -> [Double] {
    values.map { ($0.real * $0.real + $0.imaginary * $0.imaginary).squareRoot() }.sorted(by: >)
  }

  /// The central charge from the largest eigenvalues of blocks of L and of 2 L sites a side, of one tensor's scale:
  /// c = (6/pi) (4 ln lambda_0(L) - ln lambda_0(2L)) / 3. The extensive part of the free energy drops out.
  public static func centralCharge(logLargest small: Double, ofTwice large: Double) -> Double {
    6 / Double.pi * (4 * small - large) / 3
  }
}

extension NetworkCoarseGraining {
  /// The central charge at the present scale by two more steps of a copy; for even `steps`. The copy's normalisation is undone.
  /// - Throws: as `step`.
  public func centralCharge(from streams: some Streams) throws(TensorNetworkError) -> Double {
    var next = self
    try next.step(from: streams)
    try next.step(from: streams)
    do throws(DecompositionError) {
      let small = try LevelSpectrum(oneBlock: tensor, count: 1).logLargest,
        large = try LevelSpectrum(oneBlock: next.tensor, count: 1).logLargest
      // A step is quadratic in the tensor: the larger block lacks c_(n+1)^2 c_(n+2), and contributions are ln c_m / 2^m.
      let divided = 4 * (next.contributions[steps + 1] + next.contributions[steps + 2]) * exp2(Double(steps))
      return LevelSpectrum.centralCharge(logLargest: small, ofTwice: large + divided)
    } catch {
      throw .decomposition(error)
    }
  }
}
