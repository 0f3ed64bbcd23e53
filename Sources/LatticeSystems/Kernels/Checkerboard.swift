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
    if part.isEmpty { return }
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
    let w = layout.vectors, end = groups.upperBound &* w
    var index = groups.lowerBound &* w
    var source = unsafe CheckerboardSource(
      layout, mine: UnsafePointer(mine), others: others, colour: colour, vectors: index..<end, partial: whole &* w, used: used)
    while index < end {
      let new = unsafe next(&source, digits: digits, lanes: &lanes)
      unsafe mine[index] = new.0
      if index &+ 1 < end { unsafe mine[index &+ 1] = new.1 }
      if index &+ 2 < end { unsafe mine[index &+ 2] = new.2 }
      if index &+ 3 < end { unsafe mine[index &+ 3] = new.3 }
      index &+= 4
    }
  }
}

/// The vectors of groups of rows in the order of memory; after the last one its neighbourhood again, without valid bits.
@unsafe @usableFromInline struct CheckerboardSource: SpinSource {
  @usableFromInline let layout: CheckerboardLayout, long: UInt64, short: UInt64, shifted: SIMD8<UInt64>
  @usableFromInline let mine: UnsafePointer<SIMD8<UInt64>>, others: UnsafePointer<SIMD8<UInt64>>
  /// The lanes in use from vector `partial` on.
  @usableFromInline let used: SIMD8<UInt64>, partial: Int, end: Int
  /// The next vector, its number in its group, and the lanes in use.
  @usableFromInline var place: Int, v = 0, inUse = SIMD8<UInt64>(repeating: ~0)

  @unsafe @inlinable @inline(__always) init(
    _ layout: CheckerboardLayout, mine: UnsafePointer<SIMD8<UInt64>>, others: UnsafePointer<SIMD8<UInt64>>, colour: Int,
    vectors: Range<Int>, partial: Int, used: SIMD8<UInt64>
  ) {
    unsafe self.layout = layout
    unsafe (long, short) = layout.valid
    unsafe shifted = CheckerboardLayout.shifted(colour)
    unsafe self.mine = mine
    unsafe self.others = others
    unsafe self.used = used
    unsafe self.partial = partial
    unsafe end = vectors.upperBound
    unsafe place = vectors.lowerBound
  }

  @inlinable @inline(__always) mutating func take() -> SpinGroup {
    let isOver = unsafe place == end
    let here = unsafe isOver ? place &- 1 : place, number = unsafe isOver ? layout.vectors &- 1 : v
    let valid = unsafe isOver ? 0 : number > layout.last ? short : long
    if unsafe here == partial { unsafe inUse = used }
    let near = unsafe layout.neighbours(others + here, number, shifted: shifted)
    if !isOver {
      unsafe place = here &+ 1
      unsafe v = number &+ 1 == layout.vectors ? 0 : number &+ 1
    }
    return unsafe SpinGroup(mine[here], near.above, near.below, near.beside, near.far, valid: SIMD8(repeating: valid) & inUse)
  }
}

/// A sweep of the checkerboard: colour 0, then colour 1, as two half sweeps with steps of their own. Stationary, but
/// not in detailed balance.
public struct CheckerboardSweep<Rule: SpinRule>: MarkovKernel {
  @usableFromInline var first: HalfSweep<Rule>, second: HalfSweep<Rule>
  /// The sweep for `model`; refuses odd extents.
  public init(_ model: IsingModel) throws(LatticeError) {
    first = try HalfSweep(model, colour: 0)
    second = try HalfSweep(model, colour: 1)
  }
  @inlinable public mutating func step(_ state: inout CheckerboardConfiguration, at step: UInt64, from streams: some Streams) {
    first.step(&state, at: step.part(0, of: 2), from: streams)
    second.step(&state, at: step.part(1, of: 2), from: streams)
  }
}

/// Checkerboard Metropolis. At K = 0 and B = 0 it turns every spin over at every step, so it is periodic there; where an extent is 2 it is
/// not irreducible, and `LocalMetropolis` serves instead (`LocalMetropolisRule`).
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
    var source = SingleSource(
      group: SpinGroup(
        bit(site), bit(neighbours[0]), bit(neighbours[1]), bit(neighbours[2]), bit(neighbours[3]), valid: valid))
    let next = unsafe rule.digits.withUnsafeBufferPointer { digits in
      unsafe rule.next(&source, digits: DigitTable(digits), lanes: &lanes)
    }
    state.set(site, next.0[0] & 1 == 1)
  }
}

/// One group, then none.
@usableFromInline struct SingleSource: SpinSource {
  @usableFromInline var group: SpinGroup
  @inlinable init(group: SpinGroup) { self.group = group }
  @inlinable mutating func take() -> SpinGroup {
    defer { group = SpinGroup() }
    return group
  }
}
