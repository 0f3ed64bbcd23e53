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

/// One kernel after another, composed statically so that both stay specialised. The halves get even and odd steps.
public struct Then<First: MarkovKernel, Second: MarkovKernel>: MarkovKernel where First.State == Second.State {
  /// The two kernels, in the order in which they act.
  public var first: First, second: Second
  /// `second` after `first`.
  @inlinable public init(_ first: First, _ second: Second) {
    self.first = first
    self.second = second
  }
  @inlinable public mutating func step(_ state: inout First.State, at step: UInt64, from streams: some Streams) {
    first.step(&state, at: 2 &* step, from: streams)
    second.step(&state, at: 2 &* step &+ 1, from: streams)
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
    for k in 0..<count { kernel.step(&state, at: step &* UInt64(count) &+ UInt64(k), from: streams) }
  }
}
