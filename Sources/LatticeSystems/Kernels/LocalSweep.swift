public import RandomStreams
public import Sampling

/// How one site moves, given its field: in detailed balance with the conditional law of the site.
public protocol LocalRule: Sendable {
  associatedtype Model: LatticeModel
  /// The model.
  var model: Model { get }
  /// The next value of a site.
  func next(_ value: Model.Value, in field: Model.LocalField, from choices: inout some RandomChoices) -> Model.Value
}

/// Metropolis: a symmetric proposal, made with probability `share` and accepted with probability min(1, p(new) / p(old)).
///
/// `share` is 1, but 1/2 for two values on rings and where an extent is below 4: a move at no cost is certain there, sites come in a
/// fixed order, and with a share of 1 the configurations fall into classes that no sweep leaves (on a ring of 4 at K = 0.7 the largest
/// has 91 % of the weight, and its energy is 10 % off). On larger lattices what is closed off, walls without a straight piece anywhere,
/// has no weight that could be seen, and never leads in or out.
public struct LocalMetropolisRule<Model: LatticeModel>: LocalRule {
  public let model: Model
  /// The width of proposals; models of discrete values do not use it.
  public let width: Double
  /// The part of proposals made.
  public let share: Double
  init(model: Model, width: Double) {
    (self.model, self.width) = (model, width)
    share = model.hasTwoValues && model.lattice.lacksRoomForMetropolis ? 0.5 : 1
  }
  @inlinable public func next(
    _ value: Model.Value, in field: Model.LocalField, from choices: inout some RandomChoices
  ) -> Model.Value {
    let new = model.proposal(from: value, width: width, choices: &choices)
    return value.replaced(by: new, if: choices.accepts(share * model.acceptance(from: value, to: new, in: field)))
  }
}

/// Heat bath: a value from the conditional law.
public struct LocalHeatBathRule<Model: HeatBathModel>: LocalRule {
  public let model: Model
  @inlinable public func next(
    _ value: Model.Value, in field: Model.LocalField, from choices: inout some RandomChoices
  ) -> Model.Value {
    model.conditionalValue(in: field, from: &choices)
  }
}

/// One sweep over all sites: where all extents are even, first all sites of even colour, then the others (the
/// checkerboard); else in the order of sites. Stationary; not in detailed balance as a whole.
///
/// Streams: bands of `bandLines` lines have a series each, from the step and 2 (first line) + colour, with purpose
/// `acceptance`. Nothing depends on how bands are spread over ranks.
public struct LocalSweep<Rule: LocalRule>: MarkovKernel {
  /// How a site moves.
  public let rule: Rule
  @usableFromInline init(_ rule: Rule) { self.rule = rule }

  /// Lines that share a series: enough for 256 sites, so that seeding stays cheap.
  @inlinable static func bandLines(_ lineLength: Int) -> Int { max(1, 256 / lineLength) }

  @inlinable public mutating func step(
    _ state: inout LatticeConfiguration<Rule.Model.Value>, at step: UInt64, from streams: some Streams
  ) {
    let rule = rule, lattice = rule.model.lattice
    precondition(state.lattice == lattice, "the kernel belongs to another lattice")
    let replica = state.replica, d = lattice.dimensions, n = lattice.lineLength, lines = lattice.lines
    let colours = lattice.isBipartite ? 2 : 1, band = Self.bandLines(n)
    unsafe lattice.neighbours.withUnsafeBufferPointer { table in
      unsafe state.sites.withUnsafeMutableBufferPointer { values in
        let all = values.baseAddress!, links = table.baseAddress!
        for colour in 0..<colours {
          for first in stride(from: 0, to: lines, by: band) {
            var choices = streams.series(replica: replica, step: step, site: 2 &* first &+ colour, purpose: .acceptance)
            for line in first..<min(first &+ band, lines) {
              // The other axes' neighbours of a site stand in lines of their own, at the same place.
              let here = unsafe all + line &* n, beside = unsafe links + line &* n &* 2 &* d
              var x = colours == 2 ? Int(lattice.lineParities[line]) ^ colour : 0
              while x < n {
                var field = rule.model.emptyField
                for k in 0..<d &- 1 {
                  unsafe rule.model.add(all[Int(beside[k]) &+ x], to: &field)
                  unsafe rule.model.add(all[Int(beside[d &+ k]) &+ x], to: &field)
                }
                unsafe rule.model.add(here[x &+ 1 < n ? x &+ 1 : 0], to: &field)
                unsafe rule.model.add(here[x > 0 ? x &- 1 : n &- 1], to: &field)
                unsafe here[x] = unsafe rule.next(here[x], in: field, from: &choices)
                x &+= colours
              }
            }
          }
        }
      }
    }
  }
}

/// Sweeps of Metropolis moves.
public typealias LocalMetropolis<Model: LatticeModel> = LocalSweep<LocalMetropolisRule<Model>>
/// Sweeps of heat bath moves.
public typealias LocalHeatBath<Model: HeatBathModel> = LocalSweep<LocalHeatBathRule<Model>>

extension LocalSweep {
  /// Metropolis sweeps of `model` with proposals of this width; throws unless the width is finite and above zero.
  public init<Model>(_ model: Model, width: Double = 1) throws(LatticeError) where Rule == LocalMetropolisRule<Model> {
    guard width.isFinite && width > 0 else { throw .badWidth(width) }
    self.init(LocalMetropolisRule(model: model, width: width))
  }
  /// Heat bath sweeps of `model`.
  public init<Model>(_ model: Model) where Rule == LocalHeatBathRule<Model> {
    self.init(LocalHeatBathRule(model: model))
  }
}
