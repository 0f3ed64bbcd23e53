import BigInt
import RandomStreams
import SymmetryGroups
import Testing

@Suite struct PermutationGroupTests {
  @Test("order, membership, orbits, stabilizers and classes of 500 random groups equal brute force")
  func randomGroups() throws {
    var random = RandomGroups(seed: 3), checked = 0, orders: Set<Int> = []
    while checked < 500 {
      let (generators, degree) = random.next()
      guard let oracle = BruteForceGroup(generators, degree: degree, limit: 100_000) else { continue }
      checked += 1
      orders.insert(oracle.elements.count)
      let group = try PermutationGroup(generators, degree: degree)
      #expect(group.order == BigUInt(oracle.elements.count), "\(generators)")
      for generator in generators { #expect(group.contains(generator)) }
      for _ in 0..<20 {
        let p = random.permutation(degree)
        #expect(group.contains(p) == oracle.contains(p), "\(p) in \(generators)")
      }
      #expect(Set(group.orbits.map { Set($0) }) == oracle.orbits, "\(generators)")
      #expect(try group.conjugacyClasses().map(\.size).sorted() == oracle.classSizes, "\(generators)")
      let point = checked % degree
      #expect(try group.stabilizer(of: point).order == group.order / BigUInt(group.orbit(of: point).count))
    }
    #expect(orders.count > 40, "the groups have \(orders.count) different orders")
  }

  @Test("the elements are all different members, the identity first")
  func elements() throws {
    var random = RandomGroups(seed: 4), checked = 0
    while checked < 40 {
      let (generators, degree) = random.next()
      guard let oracle = BruteForceGroup(generators, degree: degree, limit: 5000) else { continue }
      checked += 1
      let elements = Array(try PermutationGroup(generators, degree: degree).elements)
      #expect(elements[0].isIdentity && Set(elements).count == oracle.elements.count && elements.count == oracle.elements.count)
      #expect(elements.allSatisfy(oracle.contains))
    }
  }

  @Test("known groups have their orders, and M11 its ten classes with 1 + 11 + ... elements")
  func known() throws {
    #expect(KnownPermutationGroups.mathieu11.order == 7920 && KnownPermutationGroups.mathieu12.order == 95040)
    #expect(KnownPermutationGroups.projectiveLine23.order == 6072 && KnownPermutationGroups.mathieu24.order == 244_823_040)
    #expect("\(KnownPermutationGroups.rubiksCube.order)" == "43252003274489856000")
    let classes = try KnownPermutationGroups.mathieu11.conjugacyClasses()
    #expect(classes.map(\.size).sorted() == [1, 165, 440, 720, 720, 990, 990, 990, 1320, 1584].sorted())
    #expect(classes.map(\.elementOrder).sorted() == [1, 2, 3, 4, 5, 6, 8, 8, 11, 11])
    let factorial = (1...30).reduce(BigUInt(1)) { $0 * BigUInt($1) }
    #expect(KnownPermutationGroups.symmetric(30).order == factorial && KnownPermutationGroups.alternating(30).order == factorial / 2)
    #expect(KnownPermutationGroups.cyclic(12).order == 12 && KnownPermutationGroups.dihedral(12).order == 24)
    #expect(KnownPermutationGroups.dihedral(7).order == 14 && KnownPermutationGroups.dihedral(3).order == 6)
  }

  @Test("M24 is five times transitive: pointwise stabilizers fall to orders 10200960, 443520, 20160, 960, 48")
  func mathieuChain() throws {
    let group = KnownPermutationGroups.mathieu24
    for (points, order) in [(1, 10_200_960), (2, 443_520), (3, 20160), (4, 960), (5, 48)] {
      #expect(try group.stabilizer(ofEach: Array(0..<points)).order == BigUInt(order))
    }
  }

  @Test("trivial groups and wrong generators")
  func edges() throws {
    let trivial = try PermutationGroup([], degree: 4)
    #expect(trivial.order == 1 && Array(trivial.elements).count == 1 && trivial.orbits == [[0], [1], [2], [3]])
    #expect(try PermutationGroup([], degree: 0).order == 1)
    #expect(try trivial.conjugacyClasses().count == 1)
    #expect(throws: PermutationError.degreesDiffer(found: 3, expected: 4)) {
      try PermutationGroup([Permutation(identity: 3)], degree: 4)
    }
    #expect(throws: PermutationError.pointOutOfRange(4, degree: 4)) { try trivial.stabilizer(of: 4) }
    #expect(throws: PermutationError.groupTooLarge(order: "244823040", limit: 1_000_000)) {
      try KnownPermutationGroups.mathieu24.conjugacyClasses()
    }
  }

  @Test("random elements are uniform: every element of the dihedral group of order 10 within 5 sigma")
  func uniform() throws {
    let group = KnownPermutationGroups.dihedral(5), draws = 20_000
    var counts: [Permutation: Int] = [:]
    var choices = KeyedStreams(StreamKey(high: 5, low: 5)).generator(replica: 0, step: 0, site: 0, purpose: .proposal)
    for _ in 0..<draws { counts[group.randomElement(from: &choices), default: 0] += 1 }
    let mean = Double(draws) / 10
    #expect(counts.count == 10 && counts.values.allSatisfy { abs(Double($0) - mean) < 5 * (mean * 0.9).squareRoot() })
  }
}
