import LinearAlgebra
public import Sampling
public import Statistics
import Glibc

/// A 0/1 machine seen from one of its layers: the states of that layer are enumerated, the other layer is summed
/// out in closed form. Double precision.
struct ExactEnumeration: Sendable {
  /// How many units are enumerated and how many are summed out.
  let enumerated: Int, traced: Int
  /// W, `[enumerated, traced]`.
  let weights: [Double]
  let enumeratedBias: [Double], tracedBias: [Double]

  /// `machine` has 0/1 units; its visible layer is enumerated.
  init(visibleLayerOf machine: RestrictedBoltzmannMachine<Double>) {
    enumerated = machine.visible
    traced = machine.hidden
    weights = machine.weights
    enumeratedBias = machine.visibleBias
    tracedBias = machine.hiddenBias
  }

  /// `start` plus the sums of the rows `units` of the weights over all subsets: `[2^units, traced]`; bit k of the
  /// subset's number is unit `units.lowerBound + k`.
  func subsetFields(_ units: Range<Int>, start: [Double]) -> [Double] {
    var table = start
    table.reserveCapacity(traced << units.count)
    for (level, unit) in units.enumerated() {
      for state in 0..<(1 << level) {
        for t in 0..<traced { table.append(table[state * traced + t] + weights[unit * traced + t]) }
      }
    }
    return table
  }

  /// The sums of the enumerated biases `units` over all subsets.
  func subsetBiases(_ units: Range<Int>) -> [Double] {
    var table = [0.0]
    for unit in units { table += table.map { $0 + enumeratedBias[unit] } }
    return table
  }

  /// How the bits of a state's number are cut: low and middle tables of up to 8 units, the rest on top.
  var cuts: (low: Range<Int>, middle: Range<Int>, top: Range<Int>) {
    let low = min(8, enumerated), middle = min(16, enumerated)
    return (0..<low, low..<middle, middle..<enumerated)
  }

  /// Calls `body` with every state's number, its fields on the traced layer and the sum of its biases, in order; with `highStates` only
  /// those whose bits above the low ones are one of these.
  func forEachState(_ highStates: Range<Int>? = nil, _ body: (_ state: Int, _ fields: [Double], _ bias: Double) -> Void) {
    let cuts = cuts
    let lowFields = subsetFields(cuts.low, start: [Double](repeating: 0, count: traced)), lowBiases = subsetBiases(cuts.low)
    let highUnits = cuts.middle.lowerBound..<enumerated
    var fields = tracedBias
    for high in highStates ?? 0..<(1 << highUnits.count) {
      var base = tracedBias, bias = 0.0
      for (k, unit) in highUnits.enumerated() where high >> k & 1 == 1 {
        bias += enumeratedBias[unit]
        for t in 0..<traced { base[t] += weights[unit * traced + t] }
      }
      for low in lowBiases.indices {
        for t in 0..<traced { fields[t] = base[t] + lowFields[low * traced + t] }
        body(high << cuts.low.count | low, fields, bias + lowBiases[low])
      }
    }
  }

  /// Whether every exponential of a field and of a bias has room in a double beside a factor and a renormalised product: e^300 at most.
  var takesProducts: Bool {
    var largest = enumeratedBias.reduce(0) { $0 + abs($1) }
    for t in 0..<traced {
      largest = max(largest, (0..<enumerated).reduce(abs(tracedBias[t])) { $0 + abs(weights[$1 * traced + t]) })
    }
    return enumerated >= 3 && largest <= 300
  }

  /// The ln of the sum over the states of each of `blocks`, state by state in logarithms: for a handful of units, or fields that overflow
  /// an exponential. A block has one set of bits above the low ones.
  func logSumsByLogarithms(_ blocks: Range<Int>) -> [Double] {
    var sums: [Double] = []
    for block in blocks {
      var sum = LogWeights()
      forEachState(block..<block + 1) { _, fields, bias in sum.add(fields.reduce(bias) { $0 + Elementwise.softplus($1) }) }
      sums.append(sum.logSum)
    }
    return sums
  }
}

extension RestrictedBoltzmannMachine {
  /// The largest layer whose states are enumerated.
  public static var enumerationLimit: Int { 25 }

  /// ln Z exactly, by enumerating the states of the smaller layer: 2^n states times the units of the other layer,
  /// one multiplication and one addition each.
  ///
  /// Throws `tooManyUnits` where the smaller layer has more than `enumerationLimit` units. In double precision.
  public func exactLogPartition() throws(BoltzmannError) -> Double {
    try partitionBlocks().logPartition()
  }

  /// The mean over configurations of ln p(v) with the exact partition function, and its standard error (NaN for a
  /// single configuration). Throws like `exactLogPartition`.
  public func exactLogLikelihood(of configurations: Configurations) throws(BoltzmannError) -> Estimate {
    let logPartition = try exactLogPartition()
    return Estimate(meanOf: freeEnergy(of: configurations).map { -$0 - logPartition })
  }

  /// The machine seen from its smaller layer, and the constant of the conversion to 0/1 units.
  func smallerLayerEnumeration() throws(BoltzmannError) -> (ExactEnumeration, constant: Double) {
    let smaller = min(visible, hidden)
    guard smaller <= Self.enumerationLimit else { throw .tooManyUnits(found: smaller, limit: Self.enumerationLimit) }
    let (machine, constant) = inDoublePrecision.converted(to: .zeroOne)
    return (ExactEnumeration(visibleLayerOf: visible <= hidden ? machine : machine.transposed), constant)
  }
}
