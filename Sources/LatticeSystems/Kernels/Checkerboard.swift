public import RandomStreams
public import Sampling

/// Updates all sites of one colour, whose neighbours all have the other one: a stationary move, in detailed balance.
///
/// One code path for all even extents: four vectors of 512 spins at a time, in the layout of `CheckerboardLayout`. Streams:
/// bands of `bandRows` rows have a lane source each, from the step and the band's first row, with purpose `acceptance`.
/// Nothing depends on how bands are spread over ranks.
public struct HalfSweep<Rule: SpinRule>: MarkovKernel {
  /// The model.
  public let model: IsingModel
  /// Which sites: those with (x + y) % 2 = colour.
  public let colour: Int
  /// How a spin moves.
  public let rule: Rule

  /// The half sweep of `colour` (0 or 1); refuses odd extents.
  public init(_ model: IsingModel, colour: Int) throws(LatticeError) {
    _ = try CheckerboardLayout(model.lattice)
    precondition(colour == 0 || colour == 1, "a checkerboard has two colours")
    self.model = model
    self.colour = colour
    rule = Rule(model)
  }

  @inlinable public mutating func step(_ state: inout CheckerboardConfiguration, at step: UInt64, from streams: some Streams) {
    precondition(state.lattice == model.lattice, "the kernel belongs to another lattice")
    state.board.update(rule, colour: colour, rows: 0..<state.lattice.rows, replica: state.replica, step: step, from: streams)
    state.board.closeRing(colour)
  }
}

extension CheckerboardRows {
  /// Updates one colour of whole bands among the rows; the rows of the other colour above and below must be there.
  @inlinable mutating func update(
    _ rule: some SpinRule, colour: Int, rows part: Range<Int>, replica: Int, step: UInt64, from streams: some Streams
  ) {
    let layout = layout, band = layout.bandRows, origin = rows.lowerBound
    let mine = place(colour, 0), others = place(1 &- colour, 0), whole = rows.count &>> 3, used = used(whole)
    unsafe rule.digits.withUnsafeBufferPointer { digits in
      let table = unsafe DigitTable(digits)
      unsafe spins.withUnsafeMutableBufferPointer { spins in
        let all = spins.baseAddress!
        var first = part.lowerBound
        while first < part.upperBound {
          let end = min(first &+ band, part.upperBound)
          var lanes = streams.lanes(replica: replica, step: step, site: first, purpose: .acceptance)
          unsafe rule.update(
            (first &- origin) &>> 3..<(end &- origin &+ 7) &>> 3, of: all + mine, among: all + others, colour: colour, layout,
            whole: whole, used: used, digits: table, lanes: &lanes)
          first = end
        }
      }
    }
  }
}

extension SpinRule {
  /// Updates groups of rows of one colour, four vectors at a time.
  ///
  /// - Parameters:
  ///   - mine: group 0 of the colour that moves; `others`: group 0 of the other one. Memory around it holds the rows above
  ///     and below.
  ///   - whole: the number of groups of eight rows; a group after them has the rows `used` alone.
  @unsafe @inlinable @inline(__always) func update(
    _ groups: Range<Int>, of mine: UnsafeMutablePointer<SIMD8<UInt64>>, among others: UnsafePointer<SIMD8<UInt64>>, colour: Int,
    _ layout: CheckerboardLayout, whole: Int, used: SIMD8<UInt64>, digits: DigitTable, lanes: inout some LaneChoices
  ) {
    let w = layout.vectors, last = layout.last, end = groups.upperBound &* w
    let (long, short) = layout.valid, shifted = CheckerboardLayout.shifted(colour)
    var index = groups.lowerBound &* w, place = index, v = 0
    var inUse = SIMD8<UInt64>(repeating: ~0)
    /// The next vector in the order of memory; after the last one its neighbourhood again, without valid bits.
    @inline(__always) func take() -> SpinGroup {
      let valid = place == end ? 0 : v > last ? short : long, here = place == end ? end &- 1 : place
      let number = place == end ? w &- 1 : v
      if number == 0 && here == whole &* w { inUse = used }
      let near = unsafe layout.neighbours(others + here, number, shifted: shifted)
      if place != end {
        place &+= 1
        v = v &+ 1 == w ? 0 : v &+ 1
      }
      return unsafe SpinGroup(
        mine[here], near.above, near.below, near.beside, near.far, valid: SIMD8(repeating: valid) & inUse)
    }
    while index < end {
      let new = next(take, digits: digits, lanes: &lanes)
      unsafe mine[index] = new.0
      if index &+ 1 < end { unsafe mine[index &+ 1] = new.1 }
      if index &+ 2 < end { unsafe mine[index &+ 2] = new.2 }
      if index &+ 3 < end { unsafe mine[index &+ 3] = new.3 }
      index &+= 4
    }
  }
}

/// A sweep of the checkerboard: colour 0, then colour 1, as two half sweeps with steps of their own. Stationary, but
/// not in detailed balance.
public struct CheckerboardSweep<Rule: SpinRule>: MarkovKernel {
  /// The half sweeps.
  public var halves: Then<HalfSweep<Rule>, HalfSweep<Rule>>
  /// The sweep for `model`; refuses odd extents.
  public init(_ model: IsingModel) throws(LatticeError) {
    halves = Then(try HalfSweep(model, colour: 0), try HalfSweep(model, colour: 1))
  }
  @inlinable public mutating func step(_ state: inout CheckerboardConfiguration, at step: UInt64, from streams: some Streams) {
    halves.step(&state, at: step, from: streams)
  }
}

/// Checkerboard Metropolis. At K = 0 and B = 0 it turns every spin over at every step, so it is periodic there.
public typealias CheckerboardMetropolis = CheckerboardSweep<MetropolisRule>
/// Checkerboard heat bath.
public typealias CheckerboardHeatBath = CheckerboardSweep<HeatBathRule>

/// Updates one given site by the same rule code, on any lattice, odd ones too: in detailed balance.
public struct SingleSite<Rule: SpinRule>: MarkovKernel {
  /// The model, the site and how its spin moves.
  public let model: IsingModel, site: Int, rule: Rule
  @usableFromInline let neighbours: [Int]
  /// The update of `site`, 0 ..< sites.
  public init(_ model: IsingModel, site: Int) {
    precondition((0..<model.lattice.sites).contains(site), "a site of the lattice")
    self.model = model
    self.site = site
    rule = Rule(model)
    neighbours = model.lattice.neighbours(of: site)
  }
  @inlinable public mutating func step(_ state: inout IsingConfiguration, at step: UInt64, from streams: some Streams) {
    precondition(state.lattice == model.lattice, "the kernel belongs to another lattice")
    var lanes = streams.lanes(replica: state.replica, step: step, site: site, purpose: .acceptance)
    let words = state.spins
    func bit(_ s: Int) -> SIMD8<UInt64> {
      var v = SIMD8<UInt64>()
      v[0] = words[s &>> 6] &>> UInt64(s & 63) & 1
      return v
    }
    var valid = SIMD8<UInt64>()
    valid[0] = 1
    var group = SpinGroup(
      bit(site), bit(neighbours[0]), bit(neighbours[1]), bit(neighbours[2]), bit(neighbours[3]), valid: valid)
    let next = unsafe rule.digits.withUnsafeBufferPointer { digits in
      unsafe rule.next(
        {
          defer { group = SpinGroup() }
          return group
        }, digits: DigitTable(digits), lanes: &lanes)
    }
    state.set(site, next.0[0] & 1 == 1)
  }
}
