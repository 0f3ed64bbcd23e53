import Glibc
public import RandomStreams
public import Sampling

/// The single-cluster move of Wolff (PRL 62, 361 (1989)) for the packed square Ising lattice without a field, K >= 0: a
/// cluster grows from a uniform site over bonds, each between equal spins on with probability 1 - exp(-2K), and is
/// turned over. In detailed balance.
///
/// Measure after a fixed number of clusters; N / <|C|> clusters make one unit of time. Where rows are whole words the
/// cluster grows 64 sites at a time (`WolffWords`). Elsewhere a site's four bonds are decided
/// together and without branches, which the outcome of a bond would mispredict every second time; sites wait in a
/// queue, not on a stack, so that a site's work does not hang on the one before it. Streams: a series for a step, with
/// purpose `proposal` for the site it grows from and `bond` for bonds; lanes with purpose `bond` where words grow.
public struct Wolff: MarkovKernel {
  /// The model.
  public let model: IsingModel
  /// |C| of the last step; its mean is the susceptibility N <m^2>.
  public private(set) var clusterSize = 0
  /// The sum of |C| over all steps so far.
  public private(set) var totalSize = 0
  @usableFromInline let odds: FourOdds
  /// The sites of the cluster in the order in which they joined, row and column in 32 bits each; unused where words grow.
  @usableFromInline var pending: [UInt64]
  @usableFromInline var words: WolffWords?

  /// The move for `model`; refuses extents below 3, K < 0 and B != 0.
  public init(_ model: IsingModel) throws(LatticeError) {
    let least = min(model.lattice.rows, model.lattice.columns)
    guard least >= 3 else { throw .tooSmall(extent: least, minimum: 3) }
    guard model.coupling >= 0 else { throw .negativeCoupling(model.coupling) }
    guard model.field == 0 else { throw .fieldNotSupported(model.field) }
    self.model = model
    odds = FourOdds(min(-expm1(-2 * model.coupling), 1.0.nextDown))
    words = WolffWords(model)
    // Four places are written before it is known how many of them stay.
    pending = words == nil ? Array(repeating: 0, count: model.lattice.sites + 4) : []
  }

  @inlinable public mutating func step(_ state: inout IsingConfiguration, at step: UInt64, from streams: some Streams) {
    let lattice = model.lattice, rows = lattice.rows, columns = lattice.columns, odds = odds
    precondition(state.lattice == lattice, "the kernel belongs to another lattice")
    var places = streams.series(replica: state.replica, step: step, site: 0, purpose: .proposal)
    let seed = places.index(below: lattice.sites)
    if words != nil {
      var lanes = streams.lanes(replica: state.replica, step: step, site: 0, purpose: .bond)
      count(words!.grow(from: seed, &state.words, lanes: &lanes))
      return
    }
    var choices = streams.series(replica: state.replica, step: step, site: 0, purpose: .bond)
    // All ones where the cluster's spins were down: then `word ^ down` has the cluster's sites as zeros.
    let down: UInt64 = state[seed] ? 0 : ~0
    var size = 1, head = 0
    unsafe pending.withUnsafeMutableBufferPointer { pending in
      unsafe state.words.withUnsafeMutableBufferPointer { words in
        let queue = pending.baseAddress!, spins = words.baseAddress!
        unsafe spins[seed &>> 6] ^= 1 &<< UInt64(seed & 63)
        unsafe queue[0] = UInt64(seed / columns) &<< 32 | UInt64(seed % columns)
        while head < size {
          let place = unsafe queue[head], y = Int(place &>> 32), x = Int(place & 0xFFFF_FFFF)
          head &+= 1
          let right = x &+ 1 == columns ? 0 : x &+ 1, left = (x == 0 ? columns : x) &- 1
          let below = y &+ 1 == rows ? 0 : y &+ 1, above = (y == 0 ? rows : y) &- 1
          let start = y &* columns
          let a = start &+ right, b = start &+ left, c = below &* columns &+ x, d = above &* columns &+ x
          let alike =
            unsafe ((spins[a &>> 6] ^ down) &>> UInt64(a & 63) & 1) &<< 15
            | ((spins[b &>> 6] ^ down) &>> UInt64(b & 63) & 1) &<< 31
            | ((spins[c &>> 6] ^ down) &>> UInt64(c & 63) & 1) &<< 47
            | ((spins[d &>> 6] ^ down) &>> UInt64(d & 63)) &<< 63
          let joined = choices.bernoulliFour(odds, where: alike)
          let row = UInt64(y) &<< 32
          let first = joined &>> 15 & 1, second = joined &>> 31 & 1, third = joined &>> 47 & 1, fourth = joined &>> 63
          unsafe spins[a &>> 6] ^= first &<< UInt64(a & 63)
          unsafe spins[b &>> 6] ^= second &<< UInt64(b & 63)
          unsafe spins[c &>> 6] ^= third &<< UInt64(c & 63)
          unsafe spins[d &>> 6] ^= fourth &<< UInt64(d & 63)
          unsafe queue[size] = row | UInt64(right)
          size &+= Int(first)
          unsafe queue[size] = row | UInt64(left)
          size &+= Int(second)
          unsafe queue[size] = UInt64(below) &<< 32 | UInt64(x)
          size &+= Int(third)
          unsafe queue[size] = UInt64(above) &<< 32 | UInt64(x)
          size &+= Int(fourth)
        }
      }
    }
    count(size)
  }
  @usableFromInline mutating func count(_ size: Int) {
    clusterSize = size
    totalSize += size
  }
}
