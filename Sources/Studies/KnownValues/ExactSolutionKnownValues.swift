import LatticeSystems
public import Runtime

/// Known values of the exactly solved Ising systems: A1 to A4.
public enum ExactSolutionKnownValues {
  /// The checks, in the order of the acceptance table.
  public static let checks: [Check] = [
    Check("A1", .fast, finiteTorus),
    Check("A2", .fast, infiniteVolume),
    Check("A3", .fast, ring),
    Check("A4", .fast, densityOfStates),
  ]

  private static let criticalCoupling = SquareIsing.criticalCoupling

  @Sendable private static func finiteTorus() throws -> [KnownValue] {
    let rows: [(columns: Int, rows: Int, coupling: Double, logPartition: Double, energy: Double, specificHeat: Double)] = [
      (4, 4, 0.4, 0.910068313990253, -1.37911648225935, 0.812515229440458),
      (4, 4, criticalCoupling, 0.970119716172205, -1.56562378763832, 0.783266825928909),
      (8, 8, 0.3, 0.790770789034137, -0.712467372672069, 0.311378350384482),
      (8, 8, criticalCoupling, 0.939715324829206, -1.49158910743971, 1.14555923989441),
      (8, 8, 0.5, 1.03663409186293, -1.7456831702932, 0.714122602855142),
      (16, 16, criticalCoupling, 0.932196314980988, -1.45306485281348, 1.49870495940003),
      (32, 32, 0.4, 0.879373347424941, -1.10729166097751, 0.8858125010662),
      (32, 32, criticalCoupling, 0.930320390184124, -1.43365846614625, 1.84676759003956),
      (64, 64, 0.3, 0.790559070951263, -0.704499070832445, 0.286290202872046),
      (64, 64, criticalCoupling, 0.929851631694289, -1.42393838983301, 2.19221139314057),
      (64, 64, 0.6, 1.21030161367429, -1.90908617768408, 0.313445358126167),
      (6, 10, 0.42, 0.911616837187035, -1.35653659288743, 1.1398618196628),
      (10, 6, 0.42, 0.911616837187035, -1.35653659288743, 1.1398618196628),
    ]
    return try rows.flatMap { row in
      let torus = try KaufmanTorus(columns: row.columns, rows: row.rows, coupling: row.coupling)
      let label = "torus \(row.columns)x\(row.rows), K=\(couplingLabel(row.coupling))"
      return [
        KnownValue("\(label): lnZ/N", expected: row.logPartition, found: torus.logPartitionPerSite, .absolute(1e-11)),
        KnownValue("\(label): e", expected: row.energy, found: torus.energyPerSite, .absolute(1e-11)),
        KnownValue("\(label): c", expected: row.specificHeat, found: torus.specificHeat, .absolute(1e-9)),
      ]
    }
  }

  @Sendable private static func infiniteVolume() throws -> [KnownValue] {
    let disordered = try OnsagerSolution(coupling: 0.4)
    let ordered = try OnsagerSolution(coupling: 0.5)
    let critical = try OnsagerSolution(coupling: criticalCoupling)
    let lines: [(String, Double, Double)] = [
      ("K=0.4: lnZ/N", 0.879363820774948, disordered.logPartitionPerSite),
      ("K=0.4: e", -1.10607920374579, disordered.energyPerSite),
      ("K=0.4: m", 0, disordered.magnetization),
      ("K=0.5: lnZ/N", 1.02579281269492, ordered.logPartitionPerSite),
      ("K=0.5: e", -1.74556457531255, ordered.energyPerSite),
      ("K=0.5: m", 0.911319377877496, ordered.magnetization),
      ("K=K_c: lnZ/N", 0.92969539834161, critical.logPartitionPerSite),
      ("K=K_c: e = -sqrt 2", -(2.0.squareRoot()), critical.energyPerSite),
    ]
    return lines.map { KnownValue("infinite square lattice, \($0.0)", expected: $0.1, found: $0.2, .absolute(1e-10)) }
  }

  @Sendable private static func ring() throws -> [KnownValue] {
    let field = try IsingRing(sites: 8, coupling: 0.7, field: 0.3)
    let lines: [(String, Double, Double)] = [
      ("lnZ/N", 1.06291366933051, field.logPartitionPerSite),
      ("e", -0.785297635974528, field.energyPerSite),
      ("c", 0.317878718659231, field.specificHeat),
      ("m", 0.774309240450146, field.magnetization),
      ("chi", 1.08788076299501, field.susceptibility),
    ]
    let free = try IsingRing(sites: 8, coupling: 0.7)
    let correlations = [0.622734954329465, 0.406751668885353, 0.296112759370005, 0.262163919561954]
    return lines.map {
      KnownValue("ring N=8, K=0.7, B=0.3: \($0.0)", expected: $0.1, found: $0.2, .absolute(1e-11))
    }
      + correlations.enumerated().map { index, expected in
        KnownValue(
          "ring N=8, K=0.7, B=0: <s_0 s_\(index + 1)>", expected: expected, found: free.correlation(distance: index + 1),
          .absolute(1e-12))
      }
  }

  @Sendable private static func densityOfStates() throws -> [KnownValue] {
    let four = try IsingDensityOfStates(columns: 4, rows: 4)
    let expected: [Int: UInt64] = [-32: 2, -24: 32, -20: 64, -16: 424, -12: 1728, -8: 6688, -4: 13568, 0: 20524]
    var lines = (-32...32).filter { $0.isMultiple(of: 4) }.map { energy in
      exactCount("4x4 g(E=\(energy))", expected: expected[-abs(energy)] ?? 0, found: four.count(energy: energy))
    }
    let probabilities: [(Int, Double)] = [
      (-32, 0.483457975139), (-24, 0.227706784238), (-20, 0.078136615373), (-16, 0.088815569924),
      (-12, 0.062103434397), (-8, 0.041239821180), (-4, 0.014354397659), (0, 0.003725458875),
    ]
    let found = four.probabilities(coupling: criticalCoupling)
    lines += probabilities.map { energy, probability in
      KnownValue(
        "4x4 P(E=\(energy)) at K_c", expected: probability, found: found[(energy + 32) / 2], .absolute(1e-11))
    }
    let eight = try IsingDensityOfStates(columns: 8, rows: 8)
    let unsatisfied: [(Int, UInt64)] = [
      (0, 2), (4, 128), (6, 256), (8, 4672), (10, 17920), (12, 145408), (14, 712960), (16, 4_274_576),
      (64, 2_627_978_003_957_146_636),
    ]
    lines += unsatisfied.map { exactCount("8x8 states with \($0) unsatisfied bonds", expected: $1, found: eight.counts[$0]) }
    // The sum is 2^64: zero in 64 bits, with one carry.
    var carries = 0
    var sum: UInt64 = 0
    for count in eight.counts {
      let next = sum.addingReportingOverflow(count)
      sum = next.partialValue
      carries += next.overflow ? 1 : 0
    }
    lines.append(exactCount("8x8 number of states modulo 2^64", expected: 0, found: sum))
    lines.append(exactCount("8x8 number of states over 2^64", expected: 1, found: UInt64(carries)))
    return lines
  }

  /// Counts compared as integers: the line shows the difference, which a Double could round away in the counts.
  private static func exactCount(_ what: String, expected: UInt64, found: UInt64) -> KnownValue {
    let miss = found > expected ? Double(found - expected) : -Double(expected - found)
    let value = Double(expected)
    // Past 2^53 the nearest Double above or below stands for any difference.
    let shown = miss == 0 ? value : (value + miss == value ? (miss > 0 ? value.nextUp : value.nextDown) : value + miss)
    return KnownValue(what, expected: value, found: shown, .absolute(0))
  }

  private static func couplingLabel(_ coupling: Double) -> String { coupling == criticalCoupling ? "K_c" : "\(coupling)" }
}
