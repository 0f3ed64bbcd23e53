import RandomStreams

/// Sets each number to zero with probability `rate` while training and divides the others by 1 - rate; the identity
/// otherwise (N. Srivastava et al., JMLR 15 (2014) 1929, scaled in training).
///
/// Which ones depends on (slot in the mini-batch, step, layer) alone; they are drawn again on the way back.
public struct Dropout: Sendable, Equatable {
  /// What enters and leaves.
  public let input: FeatureShape
  /// The probability of zero, in [0, 1).
  public let rate: Double

  /// y = x kept / (1 - rate) for one sample; the same on deltas on the way back, then times f'(values) of the activation
  /// below. `y` may be `x`.
  func apply<Scalar: NetworkScalar>(
    _ x: UnsafePointer<Scalar>, at place: SamplePlace, below: Activation = .identity, values: UnsafePointer<Scalar>? = nil,
    into y: UnsafeMutablePointer<Scalar>
  ) {
    var lanes = place.streams.lanes(replica: place.slot, step: place.step, site: place.layer, purpose: .hidden)
    let threshold = UInt32((1 - rate) * 0x1p32 > 0xFFFF_FFFF ? 0xFFFF_FFFF : (1 - rate) * 0x1p32), scale = Scalar(1 / (1 - rate))
    for start in stride(from: 0, to: input.count, by: 16) {
      let words = unsafe unsafeBitCast(lanes.next(), to: SIMD16<UInt32>.self)
      for k in start..<min(start + 16, input.count) {
        let slope = unsafe values.map { unsafe Scalar(below.slope(at: Double($0[k]))) } ?? 1
        unsafe y[k] = words[k - start] < threshold ? x[k] * scale * slope : 0
      }
    }
  }
}
