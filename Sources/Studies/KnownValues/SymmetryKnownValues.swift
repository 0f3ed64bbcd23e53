import BigInt
import Glibc
import RandomStreams
public import Runtime
import Statistics
import SymmetryGroups

/// Known values of permutation groups, lattice orbits, nilpotent orbits and shadow stabilizers.
public enum SymmetryKnownValues {
  /// The checks, in the order of the acceptance table.
  public static let checks: [Check] = [
    Check("A-1", .fast, groupOrders), Check("A-2", .fast, conjugacyClasses), Check("A-3", .fast, translationOrbits),
    Check("A-4", .fast, latticeOrbits), Check("A-5", .fast, orbitSizes), Check("A-6", .fast, ringOrbitSizes),
    Check("A-7", .fast, equivariantMaps), Check("A-8", .fast, classicalOrbits), Check("A-9", .fast, exceptionalOrbits),
    Check("A-10", .fast, minimalOrbits), Check("A-11", .fast, orbitDimensions), Check("A-12", .slow, shadowVolumes),
  ]

  /// Counts compared as integers of any size: the line shows the difference, which a Double could round away.
  private static func exact(_ what: String, _ expected: BigUInt, _ found: BigUInt) -> KnownValue {
    let miss = Double(BigInt(found) - BigInt(expected)), value = Double(expected)
    let shown = miss == 0 ? value : (value + miss == value ? (miss > 0 ? value.nextUp : value.nextDown) : value + miss)
    return KnownValue(what, expected: value, found: shown, .absolute(0))
  }
  private static func exact(_ what: String, _ expected: Int, _ found: Int) -> KnownValue {
    KnownValue(what, expected: Double(expected), found: Double(found), .absolute(0))
  }

  @Sendable private static func groupOrders() -> [KnownValue] {
    let groups: [(String, BigUInt, PermutationGroup)] = [
      ("M11", 7920, KnownPermutationGroups.mathieu11), ("M12", 95040, KnownPermutationGroups.mathieu12),
      ("PSL(2,23)", 6072, KnownPermutationGroups.projectiveLine23), ("M24", 244_823_040, KnownPermutationGroups.mathieu24),
      ("Rubik's cube", BigUInt(stringLiteral: "43252003274489856000"), KnownPermutationGroups.rubiksCube),
    ]
    return groups.map { exact("order of \($0.0)", $0.1, $0.2.order) }
  }

  @Sendable private static func conjugacyClasses() throws -> [KnownValue] {
    var values: [KnownValue] = []
    for (size, order, classes) in [(3, 72, 9), (4, 128, 20), (5, 200, 14), (6, 288, 27)] {
      let torus = try TorusSymmetry(rows: size, columns: size)
      let group = try PermutationGroup(torus.generatingPermutations, degree: torus.sites)
      values.append(exact("order of p4m on \(size)x\(size)", BigUInt(order), group.order))
      values.append(exact("conjugacy classes of p4m on \(size)x\(size)", classes, try group.conjugacyClasses().count))
    }
    return values + [exact("conjugacy classes of M11", 10, try KnownPermutationGroups.mathieu11.conjugacyClasses().count)]
  }

  @Sendable private static func translationOrbits() throws -> [KnownValue] {
    try zip(3...6, [64, 4156, 1_342_208, 1_908_897_152]).map { size, expected in
      let torus = try TorusSymmetry(rows: size, columns: size, kind: .translations)
      return exact(
        "orbits of spins under translations, \(size)x\(size)", BigUInt(expected), BurnsideCount.colourings(2, under: torus.permutations))
    }
  }

  @Sendable private static func latticeOrbits() throws -> [KnownValue] {
    let known = [(3, 26, 13), (4, 805, 433), (5, 172_112, 86_056), (6, 239_123_150, 119_583_470)]
    return try known.flatMap { size, plain, flipped in
      let permutations = try TorusSymmetry(rows: size, columns: size).permutations
      return [
        exact("orbits of spins under p4m, \(size)x\(size)", BigUInt(plain), BurnsideCount.colourings(2, under: permutations)),
        exact("the same with the spin flip", BigUInt(flipped), BurnsideCount.spinsWithFlip(under: permutations)),
      ]
    }
  }

  private static func sizes(_ what: String, _ orbits: SpinOrbits, _ expected: [(Int, Int)]) -> [KnownValue] {
    let found = orbits.sizes()
    return expected.map { exact("\(what): orbits of length \($0)", $1, found[$0] ?? 0) }
      + [exact("\(what): different lengths", expected.count, found.count)]
  }

  @Sendable private static func orbitSizes() throws -> [KnownValue] {
    let orbits = try SpinOrbits(TorusSymmetry(rows: 4, columns: 4).permutations, withFlip: true)
    return sizes("4x4, p4m and flip", orbits, [(2, 2), (4, 1), (8, 5), (16, 9), (32, 34), (64, 66), (128, 163), (256, 153)])
  }

  @Sendable private static func ringOrbitSizes() throws -> [KnownValue] {
    let cyclic = try SpinOrbits(Array(KnownPermutationGroups.cyclic(12).elements), withFlip: false)
    let dihedral = try SpinOrbits(Array(KnownPermutationGroups.dihedral(12).elements), withFlip: true)
    return sizes("ring of 12, rotations", cyclic, [(1, 2), (2, 1), (3, 2), (4, 3), (6, 9), (12, 335)])
      + sizes("ring of 12, D12 and flip", dihedral, [(2, 2), (4, 1), (6, 2), (8, 1), (12, 7), (24, 52), (48, 57)])
  }

  @Sendable private static func equivariantMaps() throws -> [KnownValue] {
    try [(3, 3, 7), (4, 6, 16), (5, 6, 25), (6, 10, 50)].flatMap { size, maps, cubic in
      let torus = try TorusSymmetry(rows: size, columns: size), permutations = torus.permutations
      return [
        exact("dim Hom_G under p4m, \(size)x\(size)", maps, BurnsideCount.equivariantMaps(under: permutations)),
        exact(
          "orbits of pairs, \(size)x\(size)", maps,
          EquivariantLinearMap(size: torus.sites, generators: torus.generatingPermutations).parameters),
        exact("cubic invariants under p4m, \(size)x\(size)", cubic, BurnsideCount.cubicInvariants(under: permutations)),
      ]
    }
  }

  private static let streams = KeyedStreams(StreamKey.derive(seed: 0, study: "verify", unit: "symmetry"))

  private static func type(_ name: String) -> SimpleLieType {
    guard let type = SimpleLieType(name) else { preconditionFailure("\(name) is a simple algebra") }
    return type
  }

  @Sendable private static func classicalOrbits() -> [KnownValue] {
    let known = [
      ("A3", 5, 4), ("A4", 7, 6), ("B2", 4, 3), ("B3", 7, 6), ("B4", 13, 15), ("C3", 8, 8), ("C4", 14, 16), ("D4", 12, 11), ("D5", 16, 19),
    ]
    return known.flatMap { name, count, covers in
      let type = type(name), named = OrbitPartition.all(type)
      let found = SimpleLieAlgebra(type).nilpotentOrbits(from: streams)
      let agree = Set(found.map(\.diagram)) == Set(named.map(\.diagram))
      // The published number of covers counts partitions, twins as one.
      let partitions = named.filter { $0.twin < 2 }
      return [
        exact("nilpotent orbits of \(name), by partitions", count, named.count),
        exact("nilpotent orbits of \(name), by sl2 triples", count, found.count),
        exact("weighted diagrams of \(name) the same both ways", 1, agree ? 1 : 0),
        exact("covers in the Hasse diagram of \(name)", covers, ClosureOrder(partitions).covers.count),
      ]
    }
  }

  @Sendable private static func exceptionalOrbits() -> [KnownValue] {
    let known = [("G2", 5, 6, 36), ("F4", 16, 16, 532), ("E6", 21, 22, 1086), ("E7", 45, 34, 4290), ("E8", 70, 58, 13336)]
    return known.flatMap { name, count, minimal, sum in
      let orbits = SimpleLieAlgebra(type(name)).nilpotentOrbits(from: streams)
      return [
        exact("nilpotent orbits of \(name)", count, orbits.count),
        exact("minimal dimension of \(name)", minimal, orbits.count > 1 ? orbits[1].dimension : 0),
        exact("sum of the dimensions of \(name)", sum, orbits.reduce(0) { $0 + $1.dimension }),
      ]
    }
  }

  @Sendable private static func minimalOrbits() -> [KnownValue] {
    var values: [KnownValue] = []
    for n in 4...7 {
      for (name, expected) in [("A\(n)", 2 * n), ("B\(n)", 4 * n - 4), ("C\(n)", 2 * n), ("D\(n)", 4 * n - 6)] {
        values.append(exact("minimal dimension of \(name)", expected, OrbitPartition.all(type(name))[1].dimension))
      }
    }
    let found = SimpleLieAlgebra(type("B4")).nilpotentOrbits(from: streams).map(\.dimension)
    for (place, expected) in [0, 12, 14, 16, 20, 22, 24, 24, 26, 26, 28, 30, 32].enumerated() {
      values.append(exact("B4, dimension \(place + 1) of 13", expected, place < found.count ? found[place] : -1))
    }
    return values
  }

  private static let points = ShadowVolumeSampler.points(400, from: streams)

  @Sendable private static func orbitDimensions() -> [KnownValue] {
    let known: [(PlaneFeature, [Int])] = [
      (.edge, [1, 2, 2, 2, 3]), (.disc, [0, 3, 2, 2, 5]), (.ellipse, [1, 3, 3, 2, 5]), (.corner, [1, 4, 3, 3, 6]),
    ]
    return known.flatMap { feature, dimensions in
      zip([PlaneGroup.so2, .gl2, .se2, .sl2, .aff2], dimensions).map { group, expected in
        let spectrum = TangentSpectrum(feature, under: group, points: points)
        return exact("orbit dimension of the \(feature.name) under \(group.rawValue)", expected, spectrum.orbitDimension(threshold: 1e-6))
      }
    }
  }

  @Sendable private static func shadowVolumes() -> [KnownValue] {
    let epsilons = [0.025, 0.05]
    return [(PlaneFeature.edge, 1.89), (.disc, 2.86), (.ellipse, 2.83)].map { feature, expected in
      let sampler = ShadowVolumeSampler(feature, under: .gl2, points: points, delta: 0.3, epsilons: epsilons)
      let slope = sampler.sample(0..<4_000_000, from: streams).slope(0, 1, epsilons: epsilons)
      return KnownValue(
        "shadow volume of the \(feature.name) under gl2: d ln P / d ln epsilon", expected: expected, found: slope.value, error: slope.error,
        .absolute(0.2))
    }
  }
}
