import Glibc
import KahlerGeometry
public import Runtime

/// Exact values of the gas on the sphere, of P^1 with cone points, of mean-field and toric limits: D-1 to D-15.
public enum KahlerKnownValues {
  /// The checks, in the order of the acceptance table.
  public static let checks: [Check] = [
    Check("D-1", .fast, determinantal), Check("D-2", .fast, structure), Check("D-3", .fast, fewPoints), Check("D-5", .fast, meanField),
    Check("D-6", .fast, freeEnergies),
    Check("D-7", .fast, fano), Check("D-8", .fast, dihedral), Check("D-9", .fast, hyperbolic), Check("D-10", .fast, thresholds),
    Check("D-13", .fast, polygons), Check("D-14", .slow, balanced), Check("D-15", .fast, plane),
    Check("E-1", .fast, GradientFlowKnownValues.noiseFree), Check("E-3", .fast) { try GradientFlowKnownValues.density(beta: 1) },
    Check("E-4", .fast) { try GradientFlowKnownValues.density(beta: -0.5) },
    Check("E-4", .fast, GradientFlowKnownValues.slowestRates),
    Check("E-5", .fast, GradientFlowKnownValues.networkTheory), Check("E-6", .fast, GradientFlowKnownValues.langevinTheory),
  ]

  @Sendable private static func determinantal() -> [KnownValue] {
    [(3, 1.961658506023), (10, 24.366123450356), (50, 543.768529171165)].map { n, value in
      KnownValue(
        "gas on the sphere, s = 2, N = \(n): ln Z", expected: value, found: ExactSphereGas.logPartitionAtTwo(points: n), .absolute(1e-9))
    }
  }
  @Sendable private static func structure() -> [KnownValue] {
    [0.18181818, 0.45454545, 0.70629371, 0.87412587].enumerated().map { l, value in
      KnownValue(
        "s = 2, N = 10: S_\(l + 1)", expected: value, found: ExactSphereGas.structureFactorAtTwo(points: 10, degree: l + 1), .absolute(1e-8)
      )
    } + [
      KnownValue(
        "s = 2, N = 10: E[-sum ln |x - y|]", expected: -13.5140437601, found: ExactSphereGas.energyAtTwo(points: 10), .absolute(1e-8))
    ]
  }
  @Sendable private static func fewPoints() -> [KnownValue] {
    [
      KnownValue("N = 3, s = 1: ln Z", expected: 0.838627, found: ExactSphereGas.logPartitionOfThree(pairExponent: 1), .absolute(1e-6)),
      KnownValue("N = 3, s = 4: ln Z", expected: 4.55989384, found: ExactSphereGas.logPartitionOfThree(pairExponent: 4), .absolute(1e-6)),
      KnownValue(
        "N = 2, beta = 1: ln Z", expected: 1.6739764336, found: ExactSphereGas.logPartitionOfTwo(pairExponent: 4), .absolute(1e-9)),
    ]
  }
  /// beta, <t>, F_beta in the field a = 1: D-5 and D-6.
  private static let meanFields: [(beta: Double, mean: Double, energy: Double)] = [
    (0, -0.313035285499, -0.161439361571), (1, -0.164593929934, -0.469108601239), (2, -0.110615212487, -0.828020473875),
    (-0.5, -0.526440669968, -0.100446019128), (-0.8, -0.777995657324, -0.212391875060),
  ]
  @Sendable private static func meanField() throws -> [KnownValue] {
    try meanFields.map { row in
      let found = try MeanField(beta: row.beta, field: 1).solve().mean
      return KnownValue("mean field, a = 1, beta = \(row.beta): <t>", expected: row.mean, found: found, .absolute(1e-10))
    }
  }
  @Sendable private static func freeEnergies() throws -> [KnownValue] {
    try meanFields.map { row in
      let found = try MeanField(beta: row.beta, field: 1).solve().freeEnergy
      return KnownValue("mean field, a = 1, beta = \(row.beta): F", expected: row.energy, found: found, .absolute(1e-10))
    }
  }

  static func line(_ weights: [Double], _ n: Int) throws -> WeightedProjectiveLine {
    try WeightedProjectiveLine(weights: weights, points: n)
  }
  /// The limit of an exact quantity from N = 64, 128 and 256.
  private static func limit(_ weights: [Double], _ value: (WeightedProjectiveLine) -> Double) throws -> Double {
    let a = value(try line(weights, 64)), b = value(try line(weights, 128)), c = value(try line(weights, 256))
    return (4 * (2 * c - b) - (2 * b - a)) / 3
  }
  private static func modulus(_ line: WeightedProjectiveLine) -> Double { line.meanLogModulus / Double(line.points) }

  @Sendable private static func fano() throws -> [KnownValue] {
    try [(2, 6.5266572912, 1.41515161), (8, 22.1895248579, 0.76497050)].flatMap { n, partition, mean in
      let exact = try line([0.3, 0.4, 0.5], n)
      return [
        KnownValue("w = (.3, .4, .5), N = \(n): ln Z", expected: partition, found: exact.logPartition, .absolute(1e-8)),
        // The table's eight decimals are cut, not rounded.
        KnownValue("w = (.3, .4, .5), N = \(n): E ln|z|", expected: mean, found: modulus(exact), .absolute(2e-8)),
      ]
    }
  }
  @Sendable private static func dihedral() throws -> [KnownValue] {
    let weights = [0.5, 0.5, 2.0 / 3], exact = try line(weights, 8)
    return [
      KnownValue("w = (1/2, 1/2, 2/3), N = 8: ln Z", expected: 24.1633303854, found: exact.logPartition, .absolute(1e-8)),
      KnownValue("w = (1/2, 1/2, 2/3), N = 8: E ln|z|", expected: 0.71210671, found: modulus(exact), .absolute(1e-8)),
      KnownValue(
        "w = (1/2, 1/2, 2/3), N -> infinity: E ln|z| = ln 2", expected: M_LN2, found: try limit(weights, modulus), .absolute(1e-6)),
    ]
  }
  @Sendable private static func hyperbolic() throws -> [KnownValue] {
    let weights = [0.9, 0.8, 0.7], exact = try line(weights, 8)
    let limits = try [
      ("(.9, .8, .7)", weights, 3.699085), ("(.3, .4, .5)", [0.3, 0.4, 0.5], 2.724923), ("(3/4, 3/4, 3/4)", [0.75, 0.75, 0.75], 3.418734),
    ]
    .map { name, w, value in
      KnownValue(
        "w = \(name), N -> infinity: ln Z / N", expected: value, found: try limit(w) { $0.logPartition / Double($0.points) },
        .absolute(1e-6))
    }
    return [
      KnownValue("w = (.9, .8, .7), N = 8: ln Z", expected: 29.7453238001, found: exact.logPartition, .absolute(1e-8)),
      KnownValue("w = (.9, .8, .7), N = 8: E ln|z|", expected: -1.36829627, found: modulus(exact), .absolute(1e-8)),
      KnownValue("w = (.9, .8, .7), N -> infinity: E ln|z|", expected: -1.29118762, found: try limit(weights, modulus), .absolute(1e-6)),
    ] + limits
  }
  @Sendable private static func thresholds() -> [KnownValue] {
    [([0.3, 0.4, 0.5], 2, 1.25), ([0.3, 0.4, 0.5], 8, 1.25), ([0.1, 0.1, 0.6], 8, 2.0 / 3)].map { weights, n, value in
      KnownValue(
        "w = \(weights), N = \(n): Gibbs threshold", expected: value,
        found: WeightedProjectiveLine.gibbsThreshold(weights: weights, points: n), .absolute(1e-12))
    }
  }

  private static func polygon(_ name: String) throws -> ReflexivePolygon {
    try ReflexivePolygon(ReflexivePolygon.catalogue.first { $0.name == name }?.vertices ?? [])
  }
  @Sendable private static func polygons() throws -> [KnownValue] {
    let rows: [(String, Double, Double, Double)] = [
      ("dP1", 1.0 / 12, -1.0 / 6, 6.0 / 7), ("dP2", -2.0 / 21, -2.0 / 21, 21.0 / 25), ("CP2", 0, 0, 1), ("CP1xCP1", 0, 0, 1),
      ("dP3", 0, 0, 1),
    ]
    return try rows.flatMap { name, x, y, bound in
      let surface = try polygon(name), b = surface.barycentre
      return [
        KnownValue("\(name): barycentre, x", expected: x, found: b.x, .absolute(1e-14)),
        KnownValue("\(name): barycentre, y", expected: y, found: b.y, .absolute(1e-14)),
        KnownValue("\(name): R", expected: bound, found: surface.greatestRicciBound, .absolute(1e-14)),
      ]
    }
  }
  @Sendable private static func balanced() throws -> [KnownValue] {
    let surface = try polygon("dP3"), first = try BalancedMetric(surface, level: 1)
    let rows = [(2, 0.046672943), (3, 0.046390437), (4, 0.046275527), (6, 0.046184416)]
    return [
      KnownValue("dP3, k = 1: H_0/H_v", expected: 0.345848486, found: first.ratio(.zero, SIMD2(1, 0)), .absolute(1e-7)),
      KnownValue("dP3, k = 1: density at 0", expected: 0.047727634, found: first.densityAtOrigin, .absolute(1e-7)),
    ]
      + (try rows.map { k, density in
        KnownValue(
          "dP3, k = \(k): density at 0", expected: density, found: try BalancedMetric(surface, level: k).densityAtOrigin, .absolute(1e-7))
      })
  }
  @Sendable private static func plane() throws -> [KnownValue] {
    let surface = try polygon("CP2"), first = try BalancedMetric(surface, level: 1)
    return [
      KnownValue("CP2, k = 1: density at 0", expected: 2.0 / 27, found: first.densityAtOrigin, .absolute(1e-7)),
      KnownValue("CP2, k = 1: H_0/H_v", expected: 1.0 / 6, found: first.ratio(.zero, SIMD2(2, -1)), .absolute(1e-7)),
      KnownValue(
        "CP2, k = 2: density at 0", expected: 2.0 / 27, found: try BalancedMetric(surface, level: 2).densityAtOrigin, .absolute(1e-7)),
      KnownValue(
        "dP3, k = 1: <|grad phi|^2>", expected: 0.57142857, found: try BalancedMetric(try polygon("dP3"), level: 1).meanSquareGradient,
        .absolute(1e-7)),
    ]
  }
}
