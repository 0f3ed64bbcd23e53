/// A partial result that a coordinator can combine: all that a coordinator does is merge.
///
/// Laws: `empty` is neutral on both sides; `merge` is associative. Exact on integers; with floating-point contents the
/// merges are taken in one fixed global order (by chain, row, shard or plan index), which never depends on ranks.
public protocol Mergeable {
  /// The neutral element.
  static var empty: Self { get }
  /// Adds what `other` holds.
  mutating func merge(_ other: Self)
}
