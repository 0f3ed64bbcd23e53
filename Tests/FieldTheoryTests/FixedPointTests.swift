import FieldTheory
import Glibc
import Testing

@Suite("Wilson-Fisher fixed points")
struct FixedPointTests {
  func theory(_ n: Int, _ d: Double, _ regulator: Regulator = .litim) throws -> LocalPotentialApproximation {
    try LocalPotentialApproximation(components: n, dimension: d, regulator: regulator)
  }

  @Test("truncation and collocation agree to 1e-8 in nu, omega and kappa", arguments: [1, 2, 3, 5, 7, 10])
  func routes(n: Int) throws {
    let collocated = try theory(n, 3).collocatedFixedPoint(), truncated = try #require(try theory(n, 3).truncatedFixedPoints(upTo: 32).last)
    #expect(truncated.order == 32)
    #expect(abs(truncated.spectrum.nu - collocated.spectrum.nu) < 1e-8)
    #expect(abs(truncated.spectrum.omega - collocated.spectrum.omega) < 1e-8)
    #expect(abs(truncated.minimum - collocated.minimum) < 1e-7)
    #expect(abs(truncated.couplings[0] - collocated.curvature(at: collocated.minimum)) < 1e-7)
  }

  @Test(
    "where the quartic truncation is no start, the collocated potential is one, and both routes still agree", arguments: Regulator.allCases)
  func collocatedStart(regulator: Regulator) throws {
    let theory = try theory(1, regulator == .litim ? 2.8 : 2.9, regulator), point = try theory.collocatedFixedPoint()
    #expect(try theory.truncatedFixedPoints(upTo: 14).count < 3)
    let last = try #require(try theory.truncatedFixedPoints(upTo: 14, near: point).last)
    #expect(last.order >= 12 && abs(last.spectrum.nu - point.spectrum.nu) < 2e-3, "\(last.order): \(last.spectrum.nu)")
  }

  @Test("the number of collocation points does not matter", arguments: [(1, 3.0), (1, 2.5), (4, 2.5), (100, 2.5), (3, 3.7)])
  func points(n: Int, d: Double) throws {
    for regulator in Regulator.allCases {
      let few = try theory(n, d, regulator).collocatedFixedPoint(points: 33),
        many = try theory(n, d, regulator).collocatedFixedPoint(points: 45)
      #expect(abs(few.spectrum.nu - many.spectrum.nu) < 1e-8 * few.spectrum.nu, "\(regulator)")
      #expect(abs(few.spectrum.omega - many.spectrum.omega) < 2e-7, "\(regulator)")
    }
  }

  @Test(
    "near four dimensions the exponents follow the epsilon expansion to first order, for both cutoffs", arguments: [1, 2, 3, 4, 10, 100])
  func nearFour(n: Int) throws {
    let series = try EpsilonExpansion(components: n)
    for regulator in Regulator.allCases {
      // The slope at epsilon = 0 from two dimensions, one order better than each quotient.
      func slopes(_ epsilon: Double) throws -> (Double, Double) {
        let spectrum = try theory(n, 4 - epsilon, regulator).collocatedFixedPoint().spectrum
        return ((spectrum.nu - 0.5) / epsilon, spectrum.omega / epsilon)
      }
      let one = try slopes(0.002), two = try slopes(0.004)
      #expect(abs(2 * one.0 - two.0 - series.nu.coefficients[1].approximation) < 1e-5)
      #expect(abs(2 * one.1 - two.1 - 1) < 1e-4)
    }
  }

  @Test("every N and d of the range has one relevant direction, and nu grows as d falls", arguments: Regulator.allCases)
  func range(regulator: Regulator) throws {
    for n in [1, 2, 3, 4, 6, 8, 9, 10, 100] {
      var last = 0.5
      for d in [3.999, 3.9, 3.6, 3.3, 3.0, 2.75, 2.5] {
        let spectrum = try theory(n, d, regulator).collocatedFixedPoint().spectrum
        #expect(spectrum.isCritical && spectrum.nu > last && spectrum.omega > 0, "N = \(n), d = \(d): \(spectrum.nu)")
        // The spherical model bounds it.
        #expect(spectrum.nu < 1 / (d - 2) + 1e-3, "N = \(n), d = \(d): \(spectrum.nu)")
        last = spectrum.nu
      }
    }
  }

  @Test("many components approach the spherical model: nu = 1/(d-2), omega = 4-d, kappa = N/(d-2) + O(1)")
  func spherical() throws {
    for d in [2.6, 3.0, 3.5] {
      let spectrum = try theory(1000, d).collocatedFixedPoint()
      #expect(abs(spectrum.spectrum.nu * (d - 2) - 1) < 5e-3)
      #expect(abs(spectrum.spectrum.omega - (4 - d)) < 5e-3)
      #expect(abs(spectrum.minimum * (d - 2) / 1000 - 1) < 5e-3)
    }
  }

  @Test("the potential's slope is what its derivative says, and the flow equation holds between the points")
  func potential() throws {
    let point = try theory(2, 3).collocatedFixedPoint(), h = 1e-4
    for rho in [0.3, 1.1, point.minimum, 4.0] {
      let difference = (point.potential(at: rho + h) - point.potential(at: rho - h)) / (2 * h)
      #expect(abs(difference - point.slope(at: rho)) < 1e-7)
    }
  }

  @Test("the flow away from the fixed point grows with 1/nu, and what is irrelevant decays with omega")
  func flow() throws {
    let point = try theory(1, 3).collocatedFixedPoint()
    let coupling = point.curvature(at: point.minimum)
    func end(_ kappa: Double) -> PotentialFlow {
      var flow = PotentialFlow(minimum: kappa, coupling: coupling, around: point)
      while flow.phase == .undecided && flow.scale < 40 { flow.step(0.02) }
      return flow
    }
    var low = 0.5 * point.minimum, high = 1.4 * point.minimum
    #expect(end(low).phase == .symmetric && end(high).phase == .broken)
    for _ in 0..<40 {
      let middle = 0.5 * (low + high)
      if end(middle).phase == .symmetric { low = middle } else { high = middle }
    }
    var below = PotentialFlow(minimum: low, coupling: coupling, around: point)
    var above = PotentialFlow(minimum: high, coupling: coupling, around: point)
    var gaps: [Double] = [], distances: [Double] = []
    for _ in 0..<600 {
      below.step(0.02)
      above.step(0.02)
      gaps.append(above.slopeAtOrigin - below.slopeAtOrigin)
      distances.append(0.5 * (above.slopeAtOrigin + below.slopeAtOrigin) - point.slope(at: 0))
    }
    let growth = log(gaps[500] / gaps[400]) / 2
    #expect(abs(growth * point.spectrum.nu - 1) < 1e-3)
    let decay = -log(distances[400] / distances[300]) / 2
    #expect(abs(decay / point.spectrum.omega - 1) < 2e-2)
  }

  @Test("what is out of range is refused with its number; a truncation that fails says how far it got")
  func refusals() throws {
    #expect(throws: FieldTheoryError.dimensionOutOfRange(4, allowed: LocalPotentialApproximation.allowedDimensions)) { try theory(1, 4) }
    #expect(throws: FieldTheoryError.dimensionOutOfRange(2, allowed: LocalPotentialApproximation.allowedDimensions)) { try theory(1, 2) }
    #expect(throws: FieldTheoryError.componentsOutOfRange(0, allowed: LocalPotentialApproximation.allowedComponents)) { try theory(0, 3) }
    #expect(throws: FieldTheoryError.pointsOutOfRange(10, allowed: LocalPotentialApproximation.allowedPoints)) {
      try theory(1, 3).collocatedFixedPoint(points: 10)
    }
    #expect(try theory(1, 2.4).truncatedFixedPoints(upTo: 10).isEmpty)
  }
}
