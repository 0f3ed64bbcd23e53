public import RandomStreams

/// One point of a bottleneck curve.
public struct BottleneckPoint: Sendable, Equatable {
  /// The trade-off.
  public let beta: Double
  /// I(T;X), I(T;Y), H(T) in nats; of the stochastic kind H(T) after clusters with the same decoder have been merged, which the other
  /// two do not notice.
  public let compression: Double, relevance: Double, entropy: Double
  /// How many clusters have more than 1e-6 of the weight and a decoder of their own, q(y|t) differing by more than 1e-4
  /// somewhere.
  public let clusters: Int
  /// q(t|x), `[x, T]`, row-major.
  public let encoder: [Double]
  /// The iterations that it took, and whether q(t|x) came to rest.
  public let iterations: Int, isConverged: Bool

  /// A point from its values.
  public init(
    beta: Double, compression: Double, relevance: Double, entropy: Double, clusters: Int, encoder: [Double], iterations: Int,
    isConverged: Bool
  ) {
    self.beta = beta
    self.compression = compression
    self.relevance = relevance
    self.entropy = entropy
    self.clusters = clusters
    self.encoder = encoder
    self.iterations = iterations
    self.isConverged = isConverged
  }

  /// What is minimised: I(T;X) - beta I(T;Y), or H(T) - beta I(T;Y).
  public func functional(_ kind: BottleneckKind) -> Double {
    (kind == .stochastic ? compression : entropy) - beta * relevance
  }
}

/// The information bottleneck of a law by Blahut and Arimoto's iteration, annealed upward in beta and restarted.
///
/// Each beta is reached from the solution at the one before, its symmetry broken by noise of 1e-3, and from random encoders;
/// the lowest functional wins, the first of equals. Partitions, which the deterministic kind looks for, are brought further down by moves
/// of single symbols and by mergers (`bestPartition`). The functional is not convex: what is found is an upper bound of the minimum.
public struct InformationBottleneck: Sendable {
  /// The law, the size of T's alphabet, what is minimised.
  public let law: JointLaw, clusters: Int, kind: BottleneckKind
  /// Random starts at each beta besides the annealed one.
  public let restarts: Int
  /// Where an iteration stops: the largest change of q(t|x), and a number of steps.
  public let tolerance: Double, maximumSteps: Int

  /// - Parameter clusters: nil for as many as X has symbols, which is always enough.
  public init(
    _ law: JointLaw, clusters: Int? = nil, kind: BottleneckKind = .stochastic, restarts: Int = 20, tolerance: Double = 1e-12,
    maximumSteps: Int = 100_000
  ) {
    self.law = law
    self.clusters = clusters ?? law.rows
    self.kind = kind
    self.restarts = restarts
    self.tolerance = tolerance
    self.maximumSteps = maximumSteps
  }

  /// The best solution at `beta`; `previous` is that of a smaller beta, nil for none. Random numbers are a function of the
  /// place in the schedule alone.
  public func solve(beta: Double, place: Int, after previous: BottleneckPoint?, from streams: KeyedStreams) -> BottleneckPoint {
    var best = descend(beta: beta, place: place, restart: 0, after: previous, from: streams)
    for restart in 0..<restarts {
      let found = descend(beta: beta, place: place, restart: restart + 1, after: previous, from: streams)
      // A difference within rounding is none: the annealed branch then goes on.
      if found.functional(kind) < best.functional(kind) - 1e-11 { best = found }
    }
    return kind == .deterministic ? bestPartition(best, after: previous) : best
  }

  /// One start's solution: 0 the annealed one, 1 all of X, the others random.
  func descend(beta: Double, place: Int, restart: Int, after previous: BottleneckPoint?, from streams: KeyedStreams) -> BottleneckPoint {
    var iteration = BottleneckIteration(law, clusters: clusters)
    var draws = streams.series(replica: restart, step: UInt64(place), site: 0, purpose: .initial)
    let start: [Double]
    if restart == 0 {
      let base = previous?.encoder ?? [Double](repeating: 1 / Double(clusters), count: law.rows * clusters)
      start = base.map { $0 * (1 + 1e-3 * (draws.uniform() - 0.5)) + 1e-3 / Double(clusters) * draws.uniform() }
    } else if restart == 1 && clusters >= law.rows {
      // All of X: the solution of large beta.
      start = (0..<law.rows * clusters).map { ($0 % clusters == $0 / clusters ? 1 : 1e-3) * (1 + 1e-3 * draws.uniform()) }
    } else {
      start = (0..<law.rows * clusters).map { _ in -naturalLog(1 - draws.uniform()) + 1e-12 }
    }
    iteration.start(from: start)
    var steps = 0, change = Double.infinity
    while steps < maximumSteps, change > tolerance {
      change = iteration.step(beta: beta, kind: kind)
      steps += 1
    }
    return point(iteration, beta, steps, change <= tolerance)
  }

  func point(_ iteration: BottleneckIteration, _ beta: Double, _ steps: Int, _ converged: Bool) -> BottleneckPoint {
    let informations = iteration.informations, encoder = iteration.encoder, weights = iteration.clusterLaw
    // The decoders that differ, the weight of each, and the entropy of clusters too rare to have one.
    var decoders: [[Double]] = [], merged: [Double] = [], entropy = 0.0
    for t in 0..<clusters {
      guard weights[t] > 1e-6 else {
        if weights[t] > 0 { entropy -= weights[t] * naturalLog(weights[t]) }
        continue
      }
      let decoder = (0..<law.columns).map { y in
        (0..<law.rows).reduce(0.0) { $0 + law.probabilities[$1 * law.columns + y] * encoder[$1 * clusters + t] } / weights[t]
      }
      if let same = decoders.firstIndex(where: { other in zip(other, decoder).allSatisfy { abs($0 - $1) <= 1e-4 } }) {
        merged[same] += weights[t]
      } else {
        decoders.append(decoder)
        merged.append(weights[t])
      }
    }
    for weight in merged { entropy -= weight * naturalLog(weight) }
    // The deterministic kind minimises H(T) of the clusters as they are.
    if kind == .deterministic { entropy = informations.entropy }
    return BottleneckPoint(
      beta: beta, compression: informations.x, relevance: informations.y, entropy: entropy, clusters: decoders.count,
      encoder: encoder, iterations: steps, isConverged: converged)
  }
}
