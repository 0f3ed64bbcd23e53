import Glibc
import Statistics

/// Entropy, in nats, from how often each symbol was seen (n_i, total N).
///
/// The plug-in value is too low by about (m - 1)/2N, m the number of symbols that occur; the others correct this in the
/// order in which they cope with few samples.
public enum EntropyEstimator: String, Sendable, CaseIterable {
  /// ln N - sum n_i ln n_i / N: the entropy of the observed frequencies.
  case plugIn
  /// Plug-in + (m - 1)/2N, m the number of symbols seen (Miller 1955).
  case millerMadow
  /// ln N - sum n_i G(n_i)/N, G(n) = psi(n) + (-1)^n/2 [psi((n + 1)/2) - psi(n/2)] (Grassberger 2003).
  case grassberger
  /// Horvitz-Thompson with the Good-Turing coverage C = 1 - f_1/N: p = C n/N, H = -sum p ln p / (1 - (1 - p)^N)
  /// (Chao and Shen 2003). If every symbol was seen once, f_1 = N - 1 is taken, so that C > 0.
  case chaoShen

  /// The entropy in nats of a symbol counted as in `counts`.
  ///
  /// Not a number if nothing was counted (all zero or empty). A negative count is a caller's bug.
  public func entropy(_ counts: [Int]) -> Double {
    var total = 0
    for count in counts {
      precondition(count >= 0, "a count is never negative")
      total += count
    }
    guard total > 0 else { return .nan }
    switch self {
    case .plugIn: return plugInEntropy(counts, total: Double(total))
    case .millerMadow:
      let seen = counts.reduce(0) { $0 + ($1 > 0 ? 1 : 0) }
      return plugInEntropy(counts, total: Double(total)) + Double(seen - 1) / (2 * Double(total))
    case .grassberger: return grassbergerEntropy(counts, total: Double(total))
    case .chaoShen: return chaoShenEntropy(counts, total: Double(total))
    }
  }
}

private func plugInEntropy(_ counts: [Int], total: Double) -> Double {
  var sum = 0.0
  for count in counts where count > 0 {
    let p = Double(count) / total
    sum -= p * log(p)
  }
  return sum
}

private func grassbergerEntropy(_ counts: [Int], total: Double) -> Double {
  var sum = 0.0
  for count in counts where count > 0 {
    let n = Double(count)
    let alternating = 0.5 * (digamma((n + 1) / 2) - digamma(n / 2))
    sum += n * (digamma(n) + (count.isMultiple(of: 2) ? alternating : -alternating))
  }
  return log(total) - sum / total
}

private func chaoShenEntropy(_ counts: [Int], total: Double) -> Double {
  let once = Double(counts.reduce(0) { $0 + ($1 == 1 ? 1 : 0) })
  let coverage = 1 - min(once, max(total - 1, 0)) / total
  var sum = 0.0
  for count in counts where count > 0 {
    let p = coverage * Double(count) / total
    // 1 - (1 - p)^N; p = 1 gives 1.
    let inclusion = p < 1 ? -expm1(total * log1p(-p)) : 1
    sum -= p * log(p) / inclusion
  }
  return sum
}

/// -sum p ln p in nats of given probabilities, with 0 ln 0 = 0; they are taken as they are, not normalised.
/// Not a number if one is negative or not a number.
public func entropy(ofProbabilities probabilities: [Double]) -> Double {
  var sum = 0.0
  for p in probabilities where p != 0 { sum -= p * log(p) }
  return sum
}
