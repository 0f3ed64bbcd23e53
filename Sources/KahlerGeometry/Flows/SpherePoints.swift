public import GradientFlows
import Glibc
public import LinearAlgebra
public import RandomStreams

/// N points on the unit sphere as a point of a gradient flow: one block, all x, then all y, then all z. A straight step comes
/// back by central projection, x -> x/|x|.
public struct SpherePoints: Space, Equatable {
  /// N, and the coordinates `[3, N]`.
  public let count: Int
  public var coordinates: [Double]

  /// Points at given unit vectors.
  public init(_ vectors: [SIMD3<Double>]) {
    count = vectors.count
    coordinates = vectors.map(\.x) + vectors.map(\.y) + vectors.map(\.z)
  }
  /// Independent uniform points, those of `SphereGas.start`.
  public init(count: Int, replica: Int, from streams: some Streams) {
    var choices = streams.series(replica: replica, step: 0, site: 0, purpose: .initial)
    self.init((0..<count).map { _ in choices.direction() })
  }

  public var blockCount: Int { 1 }
  public func role(of index: Int) -> BlockRole { .weights }
  public subscript(block index: Int) -> [Double] {
    get { coordinates }
    _modify { yield &coordinates }
  }
  /// Point `index`.
  public subscript(index: Int) -> SIMD3<Double> { SIMD3(coordinates[index], coordinates[count + index], coordinates[2 * count + index]) }
  /// sum x_i.
  public var total: SIMD3<Double> { (0..<count).reduce(SIMD3<Double>.zero) { $0 + self[$1] } }

  public func project<Direction: Blocks>(_ direction: inout Direction) where Direction.Scalar == Double {
    let n = count
    change(&direction[block: 0]) { v, i in
      let x = self[i], along = v[i] * x.x + v[n + i] * x.y + v[2 * n + i] * x.z
      v[i] -= along * x.x
      v[n + i] -= along * x.y
      v[2 * n + i] -= along * x.z
    }
  }
  private func change(_ v: inout [Double], _ body: (inout [Double], Int) -> Void) {
    precondition(v.count == 3 * count, "a direction has the blocks of its point")
    for i in 0..<count { body(&v, i) }
  }
  public mutating func retract() {
    for i in 0..<count {
      let x = self[i], length = (x * x).sum().squareRoot()
      coordinates[i] /= length
      coordinates[count + i] /= length
      coordinates[2 * count + i] /= length
    }
  }
  /// v = y/(x.y) - x, the gnomonic chart: dv = dy / (x.y)^3. None where y lies beyond the horizon of x.
  public func displacement<Direction: Blocks>(to other: SpherePoints, into direction: inout Direction) -> Double?
  where Direction.Scalar == Double {
    var volume = 0.0
    for i in 0..<count {
      let x = self[i], y = other[i], cosine = (x * y).sum()
      guard cosine > 0 else { return nil }
      let v = y / cosine - x
      direction[block: 0][i] = v.x
      direction[block: 0][count + i] = v.y
      direction[block: 0][2 * count + i] = v.z
      volume -= 3 * log(cosine)
    }
    return volume
  }
}
