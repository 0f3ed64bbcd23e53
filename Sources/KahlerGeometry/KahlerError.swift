/// Why a point process, a measure or a polygon is refused.
public enum KahlerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The weight cannot be normalised at this beta: it must exceed `threshold`, where points fall on each other.
  case unstable(beta: Double, threshold: Double)
  /// Points fall into a cone point: the process is Gibbs stable only where the threshold is above 1.
  case gibbsUnstable(threshold: Double, heaviest: Double)
  /// A cone weight is not below 1.
  case coneWeight(Double)
  /// The weights add up to 2: neither log Fano nor log canonical.
  case flat
  /// Fewer points than the process needs.
  case tooFewPoints(found: Int, required: Int)
  /// Two points stand at one place.
  case coincidentPoints(first: Int, second: Int)
  /// A point that is not on the unit sphere.
  case offSphere(point: Int)
  /// A polygon whose edge from this vertex is not at lattice distance 1 from the origin.
  case notReflexive(vertex: Int, distance: Int)
  /// Vertices that do not go round a convex polygon counterclockwise.
  case notConvex(vertex: Int)
  /// An iteration that did not come to rest.
  case notConverged(residual: Double)
  /// A density too narrow for polynomials of this degree: an identity that it obeys is missed by so much.
  case notResolved(degree: Int, residual: Double)

  public var description: String {
    switch self {
    case .unstable(let beta, let threshold):
      "beta = \((beta * 1e12).rounded() / 1e12) has no normalisable weight: it must exceed \(threshold)"
    case .gibbsUnstable(let threshold, let heaviest):
      "not Gibbs stable: the threshold is \(threshold), which must exceed 1 (the heaviest weight is \(heaviest); each must stay below half of their sum)"
    case .coneWeight(let weight): "a cone weight must lie below 1, found \(weight)"
    case .flat: "the weights add up to 2, where neither sign of the curvature is meant; change one of them"
    case .tooFewPoints(let found, let required): "\(found) points where at least \(required) are needed"
    case .coincidentPoints(let first, let second): "points \(first) and \(second) stand at one place"
    case .offSphere(let point): "point \(point) is not on the unit sphere"
    case .notReflexive(let vertex, let distance):
      "the polygon is not reflexive: its edge from vertex \(vertex) is at lattice distance \(distance) from the origin, not 1"
    case .notConvex(let vertex): "the vertices must go round a convex polygon counterclockwise; vertex \(vertex) does not turn left"
    case .notResolved(let degree, let residual):
      "the density is too narrow for polynomials of degree \(degree): (2 + 2 beta) <z> + a <1 - z^2> is \(Float(residual)), not 0"
    case .notConverged(let residual): "the iteration did not come to rest: the residual is \(Float(residual))"
    }
  }
}
