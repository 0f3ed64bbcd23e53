import LatticeSystems
import RandomStreams
public import Runtime
import Sampling
import Statistics

/// Known values that Monte Carlo of the Ising model has to find: A4's energy distribution and A1's energy.
public enum LatticeMonteCarloKnownValues {
  /// All checks of this table.
  public static let checks: [Check] = [
    Check("A4", .slow) { try energyDistribution(samples: 400_000) },
    Check("A1", .slow) { try energy(chains: 100, sweeps: 4000) },
  ]

  /// How well the energies of a 4x4 torus at K_c follow g(E) exp(-K E) / Z, by chi-squared, for Swendsen-Wang and for
  /// the checkerboard heat bath, every 20th and 60th sweep (more than ten autocorrelation times). Too small a p means a
  /// wrong distribution, too large a one a fit that is too good.
  static func energyDistribution(samples: Int) throws -> [KnownValue] {
    let lattice = try SquareLattice(size: 4)
    let model = try IsingModel(lattice, coupling: IsingModel.criticalCoupling)
    let streams = KeyedStreams(StreamKey.derive(seed: 1, study: "known-values", unit: "energy-distribution"))
    var clusters = try SwendsenWang(model), heatBath = try CheckerboardHeatBath(model)
    var chain = IsingChain(lattice, replica: 0, start: .hot, from: streams)
    var board = try CheckerboardConfiguration(IsingConfiguration(hot: lattice, replica: 1, from: streams))
    var found = [[Int]](repeating: [Int](repeating: 0, count: 33), count: 2)
    var step: UInt64 = 0
    for _ in 0..<samples {
      chain.advance(sweeps: 20, with: &clusters, from: streams)
      found[0][(model.energy(chain.configuration.spins) + 32) / 2] += 1
      for _ in 0..<60 {
        heatBath.step(&board, at: step, from: streams)
        step += 1
      }
      found[1][(model.energy(board.packed.spins) + 32) / 2] += 1
    }
    let exact = try IsingDensityOfStates(columns: 4, rows: 4)
    let expected = exact.probabilities(coupling: model.coupling).map { $0 * Double(samples) }
    return zip(["Swendsen-Wang", "checkerboard heat bath"], found).map { name, counts in
      let p = chiSquared(counts: counts, expected: expected).pValue
      return KnownValue("p of chi-squared, energies of 4x4 at K_c, \(name)", expected: 1e-4, found: p, .upTo(1 - 1e-4))
    }
  }

  /// The energy per site of the 32x32 torus at K = 0.4 from Swendsen-Wang, error from independent chains.
  static func energy(chains: Int, sweeps: Int) throws -> [KnownValue] {
    let lattice = try SquareLattice(size: 32)
    let model = try IsingModel(lattice, coupling: 0.4)
    let streams = KeyedStreams(StreamKey.derive(seed: 1, study: "known-values", unit: "energy"))
    var kernel = try SwendsenWang(model)
    var means = Moments()
    for replica in 0..<chains {
      var chain = IsingChain(lattice, replica: replica, start: replica % 2 == 0 ? .hot : .cold, from: streams)
      chain.advance(sweeps: 100, with: &kernel, from: streams)
      var sum = 0
      for _ in 0..<sweeps {
        chain.advance(sweeps: 1, with: &kernel, from: streams)
        sum += model.energy(chain.configuration.spins)
      }
      means.add(Double(sum) / Double(sweeps * lattice.sites))
    }
    return [
      KnownValue(
        "e of the 32x32 torus at K = 0.4, Swendsen-Wang", expected: -1.107_291_660_977_51, found: means.mean,
        error: means.standardError, .sigmas(4, largestError: 5e-4))
    ]
  }
}
