import Glibc
import LinearAlgebra

/// A sum of positive numbers as `mantissa * 2^exponent`, so that it neither over- nor underflows.
private struct ScaledSum {
  var mantissa = 0.0
  var exponent = Int64.min / 2

  mutating func add(_ mantissa: Double, exponent: Int64) {
    if exponent > self.exponent {
      self.mantissa = self.mantissa * powerOfTwo(self.exponent - exponent) + mantissa
      self.exponent = exponent
    } else {
      self.mantissa += mantissa * powerOfTwo(exponent - self.exponent)
    }
  }

  var logarithm: Double { log(mantissa) + Double(exponent) * M_LN2 }
}

/// 2^exponent for exponent <= 0; 0 below the normal range.
private func powerOfTwo(_ exponent: Int64) -> Double {
  exponent < -1022 ? 0 : Double(bitPattern: UInt64(exponent + 1023) << 52)
}

extension ExactEnumeration {
  /// ln sum_s e^(c·s) prod_t (1 + e^(x_t(s))) over the states s of each of `blocks`, without an exponential or a logarithm per state. A
  /// block has one set of top bits.
  ///
  /// With the state cut into high and low bits, e^x_t = H_t L_t: H once for each high part, L from a table. Products
  /// run in eight lanes and are split into mantissa and exponent every few factors, before they could overflow.
  func logSumsByProducts(_ blocks: Range<Int>) -> [Double] {
    let cuts = cuts, lowStates = 1 << cuts.low.count
    let lowFields = subsetFields(cuts.low, start: [Double](repeating: 0, count: traced)), lowBiases = subsetBiases(cuts.low)
    let middleFields = subsetFields(cuts.middle, start: [Double](repeating: 0, count: traced)), middleBiases = subsetBiases(cuts.middle)
    // [lowStates / width, traced, width]: what one pass of the inner loop reads, in its order.
    let width = min(lowStates, 32)
    var low = [Double](repeating: 0, count: lowStates * traced)
    for state in 0..<lowStates {
      for t in 0..<traced { low[(state / width * traced + t) * width + state % width] = exp(lowFields[state * traced + t]) }
    }
    let lowFactors = lowBiases.map { exp($0) }, runs = factorRuns()
    var sums: [Double] = [], high = [Double](repeating: 0, count: traced)
    var block = StateBlock(states: lowStates)
    for top in blocks {
      var total = ScaledSum(), topFields = tracedBias, topBias = 0.0
      for (k, unit) in cuts.top.enumerated() where top >> k & 1 == 1 {
        topBias += enumeratedBias[unit]
        for t in 0..<traced { topFields[t] += weights[unit * traced + t] }
      }
      for middle in middleBiases.indices {
        for t in 0..<traced { high[t] = exp(topFields[t] + middleFields[middle * traced + t]) }
        let factor = exp(topBias + middleBiases[middle])
        for group in 0..<(lowStates / width) {
          if width == 32 {
            multiply32(low, high, group: group, factor, lowFactors, runs, into: &block)
          } else {
            multiply8(low, high, group: group, width: width, factor, lowFactors, runs, into: &block)
          }
        }
        let (mantissa, exponent) = block.sum()
        total.add(mantissa, exponent: exponent)
      }
      sums.append(total.logarithm)
    }
    return sums
  }

  /// Runs of traced units whose factors together stay below e^600 in every state.
  private func factorRuns() -> [Range<Int>] {
    var runs: [Range<Int>] = [], first = 0, bound = 0.0
    for t in 0..<traced {
      let largest = (0..<enumerated).reduce(tracedBias[t]) { $0 + max(0, weights[$1 * traced + t]) }
      let logFactor = Elementwise.softplus(largest)
      if bound + logFactor > 600 {
        runs.append(first..<t)
        first = t
        bound = 0
      }
      bound += logFactor
    }
    if first < traced { runs.append(first..<traced) }
    return runs
  }

  /// Weights of the 32 low states of `group`: mantissas and exponents into `block`.
  private func multiply32(
    _ low: [Double], _ high: [Double], group: Int, _ factor: Double, _ lowFactors: [Double], _ runs: [Range<Int>],
    into block: inout StateBlock
  ) {
    typealias V = SIMD8<Double>
    let one = V(repeating: 1), first = group &* 32
    unsafe low.withUnsafeBufferPointer { low in
      let table = unsafe UnsafeRawPointer(low.baseAddress.unsafelyUnwrapped + group &* traced &* 32)
      var p0 = block.start(lowFactors, factor, at: first), p1 = block.start(lowFactors, factor, at: first &+ 8)
      var p2 = block.start(lowFactors, factor, at: first &+ 16), p3 = block.start(lowFactors, factor, at: first &+ 24)
      for run in runs {
        for t in run {
          let h = V(repeating: high[t]), row = unsafe table + t &* 256
          let l0 = unsafe row.loadUnaligned(as: V.self)
          p0 *= one + h * l0
          let l1 = unsafe (row + 64).loadUnaligned(as: V.self)
          p1 *= one + h * l1
          let l2 = unsafe (row + 128).loadUnaligned(as: V.self)
          p2 *= one + h * l2
          let l3 = unsafe (row + 192).loadUnaligned(as: V.self)
          p3 *= one + h * l3
        }
        p0 = block.renormalize(p0, at: first)
        p1 = block.renormalize(p1, at: first &+ 8)
        p2 = block.renormalize(p2, at: first &+ 16)
        p3 = block.renormalize(p3, at: first &+ 24)
      }
    }
  }

  /// The same eight states at a time, where there are fewer than 32 low states.
  private func multiply8(
    _ low: [Double], _ high: [Double], group: Int, width: Int, _ factor: Double, _ lowFactors: [Double], _ runs: [Range<Int>],
    into block: inout StateBlock
  ) {
    typealias V = SIMD8<Double>
    for part in stride(from: 0, to: width, by: 8) {
      let first = group * width + part
      var product = block.start(lowFactors, factor, at: first)
      for run in runs {
        for t in run {
          let base = (group * traced + t) * width + part
          product *= V(repeating: 1) + V(repeating: high[t]) * V(low[base..<base + 8])
        }
        product = block.renormalize(product, at: first)
      }
    }
  }
}

/// The weights of one block of low states as mantissas in [1, 2) and powers of two.
private struct StateBlock {
  var mantissas: [Double]
  var exponents: [Int64]

  init(states: Int) {
    mantissas = [Double](repeating: 0, count: states)
    exponents = [Int64](repeating: 0, count: states)
  }

  /// The factors e^(c·s) of the enumerated biases of eight states, renormalised, with their exponents set.
  @inline(__always)
  mutating func start(_ lowFactors: [Double], _ factor: Double, at first: Int) -> SIMD8<Double> {
    var lanes = SIMD8<Double>()
    for lane in 0..<8 {
      lanes[lane] = lowFactors[first &+ lane] * factor
      exponents[first &+ lane] = 0
    }
    return renormalize(lanes, at: first)
  }

  /// Moves the powers of two of eight positive normal products into the exponents.
  @inline(__always)
  mutating func renormalize(_ product: SIMD8<Double>, at first: Int) -> SIMD8<Double> {
    let bits = unsafe unsafeBitCast(product, to: SIMD8<UInt64>.self)
    let fraction = (bits & SIMD8(repeating: 0x000F_FFFF_FFFF_FFFF)) | SIMD8(repeating: 0x3FF0_0000_0000_0000)
    let mantissa = unsafe unsafeBitCast(fraction, to: SIMD8<Double>.self)
    for lane in 0..<8 {
      exponents[first &+ lane] &+= Int64(bitPattern: bits[lane] &>> 52) &- 1023
      mantissas[first &+ lane] = mantissa[lane]
    }
    return mantissa
  }

  /// The sum of all weights, relative to the largest power of two.
  func sum() -> (mantissa: Double, exponent: Int64) {
    var largest = Int64.min
    for exponent in exponents { largest = max(largest, exponent) }
    var total = 0.0
    for state in mantissas.indices { total += mantissas[state] * powerOfTwo(exponents[state] &- largest) }
    return (total, largest)
  }
}
