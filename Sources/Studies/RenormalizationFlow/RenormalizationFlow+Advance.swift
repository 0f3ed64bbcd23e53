public import Archives
import LinearAlgebra
public import MessagePassing
public import RandomStreams
import Renormalization
public import Runtime

extension RenormalizationFlow {
  /// There is nothing to keep between slices.
  public struct State: Checkpointable {
    init() {}
    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
    }
  }

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    var recording = Recording()
    recordRing(into: &recording)
    recordMigdal(into: &recording)
    for order in [1, 2] {
      do throws(DecompositionError) {
        let cumulants = TriangularCumulants(order: order), found = try cumulants.fixedPoint()
        let at: [(name: String, value: ParameterValue)] = [("scheme", .text("triangular-cumulants")), ("order", .integer(order))]
        recording.record(at: at, "fixed_point", Observable(found.couplings[0]))
        if order == 2 { recording.record(at: at, "fixed_point_couplings", Observable(values: found.couplings)) }
        recording.record(at: at, "critical_coupling", Observable(cumulants.criticalCoupling))
        recording.record(at: at, "thermal_exponent", Observable(found.thermalExponent))
        recording.record(at: at, "eigenvalues", Observable(values: found.eigenvalues))
        if let magnetic = found.magneticExponent { recording.record(at: at, "magnetic_exponent", Observable(magnetic)) }
      } catch { throw .unitFailed(error.description) }
    }
    return .done(recording)
  }

  private func recordRing(into recording: inout Recording) {
    let ring = RingDecimation(scale: scale)
    for coupling in couplings {
      for field in fieldsAndNone {
        let flow = ring.flow(from: RingCouplings(coupling: coupling, field: field), steps: steps)
        let at = Self.ring(coupling, field)
        recording.record(at: at, "coupling_flow", Observable(values: flow.map(\.coupling)))
        recording.record(at: at, "field_flow", Observable(values: flow.map(\.field)))
        recording.record(at: at, "constant_flow", Observable(values: flow.map(\.constant), unit: "nats"))
      }
    }
  }
  /// The fields, and none.
  var fieldsAndNone: [Double] { fields.contains(0) ? fields : [0] + fields }
  static func ring(_ coupling: Double, _ field: Double) -> [(name: String, value: ParameterValue)] {
    [("scheme", .text("ring")), ("coupling", .real(coupling)), ("field", .real(field))]
  }
  static func migdal(_ model: String, _ dimension: Double, _ scale: Double) -> [(name: String, value: ParameterValue)] {
    [("scheme", .text("migdal-kadanoff")), ("model", .text(model)), ("dimension", .real(dimension)), ("scale", .real(scale))]
  }
  static func potts(_ states: Double) -> String { "potts-\(states == states.rounded() ? "\(Int(states))" : "\(states)")" }

  private func recordMigdal(into recording: inout Recording) {
    for dimension in dimensions {
      for scale in scales {
        let ising = MigdalKadanoff(scale: scale, dimension: dimension).fixedPoint
        record(ising, at: Self.migdal("ising", dimension, scale), into: &recording)
        for q in states {
          let potts = PottsMigdalKadanoff(states: q, scale: scale, dimension: dimension).fixedPoint
          record(potts, at: Self.migdal(Self.potts(q), dimension, scale), into: &recording)
        }
      }
    }
  }

  private func record(_ point: FlowFixedPoint, at: [(name: String, value: ParameterValue)], into recording: inout Recording) {
    recording.record(at: at, "fixed_point", Observable(point.coupling))
    recording.record(at: at, "thermal_exponent", Observable(point.thermalExponent))
    if let magnetic = point.magneticExponent { recording.record(at: at, "magnetic_exponent", Observable(magnetic)) }
  }
}
