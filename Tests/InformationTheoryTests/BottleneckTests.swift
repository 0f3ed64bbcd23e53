import Glibc
import InformationTheory
import RandomStreams
import Testing

@Suite("The information bottleneck")
struct BottleneckTests {
  private let streams = KeyedStreams(StreamKey(high: 7, low: 8))

  @Test("two bits and a noisy channel: the curve is ln 2 - h(a * p) at ln 2 - h(a), and begins at 1/(1 - 2p)^2")
  func symmetricPair() throws {
    for p in [0.05, 0.1, 0.25] {
      let law = try JointLaw.symmetricPair(flip: p), critical = 1 / ((1 - 2 * p) * (1 - 2 * p))
      #expect(abs(try law.firstTransition() - critical) < 1e-12)
      let bottleneck = InformationBottleneck(law, restarts: 4)
      var last: BottleneckPoint?
      for (place, factor) in [0.7, 0.9, 1.3, 2, 4].enumerated() {
        let point = bottleneck.solve(beta: factor * critical, place: place, after: last, from: streams)
        last = point
        #expect(point.isConverged)
        if factor < 1 {
          #expect(point.compression < 1e-9 && point.relevance < 1e-9 && point.clusters == 1)
        } else {
          #expect(point.clusters == 2)
          // a from I_X by bisection, then the curve.
          var low = 0.0, high = 0.5
          for _ in 0..<80 {
            let a = (low + high) / 2
            if log(2) - binaryEntropy(a) > point.compression { low = a } else { high = a }
          }
          #expect(abs(point.relevance - (log(2) - binaryEntropy(low * (1 - p) + (1 - low) * p))) < 1e-9)
        }
      }
    }
  }

  @Test(
    "a rare symbol that says much: the curve leaves zero where the ratio of divergences on a grid and the solver itself say, before beta_c")
  func jump() throws {
    let law = try JointLaw([0.9 * 0.7, 0.9 * 0.3, 0, 0.1], rows: 2, columns: 2)
    var ratio = 0.0
    for step in 0...200_000 where step != 180_000 {
      let r = Double(step) / 200_000, y = 0.7 * r
      func divergence(_ a: Double, _ b: Double) -> Double { (a > 0 ? a * log(a / b) : 0) + (a < 1 ? (1 - a) * log((1 - a) / (1 - b)) : 0) }
      if abs(r - 0.9) > 1e-3 { ratio = max(ratio, divergence(y, 0.63) / divergence(r, 0.9)) }
    }
    let onset = try law.onset(), critical = try law.firstTransition()
    #expect(abs(onset - 1 / ratio) < 1e-6 && onset > 1 && onset < 0.97 * critical, "\(onset), \(critical)")
    let bottleneck = InformationBottleneck(law, clusters: 3, restarts: 40, tolerance: 1e-12, maximumSteps: 200_000)
    let before = bottleneck.solve(beta: onset * 0.995, place: 0, after: nil, from: streams)
    #expect(before.compression < 1e-8 && before.clusters == 1)
    let after = bottleneck.solve(beta: onset * 1.005, place: 1, after: before, from: streams)
    #expect(after.functional(.stochastic) < -1e-7 && after.compression > 1e-3, "\(after)")
    // Two fair bits leave zero at beta_c.
    let pair = try JointLaw.symmetricPair(flip: 0.1)
    #expect(abs(try pair.onset() - pair.firstTransition()) < 1e-9)
  }

  @Test("H(T) of the stochastic kind counts clusters of one decoder once")
  func mergedEntropy() throws {
    let point = InformationBottleneck(try JointLaw.symmetricPair(flip: 0.1), clusters: 6, restarts: 4).solve(
      beta: 8, place: 0, after: nil, from: streams)
    #expect(point.clusters == 2 && abs(point.entropy - log(2)) < 1e-6, "\(point)")
  }

  @Test("nothing gets better than the data: I_Y <= I_X, I_Y <= I(X;Y), both rise with beta")
  func bounds() throws {
    var draws = streams.series(replica: 0, step: 0, site: 0, purpose: .weights)
    let raw = (0..<60).map { _ in -log(1 - draws.uniform()) }, sum = raw.reduce(0, +)
    let law = try JointLaw(raw.map { $0 / sum }, rows: 10, columns: 6),
      bottleneck = InformationBottleneck(law, restarts: 6, tolerance: 1e-10)
    var last: BottleneckPoint?
    for place in 0..<8 {
      let point = bottleneck.solve(beta: 1.5 * pow(1.8, Double(place)), place: place, after: last, from: streams)
      #expect(point.relevance <= point.compression + 1e-9 && point.relevance <= law.mutualInformation + 1e-12)
      if let last { #expect(point.relevance >= last.relevance - 1e-9 && point.compression >= last.compression - 1e-9) }
      last = point
    }
    #expect(
      bottleneck.solve(beta: 5, place: 1, after: nil, from: streams) == bottleneck.solve(beta: 5, place: 1, after: nil, from: streams))
  }

  @Test("the deterministic bottleneck finds the best of all assignments of six symbols")
  func deterministic() throws {
    let weights: [Double] = [4, 1, 1, 3, 1, 2, 1, 4, 1, 2, 3, 1, 1, 1, 5, 1, 2, 4], sum = weights.reduce(0, +)
    let law = try JointLaw(weights.map { $0 / sum }, rows: 6, columns: 3)
    for beta in [3.0, 8, 20] {
      let found = InformationBottleneck(law, kind: .deterministic, restarts: 60).solve(beta: beta, place: 0, after: nil, from: streams)
      #expect(abs(found.compression - found.entropy) < 1e-12)
      var best = Double.infinity
      for code in 0..<46656 {
        var rest = code, cells = [Double](repeating: 0, count: 18), clusters = [Double](repeating: 0, count: 6)
        for x in 0..<6 {
          let t = rest % 6
          rest /= 6
          clusters[t] += law.rowLaw[x]
          for y in 0..<3 { cells[3 * t + y] += law.probabilities[3 * x + y] }
        }
        best = min(best, entropy(ofProbabilities: clusters) - beta * mutualInformation(ofJoint: cells, rows: 6, columns: 3))
      }
      #expect(found.functional(.deterministic) >= best - 1e-9)
      #expect(found.functional(.deterministic) <= best + 1e-9, "beta = \(beta)")
    }
  }

  /// The least H(T) - beta I(T;Y) of all partitions of X.
  private func leastOfAll(_ law: JointLaw, beta: Double) -> Double {
    var best = Double.infinity, labels = [Int](repeating: 0, count: law.rows)
    func visit(_ x: Int, _ used: Int) {
      guard x < law.rows else {
        var weights = [Double](repeating: 0, count: used), cells = [Double](repeating: 0, count: used * law.columns)
        for (x, t) in labels.enumerated() {
          weights[t] += law.rowLaw[x]
          for y in 0..<law.columns { cells[t * law.columns + y] += law.probabilities[x * law.columns + y] }
        }
        best = min(best, entropy(ofProbabilities: weights) - beta * mutualInformation(ofJoint: cells, rows: used, columns: law.columns))
        return
      }
      for t in 0...used where t < law.rows {
        labels[x] = t
        visit(x + 1, max(used, t + 1))
      }
    }
    visit(0, 0)
    return best
  }

  @Test(
    "along a curve the deterministic bottleneck is the best of all partitions: a law that keeps nothing at first, and 7 x 4 random ones")
  func deterministicCurve() throws {
    let known = try JointLaw([0.22, 0.02, 0.01, 0.15, 0.06, 0.04, 0.03, 0.17, 0.05, 0.02, 0.04, 0.19], rows: 4, columns: 3)
    var laws = [known]
    for seed in 0..<4 {
      var draws = streams.series(replica: 300 + seed, step: 0, site: 0, purpose: .weights)
      let raw = (0..<28).map { _ in pow(-log(1 - draws.uniform()), 2) }, sum = raw.reduce(0, +)
      laws.append(try JointLaw(raw.map { $0 / sum }, rows: 7, columns: 4))
    }
    for law in laws {
      let bottleneck = InformationBottleneck(law, kind: .deterministic, restarts: 4)
      var last: BottleneckPoint?
      for place in 0..<24 {
        let beta = 1.3 * pow(1.25, Double(place)), found = bottleneck.solve(beta: beta, place: place, after: last, from: streams)
        last = found
        #expect(abs(found.functional(.deterministic) - leastOfAll(law, beta: beta)) < 1e-10, "\(law.rows) rows, beta = \(beta)")
      }
    }
  }

  @Test("the normal bottleneck of one pair: I_X = ln[(beta - 1) rho^2/(1 - rho^2)]/2")
  func gaussian() throws {
    let rho = 0.8, law = try GaussianBottleneck(x: [4], y: [1], cross: [2 * rho], xDimension: 1, yDimension: 1)
    #expect(abs(law.mutualInformation - gaussianMutualInformation(correlation: rho)) < 1e-14)
    #expect(abs(law.transitions[0] - 1 / (rho * rho)) < 1e-12)
    #expect(law.informations(beta: 1.5).x == 0 && law.strengths(beta: 1.5) == [0])
    let found = law.informations(beta: 4)
    #expect(abs(found.x - 0.5 * log(3 * 0.64 / 0.36)) < 1e-12)
    // T = alpha v X + noise has I(T;X) = ln(1 + alpha^2)/2 where v Sigma v^T = 1.
    let strength = law.strengths(beta: 4)[0]
    #expect(abs(found.x - 0.5 * log(1 + strength * strength)) < 1e-12)
    #expect(abs(law.directions[0] * law.directions[0] * 4 - 1) < 1e-12)
    #expect(throws: LawError.notPositiveDefinite("the joint covariance")) {
      try GaussianBottleneck(x: [1], y: [1], cross: [1], xDimension: 1, yDimension: 1)
    }
    #expect(throws: LawError.notPositiveDefinite("the covariance of X")) {
      try GaussianBottleneck(x: [1, 2, 2, 1], y: [1], cross: [0, 0], xDimension: 2, yDimension: 1)
    }
  }

  @Test("capacities between their bounds, and the rate-distortion curve of a coin ln 2 - h(D)")
  func channels() throws {
    let erasure = try ChannelCapacity(channel: [0.7, 0.3, 0, 0, 0.3, 0.7], inputs: 2, outputs: 3)
    #expect(abs(erasure.lower - 0.7 * log(2)) < 1e-12 && erasure.upper >= erasure.lower)
    for slope in [0.5, 2, 5] {
      let point = try RateDistortionPoint(source: [0.5, 0.5], distortion: [0, 1, 1, 0], reproductions: 2, slope: slope)
      #expect(point.isConverged && abs(point.distortion - 1 / (1 + exp(slope))) < 1e-12)
      #expect(abs(point.rate - (log(2) - binaryEntropy(point.distortion))) < 1e-12)
    }
    #expect(throws: LawError.notNormalized(sum: 0.8)) { try ChannelCapacity(channel: [0.4, 0.4], inputs: 1, outputs: 2) }
    #expect(throws: LawError.notProbability(index: 1, -0.5)) { try JointLaw([1.5, -0.5], rows: 1, columns: 2) }
    #expect(throws: LawError.shape(found: 2, expected: 4)) { try JointLaw([0.5, 0.5], rows: 2, columns: 2) }
  }

  @Test("symbols that are empty stay empty at any beta: two symbols keep at most ln 2, and rows of q(t|x) sum to one")
  func emptySymbols() throws {
    var weights: [Double] = []
    for cell in 0..<16 * 64 {
      let ripple = (cell * 37 + cell / 64 * 11) % 17
      weights.append(Double(1 + ripple) + (cell / 512 == cell % 2 ? 20 : 0))
    }
    let sum = weights.reduce(0, +), law = try JointLaw(weights.map { $0 / sum }, rows: 16, columns: 64)
    let streams = KeyedStreams(StreamKey(high: 8, low: 8))
    var last: BottleneckPoint?
    let betas: [Double] = [2, 20, 300, 5000]
    for (place, beta) in betas.enumerated() {
      let bottleneck = InformationBottleneck(law, clusters: 2, restarts: 2, tolerance: 1e-8)
      let found = bottleneck.solve(beta: beta, place: place, after: last, from: streams)
      for x in 0..<16 {
        let sum = found.encoder[2 * x] + found.encoder[2 * x + 1]
        #expect(abs(sum - 1) < 1e-12, "beta = \(beta)")
      }
      #expect(found.compression <= log(2) + 1e-12, "beta = \(beta)")
      #expect(found.relevance <= found.compression + 1e-12, "beta = \(beta)")
      last = found
    }
  }

  @Test(
    "An iteration is the formula, whatever the sizes",
    arguments: [(1, 1, 1), (2, 3, 1), (3, 2, 2), (5, 13, 7), (12, 4, 8), (9, 6, 9), (17, 5, 33), (8, 16, 300), (128, 16, 128)])
  func formula(rows: Int, columns: Int, clusters: Int) throws {
    let cells = (0..<rows * columns).map { 1.05 + sin(1.3 * Double($0 * $0)) }, sum = cells.reduce(0, +), beta = 4.0
    let law = try JointLaw(cells.map { $0 / sum }, rows: rows, columns: columns)
    var iteration = BottleneckIteration(law, clusters: clusters)
    iteration.start(from: (0..<rows * clusters).map { 1.1 + sin(Double($0)) })
    let old = iteration.encoder, change = iteration.step(beta: beta), found = iteration.encoder
    var largest = 0.0
    for x in 0..<rows {
      var powers: [Double] = []
      for t in 0..<clusters {
        var weight = 0.0, divergence = 0.0
        for other in 0..<rows { weight += law.rowLaw[other] * old[other * clusters + t] }
        for y in 0..<columns {
          var joint = 0.0
          for other in 0..<rows { joint += law.probabilities[other * columns + y] * old[other * clusters + t] }
          let p = law.probabilities[x * columns + y] / law.rowLaw[x]
          divergence += p * log(p * weight / joint)
        }
        powers.append(weight * exp(-beta * divergence))
      }
      let norm = powers.reduce(0, +)
      for t in 0..<clusters {
        let exact = powers[t] / norm
        #expect(abs(found[x * clusters + t] - exact) < 1e-13)
        largest = max(largest, abs(exact - old[x * clusters + t]))
      }
    }
    #expect(abs(change - largest) < 1e-13)
    var hard = BottleneckIteration(law, clusters: clusters)
    hard.start(from: old)
    _ = hard.step(beta: beta, kind: .deterministic)
    for x in 0..<rows {
      // A choice between equals may fall either way of rounding.
      let row = Array(found[x * clusters..<(x + 1) * clusters]), chosen = hard.encoder[x * clusters..<(x + 1) * clusters]
      #expect(chosen.reduce(0, +) == 1 && row[chosen.firstIndex(of: 1)! - x * clusters] > row.max()! - 1e-12)
    }
  }
}
