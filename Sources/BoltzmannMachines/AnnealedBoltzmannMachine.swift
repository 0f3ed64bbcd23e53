public import LinearAlgebra
public import RandomStreams
public import Sampling

/// The path of laws from independent visible units to a restricted Boltzmann machine: at position l the machine has
/// weights lW, visible bias (1 - l) a_0 + l a and hidden bias l b; its hidden units are summed out.
///
/// In 0/1 units ln p_l(v) = ((1 - l) a_0 + l a)·v + sum_j softplus(l (b_j + (vW)_j)), and
/// ln Z_0 = sum softplus(a_0) + hidden ln 2. A machine of +-1 units is converted first; the path is the same law.
///
/// The hidden bias is tempered too, and a_0 = 0 by default: with an untempered hidden bias or a base near the data all
/// chains of an ordered machine end in one of its two signs, and ln Z comes out low by ln 2 with an error that looks
/// small. Source of the method: Salakhutdinov, Murray, ICML 2008, with the whole energy tempered.
public struct AnnealedBoltzmannMachine<Scalar: DenseScalar>: Annealable {
  public typealias State = VisibleReplicas<Scalar>
  public typealias Kernel = TemperedBlockGibbs<Scalar>

  let path: TemperedMachine<Scalar>
  public let startLogPartition: Double

  /// The path to `machine` from independent visible units with bias `baseBias` in the machine's own units, `[visible]`
  /// (nil: 0, the uniform law).
  public init(_ machine: RestrictedBoltzmannMachine<Scalar>, baseBias: [Double]? = nil) {
    precondition(baseBias?.count ?? machine.visible == machine.visible, "a base bias for each visible unit")
    path = TemperedMachine(machine, baseBias: baseBias)
    // Units without a bias, all hidden ones among them, have two states of equal weight.
    let free = Double(machine.visible - path.baseBias.count + machine.hidden) * Elementwise.softplus(0)
    startLogPartition = path.baseBias.reduce(path.baseConstant + free) { $0 + Elementwise.softplus($1) }
  }

  public func start(replicas: Int, firstReplica: Int, from streams: some Streams) -> VisibleReplicas<Scalar> {
    let fields = [Scalar](repeating: 0, count: replicas * path.visible)
    let configurations = sample(
      fields, rows: replicas, scale: 1, offsets: path.baseBias.map { Scalar($0) },
      at: RowPlaces(firstRow: firstReplica, step: 0, purpose: .initial), from: streams)
    return self.replicas(at: configurations, firstReplica: firstReplica)
  }

  /// Replicas that stand at given visible configurations, wherever their units are placed: the start of a reverse path.
  public func replicas(at configurations: Configurations, firstReplica: Int = 0) -> VisibleReplicas<Scalar> {
    let unplaced = Configurations(count: configurations.count, sites: .unplaced(path.visible), words: configurations.words)
    return VisibleReplicas(configurations: unplaced, firstReplica: firstReplica, fields: path.upward(unplaced))
  }

  public func kernel(at position: Double) -> TemperedBlockGibbs<Scalar> { TemperedBlockGibbs(path: path, position: position) }

  public func logRatio(_ state: VisibleReplicas<Scalar>, from a: Double, to b: Double) -> [Double] {
    let hidden = path.upward.outputs
    return (0..<state.configurations.count).map { row in
      var ratio = (b - a) * path.linear(of: state, row)
      unsafe state.fields.withUnsafeBufferPointer { fields in
        guard let x = fields.baseAddress else { return }
        let after = unsafe softplusSum(x + row * hidden, count: hidden, scale: b)
        let before = unsafe softplusSum(x + row * hidden, count: hidden, scale: a)
        ratio += after - before
      }
      return ratio
    }
  }

  public func logDerivative(_ state: VisibleReplicas<Scalar>, at position: Double) -> [Double] {
    let hidden = path.upward.outputs
    return (0..<state.configurations.count).map { row in
      var total = path.linear(of: state, row)
      for j in row * hidden..<(row + 1) * hidden {
        let x = Double(state.fields[j])
        total += x * Elementwise.sigmoid(position * x)
      }
      return total
    }
  }
}

/// A batch of visible configurations with the fields that they put on the hidden layer: one product serves the
/// log-ratio and the next hidden sample.
public struct VisibleReplicas<Scalar: DenseScalar>: Sendable, Hashable {
  /// The visible units of each replica.
  public internal(set) var configurations: Configurations
  /// The global index of the first replica.
  public let firstReplica: Int
  /// b + vW of the untempered machine in 0/1 units, `[count, hidden]`; a function of `configurations`.
  var fields: [Scalar]

  public static func == (left: VisibleReplicas, right: VisibleReplicas) -> Bool {
    left.firstReplica == right.firstReplica && left.configurations == right.configurations
  }
  public func hash(into hasher: inout Hasher) {
    hasher.combine(firstReplica)
    hasher.combine(configurations.words)
  }
}

/// One sweep of block Gibbs at one position of the path: hidden given visible, then visible given hidden. In detailed
/// balance with the visible law.
public struct TemperedBlockGibbs<Scalar: DenseScalar>: MarkovKernel {
  let path: TemperedMachine<Scalar>
  /// Where on the path.
  public let position: Double

  public mutating func step(_ state: inout VisibleReplicas<Scalar>, at step: UInt64, from streams: some Streams) {
    let rows = state.configurations.count, scale = Scalar(position)
    var places = RowPlaces(firstRow: state.firstReplica, step: step, purpose: .hidden)
    let hidden = sample(state.fields, rows: rows, scale: scale, at: places, from: streams)
    places.purpose = .visible
    state.configurations = sample(
      path.downward(hidden), rows: rows, scale: scale, offsets: path.baseBias.map { Scalar((1 - position) * $0) }, at: places,
      from: streams)
    state.fields = path.upward(state.configurations)
  }
}

/// `sampleRows` of whole arrays, `fields: [rows, units]`.
private func sample<Scalar: DenseScalar>(
  _ fields: [Scalar], rows: Int, scale: Scalar, offsets: [Scalar] = [], at places: RowPlaces, from streams: some Streams
) -> Configurations {
  let count = rows == 0 ? 0 : fields.count / rows
  var result = Configurations(count: rows, sites: .unplaced(count))
  unsafe result.words.withUnsafeMutableBufferPointer { bits in
    unsafe fields.withUnsafeBufferPointer { fields in
      guard let bits = bits.baseAddress, let fields = fields.baseAddress else { return }
      unsafe sampleRows(fields, rows: rows, count: count, scale: scale, offsets: offsets, at: places, from: streams, into: bits)
    }
  }
  return result
}
