import RandomStreams
import SymmetryGroups
import Testing

@Suite struct NilpotentOrbitTests {
  static let streams = KeyedStreams(StreamKey(high: 11, low: 12))

  @Test("structure constants obey the identity of Jacobi, and brackets the Cartan matrix", arguments: SimpleLieType.all(upToRank: 4))
  func jacobi(type: SimpleLieType) throws {
    let algebra = SimpleLieAlgebra(type)
    #expect(algebra.dimension == type.dimension)
    let n = algebra.dimension
    let brackets = (0..<n).map { a in (0..<n).map { algebra.bracket(a, $0) } }
    func bracket(_ x: [Int: Int], _ b: Int) -> [Int: Int] {
      var result: [Int: Int] = [:]
      for (a, c) in x { for (k, d) in brackets[a][b] { result[k, default: 0] += c * d } }
      return result
    }
    var violations = 0
    for a in 0..<n {
      for b in 0..<a {
        if brackets[a][b] != brackets[b][a].mapValues({ -$0 }) { violations += 1 }
        for c in 0..<b {
          // [[a, b], c] + [[b, c], a] + [[c, a], b] = 0.
          var sum = bracket(brackets[a][b], c)
          for (k, d) in bracket(brackets[b][c], a) { sum[k, default: 0] += d }
          for (k, d) in bracket(brackets[c][a], b) { sum[k, default: 0] += d }
          if sum.values.contains(where: { $0 != 0 }) { violations += 1 }
        }
      }
    }
    #expect(violations == 0, "\(type)")
  }

  @Test("Cartan matrices are those of Bourbaki's numbering")
  func cartan() throws {
    func matrix(_ name: String) -> [[Int]] { SimpleLieAlgebra(SimpleLieType(name)!).cartanMatrix }
    #expect(matrix("B3") == [[2, -1, 0], [-1, 2, -1], [0, -2, 2]])
    #expect(matrix("C3") == [[2, -1, 0], [-1, 2, -2], [0, -1, 2]])
    #expect(matrix("G2") == [[2, -3], [-1, 2]])
    #expect(matrix("F4") == [[2, -1, 0, 0], [-1, 2, -1, 0], [0, -2, 2, -1], [0, 0, -1, 2]])
    #expect(matrix("D4")[1] == [-1, 2, -1, -1] && matrix("E6")[3] == [0, -1, -1, 2, -1, 0])
  }

  @Test(
    "the sl2 test finds the orbits that partitions name, with their diagrams and dimensions",
    arguments: SimpleLieType.all(upToRank: 6).filter(\.isClassical))
  func partitions(type: SimpleLieType) throws {
    let found = SimpleLieAlgebra(type).nilpotentOrbits(from: Self.streams)
    let named = OrbitPartition.all(type)
    #expect(Set(found.map(\.diagram)) == Set(named.map(\.diagram)) && found.count == named.count)
    for orbit in named {
      #expect(found.first { $0.diagram == orbit.diagram }?.dimension == orbit.dimension, "\(type) \(orbit)")
    }
    #expect(found[1].dimension == 2 * type.dualCoxeterNumber - 2)
  }

  @Test("rank(ad e) is the dimension of the orbit", arguments: ["A4", "B3", "B4", "C4", "D5", "G2", "F4", "E6"])
  func ranks(name: String) throws {
    let algebra = SimpleLieAlgebra(try #require(SimpleLieType(name)))
    var choices = Self.streams.generator(replica: 0, step: 1, site: 0, purpose: .proposal)
    for orbit in algebra.nilpotentOrbits(from: Self.streams) {
      #expect(algebra.adjointRank(of: orbit, from: &choices) == orbit.dimension, "\(name) \(orbit.diagram)")
    }
  }

  @Test("an orbit below another has smaller dimension, the zero orbit is below and the principal one above all")
  func closure() throws {
    for type in SimpleLieType.all(upToRank: 7) where type.isClassical {
      let orbits = OrbitPartition.all(type), order = ClosureOrder(orbits)
      #expect(order.covers.allSatisfy { orbits[$0.lower].dimension < orbits[$0.upper].dimension })
      #expect(orbits.allSatisfy { orbits[0].isInClosure(of: $0) && $0.isInClosure(of: orbits[orbits.count - 1]) })
      #expect(Set(order.walk) == Set(orbits.indices), "the walk passes every orbit")
      let steps = zip(order.walk, order.walk.dropFirst()).map { [min($0, $1), max($0, $1)] }
      #expect(Set(steps) == Set(order.covers.map { [min($0.lower, $0.upper), max($0.lower, $0.upper)] }))
    }
  }

  @Test("partitions that name no orbit are refused with the reason")
  func admissible() throws {
    let d4 = try #require(SimpleLieType("D4")), c3 = try #require(SimpleLieType("C3")), e6 = try #require(SimpleLieType("E6"))
    func mistake(_ type: SimpleLieType, _ parts: [Int]) -> PartitionError? {
      do throws(PartitionError) { _ = try OrbitPartition(type, parts) } catch { return error }
      return nil
    }
    #expect(mistake(d4, [3, 2, 2, 1]) == nil && mistake(d4, [1, 2, 3, 2]) == nil)
    #expect(mistake(d4, [4, 3, 1]) == .oddMultiplicity(d4, [4, 3, 1], 4))
    #expect(mistake(c3, [3, 2, 1]) == .oddMultiplicity(c3, [3, 2, 1], 3))
    #expect(mistake(d4, [3, 3, 3]) == .wrongSum(d4, [3, 3, 3], 8) && mistake(d4, [8, 0]) == .wrongSum(d4, [8, 0], 8))
    #expect(mistake(e6, [2]) == .notClassical(e6))
    #expect(try OrbitPartition(d4, [2, 2, 2, 2]).description == "[2^4] I")
    for name in ["A0", "B1", "C1", "D3", "E5", "E9", "F3", "G3", "H2", "", "A"] { #expect(SimpleLieType(name) == nil, "\(name)") }
  }
}
