/// A pure function from (place of use, block number) to a few random words.
public protocol RandomBlocks: Sendable {
  /// The words of block `index`, the same at every call.
  func block(_ index: UInt64) -> SIMD4<UInt64>
}

/// Hands out the words of consecutive blocks in order and turns them into decisions.
public struct BlockGenerator<Blocks: RandomBlocks>: WordChoices, Sendable {
  @usableFromInline let blocks: Blocks
  @usableFromInline var next: UInt64 = 0
  @usableFromInline var buffer = SIMD4<UInt64>()
  @usableFromInline var used = 4

  /// The decisions of one place of use, from its first block on.
  @inlinable public init(_ blocks: Blocks) { self.blocks = blocks }

  @inlinable public mutating func word() -> UInt64 {
    if used == 4 {
      buffer = blocks.block(next)
      next &+= 1
      used = 0
    }
    let word = buffer[used]
    used &+= 1
    return word
  }
}
