/// The networks of a layer of a ternary MERA, planned for its bond dimensions.
///
/// A two-site operator h[in,in,out,out] next to a border is seen by the layer above in three places, centre, left and right;
/// rho[A,B,X,Y] is the state above (ket, ket, bra, bra). The closed diagrams, lower-case and upper-case letters summed:
///
///     C:  w abcA, w defB, u stcd, h stST, u STCD, w abCX, w DefY, rho ABXY
///     L:  w abcA, w defB, u stcd, h bsgS, u StCD, w agCX, w DefY, rho ABXY
///     R:  w abcA, w defB, u stcd, h teTG, u sTCD, w abCX, w DGfY, rho ABXY
///
/// Leaving rho open ascends h, leaving h open descends rho, leaving u or a w open gives its environment; each is the mean of
/// the three. All tensors are real, so the environments of the upper and of the lower u and w are alike. Cost lower^4 upper^4.
///
/// Source: Evenbly, Vidal, Phys. Rev. B 79, 144108 (2009).
public final class TernaryNetworks {
  /// Bond dimensions below and above.
  public let lower: Int, upper: Int
  private let ascending: [ContractionPlan], descending: [ContractionPlan], ofDisentangler: [ContractionPlan]
  /// Of the left and of the right isometry.
  private let ofIsometry: [(ContractionPlan, ContractionPlan)]
  private let workspace: ContractionWorkspace

  private static let diagrams = [
    ["abcA", "defB", "stcd", "stST", "STCD", "abCX", "DefY", "ABXY"], ["abcA", "defB", "stcd", "bsgS", "StCD", "agCX", "DefY", "ABXY"],
    ["abcA", "defB", "stcd", "teTG", "sTCD", "abCX", "DGfY", "ABXY"],
  ]

  /// Plans for bond dimension `lower` below the layer and `upper` above; layers may share a workspace.
  public init(lower: Int, upper: Int, workspace: ContractionWorkspace = ContractionWorkspace()) {
    precondition(lower >= 2 && upper >= 1, "bond dimensions")
    self.lower = lower
    self.upper = upper
    self.workspace = workspace
    func plans(open hole: Int) -> [ContractionPlan] {
      Self.diagrams.map { diagram in
        var rest = diagram
        let output = rest.remove(at: hole)
        return ContractionPlan(rest, output: output) { "ABXY".contains($0) ? upper : lower }
      }
    }
    ascending = plans(open: 7)
    descending = plans(open: 3)
    ofDisentangler = plans(open: 2)
    ofIsometry = Array(zip(plans(open: 0), plans(open: 1)))
  }

  /// The plans in words.
  public var costs: [String] {
    (ascending + descending + ofDisentangler + ofIsometry.flatMap { [$0.0, $0.1] }).map(\.description)
  }
  /// Multiplications of one ascent, one descent, and the environments of u and of w.
  public var multiplications: (ascent: Double, descent: Double, disentangler: Double, isometry: Double) {
    func sum(_ plans: [ContractionPlan]) -> Double { plans.reduce(0) { $0 + $1.multiplications } }
    return (sum(ascending), sum(descending), sum(ofDisentangler), sum(ofIsometry.flatMap { [$0.0, $0.1] }))
  }

  /// The mean of plans over the closed diagrams' tensors without the open one.
  private func mean(_ plans: [ContractionPlan], count: Int, _ tensors: [[Double]]) -> [Double] {
    var sum = [Double](repeating: 0, count: count)
    for (i, plan) in plans.enumerated() { plan.contract(tensors, into: &sum, accumulating: i > 0, in: workspace) }
    for i in sum.indices { sum[i] /= 3 }
    return sum
  }

  /// A(h): `[upper, upper, upper, upper]` of `h: [lower, lower, lower, lower]`.
  public func ascend(_ h: [Double], through layer: TernaryLayer) -> [Double] {
    let (w, u) = (layer.isometry, layer.disentangler)
    return mean(ascending, count: upper * upper * upper * upper, [w, w, u, h, u, w, w])
  }
  /// D(rho), the adjoint of A: tr D(rho) h = tr rho A(h).
  public func descend(_ rho: [Double], through layer: TernaryLayer) -> [Double] {
    let (w, u) = (layer.isometry, layer.disentangler)
    return mean(descending, count: lower * lower * lower * lower, [w, w, u, u, w, w, rho])
  }
  /// The environment of u: tr rho A(h) = sum u E.
  public func disentanglerEnvironment(_ h: [Double], _ rho: [Double], of layer: TernaryLayer) -> [Double] {
    let (w, u) = (layer.isometry, layer.disentangler)
    return mean(ofDisentangler, count: u.count, [w, w, h, u, w, w, rho])
  }
  /// The environment of w, of the left and of the right one together: 2 tr rho A(h) = sum w E.
  public func isometryEnvironment(_ h: [Double], _ rho: [Double], of layer: TernaryLayer) -> [Double] {
    let (w, u) = (layer.isometry, layer.disentangler), tensors = [w, u, h, u, w, w, rho]
    var sum = [Double](repeating: 0, count: w.count)
    for (i, plans) in ofIsometry.enumerated() {
      plans.0.contract(tensors, into: &sum, accumulating: i > 0, in: workspace)
      plans.1.contract(tensors, into: &sum, accumulating: true, in: workspace)
    }
    for i in sum.indices { sum[i] /= 3 }
    return sum
  }
}
