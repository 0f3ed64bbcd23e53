public import MessagePassing
public import RandomStreams

/// Checkerboard sweeps of one lattice that is cut into strips of rows, one for each rank: the moves of
/// `CheckerboardSweep`, bit for bit, on any number of ranks.
///
/// In each half sweep a strip sends its first and last row of the standing colour to its neighbours, updates its inner
/// bands of rows, and does the first and last band when the neighbours' rows have come. Alone a strip is its own
/// neighbour, on the same code path. Cost beyond the sweep: two messages of columns / 16 bytes each way.
public struct StripSweep<Rule: SpinRule>: Sendable {
  /// The lattice.
  public let lattice: SquareLattice
  /// How a spin moves.
  public let rule: Rule

  /// The sweep on `lattice` at K = `coupling` and B = `field`; refuses odd extents and values that are not finite. It
  /// takes no `IsingModel`, whose masks are as large as two configurations.
  public init(_ lattice: SquareLattice, coupling: Double, field: Double = 0) throws(LatticeError) {
    guard coupling.isFinite && field.isFinite else { throw .nonFiniteCoupling(coupling: coupling, field: field) }
    _ = try CheckerboardLayout(lattice)
    self.lattice = lattice
    rule = Rule(coupling: coupling, field: field)
  }

  /// Takes `count` sweeps; all ranks of `team` call it. Sweep n makes the half sweeps of colours 0 and 1 as steps 2n and
  /// 2n + 1.
  @inlinable public func advance(
    _ strip: inout CheckerboardStrip, sweeps count: Int, from streams: some Streams, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    precondition(strip.lattice == lattice, "the sweep belongs to another lattice")
    strip.cut(for: team)
    for _ in 0..<count {
      for colour in 0..<2 {
        try advanceHalf(&strip, colour: colour, step: 2 &* strip.steps &+ UInt64(colour), from: streams, on: team)
      }
      strip.steps &+= 1
    }
  }

  @inlinable func advanceHalf(
    _ strip: inout CheckerboardStrip, colour: Int, step: UInt64, from streams: some Streams,
    on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    let rows = strip.rows, band = strip.layout.bandRows
    let halo = try strip.beginHalo(of: 1 &- colour, on: team)
    // Bands begin at multiples of their height, and so does the strip.
    let inner = min(rows.lowerBound &+ band, rows.upperBound)
    let last = max(inner, (rows.upperBound &- 1) / band &* band)
    update(&strip, colour, rows: inner..<last, step, streams)
    try strip.endHalo(halo, of: 1 &- colour)
    update(&strip, colour, rows: rows.lowerBound..<inner, step, streams)
    update(&strip, colour, rows: last..<rows.upperBound, step, streams)
  }

  /// Updates one colour of whole bands.
  @inlinable func update(
    _ strip: inout CheckerboardStrip, _ colour: Int, rows: Range<Int>, _ step: UInt64, _ streams: some Streams
  ) {
    let layout = strip.layout, band = layout.bandRows, valid = layout.valid, replica = strip.replica
    let mine = strip.place(colour, 0), others = strip.place(1 &- colour, 0), rule = rule
    unsafe rule.digits.withUnsafeBufferPointer { digits in
      let table = unsafe DigitTable(digits)
      unsafe strip.spins.withUnsafeMutableBufferPointer { spins in
        let all = spins.baseAddress!
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: band) {
          var lanes = streams.lanes(replica: replica, step: step, site: first, purpose: .acceptance)
          unsafe rule.update(
            first..<min(first &+ band, rows.upperBound), of: all + mine, among: all + others, colour: colour, layout, valid: valid,
            height: nil, digits: table, lanes: &lanes)
        }
      }
    }
  }
}

/// Checkerboard Metropolis on strips.
public typealias StripMetropolis = StripSweep<MetropolisRule>
/// Checkerboard heat bath on strips.
public typealias StripHeatBath = StripSweep<HeatBathRule>
