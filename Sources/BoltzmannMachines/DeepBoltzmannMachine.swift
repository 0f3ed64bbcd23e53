import Glibc
public import LinearAlgebra
public import Sampling

/// A deep Boltzmann machine with two hidden layers of 0/1 units:
///
///     -E(v, g, h) = a·v + b·g + c·h + vᵀ W g + gᵀ U h
///
/// Layer g alone joins v and h, so this is the restricted machine `joint` whose visible units are v and h together and whose
/// hidden units are g, exactly: its partition function, its Gibbs sampling and its annealing are those of `joint`. What is new
/// is that data fix v alone. Given v the hidden layers are not independent; the mean field replaces their law by the best one
/// that is. Source: R. Salakhutdinov, G. Hinton, AISTATS 2009.
public struct DeepBoltzmannMachine<Scalar: DenseScalar>: Sendable, Equatable {
  /// The number of units of v, which are the first of the joint machine's visible units; the others are h.
  public let visible: Int
  /// The machine of (v, h) and g.
  public let joint: RestrictedBoltzmannMachine<Scalar>

  /// How many units g and h have.
  public var first: Int { joint.hidden }
  public var second: Int { joint.visible - visible }

  /// A deep machine from its joint one, which has 0/1 units.
  public init(visible: Int, joint: RestrictedBoltzmannMachine<Scalar>) {
    precondition(joint.units == .zeroOne, "a deep machine has 0/1 units")
    precondition((1..<joint.visible).contains(visible), "each layer has a unit")
    self.visible = visible
    self.joint = joint
  }

  /// Means of the hidden units given v, each layer row-major.
  public struct MeanField: Sendable, Equatable {
    /// <g>, `[rows, first]`; <h>, `[rows, second]`.
    public var first: [Scalar], second: [Scalar]
  }

  /// The mean field of each configuration of v: `sweeps` times <g> = sigma(b + v W + <h> Uᵀ), <h> = sigma(c + <g> U), from
  /// <h> = 1/2. Every update of a layer raises the bound, so any number of sweeps gives one.
  public func meanField(of configurations: Configurations, sweeps: Int) -> MeanField {
    meanField(ofBits: bits(of: configurations), rows: configurations.count, sweeps: sweeps)
  }

  /// The same for v given as zeros and ones, `[rows, visible]`.
  func meanField(ofBits v: [Scalar], rows: Int, sweeps: Int) -> MeanField {
    let first = first, second = second, upper = Array(joint.weights[(visible * first)...])
    var base: [Scalar] = [], start: [Scalar] = []
    base.reserveCapacity(rows * first)
    start.reserveCapacity(rows * second)
    for _ in 0..<rows {
      base += joint.hiddenBias
      start += joint.visibleBias[visible...]
    }
    Linear.multiply(v, joint.weights, rows: rows, inner: visible, columns: first, beta: 1, into: &base)
    var field = MeanField(first: base, second: [Scalar](repeating: 0.5, count: rows * second))
    for _ in 0..<sweeps {
      field.first = base
      Linear.multiply(field.second, upper, rows: rows, inner: second, columns: first, beta: 1, into: &field.first)
      for k in field.first.indices { field.first[k] = Scalar(Elementwise.sigmoid(Double(field.first[k]))) }
      field.second = start
      Linear.multiply(
        field.first, transposed: false, upper, transposed: true, rows: rows, inner: first, columns: second, beta: 1, into: &field.second)
      for k in field.second.indices { field.second[k] = Scalar(Elementwise.sigmoid(Double(field.second[k]))) }
    }
    return field
  }

  /// A lower bound of ln p(v) of each configuration, in nats: <-E(v, g, h)> + H(g) + H(h) - ln Z under the mean field of
  /// `sweeps` sweeps. `logPartition` is that of `joint`. Below ln p(v) by the divergence of the mean field from p(g, h | v).
  public func lowerBound(of configurations: Configurations, logPartition: Double, sweeps: Int) -> [Double] {
    let rows = configurations.count, v = bits(of: configurations), field = meanField(ofBits: v, rows: rows, sweeps: sweeps)
    let upper = Array(joint.weights[(visible * first)...])
    // b + v W + <h> U, once more with the final <h>.
    var fields: [Scalar] = []
    for _ in 0..<rows { fields += joint.hiddenBias }
    Linear.multiply(v, joint.weights, rows: rows, inner: visible, columns: first, beta: 1, into: &fields)
    Linear.multiply(field.second, upper, rows: rows, inner: second, columns: first, beta: 1, into: &fields)
    return (0..<rows).map { row in
      var bound = -logPartition
      for i in 0..<visible { bound += Double(v[row * visible + i]) * Double(joint.visibleBias[i]) }
      for j in row * first..<(row + 1) * first {
        let mean = Double(field.first[j])
        bound += mean * Double(fields[j]) + entropy(mean)
      }
      for k in 0..<second {
        let mean = Double(field.second[row * second + k])
        bound += mean * Double(joint.visibleBias[visible + k]) + entropy(mean)
      }
      return bound
    }
  }

  /// ln p(v) of each configuration exactly, over all 2^second states of h, given the joint ln Z; throws `tooManyUnits` above
  /// 20 units of h.
  public func exactLogLikelihood(of configurations: Configurations, logPartition: Double) throws(BoltzmannError) -> [Double] {
    guard second <= 20 else { throw .tooManyUnits(found: second, limit: 20) }
    var result: [Double] = []
    for row in 0..<configurations.count {
      var states = Configurations(count: 1 << second, sites: .unplaced(joint.visible))
      for state in 0..<1 << second {
        for i in 0..<visible { states[state, i] = configurations[row, i] }
        for k in 0..<second { states[state, visible + k] = state >> k & 1 == 1 }
      }
      result.append(Elementwise.logSumExp(joint.freeEnergy(of: states).map { -$0 }) - logPartition)
    }
    return result
  }

  /// The units of v of joint configurations.
  public func visibleUnits(of states: Configurations, sites: Configurations.Sites) -> Configurations {
    precondition(sites.count == visible, "a site for each visible unit")
    var result = Configurations(count: states.count, sites: sites)
    for row in 0..<states.count { for i in 0..<visible { result[row, i] = states[row, i] } }
    return result
  }

  private func bits(of configurations: Configurations) -> [Scalar] {
    precondition(configurations.sites.count == visible, "configurations of the visible units")
    var result = [Scalar](repeating: 0, count: configurations.count * visible)
    for row in 0..<configurations.count { for i in 0..<visible where configurations[row, i] { result[row * visible + i] = 1 } }
    return result
  }
}

/// The entropy of a unit that is on with probability p, in nats.
private func entropy(_ p: Double) -> Double {
  p <= 0 || p >= 1 ? 0 : -p * log(p) - (1 - p) * log1p(-p)
}
