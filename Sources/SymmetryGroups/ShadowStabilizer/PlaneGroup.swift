/// A Lie group of affine maps of the plane by its generators, vector fields v(x) = A x + t.
public enum PlaneGroup: String, Sendable, CaseIterable {
  /// Rotations.
  case so2
  /// Linear maps.
  case gl2
  /// Rigid motions.
  case se2
  /// Linear maps of determinant one.
  case sl2
  /// Affine maps.
  case aff2

  /// One generator: rows of A, and t.
  public struct Generator: Sendable, Equatable {
    public let first: SIMD2<Double>, second: SIMD2<Double>, shift: SIMD2<Double>
    public init(_ first: SIMD2<Double>, _ second: SIMD2<Double>, shift: SIMD2<Double> = SIMD2(0, 0)) {
      self.first = first
      self.second = second
      self.shift = shift
    }
    /// v(x).
    @inlinable public func velocity(at x: SIMD2<Double>) -> SIMD2<Double> {
      SIMD2((first * x).sum(), (second * x).sum()) + shift
    }
  }

  /// A basis of the Lie algebra.
  public var generators: [Generator] {
    let rotation = [Generator(SIMD2(0, -1), SIMD2(1, 0))]
    let shifts = [SIMD2(1, 0), SIMD2(0, 1)].map { Generator(SIMD2(0, 0), SIMD2(0, 0), shift: $0) }
    let units = [
      Generator(SIMD2(1, 0), SIMD2(0, 0)), Generator(SIMD2(0, 1), SIMD2(0, 0)), Generator(SIMD2(0, 0), SIMD2(1, 0)),
      Generator(SIMD2(0, 0), SIMD2(0, 1)),
    ]
    switch self {
    case .so2: return rotation
    case .gl2: return units
    case .se2: return rotation + shifts
    case .sl2: return [Generator(SIMD2(1, 0), SIMD2(0, -1)), units[1], units[2]]
    case .aff2: return units + shifts
    }
  }
  /// The dimension of the group.
  public var dimension: Int { generators.count }
}

/// A feature of the plane: a function with its gradient.
public struct PlaneFeature: Sendable {
  /// What it is called.
  public let name: String
  /// F(x), and its gradient.
  public let value: @Sendable (SIMD2<Double>) -> Double, gradient: @Sendable (SIMD2<Double>) -> SIMD2<Double>
  public init(
    _ name: String, value: @escaping @Sendable (SIMD2<Double>) -> Double, gradient: @escaping @Sendable (SIMD2<Double>) -> SIMD2<Double>
  ) {
    self.name = name
    self.value = value
    self.gradient = gradient
  }
}
