public import MessagePassing
public import RandomStreams

/// Checkerboard sweeps of one lattice that is cut into strips of rows, one for each rank: the moves of
/// `CheckerboardSweep`, bit for bit, on any number of ranks.
///
/// In each half sweep a strip sends its first and last row of the standing colour to its neighbours, updates its inner
/// bands of rows, and does the first and last band when the neighbours' rows have come. Alone a strip is its own
/// neighbour, on the same code path. Cost beyond the sweep: two messages of some columns / 16 bytes each way.
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

  /// Updates one colour of whole bands. A caller that is generic in its team is not specialised, and then the kernel is not
  /// either, which takes four times as long: so the types of our own rules and streams are named here.
  @inlinable func update(
    _ strip: inout CheckerboardStrip, _ colour: Int, rows: Range<Int>, _ step: UInt64, _ streams: some Streams
  ) {
    let replica = strip.replica
    if let streams = streams as? KeyedStreams, let rule = rule as? MetropolisRule {
      strip.board.update(rule, colour: colour, rows: rows, replica: replica, step: step, from: streams)
    } else if let streams = streams as? KeyedStreams, let rule = rule as? HeatBathRule {
      strip.board.update(rule, colour: colour, rows: rows, replica: replica, step: step, from: streams)
    } else {
      strip.board.update(rule, colour: colour, rows: rows, replica: replica, step: step, from: streams)
    }
  }
}

/// Checkerboard Metropolis on strips.
public typealias StripMetropolis = StripSweep<MetropolisRule>
/// Checkerboard heat bath on strips.
public typealias StripHeatBath = StripSweep<HeatBathRule>
