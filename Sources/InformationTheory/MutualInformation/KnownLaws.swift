import Glibc

/// sum p ln[p/(p_x p_y)] in nats of a joint law, `[rows, columns]`, row-major, with 0 ln 0 = 0.
///
/// Not a number if a probability is negative or not a number. The law is taken as given, not normalised.
public func mutualInformation(ofJoint probabilities: [Double], rows: Int, columns: Int) -> Double {
  precondition(probabilities.count == rows * columns, "a joint law has rows x columns cells")
  var rowSums = [Double](repeating: 0, count: rows)
  var columnSums = [Double](repeating: 0, count: columns)
  for row in 0..<rows {
    for column in 0..<columns {
      rowSums[row] += probabilities[row * columns + column]
      columnSums[column] += probabilities[row * columns + column]
    }
  }
  var sum = 0.0
  for row in 0..<rows {
    for column in 0..<columns {
      let p = probabilities[row * columns + column]
      if p != 0 { sum += p * log(p / rowSums[row] / columnSums[column]) }
    }
  }
  return sum
}

/// The mutual information in nats of two +-1 spins with these moments: <s s'> and the two magnetisations.
///
/// `P(s, s') = (1 + m s + m' s' + C s s')/4`. Probabilities that rounding has made slightly negative (above -1e-12)
/// count as zero; moments that no law has give not a number. Without magnetisation and for small C it is C^2/2.
public func spinMutualInformation(correlation: Double, magnetizations: (Double, Double) = (0, 0)) -> Double {
  let (m, n) = magnetizations
  // Without magnetisation [(1 + C) ln(1 + C) + (1 - C) ln(1 - C)]/2, which keeps its digits for small C.
  if m == 0 && n == 0 {
    let c = correlation
    guard abs(c) < 1 else { return abs(c) <= 1 + 1e-12 ? log(2.0) : .nan }
    return 0.5 * (c * (log1p(c) - log1p(-c)) + log1p(-c * c))
  }
  var cells = [0.0, 0.0, 0.0, 0.0]
  for row in 0..<2 {
    for column in 0..<2 {
      let s = Double(2 * row - 1)
      let t = Double(2 * column - 1)
      let p = 0.25 * (1 + m * s + n * t + correlation * s * t)
      cells[2 * row + column] = p < 0 && p > -1e-12 ? 0 : p
    }
  }
  return mutualInformation(ofJoint: cells, rows: 2, columns: 2)
}

/// The entropy -p ln p - (1 - p) ln(1 - p) in nats of a coin; 0 at p = 0 and 1, not a number outside [0, 1].
public func binaryEntropy(_ p: Double) -> Double {
  if p == 0 || p == 1 { return 0 }
  return -p * log(p) - (1 - p) * log1p(-p)
}
