public import Archives
public import GradientFlows
public import LinearAlgebra
public import RandomStreams

/// The parameters of a restricted Boltzmann machine as training moves them: centred at a fixed offset c,
///
///     -E(v, h) = (v - c)ᵀ W (h - c) + a'·v + b'·h,       a = a' - c W 1,   b = b' - c Wᵀ 1
///
/// (up to a constant), where a, b are the biases of the ordinary form. Moving (W, a', b') along the differences of
/// <(v - c)(h - c)ᵀ>, <v>, <h> is the centred gradient of Montavon and Mueller (2012), which in terms of a, b reads
/// da = <v>_0 - <v>_1 - c dW 1 and db = <h>_0 - <h>_1 - c dWᵀ 1 (Melchior, Fischer, Wiskott, JMLR 17 (2016), eqs. 8 to 10).
/// A penalty on W alone is taken at fixed a', b': with c = 1/2 and units 0/1 these are, up to factors, the weights
/// and biases of the +-1 convention, so that flipping all units stays a symmetry of training.
public struct CentredParameters: Space, Equatable {
  /// What the units' two values are.
  public let units: UnitValues
  /// How many units the layers have.
  public let visible: Int, hidden: Int
  /// c, in terms of the units' values: 1/2 for centred 0/1 units, 0 for +-1 units and for plain training.
  public let offset: Float
  /// W, `[visible, hidden]`, row-major; a', `[visible]`; b', `[hidden]`.
  public var weights: [Float], visibleField: [Float], hiddenField: [Float]

  /// The centred form of `machine`.
  public init(_ machine: RestrictedBoltzmannMachine<Float>, offset: Float) {
    self.init(units: machine.units, visible: machine.visible, hidden: machine.hidden, offset: offset)
    weights = machine.weights
    let (rows, columns) = sums
    visibleField = zip(machine.visibleBias, rows).map { $0 + offset * $1 }
    hiddenField = zip(machine.hiddenBias, columns).map { $0 + offset * $1 }
  }

  /// All zero.
  public init(units: UnitValues, visible: Int, hidden: Int, offset: Float) {
    self.units = units
    self.visible = visible
    self.hidden = hidden
    self.offset = offset
    weights = [Float](repeating: 0, count: visible * hidden)
    visibleField = [Float](repeating: 0, count: visible)
    hiddenField = [Float](repeating: 0, count: hidden)
  }

  /// Where training starts: weights from the normal law with this standard deviation, fields zero. Row v of W draws
  /// from the place (replica 0, step 0, site v, `.weights`).
  public static func random(
    units: UnitValues, visible: Int, hidden: Int, offset: Float, deviation: Double, from streams: some Streams
  ) -> CentredParameters {
    var result = CentredParameters(units: units, visible: visible, hidden: hidden, offset: offset)
    for v in 0..<visible {
      var generator = streams.generator(replica: 0, step: 0, site: v, purpose: .weights)
      for h in 0..<hidden { result.weights[v * hidden + h] = Float(deviation * generator.normal()) }
    }
    return result
  }

  /// The machine in ordinary form.
  public var machine: RestrictedBoltzmannMachine<Float> {
    let (rows, columns) = sums
    return RestrictedBoltzmannMachine(
      units: units, visible: visible, hidden: hidden, weights: weights,
      visibleBias: zip(visibleField, rows).map { $0 - offset * $1 },
      hiddenBias: zip(hiddenField, columns).map { $0 - offset * $1 })
  }

  /// W 1 and Wᵀ 1.
  private var sums: (rows: [Float], columns: [Float]) {
    let rows = (0..<visible).map { v in weights[v * hidden..<(v + 1) * hidden].reduce(0, +) }
    return (rows, BinaryProduct.columnSums(weights, rows: visible, columns: hidden))
  }

  public var blockCount: Int { 3 }
  public func role(of index: Int) -> BlockRole { index == 0 ? .weights : .biases }
  public subscript(block index: Int) -> [Float] {
    get { index == 0 ? weights : index == 1 ? visibleField : hiddenField }
    _modify {
      switch index {
      case 0: yield &weights
      case 1: yield &visibleField
      default: yield &hiddenField
      }
    }
  }
}

extension CentredParameters: Checkpointable {
  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write([Int(units.rawValue), visible, hidden], at: path + "/shape")
    try archive.write(offset, at: path + "/offset")
    try archive.write(weights, shape: [visible, hidden], at: path + "/weights")
    try archive.write(visibleField, at: path + "/visible_field")
    try archive.write(hiddenField, at: path + "/hidden_field")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let shape = try archive.read(Int.self, count: 3, at: path + "/shape")
    guard let code = UInt8(exactly: shape[0]), let units = UnitValues(rawValue: code) else {
      throw .damaged(file: path + "/shape", reason: "\(shape[0]) stands for no unit values")
    }
    self.init(units: units, visible: shape[1], hidden: shape[2], offset: try archive.scalar(Float.self, at: path + "/offset"))
    weights = try archive.read(Float.self, count: visible * hidden, at: path + "/weights")
    visibleField = try archive.read(Float.self, count: visible, at: path + "/visible_field")
    hiddenField = try archive.read(Float.self, count: hidden, at: path + "/hidden_field")
  }
}
