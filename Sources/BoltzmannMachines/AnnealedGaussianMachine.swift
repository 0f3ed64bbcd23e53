import Glibc
import LinearAlgebra
public import RandomStreams
public import Sampling

/// The path of laws from independent normal visible units to a Gaussian-Bernoulli machine: at position l the machine has weights
/// lW and hidden bias lc; means and deviations stay; its hidden units are summed out:
///
///     ln p_l(v) = -sum_i (v_i - b_i)^2 / (2 sigma_i^2) + sum_j softplus(l (c_j + ((v / sigma) W)_j)),
///     ln Z_0 = sum_i ln(sqrt(2 pi) sigma_i) + hidden ln 2
public struct AnnealedGaussianMachine: Annealable {
  /// The end of the path.
  public let machine: GaussianBoltzmannMachine
  public let startLogPartition: Double

  /// The path to `machine`.
  public init(_ machine: GaussianBoltzmannMachine) {
    self.machine = machine
    startLogPartition = machine.deviations.reduce(Double(machine.hidden) * log(2)) { $0 + log($1) + log(2 * Double.pi) / 2 }
  }

  public func start(replicas: Int, firstReplica: Int, from streams: some Streams) -> RealReplicas {
    let states = (0..<replicas).flatMap { row -> [Double] in
      var normals = streams.generator(replica: firstReplica + row, step: 0, site: 0, purpose: .initial)
      return (0..<machine.visible).map { machine.visibleMean[$0] + machine.deviations[$0] * normals.normal() }
    }
    return self.replicas(at: states, firstReplica: firstReplica)
  }

  /// Replicas that stand at given states, `[count, visible]`: the start of a reverse path.
  public func replicas(at states: [Double], firstReplica: Int = 0) -> RealReplicas {
    let fields = stride(from: 0, to: states.count, by: machine.visible).flatMap { machine.hiddenFields(states[$0..<$0 + machine.visible]) }
    return RealReplicas(states: states, firstReplica: firstReplica, fields: fields)
  }

  public func kernel(at position: Double) -> Kernel { Kernel(machine: machine, position: position) }

  public func logRatio(_ state: RealReplicas, from a: Double, to b: Double) -> [Double] {
    sums(state) { Elementwise.softplus(b * $0) - Elementwise.softplus(a * $0) }
  }
  public func logDerivative(_ state: RealReplicas, at position: Double) -> [Double] {
    sums(state) { $0 * Elementwise.sigmoid(position * $0) }
  }
  private func sums(_ state: RealReplicas, _ term: (Double) -> Double) -> [Double] {
    stride(from: 0, to: state.fields.count, by: machine.hidden).map { first in
      state.fields[first..<first + machine.hidden].reduce(0) { $0 + term($1) }
    }
  }

  /// One sweep of block Gibbs at one position of the path: hidden given visible, then visible given hidden. In detailed balance with
  /// the visible law.
  public struct Kernel: MarkovKernel {
    let machine: GaussianBoltzmannMachine
    /// Where on the path.
    public let position: Double

    public mutating func step(_ state: inout RealReplicas, at step: UInt64, from streams: some Streams) {
      let visible = machine.visible, hidden = machine.hidden
      for row in 0..<state.states.count / visible {
        let replica = state.firstReplica + row
        var choices = streams.generator(replica: replica, step: step, site: 0, purpose: .hidden)
        let h = (0..<hidden).map { choices.bernoulli(Elementwise.sigmoid(position * state.fields[row * hidden + $0])) }
        var normals = streams.generator(replica: replica, step: step, site: 0, purpose: .visible)
        let means = machine.visibleMean(given: h, scale: position)
        for (i, mean) in means.enumerated() { state.states[row * visible + i] = mean + machine.deviations[i] * normals.normal() }
        state.fields.replaceSubrange(
          row * hidden..<(row + 1) * hidden, with: machine.hiddenFields(state.states[row * visible..<(row + 1) * visible]))
      }
    }
  }
}

/// Real visible states with the fields c + (v / sigma) W that they put on the hidden units.
public struct RealReplicas: Sendable, Equatable {
  /// `[count, visible]`.
  public internal(set) var states: [Double]
  /// The global index of the first replica.
  public let firstReplica: Int
  /// `[count, hidden]`; a function of `states`.
  var fields: [Double]
}
