import RandomStreams
public import Runtime
import SymmetryGroups

/// Throughput of group algorithms and of the search for nilpotent orbits.
public enum SymmetryBenchmarks {
  /// All of them.
  public static let all: [Benchmark] = [
    chain("M24", repeats: 100) { KnownPermutationGroups.mathieu24 },
    chain("Rubik's cube", repeats: 5) { KnownPermutationGroups.rubiksCube },
    classes, orbits, nilpotent("E8") { [$0].compactMap(SimpleLieType.init) },
    nilpotent("all simple types to rank 8") { _ in SimpleLieType.all(upToRank: 8) },
  ]

  private static func chain(_ name: String, repeats: Int, _ group: @escaping @Sendable () -> PermutationGroup) -> Benchmark {
    Benchmark("Schreier-Sims, \(name)", unit: "groups", reference: nil) {
      {
        for _ in 0..<repeats { precondition(group().order > 1, "the group is not trivial") }
        return Double(repeats)
      }
    }
  }

  private static let classes = Benchmark("conjugacy classes, M12", unit: "elements", reference: nil) {
    let group = KnownPermutationGroups.mathieu12
    return { Double(try group.conjugacyClasses().reduce(0) { $0 + $1.size }) }
  }

  private static let orbits = Benchmark("orbits of 5x5 spins under p4m with flip", unit: "configurations", reference: nil) {
    let orbits = try SpinOrbits(TorusSymmetry(rows: 5, columns: 5).permutations, withFlip: true)
    return {
      var found = 0
      let range: Range<UInt64> = 1 << 22..<1 << 23
      orbits.forEachOrbit(in: range) { found += $1 }
      return Double(range.count)
    }
  }

  private static func nilpotent(_ name: String, _ types: @escaping @Sendable (String) -> [SimpleLieType]) -> Benchmark {
    Benchmark("nilpotent orbits, \(name)", unit: "diagrams", reference: nil) {
      let streams = KeyedStreams(StreamKey(high: 1, low: 2))
      return {
        var diagrams = 0.0
        for type in types(name) {
          precondition(SimpleLieAlgebra(type).nilpotentOrbits(from: streams).count > 1, "there is an orbit beside zero")
          diagrams += (0..<type.rank).reduce(1.0) { result, _ in 3 * result }
        }
        return diagrams
      }
    }
  }
}
