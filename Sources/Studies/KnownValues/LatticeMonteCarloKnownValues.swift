import LatticeSystems
import RandomStreams
public import Runtime
import Sampling
import Statistics

/// Known values that Monte Carlo of the Ising model has to find, by every move and with both generators: A4's energy
/// distribution, A5's moments, A1's energy; and whether the errors of A12's analysis are right.
public enum LatticeMonteCarloKnownValues {
  /// All checks of this table.
  public static let checks: [Check] = [
    Check("A4", .slow) { try energyDistribution(samples: 200_000, "Threefry", from: KeyedStreams(key)) },
    Check("A4", .slow) { try energyDistribution(samples: 50_000, "Philox", from: PhiloxStreams(key)) },
    Check("A5", .slow) { try moves("Threefry", from: KeyedStreams(key)) },
    Check("A5", .slow) { try moves("Philox", from: PhiloxStreams(key)) },
    Check("A12", .slow) { try calibration() },
    Check("A1", .slow) { try energy(chains: 100, sweeps: 4000) },
  ]

  private static let key = StreamKey.derive(seed: 1, study: "known-values", unit: "moves")

  /// How well the energies of a 4x4 torus at K_c follow g(E) exp(-K E) / Z, by chi-squared, for every move, sampled more
  /// than ten autocorrelation times apart. Too small a p means a wrong distribution, too large a one a fit that is too
  /// good.
  static func energyDistribution(samples: Int, _ generator: String, from streams: some Streams) throws -> [KnownValue] {
    let model = try IsingModel(SquareLattice(size: 4), coupling: IsingModel.criticalCoupling)
    let expected = try IsingDensityOfStates(columns: 4, rows: 4).probabilities(coupling: model.coupling).map { $0 * Double(samples) }
    return try IsingMoves.chains(model, replica: 0, from: streams).map { chain in
      var counts = [Int](repeating: 0, count: 33)
      _ = chain.advance(200)
      for _ in 0..<samples { counts[(model.energy([chain.advance(chain.interval)]) + 32) / 2] += 1 }
      let p = chiSquared(counts: counts, expected: expected).pValue
      return KnownValue("p of chi-squared, energies of 4x4 at K_c, \(chain.name), \(generator)", expected: 1e-4, found: p, .upTo(1 - 1e-4))
    }
  }

  /// e, <|m|>, <m^2> and U at K_c from every move, hot and cold starts, with jackknife errors over chains.
  static func moves(_ generator: String, from streams: some Streams, chains: Int = 40, samples: Int = 2000) throws -> [KnownValue] {
    let coupling = IsingModel.criticalCoupling
    return try [
      (4, [0.843860444813, 0.761358908569, 0.617199318412]), (8, [0.777331092787, 0.646911574994, 0.613045384943]),
    ].flatMap { size, moments in
      let model = try IsingModel(SquareLattice(size: size), coupling: coupling), n = Double(size * size)
      let expected = [try KaufmanTorus(columns: size, rows: size, coupling: coupling).energyPerSite] + moments
      var sums: [BlockSums] = [], names: [String] = []
      for replica in 0..<chains {
        for (number, chain) in try IsingMoves.chains(model, replica: replica, from: streams).enumerated() {
          if replica == 0 {
            sums.append(BlockSums(observables: 4, blocks: chains))
            names.append(chain.name)
          }
          _ = chain.advance(500)
          for _ in 0..<samples {
            let spins = chain.advance(max(1, chain.interval / 5))
            let m = abs(Double(2 * spins.nonzeroBitCount) - n) / n
            sums[number].add([Double(model.energy([spins])) / n, m, m * m, m * m * m * m], to: replica)
          }
        }
      }
      return zip(names, sums).flatMap { name, sums in
        LatticeModelKnownValues.compare(
          "\(size)x\(size) at K_c, \(name), \(generator)", ["e", "<|m|>", "<m^2>", "U"], expected,
          sums.jackknife { [$0[0], $0[1], $0[2], 1 - $0[3] / (3 * $0[2] * $0[2])] }, largestErrors: [4e-3, 2e-3, 2e-3, 1e-3])
      }
    }
  }

  /// Whether errors are what they say: 200 independent chains of the 8x8 torus at K_c, each analysed as a study analyses
  /// one, give z = (found - exact) / error for e (its error from tau, and by blocks), c, chi, U and xi.
  static func calibration(chains: Int = 200, blocks: Int = 40) throws -> [KnownValue] {
    let model = try IsingModel(SquareLattice(size: 8), coupling: IsingModel.criticalCoupling), k = model.coupling
    let torus = try KaufmanTorus(columns: 8, rows: 8, coupling: k), streams = KeyedStreams(key)
    let exact = [torus.energyPerSite, torus.specificHeat, 64 * 0.646911574994, 0.613045384943, 7.38948965689]
    let names = ["e with its error from tau", "e", "c", "chi", "U", "xi"]
    // Sampling intervals and samples in a block, which is long against tau of every observable.
    let plans = ["checkerboard Metropolis": (20, 60), "Swendsen-Wang": (1, 100), "Wolff": (3, 100)]
    var scores: [String: [Moments]] = [:]
    for replica in 0..<chains {
      for chain in try IsingMoves.chains(model, replica: 1000 + replica, from: streams) {
        guard let (interval, samples) = plans[chain.name] else { continue }
        _ = chain.advance(50 * interval)
        var energies: [Double] = [], sums = BlockSums(observables: 5, blocks: blocks)
        for index in 0..<blocks * samples {
          let spins = chain.advance(interval), e = Double(model.energy([spins])), m = Double(2 * spins.nonzeroBitCount - 64) / 64
          energies.append(e / 64)
          sums.add([e, e * e, m * m, m * m * m * m, AnalysisKnownValues.structureFactors(spins)[1]], to: index / samples)
        }
        let found = sums.jackknife { means in
          [
            means[0] / 64, k * k * (means[1] - means[0] * means[0]) / 64, 64 * means[2], 1 - means[3] / (3 * means[2] * means[2]),
            (64 * means[2] / means[4] - 1).squareRoot() / (2 * AnalysisKnownValues.halfWave),
          ]
        }
        let pairs = zip([try AutocorrelationTime(energies).mean] + found, [exact[0]] + exact)
        for (number, (estimate, value)) in pairs.enumerated() {
          scores[chain.name, default: names.map { _ in Moments() }][number].add((estimate.value - value) / estimate.error)
        }
      }
    }
    return plans.keys.sorted().flatMap { move in
      zip(names, scores[move] ?? []).flatMap { name, z in
        [
          KnownValue("mean of z of \(name), \(chains) chains, \(move)", expected: 0, found: z.mean, .absolute(0.25)),
          KnownValue("variance of z of \(name), \(chains) chains, \(move)", expected: 1, found: z.variance, .absolute(0.35)),
        ]
      }
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
