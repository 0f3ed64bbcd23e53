public import LinearAlgebra

/// What the numbers of a block are: steppers treat them differently (penalties act on weights alone).
public enum BlockRole: Sendable, Equatable { case weights, biases }

/// A point of parameter space, or a direction in it, stored as flat blocks, so that a stepper sees plain numbers: Adam,
/// L1 and noise need components, not only inner products.
///
/// A point and its direction have the same blocks: the same number, with the same counts.
public protocol Blocks: Sendable {
  /// The type of one component.
  associatedtype Scalar: DenseScalar
  /// How many blocks there are.
  var blockCount: Int { get }
  /// What block `index` holds.
  func role(of index: Int) -> BlockRole
  /// All components of a block. Conformers provide a `_modify` accessor, so that a change happens in place.
  subscript(block index: Int) -> [Scalar] { get set }
}
