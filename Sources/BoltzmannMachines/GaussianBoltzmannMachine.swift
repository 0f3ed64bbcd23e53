public import Archives
public import GradientFlows
import Glibc
public import LinearAlgebra
public import RandomStreams

/// A restricted Boltzmann machine with real visible and 0/1 hidden units:
///
///     E(v, h) = sum_i (v_i - b_i)^2 / (2 sigma_i^2) - sum_ij (v_i / sigma_i) W_ij h_j - c·h
///
/// `weights: [visible, hidden]`, row-major. Given h, v_i is normal about b_i + sigma_i (Wh)_i with deviation sigma_i; given v,
/// h_j is 1 with probability sigma(c_j + sum_i v_i W_ij / sigma_i). Double precision. Source: G. Hinton, R. Salakhutdinov,
/// Science 313 (2006) 504.
public struct GaussianBoltzmannMachine: Sendable, Equatable, Space {
  /// How many units there are.
  public let visible: Int, hidden: Int
  /// W; b, `[visible]`; c, `[hidden]`; sigma, `[visible]`, which is none of the blocks: it moves by `learnDeviations` alone.
  public var weights: [Double], visibleMean: [Double], hiddenBias: [Double]
  public internal(set) var deviations: [Double]

  /// A machine from its parameters; deviations are positive.
  public init(visible: Int, hidden: Int, weights: [Double], visibleMean: [Double], hiddenBias: [Double], deviations: [Double]) {
    precondition(
      weights.count == visible * hidden && visibleMean.count == visible && hiddenBias.count == hidden && deviations.count == visible
        && deviations.allSatisfy { $0 > 0 }, "parameters do not fit \(visible) visible and \(hidden) hidden units")
    self.visible = visible
    self.hidden = hidden
    self.weights = weights
    self.visibleMean = visibleMean
    self.hiddenBias = hiddenBias
    self.deviations = deviations
  }

  public var blockCount: Int { 3 }
  public func role(of index: Int) -> BlockRole { index == 0 ? .weights : .biases }
  public subscript(block index: Int) -> [Double] {
    get { index == 0 ? weights : index == 1 ? visibleMean : hiddenBias }
    _modify {
      switch index {
      case 0: yield &weights
      case 1: yield &visibleMean
      default: yield &hiddenBias
      }
    }
  }

  /// sigma_i times e^(rate g_i), no smaller than `smallest[i]`: a step along g, the derivatives by ln sigma_i, that keeps sigma positive.
  /// One step changes no sigma_i by more than a factor e^(1/2).
  public mutating func learnDeviations(along g: [Double], rate: Double, smallest: [Double]) {
    for i in 0..<visible { deviations[i] = max(smallest[i], deviations[i] * exp(min(0.5, max(-0.5, rate * g[i])))) }
  }

  /// The same law of x_i = offset_i + scale_i v_i, so that ln p(x) = ln p(v) - sum_i ln scale_i: sigma and b are scaled, b is moved, W
  /// stays, and c_j loses sum_i offset_i W_ij / (scale_i sigma_i).
  public func rescaled(offsets: [Double], scales: [Double]) -> GaussianBoltzmannMachine {
    var bias = hiddenBias
    for i in 0..<visible {
      for j in 0..<hidden { bias[j] -= offsets[i] / (scales[i] * deviations[i]) * weights[i * hidden + j] }
    }
    return GaussianBoltzmannMachine(
      visible: visible, hidden: hidden, weights: weights,
      visibleMean: (0..<visible).map { offsets[$0] + scales[$0] * visibleMean[$0] }, hiddenBias: bias,
      deviations: (0..<visible).map { scales[$0] * deviations[$0] })
  }

  /// c + (v / sigma) W of one visible state.
  func hiddenFields(_ v: ArraySlice<Double>) -> [Double] {
    var fields = hiddenBias
    for (i, x) in v.enumerated() {
      let scaled = x / deviations[i]
      for j in 0..<hidden { fields[j] += scaled * weights[i * hidden + j] }
    }
    return fields
  }

  /// P(h_j = 1 | v) of each state, `[count, visible]` to `[count, hidden]`.
  public func hiddenProbabilities(given states: [Double]) -> [Double] {
    stride(from: 0, to: states.count, by: visible).flatMap { first in
      hiddenFields(states[first..<first + visible]).map { Elementwise.sigmoid($0) }
    }
  }

  /// The mean of v given h, `[visible]`, of the machine whose weights are `scale` times these.
  public func visibleMean(given h: [Bool], scale: Double = 1) -> [Double] {
    (0..<visible).map { i in
      var field = 0.0
      for j in 0..<hidden where h[j] { field += weights[i * hidden + j] }
      return visibleMean[i] + deviations[i] * (scale * field)
    }
  }

  /// b + sigma W h for real h, `[hidden]`.
  public func visibleMean(atHiddenMeans h: ArraySlice<Double>) -> [Double] {
    (0..<visible).map { i in
      var field = 0.0
      for (j, mean) in h.enumerated() { field += weights[i * hidden + j] * mean }
      return visibleMean[i] + deviations[i] * field
    }
  }

  /// F(v) = -ln sum_h e^-E = sum_i (v_i - b_i)^2 / (2 sigma_i^2) - sum_j softplus(c_j + ((v/sigma) W)_j) of each state.
  public func freeEnergy(of states: [Double]) -> [Double] {
    stride(from: 0, to: states.count, by: visible).map { first in
      let v = states[first..<first + visible]
      var energy = 0.0
      for (i, x) in v.enumerated() {
        let z = (x - visibleMean[i]) / deviations[i]
        energy += z * z / 2
      }
      for field in hiddenFields(v) { energy -= Elementwise.softplus(field) }
      return energy
    }
  }

  /// ln Z exactly: ln sum_h exp(c·h + sum_i (b_i / sigma_i) (Wh)_i + |Wh|^2 / 2) + sum_i ln(sqrt(2 pi) sigma_i), over all
  /// 2^hidden states, some 30 ns for each; throws `tooManyUnits` above 25 hidden units.
  public func exactLogPartition() throws(BoltzmannError) -> Double {
    try partitionBlocks().logPartition()
  }

  /// One Gibbs step from state `v`: h given v, then v given h, drawn from the place (replica, step, site, `.hidden` and
  /// `.visible`).
  public func gibbsStep(_ v: [Double], replica: Int, step: UInt64, site: Int = 0, from streams: some Streams) -> [Double] {
    var choices = streams.generator(replica: replica, step: step, site: site, purpose: .hidden)
    let h = hiddenFields(v[...]).map { choices.bernoulli(Elementwise.sigmoid($0)) }
    var normals = streams.generator(replica: replica, step: step, site: site, purpose: .visible)
    return visibleMean(given: h).enumerated().map { $1 + deviations[$0] * normals.normal() }
  }
}

extension GaussianBoltzmannMachine: Checkpointable {
  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(weights, shape: [visible, hidden], at: path + "/weights")
    try archive.write(visibleMean, at: path + "/visible_mean")
    try archive.write(hiddenBias, at: path + "/hidden_bias")
    try archive.write(deviations, at: path + "/deviations")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let (weights, shape) = try archive.read(Double.self, at: path + "/weights") as (values: [Double], shape: [Int])
    guard shape.count == 2 else { throw .shape(path: path + "/weights", expected: [0, 0], found: shape) }
    self.init(
      visible: shape[0], hidden: shape[1], weights: weights,
      visibleMean: try archive.read(Double.self, count: shape[0], at: path + "/visible_mean"),
      hiddenBias: try archive.read(Double.self, count: shape[1], at: path + "/hidden_bias"),
      deviations: try archive.read(Double.self, count: shape[0], at: path + "/deviations"))
  }
}
