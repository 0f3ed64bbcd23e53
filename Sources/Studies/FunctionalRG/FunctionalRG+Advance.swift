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
    var point: CollocatedFixedPoint?
    do throws(FieldTheoryError) {
      let found = try theory.collocatedFixedPoint(points: points), coarse = try theory.collocatedFixedPoint(points: points - 8)
      for (name, value) in Self.observables { record(name, value(found), error: abs(value(found) - value(coarse))) }
      record(
        "omega", found.spectrum.omega, error: abs(found.spectrum.omega - coarse.spectrum.omega),
        reason: found.spectrum.hasRealOmega ? nil : "the leading corrections are a complex pair: its real part")
      if d == drawnDimension { drawPotential(found, label: Self.label(regulator, n), &recording) }
      point = found
    } catch FieldTheoryError.continuationStopped(let wanted, let reached) {
      let words = FieldTheoryError.continuationStopped(wanted: wanted, reached: reached).description
      for name in Self.observables.map(\.0) + ["omega"] { record(name, .nan, reason: words) }
    }
    let truncated = try theory.truncatedFixedPoints(upTo: order, near: point)
    if let (best, error) = Self.bestTruncation(truncated) {
      let last = truncated[truncated.count - 1].order
      let short = last < order ? FieldTheoryError.truncationStopped(wanted: order, reached: last).description : nil
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
  /// in some dimensions and is asymptotic in others, and rounding ends it everywhere. None where fewer than three orders have
  /// a fixed point whose leading correction does not oscillate.
  static func bestTruncation(_ all: [TruncatedFixedPoint]) -> (TruncatedFixedPoint, (nu: Double, omega: Double))? {
    let found = all.filter(\.spectrum.hasRealOmega)
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
    ("nu", { $0.spectrum.nu }), ("theta_3", { $0.spectrum.real[2] }), ("minimum", { $0.minimum }),
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
        name: "order_\(name)", longName: "orders whose truncation has a fixed point", unit: "1", dimensions: dimensions,
        values: found.map { Double($0.order) }))
    recording.record(
      ResultArray(
        name: "nu_by_order_\(name)", longName: "nu of these truncations", unit: "1", dimensions: dimensions,
        values: found.map(\.spectrum.nu)))
  }
}
