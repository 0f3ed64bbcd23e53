public import Archives
internal import GradientFlows
internal import InformationTheory

/// A training under way: the weights, what is trained beside them, the rule's memory.
public struct FilterProgress: Sendable, Equatable, Checkpointable {
  /// The filter's weights, and those of a predictor where there is one; empty before the first step.
  public private(set) var values: [[Double]] = []
  /// The critic that is trained beside them, where there is one.
  var critic: BinaryCritic?
  /// Steps taken.
  public private(set) var step = 0
  private var rule = Adam<Double>(rate: 1)

  /// Before the first step.
  public init() {}
  mutating func begin(_ start: () -> [[Double]]) { if values.isEmpty { values = start() } }
  mutating func take(rate: Double, along direction: [[Double]]) {
    var point = FilterPoint(values)
    rule.rate = rate
    rule.step(&point, along: FilterPoint(direction))
    values = point.values
    step += 1
  }

  public static var formatVersion: Int { 2 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write([step, values.count, critic == nil ? 0 : 1], at: path + "/step")
    for (index, block) in values.enumerated() { try archive.write(block, at: path + "/values\(index)") }
    try rule.save(to: &archive, at: path + "/rule")
    if let critic { try critic.save(to: &archive, at: path + "/critic") }
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let counts = try archive.read(Int.self, count: 3, at: path + "/step")
    step = counts[0]
    for index in 0..<counts[1] { values.append(try archive.read(Double.self, count: nil, at: path + "/values\(index)")) }
    rule = try Adam<Double>(from: archive, at: path + "/rule")
    if counts[2] == 1 { critic = try BinaryCritic(from: archive, at: path + "/critic") }
  }
}

/// Weights as a point for steppers.
struct FilterPoint: Space {
  var values: [[Double]]
  init(_ values: [[Double]]) { self.values = values }
  var blockCount: Int { values.count }
  func role(of index: Int) -> BlockRole { .weights }
  subscript(block index: Int) -> [Double] {
    get { values[index] }
    _modify { yield &values[index] }
  }
}

/// theta of a window as the sum of two numbers looked up by its two halves.
struct HalfTables {
  private var low: [Double], high: [Double]
  private let split: Int
  init(_ weights: [Double]) {
    let half = weights.count / 2
    split = half
    func table(_ weights: ArraySlice<Double>) -> [Double] {
      (0..<1 << weights.count).map { state in
        weights.enumerated().reduce(0.0) { $0 + (state >> $1.offset & 1 == 1 ? $1.element : -$1.element) }
      }
    }
    low = table(weights[..<half])
    high = table(weights[half...])
  }
  func theta(_ state: Int) -> Double { low[state & (1 << split - 1)] + high[state >> split] }
}
