/// A batch of configurations of +-1 variables, one bit each (1 is +1), whose sites stand on a lattice, are placed on
/// one, or have no place at all.
public struct Configurations: Sendable, Equatable {
  /// Where the variables live.
  public enum Sites: Sendable, Equatable {
    /// All sites of a periodic lattice of this shape, row-major.
    case lattice([Int])
    /// One position for each variable on a periodic lattice of the shape `on` (hidden units at their centres).
    case placed([SIMD2<Float>], on: [Int])
    /// That many variables without a place.
    case unplaced(Int)
    /// How many variables there are.
    public var count: Int {
      switch self {
      case .lattice(let shape): shape.reduce(1, *)
      case .placed(let positions, _): positions.count
      case .unplaced(let count): count
      }
    }
  }
  /// Where the variables live.
  public let sites: Sites
  /// How many configurations there are.
  public let count: Int
  /// 64-bit words for one configuration: ceil(sites / 64); the bits past the last site are zero.
  public let wordsPerConfiguration: Int
  /// All bits, row-major: configuration c owns words `c * wordsPerConfiguration ..< (c + 1) * wordsPerConfiguration`,
  /// and its site s is bit `s % 64` of word `s / 64`.
  public var words: [UInt64]

  /// `count` configurations with all variables at -1.
  public init(count: Int, sites: Sites) {
    self.init(count: count, sites: sites, words: [UInt64](repeating: 0, count: count * ((sites.count + 63) / 64)))
  }
  /// Configurations from words laid out as `words` says.
  public init(count: Int, sites: Sites, words: [UInt64]) {
    self.count = count
    self.sites = sites
    wordsPerConfiguration = (sites.count + 63) / 64
    precondition(words.count == count * wordsPerConfiguration, "words do not fit count and sites")
    self.words = words
  }
  /// Whether site `site` of configuration `index` is +1.
  @inlinable public subscript(index: Int, site: Int) -> Bool {
    get { words[index &* wordsPerConfiguration &+ site &>> 6] &>> UInt64(site & 63) & 1 == 1 }
    set {
      let word = index &* wordsPerConfiguration &+ site &>> 6, bit = UInt64(1) &<< UInt64(site & 63)
      if newValue { words[word] |= bit } else { words[word] &= ~bit }
    }
  }
  /// The configurations `range`, in order.
  public func slice(_ range: Range<Int>) -> Configurations {
    let w = wordsPerConfiguration
    return Configurations(count: range.count, sites: sites, words: Array(words[range.lowerBound * w..<range.upperBound * w]))
  }
  /// The sum of the +-1 variables of configuration `index`.
  public func magnetization(_ index: Int) -> Int {
    var ones = 0
    for w in index * wordsPerConfiguration..<(index + 1) * wordsPerConfiguration { ones += words[w].nonzeroBitCount }
    return 2 * ones - sites.count
  }
}
