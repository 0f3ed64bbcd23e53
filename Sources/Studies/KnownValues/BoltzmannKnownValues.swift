import BoltzmannMachines
import Glibc
import RandomStreams
public import Runtime
import Sampling
import Statistics

/// The known values of restricted Boltzmann machines and of log-weights: C1, C2, C3 and the log-weight row of E1.
public enum BoltzmannKnownValues {
  /// All checks of this table.
  public static let checks: [Check] = [
    Check("C1", .fast) { try partitionFunctions() },
    Check("C2", .fast) { try likelihood() + unitConversion() },
    Check("C3", .fast) { annealedPartition() },
    Check("C3", .slow) { try annealedVariances() },
    Check("E1", .fast) { logWeights() },
  ]

  /// W_ij = amplitude sin(1 + 3i + 7j), a_i = 0.2 cos(2 + i), b_j = 0.1 sin(3 + 2j), 0/1 units.
  static func machine(_ visible: Int, _ hidden: Int, amplitude: Double) -> RestrictedBoltzmannMachine<Double> {
    var weights: [Double] = []
    for i in 0..<visible {
      for j in 0..<hidden { weights.append(amplitude * sin(Double(1 + 3 * i + 7 * j))) }
    }
    return RestrictedBoltzmannMachine(
      units: .zeroOne, visible: visible, hidden: hidden, weights: weights,
      visibleBias: (0..<visible).map { 0.2 * cos(Double(2 + $0)) }, hiddenBias: (0..<hidden).map { 0.1 * sin(Double(3 + 2 * $0)) })
  }

  private static func partitionFunctions() throws -> [KnownValue] {
    [
      KnownValue(
        "ln Z, RBM 12x8, amplitude 0.5", expected: 14.282962169287,
        found: try machine(12, 8, amplitude: 0.5).exactLogPartition(), .absolute(1e-10)),
      KnownValue(
        "ln Z, RBM 20x14, amplitude 1", expected: 42.204746169787,
        found: try machine(20, 14, amplitude: 1).exactLogPartition(), .absolute(1e-10)),
    ]
  }

  /// x_ki = [(k^2 + 3i) mod 5 < 2], k < 8, on six units.
  private static var data: Configurations {
    var data = Configurations(count: 8, sites: .unplaced(6))
    for k in 0..<8 {
      for i in 0..<6 { data[k, i] = (k * k + 3 * i) % 5 < 2 }
    }
    return data
  }

  private static func likelihood() throws -> [KnownValue] {
    let machine = machine(6, 4, amplitude: 0.5), gradient = try machine.exactLogLikelihoodGradient(of: data)
    let norm = gradient.weights.reduce(0) { $0 + $1 * $1 }.squareRoot()
    var values = [
      KnownValue("ln Z, RBM 6x4, amplitude 0.5", expected: 7.422971575197, found: try machine.exactLogPartition(), .absolute(1e-11)),
      KnownValue("mean log-likelihood", expected: -4.041065919521, found: try machine.exactLogLikelihood(of: data).value, .absolute(1e-11)),
      KnownValue("pseudo-log-likelihood", expected: -4.000300926946, found: machine.pseudoLogLikelihood(of: data).value, .absolute(1e-11)),
      KnownValue("norm of d LL/dW", expected: 0.590039503683, found: norm, .absolute(1e-10)),
    ]
    let row = [-0.066611904170, -0.130185861025, -0.140811974329, -0.091473099271]
    for (j, expected) in row.enumerated() {
      values.append(KnownValue("d LL/dW, row 0, column \(j)", expected: expected, found: gradient.weights[j], .absolute(1e-10)))
    }
    for (i, expected) in [-0.030919128577, -0.276449161868, -0.037009531334].enumerated() {
      values.append(KnownValue("d LL/da, component \(i)", expected: expected, found: gradient.visibleBias[i], .absolute(1e-10)))
    }
    return values
  }

  private static func unitConversion() throws -> [KnownValue] {
    let machine = machine(6, 4, amplitude: 0.5), (signs, constant) = machine.converted(to: .plusMinusOne)
    return [
      KnownValue("constant between 0/1 and +-1 energies", expected: -0.015498249573, found: constant, .absolute(1e-12)),
      KnownValue("ln Z by way of +-1 units", expected: 7.422971575197, found: try signs.exactLogPartition() + constant, .absolute(1e-11)),
    ]
  }

  /// ln Z of the machine of C3, by enumeration.
  private static let annealedLogPartition = 19.903531760339

  private static func streams(_ purpose: UInt64) -> KeyedStreams { KeyedStreams(StreamKey(high: 0xC3, low: purpose)) }

  private static func annealedPartition() -> [KnownValue] {
    let machine = machine(10, 6, amplitude: 1.5), singlePrecision = machine.inSinglePrecision
    let sampling = AnnealedImportanceSampling(AnnealedBoltzmannMachine(singlePrecision), schedule: .linear(steps: 1000))
    let found = sampling.estimate(sampling.run(replicas: 200, from: streams(1)).logWeights)
    let reference = AnnealedImportanceSampling(AnnealedBoltzmannMachine(machine), schedule: .linear(steps: 100))
    let slow = reference.estimate(reference.run(replicas: 500, from: streams(2)).logWeights)
    return [
      KnownValue(
        "ln Z by annealing, RBM 10x6, amplitude 1.5, 1001 temperatures, single precision", expected: annealedLogPartition,
        found: found.logPartition.value, error: found.logPartition.error, .sigmas(4, largestError: 0.03)),
      KnownValue(
        "the same, 101 temperatures, double precision", expected: annealedLogPartition, found: slow.logPartition.value,
        error: slow.logPartition.error, .sigmas(4, largestError: 0.05)),
    ]
  }

  /// Exact samples of the visible law of `machine`, whose states are enumerated.
  static func exactSamples(of machine: RestrictedBoltzmannMachine<Double>, count: Int, from streams: some Streams) throws -> Configurations
  {
    let states = 1 << machine.visible
    let all = Configurations(count: states, sites: .unplaced(machine.visible), words: (0..<states).map { UInt64($0) })
    let logPartition = try machine.exactLogPartition()
    return Configurations(count: count, sites: all.sites, of: machine.freeEnergy(of: all).map { exp(-$0 - logPartition) }) { replica in
      var choices = streams.generator(replica: replica, step: 0, site: 0, purpose: .initial)
      return choices.uniform()
    }
  }

  private static func annealedVariances() throws -> [KnownValue] {
    let machine = machine(10, 6, amplitude: 1.5), model = AnnealedBoltzmannMachine(machine.inSinglePrecision)
    let cases: [(steps: Int, replicas: Int, variance: Double, forward: Double, reverse: Double)] = [
      (10, 200_000, 4.97, -1.39101, 1.04331), (100, 40_000, 0.262032, -0.124508, 0.120065),
      (1000, 10_000, 0.024621, -0.012250, 0.012205),
    ]
    var values: [KnownValue] = []
    for (steps, replicas, variance, forward, reverse) in cases {
      let schedule = AnnealingSchedule.linear(steps: steps), name = "\(steps + 1) temperatures"
      let up = AnnealedImportanceSampling(model, schedule: schedule), down = AnnealedImportanceSampling(model, schedule: schedule.reversed)
      let risen = up.estimate(up.run(replicas: replicas, from: streams(10)).logWeights)
      let samples = try exactSamples(of: machine, count: replicas, from: streams(11))
      var progress = down.begin(from: model.replicas(at: samples), replicas: replicas)
      down.advance(&progress, steps: steps, from: streams(10))
      let fallen = down.estimate(progress.logWeights)
      values += [
        KnownValue("Var w / E[w]^2, \(name)", expected: variance, found: risen.relativeVariance, .relative(0.15)),
        KnownValue(
          "E[ln w] - ln Z1/Z0, \(name)", expected: forward, found: risen.bound.value - annealedLogPartition,
          error: risen.bound.error, .sigmas(4, largestError: 0.01)),
        KnownValue(
          "reverse gap, \(name)", expected: reverse, found: fallen.bound.value - annealedLogPartition,
          error: fallen.bound.error, .sigmas(4, largestError: 0.01)),
      ]
    }
    return values
  }

  private static func logWeights() -> [KnownValue] {
    let z = normals(seed: 5, count: 1000)
    func merged(_ factor: Double) -> LogWeights {
      var total = LogWeights.empty
      for part in [0..<300, 300..<800, 800..<1000] { total.merge(LogWeights(z[part].map { factor * $0 })) }
      return total
    }
    let steep = merged(50), flat = merged(0.5)
    return [
      KnownValue("ln mean e^50z over 1000 normals, three parts", expected: 137.818788546991, found: steep.logMean, .absolute(1e-10)),
      KnownValue("its effective sample size", expected: 1.263897858, found: steep.effectiveSampleSize, .absolute(1e-9)),
      KnownValue("ln mean e^z/2", expected: 0.140705963770, found: flat.logMean, .absolute(1e-10)),
      KnownValue("its standard error by the delta method", expected: 0.016565586824, found: flat.standardError, .absolute(1e-10)),
      KnownValue(
        "and by the jackknife", expected: 0.016571897091,
        found: LogWeights.jackknifeStandardError(of: z.map { 0.5 * $0 }), .absolute(1e-10)),
    ]
  }

  /// Standard normals of the acceptance table: Box-Muller on SplitMix64.
  private static func normals(seed: UInt64, count: Int) -> [Double] {
    var state = seed
    func uniform() -> Double {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
    }
    var values: [Double] = []
    while values.count < count {
      let u = uniform(), v = uniform(), radius = (-2 * log(1 - u)).squareRoot()
      values += [radius * cos(2 * Double.pi * v), radius * sin(2 * Double.pi * v)]
    }
    return Array(values.prefix(count))
  }
}
