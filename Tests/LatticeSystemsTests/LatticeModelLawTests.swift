import Glibc
import LatticeSystems
import Laws
import RandomStreams
import Sampling
import Testing

@Suite struct LatticeModelLawTests {
  func ising(_ extents: [Int], _ coupling: Double, _ field: Double = 0) throws -> LatticeStates<HypercubicIsing> {
    LatticeStates(model: try HypercubicIsing(HypercubicLattice(extents), coupling: coupling, field: field), alphabet: [1, -1])
  }
  func potts(_ extents: [Int], _ colours: Int, _ coupling: Double) throws -> LatticeStates<PottsModel> {
    LatticeStates(
      model: try PottsModel(HypercubicLattice(extents), colours: colours, coupling: coupling),
      alphabet: (0..<UInt8(colours)).map { $0 })
  }

  @Test(
    "local sweeps leave the Ising weight invariant, exactly, on rings, planes and a cube, even and odd",
    arguments: [[4], [5], [4, 2], [2, 3], [2, 2, 2]])
  func isingSweeps(extents: [Int]) throws {
    for (coupling, field) in [(0.44, 0.0), (0.3, 0.2), (-0.5, -0.1)] {
      let states = try ising(extents, coupling, field)
      try states.checkStationary(LocalMetropolis(states.model))
      try states.checkStationary(LocalHeatBath(states.model))
    }
  }

  @Test(
    "from every configuration local sweeps and clusters reach every other, on rings and small tori too",
    arguments: [[2], [4], [5], [8], [2, 2], [4, 2], [2, 3], [3, 3], [2, 2, 2]])
  func ergodic(extents: [Int]) throws {
    for (coupling, field) in [(0.44, 0.0), (-0.5, 0.0), (0, 0), (0.1, 0.2)] {
      let states = try ising(extents, coupling, field)
      try states.checkErgodic(LocalMetropolis(states.model))
      if extents.count < 2 { try states.checkErgodic(LocalHeatBath(states.model)) }
      if coupling > 0 && field == 0 && extents.allSatisfy({ $0 > 2 }) && extents != [3, 3] {
        try states.checkErgodic(WolffCluster(states.model))
        try states.checkErgodic(SwendsenWangCluster(states.model))
      }
    }
    if extents.count == 1 {
      for colours in 2...3 where extents[0] < 5 {
        let states = try potts(extents, colours, 0.7)
        try states.checkErgodic(LocalMetropolis(states.model))
      }
    }
  }

  @Test("local sweeps leave the Ising weight invariant on a 3x3 torus, exactly, alone, repeated and with clusters after them")
  func isingPlane() throws {
    for (coupling, field) in [(0.44, 0.0), (0.4, 0.1)] {
      let states = try ising([3, 3], coupling, field)
      try states.checkStationary(LocalMetropolis(states.model))
      try states.checkStationary(LocalHeatBath(states.model))
    }
    let ring = try ising([5], 0.44), local = LocalHeatBath(ring.model)
    try ring.checkStationary(Repeat(local, count: 2))
    try ring.checkStationary(Then(Repeat(try LocalMetropolis(ring.model), count: 2), try WolffCluster(ring.model)))
    try ring.checkStationary(Then(try SwendsenWangCluster(ring.model), local))
    let other = try ising([5], 0.45)
    #expect(throws: LawViolation.self) { try ring.checkStationary(Then(local, LocalHeatBath(other.model))) }
  }

  @Test("local sweeps leave the Potts weight invariant, exactly", arguments: [([4], 3), ([2, 2], 3), ([5], 2), ([4], 4), ([3], 5)])
  func pottsSweeps(extents: [Int], colours: Int) throws {
    for coupling in [0.9, -0.4] {
      let states = try potts(extents, colours, coupling)
      try states.checkStationary(LocalMetropolis(states.model))
      try states.checkStationary(LocalHeatBath(states.model))
    }
  }

  @Test("Wolff is in detailed balance with the Ising weight on a 3x3 torus and on rings") func wolffIsing() throws {
    for extents in [[3], [4], [7]] {
      let states = try ising(extents, 0.44)
      _ = try states.checkDetailedBalance(WolffCluster(states.model))
    }
    // States of lower energies have up to 10^6 branches each.
    let plane = try ising([3, 3], 0.44)
    #expect(try plane.checkDetailedBalance(WolffCluster(plane.model)) { $0 < 0.44 * 3 } > 200)
  }

  @Test("Swendsen-Wang is in detailed balance with the Ising weight on rings and on 3x3") func swendsenWangIsing() throws {
    for extents in [[3], [4], [7]] {
      let states = try ising(extents, 0.44)
      _ = try states.checkDetailedBalance(SwendsenWangCluster(states.model))
    }
    let plane = try ising([3, 3], 0.44)
    #expect(try plane.checkDetailedBalance(SwendsenWangCluster(plane.model)) { $0 < 0.44 * -1 } > 50)
  }

  @Test("cluster moves are in detailed balance with the Potts weight on rings and on 3x3") func pottsClusters() throws {
    for (extents, colours) in [([3], 3), ([5], 3), ([4], 4)] {
      let states = try potts(extents, colours, 0.9)
      _ = try states.checkDetailedBalance(WolffCluster(states.model))
      _ = try states.checkDetailedBalance(SwendsenWangCluster(states.model))
      try states.checkStationary(Then(WolffCluster(states.model), SwendsenWangCluster(states.model)))
    }
    // Colourings of 3x3 with few bonds between equal colours.
    let plane = try potts([3, 3], 3, 0.9)
    #expect(try plane.checkDetailedBalance(WolffCluster(plane.model)) { $0 < 0.9 * 1.5 } > 10)
  }

  @Test("the law kit catches cluster moves at another coupling") func wrongCoupling() throws {
    let states = try ising([5], 0.44), other = try ising([5], 0.45)
    #expect(throws: LawViolation.self) { _ = try states.checkDetailedBalance(WolffCluster(other.model)) }
    #expect(throws: LawViolation.self) { _ = try states.checkDetailedBalance(SwendsenWangCluster(other.model)) }
  }

  /// The local law of `model` at random sites of random configurations: changes agree with `logWeight`, and the
  /// acceptance function is in detailed balance with the conditional law.
  func checkLocal<Model: LatticeModel>(_ model: Model, width: Double = 1) {
    var choices = KeyedStreams(StreamKey(high: 1, low: 2)).generator(replica: 0, step: 0, site: 0, purpose: .proposal)
    for _ in 0..<200 {
      var values = (0..<model.lattice.sites).map { _ in model.hotValue(from: &choices) }
      let site = choices.index(below: values.count), old = values[site]
      let field = model.localField(at: site, values), new = model.proposal(from: old, width: width, choices: &choices)
      let change = model.logWeightChange(from: old, to: new, in: field), before = model.logWeight(values)
      values[site] = new
      #expect(abs(model.logWeight(values) - before - change) < 1e-12)
      let forth = model.acceptance(from: old, to: new, in: field), back = model.acceptance(from: new, to: old, in: field)
      #expect(max(forth, back) == 1)
      #expect(abs(forth / back / exp(change) - 1) < 1e-12)
    }
  }

  @Test("every model's acceptance function is in detailed balance with its weight", arguments: [[7], [4, 4], [3, 4, 5], [2, 3]])
  func acceptance(extents: [Int]) throws {
    let lattice = try HypercubicLattice(extents)
    checkLocal(try HypercubicIsing(lattice, coupling: 0.37, field: 0.21))
    checkLocal(try PottsModel(lattice, colours: 3, coupling: 0.9))
    checkLocal(try PottsModel(lattice, colours: 16, coupling: -0.7))
    checkLocal(try XYModel(lattice, coupling: 1.1), width: 3)
    checkLocal(try ScalarPhi4Model(lattice, hopping: 0.25, quartic: 0.5))
  }

  @Test("the acceptance is min(1, exp(change)) to 1e-14 over the whole range, 1 without a cost") func exponential() throws {
    let model = try ScalarPhi4Model(HypercubicLattice([4]), hopping: 0.25, quartic: 0.5)
    for x in stride(from: -6, through: 6, by: 0.037) {
      for field in [-2.0, 0, 1e-9, 3] {
        let change = model.logWeightChange(from: 0.3, to: x, in: field)
        let found = model.acceptance(from: 0.3, to: x, in: field)
        #expect(change >= 0 ? found == 1 : abs(found / exp(max(change, -700)) - 1) < 1e-14)
      }
    }
    #expect(model.acceptance(from: 0, to: 1e200, in: 0) < 1e-300)
  }

  /// The laws of `ClusterModel` for random pairs of values, `weight` being ln of the bond weight.
  func checkBonds<Model: ClusterModel>(_ model: Model, _ weight: (Model.Value, Model.Value) -> Double) {
    var choices = KeyedStreams(StreamKey(high: 1, low: 3)).generator(replica: 0, step: 0, site: 0, purpose: .bond)
    for _ in 0..<200 {
      let axis = model.axis(from: &choices), a = model.hotValue(from: &choices), b = model.hotValue(from: &choices)
      let p = model.bondProbability(a, b, axis)
      #expect(abs(p - model.bondProbability(b, a, axis)) < 1e-14 && p >= 0 && p <= 1)
      #expect(model.turned(a, by: 0, axis) == a)
      for turn in 1..<model.turns {
        let ga = model.turned(a, by: turn, axis), gb = model.turned(b, by: turn, axis)
        #expect(abs(weight(ga, gb) - weight(a, b)) < 1e-12)
        #expect(abs(model.bondProbability(ga, gb, axis) - p) < 1e-12)
        let q = model.bondProbability(ga, b, axis)
        #expect(p == 0 || q < 1e-12)
        #expect(abs(exp(weight(a, b)) * (1 - p) - exp(weight(ga, b)) * (1 - q)) < 1e-12)
        let returned = model.turned(ga, by: model.turns - turn, axis)
        #expect(abs(weight(returned, b) - weight(a, b)) < 1e-12)
      }
    }
  }

  @Test("bonds of every model satisfy the laws of cluster moves on random pairs") func bonds() throws {
    let lattice = try HypercubicLattice([3, 4])
    checkBonds(try HypercubicIsing(lattice, coupling: 0.44)) { 0.44 * Double($0 * $1) }
    checkBonds(try PottsModel(lattice, colours: 4, coupling: 0.9)) { $0 == $1 ? 0.9 : 0 }
    checkBonds(try XYModel(lattice, coupling: 1.1)) { 1.1 * ($0 * $1).sum() }
    checkBonds(try ScalarPhi4Model(lattice, hopping: 0.3, quartic: 0.5)) { 2 * 0.3 * $0 * $1 }
  }

  @Test("models and moves refuse what they cannot serve") func refusals() throws {
    let thin = try HypercubicLattice([2, 8]), lattice = try HypercubicLattice([4, 4])
    #expect(throws: LatticeError.tooSmall(extent: 1, minimum: 2)) { try HypercubicLattice([4, 1]) }
    #expect(throws: LatticeError.badShape([])) { try HypercubicLattice([]) }
    #expect(throws: LatticeError.badShape([65536, 65536])) { try HypercubicLattice([65536, 65536]) }
    #expect(throws: LatticeError.tooSmall(extent: 2, minimum: 3)) { try WolffCluster(XYModel(thin, coupling: 1)) }
    #expect(throws: LatticeError.fieldNotSupported(0.1)) {
      try SwendsenWangCluster(HypercubicIsing(lattice, coupling: 0.4, field: 0.1))
    }
    #expect(throws: LatticeError.negativeCoupling(-1)) { try WolffCluster(PottsModel(lattice, colours: 3, coupling: -1)) }
    #expect(throws: LatticeError.coloursOutOfRange(17, allowed: 2...16)) { try PottsModel(lattice, colours: 17, coupling: 1) }
    #expect(throws: LatticeError.unstableScalar(kappa: 0.25, lambda: 0)) { try ScalarPhi4Model(lattice, hopping: 0.25, quartic: 0) }
    #expect(throws: LatticeError.badWidth(0)) { try LocalMetropolis(XYModel(lattice, coupling: 1), width: 0) }
  }
}
