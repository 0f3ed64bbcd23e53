/// A layout of Ising spins on a square lattice: it is made from packed spins and gives them back.
public protocol IsingSpins: Sendable, Equatable {
  /// The same spins in this layout; refuses lattices that it cannot hold.
  init(_ configuration: IsingConfiguration) throws(LatticeError)
  /// The packed spins, with lattice and replica.
  var packed: IsingConfiguration { get }
  /// E of `model`, in units of J.
  func energy(of model: IsingModel) -> Int
  /// M = sum s.
  func magnetization(of model: IsingModel) -> Int
  /// The sums of the spins of each row and of each column. Bits are counted, not spins visited.
  func planeSums(of model: IsingModel) -> (rows: [Double], columns: [Double])
}

extension IsingConfiguration: IsingSpins {
  public init(_ configuration: IsingConfiguration) { self = configuration }
  public var packed: IsingConfiguration { self }
  public func energy(of model: IsingModel) -> Int { model.energy(spins) }
  public func magnetization(of model: IsingModel) -> Int { model.magnetization(spins) }
  public func planeSums(of model: IsingModel) -> (rows: [Double], columns: [Double]) {
    let rows = lattice.rows, columns = lattice.columns, words = (columns + 63) / 64
    var rowSums: [Double] = [], counters = ColumnCounters<UInt64>(width: words, rows: rows)
    let span = spins.span
    for y in 0..<rows {
      var up = 0
      for w in 0..<words {
        let bits = model.packed.bits(span, from: y * columns + 64 * w) & PackedLattice.lowBits(columns - 64 * w)
        up += bits.nonzeroBitCount
        counters.add(bits, at: w)
      }
      rowSums.append(Double(2 * up - columns))
    }
    return (rowSums, (0..<columns).map { Double(2 * counters.count(of: $0 % 64, at: $0 / 64) - rows) })
  }
}

extension CheckerboardConfiguration: IsingSpins {
  public func energy(of model: IsingModel) -> Int { energy }
  public func magnetization(of model: IsingModel) -> Int {
    spins.reduce(-lattice.sites) { sum, vector in
      (0..<8).reduce(sum) { $0 + 2 * vector[$1].nonzeroBitCount }
    }
  }
  public func planeSums(of model: IsingModel) -> (rows: [Double], columns: [Double]) {
    let rows = lattice.rows, columns = lattice.columns, w = vectors
    var rowSums = [Double](repeating: -Double(columns), count: rows)
    // A colour's spins of even rows and of odd rows stand in the columns of one parity each.
    var counters = [ColumnCounters<SIMD8<UInt64>>](repeating: ColumnCounters(width: w, rows: rows), count: 2)
    for colour in 0..<2 {
      for y in 0..<rows {
        for v in 0..<w {
          let bits = spins[(colour * rows + y) * w + v]
          for lane in 0..<8 { rowSums[y] += Double(2 * bits[lane].nonzeroBitCount) }
          counters[(y + colour) & 1].add(bits, at: v)
        }
      }
    }
    let columnSums = (0..<columns).map { x in
      let j = x / 2, bit = j / w
      return Double(2 * counters[x & 1].count(of: bit, at: j % w) - rows)
    }
    return (rowSums, columnSums)
  }
}

/// Words of bits that are counted bit by bit: vertical counters with a word for each binary digit of the counts.
private struct ColumnCounters<Word: CountedWord> {
  private let width: Int
  /// Digit p of the counts at place w is `digits[p * width + w]`.
  private var digits: [Word]
  /// Counters at `width` places for at most `rows` words each.
  init(width: Int, rows: Int) {
    self.width = width
    digits = Array(repeating: .zero, count: width * (Int.bitWidth - rows.leadingZeroBitCount))
  }
  mutating func add(_ word: Word, at place: Int) {
    var carry = word, digit = place
    while carry != .zero {
      let sum = digits[digit] ^ carry
      carry = digits[digit] & carry
      digits[digit] = sum
      digit += width
    }
  }
  func count(of bit: Int, at place: Int) -> Int {
    stride(from: place, to: digits.count, by: width).reversed().reduce(0) { 2 * $0 + digits[$1].bit(bit) }
  }
}

private protocol CountedWord: Equatable {
  static var zero: Self { get }
  static func ^ (a: Self, b: Self) -> Self
  static func & (a: Self, b: Self) -> Self
  func bit(_ index: Int) -> Int
}
extension UInt64: CountedWord {
  fileprivate func bit(_ index: Int) -> Int { Int(self >> UInt64(index) & 1) }
}
extension SIMD8<UInt64>: CountedWord {
  fileprivate func bit(_ index: Int) -> Int { Int(self[index >> 6] >> UInt64(index & 63) & 1) }
}
