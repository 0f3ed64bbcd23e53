import Glibc
import LinearAlgebra

/// A lower bound of mutual information by the scores of a batch's pairs: those on the diagonal belong together.
public enum NeuralBound: String, Sendable, CaseIterable {
  /// <f_ii - ln(1/B sum_j f_ij)>: at most ln B, of low variance (van den Oord, Li, Vinyals 2018).
  case infoNCE
  /// <f_ii> - ln <e^f_ij>, i != j (Donsker and Varadhan 1983; MINE, Belghazi et al. 2018). Its value of finitely many samples is
  /// too high on the average, and its variance grows like e^I.
  case donskerVaradhan

  /// The largest information in nats that a batch shows: ln B, which InfoNCE cannot exceed, or ln B(B - 1), beyond which random pairs of
  /// the batch hold none like those of the joint law.
  public func ceiling(batch: Int) -> Double { log(Double(batch)) + (self == .infoNCE ? 0 : log(Double(batch - 1))) }

  /// The bound of a batch's `scores: [batch, batch]`.
  public func value(_ scores: [Float], batch: Int) -> Double {
    var scores = scores
    return value([part(&scores, from: 0, rows: 0..<batch, batch: batch)], batch: batch)
  }

  /// What some rows of scores add to the bound: sums, and the largest score off the diagonal with the sum of e^f against it.
  struct Part {
    var sum = 0.0, top = -Double.infinity, powers = 0.0
  }

  /// The bound of a batch from its parts, in their order.
  func value(_ parts: [Part], batch: Int) -> Double {
    let sum = parts.reduce(0) { $0 + $1.sum } / Double(batch)
    return self == .infoNCE ? sum : sum - logMean(parts, batch: batch)
  }

  /// ln <e^f_ij>, i != j.
  func logMean(_ parts: [Part], batch: Int) -> Double {
    let top = parts.reduce(-.infinity) { max($0, $1.top) }
    let powers = parts.reduce(0) { $0 + $1.powers * exp($1.top - top) }
    return top + log(powers / (Double(batch) * Double(batch - 1)))
  }

  /// The part of rows `rows` of a batch, the first of which is row `first` of `scores: [some rows, batch]`. InfoNCE leaves the derivative of the bound by each score in their
  /// place: its rows know nothing of each other.
  func part(_ scores: inout [Float], from first: Int, rows: Range<Int>, batch: Int) -> Part {
    var part = Part()
    unsafe scores.withUnsafeMutableBufferPointer { scores in
      guard let start = scores.baseAddress else { return }
      let scores = unsafe start + first * batch
      switch self {
      case .infoNCE:
        for (place, i) in rows.enumerated() { part.sum += unsafe contrast(scores + place * batch, own: i, count: batch) }
      case .donskerVaradhan:
        // The pair that belongs together is not among the others.
        var own: [Float] = []
        for (place, i) in rows.enumerated() {
          let row = unsafe scores + place * batch
          own.append(unsafe row[i])
          unsafe row[i] = -.infinity
          part.top = unsafe max(part.top, Double(largest(row, count: batch)))
        }
        let top = Float(part.top)
        for (place, i) in rows.enumerated() {
          let row = unsafe scores + place * batch
          part.powers += unsafe sumOfPowers(row, below: top, count: batch)
          unsafe row[i] = own[place]
          part.sum += Double(own[place])
        }
      }
    }
    return part
  }

  /// The derivative of the second bound by each of some rows' scores, in their place. `memory` is the average of <e^f> that takes the
  /// bias from the gradient (as a logarithm; nil before the first step), renewed by a tenth with the present `logMean`.
  func slope(_ scores: inout [Float], rows: Range<Int>, batch: Int, logMean now: Double, memory: Double?) -> Double {
    let kept =
      memory.map { old in
        let top = max(old, now)
        return top + log(0.9 * exp(old - top) + 0.1 * exp(now - top))
      } ?? now
    // Shares of the batch's own mean, times its ratio to the memory, within a factor of two: the pure ratio of a batch with an
    // outlier would be a step without measure.
    let ratio = min(max(exp(now - kept), 0.5), 2), pairs = Double(batch) * Double(batch - 1)
    let shift = Float(now), weight = Float(ratio / pairs)
    for k in scores.indices { scores[k] -= shift }
    Elementwise.exp(&scores)
    for k in scores.indices { scores[k] *= -weight }
    for (place, i) in rows.enumerated() { scores[place * batch + i] = 1 / Float(batch) }
    return kept
  }
}

/// f_own - ln(1/B sum_j e^f_j) of a row of B scores, which it turns into the derivative of that over B.
private func contrast(_ row: UnsafeMutablePointer<Float>, own: Int, count: Int) -> Double {
  let top = unsafe largest(row, count: count), score = unsafe row[own]
  let shift = SIMD16<Float>(repeating: top)
  var sums = SIMD16<Float>(), k = 0
  while k &+ 16 <= count {
    let powers = unsafe Elementwise.exp(loadLanes(row + k) - shift)
    unsafe storeLanes(powers, row + k)
    sums += powers
    k &+= 16
  }
  if k < count {
    let powers = unsafe Elementwise.exp(loadLanes(row + k, count: count - k) - shift)
    unsafe storeLanes(powers, row + k, count: count - k)
    for lane in 0..<count - k { sums[lane] += powers[lane] }
  }
  var sum = 0.0
  for lane in 0..<16 { sum += Double(sums[lane]) }
  let scale = SIMD16(repeating: Float(-1 / (sum * Double(count))))
  k = 0
  while k &+ 16 <= count {
    unsafe storeLanes(loadLanes(row + k) * scale, row + k)
    k &+= 16
  }
  while k < count {
    unsafe row[k] *= scale[0]
    k &+= 1
  }
  unsafe row[own] += 1 / Float(count)
  return Double(score - top) - log(sum / Double(count))
}

private func largest(_ row: UnsafePointer<Float>, count: Int) -> Float {
  var tops = SIMD16<Float>(repeating: -.infinity), k = 0
  while k &+ 16 <= count {
    let lanes = unsafe loadLanes(row + k)
    tops = tops.replacing(with: lanes, where: lanes .> tops)
    k &+= 16
  }
  var top = tops.max()
  while k < count {
    top = unsafe max(top, row[k])
    k &+= 1
  }
  return top
}

/// sum_j e^(f_j - top).
private func sumOfPowers(_ row: UnsafePointer<Float>, below top: Float, count: Int) -> Double {
  let shift = SIMD16<Float>(repeating: top)
  var sums = SIMD16<Float>(), k = 0
  while k &+ 16 <= count {
    sums += unsafe Elementwise.exp(loadLanes(row + k) - shift)
    k &+= 16
  }
  if k < count {
    let powers = unsafe Elementwise.exp(loadLanes(row + k, count: count - k) - shift)
    for lane in 0..<count - k { sums[lane] += powers[lane] }
  }
  var sum = 0.0
  for lane in 0..<16 { sum += Double(sums[lane]) }
  return sum
}
