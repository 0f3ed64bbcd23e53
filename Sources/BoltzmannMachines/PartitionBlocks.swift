import Glibc
import LinearAlgebra
public import Statistics

/// The partition function of a machine as a sum over blocks of the states of an enumerated layer: each block is bounded work, and ln Z
/// follows from the ln of their sums, in their order, whoever computed them.
public struct PartitionBlocks: Sendable {
  private enum States: Sendable {
    case products(ExactEnumeration), logarithms(ExactEnumeration)
    case pairs(PairEnumeration)
  }
  private let states: States
  /// ln of a factor of Z outside the sum.
  let constant: Double
  /// How many blocks there are.
  public let count: Int
  /// What one of them costs, in nanoseconds of a usual processor, roughly.
  public let cost: Double

  init(_ enumeration: ExactEnumeration, constant: Double) {
    let traced = Double(enumeration.traced), cuts = enumeration.cuts
    if enumeration.takesProducts {
      (states, count, cost) = (.products(enumeration), 1 << cuts.top.count, 0.3 * Double(1 << cuts.top.lowerBound) * traced)
    } else {
      let high = enumeration.enumerated - cuts.low.count
      (states, count, cost) = (.logarithms(enumeration), 1 << high, 15 * Double(1 << cuts.low.count) * traced)
    }
    self.constant = constant
  }
  init(_ enumeration: PairEnumeration, constant: Double) {
    (states, count) = (.pairs(enumeration), enumeration.blocks)
    cost = Double(1 << enumeration.low) * Double(15 + enumeration.low)
    self.constant = constant
  }

  /// ln of the sum over each of `blocks`.
  public func logSums(_ blocks: Range<Int>) -> [Double] {
    switch states {
    case .products(let enumeration): enumeration.logSumsByProducts(blocks)
    case .logarithms(let enumeration): enumeration.logSumsByLogarithms(blocks)
    case .pairs(let enumeration): blocks.map { enumeration.logSum($0) }
    }
  }
  /// ln Z, given the sums over all blocks in order.
  public func logPartition(_ sums: LogWeights) -> Double { sums.logSum + constant }

  /// ln Z at one go.
  func logPartition() -> Double { logPartition(LogWeights(logSums(0..<count))) }
}

/// exp(a·h + h G h / 2) over all states h of 0/1 units, in blocks with one set of bits above the `low` ones.
struct PairEnumeration: Sendable {
  let units: Int, low: Int
  /// a; G, `[units, units]`, symmetric.
  let fields: [Double], pairs: [Double]
  var blocks: Int { 1 << (units - low) }

  init(fields: [Double], pairs: [Double]) {
    (self.fields, self.pairs) = (fields, pairs)
    units = fields.count
    // The exponent is a running sum: short blocks keep its rounding small.
    low = min(12, units)
  }

  /// ln of the sum over a block.
  func logSum(_ block: Int) -> Double {
    // local: a + G h.
    var local = fields, exponent = 0.0
    for unit in low..<units where block >> (unit - low) & 1 == 1 {
      exponent += local[unit] + pairs[unit * units + unit] / 2
      for other in 0..<units { local[other] += pairs[unit * units + other] }
    }
    var exponents = [exponent]
    exponents.reserveCapacity(1 << low)
    for number in 1..<max(1, 1 << low) {
      // In the order of Gray's code one unit changes at a time.
      let unit = number.trailingZeroBitCount, isOn = (number ^ number >> 1) >> unit & 1 == 1, sign: Double = isOn ? 1 : -1
      exponent += sign * local[unit] + pairs[unit * units + unit] / 2
      for other in 0..<low { local[other] += sign * pairs[unit * units + other] }
      exponents.append(exponent)
    }
    return Elementwise.logSumExp(exponents)
  }
}

extension RestrictedBoltzmannMachine {
  /// The blocks of ln Z, over the states of the smaller layer; throws like `exactLogPartition`.
  public func partitionBlocks() throws(BoltzmannError) -> PartitionBlocks {
    let (enumeration, constant) = try smallerLayerEnumeration()
    return PartitionBlocks(enumeration, constant: constant)
  }
}

extension GaussianBoltzmannMachine {
  /// The blocks of ln Z, over the states of the hidden layer; throws like `exactLogPartition`.
  public func partitionBlocks() throws(BoltzmannError) -> PartitionBlocks {
    guard hidden <= 25 else { throw .tooManyUnits(found: hidden, limit: 25) }
    var fields = hiddenBias, pairs = [Double](repeating: 0, count: hidden * hidden)
    for i in 0..<visible {
      for j in 0..<hidden {
        let weight = weights[i * hidden + j]
        fields[j] += visibleMean[i] / deviations[i] * weight
        for k in 0..<hidden { pairs[j * hidden + k] += weight * weights[i * hidden + k] }
      }
    }
    let constant = deviations.reduce(0) { $0 + log($1) + log(2 * Double.pi) / 2 }
    return PartitionBlocks(PairEnumeration(fields: fields, pairs: pairs), constant: constant)
  }
}
