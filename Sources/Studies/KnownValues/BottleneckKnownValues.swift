import Glibc
import InformationTheory
import RandomStreams
import Renormalization
public import Runtime
import Statistics

/// Known values of continuous estimators and of the bottleneck: D3 to D12.
public enum BottleneckKnownValues {
  /// The checks, in the order of the acceptance table.
  public static let checks: [Check] = [
    Check("D3", .fast, neighbours), Check("D4", .fast, noisyMap), Check("D5", .fast, capacities), Check("D6", .fast, bottleneck),
    Check("D7", .fast, normal), Check("D8", .slow, contrastive), Check("D9", .fast, twelveBits), Check("D12", .fast, ring),
    Check("D12", .fast, columns), Check("D11", .fast, environment), Check("D10", .study, plane),
  ]

  @Sendable private static func neighbours() throws -> [KnownValue] {
    let x = testGaussians(seed: 11, count: 1000), z = testGaussians(seed: 12, count: 1000)
    let samples = try PairedSamples(x: x, y: zip(x, z).map { 0.8 * $0 + 0.6 * $1 })
    let expected: [(Int, KraskovEstimator.Variant, Double)] = [
      (3, .first, 0.502518368821), (3, .second, 0.521977528360), (5, .first, 0.469678354730), (5, .second, 0.483516804189),
    ]
    return try expected.map { k, variant, nats in
      let found = try KraskovEstimator(k: k, variant: variant).estimate(samples)
      return KnownValue(
        "KSG-\(variant.rawValue), k=\(k), normal pairs rho=0.8, N=1000", expected: nats, found: found.nats, .absolute(1e-9))
    }
  }

  @Sendable private static func noisyMap() throws -> [KnownValue] {
    let values = [0, 0.5, 2, 2.2]
    let bounds = try NoisyMapInformation(values: values, dimension: 1, noiseVariance: 0.1)
    let exact = NoisyMapInformation.exact(values: values, noiseVariance: 0.1)
    return [("lower bound", 0.751820804757, bounds.lower), ("exact", 0.823866779402, exact), ("upper bound", 0.961255893563, bounds.upper)]
      .map { KnownValue("noisy map of four points: \($0.0)", expected: $0.1, found: $0.2, .absolute(1e-10)) }
  }

  @Sendable private static func capacities() throws -> [KnownValue] {
    let channels: [(String, [Double], Int, Double)] = [
      ("binary symmetric, 0.11", [0.89, 0.11, 0.11, 0.89], 2, 0.500084041835), ("Z, 0.5", [1, 0, 0.5, 0.5], 2, 0.321928094887),
      ("3 x 3", [0.7, 0.2, 0.1, 0.1, 0.6, 0.3, 0.3, 0.3, 0.4], 3, 0.296671802880),
    ]
    var values = try channels.map { name, channel, size, bits in
      let found = try ChannelCapacity(channel: channel, inputs: size, outputs: size)
      return KnownValue("capacity in bits, \(name)", expected: bits, found: found.lower / log(2), .absolute(1e-9))
    }
    // A fair bit and the share of errors: R = ln 2 - h(D), and D = 1/(1 + e^s) at slope s.
    let point = try RateDistortionPoint(source: [0.5, 0.5], distortion: [0, 1, 1, 0], reproductions: 2, slope: log(9.0))
    values.append(KnownValue("a fair bit at slope ln 9: distortion", expected: 0.1, found: point.distortion, .absolute(1e-10)))
    values.append(KnownValue("a fair bit at slope ln 9: rate", expected: log(2) - binaryEntropy(0.1), found: point.rate, .absolute(1e-10)))
    return values
  }

  @Sendable private static func bottleneck() throws -> [KnownValue] {
    let streams = KeyedStreams(StreamKey(high: 6, low: 6))
    let law = try JointLaw([0.22, 0.02, 0.01, 0.15, 0.06, 0.04, 0.03, 0.17, 0.05, 0.02, 0.04, 0.19], rows: 4, columns: 3)
    var values = [
      KnownValue("4 x 3 law: I(X;Y)", expected: 0.350333353031, found: law.mutualInformation, .absolute(1e-10)),
      KnownValue("4 x 3 law: beta_c", expected: 2.089121133535, found: try law.firstTransition(), .absolute(1e-10)),
    ]
    let expected: [(Double, Double, Double)] = [
      (2, 0, 0), (3, 0.393924430, 0.162663433), (5, 0.904699258, 0.301737372), (10, 1.076401888, 0.327402599),
      (50, 1.386118296, 0.350330157),
    ]
    var last: BottleneckPoint?
    for (place, (beta, x, y)) in expected.enumerated() {
      let found = InformationBottleneck(law).solve(beta: beta, place: place, after: last, from: streams)
      last = found
      values.append(KnownValue("4 x 3 law, beta=\(beta): I(T;X)", expected: x, found: found.compression, .absolute(1e-6)))
      values.append(KnownValue("4 x 3 law, beta=\(beta): I(T;Y)", expected: y, found: found.relevance, .absolute(1e-6)))
    }
    // The best of the fifteen partitions of four symbols.
    var sorted: BottleneckPoint?
    let least: [(Double, Double)] = [
      (1.671, 0), (3, -0.014000018291), (5, -0.578126495521), (10, -2.195973761881), (50, -16.130373290454),
    ]
    for (place, (beta, functional)) in least.enumerated() {
      let found = InformationBottleneck(law, kind: .deterministic).solve(beta: beta, place: place, after: sorted, from: streams)
      sorted = found
      values.append(
        KnownValue(
          "4 x 3 law, beta=\(beta): least H(T) - beta I(T;Y)", expected: functional, found: found.functional(.deterministic),
          .absolute(1e-10)))
    }
    let bits = try JointLaw.symmetricPair(flip: 0.1)
    values.append(KnownValue("two bits, flip 0.1: beta_c", expected: 1.5625, found: try bits.firstTransition(), .absolute(1e-10)))
    for (place, (beta, x, y)) in [(2.0, 0.482730382, 0.282272983), (4, 0.685892855, 0.366474353)].enumerated() {
      let found = InformationBottleneck(bits).solve(beta: beta, place: place, after: nil, from: streams)
      values.append(KnownValue("two bits, beta=\(beta): I(T;X)", expected: x, found: found.compression, .absolute(1e-7)))
      values.append(KnownValue("two bits, beta=\(beta): I(T;Y)", expected: y, found: found.relevance, .absolute(1e-7)))
    }
    return values
  }

  @Sendable private static func normal() throws -> [KnownValue] {
    let law = try GaussianBottleneck(
      x: [1, 0.3, 0.1, 0.3, 2, 0.2, 0.1, 0.2, 1.5], y: [1, 0.2, 0.2, 1], cross: [0.7, 0.1, 0.5, 0.8, 0.1, 0.3], xDimension: 3, yDimension: 2
    )
    var values = zip(law.eigenvalues, [0.438670288413, 0.714765695495, 1]).enumerated().map { place, pair in
      KnownValue("normal bottleneck: lambda \(place + 1)", expected: pair.1, found: pair.0, .absolute(1e-10))
    }
    values.append(KnownValue("normal bottleneck: 1/(1 - lambda 1)", expected: 1.781484178, found: law.transitions[0], .absolute(1e-9)))
    values.append(KnownValue("normal bottleneck: 1/(1 - lambda 2)", expected: 3.505889664, found: law.transitions[1], .absolute(1e-9)))
    values.append(KnownValue("normal bottleneck: I(X;Y)", expected: 0.579903844071, found: law.mutualInformation, .absolute(1e-9)))
    let expected = [
      (3.0, 0.469853777594, 0.209271045715), (10, 1.861182851253, 0.474543328413), (100, 4.259078124051, 0.569853508217),
    ]
    for (beta, x, y) in expected {
      let found = law.informations(beta: beta)
      values.append(KnownValue("normal bottleneck, beta=\(beta): I(T;X)", expected: x, found: found.x, .absolute(1e-9)))
      values.append(KnownValue("normal bottleneck, beta=\(beta): I(T;Y)", expected: y, found: found.y, .absolute(1e-9)))
    }
    return values
  }

  /// The best critic's InfoNCE. The reference values carry errors of their own, in their last digits; they are added.
  @Sendable private static func contrastive() -> [KnownValue] {
    let cases: [(Int, Int, Double, Double, Int)] = [
      (16, 1, 0.756, 0.004, 4000), (64, 1, 0.810, 0.002, 1500), (256, 1, 0.823, 0.003, 300), (64, 5, 3.279, 0.003, 1500),
    ]
    return cases.map { batch, d, nats, error, batches in
      let found = OptimalNormalCritic.infoNCE(
        correlation: 0.9, dimension: d, batch: batch, batches: batches, from: KeyedStreams(StreamKey(high: 8, low: UInt64(batch + d))))
      return KnownValue(
        "InfoNCE, best critic, rho=0.9, d=\(d), N=\(batch)", expected: nats, found: found.value,
        error: (found.error * found.error + error * error).squareRoot(), .sigmas(4, largestError: 0.01))
    }
  }

  @Sendable private static func twelveBits() -> [KnownValue] {
    let labels = TwelveBits.labels, law = TwelveBits.counts
    var values = [KnownValue("twelve bits: inputs with y=1", expected: 2118, found: Double(labels.reduce(0, +)), .absolute(0))]
    for (n, expected) in [0, 0, 0, 0, 0, 60, 532, 732, 495, 220, 66, 12, 1].enumerated() {
      let found = labels.indices.reduce(0) { $0 + ($1.nonzeroBitCount == n ? labels[$1] : 0) }
      values.append(
        KnownValue("twelve bits: inputs with y=1 and \(n) ones", expected: Double(expected), found: Double(found), .absolute(0)))
    }
    let bits = entropy(ofProbabilities: law.columnLaw) / log(2)
    values.append(KnownValue("twelve bits: H(Y) in bits", expected: 0.999157120850, found: bits, .absolute(1e-11)))
    values.append(
      KnownValue("twelve bits: I(n;Y) in bits", expected: 0.627641239216, found: law.mutualInformation / log(2), .absolute(1e-11)))
    return values
  }

  /// A ring of 14 spins at K=1: four of them, one left out on either side, the other eight.
  @Sendable private static func ring() -> [KnownValue] {
    var law = [Double](repeating: 0, count: 16 * 256), total = 0.0
    for state in 0..<1 << 14 {
      let bonds = 14 - 2 * (state ^ (state >> 1 | (state & 1) << 13)).nonzeroBitCount
      let weight = exp(Double(bonds))
      law[(state & 15) * 256 + (state >> 5) & 255] += weight
      total += weight
    }
    law = law.map { $0 / total }
    // A coarse spin: how often it is up, for each state of the block.
    func coarse(_ up: (Int) -> Double) -> Double {
      var cells = [Double](repeating: 0, count: 2 * 256)
      for block in 0..<16 {
        for far in 0..<256 {
          cells[far] += law[block * 256 + far] * up(block)
          cells[256 + far] += law[block * 256 + far] * (1 - up(block))
        }
      }
      return mutualInformation(ofJoint: cells, rows: 2, columns: 256)
    }
    let majority: (Int) -> Double = { $0.nonzeroBitCount == 2 ? 0.5 : $0.nonzeroBitCount > 2 ? 1 : 0 }
    let found: [(String, Double, Double)] = [
      ("I(V:E)", 0.357819966586, mutualInformation(ofJoint: law, rows: 16, columns: 256)),
      ("edge spin", 0.217056555273, coarse { Double($0 & 1) }), ("middle spin", 0.164974961309, coarse { Double($0 >> 2 & 1) }),
      ("majority", 0.183319574222, coarse(majority)),
    ]
    return found.map { KnownValue("ring of 14 spins, K=1: \($0.0)", expected: $0.1, found: $0.2, .absolute(1e-10)) }
  }

  /// Columns of the 8 x 8 torus at K_c, and single spins.
  @Sendable private static func columns() -> [KnownValue] {
    let torus = TorusInformation(size: 8, coupling: 0.5 * log(1 + 2.0.squareRoot()))
    let expected: [(Int, Double, Double)] = [
      (1, 0.815484624578, 0.312305425006), (2, 0.586515640683, 0.241077756869), (4, 0.515569793355, 0.211341235777),
    ]
    return expected.flatMap { distance, column, spin -> [KnownValue] in
      [
        KnownValue(
          "8 x 8 torus at K_c: columns at distance \(distance)", expected: column, found: torus.rows(distance: distance), .absolute(1e-9)),
        KnownValue(
          "8 x 8 torus at K_c: spins at distance \(distance)", expected: spin, found: torus.spins(distance: distance), .absolute(1e-9)),
      ]
    }
  }

  /// A block of 2 x 2 spins and its environment on the 6 x 6 torus.
  @Sendable private static func environment() -> [KnownValue] {
    let critical = 0.5 * log(1 + 2.0.squareRoot())
    let expected: [(String, Double, [Double])] = [
      ("K_c", critical, [0.549401403915, 0.461044648404, 0.461563981309, 0.380565535987, 0.461566359420]),
      ("K = 0.3", 0.3, [0.096411274187, 0.055365158542, 0.056156700757, 0.041046427019, 0.056157778809]),
    ]
    var values: [KnownValue] = []
    for (name, coupling, nats) in expected {
      let law = BlockEnvironment(coupling: coupling)
      let found = [
        ("I(V:E)", law.blockInformation), ("majority, random ties", law.information(BlockRule.majority)),
        ("majority, first spin's ties", law.information(BlockRule.majorityFirstTie)), ("decimation", law.information(BlockRule.decimation)),
        ("best odd map", law.bestOddMap),
      ]
      for ((what, value), nats) in zip(found, nats) {
        values.append(KnownValue("6 x 6 torus, \(name): \(what)", expected: nats, found: value, .absolute(1e-8)))
      }
      guard coupling == critical else { continue }
      for (lambda, nats) in [(0.25, 0.209887401584), (0.5, 0.386340157721), (1, 0.453755740293)] {
        values.append(
          KnownValue(
            "6 x 6 torus, K_c: logistic spin, lambda = \(lambda)", expected: nats, found: law.information(BlockRule.logistic(lambda)),
            .absolute(1e-8)))
      }
    }
    return values
  }

  /// The information plane of five networks of either kind on the rule of twelve bits, in bits: what the layer of three units loses
  /// after its maximum, by 30 bins of each unit.
  @Sendable private static func plane() throws -> [KnownValue] {
    let report = try StudyInProcess.report(
      of: InformationPlane.self,
      """
      study = "information-plane"
      [measure]
      estimators = ["bins-fixed"]
      """)
    return ["tanh", "relu"].flatMap { activation -> [KnownValue] in
      let row = report.rows.first { row in
        row.at.contains { $0.name == "activation" && $0.value == .text(activation) }
          && row.at.contains { $0.name == "layer" && $0.value == .integer(5) }
      }
      let loss = row?.observables.first { $0.name == "compression_loss" }?.observable
      let accuracies = report.rows.filter { row in
        row.at.contains { $0.name == "activation" && $0.value == .text(activation) } && row.at.contains { $0.name == "network" }
      }.compactMap { row in row.observables.first { $0.name == "test_accuracy" }?.observable.values[0] }
      let bits = (loss?.values[0] ?? .nan) / log(2), error = loss?.errors.map { $0[0] / log(2) }
      var values = [
        KnownValue(
          "\(activation) network, layer 5: bits lost after the maximum, 5 seeds", expected: activation == "tanh" ? 3 : 1, found: bits,
          error: error, activation == "tanh" ? .atLeast : .atMost)
      ]
      if activation == "tanh" {
        values.append(
          KnownValue(
            "tanh network: test accuracy, mean of 5", expected: 0.96,
            found: accuracies.reduce(0, +) / Double(max(1, accuracies.count)), .atLeast))
      }
      return values
    }
  }
}
