/// A nilpotent orbit of a classical Lie algebra as the partition of its Jordan blocks.
///
/// A_n: any partition of n + 1. B_n and D_n: of 2n + 1 and 2n, even parts with even multiplicity. C_n: of 2n, odd parts
/// with even multiplicity. In D_n a *very even* partition, of even parts alone, names two orbits.
/// Source: D. Collingwood, W. McGovern, "Nilpotent orbits in semisimple Lie algebras" (1993), theorems 5.1.1 to 5.1.6, 6.2.5.
public struct OrbitPartition: Sendable, Hashable, CustomStringConvertible {
  /// The algebra.
  public let type: SimpleLieType
  /// The parts, largest first.
  public let parts: [Int]
  /// 1 or 2 for the two orbits of a very even partition of D_n, else 0.
  public let twin: Int

  private init(type: SimpleLieType, parts: [Int], twin: Int) {
    self.type = type
    self.parts = parts
    self.twin = twin
  }

  /// The orbit of these Jordan blocks, in any order; of a very even partition the first.
  /// - Throws: `PartitionError` where the partition is not admissible.
  public init(_ type: SimpleLieType, _ parts: [Int]) throws(PartitionError) {
    guard let size = type.matrixSize else { throw .notClassical(type) }
    guard parts.allSatisfy({ $0 > 0 }), parts.reduce(0, +) == size else { throw .wrongSum(type, parts, size) }
    let sorted = parts.sorted(by: >)
    if let part = Self.misfit(type, sorted) { throw .oddMultiplicity(type, parts, part) }
    self.init(type: type, parts: sorted, twin: Self.isVeryEven(type, sorted) ? 1 : 0)
  }

  /// A part whose multiplicity is odd where it must be even.
  private static func misfit(_ type: SimpleLieType, _ parts: [Int]) -> Int? {
    let constrained: Int
    switch type.family {
    case .b, .d: constrained = 0
    case .c: constrained = 1
    default: return nil
    }
    return parts.first { part in part % 2 == constrained && !parts.count { $0 == part }.isMultiple(of: 2) }
  }
  private static func isVeryEven(_ type: SimpleLieType, _ parts: [Int]) -> Bool {
    type.family == .d && parts.allSatisfy { $0.isMultiple(of: 2) }
  }

  /// All orbits of a classical algebra, by dimension; none for an exceptional one.
  public static func all(_ type: SimpleLieType) -> [OrbitPartition] {
    guard let size = type.matrixSize else { return [] }
    var found: [OrbitPartition] = []
    func extend(_ parts: [Int], _ rest: Int) {
      if rest == 0 {
        guard misfit(type, parts) == nil else { return }
        for twin in isVeryEven(type, parts) ? [1, 2] : [0] { found.append(OrbitPartition(type: type, parts: parts, twin: twin)) }
        return
      }
      for part in stride(from: min(rest, parts.last ?? rest), to: 0, by: -1) { extend(parts + [part], rest - part) }
    }
    extend([], size)
    return found.sorted { a, b in
      if a.dimension != b.dimension { return a.dimension < b.dimension }
      return a.parts != b.parts ? a.parts.lexicographicallyPrecedes(b.parts) : a.twin < b.twin
    }
  }

  /// The dual partition's parts: how many parts are at least 1, 2, ...
  public var dual: [Int] { (1...max(1, parts.first ?? 1)).map { k in parts.count { $0 >= k } } }

  /// The dimension of the orbit, with N the size of the matrices and the dual partition d:
  /// N^2 - sum d^2 (A), (N(N-1) - sum d^2 + odd parts) / 2 (B, D), (N(N+1) - sum d^2 - odd parts) / 2 (C).
  public var dimension: Int {
    let size = parts.reduce(0, +), squares = dual.reduce(0) { $0 + $1 * $1 }, odd = parts.count { !$0.isMultiple(of: 2) }
    switch type.family {
    case .a: return size * size - squares
    case .c: return (size * (size + 1) - squares - odd) / 2
    default: return (size * (size - 1) - squares + odd) / 2
    }
  }

  /// The weighted Dynkin diagram: differences of the eigenvalues part - 1, part - 3, ..., 1 - part of h in order.
  public var diagram: [Int] {
    let values = parts.flatMap { part in (0..<part).map { part - 1 - 2 * $0 } }.sorted(by: >)
    let n = type.rank
    var labels = (0..<max(0, n - 1)).map { values[$0] - values[$0 + 1] }
    switch type.family {
    case .a: labels.append(values[n - 1] - values[n])
    case .b: labels.append(values[n - 1])
    case .c: labels.append(2 * values[n - 1])
    default:
      labels.append(values[n - 2] + values[n - 1])
      if twin == 2 { labels.swapAt(n - 2, n - 1) }
    }
    return labels
  }

  /// Whether this orbit lies in the closure of `other`: dominance of the partitions; the twins of one partition are not
  /// comparable.
  public func isInClosure(of other: OrbitPartition) -> Bool {
    guard parts != other.parts else { return twin == other.twin }
    var here = 0, there = 0
    for k in 0..<max(parts.count, other.parts.count) {
      here += k < parts.count ? parts[k] : 0
      there += k < other.parts.count ? other.parts[k] : 0
      if here > there { return false }
    }
    return true
  }

  /// "[3,2^2,1]", with I or II for twins.
  public var description: String {
    var words: [String] = [], place = 0
    while place < parts.count {
      let multiplicity = parts.count { $0 == parts[place] }
      words.append(multiplicity == 1 ? "\(parts[place])" : "\(parts[place])^\(multiplicity)")
      place += multiplicity
    }
    return "[" + words.joined(separator: ",") + "]" + ["", " I", " II"][twin]
  }
}

/// Why a partition names no nilpotent orbit.
public enum PartitionError: Error, Equatable, Sendable {
  /// Orbits of exceptional algebras have no partitions.
  case notClassical(SimpleLieType)
  /// The parts do not add up to the size of the matrices.
  case wrongSum(SimpleLieType, [Int], Int)
  /// A part stands an odd number of times where it must stand an even number of times.
  case oddMultiplicity(SimpleLieType, [Int], Int)
}

extension PartitionError: CustomStringConvertible {
  /// One line for a person.
  public var description: String {
    switch self {
    case .notClassical(let type): "\(type) is exceptional: its orbits have no partitions"
    case .wrongSum(let type, let parts, let size):
      "\(parts) is no partition of \(size), the size of the matrices of \(type) (sum of positive parts: \(parts.reduce(0, +)))"
    case .oddMultiplicity(let type, let parts, let part):
      "\(parts) is not admissible for \(type): \(type.family == .c ? "odd" : "even") parts come an even number of times, \(part) does not"
    }
  }
}
