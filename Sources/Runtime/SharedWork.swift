/// How a team shares a part of a unit's work, and what its ranks tell each other meanwhile: for the choice of teams and for `renorm plan`.
public struct SharedWork: Sendable, Equatable {
  /// What a rank is kept busy by: matrix products, or the spins of a lattice in vectors. One operation is one of a matrix product; 116 of
  /// them stand for a nanosecond of either on the machine on which costs were measured.
  public enum Kind: Sendable { case products, spins }

  /// Predicted operations, out of the unit's.
  public var kind: Kind, operations: Double
  /// Equal pieces (chains, shards, bands of rows) of which a rank has whole ones; nil: it can be cut anywhere.
  public var pieces: Int?
  /// Exchanges with neighbours, one after the other, and the bytes that a rank sends in all of them.
  public var exchanges = 0.0, exchangedBytes = 0.0
  /// Reductions over the team, one after the other, and the bytes of the reduced arrays of all of them.
  public var reductions = 0.0, reducedBytes = 0.0
  /// The parameter that makes the work larger between two messages (a mini-batch, a lattice's edge), with its value.
  public var parameter: String?, value = 0.0
  public init(_ kind: Kind = .products, operations: Double, pieces: Int? = nil) {
    self.kind = kind
    self.operations = operations
    self.pieces = pieces
  }
  /// A part whose ranks exchange with their neighbours; a larger lattice, of edge `value`, has more to do between two exchanges.
  public func exchanging(_ exchanges: Double, bytes: Double, parameter: String, value: Double) -> SharedWork {
    var work = self
    (work.exchanges, work.exchangedBytes, work.parameter, work.value) = (exchanges, bytes, parameter, value)
    return work
  }
  /// A part whose ranks reduce arrays.
  public func reducing(_ reductions: Double, bytes: Double, parameter: String? = nil, value: Double = 0) -> SharedWork {
    var work = self
    (work.reductions, work.reducedBytes) = (reductions, bytes)
    if let parameter { (work.parameter, work.value) = (parameter, value) }
    return work
  }

  /// Operations of the rank that has most of it in a team of `ranks`.
  func operations(ranks: Int) -> Double {
    guard let pieces else { return operations / Double(ranks) }
    return operations * Double((pieces + ranks - 1) / ranks) / Double(pieces)
  }
  /// The same with `factor` times the work between the messages: sites, or samples of a batch. An edge's bytes grow by the root.
  func grown(by factor: Double) -> SharedWork {
    var work = self
    work.operations *= factor
    work.exchangedBytes *= factor.squareRoot()
    return work
  }
  /// The parameter's value for `factor` times the work.
  func value(for factor: Double) -> Double { exchanges > 0 ? value * factor.squareRoot() : value * factor }
}
