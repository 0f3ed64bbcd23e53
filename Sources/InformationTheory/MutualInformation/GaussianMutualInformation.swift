import Glibc
import Statistics

/// The mutual information -ln(1 - rho^2)/2 in nats of two jointly normal numbers with this correlation.
///
/// Infinite at |rho| = 1, not a number beyond.
public func gaussianMutualInformation(correlation: Double) -> Double { -0.5 * log1p(-correlation * correlation) }

/// Two standard normal numbers of correlation rho, each sorted into equal bins on [-range, range], the first and last
/// bins open: their joint law and mutual information, exactly. The reference for every estimate from histograms.
public struct BinnedGaussian: Sendable, Equatable {
  /// rho, and how the axis is cut.
  public let correlation: Double, bins: Int, range: Double
  /// P(row bin, column bin), `[bins, bins]`, row-major; good to about 1e-14.
  public let probabilities: [Double]

  /// The joint law.
  ///
  /// `P(i, j) = int_{bin i} phi(x) [Phi((b_j - rho x)/s) - Phi((a_j - rho x)/s)] dx`, s = sqrt(1 - rho^2), by 16-point
  /// Gauss-Legendre on panels no wider than a quarter, and than s/rho halved.
  /// - Parameters: |rho| <= 0.9999, at least two bins, 0 < range <= 20.
  public init(correlation: Double, bins: Int, range: Double) {
    precondition(abs(correlation) <= 0.9999, "the correlation is within 0.9999")
    precondition(bins >= 2 && range > 0 && range <= 20, "two bins at least, and a range up to 20")
    self.correlation = correlation
    self.bins = bins
    self.range = range
    let edges = (0...bins).map { -range + 2 * range * Double($0) / Double(bins) }
    let spread = sqrt((1 - correlation) * (1 + correlation))
    let panelWidth = min(0.25, 0.5 * spread / max(abs(correlation), 1e-3))
    let rule = GaussLegendre(nodes: 16)
    var cells = [Double](repeating: 0, count: bins * bins)
    for row in 0..<bins {
      // The open ends stop 9 sigma out, where 1e-19 is left, or 9 beyond the range.
      let lower = row == 0 ? min(edges[0], 0) - 9 : edges[row]
      let upper = row == bins - 1 ? max(edges[bins], 0) + 9 : edges[row + 1]
      let panels = max(1, Int(((upper - lower) / panelWidth).rounded(.up)))
      for panel in 0..<panels {
        let start = lower + (upper - lower) * Double(panel) / Double(panels)
        let half = 0.5 * (upper - lower) / Double(panels)
        for node in rule.nodes.indices {
          let x = start + half * (1 + rule.nodes[node])
          let weight = half * rule.weights[node] * exp(-0.5 * x * x) / sqrt(2 * Double.pi)
          for column in 0..<bins {
            let a = column == 0 ? -Double.infinity : (edges[column] - correlation * x) / spread
            let b = column == bins - 1 ? Double.infinity : (edges[column + 1] - correlation * x) / spread
            cells[row * bins + column] += weight * normalProbability(from: a, to: b)
          }
        }
      }
    }
    probabilities = cells
  }

  /// I of the two bin numbers, in nats.
  public var mutualInformation: Double { InformationTheory.mutualInformation(ofJoint: probabilities, rows: bins, columns: bins) }

  /// The bin of a number; of one that is not a number, the first.
  public func bin(of x: Double) -> Int {
    let position = (x + range) / (2 * range) * Double(bins)
    return position >= Double(bins - 1) ? bins - 1 : position >= 1 ? Int(position) : 0
  }
}

/// Phi(b) - Phi(a) for a <= b, in the tail where it loses nothing.
private func normalProbability(from a: Double, to b: Double) -> Double {
  if a > 0 { return 0.5 * (erfc(a / sqrt(2.0)) - erfc(b / sqrt(2.0))) }
  return 0.5 * (erfc(-b / sqrt(2.0)) - erfc(-a / sqrt(2.0)))
}

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
