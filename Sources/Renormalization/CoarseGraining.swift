public import RandomStreams
public import Sampling

/// A map from fine configurations to coarse ones: a majority rule, decimation, a trained layer.
///
/// Laws (kit `CoarseGrainingLaws`): one coarse configuration for each fine one; the randomness of row i is keyed by the
/// global sample `firstSample + i`, so a batch may be cut anywhere without changing a bit; rules that claim it commute
/// with the global spin flip and with translations by whole blocks; composing with `Unchanged` does nothing.
public protocol CoarseGraining: Sendable {
  /// How much longer the coarse lattice spacing is than the fine one: (fine variables / coarse variables)^(1/d).
  var scaleFactor: Double { get }
  /// How many `step` values of the streams the rule uses; a rule that follows in a composition starts after them.
  var levels: Int { get }
  /// The coarse configuration of each fine one, in order; row i is global sample `firstSample + i`.
  func coarsen(
    _ fine: Configurations, firstSample: Int, from streams: some Streams
  ) throws(CoarseGrainingError) -> Configurations
}

extension CoarseGraining {
  public var levels: Int { 1 }
}

/// Why configurations cannot be coarsened or probed.
public enum CoarseGrainingError: Error, Equatable, Sendable {
  /// A lattice extent is no multiple of the block.
  case incommensurate(size: Int, block: Int)
  /// The rule or probe needs a place for each variable and there is none.
  case unplacedSites
  /// The rule needs the sites of a whole lattice; these stand at single places.
  case notALattice
  /// The rule was made for another number of variables.
  case sizeMismatch(expected: Int, found: Int)
}

/// The rule that changes nothing: the neutral element of composition.
public struct Unchanged: CoarseGraining {
  /// The neutral rule.
  public init() {}
  public var scaleFactor: Double { 1 }
  public var levels: Int { 0 }
  public func coarsen(
    _ fine: Configurations, firstSample: Int, from streams: some Streams
  ) throws(CoarseGrainingError) -> Configurations { fine }
}

/// One rule after another. Scale factors multiply; the second rule's random decisions are keyed after the first's, so
/// the levels of a flow are independent and composition is associative bit for bit.
public struct Composition<First: CoarseGraining, Second: CoarseGraining>: CoarseGraining {
  /// The rules, in the order in which they act.
  public let first: First, second: Second
  /// `second` after `first`.
  public init(_ first: First, _ second: Second) {
    self.first = first
    self.second = second
  }
  public var scaleFactor: Double { first.scaleFactor * second.scaleFactor }
  public var levels: Int { first.levels + second.levels }
  @inlinable public func coarsen(
    _ fine: Configurations, firstSample: Int, from streams: some Streams
  ) throws(CoarseGrainingError) -> Configurations {
    let middle = try first.coarsen(fine, firstSample: firstSample, from: streams)
    return try second.coarsen(middle, firstSample: firstSample, from: LaterSteps(streams, by: UInt64(first.levels)))
  }
}

/// Streams whose steps are counted from a later one.
public struct LaterSteps<Source: Streams>: Streams {
  @usableFromInline let source: Source
  @usableFromInline let offset: UInt64
  /// Step s of these streams is step `s + offset` of `source`.
  @inlinable public init(_ source: Source, by offset: UInt64) {
    self.source = source
    self.offset = offset
  }
  @inlinable public func generator(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> Source.Generator {
    source.generator(replica: replica, step: step &+ offset, site: site, purpose: purpose)
  }
  @inlinable public func lanes(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> Source.Lanes {
    source.lanes(replica: replica, step: step &+ offset, site: site, purpose: purpose)
  }
  @inlinable public func series(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> Source.Series {
    source.series(replica: replica, step: step &+ offset, site: site, purpose: purpose)
  }
}
