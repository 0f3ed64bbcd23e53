/// The symmetries of a periodic square lattice of rows x columns sites, x -> P x + t: translations, and the point group
/// about a site or about the middle, D4 on a square lattice (the whole is p4m) and C2v on a rectangle (pmm).
///
/// Site (r, c) is r * columns + c. On a torus of 4 x 4 sites the lattice as a graph has 384 symmetries, three times p4m.
public struct TorusSymmetry: GroupAction {
  /// Which symmetries.
  public enum Kind: String, Sendable, CaseIterable {
    /// Translations alone.
    case translations
    /// Rotations and reflections about the site (0, 0).
    case point
    /// Rotations and reflections about the middle of the lattice, as of an image.
    case image
    /// Translations, rotations and reflections: p4m on a square lattice, pmm on a rectangle.
    case full = "p4m"
  }
  /// x -> P x + t, P the matrix `point` of the point group.
  public struct Element: Hashable, Sendable {
    public var point: Int, row: Int, column: Int
    public init(point: Int = 0, row: Int = 0, column: Int = 0) {
      self.point = point
      self.row = row
      self.column = column
    }
  }

  /// The lattice and the kind of symmetries.
  public let rows: Int, columns: Int, kind: Kind
  /// The matrices of the point group, row by row, the identity first; a product table and inverses of them.
  private let matrices: [SIMD4<Int>], products: [[Int]], inverses: [Int]

  /// Throws `extentTooSmall` below three sites along an axis, where different symmetries move the sites alike.
  public init(rows: Int, columns: Int, kind: Kind = .full) throws(LatticeSymmetryError) {
    for extent in [rows, columns] where extent < 3 { throw .extentTooSmall(extent) }
    self.rows = rows
    self.columns = columns
    self.kind = kind
    let straight = [SIMD4(1, 0, 0, 1), SIMD4(-1, 0, 0, -1), SIMD4(1, 0, 0, -1), SIMD4(-1, 0, 0, 1)]
    let turned = [SIMD4(0, 1, -1, 0), SIMD4(0, -1, 1, 0), SIMD4(0, 1, 1, 0), SIMD4(0, -1, -1, 0)]
    let matrices = kind == .translations ? [straight[0]] : straight + (rows == columns ? turned : [])
    self.matrices = matrices
    /// First a, then b: the matrix B A.
    func product(_ a: SIMD4<Int>, _ b: SIMD4<Int>) -> Int {
      let c = SIMD4(b.x * a.x + b.y * a.z, b.x * a.y + b.y * a.w, b.z * a.x + b.w * a.z, b.z * a.y + b.w * a.w)
      guard let place = matrices.firstIndex(of: c) else { preconditionFailure("the point group is closed") }
      return place
    }
    let products = matrices.map { a in matrices.map { product(a, $0) } }
    self.products = products
    inverses = products.map { $0.firstIndex(of: 0) ?? 0 }
  }

  /// Sites of the lattice.
  public var sites: Int { rows * columns }
  /// How many elements there are.
  public var order: Int { matrices.count * (hasTranslations ? sites : 1) }
  /// Whether translations belong to the group.
  public var hasTranslations: Bool { kind == .translations || kind == .full }
  /// All elements: for each matrix all translations, row by row.
  public var elements: [Element] { (0..<order).map(element) }
  /// The element at a place of `elements`.
  public func element(_ index: Int) -> Element {
    if !hasTranslations { return Element(point: index) }
    return Element(point: index / sites, row: index % sites / columns, column: index % columns)
  }
  /// The place of an element in `elements`.
  public func index(of element: Element) -> Int {
    hasTranslations ? element.point * sites + element.row * columns + element.column : element.point
  }

  public var identity: Element { Element() }
  public var generators: [Element] {
    let shifts = !hasTranslations ? [] : [Element(row: 1), Element(column: 1)]
    let turns =
      kind == .translations ? [] : rows == columns ? [Element(point: 4), Element(point: 2)] : [Element(point: 2), Element(point: 3)]
    return shifts + turns
  }
  private func turned(_ row: Int, _ column: Int, by point: Int) -> (Int, Int) {
    let m = matrices[point]
    return (m.x * row + m.y * column, m.z * row + m.w * column)
  }
  private func element(_ point: Int, _ row: Int, _ column: Int) -> Element {
    Element(point: point, row: (row % rows + rows) % rows, column: (column % columns + columns) % columns)
  }
  public func product(_ a: Element, _ b: Element) -> Element {
    let (r, c) = turned(a.row, a.column, by: b.point)
    return element(products[a.point][b.point], r + b.row, c + b.column)
  }
  public func inverse(_ element: Element) -> Element {
    let back = inverses[element.point], (r, c) = turned(element.row, element.column, by: back)
    return self.element(back, -r, -c)
  }
  /// Moves a site.
  public func act(_ element: Element, on point: inout Int) {
    if kind == .image {
      // The middle may lie between sites: in twice the distances from it all numbers are whole.
      let (r, c) = turned(2 * (point / columns) - rows + 1, 2 * (point % columns) - columns + 1, by: element.point)
      point = (r + rows - 1) / 2 * columns + (c + columns - 1) / 2
      return
    }
    let (r, c) = turned(point / columns, point % columns, by: element.point)
    let there = self.element(0, r + element.row, c + element.column)
    point = there.row * columns + there.column
  }
  /// The element as a permutation of the sites.
  public func permutation(_ element: Element) -> Permutation {
    Permutation(unchecked: (0..<sites).map { Int32(image(of: $0, under: element)) })
  }
  /// All elements as permutations, in the order of `elements`.
  public var permutations: [Permutation] { elements.map(permutation) }
  /// The generators as permutations.
  public var generatingPermutations: [Permutation] { generators.map(permutation) }
}

/// Why a lattice group or its orbits cannot be had.
public enum LatticeSymmetryError: Error, Equatable, Sendable {
  /// On fewer than three sites along an axis different symmetries move the sites alike.
  case extentTooSmall(Int)
  /// All configurations are enumerated as numbers of so many bits.
  case tooManySites(Int, limit: Int)
}

extension LatticeSymmetryError: CustomStringConvertible {
  /// One line for a person.
  public var description: String {
    switch self {
    case .extentTooSmall(let extent): "lattice extent \(extent) is too small: at least 3 is needed for a faithful group"
    case .tooManySites(let sites, let limit): "\(sites) sites have too many configurations to enumerate: at most \(limit) sites"
    }
  }
}
