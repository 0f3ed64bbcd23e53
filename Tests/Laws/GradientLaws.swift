import Glibc

/// The law of a gradient: along every direction the error of the central difference falls as h^2,
///
///     (f(x + h u) - f(x - h u)) / 2h - g·u = c h^2 + O(h^4),
///
/// so a wrong gradient, however small the mistake, leaves an error that does not fall. Where the error is at rounding from
/// the start (f is quadratic along u), that is enough.
/// - Parameters:
///   - point: where; `gradient` there, and `value` anywhere, in double precision.
///   - directions: u, as many numbers each as the point has.
///   - step: the largest h; halved twice. Small enough that no kink of f lies within it.
/// - Throws: the first direction whose error does not fall by a factor of 3.6 to 4.4 each time h is halved.
public func gradientLaw(
  at point: [Double], gradient: [Double], directions: [[Double]], step: Double, value: ([Double]) throws -> Double
) throws {
  let scale = max(1, abs(try value(point)))
  for (number, u) in directions.enumerated() {
    let slope = zip(gradient, u).reduce(0) { $0 + $1.0 * $1.1 }
    let errors = try [step, step / 2, step / 4].map { h -> Double in
      let up = try value(zip(point, u).map { $0 + h * $1 }), down = try value(zip(point, u).map { $0 - h * $1 })
      return (up - down) / (2 * h) - slope
    }
    // Rounding of f, divided by h.
    let rounding = 64 * scale * Double.ulpOfOne / step
    if errors.allSatisfy({ abs($0) < rounding }) { continue }
    for (coarse, fine) in zip(errors, errors.dropFirst()) {
      guard abs(fine) < 8 * rounding || (3.6...4.4).contains(coarse / fine) else {
        throw LawViolation("direction \(number): errors \(errors) at h, h/2, h/4 of \(step) do not fall as h^2")
      }
    }
  }
}
