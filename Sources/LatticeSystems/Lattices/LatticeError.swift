/// Why a lattice, a model or a kernel on it is refused.
public enum LatticeError: Error, Equatable, Sendable {
  /// An extent below the smallest that makes sense: 2 for any lattice, 3 for cluster moves (at 2 each bond is double).
  case tooSmall(extent: Int, minimum: Int)
  /// A checkerboard needs even extents.
  case oddSize(rows: Int, columns: Int)
  /// Cluster moves need a ferromagnetic coupling.
  case negativeCoupling(Double)
  /// K or B is not finite.
  case nonFiniteCoupling(coupling: Double, field: Double)
  /// A lattice has one to seven axes and fewer than 2^31 links from sites to neighbours.
  case badShape([Int])
  /// The number of colours of a Potts model.
  case coloursOutOfRange(Int, allowed: ClosedRange<Int>)
  /// kappa or lambda for which exp(-S) cannot be normalised or which is not finite.
  case unstableScalar(kappa: Double, lambda: Double)
  /// A width of proposals or a step size must be finite and above zero.
  case badWidth(Double)
  /// More sites than the kernel can count.
  case tooManySites(Int, most: Int)
  /// The kernel has no field term.
  case fieldNotSupported(Double)
}

extension LatticeError: CustomStringConvertible {
  /// One line for the user.
  public var description: String {
    switch self {
    case .tooSmall(let extent, let minimum): "lattice extent \(extent) is too small: at least \(minimum) is needed here"
    case .oddSize(let rows, let columns): "a checkerboard needs even extents, found \(rows) x \(columns)"
    case .negativeCoupling(let coupling): "cluster moves need a coupling of at least 0, found \(coupling)"
    case .nonFiniteCoupling(let coupling, let field): "coupling \(coupling) and field \(field) must be finite"
    case .badShape(let extents): "no lattice has the extents \(extents): one to seven axes, fewer than 2^31 links"
    case .coloursOutOfRange(let colours, let allowed): "\(colours) colours are not in \(allowed)"
    case .unstableScalar(let kappa, let lambda): "kappa = \(kappa), lambda = \(lambda) give no normalisable weight"
    case .badWidth(let width): "a width must be finite and above 0, found \(width)"
    case .tooManySites(let sites, let most): "\(sites) sites are too many here: at most \(most)"
    case .fieldNotSupported(let field): "this kernel works without a field only, found \(field)"
    }
  }
}
