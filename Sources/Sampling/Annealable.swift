public import RandomStreams

/// A path of unnormalised laws p_l, 0 <= l <= 1, from one that can be sampled and normalised (l = 0) to the target
/// (l = 1). Annealed importance sampling, thermodynamic integration and replica exchange are written once, over it.
///
/// `State` holds a batch of replicas; replica r of the batch stands for the global replica `firstReplica + r`, so the
/// batch may be cut over ranks in any way without changing a bit.
public protocol Annealable: Sendable {
  /// A batch of replicas.
  associatedtype State
  /// A move that leaves p_l invariant on each replica.
  associatedtype Kernel: MarkovKernel where Kernel.State == State
  /// ln Z_0, exactly.
  var startLogPartition: Double { get }
  /// Replicas `firstReplica ..< firstReplica + replicas`, drawn from p_0.
  func start(replicas: Int, firstReplica: Int, from streams: some Streams) -> State
  /// The move at `position`.
  func kernel(at position: Double) -> Kernel
  /// ln p_b(x) - ln p_a(x) of each replica.
  func logRatio(_ state: State, from a: Double, to b: Double) -> [Double]
  /// d ln p_l(x) / dl of each replica at l = `position`.
  func logDerivative(_ state: State, at position: Double) -> [Double]
}
