public import RandomStreams
public import Statistics

/// Thermodynamic integration: ln Z_1 - ln Z_0 = integral over l in [0, 1] of <d ln p_l(x) / dl>_l.
///
/// At each node the replicas are first relaxed, then averaged over `measurements` sweeps; a replica's mean is one
/// observation, so the error comes from independent replicas and needs no autocorrelation time.
public struct ThermodynamicIntegration<Model: Annealable>: Sendable {
  /// The family of laws.
  public let model: Model
  /// Positions in rising order and the weights of the quadrature.
  public let nodes: [(position: Double, weight: Double)]
  /// Sweeps before measuring at each node (replicas go on from the node before), and sweeps measured.
  public let relaxation: Int, measurements: Int

  /// Integration of `model` over `nodes`; `measurements >= 1`.
  public init(_ model: Model, nodes: [(position: Double, weight: Double)], relaxation: Int, measurements: Int) {
    precondition(measurements >= 1 && relaxation >= 0, "a node is measured at least once")
    self.model = model
    self.nodes = nodes
    self.relaxation = relaxation
    self.measurements = measurements
  }

  /// The integral along each of the replicas `firstReplica ..< firstReplica + replicas`. Replicas are independent and
  /// each depends on its global index alone; their mean estimates ln Z_1 - ln Z_0.
  @inlinable public func integrals(replicas: Int, firstReplica: Int = 0, from streams: some Streams) -> [Double] {
    var progress = begin(from: model.start(replicas: replicas, firstReplica: firstReplica, from: streams), replicas: replicas)
    advance(&progress, sweeps: sweeps, from: streams)
    return progress.totals
  }

  /// Sweeps of all nodes together.
  public var sweeps: Int { nodes.count * (relaxation + measurements) }

  /// An integration on its way.
  public struct Progress {
    public var replicas: Model.State
    /// Of each replica the sum over finished nodes, and that of what was measured at the node in work.
    public var totals: [Double], sums: [Double]
    /// How many sweeps were done.
    public var sweepsDone = 0
    /// Before the first sweep.
    @inlinable init(_ state: Model.State, replicas count: Int) {
      replicas = state
      totals = [Double](repeating: 0, count: count)
      sums = totals
    }
  }

  /// Before the first sweep; `state` holds `replicas` replicas of the start.
  @inlinable public func begin(from state: Model.State, replicas: Int) -> Progress { Progress(state, replicas: replicas) }

  /// Up to so many sweeps more; how an integration is cut into calls changes no bit of it.
  @inlinable public func advance(_ progress: inout Progress, sweeps count: Int, from streams: some Streams) {
    let each = relaxation + measurements, end = min(sweeps, progress.sweepsDone + count)
    while progress.sweepsDone < end {
      let (position, weight) = nodes[progress.sweepsDone / each]
      var kernel = model.kernel(at: position)
      repeat {
        let sweep = progress.sweepsDone % each
        progress.sweepsDone += 1
        kernel.step(&progress.replicas, at: UInt64(progress.sweepsDone), from: streams)
        if sweep >= relaxation {
          for (r, value) in model.logDerivative(progress.replicas, at: position).enumerated() { progress.sums[r] += value }
        }
      } while progress.sweepsDone < end && progress.sweepsDone % each != 0
      guard progress.sweepsDone % each == 0 else { return }
      for r in progress.totals.indices {
        progress.totals[r] += weight * (progress.sums[r] / Double(measurements))
        progress.sums[r] = 0
      }
    }
  }

  /// ln Z_1 and its standard error over replicas (NaN for one) from all integrals in global order. The quadrature's
  /// own error is not in it.
  public func estimate(_ integrals: [Double]) -> Estimate {
    let mean = Estimate(meanOf: integrals)
    return Estimate(value: model.startLogPartition + mean.value, error: mean.error)
  }

  /// The trapezoid rule over `positions`, which rise from 0 to 1.
  public static func trapezoid(_ positions: [Double]) -> [(position: Double, weight: Double)] {
    precondition(positions.count >= 2 && positions.first == 0 && positions.last == 1, "the trapezoid rule spans 0 ... 1")
    return positions.indices.map { k in
      let before = k > 0 ? positions[k] - positions[k - 1] : 0
      let after = k + 1 < positions.count ? positions[k + 1] - positions[k] : 0
      return (positions[k], (before + after) / 2)
    }
  }

  /// The `count` Gauss-Legendre nodes on [0, 1]: exact for polynomials of degree 2 `count` - 1.
  public static func gaussLegendre(_ count: Int) -> [(position: Double, weight: Double)] {
    let rule = GaussLegendre(nodes: count)
    return zip(rule.nodes, rule.weights).map { (position: (1 + $0) / 2, weight: $1 / 2) }
  }
}
