import Glibc
public import RandomStreams
public import Sampling

/// The single-cluster move of Wolff (PRL 62, 361 (1989)) for the packed square Ising lattice without a field, K >= 0: a
/// cluster grows from a uniform site over bonds, each between equal spins on with probability 1 - exp(-2K), and is
/// turned over. In detailed balance.
///
/// Measure after a fixed number of clusters; N / <|C|> clusters make one unit of time. A site's four bonds are decided
/// together and without branches, which the outcome of a bond would mispredict every second time. Streams: one series
/// for a step, with purpose `bond`.
public struct Wolff: MarkovKernel {
  /// The model.
  public let model: IsingModel
  /// |C| of the last step; its mean is the susceptibility N <m^2>.
  public private(set) var clusterSize = 0
  /// The sum of |C| over all steps so far.
  public private(set) var totalSize = 0
  @usableFromInline let odds: FourOdds
  /// Sites still to be looked at, row and column in 32 bits each: a cluster may cover the lattice.
  @usableFromInline var pending: [UInt64]

  /// The move for `model`; refuses extents below 3, K < 0 and B != 0.
  public init(_ model: IsingModel) throws(LatticeError) {
    let least = min(model.lattice.rows, model.lattice.columns)
    guard least >= 3 else { throw .tooSmall(extent: least, minimum: 3) }
    guard model.coupling >= 0 else { throw .negativeCoupling(model.coupling) }
    guard model.field == 0 else { throw .fieldNotSupported(model.field) }
    self.model = model
    odds = FourOdds(min(-expm1(-2 * model.coupling), 1.0.nextDown))
    // Four places are written before it is known how many of them stay.
    pending = Array(repeating: 0, count: model.lattice.sites + 4)
  }

  @inlinable public mutating func step(_ state: inout IsingConfiguration, at step: UInt64, from streams: some Streams) {
    let lattice = model.lattice, rows = lattice.rows, columns = lattice.columns, odds = odds
    precondition(state.lattice == lattice, "the kernel belongs to another lattice")
    var choices = streams.series(replica: state.replica, step: step, site: 0, purpose: .bond)
    let seed = choices.index(below: lattice.sites)
    // All ones where the cluster's spins were down: then `word ^ down` has the cluster's sites as zeros.
    let down: UInt64 = state[seed] ? 0 : ~0
    var size = 1
    unsafe pending.withUnsafeMutableBufferPointer { pending in
      unsafe state.words.withUnsafeMutableBufferPointer { words in
        let stack = pending.baseAddress!, spins = words.baseAddress!
        unsafe spins[seed &>> 6] ^= 1 &<< UInt64(seed & 63)
        unsafe stack[0] = UInt64(seed / columns) &<< 32 | UInt64(seed % columns)
        var top = 1
        while top > 0 {
          top &-= 1
          let place = unsafe stack[top], y = Int(place &>> 32), x = Int(place & 0xFFFF_FFFF)
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
          unsafe stack[top] = row | UInt64(right)
          top &+= Int(first)
          unsafe stack[top] = row | UInt64(left)
          top &+= Int(second)
          unsafe stack[top] = UInt64(below) &<< 32 | UInt64(x)
          top &+= Int(third)
          unsafe stack[top] = UInt64(above) &<< 32 | UInt64(x)
          top &+= Int(fourth)
          size &+= joined.nonzeroBitCount
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
