import RandomStreams
import Statistics
import SymmetryGroups
import Testing

@Suite struct ShadowStabilizerTests {
  static let streams = KeyedStreams(StreamKey(high: 21, low: 22))
  static let points = ShadowVolumeSampler.points(400, from: streams)

  @Test("singular values of a product of known factors come back, small ones to relative accuracy")
  func singular() {
    // Columns of Q diag(1, 1e-3, 1e-9) R with a reflection Q and a rotation R.
    let u = [0.6, 0.0, 0.8], values = [1.0, 1e-3, 1e-9], c = 0.28, s = 0.96
    func q(_ i: Int, _ j: Int) -> Double { (i == j ? 1 : 0) - 2 * u[i] * u[j] }
    let r = [[c, s, 0], [-s, c, 0], [0, 0, 1]]
    let columns = (0..<3).map { j in (0..<3).map { i in (0..<3).reduce(0) { $0 + q(i, $1) * values[$1] * r[$1][j] } } }
    for (found, expected) in zip(singularValues(columns: columns), values) { #expect(abs(found / expected - 1) < 1e-7) }
    #expect(singularValues(columns: [[3, 4], [0, 0]]) == [5, 0])
    #expect(principalRank(singularValues: [3, 0.9, 0.1], part: 0.9) == 1 && principalRank(singularValues: [1, 1, 1], part: 0.9) == 3)
  }

  @Test("gradients of the shapes are of second order of their differences", arguments: PlaneFeature.shapes.indices)
  func gradients(index: Int) {
    let feature = PlaneFeature.shapes[index]
    for x in Self.points.prefix(20) {
      for direction in [SIMD2(1.0, 0.0), SIMD2(0.0, 1.0)] {
        let exact = (feature.gradient(x) * direction).sum()
        let misses = [1e-2, 5e-3].map { h in (feature.value(x + h * direction) - feature.value(x - h * direction)) / (2 * h) - exact }
        #expect(abs(misses[0]) < 1e-2 && abs(misses[1]) < 0.3 * abs(misses[0]) + 1e-10, "\(feature.name)")
      }
    }
  }

  @Test("orbit dimensions of the shapes: dim G - dim S, by rank of the tangent matrix")
  func dimensions() {
    let expected: [String: [Int]] = [
      "edge": [1, 2, 2, 2, 3], "disc": [0, 3, 2, 2, 5], "ellipse": [1, 3, 3, 2, 5], "corner": [1, 4, 3, 3, 6], "bar": [1, 2, 2, 2, 3],
    ]
    for feature in PlaneFeature.shapes {
      let found = PlaneGroup.allCases.map { TangentSpectrum(feature, under: $0, points: Self.points).orbitDimension(threshold: 1e-6) }
      #expect(found == expected[feature.name], "\(feature.name)")
    }
    let constant = PlaneFeature("constant") { _ in
      3
    } gradient: { _ in
      SIMD2(0, 0)
    }
    #expect(TangentSpectrum(constant, under: .aff2, points: Self.points).orbitDimension(threshold: 1e-6) == 0)
    let nothing = PlaneFeature("zero") { _ in
      0
    } gradient: { _ in
      SIMD2(0, 0)
    }
    #expect(TangentSpectrum(nothing, under: .aff2, points: Self.points).softDimension(threshold: 0.1) == 0)
  }

  @Test("the magnetization is invariant, one spin is not, and the product of a pair has a shadow stabilizer that is a group")
  func finite() throws {
    let torus = try TorusSymmetry(rows: 4, columns: 4)
    let action = SpinAction(torus.generatingPermutations, sites: 16, withFlip: false)
    let elements = torus.permutations.map { SpinTransformation($0) }
    let samples = (0..<UInt64(1) << 16).filter { $0 % 37 == 5 }.map { [$0] }
    func stabilizer(_ feature: ([UInt64]) -> Double) -> ShadowStabilizer {
      ShadowStabilizer(errors: action.invarianceErrors(of: feature, elements: elements, samples: samples), threshold: 0.3)
    }
    func sign(_ spins: UInt64, _ site: Int) -> Double { spins >> UInt64(site) & 1 == 1 ? 1 : -1 }
    let product = { (a: Int, b: Int) in torus.index(of: torus.product(torus.element(a), torus.element(b))) }
    let magnetization = stabilizer { Double($0[0].nonzeroBitCount) }
    #expect(magnetization.members.count == 128 && magnetization.closureDefect(product: product) == 0)
    let spin = stabilizer { sign($0[0], 0) }
    #expect(spin.members.count == 8 && spin.effectiveOrbitSize == 16 && spin.closureDefect(product: product) == 0)
    let pair = stabilizer { sign($0[0], 0) * sign($0[0], 1) }
    #expect(pair.members.count == 4 && pair.effectiveOrbitSize == 32 && pair.closureDefect(product: product) == 0)
    // Two members that are no subgroup: the identity and a translation of order four.
    let errors = (0..<128).map { $0 < 2 ? 0.0 : 1 }
    #expect(ShadowStabilizer(errors: errors, threshold: 0.3).closureDefect(product: product) == 0.25)
  }

  @Test("parts of a shadow volume merge to the whole, and its slope is the orbit's dimension within 0.25")
  func volume() {
    let sampler = ShadowVolumeSampler(.edge, under: .gl2, points: Self.points, delta: 0.3, epsilons: [0.025, 0.05])
    let whole = sampler.sample(0..<60_000, from: Self.streams)
    var parts = ShadowVolume.empty
    for start in stride(from: 0, to: 60_000, by: 7000) {
      parts.merge(sampler.sample(start..<min(60_000, start + 7000), from: Self.streams))
    }
    #expect(parts == whole)
    let slope = whole.slope(0, 1, epsilons: [0.025, 0.05])
    #expect(abs(slope.value - 1.9) < 0.25 && slope.error < 0.08, "\(slope)")
  }

  @Test("e(g) is 0, 1 and 2 for F itself, an independent feature and -F")
  func errors() {
    var choices = Self.streams.generator(replica: 1, step: 0, site: 0, purpose: .initial)
    let n = 20_000, x = (0..<n).map { _ in choices.normal() }, y = (0..<n).map { _ in choices.normal() }
    let errors = InvarianceErrors(values: x, features: 1)
    #expect(errors.errors(of: x)[0] == 0)
    #expect(abs(errors.errors(of: y)[0] - 1) < 0.05 && abs(errors.errors(of: x.map { -$0 })[0] - 2) < 0.05)
    #expect(InvarianceErrors(values: [1, 1], features: 1).errors(of: [1, 1])[0].isNaN)
  }
}
