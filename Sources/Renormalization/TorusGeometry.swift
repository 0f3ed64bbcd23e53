internal import Glibc

/// Distances and circular means on a periodic lattice whose row-major `shape` gives its extents.
struct TorusGeometry: Sendable, Equatable {
  let shape: [Int]

  /// The coordinates of a site, one for each axis.
  func coordinates(_ site: Int) -> [Int] {
    var rest = site, result = [Int](repeating: 0, count: shape.count)
    for axis in shape.indices.reversed() {
      result[axis] = rest % shape[axis]
      rest /= shape[axis]
    }
    return result
  }
  /// The coordinates of all sites, `[sites, axes]`.
  var allCoordinates: [Double] {
    (0..<shape.reduce(1, *)).flatMap { coordinates($0).map(Double.init) }
  }
  /// The site at these coordinates, each taken modulo its extent.
  func site(_ coordinates: [Int]) -> Int {
    var site = 0
    for (axis, size) in shape.enumerated() {
      let c = coordinates[axis] % size
      site = site * size + (c < 0 ? c + size : c)
    }
    return site
  }
  /// The squared length of the shortest way between two points.
  func squaredDistance(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for axis in shape.indices {
      let d = minimumImage(a[axis] - b[axis], Double(shape[axis]))
      sum += d * d
    }
    return sum
  }
}

/// The representative of a coordinate difference in [-size/2, size/2].
@inline(__always) func minimumImage(_ difference: Double, _ size: Double) -> Double {
  difference - size * (difference / size).rounded()
}
