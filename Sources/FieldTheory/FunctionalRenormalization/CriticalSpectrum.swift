internal import LinearAlgebra

/// The eigenvalues of a flow linearized at its fixed point, by rising real part: perturbations go like e^(theta t), t = ln k,
/// so that relevant ones have theta < 0.
public struct CriticalSpectrum: Sendable, Equatable {
  /// theta; of a complex pair both, with their imaginary parts.
  public let real: [Double], imaginary: [Double]

  /// The spectrum of a row-major stability matrix.
  init(of matrix: [Double], order: Int) throws(FieldTheoryError) {
    do {
      let values = try Linear.eigenvalues(matrix, order: order).sorted { ($0.real, $0.imaginary) < ($1.real, $1.imaginary) }
      real = values.map(\.real)
      imaginary = values.map(\.imaginary)
    } catch { throw .decomposition(error) }
  }

  /// Whether just one direction is relevant, as at a Wilson-Fisher fixed point; the potential's constant is not among them.
  public var isCritical: Bool { real.count > 1 && real[0] < 0 && real[1] > 0 && imaginary[0] == 0 }
  /// The correlation-length exponent -1 / theta_min.
  public var nu: Double { -1 / real[0] }
  /// The exponent of the leading correction to scaling, the smallest theta above zero; of a complex pair, whose corrections
  /// decay and oscillate, the real part.
  public var omega: Double { real.count > 1 ? real[1] : .nan }
  /// Whether the leading correction decays without oscillating.
  public var hasRealOmega: Bool { real.count > 1 && imaginary[1] == 0 }
}
