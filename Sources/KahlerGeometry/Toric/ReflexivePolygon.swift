import Glibc

/// A reflexive lattice polygon: that of a toric del Pezzo surface with its anticanonical polarisation.
public struct ReflexivePolygon: Sendable, Equatable {
  /// The vertices, counterclockwise.
  public let vertices: [SIMD2<Int>]

  /// - Throws: `tooFewPoints` below 3 vertices, `notConvex`, `notReflexive` where an edge's lattice distance from 0 is not 1.
  public init(_ vertices: [SIMD2<Int>]) throws(KahlerError) {
    guard vertices.count >= 3 else { throw .tooFewPoints(found: vertices.count, required: 3) }
    let n = vertices.count
    var turning = 0.0
    for i in 0..<n {
      let a = vertices[i], b = vertices[(i + 1) % n], c = vertices[(i + 2) % n]
      guard Self.cross(b &- a, c &- b) > 0 else { throw .notConvex(vertex: (i + 1) % n) }
      turning += atan2(Double(Self.cross(b &- a, c &- b)), Double((b &- a).x * (c &- b).x + (b &- a).y * (c &- b).y))
    }
    // A star turns left everywhere too, but more than once round.
    guard turning < 3 * Double.pi else { throw .notConvex(vertex: 0) }
    for i in 0..<n {
      let a = vertices[i], b = vertices[(i + 1) % n], edge = b &- a
      let area = Self.cross(a, b), length = Self.divisor(edge.x, edge.y)
      guard area == length else { throw .notReflexive(vertex: i, distance: area / length) }
    }
    self.vertices = vertices
  }

  private static func cross(_ a: SIMD2<Int>, _ b: SIMD2<Int>) -> Int { a.x * b.y - a.y * b.x }
  private static func divisor(_ a: Int, _ b: Int) -> Int {
    var (x, y) = (abs(a), abs(b))
    while y != 0 { (x, y) = (y, x % y) }
    return x
  }

  /// The vertices of the toric surface of this name.
  public static let catalogue: [(name: String, vertices: [SIMD2<Int>])] = [
    ("CP2", [SIMD2(-1, -1), SIMD2(2, -1), SIMD2(-1, 2)]),
    ("CP1xCP1", [SIMD2(-1, -1), SIMD2(1, -1), SIMD2(1, 1), SIMD2(-1, 1)]),
    ("dP1", [SIMD2(-1, -1), SIMD2(2, -1), SIMD2(0, 1), SIMD2(-1, 1)]),
    ("dP2", [SIMD2(-1, -1), SIMD2(1, -1), SIMD2(1, 0), SIMD2(0, 1), SIMD2(-1, 1)]),
    ("dP3", [SIMD2(1, 0), SIMD2(1, 1), SIMD2(0, 1), SIMD2(-1, 0), SIMD2(-1, -1), SIMD2(0, -1)]),
  ]

  /// Area and barycentre, from the triangles with a corner at 0; summed as integers, so that a barycentre of 0 is 0.
  public var area: Double { Double(doubledArea) / 2 }
  public var barycentre: SIMD2<Double> {
    var sum = SIMD2<Int>.zero
    for i in vertices.indices {
      let a = vertices[i], b = vertices[(i + 1) % vertices.count]
      sum &+= SIMD2(repeating: Self.cross(a, b)) &* (a &+ b)
    }
    return SIMD2(Double(sum.x), Double(sum.y)) / (3 * Double(doubledArea))
  }
  private var doubledArea: Int { vertices.indices.reduce(0) { $0 + Self.cross(vertices[$1], vertices[($1 + 1) % vertices.count]) } }

  /// The greatest lower bound R of the Ricci curvature: R = t/(1 + t) where the ray from the barycentre B through 0 leaves
  /// the polygon at -t B; 1 where B = 0, and a Kahler-Einstein metric exists. Source: C. Li, Adv. Math. 226 (2011).
  public var greatestRicciBound: Double {
    let b = barycentre
    guard b != .zero else { return 1 }
    // Each edge is {u.p = 1} with u integral; -t B meets it first.
    let t =
      vertices.indices.compactMap { i -> Double? in
        let a = vertices[i], c = vertices[(i + 1) % vertices.count], length = Self.divisor(c.x - a.x, c.y - a.y)
        let u = SIMD2(Double((c.y - a.y) / length), Double((a.x - c.x) / length)), speed = -(u * b).sum()
        return speed > 0 ? 1 / speed : nil
      }.min() ?? .infinity
    return t / (1 + t)
  }

  /// The least value of the support function max over P of p.x on the boundary of the square |x|, |y| <= 1; it is attained
  /// at a corner of the square or where two vertices tie.
  var leastSupport: Double {
    func support(_ x: Double, _ y: Double) -> Double { vertices.map { Double($0.x) * x + Double($0.y) * y }.max() ?? 0 }
    var least = Double.infinity
    for sign in [-1.0, 1] {
      var places = [-1.0, 1]
      for a in vertices {
        for b in vertices {
          // (a - b).(sign, t) = 0 on the sides x = +-1, and the same with x and y exchanged.
          if a.y != b.y { places.append(-sign * Double(a.x - b.x) / Double(a.y - b.y)) }
          if a.x != b.x { places.append(-sign * Double(a.y - b.y) / Double(a.x - b.x)) }
        }
      }
      for t in places where abs(t) <= 1 { least = min(least, support(sign, t), support(t, sign)) }
    }
    return least
  }

  /// Lattice points of k P, lexically.
  public func latticePoints(multiple k: Int) -> [SIMD2<Int>] {
    let xs = vertices.map { k * $0.x }, ys = vertices.map { k * $0.y }
    var points: [SIMD2<Int>] = []
    for x in (xs.min() ?? 0)...(xs.max() ?? 0) {
      for y in (ys.min() ?? 0)...(ys.max() ?? 0) {
        let p = SIMD2(x, y)
        let inside = vertices.indices.allSatisfy { i in
          let a = vertices[i], b = vertices[(i + 1) % vertices.count]
          return Self.cross(b &- a, p &- (a &* SIMD2(repeating: k))) >= 0
        }
        if inside { points.append(p) }
      }
    }
    return points
  }
}
