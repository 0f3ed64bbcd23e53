import FieldTheory
import Glibc
import Runtime

/// The flow of a potential: tuned to criticality by bisection, and followed.
extension FunctionalRG {
  private func bare(_ kappa: Double, _ fixedPoint: CollocatedFixedPoint) -> PotentialFlow {
    PotentialFlow(minimum: kappa, coupling: coupling, around: fixedPoint)
  }
  private func phase(_ kappa: Double, _ fixedPoint: CollocatedFixedPoint) -> PotentialFlow.Phase {
    var flow = bare(kappa, fixedPoint)
    while flow.phase == .undecided && flow.scale < 80 { flow.step(step) }
    return flow.phase
  }

  /// Some more bisections of the bare minimum.
  func bisect(_ state: inout State, _ fixedPoint: CollocatedFixedPoint) throws(FieldTheoryError) {
    if state.position == 0 {
      guard phase(state.bracket[0], fixedPoint) == .symmetric, phase(state.bracket[1], fixedPoint) == .broken else {
        throw .noTransition(coupling: coupling, between: state.bracket[0], and: state.bracket[1])
      }
    }
    let last = min(bisections, state.position + max(1, Int(8 * step / 0.02)))
    for _ in state.position..<last {
      let middle = 0.5 * (state.bracket[0] + state.bracket[1])
      if phase(middle, fixedPoint) == .symmetric { state.bracket[0] = middle } else { state.bracket[1] = middle }
    }
    state.position = last
  }

  /// The row of the flow.
  static func place(flowing theory: LocalPotentialApproximation) -> [(name: String, value: ParameterValue)] {
    [
      ("regulator", .text(theory.regulator.rawValue)), ("components", .integer(theory.components)), ("dimension", .real(theory.dimension)),
      ("flow", .text("critical")),
    ]
  }

  /// The two flows that part last: their minima and masses, and the rates at which they near and leave the fixed point.
  func follow(_ state: inout State, _ fixedPoint: CollocatedFixedPoint) {
    var below = bare(state.bracket[0], fixedPoint), above = bare(state.bracket[1], fixedPoint)
    let rest = fixedPoint.slope(at: 0), every = max(1, Int((0.1 / step).rounded()))
    var scales: [Double] = [], minima: [[Double]] = [[], []], masses: [[Double]] = [[], []], profiles: [[Double]] = []
    let places = (0..<81).map { 2 * fixedPoint.minimum * Double($0) / 80 }
    var count = 0
    while below.phase == .undecided && above.phase == .undecided && below.scale < 80 {
      if count % every == 0, let low = below.minimum, let high = above.minimum {
        scales.append(below.scale)
        minima[0].append(low)
        minima[1].append(high)
        masses[0].append(below.slopeAtOrigin)
        masses[1].append(above.slopeAtOrigin)
        profiles.append(places.map { above.slope(at: min($0, fixedPoint.length)) })
      }
      below.step(step)
      above.step(step)
      count += 1
    }
    let gaps = zip(masses[0], masses[1]).map { ($1 - $0) / rest }
    let distances = zip(masses[0], masses[1]).map { (0.5 * ($0 + $1) - rest) / rest }
    // While the gap is small against the distance from the fixed point the two flows are one.
    let together = scales.indices.prefix { abs(gaps[$0]) < 1e-3 * abs(distances[$0]) }
    let near = scales.indices.prefix { abs(gaps[$0]) < 1e-3 }
    let at = Self.place(flowing: flowing)
    func record(_ name: String, _ rate: SettledRate, _ value: (Double) -> Double, error: (Double, Double) -> Double) {
      state.recording.record(
        at: at, name,
        rate.error.map { Observable(value(rate.value), error: error(rate.value, $0 + PotentialFlow.rateError(rate.value, step: step))) }
          ?? Observable(.nan, reason: rate.words))
    }
    let growth = SettledRate(scales, gaps, near.count), decay = SettledRate(scales, distances, together.count)
    state.recording.record(at: at, "critical_minimum", Observable(state.bracket[1], error: state.bracket[1] - state.bracket[0]))
    record("nu_by_flow", growth, { 1 / $0 }, error: { $1 / ($0 * $0) })
    record("omega_by_flow", decay, { -$0 }, error: { $1 })
    state.recording.record(at: at, "nu", Observable(fixedPoint.spectrum.nu))
    state.recording.record(at: at, "omega", Observable(fixedPoint.spectrum.omega))
    let time = [(name: "flow_time", length: scales.count)], sides = [(name: "side", length: 2)] + time
    func array(_ name: String, _ longName: String, _ dimensions: [(name: String, length: Int)], _ values: [Double]) {
      state.recording.record(ResultArray(name: name, longName: longName, unit: "1", dimensions: dimensions, values: values))
    }
    array("flow_time", "ln(Lambda / k)", time, scales)
    array("flow_minimum", "minimum of the flowing potential, symmetric and broken side", sides, minima.flatMap { $0 })
    array("flow_mass", "u'(0) of the flowing potential, symmetric and broken side", sides, masses.flatMap { $0 })
    array("flow_place", "rho", [(name: "flow_place", length: places.count)], places)
    array(
      "flow_slope", "u'(rho) of the flowing potential, broken side", time + [(name: "flow_place", length: places.count)],
      profiles.flatMap { $0 })
  }
}

/// The rate of y ~ e^(rate x) from its slope in the last three quarters of a run. A slope that settles nears the rate
/// geometrically from window to window: what is left to come is the error. One that does not settle is no exponent.
struct SettledRate {
  /// The slope in the last window; its error, nil where the slope has not settled; and why not.
  let value: Double, error: Double?, words: String

  /// From the first `count` places.
  init(_ x: [Double], _ y: [Double], _ count: Int) {
    let width = count / 4
    guard width >= 5, y[(count - 3 * width)..<count].allSatisfy({ $0 != 0 && $0.sign == y[count - 1].sign }) else {
      (value, error, words) = (.nan, nil, "the flow stays too short a time near the fixed point")
      return
    }
    let slopes = (0..<3).map { window in
      let places = count - (3 - window) * width..<count - (2 - window) * width
      return fit(places.map { x[$0] }, places.map { log(abs(y[$0])) })
    }
    let before = abs(slopes[1] - slopes[0]), last = abs(slopes[2] - slopes[1]), ratio = last / before
    value = slopes[2]
    if last < 0.7 * before, last < 0.05 * abs(value) {
      error = last * max(1, ratio / (1 - ratio))
    } else if max(before, last) < 1e-3 * abs(value) {
      error = max(before, last)
    } else {
      error = nil
    }
    words =
      "no clean exponent: the rate in three windows in a row is \(slopes.map { written(abs($0), nil, digits: 4) }.joined(separator: ", "))"
  }
}

/// The least-squares slope of y over x.
private func fit(_ x: [Double], _ y: [Double]) -> Double {
  let n = Double(x.count), meanX = x.reduce(0, +) / n, meanY = y.reduce(0, +) / n
  let covariance = zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
  return covariance / x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
}
