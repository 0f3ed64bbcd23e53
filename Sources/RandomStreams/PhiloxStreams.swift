/// Streams over Philox-4x32-10, for tests that results do not hang on the generator.
///
/// Philox has 192 bits of key and counter, fewer than a place of use: the place is hashed by two Philox rounds of
/// chaining into a 64-bit key and the upper counter word, so two places coincide with probability 2^-128.
public struct PhiloxStreams: Streams {
  /// The key of the unit of work.
  public let key: StreamKey
  /// All streams of the unit of work with this key.
  @inlinable public init(_ key: StreamKey) { self.key = key }

  /// The decisions of one place of use, from Philox blocks.
  @inlinable public func generator(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> BlockGenerator<PhiloxBlocks> {
    let unit = Philox4x32.block(key: UInt64(purpose.rawValue), counter: SIMD2(key.high, key.low))
    let chain = Philox4x32.block(key: unit[0], counter: SIMD2(UInt64(bitPattern: Int64(replica)), unit[1]))
    let place = Philox4x32.block(
      key: chain[0], counter: SIMD2(step, UInt64(bitPattern: Int64(site)) ^ chain[1]))
    return BlockGenerator(PhiloxBlocks(key: place[0], high: place[1]))
  }
}

/// Philox blocks of one place of use: two Philox outputs for a block of four words.
public struct PhiloxBlocks: RandomBlocks {
  @usableFromInline let key: UInt64, high: UInt64
  @inlinable init(key: UInt64, high: UInt64) {
    self.key = key
    self.high = high
  }
  @inlinable public func block(_ index: UInt64) -> SIMD4<UInt64> {
    SIMD4(
      lowHalf: Philox4x32.block(key: key, counter: SIMD2(2 &* index, high)),
      highHalf: Philox4x32.block(key: key, counter: SIMD2(2 &* index &+ 1, high)))
  }
}
