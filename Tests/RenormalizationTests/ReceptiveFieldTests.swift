import RandomStreams
import Renormalization
import Statistics
import Testing

@Suite struct ReceptiveFieldTests {
  private func field(_ shape: [Int], _ sites: [Int: Double]) -> [Double] {
    (0..<shape.reduce(1, *)).map { sites[$0] ?? 0 }
  }

  @Test("a field is the same wherever it stands on the torus")
  func translationInvariance() throws {
    let sites = [(0, 0, 1.0), (0, 1, -0.5), (1, 0, 0.7), (2, 3, 0.2)]
    func statistics(_ dx: Int, _ dy: Int) throws -> ReceptiveField {
      var values = [Double](repeating: 0, count: 12 * 10)
      for (x, y, r) in sites { values[(x + dx) % 12 * 10 + (y + dy) % 10] = r }
      return try #require(ReceptiveField(values, shape: [12, 10]))
    }
    let here = try statistics(3, 3)
    for (dx, dy) in [(0, 0), (11, 9), (6, 8)] {
      let there = try statistics(dx, dy)
      #expect(abs(there.radius - here.radius) < 1e-12)
      #expect(abs(there.participationRatio - here.participationRatio) < 1e-12)
      let moved = (there.centre[0] - here.centre[0] - Double(dx - 3)) / 12
      #expect(abs(moved - moved.rounded()) < 1e-12)
    }
    #expect(abs(here.coherence - 1.4 / 2.4) < 1e-12 && abs(here.sum - 1.4) < 1e-12)
  }

  @Test("a single site has radius 0 and participation 1; no weights are no field")
  func extremes() throws {
    let one = try #require(ReceptiveField(field([4, 4], [7: -2]), shape: [4, 4]))
    #expect(one.radius < 1e-7 && one.participationRatio == 1 && one.coherence == 1 && one.sum == -2)
    #expect(abs(one.centre[0] - 1) < 1e-9 && abs(one.centre[1] - 3) < 1e-9)
    #expect(ReceptiveField([Double](repeating: 0, count: 16), shape: [4, 4]) == nil)
  }

  @Test("random weights have R / R_null near 1: no locality where there is none")
  func nullOfNoise() {
    let shape = [16, 16], units = 40
    var choices = testStreams(31).generator(replica: 0, step: 0, site: 0, purpose: .weights)
    let weights = (0..<256 * units).map { _ in choices.uniform() - 0.5 }
    let fields = ReceptiveFieldsOfLayer(effective: weights, own: weights, units: units, shape: shape)
    let relative = fields.relativeRadius(nullRadii: fields.nullRadii(effective: weights, from: testStreams(32)))
    #expect(relative.value > 0.9 && relative.value < 1.1)
    #expect(abs(relative.value - 1) < 5 * relative.error + 0.02)
    #expect(fields.spacingVariation.value > 0.2)
  }

  @Test("dead units are told by their own weights and stay out of the medians; single-site units are flagged")
  func deadAndSingle() {
    // Units: 2x2 block, single site, dead noise, no weights.
    var weights = [Double](repeating: 0, count: 64 * 4)
    for site in [0, 1, 8, 9] { weights[site * 4] = 1 }
    weights[20 * 4 + 1] = 1
    for site in 0..<64 { weights[site * 4 + 2] = site % 2 == 0 ? 0.05 : -0.05 }
    let fields = ReceptiveFieldsOfLayer(effective: weights, own: weights, units: 4, shape: [8, 8])
    #expect(fields.live == [true, true, false, false] && fields.deadFraction == 0.5 && fields.singleSiteFraction == 0.5)
    #expect(abs(fields.participationRatio.value - 2.5) < 1e-12)
    #expect(fields.nearestCentreDistances.count == 2)
    let all = ReceptiveFieldsOfLayer(effective: weights, own: weights.map { _ in 0.01 }, units: 4, shape: [8, 8])
    #expect(all.deadFraction == 1 && all.radius.value.isNaN)
  }

  @Test("the median's error covers: known median 0.5 of uniform numbers, 60 to 76 % of 400 trials within one error")
  func medianError() {
    var inside = 0
    for trial in 0..<400 {
      var choices = testStreams(33).generator(replica: trial, step: 0, site: 0, purpose: .initial)
      let median = medianOverUnits((0..<101).map { _ in choices.uniform() })
      if abs(median.value - 0.5) <= median.error { inside += 1 }
    }
    #expect((240...304).contains(inside))
    #expect(medianOverUnits([3, 1, 2, 10]).value == 2.5 && medianOverUnits([]).value.isNaN)
  }
}
