import Glibc
import LatticeSystems
import Renormalization
import Testing

@Suite struct FlowTests {
  @Test("decimation keeps the partition function of a ring", arguments: [2, 3, 4], [(0.7, 0.3), (-1.1, 0.4), (4.0, 0), (0.2, -2)])
  func partitionFunction(scale: Int, at: (Double, Double)) throws {
    let fine = try IsingRing(sites: 12 * scale, coupling: at.0, field: at.1)
    let after = RingDecimation(scale: scale).step(RingCouplings(coupling: at.0, field: at.1))
    let coarse = try IsingRing(sites: 12, coupling: after.coupling, field: after.field)
    let before = fine.logPartitionPerSite * Double(12 * scale), left = coarse.logPartitionPerSite * 12 + 12 * after.constant
    #expect(abs(before - left) < 1e-11 * abs(before))
  }

  @Test("steps compose: b = 2 after b = 3 is b = 6")
  func composition() {
    let start = RingCouplings(coupling: 0.9, field: 0.2, constant: 0.1)
    let one = RingDecimation(scale: 6).step(start), two = RingDecimation(scale: 2).step(RingDecimation(scale: 3).step(start))
    #expect(abs(one.coupling - two.coupling) < 1e-14 && abs(one.field - two.field) < 1e-14)
    #expect(abs(one.constant - two.constant) < 1e-13)
  }

  @Test("at zero temperature the ring's exp(-2K) grows by b, and so does its field")
  func zeroTemperature() {
    for scale in [2, 5] {
      let start = RingCouplings(coupling: 9, field: 1e-12), after = RingDecimation(scale: scale).step(start)
      #expect(abs(exp(2 * (9 - after.coupling)) - Double(scale)) < 1e-6 * Double(scale))
      #expect(abs(after.field / 1e-12 - Double(scale)) < 1e-2)
    }
  }

  @Test("the eigenvalues of bond moving are the slopes of its step", arguments: [2.0, 3, 5], [1.5, 2, 3])
  func slopes(scale: Double, dimension: Double) {
    let migdal = MigdalKadanoff(scale: scale, dimension: dimension), point = migdal.fixedPoint, h = 1e-5 * point.coupling
    #expect(abs(migdal.step(point.coupling) - point.coupling) < 1e-13)
    let slope = (migdal.step(point.coupling + h) - migdal.step(point.coupling - h)) / (2 * h)
    #expect(abs(slope - point.thermalEigenvalue) < 1e-7 * slope)
    let moved = migdal.step(coupling: point.coupling, field: 1e-7)
    #expect(abs(moved.coupling - point.coupling) < 1e-11)
    #expect(abs(moved.field / 1e-7 - (point.magneticEigenvalue ?? 0)) < 1e-6 * moved.field / 1e-7)
  }

  @Test("b -> 1 is the limit of small steps, in the coupling's and the field's exponent", arguments: [1.5, 2, 3])
  func limit(dimension: Double) {
    let limit = MigdalKadanoff(scale: 1, dimension: dimension).fixedPoint
    let near = MigdalKadanoff(scale: 1.0001, dimension: dimension).fixedPoint
    #expect(abs(limit.coupling - near.coupling) < 2e-4 && abs(limit.thermalExponent - near.thermalExponent) < 2e-4)
    #expect(abs((limit.magneticExponent ?? 0) - (near.magneticExponent ?? 1)) < 2e-4)
    let potts = PottsMigdalKadanoff(states: 3, scale: 1, dimension: dimension).fixedPoint
    let nearPotts = PottsMigdalKadanoff(states: 3, scale: 1.0001, dimension: dimension).fixedPoint
    #expect(abs(potts.thermalExponent - nearPotts.thermalExponent) < 2e-4)
  }

  @Test("two Potts states are Ising spins of half the coupling", arguments: [1.0, 1.5, 2, 4])
  func twoStates(scale: Double) {
    let ising = MigdalKadanoff(scale: scale, dimension: 2).fixedPoint
    let potts = PottsMigdalKadanoff(states: 2, scale: scale, dimension: 2).fixedPoint
    #expect(abs(potts.coupling - 2 * ising.coupling) < 1e-12 && abs(potts.thermalExponent - ising.thermalExponent) < 1e-11)
    if scale > 1 {
      for k in [0.1, 0.7, 3] {
        let a = PottsMigdalKadanoff(states: 2, scale: scale, dimension: 2).step(2 * k)
        #expect(abs(a - 2 * MigdalKadanoff(scale: scale, dimension: 2).step(k)) < 1e-13 * max(1, a))
      }
    }
  }

  @Test("the derivatives of the cumulants are those of their step", arguments: [1, 2])
  func cumulantSlopes(order: Int) {
    let cumulants = TriangularCumulants(order: order), here = [0.3, -0.02, 0.01], slopes = cumulants.step(here).derivatives
    for k in 0..<(order == 1 ? 1 : 3) {
      var up = here, down = here
      up[k] += 1e-6
      down[k] -= 1e-6
      let a = cumulants.step(up).couplings, b = cumulants.step(down).couplings
      for r in 0..<3 { #expect(abs((a[r] - b[r]) / 2e-6 - slopes[3 * r + k]) < 1e-8) }
    }
  }
}
