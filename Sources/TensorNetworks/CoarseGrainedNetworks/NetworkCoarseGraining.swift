internal import Glibc
internal import LinearAlgebra
public import RandomStreams

/// How a network on the square lattice is coarse grained.
public enum CoarseGrainingScheme: String, Sendable, CaseIterable {
  /// Tensor renormalization group: each tensor is split in two, four halves make a new one. Cost chi^6.
  /// Source: Levin, Nave, Phys. Rev. Lett. 99, 120601 (2007).
  case trg
  /// Higher-order: two tensors are stacked, their double legs cut to the leading eigenvectors. Cost chi^7.
  /// Source: Xie et al., Phys. Rev. B 86, 045139 (2012).
  case hotrg
}

/// A tensor network under coarse graining: the tensor now, and the logarithm of everything that was divided out.
///
/// Each step halves the number of tensors. After n steps one tensor stands for 2^n sites, and
///
///     ln Z / N = sum_{m <= n} ln c_m / 2^m + ln tr T_n / 2^n,   c_m = max |T| at step m,
///
/// is that of a torus of 2^n sites, up to what truncation threw away.
public struct NetworkCoarseGraining: Sendable {
  public let scheme: CoarseGrainingScheme
  /// The largest bond dimension that is kept.
  public let bondDimension: Int
  /// The tensor, its largest element 1. In odd steps TRG's lattice is turned by 45 degrees, HOTRG's block is twice as high as
  /// wide, seen with up and left exchanged.
  public private(set) var tensor: SquareTensor
  /// Steps done, and sum ln c_m / 2^m so far.
  public private(set) var steps = 0, logarithmPerSite = 0.0
  /// What each step has added to `logarithmPerSite` (that of the first tensor first), and the weight that it discarded.
  public private(set) var contributions: [Double] = [], discardedWeights: [Double] = []

  /// The largest bond dimensions that a step takes in a few seconds and a gigabyte.
  public static func bondDimensions(of scheme: CoarseGrainingScheme) -> ClosedRange<Int> { scheme == .trg ? 1...64 : 1...32 }

  /// Starts with the tensor of one site.
  /// - Throws: `bondDimensionOutOfRange`, `vanished` for a tensor of zeros.
  public init(_ tensor: SquareTensor, scheme: CoarseGrainingScheme, bondDimension: Int) throws(TensorNetworkError) {
    let allowed = Self.bondDimensions(of: scheme)
    guard allowed.contains(bondDimension) else { throw .bondDimensionOutOfRange(bondDimension, allowed: allowed) }
    self.scheme = scheme
    self.bondDimension = bondDimension
    self.tensor = tensor
    try normalize()
  }

  /// Takes up where `other` parts of the same kind were saved.
  public init(
    scheme: CoarseGrainingScheme, bondDimension: Int, tensor: SquareTensor, contributions: [Double], discardedWeights: [Double]
  ) {
    self.scheme = scheme
    self.bondDimension = bondDimension
    self.tensor = tensor
    self.contributions = contributions
    self.discardedWeights = discardedWeights
    steps = discardedWeights.count
    logarithmPerSite = contributions.reduce(0, +)
  }

  /// ln Z / N of the torus of 2^n sites; minus infinity where truncation has made the trace negative.
  public var logPartitionPerSite: Double { logarithmPerSite + log(max(0, tensor.trace)) / exp2(Double(steps)) }

  /// One step. `streams` gives the random signs of the sketches, keyed by the step.
  /// - Throws: `vanished`, `decomposition`.
  public mutating func step(from streams: some Streams) throws(TensorNetworkError) {
    let discarded: Double
    do throws(DecompositionError) {
      switch scheme {
      case .trg: (tensor, discarded) = try SplitAndContract.step(tensor, bondDimension, UInt64(steps), streams)
      case .hotrg:
        let (stacked, weight) = try StackAndCut.step(tensor, bondDimension, UInt64(steps), streams)
        // The next step stacks along the other direction.
        (tensor, discarded) = (stacked.mirrored, weight)
      }
    } catch {
      throw .decomposition(error)
    }
    steps += 1
    discardedWeights.append(discarded)
    try normalize()
  }

  private mutating func normalize() throws(TensorNetworkError) {
    var largest = 0.0
    for x in tensor.elements { largest = max(largest, abs(x)) }
    guard largest > 0, largest.isFinite, tensor.elements.allSatisfy(\.isFinite) else { throw .vanished(step: steps) }
    let scale = 1 / largest
    for i in tensor.elements.indices { tensor.elements[i] *= scale }
    contributions.append(log(largest) / exp2(Double(steps)))
    logarithmPerSite += contributions[steps]
  }

  /// Floating-point operations of one step at full bond dimension, for plans.
  public static func operationsPerStep(_ scheme: CoarseGrainingScheme, bondDimension: Int) -> Double {
    let chi = Double(bondDimension), square = chi * chi
    let width = chi + max(8, (chi / 2).rounded(.down))
    return switch scheme {
    case .trg: 2 * square * square * square + 16 * square * square * width
    case .hotrg: 2 * square * square * square * chi + 12 * square * square * square
    }
  }
}
