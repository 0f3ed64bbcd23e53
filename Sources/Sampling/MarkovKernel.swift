public import RandomStreams

/// One move of a Markov chain that leaves a weight invariant.
///
/// Law: pT = p, checked exactly by the law kit, which enumerates every branch of the kernel's decisions.
public protocol MarkovKernel<State>: Sendable {
  /// The configuration that the kernel changes in place.
  associatedtype State
  /// One step, whose randomness is a function of (replica of the state, step) alone.
  mutating func step(_ state: inout State, at step: UInt64, from streams: some Streams)
}

/// One kernel after another, composed statically so that both stay specialised. Each has steps of its own
/// (`step.branch`), so that nested kernels never share a stream, however deep.
public struct Then<First: MarkovKernel, Second: MarkovKernel>: MarkovKernel where First.State == Second.State {
  /// The two kernels, in the order in which they act.
  public var first: First, second: Second
  /// `second` after `first`.
  @inlinable public init(_ first: First, _ second: Second) {
    self.first = first
    self.second = second
  }
  @inlinable public mutating func step(_ state: inout First.State, at step: UInt64, from streams: some Streams) {
    first.step(&state, at: step.branch(0), from: streams)
    second.step(&state, at: step.branch(1), from: streams)
  }
}

/// A kernel applied `count` times as one step.
public struct Repeat<Kernel: MarkovKernel>: MarkovKernel {
  /// The kernel and how often it acts.
  public var kernel: Kernel
  public let count: Int
  /// `count` steps of `kernel` as one; `count >= 1`.
  @inlinable public init(_ kernel: Kernel, count: Int) {
    precondition(count >= 1, "a kernel is repeated at least once")
    self.kernel = kernel
    self.count = count
  }
  @inlinable public mutating func step(_ state: inout Kernel.State, at step: UInt64, from streams: some Streams) {
    for k in 0..<count { kernel.step(&state, at: step.part(k, of: count), from: streams) }
  }
}

/// How composed kernels number the steps of their parts, one to one: the upper 16 bits of a step are a place in the tree
/// of compositions, the lower 48 count.
extension UInt64 {
  @usableFromInline static var counting: UInt64 { 1 << 48 - 1 }
  /// The step of the first (0) or second (1) of two kernels that make one: the places in the tree are numbered as in a heap,
  /// which serves 15 compositions in one another.
  @inlinable func branch(_ which: UInt64) -> UInt64 { (2 &* (self >> 48) &+ 1 &+ which) << 48 | self & Self.counting }
  /// The step of the `k`-th of `count` parts that follow one another.
  @inlinable public func part(_ k: Int, of count: Int) -> UInt64 {
    self & ~Self.counting | (self &* UInt64(count) &+ UInt64(k)) & Self.counting
  }
}
