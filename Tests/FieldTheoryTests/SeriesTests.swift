import FieldTheory
import Testing

@Suite("Exact series")
struct SeriesTests {
  @Test("fractions are in lowest terms and obey the field's laws")
  func rationals() {
    let values = [Rational(3, 4), Rational(-5, 6), Rational(7), Rational(-1, 9), .zero]
    #expect(Rational(-6, -8) == Rational(3, 4) && Rational(6, -8).denominator == 4 && Rational(0, -5).denominator == 1)
    for a in values {
      for b in values {
        #expect(a + b == b + a && a * b == b * a && a - b == .zero - (b - a))
        if b != .zero { #expect(a / b * b == a) }
        for c in values { #expect(a * (b + c) == a * b + a * c) }
      }
    }
    #expect("\(Rational(7, -162))" == "-7/162" && "\(Rational(12, 4))" == "3")
  }

  @Test("a series times its reciprocal is one, composition is that of functions, and derivatives obey Leibniz")
  func series() {
    let a = PowerSeries([Rational(2), Rational(-1, 3), Rational(5), Rational(1, 7)]), x = PowerSeries<Rational>.variable(order: 3)
    let inner = PowerSeries([Rational.zero, Rational(3), Rational(-1, 2), Rational(4)])
    #expect(a * a.reciprocal == PowerSeries(constant: Rational(1), order: 3))
    #expect(a.composed(with: x) == a && (a * a).composed(with: inner) == a.composed(with: inner) * a.composed(with: inner))
    // The last coefficient of a derivative is unknown.
    let left = (a * inner).derivative.truncated(to: 2), right = (a.derivative * inner + a * inner.derivative).truncated(to: 2)
    #expect(left == right)
    #expect(a(Rational(2)) == Rational(2) - Rational(2, 3) + Rational(20) + Rational(8, 7))
  }

  @Test("the expansion solves beta(g*) = 0 to its order, for every N")
  func fixedPoint() throws {
    for n in [-4, -2, 0, 1, 2, 3, 4, 10, 100, 1000] {
      let expansion = try EpsilonExpansion(components: n), g = expansion.fixedPoint, a = Rational(Int128(n + 8), 3)
      let b = Rational(Int128(3 * n + 14), 3)
      // To epsilon^3: g* begins with epsilon, so one order is gained.
      let longer = PowerSeries(g.coefficients + [.zero]), epsilon = PowerSeries<Rational>.variable(order: 3)
      let beta = a * (longer * longer) - epsilon * longer - b * (longer * longer * longer)
      #expect(beta.coefficients == [.zero, .zero, .zero, .zero])
      #expect(expansion.nu.order == 2 && expansion.eta.order == 3 && expansion.omega.order == 2)
    }
  }

  @Test("N = -2 is free: nu = 1/2 and eta = 0 exactly; large N tends to the spherical model nu = 1/(d-2)")
  func limits() throws {
    let free = try EpsilonExpansion(components: -2)
    #expect(free.nu.coefficients == [Rational(1, 2), .zero, .zero] && free.eta.coefficients.allSatisfy { $0 == .zero })
    // 1/(2 - epsilon) = 1/2 + epsilon/4 + epsilon^2/8.
    let many = try EpsilonExpansion(components: 1000).nu.coefficients.map(\.approximation)
    #expect(abs(many[1] - 0.25) < 2e-3 && abs(many[2] - 0.125) < 5e-3)
  }

  @Test(
    "the coefficients are those of the literature for N = 0 (polymers): nu = 1/2 + eps/16 + 15 eps^2/512, eta = eps^2/64 + 17 eps^3/1024")
  func polymers() throws {
    let expansion = try EpsilonExpansion(components: 0)
    #expect(expansion.nu.coefficients == [Rational(1, 2), Rational(1, 16), Rational(15, 512)])
    #expect(expansion.eta.coefficients == [.zero, .zero, Rational(1, 64), Rational(17, 1024)])
  }

  @Test("N outside the range is refused by its number")
  func range() {
    #expect(throws: FieldTheoryError.componentsOutOfRange(-8, allowed: -4...1000)) { try EpsilonExpansion(components: -8) }
  }
}
