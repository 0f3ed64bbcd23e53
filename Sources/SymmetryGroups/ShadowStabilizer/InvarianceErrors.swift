/// How far features are from being invariant under one transformation, over a set of samples:
///
///     e(g) = ||F o g - F||^2 / (2 Var F)
///
/// is 0 where F is invariant, 1 where F o g is uncorrelated with F, 2 where it is -F.
public struct InvarianceErrors: Sendable {
  /// F on the samples, `[samples, features]`, row-major.
  private let values: [Double]
  /// How many features and samples there are.
  public let features: Int, samples: Int
  /// Var F of each feature over the samples.
  public let variances: [Double]

  /// `values: [samples, features]`, row-major, of the features on the samples as they are.
  public init(values: [Double], features: Int) {
    precondition(features > 0 && values.count % features == 0, "values are [samples, features]")
    self.values = values
    self.features = features
    samples = values.count / features
    var means = [Double](repeating: 0, count: features), variances = means
    for s in 0..<samples { for f in 0..<features { means[f] += values[s * features + f] } }
    for f in 0..<features { means[f] /= Double(max(1, samples)) }
    for s in 0..<samples {
      for f in 0..<features {
        let d = values[s * features + f] - means[f]
        variances[f] += d * d
      }
    }
    let count = Double(max(1, samples))
    self.variances = variances.map { $0 / count }
  }

  /// e(g) of each feature from its values on the transformed samples; not a number for a constant feature.
  public func errors(of transformed: [Double]) -> [Double] {
    precondition(transformed.count == values.count, "transformed values are [samples, features]")
    var sums = [Double](repeating: 0, count: features)
    for s in 0..<samples {
      let row = s &* features
      for f in 0..<features {
        let d = transformed[row &+ f] - values[row &+ f]
        sums[f] += d * d
      }
    }
    return zip(sums, variances).map { $1 > 0 ? $0 / (2 * Double(samples) * $1) : .nan }
  }
}

extension GroupAction {
  /// e(g) of one feature for each of `elements`, on `samples`.
  public func invarianceErrors(of feature: (Point) -> Double, elements: [Element], samples: [Point]) -> [Double] {
    let errors = InvarianceErrors(values: samples.map(feature), features: 1)
    return elements.map { g in errors.errors(of: samples.map { feature(image(of: $0, under: g)) })[0] }
  }
}

/// The elements of a group under which a feature is nearly invariant, S = {g : e(g) < threshold}: an approximate
/// stabilizer, not always a group.
public struct ShadowStabilizer: Sendable {
  /// The order of the group, and the places of the members in the list of its elements.
  public let order: Int, members: [Int]

  /// From e(g) of all elements of the group, the identity first.
  public init(errors: [Double], threshold: Double) {
    order = errors.count
    members = errors.indices.filter { errors[$0] < threshold }
  }

  /// |G| / |S|: the length of the orbit where S is the stabilizer.
  public var effectiveOrbitSize: Double { Double(order) / Double(max(1, members.count)) }

  /// The part of the products of two members that are not members: 0 where S is a group. At most `limit` members,
  /// evenly spread over S, take part; `product` gives the place of a product.
  public func closureDefect(limit: Int = 256, product: (Int, Int) -> Int) -> Double {
    guard !members.isEmpty else { return 0 }
    var isMember = [Bool](repeating: false, count: order)
    for member in members { isMember[member] = true }
    let used = members.count <= limit ? members : (0..<limit).map { members[$0 * members.count / limit] }
    var outside = 0
    for a in used { for b in used where !isMember[product(a, b)] { outside += 1 } }
    return Double(outside) / Double(used.count * used.count)
  }
}
