import Glibc
import Statistics

/// How an axis is cut into bins.
public enum BinRule: Sendable, Equatable {
  /// Equally wide bins from the smallest to the largest value of each column.
  case equalWidth
  /// Equally wide bins between these, the first and the last open.
  case fixed(ClosedRange<Double>)
  /// Bins of equally many samples; equal values share a bin.
  case quantile
}

/// Mutual information of variables sorted into bins, each component of a vector by itself and the tuple taken as a symbol.
///
/// It is the information of the bin numbers, at most that of the variables. A function of a deterministic network has as much of it as
/// the bins resolve: a statement about the bins. The value is that of all samples, the error the jackknife over consecutive
/// blocks of them. The ceiling is the logarithm of the number of bins of the smaller variable, or of N. Grassberger's correction wants
/// counts that vary: with quantile bins, which fill alike, it leaves the bias of plug-in.
public struct BinnedEstimator: MutualInformationEstimator {
  /// Bins of a column, how they are laid, how entropies are estimated, blocks of the jackknife.
  public let bins: Int, rule: BinRule, entropy: EntropyEstimator, blocks: Int

  /// - Parameters: 2 to 256 bins, at least one block.
  public init(bins: Int, rule: BinRule = .quantile, entropy: EntropyEstimator = .millerMadow, blocks: Int = 20) {
    precondition(2...256 ~= bins && blocks >= 1, "two to 256 bins, a block at least")
    self.bins = bins
    self.rule = rule
    self.entropy = entropy
    self.blocks = blocks
  }

  /// - Throws: `tooFewSamples` without samples.
  public func estimate(_ samples: borrowing PairedSamples) throws(EstimationError) -> MutualInformation {
    guard samples.count > 0 else { throw .tooFewSamples(found: 0, required: 1) }
    let n = samples.count
    let x = symbols(samples.x, samples.xDimension), y = symbols(samples.y, samples.yDimension)
    let pairs = numbered(x.numbers, y.numbers)
    let sets = [(x.numbers, x.count), (y.numbers, y.count), (pairs.numbers, pairs.count)]
    let all = sets.map { counts($0.0, $0.1, 0..<n) }
    let used = min(blocks, n)
    func value(_ left: Int?) -> Double {
      let entropies = sets.indices.map { set -> Double in
        var kept = all[set]
        if let left {
          for i in n * left / used..<n * (left + 1) / used { kept[sets[set].0[i]] -= 1 }
        }
        return entropy.entropy(kept)
      }
      return entropies[0] + entropies[1] - entropies[2]
    }
    let estimate = jackknife(blocks: used) { [value($0)] }[0]
    let smaller = Double(min(samples.xDimension, samples.yDimension)) * log(Double(bins))
    return MutualInformation(
      nats: estimate.value, standardError: used > 1 ? estimate.error : nil, ceiling: min(smaller, log(Double(n))),
      correlationNats: samples.correlationInformation)
  }

  /// The bin of each value of a column.
  func binned(_ column: [Double]) -> [Int] {
    switch rule {
    case .equalWidth: return equal(column, column.min() ?? 0, column.max() ?? 0)
    case .fixed(let range): return equal(column, range.lowerBound, range.upperBound)
    case .quantile:
      let order = column.indices.sorted { (column[$0], $0) < (column[$1], $1) }
      var result = [Int](repeating: 0, count: column.count), first = 0
      for (rank, place) in order.enumerated() {
        if rank > 0, column[place] != column[order[rank - 1]] { first = rank }
        result[place] = first * bins / column.count
      }
      return result
    }
  }
  private func equal(_ column: [Double], _ low: Double, _ high: Double) -> [Int] {
    column.map { value in
      let position = high > low ? (value - low) / (high - low) * Double(bins) : 0
      return position >= Double(bins - 1) ? bins - 1 : position >= 1 ? Int(position) : 0
    }
  }

  /// The tuple of bins of each sample of `values: [count, columns]` as one number, and how many tuples occur: tuples are numbered in
  /// the order in which they are first seen. Finite values.
  public func symbols(_ values: [Double], _ columns: Int) -> (numbers: [Int], count: Int) {
    let n = values.count / columns
    var result = (numbers: [Int](repeating: 0, count: n), count: min(n, 1))
    for c in 0..<columns { result = numbered(result.numbers, binned((0..<n).map { values[$0 * columns + c] })) }
    return result
  }
  /// Numbers for pairs, in the order in which they are first seen; the second number is below 2^32.
  private func numbered(_ first: [Int], _ second: [Int]) -> (numbers: [Int], count: Int) {
    var known: [Int: Int] = [:]
    let numbers = first.indices.map { i -> Int in
      let pair = first[i] << 32 | second[i]
      if let number = known[pair] { return number }
      known[pair] = known.count
      return known.count - 1
    }
    return (numbers, known.count)
  }
  private func counts(_ numbers: [Int], _ symbols: Int, _ range: Range<Int>) -> [Int] {
    var counts = [Int](repeating: 0, count: symbols)
    for i in range { counts[numbers[i]] += 1 }
    return counts
  }
}
