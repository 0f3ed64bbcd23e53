public import Archives
import FieldTheory
import Glibc
public import MessagePassing
public import RandomStreams
public import Runtime

extension FunctionalRG {
  /// How far a unit is: dimensions or bisections done, the bracket of the bare minimum, and what was recorded.
  public struct State: Checkpointable {
    var position = 0, bracket: [Double] = []
    var recording = Recording()

    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write(position, at: path + "/position")
      try archive.write(bracket, at: path + "/bracket")
      try recording.save(to: &archive, at: path + "/recording")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      position = try archive.scalar(Int.self, at: path + "/position")
      bracket = try archive.read(Double.self, count: nil, at: path + "/bracket")
      recording = try Recording(from: archive, at: path + "/recording")
    }
    init() {}
  }

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    do throws(FieldTheoryError) {
      switch unit {
      case .fixedPoints(let regulator, let n):
        let last = min(dimensions.count, state.position + 4)
        for index in state.position..<last { try fixedPoint(regulator, n, dimensions[index], &state.recording) }
        state.position = last
        if last == dimensions.count { return .done(state.recording) }
        return .more(fraction: Double(last) / Double(dimensions.count), stage: "following the fixed point to d = \(dimensions[last])")
      case .flow:
        let fixedPoint = try flowing.collocatedFixedPoint(points: points)
        if state.bracket.isEmpty { state.bracket = [0.2 * fixedPoint.minimum, 0.85 * fixedPoint.length] }
        try bisect(&state, fixedPoint)
        if state.position < bisections {
          return .more(fraction: Double(state.position) / Double(bisections + 1), stage: "tuning the bare potential to criticality")
        }
        follow(&state, fixedPoint)
        return .done(state.recording)
      }
    } catch { throw .unitFailed(error.description) }
  }

  // MARK: Fixed points

  /// All that is known of one fixed point, as one row; what did not converge is missing with the reason.
  private func fixedPoint(_ regulator: Regulator, _ n: Int, _ d: Double, _ recording: inout Recording) throws(FieldTheoryError) {
    let theory = try LocalPotentialApproximation(components: n, dimension: d, regulator: regulator)
    let at = Self.place(regulator, n, d)
    func record(_ name: String, _ value: Double, error: Double? = nil, reason: String? = nil) {
      recording.record(at: at, name, Observable(value, error: error, reason: reason))
    }
    do throws(FieldTheoryError) {
      let point = try theory.collocatedFixedPoint(points: points), coarse = try theory.collocatedFixedPoint(points: points - 8)
      func error(_ value: (CollocatedFixedPoint) -> Double) -> Double { abs(value(point) - value(coarse)) }
      for (name, value) in Self.observables { record(name, value(point), error: error(value)) }
      if d == drawnDimension { drawPotential(point, label: Self.label(regulator, n), &recording) }
    } catch FieldTheoryError.continuationStopped(let wanted, let reached) {
      let words = FieldTheoryError.continuationStopped(wanted: wanted, reached: reached).description
      for (name, _) in Self.observables { record(name, .nan, reason: words) }
    }
    let truncated = try theory.truncatedFixedPoints(upTo: order)
    if let (best, error) = Self.bestTruncation(truncated) {
      let short =
        truncated.count < order - 1 ? FieldTheoryError.truncationStopped(wanted: order, reached: truncated.count + 1).description : nil
      record("nu_by_truncation", best.spectrum.nu, error: error.nu, reason: short)
      record("omega_by_truncation", best.spectrum.omega, error: error.omega, reason: short)
      record("order_of_truncation", Double(best.order))
    } else {
      let words = FieldTheoryError.truncationStopped(wanted: order, reached: truncated.last?.order ?? 0).description
      for name in ["nu_by_truncation", "omega_by_truncation"] { record(name, .nan, reason: words) }
    }
    if d == drawnDimension { drawTruncations(truncated, label: Self.label(regulator, n), &recording) }
    if EpsilonExpansion.allowedComponents.contains(n) {
      let series = try EpsilonExpansion(components: n), epsilon = 4 - d
      func value(_ series: PowerSeries<Rational>) -> Double { PowerSeries(series.coefficients.map(\.approximation))(epsilon) }
      record("nu_by_epsilon", value(series.nu))
      record("omega_by_epsilon", value(series.omega))
      record("eta_by_epsilon", value(series.eta))
    }
  }

  /// The truncation at which nu and omega change least over the last two orders, with these changes: the expansion converges
  /// in some dimensions and is asymptotic in others, and rounding ends it everywhere. None below order 4.
  private static func bestTruncation(_ found: [TruncatedFixedPoint]) -> (TruncatedFixedPoint, (nu: Double, omega: Double))? {
    guard found.count > 2 else { return nil }
    func changes(_ index: Int) -> (nu: Double, omega: Double) {
      let (here, one, two) = (found[index].spectrum, found[index - 1].spectrum, found[index - 2].spectrum)
      return (max(abs(here.nu - one.nu), abs(here.nu - two.nu)), max(abs(here.omega - one.omega), abs(here.omega - two.omega)))
    }
    func size(_ index: Int) -> Double { changes(index).nu + changes(index).omega }
    let best = (2..<found.count).min { size($0) < size($1) } ?? 2
    return (found[best], changes(best))
  }

  /// What identifies a fixed point's row.
  static func place(_ regulator: Regulator, _ n: Int, _ d: Double) -> [(name: String, value: ParameterValue)] {
    [("regulator", .text(regulator.rawValue)), ("components", .integer(n)), ("dimension", .real(d))]
  }
  private static let observables: [(String, @Sendable (CollocatedFixedPoint) -> Double)] = [
    ("nu", { $0.spectrum.nu }), ("omega", { $0.spectrum.omega }), ("theta_3", { $0.spectrum.real[2] }), ("minimum", { $0.minimum }),
    ("slope_at_origin", { $0.slope(at: 0) }), ("quartic_coupling", { $0.curvature(at: $0.minimum) }),
  ]

  /// u - u(kappa) over rho / kappa.
  private func drawPotential(_ point: CollocatedFixedPoint, label: String, _ recording: inout Recording) {
    let count = 121, span = min(point.length / point.minimum, 2.4), name = label.replacing("-", with: "_")
    let places = (0..<count).map { span * Double($0) / Double(count - 1) }, bottom = point.potential(at: point.minimum)
    let heights = places.map { point.potential(at: min($0 * point.minimum, point.length)) - bottom }
    let dimensions = [(name: "place_\(name)", length: count)]
    recording.record(
      ResultArray(name: "place_\(name)", longName: "rho over the minimum kappa", unit: "1", dimensions: dimensions, values: places))
    recording.record(
      ResultArray(
        name: "potential_\(name)", longName: "fixed-point potential above its minimum", unit: "1", dimensions: dimensions, values: heights))
  }
  private func drawTruncations(_ found: [TruncatedFixedPoint], label: String, _ recording: inout Recording) {
    guard !found.isEmpty else { return }
    let name = label.replacing("-", with: "_"), dimensions = [(name: "order_\(name)", length: found.count)]
    recording.record(
      ResultArray(
        name: "nu_by_order_\(name)", longName: "nu of truncations of order 2, 3, ...", unit: "1", dimensions: dimensions,
        values: found.map(\.spectrum.nu)))
  }

  // MARK: The flow of a potential

  private func bare(_ kappa: Double, _ fixedPoint: CollocatedFixedPoint) -> PotentialFlow {
    PotentialFlow(minimum: kappa, coupling: coupling, around: fixedPoint)
  }
  private func phase(_ kappa: Double, _ fixedPoint: CollocatedFixedPoint) -> PotentialFlow.Phase {
    var flow = bare(kappa, fixedPoint)
    while flow.phase == .undecided && flow.scale < 80 { flow.step(step) }
    return flow.phase
  }

  /// Some more bisections of the bare minimum.
  private func bisect(_ state: inout State, _ fixedPoint: CollocatedFixedPoint) throws(FieldTheoryError) {
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

  /// The two flows that part last: their minima and masses, and the rates at which they near and leave the fixed point.
  private func follow(_ state: inout State, _ fixedPoint: CollocatedFixedPoint) {
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
    let at: [(name: String, value: ParameterValue)] = [
      ("regulator", .text(flowing.regulator.rawValue)), ("components", .integer(flowing.components)),
      ("dimension", .real(flowing.dimension)),
      ("flow", .text("critical")),
    ]
    // While the gap is small the flows are one: its last half, where all but the leading correction has decayed.
    let together = scales.indices.prefix { abs(gaps[$0]) < 0.01 * abs(distances[$0]) }
    let decay = rate(scales, distances, Array(together.dropFirst(together.count / 2)))
    let growth = rate(scales, gaps, scales.indices.filter { abs(gaps[$0]) > 1e-6 && abs(gaps[$0]) < 1e-2 })
    state.recording.record(at: at, "critical_minimum", Observable(state.bracket[1], error: state.bracket[1] - state.bracket[0]))
    state.recording.record(at: at, "nu_by_flow", Observable(1 / growth, reason: growth.isFinite ? nil : "the flows part too soon"))
    state.recording.record(at: at, "omega_by_flow", Observable(-decay, reason: decay.isFinite ? nil : "the fixed point was not neared"))
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

  /// The least-squares slope of ln |y| over x at some places; none for fewer than five.
  private func rate(_ x: [Double], _ y: [Double], _ run: [Int]) -> Double {
    guard run.count >= 5 else { return .nan }
    let n = Double(run.count), meanX = run.reduce(0) { $0 + x[$1] } / n, meanY = run.reduce(0) { $0 + log(abs(y[$1])) } / n
    let covariance = run.reduce(0) { $0 + (x[$1] - meanX) * (log(abs(y[$1])) - meanY) }
    return covariance / run.reduce(0) { $0 + (x[$1] - meanX) * (x[$1] - meanX) }
  }
}
