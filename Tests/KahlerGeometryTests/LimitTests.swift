import Glibc
import KahlerGeometry
import Testing

@Suite("Limits of point processes") struct LimitTests {
  @Test(
    "D-5, D-6: <t> and F_beta of the mean-field equation are those of the acceptance table",
    arguments: [
      (0.0, -0.313035285499, -0.161439361571), (1, -0.164593929934, -0.469108601239), (2, -0.110615212487, -0.828020473875),
      (-0.5, -0.526440669968, -0.100446019128), (-0.8, -0.777995657324, -0.212391875060),
    ])
  func meanField(beta: Double, mean: Double, freeEnergy: Double) throws {
    let found = try MeanField(beta: beta, field: 1).solve()
    #expect(abs(found.mean - mean) < 1e-10 && abs(found.freeEnergy - freeEnergy) < 1e-10)
    // The Ward identity of the dilations holds in the limit too: (2 + 2 beta) <t> = -a (1 - <t^2>).
    let square = (2 * found.moments[2] + 1) / 3
    #expect(abs((2 + 2 * beta) * found.mean + (1 - square)) < 1e-10)
  }

  @Test("the solution is the minimum: other densities of the family have more free energy")
  func minimum() throws {
    let least = try MeanField(beta: 1, field: 1).solve().freeEnergy, flow = try McKeanVlasov(beta: 1, field: 1)
    for first in [-0.3, -0.2, -0.1646, -0.1, 0, 0.2] { #expect(flow.describe(flow.start(first: first)).freeEnergy > least) }
    #expect(throws: KahlerError.unstable(beta: -1, threshold: -1)) { try MeanField(beta: -1, field: 1) }
  }

  @Test(
    "Strong fields at any beta: the solution obeys (2 + 2 beta) <t> + a <1 - t^2> = 0, and more modes give the same <t>",
    arguments: [(2.0, 20.0), (8, 4), (16, 3), (64, 2), (6, 8), (100, 20)])
  func strongFields(beta: Double, field: Double) throws {
    let found = try MeanField(beta: beta, field: field).solve().moments
    #expect(abs((2 + 2 * beta) * found[1] + field * 2 / 3 * (1 - found[2])) < 1e-9 * max(1, field))
    let finer = try MeanField(beta: beta, field: field, degree: 80, nodes: 300).solve().moments
    #expect(abs(found[1] - finer[1]) < 1e-9)
  }

  @Test("A density too narrow for the basis is refused, not given wrongly")
  func tooNarrow() {
    #expect { try MeanField(beta: -0.95, field: 20).solve() } throws: {
      guard case KahlerError.notResolved(degree: 60, _)? = $0 as? KahlerError else { return false }
      return true
    }
  }

  @Test("Without a field the slowest rate of the density is 2 + 2 beta, also where the next ones are near it", arguments: [20.0, 200])
  func slowRates(beta: Double) throws {
    let rate = try McKeanVlasov(beta: beta, field: 0).slowestRate(near: MeanField(beta: beta, field: 0).solve())
    #expect(abs(rate / (2 + 2 * beta) - 1) < 1e-6)
    #expect(try McKeanVlasov(beta: beta, field: 1).slowestRate(near: MeanField(beta: beta, field: 1).solve()) > 0)
  }

  @Test("D-13: barycentres and greatest Ricci bounds of the reflexive polygons of toric del Pezzo surfaces")
  func polygons() throws {
    let expected: [String: (SIMD2<Double>, Double, Int)] = [
      "CP2": (.zero, 1, 10), "CP1xCP1": (.zero, 1, 9), "dP1": (SIMD2(1.0 / 12, -1.0 / 6), 6.0 / 7, 9),
      "dP2": (SIMD2(-2.0 / 21, -2.0 / 21), 21.0 / 25, 8), "dP3": (.zero, 1, 7),
    ]
    for (name, vertices) in ReflexivePolygon.catalogue {
      let polygon = try ReflexivePolygon(vertices), (b, r, sections) = try #require(expected[name])
      #expect(((polygon.barycentre - b) * (polygon.barycentre - b)).sum() < 1e-28 && abs(polygon.greatestRicciBound - r) < 1e-14, "\(name)")
      // Pick: N_k = area k^2 + boundary k/2 + 1, and a reflexive polygon has area boundary/2 = (N_1 - 1)/2.
      for k in 1...4 { #expect(polygon.latticePoints(multiple: k).count == 1 + (sections - 1) * k * (k + 1) / 2) }
    }
  }

  @Test("polygons that are not reflexive, not convex or run clockwise are refused with the edge")
  func refusedPolygons() {
    #expect(throws: KahlerError.notReflexive(vertex: 1, distance: 2)) {
      try ReflexivePolygon([SIMD2(-1, -1), SIMD2(2, -1), SIMD2(2, 1), SIMD2(-1, 1)])
    }
    #expect(throws: KahlerError.notConvex(vertex: 1)) { try ReflexivePolygon([SIMD2(1, 0), SIMD2(0, -1), SIMD2(-1, 1)]) }
    #expect(throws: KahlerError.notConvex(vertex: 0)) {
      // A star with five points: it turns left at every vertex, but twice round.
      try ReflexivePolygon([SIMD2(2, 0), SIMD2(-2, 1), SIMD2(1, -2), SIMD2(1, 2), SIMD2(-2, -1)])
    }
    #expect(throws: KahlerError.tooFewPoints(found: 2, required: 3)) { try ReflexivePolygon([SIMD2(1, 0), SIMD2(0, 1)]) }
  }

  @Test("a balanced metric left and gone on with is the uninterrupted one, and one that does not rest says so at its limit")
  func balancedInterrupted() throws {
    let polygon = try ReflexivePolygon(ReflexivePolygon.catalogue[0].vertices)
    let whole = try BalancedMetric(polygon, level: 2)
    var logH: [Double] = [], iterations = 0, found: BalancedMetric?
    while found == nil {
      var part = BalancedIteration(polygon, level: 2, logH: logH, iterations: iterations)
      found = try part.advance(5)
      (logH, iterations) = (part.logH, part.iterations)
    }
    #expect(found?.logH == whole.logH && found?.iterations == whole.iterations && found?.densityAtOrigin == whole.densityAtOrigin)
    #expect(throws: KahlerError.self) { try BalancedMetric(polygon, level: 2, iterations: 3) }
  }

  @Test("D-14, D-15: balanced metrics of dP3 and CP2, and none where the barycentre is not 0")
  func balanced() throws {
    func polygon(_ index: Int) throws -> ReflexivePolygon { try ReflexivePolygon(ReflexivePolygon.catalogue[index].vertices) }
    let first = try BalancedMetric(polygon(4), level: 1)
    #expect(abs(first.ratio(.zero, SIMD2(1, 0)) - 0.345848486) < 1e-7 && abs(first.densityAtOrigin - 0.047727634) < 1e-7)
    #expect(abs(first.meanSquareGradient - 4.0 / 7) < 1e-7)
    for (k, density) in [(2, 0.046672943), (3, 0.046390437)] {
      #expect(abs(try BalancedMetric(polygon(4), level: k).densityAtOrigin - density) < 1e-7)
    }
    for k in 1...2 {
      let plane = try BalancedMetric(polygon(0), level: k)
      #expect(abs(plane.densityAtOrigin - 2.0 / 27) < 1e-7)
      if k == 1 { #expect(abs(plane.ratio(.zero, SIMD2(2, -1)) - 1.0 / 6) < 1e-7) }
    }
    // The polygon dual to that of CP2, whose weight reaches twice as far: three shares and the origin, alike under the rotation.
    let dual = try BalancedMetric(ReflexivePolygon([SIMD2(1, 0), SIMD2(0, 1), SIMD2(-1, -1)]), level: 1)
    #expect(abs(dual.ratio(SIMD2(1, 0), SIMD2(0, 1)) - 1) < 1e-9 && abs(dual.ratio(SIMD2(1, 0), SIMD2(-1, -1)) - 1) < 1e-9)
    #expect(throws: KahlerError.self) { try BalancedMetric(polygon(2), level: 1, iterations: 400) }
  }
}
