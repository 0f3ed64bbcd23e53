public import RandomStreams

/// A classical lattice model with nearest-neighbour bonds: weight p(x) proportional to exp(`logWeight`(x)). Moves are
/// written once over it; the conventions of the models are in their files.
///
/// A site sees its neighbours only through its `LocalField`, a sum over its 2d neighbours, so p(site | rest) is a
/// function of (value, field).
public protocol LatticeModel<Value>: Sendable {
  /// The variable of one site.
  associatedtype Value: LatticeValue
  /// What a site sees of its neighbours.
  associatedtype LocalField
  /// The lattice.
  var lattice: HypercubicLattice { get }
  /// ln of the unnormalised weight.
  func logWeight(_ values: [Value]) -> Double
  /// A cold start's value.
  var coldValue: Value { get }
  /// A hot start's value: independent of its neighbours.
  func hotValue(from choices: inout some RandomChoices) -> Value
  /// The field of no neighbours.
  var emptyField: LocalField { get }
  /// Adds one neighbour to the field.
  func add(_ neighbour: Value, to field: inout LocalField)
  /// ln p(new | field) - ln p(old | field).
  func logWeightChange(from old: Value, to new: Value, in field: LocalField) -> Double
  /// The Metropolis acceptance min(1, p(new | field) / p(old | field)); models override it with a table.
  func acceptance(from old: Value, to new: Value, in field: LocalField) -> Double
  /// A Metropolis proposal, as likely from `old` to `new` as back. Models of discrete values, whose proposals are
  /// uniform among the other values, have no use for `width`.
  func proposal(from old: Value, width: Double, choices: inout some RandomChoices) -> Value
  /// Whether a value has just one other to propose, so that a move at no cost is certain.
  var hasTwoValues: Bool { get }
}

/// A model whose conditional law of one site can be sampled.
public protocol HeatBathModel: LatticeModel {
  /// A value drawn from p(. | field).
  func conditionalValue(in field: LocalField, from choices: inout some RandomChoices) -> Value
}

/// A model that cluster moves serve: a cyclic group of `turns` elements acts on the values and leaves the weight
/// invariant when it acts on all sites. The group may hang on an axis, drawn once for each move.
///
/// Laws, for all values a, b with bond weight w and turn g: w(ga, gb) = w(a, b); the bond probability P(a, b) is
/// symmetric and invariant in the same way; w(a, b) (1 - P(a, b)) = w(ga, b) (1 - P(ga, b)). Then bonds drawn with P
/// and clusters turned independently leave the weight invariant (Fortuin, Kasteleyn 1972; Wolff, PRL 62, 361 (1989)).
/// Besides P(ga, b) = 0 where P(a, b) > 0 and g is not the identity, so a grown cluster needs no marks.
public protocol ClusterModel: LatticeModel {
  /// What one move fixes for all clusters.
  associatedtype Axis
  /// Throws where the model's parameters break the symmetry.
  func checkClusterMoves() throws(LatticeError)
  /// The order of the group; element 0 is the identity.
  var turns: Int { get }
  /// Draws an axis.
  func axis(from choices: inout some RandomChoices) -> Axis
  /// The probability of a bond between neighbours with these values.
  func bondProbability(_ a: Value, _ b: Value, _ axis: Axis) -> Double
  /// The value after the group element `turn`, 0 ..< turns.
  func turned(_ value: Value, by turn: Int, _ axis: Axis) -> Value
}

extension LatticeModel {
  /// More than two, or a continuum.
  public var hasTwoValues: Bool { false }
  @inlinable public func acceptance(from old: Value, to new: Value, in field: LocalField) -> Double {
    metropolisAcceptance(logWeightChange(from: old, to: new, in: field))
  }
  /// The field of `site`.
  @inlinable public func localField(at site: Int, _ values: [Value]) -> LocalField {
    var field = emptyField
    let links = 2 &* lattice.dimensions
    for k in links &* site..<links &* (site &+ 1) { add(values[Int(lattice.neighbours[k])], to: &field) }
    return field
  }
  /// The sum over forward bonds (site, neighbour) of `term`, in order of sites and then axes.
  @inlinable public func bondSum(_ values: [Value], _ term: (Value, Value) -> Double) -> Double {
    precondition(values.count == lattice.sites, "values do not fit the lattice")
    var sum = 0.0
    for site in 0..<lattice.sites {
      for axis in 0..<lattice.dimensions { sum += term(values[site], values[lattice.forward(site, axis: axis)]) }
    }
    return sum
  }
  /// Throws where the lattice is too small for cluster moves: at an extent of 2 bonds are double.
  @inlinable public func checkClusterLattice() throws(LatticeError) {
    let least = lattice.extents.min()!
    guard least >= 3 else { throw .tooSmall(extent: least, minimum: 3) }
  }
}
