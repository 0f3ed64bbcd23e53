import Glibc
import LatticeSystems
import RandomStreams
public import Runtime
import Sampling
import Statistics

/// Known values of what is made from chains: lengths and crossings (A6), acceptances (A11), thermodynamic integration, annealing
/// and reweighting (A13).
public enum AnalysisKnownValues {
  /// The checks, in the order of the acceptance table.
  public static let checks: [Check] = [
    Check("A6", .fast, correlationLengths),
    Check("A6", .fast, crossings),
    Check("A6", .slow) { try sampledLengths(chains: 40, sweeps: 40_000) },
    Check("A11", .fast, exactAcceptance),
    Check("A11", .slow) { try swapAcceptance(tries: 600_000) },
    Check("A11", .slow) { try flipProbabilities(chains: 40, sweeps: 40_000) },
    Check("A13", .fast, quadrature),
    Check("A13", .slow) { try integratedPartition(replicas: 64, measurements: 4000) },
    Check("A13", .slow) { try annealedPartition(replicas: 4000, steps: 200) },
    Check("A13", .slow) { try reweightedPartition(chains: 20, sweeps: 20_000) },
  ]

  private static let critical = SquareIsing.criticalCoupling
  static func streams(_ unit: String) -> KeyedStreams {
    KeyedStreams(StreamKey.derive(seed: 1, study: "known-values", unit: unit))
  }

  @Sendable private static func correlationLengths() throws -> [KnownValue] {
    let rows = [(4, critical, 3.81273506567), (6, critical, 5.59964813325), (8, critical, 7.38948965689), (8, 0.4, 4.37121642091)]
    return try rows.map { size, coupling, expected in
      let torus = try IsingTorusMoments(columns: size, rows: size, coupling: coupling)
      return KnownValue(
        "xi of the \(size)x\(size) torus, K=\(coupling == critical ? "K_c" : "\(coupling)"), exact", expected: expected,
        found: torus.correlationLength, .absolute(1e-8))
    }
  }

  @Sendable private static func crossings() throws -> [KnownValue] {
    let rows = [(4, 6, 0.44986758774, 0.44794232470), (6, 8, 0.44471674870, 0.44416315935)]
    return try rows.flatMap { small, large, binder, ratio in
      func torus(_ size: Int, _ coupling: Double) throws -> IsingTorusMoments {
        try IsingTorusMoments(columns: size, rows: size, coupling: coupling)
      }
      let cumulants = try crossing(
        in: 0.43...0.46, of: { try torus(small, $0).binderCumulant }, and: { try torus(large, $0).binderCumulant })
      let lengths = try crossing(
        in: 0.43...0.46, of: { try torus(small, $0).correlationLength / Double(small) },
        and: { try torus(large, $0).correlationLength / Double(large) })
      return [
        KnownValue("crossing of U, L=\(small) and \(large), exact", expected: binder, found: cumulants, .absolute(1e-7)),
        KnownValue("crossing of xi/L, L=\(small) and \(large), exact", expected: ratio, found: lengths, .absolute(1e-7)),
      ]
    }
  }

  /// xi of 8x8 from S(0) and S(k_1), the latter averaged over both axes, of Swendsen-Wang; jackknife over chains.
  static func sampledLengths(chains: Int, sweeps: Int) throws -> [KnownValue] {
    try [(critical, "K_c", 7.38948965689), (0.4, "0.4", 4.37121642091)].map { coupling, label, expected in
      let model = try IsingModel(SquareLattice(size: 8), coupling: coupling), streams = streams("length-\(label)")
      var kernel = try SwendsenWang(model), sums = BlockSums(observables: 2, blocks: chains)
      for number in 0..<chains {
        var chain = IsingChain(model.lattice, replica: number, start: number % 2 == 0 ? .hot : .cold, from: streams)
        chain.advance(sweeps: 100, with: &kernel, from: streams)
        for _ in 0..<sweeps {
          chain.advance(sweeps: 1, with: &kernel, from: streams)
          sums.add(structureFactors(chain.configuration.spins[0]), to: number)
        }
      }
      let found = sums.jackknife { [($0[0] / $0[1] - 1).squareRoot() / (2 * halfWave)] }[0]
      return KnownValue(
        "xi of the 8x8 torus, K=\(label), Swendsen-Wang", expected: expected, found: found.value, error: found.error,
        .sigmas(4, largestError: 0.02))
    }
  }

  /// sin(pi / L) of L = 8, which xi is measured by.
  static let halfWave = sin(Double.pi / 8)
  /// S(0) and S(k_1) of one 8x8 configuration, a row in each byte.
  static func structureFactors(_ spins: UInt64) -> [Double] {
    let waves = (0..<8).map { SIMD2(cos(Double.pi * Double($0) / 4), sin(Double.pi * Double($0) / 4)) }
    var alongRows = SIMD2<Double>(), alongColumns = SIMD2<Double>()
    for i in 0..<8 {
      // The full sum over a wave vanishes, so +1/0 variables times two stand for +-1.
      alongRows += waves[i] * Double(2 * (spins >> UInt64(8 * i) & 0xFF).nonzeroBitCount)
      alongColumns += waves[i] * Double(2 * (spins >> UInt64(i) & 0x0101_0101_0101_0101).nonzeroBitCount)
    }
    let total = Double(2 * spins.nonzeroBitCount - 64)
    return [total * total / 64, ((alongRows * alongRows).sum() + (alongColumns * alongColumns).sum()) / 128]
  }

  /// The share of spins that a half sweep turns over, on average.
  static func flipProbabilities(chains: Int, sweeps: Int) throws -> [KnownValue] {
    try [(0.3, "0.3", 0.463049934446, 0.310271301596), (critical, "K_c", 0.146740293037, 0.114374225527)].flatMap { row in
      let model = try IsingModel(SquareLattice(size: 4), coupling: row.0)
      return [
        try flips(CheckerboardMetropolis(model), model, "Metropolis, K=\(row.1)", row.2, chains: chains, sweeps: sweeps),
        try flips(CheckerboardHeatBath(model), model, "heat bath, K=\(row.1)", row.3, chains: chains, sweeps: sweeps),
      ]
    }
  }

  private static func flips<Rule: SpinRule>(
    _ sweep: CheckerboardSweep<Rule>, _ model: IsingModel, _ name: String, _ expected: Double, chains: Int, sweeps: Int
  ) throws -> KnownValue {
    let streams = streams("flips-\(name)")
    var kernel = sweep, means = Moments()
    for number in 0..<chains {
      var state = try CheckerboardConfiguration(IsingConfiguration(hot: model.lattice, replica: number, from: streams)), turned = 0
      for step in 0..<UInt64(100) { kernel.step(&state, at: step, from: streams) }
      var before = state.packed.spins[0]
      for step in 100..<UInt64(100 + sweeps) {
        kernel.step(&state, at: step, from: streams)
        let after = state.packed.spins[0]
        turned += (before ^ after).nonzeroBitCount
        before = after
      }
      means.add(Double(turned) / Double(16 * sweeps))
    }
    return KnownValue(
      "4x4 mean flip probability, \(name)", expected: expected, found: means.mean, error: means.standardError,
      .sigmas(4, largestError: 5e-4))
  }

  /// The acceptance of swaps: size, the two couplings, value.
  private static let acceptances = [
    (4, 0.4, 0.45, 0.774850816806), (4, 0.3, 0.5, 0.221485720286), (8, 0.4, 0.45, 0.465819360270),
  ]

  /// sum P_a(E) P_b(E') min(1, e^((K_a - K_b)(E - E'))) from the density of states.
  @Sendable private static func exactAcceptance() throws -> [KnownValue] {
    try acceptances.map { size, a, b, expected in
      let states = try IsingDensityOfStates(columns: size, rows: size)
      let first = states.probabilities(coupling: a), second = states.probabilities(coupling: b)
      var sum = 0.0
      for u in first.indices where first[u] > 0 {
        for v in second.indices where second[v] > 0 {
          let difference = Double(states.energy(unsatisfied: u) - states.energy(unsatisfied: v))
          sum += first[u] * second[v] * min(1, exp((a - b) * difference))
        }
      }
      return KnownValue("swap acceptance \(size)x\(size) (\(a), \(b)), exact", expected: expected, found: sum, .absolute(1e-11))
    }
  }

  /// Trades over tries of a ladder of two, moved by Swendsen-Wang; errors from 200 blocks.
  static func swapAcceptance(tries: Int) throws -> [KnownValue] {
    try acceptances.map { size, a, b, expected in
      let model = try IsingModel(SquareLattice(size: size), coupling: b)
      let exchange = ReplicaExchange(try AnnealedIsing<SwendsenWang>(model), positions: [a / b, 1])
      let streams = streams("swap-\(size)-\(a)")
      var progress = exchange.begin(from: streams), means = Moments()
      exchange.advance(&progress, exchanges: 100, sweeps: 2, from: streams)
      for _ in 0..<200 {
        let (triesBefore, tradesBefore) = (progress.ladder.attempts[0], progress.ladder.accepted[0])
        exchange.advance(&progress, exchanges: 2 * tries / 200, sweeps: 2, from: streams)
        means.add(Double(progress.ladder.accepted[0] - tradesBefore) / Double(progress.ladder.attempts[0] - triesBefore))
      }
      return KnownValue(
        "swap acceptance \(size)x\(size) (\(a), \(b)), replica exchange", expected: expected, found: means.mean,
        error: means.standardError, .sigmas(4, largestError: 1e-3))
    }
  }

  /// ln 2 - integral of e over 0 ... K_c on n Gauss-Legendre nodes.
  @Sendable private static func quadrature() throws -> [KnownValue] {
    try [(8, 0.939719397038768), (16, 0.93971532504203)].map { count, expected in
      let rule = GaussLegendre(nodes: count)
      var sum = 0.0
      for (x, w) in zip(rule.nodes, rule.weights) {
        sum += critical / 2 * w * (try KaufmanTorus(columns: 8, rows: 8, coupling: critical * (1 + x) / 2)).energyPerSite
      }
      return KnownValue("8x8 lnZ/N(K_c) by \(count) nodes of exact e", expected: expected, found: log(2) - sum, .absolute(1e-11))
    }
  }

  private static let partitionOfEight = 0.939715324829206

  static func integratedPartition(replicas: Int, measurements: Int) throws -> [KnownValue] {
    let path = try AnnealedIsing<SwendsenWang>(IsingModel(SquareLattice(size: 8), coupling: critical))
    let integration = ThermodynamicIntegration(
      path, nodes: ThermodynamicIntegration<AnnealedIsing<SwendsenWang>>.gaussLegendre(16), relaxation: 50, measurements: measurements)
    let found = integration.estimate(integration.integrals(replicas: replicas, from: streams("integration")))
    return [
      KnownValue(
        "8x8 lnZ/N(K_c), thermodynamic integration over Swendsen-Wang", expected: partitionOfEight, found: found.value / 64,
        error: found.error / 64, .sigmas(4, largestError: 5e-4))
    ]
  }

  static func annealedPartition(replicas: Int, steps: Int) throws -> [KnownValue] {
    let path = try AnnealedIsing<CheckerboardHeatBath>(IsingModel(SquareLattice(size: 8), coupling: critical))
    let annealing = AnnealedImportanceSampling(path, schedule: .linear(steps: steps))
    let found = annealing.estimate(annealing.run(replicas: replicas, from: streams("annealing")).logWeights).logPartition
    return [
      KnownValue(
        "8x8 lnZ/N(K_c), annealed importance sampling over the heat bath", expected: partitionOfEight, found: found.value / 64,
        error: found.error / 64, .sigmas(4, largestError: 1e-3))
    ]
  }

  /// ln Z(0.5) - ln Z(0.3) of 4x4 from Swendsen-Wang at four couplings by multi-histogram reweighting.
  static func reweightedPartition(chains: Int, sweeps: Int) throws -> [KnownValue] {
    let couplings = [0.3, 0.36, 0.43, 0.5], lattice = try SquareLattice(size: 4), streams = streams("reweighting")
    let sampled = try (0..<chains).map { number in
      try couplings.enumerated().map { index, coupling in
        let model = try IsingModel(lattice, coupling: coupling)
        var kernel = try SwendsenWang(model), energies: [Double] = [], sums = EnergySums()
        var chain = IsingChain(lattice, replica: number * couplings.count + index, start: .hot, from: streams)
        chain.advance(sweeps: 100, with: &kernel, from: streams)
        for _ in 0..<sweeps {
          chain.advance(sweeps: 1, with: &kernel, from: streams)
          energies.append(Double(model.energy(chain.configuration.spins)))
          sums.add(energy: energies[energies.count - 1])
        }
        return SampledState(coupling: coupling, sums: sums, inefficiency: 2 * (try AutocorrelationTime(energies)).tau.value)
      }
    }
    let found = try MultiHistogramReweighting.jackknife(chains: sampled) { [-$0.freeEnergies[3]] }
    return [
      KnownValue(
        "4x4 lnZ(0.5) - lnZ(0.3), multi-histogram over K=0.3, 0.36, 0.43, 0.5", expected: 4.319843793018, found: found[0].value,
        error: found[0].error, .sigmas(4, largestError: 0.01))
    ]
  }
}
