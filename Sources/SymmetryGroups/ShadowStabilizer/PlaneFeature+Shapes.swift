import Glibc

extension PlaneFeature {
  /// tanh(2 n x): a straight edge with the unit normal n, here at a generic angle of one radian.
  public static let edge: PlaneFeature = {
    let n = SIMD2(cos(1.0), sin(1.0))
    return PlaneFeature("edge") {
      tanh(2 * ($0 * n).sum())
    } gradient: {
      let t = tanh(2 * ($0 * n).sum())
      return n * (2 * (1 - t * t))
    }
  }()
  /// exp(-|x|^2).
  public static let disc = gaussian("disc", SIMD2(1, 1))
  /// exp(-x^2 - 3 y^2).
  public static let ellipse = gaussian("ellipse", SIMD2(1, 3))
  /// tanh(2x) tanh(2y).
  public static let corner = PlaneFeature("corner") {
    tanh(2 * $0.x) * tanh(2 * $0.y)
  } gradient: {
    let a = tanh(2 * $0.x), b = tanh(2 * $0.y)
    return SIMD2(2 * (1 - a * a) * b, 2 * a * (1 - b * b))
  }
  /// exp(-(3 n x)^2): a straight bar with the normal n of `edge`.
  public static let bar: PlaneFeature = {
    let n = SIMD2(cos(1.0), sin(1.0))
    return PlaneFeature("bar") {
      exp(-9 * ($0 * n).sum() * ($0 * n).sum())
    } gradient: {
      let y = ($0 * n).sum()
      return n * (-18 * y * exp(-9 * y * y))
    }
  }()
  /// All of them.
  public static let shapes = [edge, disc, ellipse, corner, bar]

  private static func gaussian(_ name: String, _ widths: SIMD2<Double>) -> PlaneFeature {
    PlaneFeature(name) {
      exp(-($0 * $0 * widths).sum())
    } gradient: {
      $0 * widths * (-2 * exp(-($0 * $0 * widths).sum()))
    }
  }
}
