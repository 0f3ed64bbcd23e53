public import Archives

/// What a team's leader tells the coordinator about a unit, as bytes.
///
/// | message | bytes |
/// |---|---|
/// | `ended` | unit (8), 0 and the partial result, or 1, or 2 and the reason |
/// | `progress` | unit (8), fraction in 1e-9 (8), number of points (8), for each: step (8), length of its tag (8), tag, kind (8), and by kind: bits of the value (8); bits of least, most, sum and sum of squares (8 each), count (8), number of bins (8), bins (8 each); width, height, length (8 each), PNG; the stage behind |
/// | `shares` | unit (8), first rank (8), for each rank of the team from that one on: bits of the six times of a `WorkShare` (8 each) |
///
/// Integers are 64 bit, least significant byte first. What comes in is another process's word: every length is checked before it is used.
public enum ControlMessage: Sendable {
  case ended(unit: Int, UnitEnd)
  case progress(unit: Int, fraction: Double, stage: String, curves: [CurvePoint])
  case shares(unit: Int, [WorkShare])

  /// The message as it is sent.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    func put(_ value: Int) { bytes.appendLittleEndian(UInt64(bitPattern: Int64(value))) }
    switch self {
    case .ended(let unit, let end):
      put(unit)
      switch end {
      case .done(let result): bytes += [0] + result
      case .stopped: bytes += [1]
      case .failed(let reason): bytes += [2] + Array(reason.utf8)
      }
    case .progress(let unit, let fraction, let stage, let curves):
      put(unit)
      put(Int(fraction * 1e9))
      put(curves.count)
      for point in curves {
        put(point.step)
        put(point.tag.utf8.count)
        bytes += Array(point.tag.utf8)
        bytes.append(point.content)
      }
      bytes += Array(stage.utf8)
    case .shares(let unit, let shares):
      put(unit)
      put(shares.first?.rank ?? 0)
      for share in shares { for time in share.times { bytes.appendLittleEndian(time.bitPattern) } }
    }
    return bytes
  }

  /// The end of one of `units` units.
  /// - Throws: `damaged` for bytes that no leader sends.
  public init(ended message: [UInt8], units: Int) throws(ArchiveError) {
    var rest = ByteReader(message, name: "a control message")
    let unit = try rest.unit(below: units)
    switch try rest.take(1).first {
    case 0: self = .ended(unit: unit, .done(Array(rest.rest)))
    case 1: self = .ended(unit: unit, .stopped)
    case 2: self = .ended(unit: unit, .failed(String(decoding: rest.rest, as: UTF8.self)))
    default: throw rest.damage("the end of unit \(unit) is of no known kind")
    }
  }
  /// News of one of `units` units.
  /// - Throws: `damaged` for bytes that no leader sends.
  public init(progress message: [UInt8], units: Int) throws(ArchiveError) {
    var rest = ByteReader(message, name: "a control message")
    let unit = try rest.unit(below: units), fraction = Double(try rest.integer()) * 1e-9, count = try rest.integer()
    guard count >= 0, count <= rest.remaining / 24 else { throw rest.damage("\(count) points of curves") }
    var curves: [CurvePoint] = []
    for _ in 0..<count {
      let step = try rest.integer(), tag = String(decoding: try rest.take(try rest.integer()), as: UTF8.self)
      curves.append(CurvePoint(tag, step: step, content: try rest.content()))
    }
    self = .progress(unit: unit, fraction: fraction, stage: String(decoding: rest.rest, as: UTF8.self), curves: curves)
  }
  /// How the ranks of a team, of a world of `ranks`, spent their time on one of `units` units.
  /// - Throws: `damaged` for bytes that no leader sends.
  public init(shares message: [UInt8], units: Int, ranks: Int) throws(ArchiveError) {
    var rest = ByteReader(message, name: "a control message")
    let unit = try rest.unit(below: units), first = try rest.integer(), count = rest.remaining / 48
    guard first >= 0, count <= ranks, first <= ranks - count, rest.remaining % 48 == 0 else {
      throw rest.damage("shares of \(count) ranks from rank \(first) on, of \(ranks)")
    }
    var shares: [WorkShare] = []
    for rank in first..<first + count {
      var times: [Double] = []
      for _ in 0..<6 { times.append(Double(bitPattern: try rest.bits())) }
      guard let share = WorkShare(rank: rank, unit: unit, times: times) else { throw rest.damage("times \(times)") }
      shares.append(share)
    }
    self = .shares(unit: unit, shares)
  }
}

extension ByteReader {
  fileprivate mutating func real() throws(ArchiveError) -> Double { Double(bitPattern: try bits()) }
  fileprivate mutating func content() throws(ArchiveError) -> CurvePoint.Content {
    switch try integer() {
    case 0: return .value(try real())
    case 1:
      let least = try real(), most = try real(), sum = try real(), squares = try real(), count = try integer(), width = try integer()
      guard width >= 0, width <= remaining / 8 else { throw damage("\(width) bins") }
      var bins: [Int] = []
      for _ in 0..<width { bins.append(try integer()) }
      return .spread(ValueSpread(least: least, most: most, count: count, sum: sum, sumOfSquares: squares, bins: bins))
    case 2:
      let width = try integer(), height = try integer()
      return .picture(width: width, height: height, png: Array(try take(try integer())))
    default: throw damage("a point is of no known kind")
    }
  }
  fileprivate mutating func unit(below units: Int) throws(ArchiveError) -> Int {
    let unit = try integer()
    guard (0..<units).contains(unit) else { throw damage("unit \(unit) of \(units)") }
    return unit
  }
}

/// What became of a unit, as its team's leader tells the coordinator.
public enum UnitEnd: Sendable, Equatable {
  case done([UInt8]), stopped, failed(String)
}

/// A sign of life.
public struct Heartbeat: Sendable, Equatable {
  /// How long the sender may be silent beyond the stall timeout, in milliseconds; the unit that it works on, -1 where none.
  public var milliseconds: Int, unit: Int
  public init(milliseconds: Int, unit: Int) {
    self.milliseconds = milliseconds
    self.unit = unit
  }
  /// As it is sent.
  public var words: [Int] { [milliseconds, unit] }
  /// What came as `words` in a run of `units` units.
  /// - Throws: `damaged` for what no rank sends.
  public init(_ words: [Int], units: Int) throws(ArchiveError) {
    guard words.count == 2, words[0] >= 0, (-1..<units).contains(words[1]) else {
      throw .damaged(file: "a heartbeat", reason: "\(words) is no time with one of \(units) units")
    }
    self.init(milliseconds: words[0], unit: words[1])
  }
}

extension [UInt8] {
  fileprivate mutating func append(_ content: CurvePoint.Content) {
    func put(_ values: Int...) { for value in values { appendLittleEndian(UInt64(bitPattern: Int64(value))) } }
    switch content {
    case .value(let value):
      put(0)
      appendLittleEndian(value.bitPattern)
    case .spread(let spread):
      put(1)
      for value in [spread.least, spread.most, spread.sum, spread.sumOfSquares] { appendLittleEndian(value.bitPattern) }
      put(spread.count, spread.bins.count)
      for bin in spread.bins { put(bin) }
    case .picture(let width, let height, let png):
      put(2, width, height, png.count)
      self += png
    }
  }
}
