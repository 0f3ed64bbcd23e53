import Glibc
import LatticeSystems
import RandomStreams
import Sampling
import Statistics
import Testing

@Suite struct HybridMonteCarloTests {
  let streams = KeyedStreams(StreamKey.derive(seed: 2, study: "test", unit: "hybrid"))

  /// A thermal-looking field and normal momenta.
  func phasePoint(_ model: ScalarPhi4Model) -> (field: [Double], momenta: [Double]) {
    var choices = streams.generator(replica: 0, step: 0, site: 1, purpose: .initial)
    let field = (0..<model.lattice.sites).map { _ in 1.2 * model.hotValue(from: &choices) }
    return (field, field.map { _ in choices.normal() })
  }

  @Test("the leapfrog is reversible to 1e-10", arguments: [[8], [3, 3], [6, 5], [4, 3, 5], [2, 2]])
  func reversible(extents: [Int]) throws {
    let model = try ScalarPhi4Model(HypercubicLattice(extents), hopping: 0.15, quartic: 0.5)
    let kernel = try HybridMonteCarlo(model, stepSize: 0.05, stepCount: 40)
    let start = phasePoint(model)
    var (field, momenta) = start
    kernel.integrate(&field, &momenta)
    #expect(zip(field, start.field).allSatisfy { abs($0 - $1) > 1e-6 })
    momenta = momenta.map { -$0 }
    kernel.integrate(&field, &momenta)
    for site in field.indices {
      #expect(abs(field[site] - start.field[site]) < 1e-10)
      #expect(abs(momenta[site] + start.momenta[site]) < 1e-10)
    }
  }

  @Test("H is p^2/2 + S, and the leapfrog keeps it to second order in the step", arguments: [[8], [6, 5], [4, 3, 5], [2, 2, 4]])
  func energy(extents: [Int]) throws {
    let model = try ScalarPhi4Model(HypercubicLattice(extents), hopping: 0.15, quartic: 0.5)
    let (field, momenta) = phasePoint(model)
    let kinetic = momenta.reduce(0) { $0 + $1 * $1 / 2 }
    let kernel = try HybridMonteCarlo(model, stepSize: 0.1, stepCount: 1)
    #expect(abs(kernel.energy(field, momenta) - kinetic - model.action(field)) < 1e-11)
    var errors: [Double] = []
    for (count, size) in [(16, 0.05), (32, 0.025), (64, 0.0125)] {
      let kernel = try HybridMonteCarlo(model, stepSize: size, stepCount: count)
      var (x, p) = (field, momenta)
      kernel.integrate(&x, &p)
      errors.append(kernel.energy(x, p) - kernel.energy(field, momenta))
    }
    #expect(abs(errors[0] / errors[1] - 4) < 0.4 && abs(errors[1] / errors[2] - 4) < 0.1)
  }

  @Test("<exp(-dH)> = 1 within 4 sigma, with a quarter of the trajectories refused") func equality() throws {
    let model = try ScalarPhi4Model(HypercubicLattice([6, 6]), hopping: 0.25, quartic: 0.5)
    var kernel = try HybridMonteCarlo(model, stepSize: 0.25, stepCount: 4)
    var chain = LatticeChain(LatticeConfiguration(hot: model, replica: 0, from: streams))
    chain.advance(sweeps: 200, with: &kernel, from: streams)
    var weights: [Double] = [], accepted = 0
    for _ in 0..<20_000 {
      chain.advance(sweeps: 1, with: &kernel, from: streams)
      weights.append(exp(-kernel.energyChange))
      if kernel.wasAccepted { accepted += 1 }
    }
    let mean = try AutocorrelationTime(weights).mean
    #expect(abs(mean.value - 1) < 4 * mean.error && mean.error < 0.01)
    #expect(accepted > 10_000 && accepted < 19_000)
  }

  @Test("phi^2 of the free field on 4x4 from every move agrees with its propagator within 4 sigma") func freeField() throws {
    let model = try ScalarPhi4Model(HypercubicLattice([4, 4]), hopping: 0.2, quartic: 0)
    let cosines: [Double] = [1, 0, -1, 0]
    var exact = 0.0
    for a in cosines {
      for b in cosines { exact += 1 / (16 * (2 - 0.8 * (a + b))) }
    }
    func check(_ kernel: some MarkovKernel<LatticeConfiguration<Double>>) throws {
      var kernel = kernel, chain = LatticeChain(LatticeConfiguration(hot: model, replica: 0, from: streams))
      chain.advance(sweeps: 100, with: &kernel, from: streams)
      let series = (0..<20_000).map { _ in
        chain.advance(sweeps: 1, with: &kernel, from: streams)
        return chain.configuration.values.reduce(0) { $0 + $1 * $1 } / 16
      }
      let mean = try AutocorrelationTime(series).mean
      #expect(abs(mean.value - exact) < 4 * mean.error && mean.error < 0.01)
    }
    try check(HybridMonteCarlo(model, stepSize: 0.3, stepCount: 5))
    try check(LocalMetropolis(model, width: 1.5))
    try check(Then(LocalMetropolis(model, width: 1.5), SwendsenWangCluster(model)))
    try check(Then(LocalMetropolis(model, width: 1.5), WolffCluster(model)))
  }
}
