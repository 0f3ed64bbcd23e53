public import MessagePassing

/// What a team's leader tells the coordinator about a unit, as bytes.
///
/// | message | bytes |
/// |---|---|
/// | `ended` | unit (8), 0 and the partial result, or 1, or 2 and the reason |
/// | `progress` | unit (8), fraction in 1e-9 (8), number of points (8), for each: step (8), length of its tag (8), tag, kind (8), and by kind: bits of the value (8); bits of least, most, sum and sum of squares (8 each), count (8), number of bins (8), bins (8 each); width, height, length (8 each), PNG; the stage behind |
///
/// Integers are 64 bit, least significant byte first. What comes in is another process's word: every length is checked before it is used.
public enum ControlMessage: Sendable {
  case ended(unit: Int, UnitEnd)
  case progress(unit: Int, fraction: Double, stage: String, curves: [CurvePoint])

  /// The message as it is sent.
  public var bytes: [UInt8] {
    switch self {
    case .ended(let unit, let end):
      switch end {
      case .done(let result): withBytes(of: unit) + [0] + result
      case .stopped: withBytes(of: unit) + [1]
      case .failed(let reason): withBytes(of: unit) + [2] + Array(reason.utf8)
      }
    case .progress(let unit, let fraction, let stage, let curves):
      withBytes(of: unit) + withBytes(of: Int(fraction * 1e9)) + withBytes(of: curves.count)
        + curves.flatMap { withBytes(of: $0.step) + withBytes(of: $0.tag.utf8.count) + Array($0.tag.utf8) + withBytes(of: $0.content) }
        + Array(stage.utf8)
    }
  }

  /// The end of one of `units` units.
  /// - Throws: `failed` for bytes that no leader sends.
  public init(ended message: [UInt8], units: Int) throws(MessagePassingError) {
    var rest = Reader(message)
    let unit = try rest.unit(below: units)
    switch try rest.take(1).first {
    case 0: self = .ended(unit: unit, .done(Array(rest.left)))
    case 1: self = .ended(unit: unit, .stopped)
    case 2: self = .ended(unit: unit, .failed(String(decoding: rest.left, as: UTF8.self)))
    default: throw Reader.damage("the end of unit \(unit) is of no known kind")
    }
  }
  /// News of one of `units` units.
  /// - Throws: `failed` for bytes that no leader sends.
  public init(progress message: [UInt8], units: Int) throws(MessagePassingError) {
    var rest = Reader(message)
    let unit = try rest.unit(below: units), fraction = Double(try rest.integer()) * 1e-9, count = try rest.integer()
    guard count >= 0, count <= rest.left.count / 24 else { throw Reader.damage("\(count) points of curves") }
    var curves: [CurvePoint] = []
    for _ in 0..<count {
      let step = try rest.integer(), tag = String(decoding: try rest.take(try rest.integer()), as: UTF8.self)
      curves.append(CurvePoint(tag, step: step, content: try rest.content()))
    }
    self = .progress(unit: unit, fraction: fraction, stage: String(decoding: rest.left, as: UTF8.self), curves: curves)
  }

  /// Takes bytes from the front and never more than there are.
  private struct Reader {
    private(set) var left: ArraySlice<UInt8>
    init(_ bytes: [UInt8]) { left = bytes[...] }

    static func damage(_ reason: String) -> MessagePassingError {
      .failed(call: "a control message", errorClass: 0, text: reason)
    }
    mutating func take(_ count: Int) throws(MessagePassingError) -> ArraySlice<UInt8> {
      guard count >= 0, count <= left.count else { throw Self.damage("\(count) bytes wanted, \(left.count) left") }
      defer { left = left.dropFirst(count) }
      return left.prefix(count)
    }
    mutating func integer() throws(MessagePassingError) -> Int {
      var value = 0
      for (k, byte) in try take(8).enumerated() { value |= Int(byte) &<< (8 * k) }
      return value
    }
    mutating func real() throws(MessagePassingError) -> Double { Double(bitPattern: UInt64(UInt(bitPattern: try integer()))) }
    mutating func content() throws(MessagePassingError) -> CurvePoint.Content {
      switch try integer() {
      case 0: return .value(try real())
      case 1:
        let least = try real(), most = try real(), sum = try real(), squares = try real(), count = try integer(), width = try integer()
        guard width >= 0, width <= left.count / 8 else { throw Self.damage("\(width) bins") }
        var bins: [Int] = []
        for _ in 0..<width { bins.append(try integer()) }
        return .spread(ValueSpread(least: least, most: most, count: count, sum: sum, sumOfSquares: squares, bins: bins))
      case 2:
        let width = try integer(), height = try integer()
        return .picture(width: width, height: height, png: Array(try take(try integer())))
      default: throw Self.damage("a point is of no known kind")
      }
    }
    mutating func unit(below units: Int) throws(MessagePassingError) -> Int {
      let unit = try integer()
      guard (0..<units).contains(unit) else { throw Self.damage("unit \(unit) of \(units)") }
      return unit
    }
  }
}

/// What became of a unit, as its team's leader tells the coordinator.
public enum UnitEnd: Sendable, Equatable {
  case done([UInt8]), stopped, failed(String)
}

private func withBytes(of value: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value &>> (8 * $0)) } }
private func withBytes(of value: Double) -> [UInt8] { withBytes(of: Int(bitPattern: UInt(value.bitPattern))) }
private func withBytes(of content: CurvePoint.Content) -> [UInt8] {
  switch content {
  case .value(let value): withBytes(of: 0) + withBytes(of: value)
  case .spread(let spread):
    withBytes(of: 1) + [spread.least, spread.most, spread.sum, spread.sumOfSquares].flatMap { withBytes(of: $0) }
      + ([spread.count, spread.bins.count] + spread.bins).flatMap { withBytes(of: $0) }
  case .picture(let width, let height, let png): [2, width, height, png.count].flatMap { withBytes(of: $0) } + png
  }
}
