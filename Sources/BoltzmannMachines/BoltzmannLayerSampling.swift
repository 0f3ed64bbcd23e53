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
@safe public struct BoltzmannConditionals: Sendable {
  /// How many units the layers have.
  public let visible: Int, hidden: Int
  /// g^2, which brings sums over bits to logits.
  public let gain: Float
  /// `[visible, hidden]` and `[hidden, visible]`, row-major.
  private(set) var weights: [Float], transposed: [Float]
  private(set) var hiddenStart: [Float], visibleStart: [Float]

  /// The conditional laws of `machine`.
  public init(_ machine: RestrictedBoltzmannMachine<Float>) {
    self.init(visible: machine.visible, hidden: machine.hidden, units: machine.units)
    update(weights: machine.weights, visibleField: machine.visibleBias, hiddenField: machine.hiddenBias, offset: 0, units: machine.units)
  }

  init(visible: Int, hidden: Int, units: UnitValues) {
    self.visible = visible
    self.hidden = hidden
    gain = units.spread * units.spread
    weights = []
    transposed = [Float](repeating: 0, count: visible * hidden)
    hiddenStart = []
    visibleStart = []
  }

  /// Takes new parameters: the fields act on units' values minus `offset`, E = -(v - c)ᵀ W (h - c) - a·v - b·h.
  mutating func update(weights: [Float], visibleField: [Float], hiddenField: [Float], offset: Float, units: UnitValues) {
    self.weights = weights
    let shift = units.low - offset
    unsafe transposed.withUnsafeMutableBufferPointer { t in
      unsafe weights.withUnsafeBufferPointer { w in
        guard let t = t.baseAddress, let w = w.baseAddress else { return }
        unsafe Transpose.dense(w, rows: visible, columns: hidden, into: t)
      }
    }
    func start(_ matrix: [Float], rows: Int, field: [Float]) -> [Float] {
      if shift == 0 { return field.map { $0 / units.spread } }
      let sums = BinaryProduct.columnSums(matrix, rows: rows, columns: field.count)
      return zip(field, sums).map { ($0 + shift * $1) / units.spread }
    }
    hiddenStart = start(weights, rows: visible, field: hiddenField)
    visibleStart = start(transposed, rows: hidden, field: visibleField)
  }

  /// How many units `layer` has.
  public func units(_ layer: MachineLayer) -> Int { layer == .visible ? visible : hidden }

  /// logit / gain of each unit of `layer`: `[rows, units]`, given the other layer's bits.
  func fields(
    of layer: MachineLayer, given bits: UnsafePointer<UInt64>, rows: Int, wordsPerRow: Int, into fields: UnsafeMutablePointer<Float>
  ) {
    let matrix = layer == .hidden ? weights : transposed, start = layer == .hidden ? hiddenStart : visibleStart
    unsafe matrix.withUnsafeBufferPointer { matrix in
      unsafe start.withUnsafeBufferPointer { start in
        unsafe BinaryProduct.multiply(
          bits: bits, rows: rows, wordsPerRow: wordsPerRow, matrix: matrix.baseAddress!,
          inner: layer == .hidden ? visible : hidden, columns: units(layer), bias: start.baseAddress!, into: fields)
      }
    }
  }

  /// P(unit is high | the other layer) of each unit: `[count, units(layer)]`, row-major.
  public func probabilities(of layer: MachineLayer, given other: Configurations) -> [Float] {
    precondition(other.sites.count == units(layer == .hidden ? .visible : .hidden), "configurations do not fit the machine")
    let width = units(layer), gain = gain
    guard other.count > 0 else { return [] }
    return unsafe [Float](unsafeUninitializedCapacity: other.count * width) { output, count in
      let base = output.baseAddress!
      unsafe other.words.withUnsafeBufferPointer { words in
        unsafe fields(of: layer, given: words.baseAddress!, rows: other.count, wordsPerRow: other.wordsPerConfiguration, into: base)
      }
      for r in 0..<other.count { unsafe Elementwise.apply(base + r * width, count: width) { Elementwise.sigmoid($0 * gain) } }
      count = other.count * width
    }
  }

  /// Samples of `layer` given the other one. Row r draws from the place (replica: firstRow + r, step, site 0, the layer's
  /// purpose) of `streams`, unit by unit in order, so its sample does not depend on the batch.
  ///
  /// With `KeyedStreams` sixteen units at a time are compared with 23-bit uniform numbers from the row's lane generator
  /// (`LayerDecisions`); with other streams each unit is one `bernoulli` decision with the same probability, which a
  /// law kit can enumerate.
  public func sample(
    _ layer: MachineLayer, given other: Configurations, sites: Configurations.Sites? = nil, firstRow: Int = 0, step: UInt64,
    from streams: some Streams
  ) -> Configurations {
    let width = units(layer)
    var result = Configurations(count: other.count, sites: sites ?? .unplaced(width))
    precondition(result.sites.count == width, "sites do not fit the layer")
    guard other.count > 0 else { return result }
    let purpose: Purpose = layer == .hidden ? .hidden : .visible
    guard let keyed = streams as? KeyedStreams else {
      let p = probabilities(of: layer, given: other)
      for r in 0..<other.count {
        var generator = streams.generator(replica: firstRow + r, step: step, site: 0, purpose: purpose)
        for u in 0..<width { result[r, u] = generator.bernoulli(Double(p[r * width + u])) }
      }
      return result
    }
    precondition(other.sites.count == units(layer == .hidden ? .visible : .hidden), "configurations do not fit the machine")
    // Blocks keep the fields in the second-level cache.
    let block = min(other.count, 128), wordsPerRow = result.wordsPerConfiguration
    let scratch = UnsafeMutablePointer<Float>.allocate(capacity: block * width)
    defer { unsafe scratch.deallocate() }
    unsafe result.words.withUnsafeMutableBufferPointer { bits in
      unsafe other.words.withUnsafeBufferPointer { words in
        for first in stride(from: 0, to: other.count, by: block) {
          let rows = min(block, other.count - first)
          unsafe fields(
            of: layer, given: words.baseAddress! + first * other.wordsPerConfiguration, rows: rows,
            wordsPerRow: other.wordsPerConfiguration, into: scratch)
          for r in 0..<rows {
            var lanes = keyed.lanes(replica: firstRow + first + r, step: step, site: 0, purpose: purpose)
            unsafe LayerDecisions.decide(
              scratch + r * width, count: width, gain: gain, from: &lanes, bits: bits.baseAddress! + (first + r) * wordsPerRow)
          }
        }
      }
    }
    return result
  }
}

extension UnitValues {
  /// The lower of the two values.
  var low: Float { self == .zeroOne ? 0 : -1 }
  /// The difference of the two values.
  var spread: Float { self == .zeroOne ? 1 : 2 }
}
