import Glibc
import LinearAlgebra

/// A lower bound of mutual information by the scores of a batch's pairs: those on the diagonal belong together.
public enum NeuralBound: String, Sendable, CaseIterable {
  /// <f_ii - ln(1/B sum_j f_ij)>: at most ln B, of low variance (van den Oord, Li, Vinyals 2018).
  case infoNCE
  /// <f_ii> - ln <e^f_ij>, i != j (Donsker and Varadhan 1983; MINE, Belghazi et al. 2018). Its value of finitely many samples is
  /// too high on the average, and its variance grows like e^I.
  case donskerVaradhan

  /// The bound of a batch's `scores: [batch, batch]`.
  public func value(_ scores: [Float], batch: Int) -> Double {
    var diagonal = 0.0
    for i in 0..<batch { diagonal += Double(scores[i * batch + i]) }
    diagonal /= Double(batch)
    switch self {
    case .infoNCE:
      var sum = 0.0
      for i in 0..<batch {
        let row = scores[i * batch..<(i + 1) * batch], top = row.max() ?? 0
        sum += Double(top) + log(row.reduce(0.0) { $0 + exp(Double($1 - top)) } / Double(batch))
      }
      return diagonal - sum / Double(batch)
    case .donskerVaradhan: return diagonal - logMeanOffDiagonal(scores, batch)
    }
  }

  /// The derivative of the bound by each score; `memory` is the average of <e^f> that takes the bias from the second bound's
  /// gradient (as a logarithm; nil before the first step), renewed by a tenth.
  func slope(_ scores: [Float], batch: Int, memory: inout Double?) -> [Float] {
    let n = Float(batch)
    var slope = [Float](repeating: 0, count: batch * batch)
    switch self {
    case .infoNCE:
      for i in 0..<batch {
        var row = Array(scores[i * batch..<(i + 1) * batch])
        let top = row.max() ?? 0
        for j in row.indices { row[j] -= top }
        Elementwise.exp(&row)
        let scale = -1 / (row.reduce(0, +) * n)
        for j in 0..<batch { slope[i * batch + j] = scale * row[j] }
      }
    case .donskerVaradhan:
      let now = logMeanOffDiagonal(scores, batch)
      let kept =
        memory.map { old in
          let top = max(old, now)
          return top + log(0.9 * exp(old - top) + 0.1 * exp(now - top))
        } ?? now
      memory = kept
      // Shares of the batch's own mean, times its ratio to the memory, within a factor of two: the pure ratio of a batch with an
      // outlier would be a step without measure.
      let ratio = min(max(exp(now - kept), 0.5), 2), pairs = Double(batch) * Double(batch - 1)
      let shift = Float(now), weight = Float(ratio / pairs)
      for k in slope.indices { slope[k] = scores[k] - shift }
      Elementwise.exp(&slope)
      for k in slope.indices { slope[k] *= -weight }
      for i in 0..<batch { slope[i * batch + i] = 0 }
    }
    for i in 0..<batch { slope[i * batch + i] += 1 / n }
    return slope
  }

  private func logMeanOffDiagonal(_ scores: [Float], _ batch: Int) -> Double {
    var top = -Float.infinity
    for i in 0..<batch { for j in 0..<batch where j != i { top = max(top, scores[i * batch + j]) } }
    var sum = 0.0
    for i in 0..<batch { for j in 0..<batch where j != i { sum += exp(Double(scores[i * batch + j] - top)) } }
    return Double(top) + log(sum / (Double(batch) * Double(batch - 1)))
  }
}
