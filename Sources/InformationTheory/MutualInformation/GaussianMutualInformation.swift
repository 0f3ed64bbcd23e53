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
