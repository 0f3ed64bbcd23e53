/// A permutation of the points 0 ..< degree, known by its images.
///
/// Products act from left to right: `(p * q)[i] == q[p[i]]`, first p, then q.
public struct Permutation: Hashable, Sendable {
  /// The image of each point.
  @usableFromInline var images: [Int32]

  /// The identity on `degree` points.
  public init(identity degree: Int) {
    precondition(degree >= 0 && degree <= Int(Int32.max), "points are counted in 32 bits")
    images = (0..<degree).map { Int32($0) }
  }

  /// From images that are known to be a permutation.
  @inlinable init(unchecked images: [Int32]) { self.images = images }

  /// The permutation that moves i to `images[i]`.
  /// - Throws: `pointOutOfRange`, or `repeatedPoint` where two points share an image.
  public init(images: [Int]) throws(PermutationError) {
    var seen = [Bool](repeating: false, count: images.count)
    for image in images {
      guard seen.indices.contains(image) else { throw .pointOutOfRange(image, degree: images.count) }
      guard !seen[image] else { throw .repeatedPoint(image) }
      seen[image] = true
    }
    self.images = images.map { Int32($0) }
  }

  /// The product of disjoint cycles on `degree` points: each point of a cycle goes to the next one, the last to the first.
  /// - Throws: `pointOutOfRange`, or `repeatedPoint` where a point stands twice.
  public init(cycles: [[Int]], degree: Int) throws(PermutationError) {
    self.init(identity: degree)
    var seen = [Bool](repeating: false, count: degree)
    for point in cycles.joined() {
      guard seen.indices.contains(point) else { throw .pointOutOfRange(point, degree: degree) }
      guard !seen[point] else { throw .repeatedPoint(point) }
      seen[point] = true
    }
    for cycle in cycles {
      for (place, point) in cycle.enumerated() { images[point] = Int32(cycle[(place + 1) % cycle.count]) }
    }
  }

  /// How many points there are.
  @inlinable public var degree: Int { images.count }
  /// The image of a point.
  @inlinable public subscript(point: Int) -> Int { Int(images[point]) }
  /// Whether nothing moves.
  public var isIdentity: Bool { images.indices.allSatisfy { Int(images[$0]) == $0 } }

  /// First `p`, then `q`; both on the same points.
  public static func * (p: Permutation, q: Permutation) -> Permutation {
    precondition(p.degree == q.degree, "factors move the same points")
    return Permutation(unchecked: p.images.map { q.images[Int($0)] })
  }

  /// The permutation that undoes this one.
  public var inverse: Permutation {
    var result = images
    for (point, image) in images.enumerated() { result[Int(image)] = Int32(point) }
    return Permutation(unchecked: result)
  }

  /// The `exponent`-th power, by cycles; negative exponents are powers of the inverse. O(degree).
  public func power(_ exponent: Int) -> Permutation {
    var result = images
    for cycle in cycles(fixedPoints: false) {
      let shift = (exponent % cycle.count + cycle.count) % cycle.count
      for (place, point) in cycle.enumerated() { result[point] = Int32(cycle[(place + shift) % cycle.count]) }
    }
    return Permutation(unchecked: result)
  }

  /// `h^-1 * self * h`, the same permutation after renaming the points by h.
  public func conjugated(by h: Permutation) -> Permutation {
    precondition(degree == h.degree, "both move the same points")
    var result = images
    for (point, image) in images.enumerated() { result[h[point]] = h.images[Int(image)] }
    return Permutation(unchecked: result)
  }
}

/// Why a permutation or a group of them cannot be made.
public enum PermutationError: Error, Equatable, Sendable {
  /// A point is not among 0 ..< degree.
  case pointOutOfRange(Int, degree: Int)
  /// A point is the image of two points, or stands twice in cycles.
  case repeatedPoint(Int)
  /// A generator moves another number of points than the group.
  case degreesDiffer(found: Int, expected: Int)
  /// Text that is no product of cycles.
  case notCycles(String)
  /// An algorithm that lists all elements was asked of a group with too many.
  case groupTooLarge(order: String, limit: Int)
}

extension PermutationError: CustomStringConvertible {
  /// One line for a person.
  public var description: String {
    switch self {
    case .pointOutOfRange(let point, let degree): "point \(point) is not among 0 ... \(degree - 1)"
    case .repeatedPoint(let point): "point \(point) stands twice: no permutation"
    case .degreesDiffer(let found, let expected): "a permutation of \(found) points among those of \(expected) points"
    case .notCycles(let text): "\"\(text)\" is no product of cycles such as \"(0 1 2)(4 5)\""
    case .groupTooLarge(let order, let limit): "the group has \(order) elements; at most \(limit) can be listed"
    }
  }
}
