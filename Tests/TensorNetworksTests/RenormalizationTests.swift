import Glibc
import Laws
import RandomStreams
import TensorNetworks
import Testing

struct TernaryLayerTests {
  private let chi = 3

  private func pieces(_ seed: UInt64, lower: Int, upper: Int) throws -> (TernaryNetworks, TernaryLayer, [Double], [Double]) {
    var draws = Draws(seed)
    let layer = try TernaryLayer(lower: lower, upper: upper, from: &draws.generator)
    let h = draws.matrix(lower * lower, lower * lower), root = draws.matrix(upper * upper, upper * upper)
    var rho = [Double](repeating: 0, count: root.count), n = upper * upper
    for i in 0..<n { for j in 0..<n { for k in 0..<n { rho[i * n + j] += root[i * n + k] * root[j * n + k] } } }
    n = lower * lower
    // Symmetric, as operators are.
    let symmetric = (0..<n * n).map { 0.5 * (h[$0] + h[$0 % n * n + $0 / n]) }
    return (TernaryNetworks(lower: lower, upper: upper), layer, symmetric, rho)
  }
  private func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

  @Test("Random tensors are isometries, and the identity ascends to the identity", arguments: [(2, 4), (3, 3), (2, 8)])
  func isometries(lower: Int, upper: Int) throws {
    let (networks, layer, _, _) = try pieces(1, lower: lower, upper: upper)
    #expect(layer.defect < 1e-13)
    func one(_ n: Int) -> [Double] { (0..<n * n).map { $0 / n == $0 % n ? 1 : 0 } }
    #expect(largestDifference(networks.ascend(one(lower * lower), through: layer), one(upper * upper)) < 1e-13)
  }

  @Test("Descending is adjoint to ascending, keeps the trace, and all environments close to the same energy", arguments: [(2, 4), (3, 3)])
  func adjoint(lower: Int, upper: Int) throws {
    let (networks, layer, h, rho) = try pieces(2, lower: lower, upper: upper)
    let energy = dot(networks.ascend(h, through: layer), rho), below = networks.descend(rho, through: layer)
    let scale = abs(energy) + 1
    #expect(abs(dot(below, h) - energy) < 1e-11 * scale)
    let (n, m) = (lower * lower, upper * upper)
    let traces = ((0..<n).reduce(0) { $0 + below[$1 * n + $1] }, (0..<m).reduce(0) { $0 + rho[$1 * m + $1] })
    #expect(abs(traces.0 - traces.1) < 1e-12 * abs(traces.1))
    #expect(abs(dot(networks.disentanglerEnvironment(h, rho, of: layer), layer.disentangler) - energy) < 1e-11 * scale)
    #expect(abs(dot(networks.isometryEnvironment(h, rho, of: layer), layer.isometry) - 2 * energy) < 1e-11 * scale)
  }
}

struct ScaleInvariantMERATests {
  private func optimized(_ chi: Int, sweeps: Int, seed: UInt64) throws -> (ScaleInvariantMERA, ScaleInvariantMERA.Networks, [Double]) {
    var draws = Draws(seed), energies: [Double] = []
    var mera = try ScaleInvariantMERA(bondDimension: chi, from: &draws.generator)
    let networks = ScaleInvariantMERA.Networks(bondDimension: chi)
    for _ in 0..<sweeps {
      try mera.sweep(networks)
      energies.append(mera.energyPerSite)
    }
    return (mera, networks, energies)
  }

  @Test("Sweeps lower the energy towards -4/pi and keep every tensor an isometry")
  func sweeps() throws {
    let (mera, _, energies) = try optimized(3, sweeps: 120, seed: 1)
    #expect(energies[119] < energies[9] && energies[119] + 4 / Double.pi < 0.02)
    // The state is not yet the fixed point, so a bound holds only to its convergence.
    #expect(energies[119] + 4 / Double.pi > -1e-6)
    #expect(mera.scaleInvariant.defect < 1e-12 && mera.transitional.defect < 1e-12 && mera.sweeps == 120)
  }

  @Test("Every random start at chi = 4 finds the critical point, whose spectrum is that of the Ising field theory", arguments: 1...6)
  func starts(seed: UInt64) throws {
    var (mera, networks, _) = try optimized(4, sweeps: 300, seed: seed)
    mera.settle(networks)
    #expect(mera.energyPerSite + 4 / Double.pi < 1e-4)
    let found = try mera.twoSiteScalingDimensions(count: 3, networks)
    #expect(abs(found[1] - 0.125) < 0.005 && abs(found[2] - 1) < 0.01)
  }

  @Test("A larger bond dimension starts where the smaller one ended, up to the noise")
  func growth() throws {
    let (mera, _, energies) = try optimized(3, sweeps: 60, seed: 2)
    var draws = Draws(3)
    var grown = try mera.grown(to: 4, noise: 1e-6, from: &draws.generator)
    #expect(grown.scaleInvariant.defect < 1e-12)
    try grown.sweep(ScaleInvariantMERA.Networks(bondDimension: 4))
    #expect(abs(grown.energyPerSite - energies[59]) < 1e-3)
  }

  @Test("The superoperators' largest eigenvalue belongs to the identity; entropies of spins rise from one to some")
  func spectrum() throws {
    var (mera, networks, _) = try optimized(3, sweeps: 40, seed: 4)
    mera.settle(networks)
    let one = try mera.oneSiteScalingDimensions(count: 3), two = try mera.twoSiteScalingDimensions(count: 3, networks)
    #expect(one[0] == 0 && two[0] == 0 && one[1] > 0 && two[1] > 0 && one[1] <= one[2])
    let (single, pair) = try mera.coarseEntropies()
    #expect(single > 0 && pair <= 2 * single + 1e-12)
    let spins = try mera.spinEntropies()
    #expect(spins.count == 7 && spins[0] <= log(2) && spins[1] > spins[0] && spins[1] <= 2 * spins[0] + 1e-9)
  }

  @Test("Momentum: 300 sweeps at chi = 4 reach an energy that 600 more do not lower by 1e-8, nor below the exact one")
  func momentum() throws {
    var (mera, networks, energies) = try optimized(4, sweeps: 300, seed: 2)
    #expect(energies[299] + 4 / Double.pi < 3.22e-5)
    for _ in 0..<600 { try mera.sweep(networks) }
    mera.settle(networks)
    #expect(abs(energies[299] - mera.energyPerSite) < 1e-8)
    #expect(mera.energyPerSite > -4 / Double.pi && mera.scaleInvariant.defect < 1e-12)
  }

  @Test("What was saved goes on bit for bit", arguments: [5, ScaleInvariantMERA.safeSweeps + 20])
  func checkpoint(sweeps: Int) throws {
    let (mera, networks, _) = try optimized(3, sweeps: sweeps, seed: 5)
    try checkpointLaws(mera) { $0 == $1 }
    var first = mera, second = ScaleInvariantMERA(packed: mera.packed)
    try first.sweep(networks)
    try second.sweep(ScaleInvariantMERA.Networks(bondDimension: 3))
    #expect(first == second)
  }
}
