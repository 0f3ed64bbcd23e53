internal import LatticeSystems
internal import Renormalization
public import Runtime

/// Known values of flows of couplings.
public enum FlowKnownValues {
  /// Decimation of the ring, bond moving, cumulants on triangles.
  public static let checks: [Check] = [
    Check("B1", .fast, ring), Check("B2", .fast, bondMoving), Check("B3", .fast, triangles),
  ]

  @Sendable private static func ring() throws -> [KnownValue] {
    let start = RingCouplings(coupling: 0.7, field: 0.3), fine = Tolerance.absolute(1e-12)
    let two = RingDecimation(scale: 2).step(start), three = RingDecimation(scale: 3).step(start)
    var values = [
      KnownValue("decimation of the ring, K = 0.7, B = 0.3, b = 2: K'", expected: 0.365733972305, found: two.coupling, fine),
      KnownValue("B'", expected: 0.563872575328, found: two.field, fine),
      KnownValue("C'", expected: 1.103221922791, found: two.constant, fine),
      KnownValue("b = 3: K'", expected: 0.192155694719, found: three.coupling, fine),
      KnownValue("b = 3: B'", expected: 0.764258336951, found: three.field, fine),
    ]
    let flow = RingDecimation(scale: 2).flow(from: RingCouplings(coupling: 1), steps: 4)
    for (step, known) in [0.662501373679, 0.350061138945, 0.113672067460, 0.012811542036].enumerated() {
      values.append(KnownValue("K after \(step + 1) steps from K = 1", expected: known, found: flow[step + 1].coupling, fine))
    }
    let exact = try IsingRing(sites: 1 << 40, coupling: 0.7, field: 0.3).logPartitionPerSite
    values.append(
      KnownValue(
        "ln Z per spin from the constants of the flow", expected: exact,
        found: RingDecimation(scale: 2).logPartitionPerSite(start, steps: 45), fine))
    return values
  }

  @Sendable private static func bondMoving() -> [KnownValue] {
    let fine = Tolerance.absolute(1e-9), near = Tolerance.absolute(1e-8)
    var values: [KnownValue] = []
    let known = [
      (2.0, 2.0, 0.304688931718, 1.678573510429, 0.747235718929, 1.879146422),
      (2, 3, 0.065266294981, 1.917370222365, 0.939128931894, 2.564956161),
      (3, 2, 0.240605912530, 2.25, 0.738140492857, 1.876035759),
    ]
    for (b, d, coupling, eigenvalue, thermal, magnetic) in known {
      let point = MigdalKadanoff(scale: b, dimension: d).fixedPoint, name = "Migdal-Kadanoff b = \(Int(b)), d = \(Int(d))"
      values += [
        KnownValue("\(name): K*", expected: coupling, found: point.coupling, fine),
        KnownValue("\(name): lambda_t", expected: eigenvalue, found: point.thermalEigenvalue, fine),
        KnownValue("\(name): y_t", expected: thermal, found: point.thermalExponent, fine),
        KnownValue("\(name): y_h", expected: magnetic, found: point.magneticExponent ?? .nan, fine),
      ]
    }
    for (d, coupling, thermal) in [(2.0, 0.440686793510, 0.753549520), (3, 0.139777682120, 0.948168644)] {
      let point = MigdalKadanoff(scale: 1, dimension: d).fixedPoint
      values += [
        KnownValue("Migdal-Kadanoff b -> 1, d = \(Int(d)): K*", expected: coupling, found: point.coupling, near),
        KnownValue("Migdal-Kadanoff b -> 1, d = \(Int(d)): y_t", expected: thermal, found: point.thermalExponent, near),
      ]
    }
    let three = PottsMigdalKadanoff(states: 3, scale: 2, dimension: 2).fixedPoint
    let four = PottsMigdalKadanoff(states: 4, scale: 2, dimension: 2).fixedPoint
    let dual = PottsMigdalKadanoff(states: 3, scale: 1, dimension: 2).fixedPoint
    return values + [
      KnownValue("Potts q = 3, b = 2, d = 2: K* = ln 2", expected: 0.693147180560, found: three.coupling, near),
      KnownValue("Potts q = 3: lambda_t = 16/9", expected: 16.0 / 9, found: three.thermalEigenvalue, near),
      KnownValue("Potts q = 3: y_t", expected: 0.830074998558, found: three.thermalExponent, near),
      KnownValue("Potts q = 4: y_t", expected: 0.889552661, found: four.thermalExponent, near),
      KnownValue(
        "Potts q = 3, b -> 1: K* is the self-dual point", expected: PottsModel.criticalCoupling(colours: 3), found: dual.coupling, near),
    ]
  }

  @Sendable private static func triangles() throws -> [KnownValue] {
    let near = Tolerance.absolute(1e-8), first = try TriangularCumulants(order: 1).fixedPoint()
    let second = TriangularCumulants(order: 2), point = try second.fixedPoint()
    let made = second.step([0.3, 0, 0]).couplings, alone = TriangularCumulants(order: 1).step([0.3, 0, 0]).couplings
    return [
      KnownValue("first cumulant on triangles: K*", expected: 0.335613511613, found: first.couplings[0], near),
      KnownValue("first cumulant: lambda_t", expected: 1.623524387, found: first.eigenvalues[0], near),
      KnownValue("first cumulant: y_t", expected: 0.882202646, found: first.thermalExponent, near),
      KnownValue("first cumulant: lambda_h = 3 / sqrt 2", expected: 2.121320344, found: first.fieldEigenvalue ?? .nan, near),
      KnownValue("first cumulant: y_h", expected: 1.369070246, found: first.magneticExponent ?? .nan, near),
      // 1/2 (<V^2> - <V>^2) of two triangles and those between them, every state summed.
      KnownValue(
        "second cumulant at K = 0.3, nearest triangles, by enumeration", expected: 0.0727693580653769, found: made[0] - alone[0],
        .absolute(1e-12)),
      KnownValue("second neighbours", expected: -0.007074114852886823, found: made[1], .absolute(1e-12)),
      KnownValue("third neighbours", expected: -0.016844302912820845, found: made[2], .absolute(1e-12)),
      KnownValue("second cumulant: K1*", expected: 0.27886906, found: point.couplings[0], near),
      KnownValue("second cumulant: lambda_t", expected: 1.77284341, found: point.eigenvalues[0], near),
      KnownValue("second cumulant: K_c of nearest neighbours", expected: 0.257484243112, found: second.criticalCoupling, near),
    ]
  }
}
