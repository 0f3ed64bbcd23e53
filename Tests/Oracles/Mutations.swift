/// Inputs that a reader must survive: valid ones with a few bytes, numbers or parts changed, removed, doubled or taken from another.
/// The same seed gives the same inputs. What matters most in files of numbers are lengths that are wrong by a lot, so whole words are
/// set to the ends of their ranges as well.
public struct Mutations {
  private let samples: [[UInt8]], words: [[UInt8]]
  private var random: SplitMix64

  /// - Parameters:
  ///   - samples: valid inputs.
  ///   - words: what the language of the inputs is made of, to be put in anywhere.
  public init(of samples: [[UInt8]], words: [String] = [], seed: UInt64) {
    self.samples = samples
    self.words = words.map { Array($0.utf8) }
    random = SplitMix64(seed: seed)
  }

  /// The next one, with 1 to 6 changes.
  public mutating func next() -> [UInt8] {
    var bytes = pick(samples) ?? []
    for _ in 0...below(6) { change(&bytes) }
    return bytes
  }

  private mutating func below(_ end: Int) -> Int { Int(random.next() % UInt64(max(1, end))) }
  private mutating func pick<T>(_ all: [T]) -> T? { all.isEmpty ? nil : all[below(all.count)] }
  private mutating func part(of count: Int) -> Range<Int> {
    let start = below(count + 1)
    return start..<min(count, start + 1 + below(1 << below(9)))
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    let place = below(bytes.count), kind = below(words.isEmpty ? 9 : 11)
    if bytes.isEmpty {
      bytes = pick(samples) ?? [0]
      return
    }
    switch kind {
    case 0: bytes[place] ^= 1 << UInt8(below(8))
    case 1: bytes[place] = UInt8(truncatingIfNeeded: random.next())
    case 2: bytes[place] = pick([0, 1, 0x7F, 0x80, 0xFF, 0x0A, 0x22, 0x5B]) ?? 0
    case 3: bytes.removeSubrange(part(of: bytes.count))
    case 4: bytes.removeLast(below(bytes.count))
    case 5:
      let piece = bytes[part(of: bytes.count)]
      bytes.insert(contentsOf: piece, at: place)
    case 6:
      let other = pick(samples) ?? []
      bytes.replaceSubrange(part(of: bytes.count), with: other[part(of: other.count)])
    case 7, 8:
      // A number of four or eight bytes in either order, at an end of its range or near it.
      let ends: [UInt64] = [0, 1, 0x7F, 0xFF, 1 << 16, 1 << 31, 1 << 32, 1 << 47, 1 << 62, 1 << 63, .max]
      let value = (pick(ends) ?? 0) &+ UInt64(below(3)) &- 1, width = kind == 7 ? 4 : 8, backwards = below(2) == 0
      for k in 0..<min(width, bytes.count - place) {
        bytes[place + k] = UInt8(truncatingIfNeeded: value >> UInt64(8 * (backwards ? width - 1 - k : k)))
      }
    default: bytes.insert(contentsOf: pick(words) ?? [], at: place)
    }
  }
}
