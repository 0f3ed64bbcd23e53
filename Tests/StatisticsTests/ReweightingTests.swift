import Glibc
import Laws
import Oracles
import Statistics
import Testing

@Suite("Multi-histogram reweighting")
struct ReweightingTests {
  /// ln g(E) of the 4x4 torus by enumeration, and ln Z and the mean and variance of E.
  static let energies: [Double: Int] = {
    let torus = EnumeratedIsing(columns: 4, rows: 4)
    var counts: [Double: Int] = [:]
    for state in 0..<(1 << 16) { counts[Double(torus.energy(state)), default: 0] += 1 }
    return counts
  }()
  static func exact(_ coupling: Double) -> (logPartition: Double, energy: Double, variance: Double) {
    let terms = energies.sorted { $0.key < $1.key }.map { (energy: $0.key, weight: Double($0.value) * exp(-coupling * ($0.key + 32))) }
    let sum = terms.reduce(0) { $0 + $1.weight }
    let mean = terms.reduce(0) { $0 + $1.weight * $1.energy } / sum
    let variance = terms.reduce(0) { $0 + $1.weight * ($1.energy - mean) * ($1.energy - mean) } / sum
    return (log(sum) + 32 * coupling, mean, variance)
  }
  /// Probabilities of the energies, rising.
  static func law(_ coupling: Double) -> (energies: [Double], cumulated: [Double]) {
    let sorted = energies.keys.sorted(), z = exact(coupling).logPartition
    var sum = 0.0, cumulated: [Double] = []
    for energy in sorted {
      sum += exp(log(Double(energies[energy] ?? 0)) - coupling * energy - z)
      cumulated.append(sum)
    }
    return (sorted, cumulated)
  }
  /// Independent samples of the energy with E^2 as observable.
  static func sample(_ coupling: Double, count: Int, from random: inout SplitMix64) -> EnergySums {
    let law = law(coupling)
    var sums = EnergySums(observables: 1)
    for _ in 0..<count {
      let u = random.uniform()
      let energy = law.energies[law.cumulated.firstIndex { u < $0 } ?? law.energies.count - 1]
      sums.add(energy: energy, [energy * energy])
    }
    return sums
  }
  let couplings = [0.3, 0.36, 0.43, 0.5]

  @Test("histograms in exact proportions give the exact ln Z and energies, with any autocorrelation times")
  func proportions() throws {
    let states = couplings.enumerated().map { index, coupling in
      let law = Self.law(coupling)
      let counts = law.cumulated.indices.map {
        Int(((law.cumulated[$0] - ($0 > 0 ? law.cumulated[$0 - 1] : 0)) * 1e13 / Double(index + 1)).rounded())
      }
      let sums = EnergySums(energies: law.energies, counts: counts)
      return SampledState(coupling: coupling, sums: sums, inefficiency: [1, 4, 2.5, 7][index])
    }
    let found = try MultiHistogramReweighting(states)
    for (k, coupling) in couplings.enumerated() {
      let expected = Self.exact(coupling).logPartition - Self.exact(0.3).logPartition
      #expect(abs(-found.freeEnergies[k] - expected) <= 1e-10)
    }
    #expect(abs(-found.freeEnergies[3] - 4.319843793018) <= 1e-10)
    for coupling in [0.25, 0.33, 0.47, 0.55] {
      let averages = try found.averages(at: coupling), exact = Self.exact(coupling)
      #expect(abs(averages.energy - exact.energy) <= 1e-8)
      #expect(abs(averages.energyVariance - exact.variance) <= 1e-6)
      #expect(abs(averages.logPartition - (exact.logPartition - Self.exact(0.3).logPartition)) <= 1e-9)
    }
  }

  @Test("ln Z and energies of samples scatter about the exact values as their jackknife errors say, over 60 seeds")
  func pulls() throws {
    var logPulls = Moments(), energyPulls = Moments(), squarePulls = Moments()
    for seed in 1...60 {
      var random = SplitMix64(seed: UInt64(9000 + seed))
      let chains = (0..<20).map { _ in
        couplings.map { SampledState(coupling: $0, sums: Self.sample($0, count: 100, from: &random)) }
      }
      let found = try MultiHistogramReweighting.jackknife(chains: chains) { reweighting in
        let averages = try reweighting.averages(at: 0.4)
        return [-reweighting.freeEnergies[3], averages.energy, averages.observables[0]]
      }
      let exact = Self.exact(0.4)
      #expect(found[0].error < 0.1)
      logPulls.add((found[0].value - 4.319843793018) / found[0].error)
      energyPulls.add((found[1].value - exact.energy) / found[1].error)
      squarePulls.add((found[2].value - exact.variance - exact.energy * exact.energy) / found[2].error)
    }
    for pulls in [logPulls, energyPulls, squarePulls] {
      #expect(abs(pulls.mean) < 0.5)
      #expect(pulls.variance > 0.5 && pulls.variance < 1.8)
    }
  }

  @Test("one state alone reweights as e^((K - K') E) says, and is refused where it has too few effective samples")
  func oneState() throws {
    var random = SplitMix64(seed: 5)
    let sums = Self.sample(0.3, count: 400, from: &random)
    let found = try MultiHistogramReweighting([SampledState(coupling: 0.3, sums: sums)])
    let weights = sums.energies.map { exp(-0.05 * ($0 + 32)) }
    let top = sums.energies.indices.reduce(0.0) { $0 + weights[$1] * Double(sums.counts[$1]) * sums.energies[$1] }
    let bottom = sums.energies.indices.reduce(0.0) { $0 + weights[$1] * Double(sums.counts[$1]) }
    #expect(abs(try found.averages(at: 0.35).energy - top / bottom) < 1e-11)
    #expect(abs(try found.averages(at: 0.3).effectiveSampleSize - 400) < 1e-8)
    do {
      _ = try found.averages(at: 0.9)
      Issue.record("reweighted beyond reach")
    } catch ReweightingError.outOfReach(let coupling, let size, let required) {
      #expect(coupling == 0.9 && size < 100 && size > 0 && required == 100)
    }
  }

  @Test("a dozen states of continuous energies far apart give the ln Z of a Gaussian density of states within 4 sigma")
  func continuous() throws {
    // g(E) of variance 100 about 0: at K energies have mean -100 K, and ln Z(K) = 50 K^2; a step moves it by one deviation.
    let couplings = (0..<12).map { 0.1 * Double($0) }
    let chains = (0..<20).map { chain in
      couplings.enumerated().map { k, coupling in
        var sums = EnergySums()
        for z in gauss(seed: UInt64(300 * chain + k), count: 200) { sums.add(energy: -100 * coupling + 10 * z) }
        return SampledState(coupling: coupling, sums: sums)
      }
    }
    let found = try MultiHistogramReweighting.jackknife(chains: chains) { [-$0.freeEnergies[11], try $0.averages(at: 0.55).energy] }
    #expect(abs(found[0].value - 60.5) < 4 * found[0].error && found[0].error < 0.5)
    #expect(abs(found[1].value + 55) < 4 * found[1].error && found[1].error < 0.5)
  }

  @Test("states that share no energies are refused")
  func apart() throws {
    let states = [(0.0, 0.0), (1, -5000)].map { coupling, centre in
      SampledState(
        coupling: coupling, sums: EnergySums(energies: [centre - 1, centre, centre + 1], counts: [100, 200, 100]))
    }
    #expect {
      try MultiHistogramReweighting(states)
    } throws: { error in
      if case ReweightingError.notConverged = error { true } else { false }
    }
  }

  @Test("states without samples and with impossible numbers are refused by their index")
  func refusals() throws {
    let good = SampledState(coupling: 0.3, sums: EnergySums(energies: [-4, 0], counts: [3, 5]))
    #expect(throws: ReweightingError.noSamples(state: 0)) { try MultiHistogramReweighting([]) }
    #expect(throws: ReweightingError.noSamples(state: 1)) {
      try MultiHistogramReweighting([good, SampledState(coupling: 0.4, sums: .empty)])
    }
    #expect(throws: ReweightingError.badState(1, coupling: 0.4, inefficiency: 0)) {
      try MultiHistogramReweighting([good, SampledState(coupling: 0.4, sums: good.sums, inefficiency: 0)])
    }
  }

  @Test("energy sums merge to the same counts in any order, and come back from a checkpoint")
  func energySums() throws {
    var random = SplitMix64(seed: 8)
    let parts = [0.1, 0.3, 0.6].map { Self.sample($0, count: 50, from: &random) }
    try mergeLaws(parts + [.empty]) { $0 == $1 }
    try checkpointLaws(parts[0], equal: ==)
    #expect(parts[0].total == 50)
    #expect(abs(parts[0].sums.reduce(0, +) - zip(parts[0].energies, parts[0].counts).reduce(0) { $0 + $1.0 * $1.0 * Double($1.1) }) < 1e-9)
  }
}
