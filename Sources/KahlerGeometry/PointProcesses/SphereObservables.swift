import Glibc

extension SphereConfigurations {
  /// sum x_i of one configuration.
  public func total(of replica: Int) -> SIMD3<Double> {
    var sum = SIMD3<Double>.zero
    for i in 0..<points { sum += self[replica, i] }
    return sum
  }

  /// The structure factors S_l = (1/N) sum_{ij} P_l(x_i . x_j), l = 0 ... `degree`, of one configuration, in O(N degree^2):
  ///
  ///     S_l = (1/N) sum_m (2 - delta_m0) (l - m)!/(l + m)! |sum_i Q_lm(z_i) (x_i + i y_i)^m|^2,   P_lm = Q_lm sin^m
  ///
  /// by the addition theorem. S_0 = N; uniform independent points have mean 1 at l > 0.
  public func structureFactors(of replica: Int, upTo degree: Int) -> [Double] {
    let width = degree + 1
    var real = [Double](repeating: 0, count: width * width), imaginary = real
    for i in 0..<points {
      let v = self[replica, i]
      // (x + iy)^m and Q_mm = (2m - 1)!!, then Q upwards in l.
      var re = 1.0, im = 0.0, start = 1.0
      for m in 0...degree {
        var before = 0.0, q = start
        for l in m...degree {
          real[l * width + m] += q * re
          imaginary[l * width + m] += q * im
          let next = (Double(2 * l + 1) * v.z * q - Double(l + m) * before) / Double(l + 1 - m)
          (before, q) = (q, next)
        }
        (re, im) = (re * v.x - im * v.y, re * v.y + im * v.x)
        start *= Double(2 * m + 1)
      }
    }
    return (0...degree).map { l in
      var sum = 0.0, ratio = 1.0
      for m in 0...l {
        // (l - m)!/(l + m)!
        if m > 0 { ratio /= Double((l + m) * (l - m + 1)) }
        let a = real[l * width + m], b = imaginary[l * width + m]
        sum += (m == 0 ? 1 : 2) * ratio * (a * a + b * b)
      }
      return sum / Double(points)
    }
  }

  /// sum_i ln |z_i| of one configuration, z = (x + iy)/(1 - z) the coordinate with 0 at the south and infinity at the north pole.
  public func logModuli(of replica: Int) -> Double {
    var sum = 0.0
    for i in 0..<points {
      let v = self[replica, i], across = v.x * v.x + v.y * v.y
      sum += log((across + (1 + v.z) * (1 + v.z)) / (across + (1 - v.z) * (1 - v.z)))
    }
    return sum / 2
  }
}
