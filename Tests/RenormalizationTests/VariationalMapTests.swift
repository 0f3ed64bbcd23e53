import BoltzmannMachines
import Glibc
import LinearAlgebra
import Renormalization
import Sampling
import Statistics
import Testing

@Suite struct VariationalMapTests {
  private func ring(_ sites: Int, _ coupling: Double) -> [Double] {
    (0..<1 << sites).map { v in
      -coupling * (0..<sites).reduce(0.0) { $0 + ((v >> $1 ^ v >> (($1 + 1) % sites)) & 1 == 0 ? 1 : -1) }
    }
  }
  private func machine(_ units: UnitValues, _ visible: Int, _ hidden: Int, _ amplitude: Double) -> RestrictedBoltzmannMachine<Double> {
    RestrictedBoltzmannMachine(
      units: units, visible: visible, hidden: hidden,
      weights: (0..<visible * hidden).map { amplitude * sin(1.3 * Double($0) + 0.4) },
      visibleBias: (0..<visible).map { 0.3 * cos(Double($0)) }, hiddenBias: (0..<hidden).map { 0.2 * sin(Double($0)) })
  }

  @Test("D_KL = ln <X> - <ln X>, H_RG = H_RBM and both free energy routes agree, for both kinds of units", arguments: UnitValues.allCases)
  func identities(units: UnitValues) throws {
    for (sites, hidden, amplitude) in [(5, 3, 0.4), (7, 4, 1.1), (4, 6, 2.0)] {
      let rbm = machine(units, sites, hidden, amplitude)
      let map = ExactVariationalMap(energies: ring(sites, 0.45), machine: rbm)
      #expect(abs(map.kullbackLeibler - map.jensenGap) < 1e-12 && map.kullbackLeibler > 0)
      #expect(abs(map.freeEnergyDifference - map.freeEnergyDifferenceOfX) < 1e-12)
      for (a, b) in zip(map.renormalizedEnergies, ExactVariationalMap.hiddenEnergies(of: rbm)) { #expect(abs(a - b) < 1e-12) }
      for (v, b) in ExactVariationalMap.visibleEnergies(of: rbm).enumerated() {
        #expect(abs(map.logX[v] - (ring(sites, 0.45)[v] - b)) < 1e-12)
      }
      #expect(abs(map.logPartition - log(pow(2 * cosh(0.45), Double(sites)) + pow(2 * sinh(0.45), Double(sites)))) < 1e-12)
      #expect(abs(map.modelLogPartition - (try rbm.exactLogPartition())) < 1e-10)
    }
  }

  @Test("equal free energies do not make a map exact: a constant in T equalises them and leaves D_KL > 0")
  func linTegmark() {
    let energies = ring(6, 0.4), rbm = machine(.plusMinusOne, 6, 3, 0)
    let map = ExactVariationalMap(energies: energies, machine: rbm)
    #expect(abs(map.freeEnergyDifference) > 0.1)
    let own = ExactVariationalMap.visibleEnergies(of: rbm), shift = map.freeEnergyDifference
    // T + shift for one hidden state that carries all: X(v) = e^(H[v] - H_RBM[v] + shift).
    let shifted = ExactVariationalMap(energies: energies, hidden: 0) { v, _ in energies[v] - own[v] + shift }
    #expect(abs(shifted.freeEnergyDifference) < 1e-12)
    #expect(abs(shifted.kullbackLeibler - map.kullbackLeibler) < 1e-12 && shifted.kullbackLeibler > 0.3)
    #expect(abs(shifted.deviationOfLogX - map.deviationOfLogX) < 1e-12 && shifted.deviationOfLogX > 0.3)
  }

  @Test("the bond machine reproduces the ring exactly: X is constant, D_KL is 0")
  func bondMachine() {
    let rbm = BondMachine.machine(sites: 5, bonds: (0..<5).map { ($0, ($0 + 1) % 5) }, coupling: 0.7)
    let map = ExactVariationalMap(energies: ring(5, 0.7), machine: rbm)
    #expect(map.deviationOfLogX < 1e-12 && abs(map.kullbackLeibler) < 1e-12)
    #expect(abs(map.freeEnergyDifference + 5 * BondMachine.logConstant(coupling: 0.7)) < 1e-12)
  }

  @Test("from samples of the 4x4 Ising law, D_KL, F^h - F^v and the deviation of ln X come within 4 sigma of enumeration")
  func sampled() {
    let coupling = 0.2, torus = SmallTorus(coupling: coupling), count = 20_000
    let rbm = machine(.plusMinusOne, 16, 3, 0.1)
    let energies = (0..<1 << 16).map { state in
      -coupling * (0..<16).reduce(0.0) { $0 + product(state, $1, $1 / 4 * 4 + ($1 + 1) % 4) + product(state, $1, ($1 + 4) % 16) }
    }
    let map = ExactVariationalMap(energies: energies, machine: rbm)
    let samples = torus.samples(count, seed: 41)
    let found = SampledVariationalMap(
      energies: samples.words.map { energies[Int($0)] }, machineEnergies: rbm.freeEnergy(of: samples),
      logPartition: map.logPartition, modelLogPartition: Estimate(value: map.modelLogPartition, error: 0))
    #expect(abs(found.kullbackLeibler.value - map.kullbackLeibler) < 4 * found.kullbackLeibler.error)
    #expect(found.kullbackLeibler.error < 0.05 && found.kullbackLeibler.error > 0.001)
    #expect(abs(found.meanLogX.value - map.meanLogX) < 4 * found.meanLogX.error)
    #expect(abs(found.deviationOfLogX.value - map.deviationOfLogX) < 4 * found.deviationOfLogX.error)
    #expect(abs(found.freeEnergyDifference.value - map.freeEnergyDifference) < 1e-12)
    let ofX = found.freeEnergyDifferenceOfX
    #expect(abs(ofX.value - map.freeEnergyDifference) < 4 * ofX.error && found.effectiveSampleSize > 100)
    // An uncertain ln Z_lambda enters D_KL in quadrature.
    let uncertain = SampledVariationalMap(
      energies: samples.words.map { energies[Int($0)] }, machineEnergies: rbm.freeEnergy(of: samples),
      logPartition: map.logPartition, modelLogPartition: Estimate(value: map.modelLogPartition, error: 0.3))
    #expect(uncertain.freeEnergyDifference.error == 0.3 && uncertain.kullbackLeibler.error > 0.3)
  }
}
