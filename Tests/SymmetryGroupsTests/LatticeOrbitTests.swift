import BigInt
import RandomStreams
import SymmetryGroups
import Testing

@Suite struct LatticeOrbitTests {
  @Test(
    "the lattice group by Schreier and Sims has the order of the list of its elements", arguments: [(3, 3), (4, 4), (5, 5), (3, 5), (6, 4)])
  func orders(rows: Int, columns: Int) throws {
    for kind in TorusSymmetry.Kind.allCases {
      let torus = try TorusSymmetry(rows: rows, columns: columns, kind: kind)
      let group = try PermutationGroup(torus.generatingPermutations, degree: torus.sites)
      #expect(group.order == BigUInt(torus.order))
      #expect(Set(group.elements) == Set(torus.permutations))
    }
  }

  @Test("enumerated orbits are those of breadth-first search, and their number is Burnside's", arguments: [true, false])
  func enumeration(withFlip: Bool) throws {
    for (rows, columns) in [(3, 3), (3, 4)] {
      let torus = try TorusSymmetry(rows: rows, columns: columns), permutations = torus.permutations
      let action = SpinAction(torus.generatingPermutations, sites: torus.sites, withFlip: withFlip)
      let searched = action.orbits(of: (0..<UInt64(1) << UInt64(torus.sites)).map { [$0] })
      let orbits = try SpinOrbits(permutations, withFlip: withFlip)
      var found: [UInt64: Int] = [:]
      for start in stride(from: UInt64(0), to: orbits.configurations, by: 100) {
        orbits.forEachOrbit(in: start..<min(start + 100, orbits.configurations)) { found[$0] = $1 }
      }
      #expect(found.count == searched.count && found.values.reduce(0, +) == 1 << torus.sites)
      for orbit in searched {
        let canonical = orbit.map { $0[0] }.min() ?? 0
        #expect(found[canonical] == orbit.count)
        #expect(orbit.allSatisfy { orbits.canonicalForm($0[0]) == canonical && orbits.orbitSize($0[0]) == orbit.count })
      }
      let counted = withFlip ? BurnsideCount.spinsWithFlip(under: permutations) : BurnsideCount.colourings(2, under: permutations)
      #expect(counted == BigUInt(found.count))
    }
  }

  @Test("a random element fixes a configuration with probability one over the length of its orbit")
  func fixing() throws {
    let torus = try TorusSymmetry(rows: 4, columns: 4), orbits = try SpinOrbits(torus.permutations, withFlip: true)
    for spins: UInt64 in [0, 0xFFFF, 0x5A5A, 0x00FF, 0x1234, 0x0001] {
      #expect(orbits.stabilizerOrder(spins) * orbits.orbitSize(spins) == orbits.order)
    }
    #expect(orbits.orbitSize(0) == 2 && orbits.orbitSize(0x5A5A) == 2)
  }

  @Test("pair orbits count the equivariant maps, and maps built from them commute with every element")
  func equivariance() throws {
    for size in [3, 4, 5, 7] {
      let torus = try TorusSymmetry(rows: size, columns: size), n = torus.sites
      let map = EquivariantLinearMap(size: n, generators: torus.generatingPermutations)
      #expect(map.parameters == BurnsideCount.equivariantMaps(under: torus.permutations))
      var choices = KeyedStreams(StreamKey(high: 1, low: UInt64(size))).generator(replica: 0, step: 0, site: 0, purpose: .weights)
      let x = (0..<n).map { _ in choices.normal() }
      let raw = (0..<n * n).map { _ in choices.normal() }
      let weights = map.average(raw), matrix = map.matrix(weights: weights)
      #expect(zip(map.average(matrix), weights).allSatisfy { abs($0 - $1) < 1e-14 }, "averaging twice is averaging once")
      func apply(_ x: [Double]) -> [Double] { (0..<n).map { i in (0..<n).reduce(0) { $0 + matrix[i * n + $1] * x[$1] } } }
      let y = apply(x)
      for p in torus.permutations {
        var moved = x, expected = y
        for i in 0..<n { (moved[p[i]], expected[p[i]]) = (x[i], y[i]) }
        #expect(zip(apply(moved), expected).allSatisfy { abs($0 - $1) < 1e-12 })
      }
    }
  }

  @Test("Reynolds averages are invariant, and averaging them again changes nothing")
  func reynolds() throws {
    let torus = try TorusSymmetry(rows: 3, columns: 3)
    let action = SpinAction(torus.generatingPermutations, sites: 9, withFlip: true)
    let elements = try #require(action.elements())
    #expect(elements.count == 144)
    let feature = { (spins: [UInt64]) in Double(spins[0] * spins[0] % 1009) }
    let averaged = { (spins: [UInt64]) in action.average(feature, at: spins, over: elements) }
    for spins: [UInt64] in [[0x1], [0xAB], [0x1C7]] {
      let value = averaged(spins)
      #expect(elements.allSatisfy { abs(averaged(action.image(of: spins, under: $0)) - value) < 1e-10 })
      #expect(abs(action.average(averaged, at: spins, over: elements) - value) < 1e-10)
    }
  }
}
