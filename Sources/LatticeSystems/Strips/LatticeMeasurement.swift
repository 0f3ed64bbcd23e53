import Glibc

/// What is measured of one configuration of a large lattice, from integers alone, so that its bits do not depend on how
/// many ranks counted.
public struct LatticeMeasurement: Sendable, Equatable {
  /// E = -sum s s' over bonds, in units of J, and M = sum s.
  public let energy: Int, magnetization: Int
  /// S(k) = |sum_x s_x exp(i k x)|^2 / N at the smallest wave vectors: k = 2 pi / rows along y, then 2 pi / columns
  /// along x. S(0) = M^2 / N.
  public let structureFactors: SIMD2<Double>

  /// - Parameters:
  ///   - unlike: bonds that join unlike spins.
  ///   - rowCounts, columnCounts: spins that are up, in each row and in each column.
  init(_ lattice: SquareLattice, unlike: Int, rowCounts: some Collection<Int>, columnCounts: some Collection<Int>) {
    energy = 2 * unlike - lattice.bonds
    magnetization = 2 * rowCounts.reduce(0, +) - lattice.sites
    structureFactors = SIMD2(squaredAmplitude(rowCounts), squaredAmplitude(columnCounts)) / Double(lattice.sites)
  }
}

/// |sum_y m_y exp(2 pi i y / n)|^2 for m_y = 2 counts[y] minus a constant, which sums to zero; in the order of y.
private func squaredAmplitude(_ counts: some Collection<Int>) -> Double {
  var real = 0.0, imaginary = 0.0
  for (y, count) in counts.enumerated() {
    let angle = 2 * Double.pi * Double(y) / Double(counts.count)
    real += 2 * Double(count) * cos(angle)
    imaginary += 2 * Double(count) * sin(angle)
  }
  return real * real + imaginary * imaginary
}
