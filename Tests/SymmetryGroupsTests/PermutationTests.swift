import BigInt
import Laws
import RandomStreams
import SymmetryGroups
import Testing

@Suite struct PermutationTests {
  @Test("a product acts from left to right, powers and inverses agree with it, conjugation renames points")
  func algebra() throws {
    var random = RandomGroups(seed: 1)
    for degree in [1, 2, 5, 12, 100] {
      let p = random.permutation(degree), q = random.permutation(degree)
      #expect((0..<degree).allSatisfy { (p * q)[$0] == q[p[$0]] })
      #expect((p * p.inverse).isIdentity && (p.inverse * p).isIdentity)
      #expect(p.power(3) == p * p * p && p.power(-2) == (p * p).inverse && p.power(0).isIdentity)
      #expect(p.power(p.order).isIdentity)
      #expect(p.conjugated(by: q) == q.inverse * p * q)
      #expect(p.conjugated(by: q).cycleType == p.cycleType)
      #expect((p * q).isEven == (p.isEven == q.isEven))
      #expect(p.cycleCount == p.cycles().count && p.fixedPointCount == p.cycles().filter { $0.count == 1 }.count)
    }
  }

  @Test("cycle notation is read back as it is written, and mistakes are named")
  func cycles() throws {
    let p = try Permutation(cycleNotation: "(0 3, 2)(5 1)", degree: 7)
    #expect("\(p)" == "(0 3 2)(1 5)" && p.cycleType == [3, 2, 1, 1] && p.order == 6)
    #expect(try Permutation(cycleNotation: "\(p)", degree: 7) == p)
    #expect(try Permutation(cycleNotation: "()", degree: 3).isIdentity)
    func mistake(_ text: String) -> PermutationError? {
      do throws(PermutationError) { _ = try Permutation(cycleNotation: text, degree: 7) } catch { return error }
      return nil
    }
    #expect(mistake("(0 7)") == .pointOutOfRange(7, degree: 7))
    #expect(mistake("(9)") == .pointOutOfRange(9, degree: 7))
    #expect(mistake("(0 1)(1 2)") == .repeatedPoint(1))
    for text in ["", "0 1", "(0 1", "(0 1))", "(0 a)", "(0 (1 2))"] { #expect(mistake(text) == .notCycles(text)) }
    #expect(throws: PermutationError.repeatedPoint(1)) { try Permutation(images: [1, 1, 0]) }
    #expect(throws: PermutationError.pointOutOfRange(3, degree: 3)) { try Permutation(images: [1, 3, 0]) }
  }

  @Test("points, permutations under conjugation, spins and the sites of a torus obey the laws of group actions")
  func actionLaws() throws {
    var random = RandomGroups(seed: 2)
    let permutations = (0..<6).map { _ in random.permutation(7) } + [Permutation(identity: 7)]
    try groupActionLaws(PointAction(permutations, degree: 7), elements: permutations, points: Array(0..<7))
    try groupActionLaws(Conjugation(permutations, degree: 7), elements: permutations, points: (0..<5).map { _ in random.permutation(7) })
    let spins = SpinAction(permutations, sites: 7, withFlip: true)
    let elements = permutations.map { SpinTransformation($0) } + permutations.map { SpinTransformation($0, flips: true) }
    try groupActionLaws(spins, elements: elements, points: (0..<128).map { [UInt64($0)] })
    for (rows, columns) in [(3, 3), (4, 4), (5, 3)] {
      for kind in TorusSymmetry.Kind.allCases {
        let torus = try TorusSymmetry(rows: rows, columns: columns, kind: kind)
        try groupActionLaws(torus, elements: torus.elements, points: Array(0..<torus.sites))
        #expect(torus.elements.enumerated().allSatisfy { torus.index(of: $1) == $0 })
        #expect(Set(torus.permutations).count == torus.order, "\(rows) x \(columns) \(kind) is faithful")
        #expect(torus.elements().map(Set.init) == Set(torus.elements), "the generators give the whole group")
      }
    }
    #expect(throws: LatticeSymmetryError.extentTooSmall(2)) { try TorusSymmetry(rows: 2, columns: 4) }
  }

  @Test("stabilizer generators of an action generate |G| / |orbit| elements")
  func stabilizers() throws {
    let group = KnownPermutationGroups.symmetric(5), action = Conjugation(group.generators, degree: 5)
    for text in ["(0 1)", "(0 1 2)", "(0 1)(2 3)", "(0 1 2 3 4)", "()"] {
      let point = try Permutation(cycleNotation: text, degree: 5)
      let fixing = try PermutationGroup(action.stabilizerGenerators(of: point), degree: 5)
      #expect(fixing.order * BigUInt(action.orbit(of: point).points.count) == 120, "\(text)")
      #expect(fixing.generators.allSatisfy { point.conjugated(by: $0) == point })
    }
  }
}
