import Glibc

/// What was sampled at one coupling: energies, with observables, of weight exp(-K E).
public struct SampledState: Sendable, Equatable {
  /// K.
  public var coupling: Double
  /// The energies.
  public var sums: EnergySums
  /// g = 2 tau of the energy: how many samples are worth one.
  public var inefficiency: Double
  /// Samples of exp(-K E) with their statistical inefficiency g = 2 tau >= 0 (1: independent).
  public init(coupling: Double, sums: EnergySums, inefficiency: Double = 1) {
    self.coupling = coupling
    self.sums = sums
    self.inefficiency = inefficiency
  }
}

/// Why samples cannot be reweighted.
public enum ReweightingError: Error, Equatable, Sendable {
  /// There is no state, or this one has no sample.
  case noSamples(state: Int)
  /// A coupling that is not finite, or a g that is not positive and finite.
  case badState(Int, coupling: Double, inefficiency: Double)
  /// The samples stand for too few independent ones at this coupling: too far from where they were taken.
  case outOfReach(coupling: Double, effectiveSampleSize: Double, required: Double)
  /// The states hang together so loosely that their free energies could not be found.
  case notConverged(change: Double)
}

/// Averages at any coupling from samples at several: the multi-histogram method, which for samples is MBAR.
///
/// `f_i = -ln sum_n g_n^-1 e^(-K_i E_n) / sum_k (N_k/g_k) e^(f_k - K_k E_n)`, f_i = -ln Z(K_i) + ln Z(K_0), over the
/// samples n of all states, each with the inverse g of its own state (else states of different g would bias each
/// other). A few fixed-point steps, then Newton's method on the convex function whose gradient these equations are,
/// until max |df| < 1e-10. Sums of exponentials are formed by logarithms throughout. Energies are binned, so the cost is
/// couplings x distinct energies for each step.
///
/// Source: Ferrenberg and Swendsen 1989; Shirts and Chodera 2008.
public struct MultiHistogramReweighting: Sendable {
  /// K of each state.
  public let couplings: [Double]
  /// f_i = ln Z(K_0) - ln Z(K_i).
  public let freeEnergies: [Double]
  /// How many observables go with the energy.
  public let observables: Int
  /// Averages below this effective sample size are refused.
  public let requiredSampleSize: Double
  private let pool: EnergyPool
  /// ln (weight of a bin / mixture density) at K = 0: add -K E for the weight at K.
  private let logWeights: [Double]

  /// Combines states, in their order.
  /// - Parameter guess: free energies to start from (those of nearly the same samples, say).
  /// - Throws: `noSamples`, `badState`, `notConverged`.
  public init(_ states: [SampledState], guess: [Double]? = nil, requiredSampleSize: Double = 100) throws(ReweightingError) {
    if states.isEmpty { throw .noSamples(state: 0) }
    for (index, state) in states.enumerated() {
      if state.sums.total == 0 { throw .noSamples(state: index) }
      guard state.coupling.isFinite, state.inefficiency > 0, state.inefficiency.isFinite else {
        throw .badState(index, coupling: state.coupling, inefficiency: state.inefficiency)
      }
    }
    couplings = states.map(\.coupling)
    observables = states[0].sums.observables
    self.requiredSampleSize = requiredSampleSize
    pool = EnergyPool(states)
    let sizes = states.map { Double($0.sums.total) / $0.inefficiency }
    let mixture = Mixture(pool: pool, couplings: couplings, sizes: sizes)
    freeEnergies = try mixture.solve(from: guess ?? Mixture.firstGuess(states))
    let densities = mixture.logDensities(freeEnergies)
    logWeights = zip(pool.logCounts, densities).map { $0 - $1 }
  }

  /// Averages at one coupling.
  public struct Averages: Sendable, Equatable {
    /// ln Z(K) - ln Z(K_0).
    public let logPartition: Double
    /// <E> and <E^2> - <E>^2.
    public let energy: Double, energyVariance: Double
    /// The averages of the observables.
    public let observables: [Double]
    /// (sum w)^2 / sum w^2 over samples worth one independent sample each.
    public let effectiveSampleSize: Double
  }

  /// The averages at coupling K, errors apart (see `jackknife`).
  /// - Throws: `outOfReach` below the required effective sample size.
  public func averages(at coupling: Double) throws(ReweightingError) -> Averages {
    let logs = pool.energies.indices.map { logWeights[$0] - coupling * pool.energies[$0] }
    let largest = logs.reduce(-.infinity, max)
    let weights = logs.map { exp($0 - largest) }
    let sum = weights.reduce(0, +)
    // A bin of c samples' worth with weight w holds c weights w/c.
    var squares = 0.0
    for i in weights.indices { squares += weights[i] * weights[i] / pool.counts[i] }
    let size = sum * sum / squares
    guard size >= requiredSampleSize else {
      throw .outOfReach(coupling: coupling, effectiveSampleSize: size.isFinite ? size : 0, required: requiredSampleSize)
    }
    var energy = 0.0, variance = 0.0
    for i in weights.indices { energy += weights[i] * (pool.energies[i] / sum) }
    for i in weights.indices {
      let deviation = pool.energies[i] - energy
      variance += weights[i] / sum * deviation * deviation
    }
    var means = [Double](repeating: 0, count: observables)
    for i in weights.indices {
      let share = weights[i] / sum / pool.counts[i]
      for k in 0..<observables { means[k] += share * pool.sums[i * observables + k] }
    }
    return Averages(
      logPartition: largest + log(sum), energy: energy, energyVariance: variance, observables: means, effectiveSampleSize: size)
  }

  /// Quantities of the combined samples with jackknife errors over whole chains, correlations within a chain and
  /// between its couplings (replica exchange) included.
  ///
  /// - Parameters:
  ///   - chains: `[chains][states]`, independent of each other, every chain with the same couplings; at least 20 for
  ///     errors good to some 15 %.
  ///   - quantities: from the combined samples, always as many (averages, crossings, ln Z).
  public static func jackknife(
    chains: [[SampledState]], requiredSampleSize: Double = 100,
    quantities: (MultiHistogramReweighting) throws -> [Double]
  ) throws -> [Estimate] {
    let total = try MultiHistogramReweighting(merged(chains, without: nil), requiredSampleSize: requiredSampleSize)
    return try Statistics.jackknife(blocks: chains.count) { left in
      guard let left else { return try quantities(total) }
      return try quantities(
        MultiHistogramReweighting(
          merged(chains, without: left), guess: total.freeEnergies, requiredSampleSize: requiredSampleSize))
    }
  }

  /// The states of all chains but one; g is the mean over the chains that are left.
  private static func merged(_ chains: [[SampledState]], without left: Int?) -> [SampledState] {
    let kept = chains.indices.filter { $0 != left }
    guard let first = kept.first else { return [] }
    return chains[first].indices.map { k in
      var state = SampledState(coupling: chains[first][k].coupling, sums: .empty, inefficiency: 0)
      for c in kept {
        precondition(chains[c].count == chains[first].count && chains[c][k].coupling == state.coupling, "chains of the same couplings")
        state.sums.merge(chains[c][k].sums)
        state.inefficiency += chains[c][k].inefficiency / Double(kept.count)
      }
      return state
    }
  }
}

/// All states' samples by energy, each sample counting 1/g of its state.
struct EnergyPool: Sendable {
  private(set) var energies: [Double] = [], counts: [Double] = [], logCounts: [Double] = [], sums: [Double] = []

  init(_ states: [SampledState]) {
    var all = EnergySums(observables: 0)
    for state in states {
      precondition(state.sums.observables == states[0].sums.observables, "states with the same observables")
      all.merge(EnergySums(energies: state.sums.energies, counts: state.sums.counts))
    }
    energies = zip(all.energies, all.counts).filter { $0.1 > 0 }.map(\.0)
    let observables = states[0].sums.observables
    counts = [Double](repeating: 0, count: energies.count)
    sums = [Double](repeating: 0, count: energies.count * observables)
    for state in states {
      var bin = 0
      for (i, energy) in state.sums.energies.enumerated() where state.sums.counts[i] > 0 {
        while energies[bin] < energy { bin += 1 }
        counts[bin] += Double(state.sums.counts[i]) / state.inefficiency
        for k in 0..<observables { sums[bin * observables + k] += state.sums.sums[i * observables + k] / state.inefficiency }
      }
    }
    logCounts = counts.map { log($0) }
  }
}
