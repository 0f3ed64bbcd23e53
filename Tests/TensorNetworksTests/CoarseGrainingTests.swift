import Glibc
import TensorNetworks
import Testing

struct CoarseGrainingTests {
  private func coarseGrained(_ tensor: SquareTensor, _ scheme: CoarseGrainingScheme, _ chi: Int, steps: Int) throws -> NetworkCoarseGraining
  {
    var network = try NetworkCoarseGraining(tensor, scheme: scheme, bondDimension: chi)
    for _ in 0..<steps { try network.step(from: testStreams) }
    return network
  }
  /// ln Z / N of a 2 x 2 torus (each pair of neighbours joined twice) by summing all states.
  private func enumerated(values q: Int, bond: (Int, Int) -> Double) -> Double {
    var z = 0.0
    for state in 0..<q * q * q * q {
      let s = (0..<4).map { state / Int(pow(Double(q), Double($0))) % q }
      let pairs = [(0, 1), (2, 3), (0, 2), (1, 3)]
      z += pairs.reduce(1) { $0 * bond(s[$1.0], s[$1.1]) * bond(s[$1.0], s[$1.1]) }
    }
    return log(z) / 4
  }

  @Test("Without truncation both schemes give the partition function of the 2 x 2 torus", arguments: CoarseGrainingScheme.allCases)
  func untruncated(scheme: CoarseGrainingScheme) throws {
    for coupling in [0, 0.3, 0.44, 1.5] {
      let exact = enumerated(values: 2) { exp(coupling * ($0 == $1 ? 1 : -1)) }
      let found = try coarseGrained(.ising(coupling: coupling), scheme, 16, steps: 2)
      #expect(abs(found.logPartitionPerSite - exact) < 1e-12 && found.discardedWeights.allSatisfy { $0 < 1e-14 })
    }
    for colours in [3, 4] {
      let exact = enumerated(values: colours) { $0 == $1 ? exp(0.9) : 1 }
      let found = try coarseGrained(.potts(colours: colours, coupling: 0.9), scheme, colours * colours, steps: 2)
      #expect(abs(found.logPartitionPerSite - exact) < 1e-12)
    }
  }

  @Test("HOTRG with bond dimension 16 gives the 4 x 4 torus of Kaufman's solution")
  func torus() throws {
    let found = try coarseGrained(.ising(coupling: 0.5 * log(1 + 2.0.squareRoot())), .hotrg, 16, steps: 4)
    #expect(abs(found.logPartitionPerSite - 0.970119716172205) < 1e-12)
  }

  @Test("The tensor of an anisotropic weight keeps its orientation through both schemes", arguments: CoarseGrainingScheme.allCases)
  func orientation(scheme: CoarseGrainingScheme) throws {
    // Weak vertical bonds: one leg of two values, one of one value would hide a leg taken for another; so 2 and 3.
    var draws = Draws(11)
    let elements = draws.matrix(4, 9).map { abs($0) }
    let tensor = SquareTensor(vertical: 2, horizontal: 3, elements: elements)
    // Z of 2 x 2 tensors by summing all legs.
    let t = tensor.tensor
    let z = summed(
      [t.renamed("abcd"), t.renamed("ecbf"), t.renamed("dgha"), t.renamed("fhge")], keeping: "")[0]
    let found = try coarseGrained(tensor, scheme, scheme == .trg ? 36 : 32, steps: 2)
    #expect(abs(found.logPartitionPerSite - log(z) / 4) < 1e-12)
  }

  @Test("The free energy at T_c approaches Onsager's as the bond dimension grows", arguments: CoarseGrainingScheme.allCases)
  func onsager(scheme: CoarseGrainingScheme) throws {
    let exact = 0.929695398341610, coupling = 0.5 * log(1 + 2.0.squareRoot())
    let errors = try [4, 8, 12].map { chi in
      try abs(coarseGrained(.ising(coupling: coupling), scheme, chi, steps: 30).logPartitionPerSite / exact - 1)
    }
    #expect(errors[0] < 4e-4 && errors[1] < errors[0] / 3 && errors[2] < errors[1])
  }

  @Test("Blocks of 16 x 16 sites have the Ising model's central charge and scaling dimensions")
  func dimensions() throws {
    let network = try coarseGrained(.ising(coupling: 0.5 * log(1 + 2.0.squareRoot())), .trg, 12, steps: 8)
    #expect(abs(try network.centralCharge(from: testStreams) - 0.5) < 5e-3)
    let two = try LevelSpectrum(twoBlocks: network.tensor, count: 3).scalingDimensions
    #expect(two[0] == 0 && abs(two[1] - 0.125) < 3e-3 && abs(two[2] - 1) < 0.02)
    let one = try LevelSpectrum(oneBlock: network.tensor, count: 2).scalingDimensions
    #expect(abs(one[1] - 0.125) < 5e-3)
  }

  @Test("Deep in a phase nothing is thrown away and the free energy is exact", arguments: [0.1, 2.0])
  func awayFromCriticality(coupling: Double) throws {
    // Low and high temperature series' leading terms are beyond this accuracy: K = 2 is all spins equal to 1e-13.
    let found = try coarseGrained(.ising(coupling: coupling), .trg, 8, steps: 20).logPartitionPerSite
    let exact = coupling == 2 ? 2 * 2 + log(2) / exp2(20) : log(2 * cosh(0.1) * cosh(0.1)) + pow(tanh(0.1), 4) * (1 + 2 * pow(tanh(0.1), 2))
    #expect(abs(found - exact) < 2e-7)
  }

  @Test("What cannot be coarse grained is refused with its number")
  func refusals() throws {
    #expect(throws: TensorNetworkError.bondDimensionOutOfRange(0, allowed: 1...64)) {
      try NetworkCoarseGraining(.ising(coupling: 0.4), scheme: .trg, bondDimension: 0)
    }
    #expect(throws: TensorNetworkError.couplingOutOfRange(.infinity, allowed: 0...20)) { try SquareTensor.ising(coupling: .infinity) }
    #expect(throws: TensorNetworkError.coloursOutOfRange(1, allowed: 2...16)) { try SquareTensor.potts(colours: 1, coupling: 1) }
    #expect(throws: TensorNetworkError.self) { try SquareTensor(bond: [1, 2, 2, 1], values: 2) }
    #expect(throws: TensorNetworkError.vanished(step: 0)) {
      try NetworkCoarseGraining(SquareTensor(vertical: 1, horizontal: 1, elements: [0]), scheme: .trg, bondDimension: 2)
    }
  }
}
