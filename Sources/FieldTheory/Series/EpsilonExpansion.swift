/// The epsilon expansion of the O(N) model about four dimensions, epsilon = 4 - d, from the two-loop functions of the
/// coupling g in minimal subtraction, by exact rational arithmetic.
///
///     beta(g) = -epsilon g + (N+8) g^2 / 3 - (3N+14) g^3 / 3,
///     1/nu = 2 - (N+2) g / 3 + 5 (N+2) g^2 / 18,   eta = (N+2) g^2 / 18 (1 - (N+8) g / 12),   omega = beta'(g*).
///
/// g* is known to epsilon^2, so nu and omega are known to epsilon^2 and eta, which begins with g^2, to epsilon^3. Higher
/// orders contain zeta(3) and are not rational. Source: Wilson and Fisher, Phys. Rev. Lett. 28, 240 (1972); Kleinert and
/// Schulte-Frohlinde, "Critical Properties of phi^4-Theories" (2001), chapter 17.
public struct EpsilonExpansion: Sendable, Equatable {
  /// The N that are computed: -2 (where nu = 1/2 exactly) and 0 (polymers) included.
  public static let allowedComponents = -4...1000
  /// N.
  public let components: Int
  /// The coupling at the fixed point, to epsilon^2.
  public let fixedPoint: PowerSeries<Rational>
  /// The exponents, known to epsilon^2, epsilon^3 and epsilon^2.
  public let nu: PowerSeries<Rational>, eta: PowerSeries<Rational>, omega: PowerSeries<Rational>

  /// The expansion for N components; throws `componentsOutOfRange`.
  public init(components: Int) throws(FieldTheoryError) {
    guard Self.allowedComponents.contains(components) else {
      throw .componentsOutOfRange(components, allowed: Self.allowedComponents)
    }
    self.components = components
    let n = Rational(components), one = Rational(1), third = Rational(1, 3)
    let a = (n + Rational(8)) * third, b = (Rational(3) * n + Rational(14)) * third
    // 0 = -epsilon + a g - b g^2: each turn of g = (epsilon + b g^2) / a fixes one order more.
    let epsilon = PowerSeries<Rational>.variable(order: 2)
    var g = PowerSeries<Rational>(constant: .zero, order: 2)
    for _ in 0..<2 { g = (one / a) * (epsilon + b * (g * g)) }
    fixedPoint = g
    let inverse = PowerSeries([Rational(2), -(n + Rational(2)) * third, Rational(5, 18) * (n + Rational(2))])
    nu = inverse.composed(with: g).reciprocal
    // beta' = -epsilon + 2 a g - 3 b g^2.
    omega = (Rational(2) * a) * g - epsilon - (Rational(3) * b) * (g * g)
    // Of g* to epsilon^2 the unknown epsilon^3 enters eta first at epsilon^4.
    let longer = PowerSeries(g.coefficients + [.zero])
    let prefactor = Rational(1, 18) * (n + Rational(2))
    eta = PowerSeries([.zero, .zero, prefactor, -prefactor * (n + Rational(8)) * Rational(1, 12)]).composed(with: longer)
  }
}
