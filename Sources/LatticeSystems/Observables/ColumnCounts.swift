/// How often each bit is set in many rows of words, counted a word at a time: seven rows are added up by full adders, and
/// their sum to binary counters whose digits lie in words of their own. Some nine operations a word.
struct ColumnCounts<Word: CountedWord> {
  private let width: Int, digits: Int
  /// Digit d of the counters of word w is number w digits + d.
  private var counters: [Word]
  /// Rows that wait to be seven: word w of waiting row r is number 7 w + r.
  private var waiting: [Word]
  private var waitingRows = 0

  /// Counts of at most `rows` rows of `width` words each.
  init(width: Int, rows: Int) {
    self.width = width
    digits = max(3, Int.bitWidth - rows.leadingZeroBitCount)
    counters = Array(repeating: .zero, count: width * digits)
    waiting = Array(repeating: .zero, count: 7 * width)
  }

  /// Counts one more row, given by its words.
  @inline(__always) mutating func add(_ row: (Int) -> Word) {
    for w in 0..<width { waiting[7 * w + waitingRows] = row(w) }
    waitingRows += 1
    if waitingRows == 7 { flush() }
  }

  private mutating func flush() {
    for w in 0..<width {
      let (a, b, c) = (waiting[7 * w], waiting[7 * w + 1], waiting[7 * w + 2])
      let (d, e, f, g) = (waiting[7 * w + 3], waiting[7 * w + 4], waiting[7 * w + 5], waiting[7 * w + 6])
      let (first, firstCarry) = Word.fullSum(a, b, c), (second, secondCarry) = Word.fullSum(d, e, f)
      let (one, thirdCarry) = Word.fullSum(first, second, g), (two, four) = Word.fullSum(firstCarry, secondCarry, thirdCarry)
      let base = w * digits
      var carry = Word.zero
      (counters[base], carry) = Word.fullSum(counters[base], one, carry)
      (counters[base + 1], carry) = Word.fullSum(counters[base + 1], two, carry)
      (counters[base + 2], carry) = Word.fullSum(counters[base + 2], four, carry)
      for digit in base + 3..<base + digits {
        (counters[digit], carry) = Word.halfSum(counters[digit], carry)
      }
    }
    for index in waiting.indices { waiting[index] = .zero }
    waitingRows = 0
  }

  /// All digits of the counters of a word.
  private mutating func counters(of word: Int) -> ArraySlice<Word> {
    if waitingRows > 0 { flush() }
    return counters[word * digits..<(word + 1) * digits]
  }
}

extension ColumnCounts<UInt64> {
  /// How often a bit of a word was set.
  mutating func count(bit: Int, of word: Int) -> Int {
    Int(counters(of: word).reversed().reduce(0) { 2 * $0 | $1 >> UInt64(bit) & 1 })
  }
}

extension ColumnCounts<SIMD8<UInt64>> {
  /// How often a bit was set in any lane of a word.
  mutating func count(bit: Int, of word: Int) -> Int {
    let place = SIMD8(repeating: UInt64(bit))
    return Int(counters(of: word).reversed().reduce(SIMD8<UInt64>()) { ($0 &<< 1) | ($1 &>> place & 1) }.wrappedSum())
  }
}

/// Words whose bits are counted.
protocol CountedWord: Equatable {
  static var zero: Self { get }
  /// Sum and carry of three bits, for all bits of a word.
  static func fullSum(_ a: Self, _ b: Self, _ c: Self) -> (sum: Self, carry: Self)
  /// Sum and carry of two bits, for all bits of a word.
  static func halfSum(_ a: Self, _ b: Self) -> (sum: Self, carry: Self)
}
extension UInt64: CountedWord {
  static func fullSum(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> (sum: UInt64, carry: UInt64) {
    (a ^ b ^ c, (a & b) | ((a ^ b) & c))
  }
  static func halfSum(_ a: UInt64, _ b: UInt64) -> (sum: UInt64, carry: UInt64) { (a ^ b, a & b) }
}
extension SIMD8<UInt64>: CountedWord {
  static func fullSum(_ a: Self, _ b: Self, _ c: Self) -> (sum: Self, carry: Self) { (a ^ b ^ c, (a & b) | ((a ^ b) & c)) }
  static func halfSum(_ a: Self, _ b: Self) -> (sum: Self, carry: Self) { (a ^ b, a & b) }
}
