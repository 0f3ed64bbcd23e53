public import Sampling

/// Evaluates operators on packed configurations of one lattice: a product of spins is an exclusive or of displaced words, its sum a
/// count of bits. Rows are unpacked to whole words, displaced along the row once for each column offset; a row offset is a displacement
/// of the pointer.
public struct OperatorSums: Sendable {
  /// The operators, in the order of the sums.
  public let operators: [SpinOperator]
  /// The lattice.
  let rows: Int, columns: Int
  /// Words of a row; rows below the last, copies of the first, that row offsets reach.
  private let width: Int, below: Int, shifts: Int
  /// For each operator and term the places of the factors within the planes.
  private let places: [[[Int]]]
  /// One plane for each column offset, `[shifts, rows + below, width]`.
  private var planes: [UInt64]

  /// Operators on a `.lattice` of one or two axes; as a band, it goes on below with rows that are not its own.
  public init(_ operators: [SpinOperator], sites: Configurations.Sites, isBand: Bool = false) throws(CoarseGrainingError) {
    switch sites {
    case .lattice(let shape) where shape.count == 1: (rows, columns) = (1, shape[0])
    case .lattice(let shape) where shape.count == 2: (rows, columns) = (shape[0], shape[1])
    case .lattice, .placed: throw .notALattice
    case .unplaced: throw .unplacedSites
    }
    self.operators = operators
    width = (columns + 63) / 64
    let offsets = operators.flatMap { $0.terms.flatMap { $0 } }
    // Offsets beyond the extents wrap.
    let (rows, columns, width) = (rows, columns, width)
    let period = isBand ? Int.max : rows
    below = offsets.map { $0.row % period }.max() ?? 0
    shifts = (offsets.map { $0.column % columns }.max() ?? 0) + 1
    let plane = (rows + below) * width
    places = operators.map { $0.terms.map { $0.map { $0.column % columns * plane + $0.row % period * width } } }
    planes = [UInt64](repeating: 0, count: shifts * plane)
  }

  /// S of each operator on configuration `index`, added to `sums` from `first` on.
  public mutating func add(_ configurations: Configurations, _ index: Int, to sums: inout [Int], at first: Int = 0) {
    unpack(configurations, index, after: nil)
    count(to: &sums, at: first)
  }

  /// The first rows of a band, as the band above it takes them.
  mutating func firstRows(of band: Configurations) -> [UInt64] {
    unpack(band, 0, after: nil)
    return Array(planes[..<(below * width)])
  }
  /// The same for a band, whose products reach into the rows below it.
  mutating func add(_ band: Configurations, below: ArraySlice<UInt64>, to sums: inout [Int]) {
    unpack(band, 0, after: below)
    count(to: &sums, at: 0)
  }

  /// S of each operator from the planes.
  private func count(to sums: inout [Int], at first: Int) {
    let words = rows * width, sites = rows * columns
    unsafe planes.withUnsafeBufferPointer { planes in
      let base = planes.baseAddress!
      for (k, terms) in places.enumerated() {
        var sum = 0
        for term in terms {
          // Set bits are products with an odd number of spins up.
          let odd = unsafe Self.count(base, words, term)
          sum &+= term.count & 1 == 0 ? sites &- 2 &* odd : 2 &* odd &- sites
        }
        sums[first &+ k] &+= sum
      }
    }
  }

  /// How many bits are set in the exclusive or of `words` words from each of `places` on.
  private static func count(_ base: UnsafePointer<UInt64>, _ words: Int, _ places: [Int]) -> Int {
    var total = 0
    switch places.count {
    case 1:
      let a = unsafe base + places[0]
      for i in 0..<words { unsafe total &+= a[i].nonzeroBitCount }
    case 2:
      let a = unsafe base + places[0], b = unsafe base + places[1]
      for i in 0..<words { unsafe total &+= (a[i] ^ b[i]).nonzeroBitCount }
    case 3:
      let a = unsafe base + places[0], b = unsafe base + places[1], c = unsafe base + places[2]
      for i in 0..<words { unsafe total &+= (a[i] ^ b[i] ^ c[i]).nonzeroBitCount }
    case 4:
      let a = unsafe base + places[0], b = unsafe base + places[1], c = unsafe base + places[2]
      let d = unsafe base + places[3]
      for i in 0..<words { unsafe total &+= (a[i] ^ b[i] ^ c[i] ^ d[i]).nonzeroBitCount }
    default:
      for i in 0..<words {
        var word: UInt64 = 0
        for place in places { unsafe word ^= base[place &+ i] }
        total &+= word.nonzeroBitCount
      }
    }
    return total
  }

  /// Fills the planes; below the last row stands `after`, or the first rows again.
  private mutating func unpack(_ configurations: Configurations, _ index: Int, after: ArraySlice<UInt64>?) {
    precondition(configurations.sites.count == rows * columns, "configurations of another lattice")
    let rows = rows, columns = columns, width = width, below = below, shifts = shifts, plane = (rows + below) * width
    let base = index * configurations.wordsPerConfiguration
    unsafe planes.withUnsafeMutableBufferPointer { planes in
      let to = planes.baseAddress!
      if columns % 64 == 0 {
        unsafe configurations.words.withUnsafeBufferPointer { words in
          unsafe to.update(from: words.baseAddress! + base, count: rows * width)
        }
      } else if width == 1 {
        for row in 0..<rows { unsafe to[row] = bits(configurations.words, base: base, first: row &* columns, count: columns) }
      } else {
        for row in 0..<rows {
          for k in 0..<width {
            unsafe to[row &* width &+ k] = bits(
              configurations.words, base: base, first: row &* columns &+ 64 &* k, count: min(64, columns &- 64 &* k))
          }
        }
      }
      if let after {
        for (k, word) in after.enumerated() { unsafe to[rows * width + k] = word }
      } else {
        for k in 0..<below * width { unsafe to[rows * width + k] = to[k] }
      }
      let last = columns &- 64 &* (width &- 1), top = UInt64(last - 1)
      for shift in 1..<max(1, shifts) {
        // One column further than the plane before: each word takes the lowest bit of the next, the last of a row that of its first.
        let from = unsafe to + (shift - 1) * plane, here = unsafe to + shift * plane
        if width == 1 {
          for i in 0..<plane { unsafe here[i] = from[i] &>> 1 | (from[i] & 1) &<< top }
        } else {
          for row in 0..<rows + below {
            let start = row * width
            for k in 0..<width - 1 { unsafe here[start + k] = from[start + k] &>> 1 | from[start + k + 1] &<< 63 }
            unsafe here[start + width - 1] = from[start + width - 1] &>> 1 | (from[start] & 1) &<< top
          }
        }
      }
    }
  }
}
