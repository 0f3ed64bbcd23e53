public import Sampling

/// The kernel of 2x2 block majority: 512 blocks at a time on packed words.
///
/// The even rows of a configuration make one stream of bits, the odd rows another. Two neighbouring words of each
/// stream hold 64 blocks; they are laid out as four bit planes p q / r s, the first word's blocks at even bits, the
/// second's at odd bits, decided, and unshuffled into one word of the coarse lattice.
@usableFromInline struct TwoByTwoMajority {
  private let rows: Int, columns: Int
  private let fineWords: Int, coarseWords: Int
  /// How many vectors of 512 coins a sample takes: two planes for each eight coarse words.
  @usableFromInline let coinsPerSample: Int
  /// Words of each row stream, rounded up to whole vectors.
  private let streamWords: Int

  @usableFromInline init(_ fine: Configurations, _ geometry: BlockGeometry) {
    rows = geometry.fineShape[0]
    columns = geometry.fineShape[1]
    fineWords = fine.wordsPerConfiguration
    coarseWords = (geometry.corners.count + 63) / 64
    coinsPerSample = 2 * ((coarseWords + 7) / 8)
    streamWords = 8 * coinsPerSample
  }

  /// Decides the blocks of the samples `samples`; `coins` holds `coinsPerSample` vectors for each.
  @usableFromInline func decide(
    _ fine: Configurations, _ samples: Range<Int>, _ coins: [SIMD8<UInt64>], _ coarse: inout Configurations
  ) {
    var streams = [UInt64](repeating: 0, count: 2 * streamWords)
    unsafe streams.withUnsafeMutableBufferPointer { streams in
      let even = streams.baseAddress!, odd = unsafe even + streamWords
      unsafe fine.words.withUnsafeBufferPointer { fineWordsOfAll in
        unsafe coarse.words.withUnsafeMutableBufferPointer { output in
          unsafe coins.withUnsafeBufferPointer { coins in
            for sample in samples {
              unsafe split(fineWordsOfAll.baseAddress! + sample * fineWords, even, odd)
              unsafe decide(
                even, odd, coins.baseAddress! + (sample - samples.lowerBound) * coinsPerSample,
                output.baseAddress! + sample * coarseWords)
            }
          }
        }
      }
    }
  }

  private func decide(
    _ even: UnsafePointer<UInt64>, _ odd: UnsafePointer<UInt64>, _ coins: UnsafePointer<SIMD8<UInt64>>,
    _ output: UnsafeMutablePointer<UInt64>
  ) {
    for chunk in 0..<coinsPerSample / 2 {
      let top = unsafe UnsafeRawPointer(even + 16 * chunk).loadUnaligned(as: SIMD16<UInt64>.self)
      let bottom = unsafe UnsafeRawPointer(odd + 16 * chunk).loadUnaligned(as: SIMD16<UInt64>.self)
      let decided = unsafe majority(
        top.evenHalf, top.oddHalf, bottom.evenHalf, bottom.oddHalf, coins[2 * chunk], coins[2 * chunk + 1])
      let words = unshuffled(decided), count = min(8, coarseWords - 8 * chunk)
      if count == 8 {
        unsafe UnsafeMutableRawPointer(output + 8 * chunk).storeBytes(of: words, as: SIMD8<UInt64>.self)
      } else {
        for k in 0..<count { unsafe output[8 * chunk + k] = words[k] }
      }
    }
  }

  /// Fills the two streams from one configuration; words past the last row stay zero.
  private func split(
    _ words: UnsafePointer<UInt64>, _ even: UnsafeMutablePointer<UInt64>, _ odd: UnsafeMutablePointer<UInt64>
  ) {
    if columns % 64 == 0 {
      let w = columns / 64
      for pair in 0..<rows / 2 {
        unsafe (even + pair * w).update(from: words + 2 * pair * w, count: w)
        unsafe (odd + pair * w).update(from: words + (2 * pair + 1) * w, count: w)
      }
    } else if columns == 32 {
      // A word is an even row below an odd one; two words make one word of each stream.
      for k in 0..<rows / 4 {
        let low = unsafe words[2 &* k], high = unsafe words[2 &* k &+ 1]
        unsafe even[k] = low & 0xFFFF_FFFF | high &<< 32
        unsafe odd[k] = low &>> 32 | high & 0xFFFF_FFFF_0000_0000
      }
      if rows / 2 % 2 == 1 {
        let last = unsafe words[rows / 2 - 1]
        unsafe even[rows / 4] = last & 0xFFFF_FFFF
        unsafe odd[rows / 4] = last &>> 32
      }
    } else {
      for k in 0..<streamWords { unsafe (even[k], odd[k]) = (0, 0) }
      for pair in 0..<rows / 2 {
        unsafe append(words, 2 * pair * columns, even, pair * columns)
        unsafe append(words, (2 * pair + 1) * columns, odd, pair * columns)
      }
    }
  }

  /// Copies the row at bit `first` to bit `position` of a stream, in pieces that lie in one word of each.
  private func append(
    _ words: UnsafePointer<UInt64>, _ first: Int, _ stream: UnsafeMutablePointer<UInt64>, _ position: Int
  ) {
    var done = 0
    while done < columns {
      let from = first &+ done, to = position &+ done
      let count = min(columns &- done, 64 &- from & 63, 64 &- to & 63)
      let mask = count == 64 ? ~0 : UInt64(1) &<< UInt64(count) &- 1
      unsafe stream[to &>> 6] |= (words[from &>> 6] &>> UInt64(from & 63) & mask) &<< UInt64(to & 63)
      done &+= count
    }
  }

  /// Blocks of the first words at even bits, of the second at odd bits.
  ///
  /// The sums of the rows of p q / r s are 2 c1 + x1 and 2 c2 + x2: three or four are set for c1 c2 + c1 x2 + c2 x1,
  /// exactly two for x1 x2 or one c alone; then the two coins choose a row and a column.
  @inline(__always) private func majority(
    _ even0: SIMD8<UInt64>, _ even1: SIMD8<UInt64>, _ odd0: SIMD8<UInt64>, _ odd1: SIMD8<UInt64>,
    _ rowCoin: SIMD8<UInt64>, _ columnCoin: SIMD8<UInt64>
  ) -> SIMD8<UInt64> {
    let mask = SIMD8<UInt64>(repeating: 0x5555_5555_5555_5555), one = SIMD8<UInt64>(repeating: 1)
    let p = (even0 & mask) | ((even1 & mask) &<< one), q = ((even0 &>> one) & mask) | (even1 & ~mask)
    let r = (odd0 & mask) | ((odd1 & mask) &<< one), s = ((odd0 &>> one) & mask) | (odd1 & ~mask)
    let x1 = p ^ q, c1 = p & q, x2 = r ^ s, c2 = r & s
    let more = (c1 & (c2 | x2)) | (c2 & x1)
    let tie = (x1 & x2) | (c1 & ~(c2 | x2)) | (c2 & ~(c1 | x1))
    let top = (columnCoin & q) | (~columnCoin & p), bottom = (columnCoin & s) | (~columnCoin & r)
    return more | (tie & ((rowCoin & bottom) | (~rowCoin & top)))
  }

  /// The even bits of each word gathered in its low half, the odd bits in its high half, each in order (Hacker's
  /// Delight, 7-2: the outer perfect unshuffle).
  @inline(__always) private func unshuffled(_ words: SIMD8<UInt64>) -> SIMD8<UInt64> {
    var x = words
    func swap(_ count: UInt64, _ mask: UInt64) {
      let shift = SIMD8<UInt64>(repeating: count)
      let t = (x ^ (x &>> shift)) & SIMD8(repeating: mask)
      x = x ^ t ^ (t &<< shift)
    }
    swap(1, 0x2222_2222_2222_2222)
    swap(2, 0x0C0C_0C0C_0C0C_0C0C)
    swap(4, 0x00F0_00F0_00F0_00F0)
    swap(8, 0x0000_FF00_0000_FF00)
    swap(16, 0x0000_0000_FFFF_0000)
    return x
  }
}
