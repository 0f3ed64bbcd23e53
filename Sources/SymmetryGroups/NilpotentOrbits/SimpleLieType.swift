/// A simple complex Lie algebra by its type, in the numbering of Bourbaki.
public struct SimpleLieType: Hashable, Sendable, CustomStringConvertible {
  /// The families of Cartan and Killing.
  public enum Family: String, Sendable, CaseIterable { case a = "A", b = "B", c = "C", d = "D", e = "E", f = "F", g = "G" }
  /// Family and rank.
  public let family: Family, rank: Int

  /// A_n (n >= 1), B_n and C_n (n >= 2), D_n (n >= 4), E_6 to E_8, F_4, G_2; nil for all others.
  public init?(_ family: Family, _ rank: Int) {
    let allowed: ClosedRange<Int> =
      switch family {
      case .a: 1...Int.max
      case .b, .c: 2...Int.max
      case .d: 4...Int.max
      case .e: 6...8
      case .f: 4...4
      case .g: 2...2
      }
    guard allowed.contains(rank) else { return nil }
    self.family = family
    self.rank = rank
  }
  /// From a name such as "B3" or "e8"; nil where there is no such algebra.
  public init?(_ name: String) {
    guard let first = name.first, let family = Family(rawValue: first.uppercased()), let rank = Int(name.dropFirst()) else { return nil }
    self.init(family, rank)
  }
  public var description: String { family.rawValue + "\(rank)" }

  /// Every simple algebra of at most this rank, by family.
  public static func all(upToRank rank: Int) -> [SimpleLieType] {
    Family.allCases.flatMap { family in (0..<max(0, rank)).compactMap { SimpleLieType(family, $0 + 1) } }
  }

  /// Whether nilpotent orbits are named by partitions.
  public var isClassical: Bool { [.a, .b, .c, .d].contains(family) }
  /// N, where the algebra is that of traceless, orthogonal or symplectic N x N matrices; nil for exceptional types.
  public var matrixSize: Int? {
    switch family {
    case .a: rank + 1
    case .b: 2 * rank + 1
    case .c, .d: 2 * rank
    case .e, .f, .g: nil
    }
  }
  /// The dimension of the algebra.
  public var dimension: Int {
    switch family {
    case .a: rank * (rank + 2)
    case .b, .c: rank * (2 * rank + 1)
    case .d: rank * (2 * rank - 1)
    case .e: [78, 133, 248][rank - 6]
    case .f: 52
    case .g: 14
    }
  }
  /// The dual Coxeter number: the minimal nilpotent orbit has dimension 2 h - 2.
  public var dualCoxeterNumber: Int {
    switch family {
    case .a: rank + 1
    case .b: 2 * rank - 1
    case .c: rank + 1
    case .d: 2 * rank - 2
    case .e: [12, 18, 30][rank - 6]
    case .f: 9
    case .g: 4
    }
  }
}
