import Glibc
import LatticeSystems
import Runtime
import Statistics

extension FiniteSizeScaling {
  /// Where two sizes cross: the coupling and the value there, and how it was found.
  struct CrossingPoint { let coupling: Estimate, value: Estimate, method: String }
  /// Two neighbouring sizes with their crossing, or why there is none.
  struct SizePair {
    let small: Int, large: Int, crossing: CrossingPoint?, reason: String
    init(_ small: Size, _ large: Size, _ crossing: CrossingPoint) {
      (self.small, self.large, self.crossing, reason) = (small.size, large.size, crossing, "")
    }
    init(_ small: Size, _ large: Size, without reason: String) {
      (self.small, self.large, crossing, self.reason) = (small.size, large.size, nil, reason)
    }
  }

  /// Crossings of neighbouring sizes: by reweighting where the difference of the two curves significantly changes its sign,
  /// else by polynomials through the couplings that both sizes share.
  func crossings(_ quantity: ScalingQuantity) -> [SizePair] {
    zip(sizes, sizes.dropFirst()).map { small, large in
      let low = max(small.couplings.first!, large.couplings.first!), high = min(small.couplings.last!, large.couplings.last!)
      guard low < high else { return SizePair(small, large, without: "the sizes have no range of couplings in common") }
      var reason = "samples of neighbouring couplings overlap too little for reweighting"
      if small.combined != nil, large.combined != nil {
        let found = reweighted(quantity, small, large, in: low...high)
        if found.crossing != nil { return found }
        reason = found.reason
      }
      return interpolated(quantity, small, large, otherwise: reason)
    }
  }

  private func reweighted(_ quantity: ScalingQuantity, _ small: Size, _ large: Size, in range: ClosedRange<Double>) -> SizePair {
    let name = quantity.rawValue, grid = Set(small.couplings + large.couplings).filter { range.contains($0) }.sorted()
    func curve(_ size: Size) -> [Estimate] {
      jackknife(blocks: size.samples[0].energies.count) { (left: Int?) -> [Double] in
        grid.map { size.value(name, at: $0, left.map { $0 + 1 } ?? 0) }
      }
    }
    let one = curve(small), two = curve(large)
    let reached = grid.indices.filter { (one[$0].value - two[$0].value).isFinite && hypot(one[$0].error, two[$0].error) > 0 }
    let bracket = signChange(
      x: reached.map { grid[$0] }, values: reached.map { one[$0].value - two[$0].value },
      errors: reached.map { hypot(one[$0].error, two[$0].error) })
    guard let bracket else {
      return SizePair(
        small, large,
        without: "the difference of the two curves is nowhere of both signs by 3 of its errors (\(reached.count) couplings compared)")
    }
    func find(_ a: Int, _ b: Int) -> [Double] {
      guard let x = try? crossing(in: bracket, of: { small.value(name, at: $0, a) }, and: { large.value(name, at: $0, b) }) else {
        return [.nan, .nan]
      }
      return [x, large.value(name, at: x, b)]
    }
    let first = jackknife(blocks: small.samples[0].energies.count) { find($0.map { $0 + 1 } ?? 0, 0) }
    let second = jackknife(blocks: large.samples[0].energies.count) { find(0, $0.map { $0 + 1 } ?? 0) }
    // Where leaving a block out takes a curve out of its reach there is no error, so no crossing either.
    guard first[0].value.isFinite, first[0].error.isFinite, second[0].error.isFinite else {
      return SizePair(small, large, without: "reweighting does not reach all of the way \(between(bracket)), where they cross")
    }
    let point = CrossingPoint(
      coupling: Estimate(value: first[0].value, error: hypot(first[0].error, second[0].error)),
      value: Estimate(value: first[1].value, error: hypot(first[1].error, second[1].error)), method: "reweighting")
    return SizePair(small, large, point)
  }

  /// By polynomials through the differences at common couplings; without those, or where no polynomial serves, `otherwise`
  /// is why.
  private func interpolated(_ quantity: ScalingQuantity, _ small: Size, _ large: Size, otherwise: String) -> SizePair {
    let one = small.correlatedPoints(quantity.rawValue), two = large.correlatedPoints(quantity.rawValue)
    let common = small.couplings.indices.compactMap { i in
      large.couplings.firstIndex(of: small.couplings[i]).map { (small: i, large: $0) }
    }
    let n = small.couplings.count, m = large.couplings.count
    let noise = common.flatMap { a in common.map { b in one.covariance[a.small * n + b.small] + two.covariance[a.large * m + b.large] } }
    do throws(CrossingError) {
      let zero = try InterpolatedZero(
        x: common.map { small.couplings[$0.small] }, y: common.map { one.values[$0.small] - two.values[$0.large] },
        noise: .covariance(noise))
      return SizePair(
        small, large, CrossingPoint(coupling: zero.x, value: Estimate(value: .nan, error: .nan), method: words(zero)))
    } catch {
      switch error {
      case .poorInterpolation(let bracket):
        return SizePair(
          small, large,
          without: "\(otherwise); \(between(bracket)) they cross, but no polynomial through the points about it agrees with them")
      case .tooFewPoints(let bracket, let found, let required):
        return SizePair(
          small, large,
          without:
            "\(otherwise); \(between(bracket)) they cross, but a polynomial needs \(required) common couplings, and there are \(found)")
      case .noSignChange, .notFinite: return SizePair(small, large, without: otherwise)
      }
    }
  }

  /// A size with the coupling where its helicity modulus meets the universal jump 2 / (pi K), or why there is none.
  struct HelicityCrossing { let size: Int, coupling: Estimate?, words: String }

  /// Where the helicity modulus meets the jump, by size, from polynomials through the points about it.
  func helicityCrossings() -> [HelicityCrossing] {
    sizes.map { size in
      let (values, covariance) = size.correlatedPoints("helicity_modulus"), couplings = size.couplings, n = couplings.count
      // K Y - 2 / pi is zero there; the noise of Y scales alike.
      let scaled = zip(couplings, values).map { $0 * $1 - 2 / Double.pi }
      let noise = covariance.enumerated().map { couplings[$0 / n] * couplings[$0 % n] * $1 }
      do throws(CrossingError) {
        let zero = try InterpolatedZero(x: couplings, y: scaled, noise: .covariance(noise))
        return HelicityCrossing(size: size.size, coupling: zero.x, words: words(zero))
      } catch {
        let reason =
          switch error {
          case .noSignChange: "Y - 2 / (pi K) is not of both signs by 3 of its errors"
          case .notFinite(let x): "Y is not a number at K = \(written(x, nil))"
          case .poorInterpolation(let bracket): "\(between(bracket)), but no polynomial through the points about it agrees with them"
          case .tooFewPoints(let bracket, let found, let required):
            "\(between(bracket)), but \(found) couplings are too few for a polynomial: at least \(required)"
          }
        return HelicityCrossing(size: size.size, coupling: nil, words: reason)
      }
    }
  }

  private func words(_ zero: InterpolatedZero) -> String {
    "degree \(zero.best.parameters.count - 1) through \(zero.points) points, chi^2 / dof \(written(zero.best.reducedChiSquared, nil, digits: 2))"
  }
  private func between(_ bracket: ClosedRange<Double>) -> String {
    "between \(study.letter) = \(written(bracket.lowerBound, nil, digits: 5)) and \(written(bracket.upperBound, nil, digits: 5))"
  }
}

extension FitError {
  /// For a reader of the report.
  var words: String {
    switch self {
    case .tooFewPoints(let found, let parameters): "\(found) points do not fix \(parameters) parameters"
    case .notFinite: "a value is not a number"
    case .errorNotPositive: "a point has no error"
    case .covarianceNotPositive: "the covariance of the points is not positive: too few blocks for so many points, or points without noise"
    case .degenerate: "the points do not determine the parameters"
    case .notConverged: "the fit did not converge"
    }
  }
}
extension CollapseError {
  /// For a reader of the report.
  var words: String {
    switch self {
    case .tooFewCurves: "one size alone"
    case .badPoint: "a point has no value or no error"
    case .noOverlap: "the curves of different sizes do not overlap in the scaled coupling"
    case .fit(let error): error.words
    }
  }
}
