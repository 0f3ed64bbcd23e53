public import LinearAlgebra
public import RandomStreams
public import Sampling

/// Which of a machine's two layers.
public enum MachineLayer: Sendable, Equatable { case visible, hidden }

/// The conditional laws p(h | v) and p(v | h) of a machine, made ready for rows of packed bits: W and its transpose and
/// the constants of both layers' fields.
///
/// With unit values lo + g bit (0/1: lo = 0, g = 1; +-1: lo = -1, g = 2) a unit's logit, ln p(high) / p(low), is
///
///     logit_j = g^2 (start_j + sum_v bit_v W_vj),    start_j = (b_j + lo sum_v W_vj) / g,
///
/// so both conventions use one product of bits with W. A row's result depends on its own bits and, for samples, on its own
/// random numbers: not on the number of rows or their order.
public struct BoltzmannConditionals<Scalar: DenseScalar>: Sendable {
  /// g^2, which brings sums over bits to logits.
  public let gain: Scalar
  /// logit / gain of the hidden units from visible bits, and of the visible units from hidden ones.
  private(set) var upward: LayerFields<Scalar>, downward: LayerFields<Scalar>

  /// The conditional laws of `machine`.
  public init(_ machine: RestrictedBoltzmannMachine<Scalar>) {
    self.init(visible: machine.visible, hidden: machine.hidden, units: machine.units)
    update(weights: machine.weights, visibleField: machine.visibleBias, hiddenField: machine.hiddenBias, offset: 0, units: machine.units)
  }

  /// A machine without weights or fields, to be given some by `update`.
  init(visible: Int, hidden: Int, units: UnitValues) {
    let spread = Scalar(units.spread), none = [Scalar](repeating: 0, count: visible * hidden)
    gain = spread * spread
    upward = LayerFields(none, inputs: visible, bias: [Scalar](repeating: 0, count: hidden))
    downward = LayerFields(none, inputs: hidden, bias: [Scalar](repeating: 0, count: visible))
  }

  /// How many units the layers have.
  public var visible: Int { upward.inputs }
  /// How many units the upper layer has.
  public var hidden: Int { downward.inputs }

  /// Takes new parameters: the fields act on units' values minus `offset`, E = -(v - c)ᵀ W (h - c) - a·v - b·h.
  mutating func update(weights: [Scalar], visibleField: [Scalar], hiddenField: [Scalar], offset: Scalar, units: UnitValues) {
    let shift = Scalar(units.low) - offset, spread = Scalar(units.spread), visible = visible, hidden = hidden
    upward.matrix = weights
    unsafe downward.matrix.withUnsafeMutableBufferPointer { t in
      unsafe weights.withUnsafeBufferPointer { w in
        guard let t = t.baseAddress, let w = w.baseAddress else { return }
        unsafe Transpose.dense(w, rows: visible, columns: hidden, into: t)
      }
    }
    func start(_ layer: LayerFields<Scalar>, _ field: [Scalar]) -> [Scalar] {
      if shift == 0 { return field.map { $0 / spread } }
      let sums = BinaryProduct.columnSums(layer.matrix, rows: layer.inputs, columns: field.count)
      return zip(field, sums).map { ($0 + shift * $1) / spread }
    }
    upward.bias = start(upward, hiddenField)
    downward.bias = start(downward, visibleField)
  }

  /// Drops W, which `update` shares with its caller.
  mutating func releaseWeights() { upward.matrix = [] }

  /// How many units `layer` has.
  public func units(_ layer: MachineLayer) -> Int { layer == .visible ? visible : hidden }

  /// The fields on `layer` given the other one.
  func fields(of layer: MachineLayer) -> LayerFields<Scalar> { layer == .hidden ? upward : downward }

  /// P(unit is high | the other layer) of each unit: `[count, units(layer)]`, row-major.
  public func probabilities(of layer: MachineLayer, given other: Configurations) -> [Scalar] {
    sigmoids(fields(of: layer)(other), gain: gain)
  }

  /// Samples of `layer` given the other one. Row r draws from the place (replica: firstRow + r, step, site 0, the layer's
  /// purpose) of `streams`, unit by unit in order, so its sample does not depend on the batch.
  ///
  /// In single precision, with the streams of production, sixteen units at a time are compared with 32-bit uniform
  /// numbers from the row's lane generator; otherwise each unit is one `bernoulli` decision with the same probability,
  /// which a law kit can enumerate.
  public func sample(
    _ layer: MachineLayer, given other: Configurations, sites: Configurations.Sites? = nil, firstRow: Int = 0, step: UInt64,
    from streams: some Streams
  ) -> Configurations {
    let layerFields = fields(of: layer), width = layerFields.outputs
    var result = Configurations(count: other.count, sites: sites ?? .unplaced(width))
    precondition(result.sites.count == width, "sites do not fit the layer")
    precondition(other.sites.count == layerFields.inputs, "configurations do not fit the machine")
    guard other.count > 0 else { return result }
    // Blocks keep the fields in the second-level cache.
    let block = min(other.count, 128), wordsPerRow = result.wordsPerConfiguration
    let scratch = UnsafeMutablePointer<Scalar>.allocate(capacity: block * width)
    defer { unsafe scratch.deallocate() }
    unsafe result.words.withUnsafeMutableBufferPointer { bits in
      unsafe other.words.withUnsafeBufferPointer { words in
        guard let bits = bits.baseAddress, let words = words.baseAddress else { return }
        for first in stride(from: 0, to: other.count, by: block) {
          let rows = min(block, other.count - first)
          unsafe layerFields(
            words + first * other.wordsPerConfiguration, rows: rows, wordsPerRow: other.wordsPerConfiguration, into: scratch)
          unsafe sampleRows(
            scratch, rows: rows, count: width, scale: gain,
            at: RowPlaces(firstRow: firstRow + first, step: step, purpose: layer == .hidden ? .hidden : .visible), from: streams,
            into: bits + first * wordsPerRow)
        }
      }
    }
    return result
  }
}

/// sigma(gain x) of each field.
func sigmoids<Scalar: DenseScalar>(_ fields: [Scalar], gain: Scalar) -> [Scalar] {
  guard Scalar.self == Float.self else { return fields.map { Scalar(Elementwise.sigmoid(Double(gain * $0))) } }
  var result = fields
  unsafe result.withUnsafeMutableBytes { bytes in
    let values = unsafe bytes.assumingMemoryBound(to: Float.self), factor = Float(gain)
    if let base = values.baseAddress { unsafe Elementwise.apply(base, count: values.count) { Elementwise.sigmoid($0 * factor) } }
  }
  return result
}

extension UnitValues {
  /// The lower of the two values.
  var low: Float { self == .zeroOne ? 0 : -1 }
  /// The difference of the two values.
  var spread: Float { self == .zeroOne ? 1 : 2 }
}
