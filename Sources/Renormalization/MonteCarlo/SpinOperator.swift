/// A sum over a periodic square lattice of products of spins: S = sum over sites x and terms of prod_k s(x + offset_k).
///
/// A lattice of one axis counts as one row. Where offsets wrap around a small lattice onto each other, their spins are multiplied all
/// the same (a nearest-neighbour sum over a 2x2 torus counts every bond twice).
public struct SpinOperator: Sendable, Equatable {
  /// A place relative to a site.
  public struct Offset: Sendable, Hashable {
    public let row: Int, column: Int
    public init(_ row: Int, _ column: Int) {
      self.row = row
      self.column = column
    }
  }
  /// The name in results and study files.
  public let name: String
  /// The offsets of each term, moved so that the least row and column are 0; all terms have the same parity.
  public let terms: [[Offset]]
  /// Whether the sum keeps its sign when all spins turn.
  public var isEven: Bool { terms[0].count.isMultiple(of: 2) }

  /// An operator of these terms.
  public init(_ name: String, _ terms: [[(Int, Int)]]) {
    precondition(!terms.isEmpty && Set(terms.map { $0.count & 1 }).count == 1, "terms of one parity")
    self.name = name
    self.terms = terms.map { term in
      let row = term.map(\.0).min() ?? 0, column = term.map(\.1).min() ?? 0
      return term.map { Offset($0.0 - row, $0.1 - column) }
    }
  }
  /// The pairs of sites at (rows, columns), (-rows, columns) and, turned by a right angle, (columns, rows), (-columns, rows), each pair
  /// once.
  public static func pairs(_ name: String, _ rows: Int, _ columns: Int) -> SpinOperator {
    var steps = [(rows, columns)]
    if rows != 0 && columns != 0 { steps.append((-rows, columns)) }
    if rows != columns {
      steps.append((columns, rows))
      if rows != 0 && columns != 0 { steps.append((-columns, rows)) }
    }
    return SpinOperator(name, steps.map { [(0, 0), $0] })
  }

  public static let nearest = pairs("nearest", 0, 1)
  public static let diagonal = pairs("diagonal", 1, 1)
  public static let secondAlongAxes = pairs("second-along-axes", 0, 2)
  public static let plaquette = SpinOperator("plaquette", [[(0, 0), (0, 1), (1, 0), (1, 1)]])
  public static let knight = pairs("knight", 1, 2)
  public static let secondDiagonal = pairs("second-diagonal", 2, 2)
  public static let thirdAlongAxes = pairs("third-along-axes", 0, 3)
  /// The even operators of the sample files, in the order in which a growing set takes them.
  public static let even = [nearest, diagonal, secondAlongAxes, plaquette, knight, secondDiagonal, thirdAlongAxes]

  public static let magnetization = SpinOperator("magnetization", [[(0, 0)]])
  /// The four triples of each plaquette.
  public static let corner = SpinOperator(
    "corner", [[(0, 0), (0, 1), (1, 0)], [(0, 0), (0, 1), (1, 1)], [(0, 0), (1, 0), (1, 1)], [(0, 1), (1, 0), (1, 1)]])
  /// Three in a row, along both axes.
  public static let straight = SpinOperator("straight", [[(0, 0), (0, 1), (0, 2)], [(0, 0), (1, 0), (2, 0)]])
  /// A spin and its four neighbours.
  public static let star = SpinOperator("star", [[(0, 1), (1, 0), (1, 1), (1, 2), (2, 1)]])
  /// The odd operators, in the order in which a growing set takes them.
  public static let odd = [magnetization, corner, straight, star]

  /// Neighbours along the one axis of a ring, each bond once.
  public static let nearestOnRing = SpinOperator("nearest", [[(0, 0), (0, 1)]])

  /// The operator of that name.
  public static func named(_ name: String) -> SpinOperator? { (even + odd).first { $0.name == name } }
}
