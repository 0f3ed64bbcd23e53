/// The streams of production: Threefry-4x64-20, keyed by the place of use itself.
///
/// Threefry key = (key.high, key.low, replica, purpose), counter = (step, site, block, 0): an injection, so two places
/// of use never share a block. Lane sources use key word 3 = purpose + 256 and the lane as block,
/// series purpose + 512 and block 0.
public struct KeyedStreams: Streams {
  /// The key of the unit of work.
  public let key: StreamKey
  /// All streams of the unit of work with this key.
  @inlinable public init(_ key: StreamKey) { self.key = key }

  /// The decisions of one place of use, from Threefry blocks.
  @inlinable public func generator(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> CounterGenerator {
    CounterGenerator(
      ThreefryBlocks(
        key: SIMD4(key.high, key.low, UInt64(bitPattern: Int64(replica)), UInt64(purpose.rawValue)), step: step,
        site: UInt64(bitPattern: Int64(site))))
  }

  /// Eight xoshiro256++ generators for one place of use, seeded from eight Threefry blocks (some 30 ns with AVX-512).
  @inlinable public func lanes(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> LaneGenerator {
    let (a, b, c, d) = Threefry4x64.lanes(
      key: SIMD4(key.high, key.low, UInt64(bitPattern: Int64(replica)), UInt64(purpose.rawValue) | 256), first: step,
      second: UInt64(bitPattern: Int64(site)))
    return LaneGenerator(a, b, c, d)
  }

  /// One xoshiro256++ generator for one place of use, seeded from one Threefry block (some 20 ns).
  @inlinable public func series(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> SeriesGenerator {
    SeriesGenerator(
      state: Threefry4x64.block(
        key: SIMD4(key.high, key.low, UInt64(bitPattern: Int64(replica)), UInt64(purpose.rawValue) | 512),
        counter: SIMD4(step, UInt64(bitPattern: Int64(site)), 0, 0)))
  }
}

/// Threefry blocks of one place of use.
public struct ThreefryBlocks: RandomBlocks {
  @usableFromInline let key: SIMD4<UInt64>
  @usableFromInline let step: UInt64, site: UInt64
  @inlinable init(key: SIMD4<UInt64>, step: UInt64, site: UInt64) {
    self.key = key
    self.step = step
    self.site = site
  }
  @inlinable public func block(_ index: UInt64) -> SIMD4<UInt64> {
    Threefry4x64.block(key: key, counter: SIMD4(step, site, index, 0))
  }
}

/// The generator of `KeyedStreams`: four words per Threefry block.
public typealias CounterGenerator = BlockGenerator<ThreefryBlocks>
