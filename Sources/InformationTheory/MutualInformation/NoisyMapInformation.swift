import Glibc
import LinearAlgebra
import Statistics

/// I(X;T) of T = f(X) + noise of variance sigma^2 on each component, X one of N samples with equal weight: bounds on both sides.
///
///     lower: -<ln <exp(-|f_i - f_j|^2 / 8 sigma^2)>_j>_i,   upper: the same with 2 sigma^2
///
/// They say something about the noise assumed; without noise I(X;T) of a continuous map has no finite value. Neither exceeds
/// ln N. Where the samples stand for a continuous X, the bounds are those of the sampled X. Cost N^2 exponentials.
/// No `MutualInformationEstimator`: it takes a map and the noise, which are known, and no samples of T; and it gives two numbers.
/// Source: A. Kolchinsky, B. Tracey, Entropy 19, 361 (2017); A. Saxe et al., ICLR 2018.
public struct NoisyMapInformation: Sendable {
  /// The bounds in nats, and the noise they hold for.
  public let lower: Double, upper: Double, noiseVariance: Double
  /// ln N, which neither exceeds.
  public let ceiling: Double

  /// The same bounds of I(X;T|Y) for each labelling Y of the samples that was given: I(T;Y) = I(X;T) - I(X;T|Y), Y a function of X.
  public let conditional: [(lower: Double, upper: Double)]

  /// The bounds for values f(x), `[count, dimension]`, row-major, and those within the classes of each of `labellings`.
  /// - Throws: `notFinite`, `shapes` (also where a labelling has not one class for each sample), `tooFewSamples` without samples.
  public init(values: [Double], dimension: Int, noiseVariance: Double, labellings: [[Int]] = []) throws(EstimationError) {
    precondition(noiseVariance > 0, "noise has a variance")
    guard dimension > 0, values.count.isMultiple(of: dimension) else {
      throw .shapes(x: values.count, xDimension: dimension, y: values.count, yDimension: dimension)
    }
    if let place = values.firstIndex(where: { !$0.isFinite }) { throw .notFinite(index: place / dimension) }
    let n = values.count / dimension
    guard n > 0 else { throw .tooFewSamples(found: 0, required: 1) }
    for labels in labellings where labels.count != n {
      throw .shapes(x: values.count, xDimension: dimension, y: labels.count, yDimension: 1)
    }
    typealias V = SIMD8<Double>
    let blocks = (n + 7) / 8
    // Columns in vectors of eight points; lanes without a point are infinitely far.
    var columns = [V](repeating: V(repeating: 1e150), count: blocks * dimension)
    for i in 0..<n { for c in 0..<dimension { columns[(i / 8) * dimension + c][i % 8] = values[i * dimension + c] } }
    let classes = labellings.map { labels -> [V] in
      var lanes = [V](repeating: V(repeating: .nan), count: blocks)
      for i in 0..<n { lanes[i / 8][i % 8] = Double(labels[i]) }
      return lanes
    }
    let sizes = labellings.map { labels in labels.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 } }
    let wide = V(repeating: -1 / (8 * noiseVariance))
    var near = [V](repeating: V(), count: blocks)
    var lower = 0.0, upper = 0.0, within = [(lower: Double, upper: Double)](repeating: (0, 0), count: labellings.count)
    for i in 0..<n {
      var sums = (V(), V())
      for block in 0..<blocks {
        var square = V()
        for c in 0..<dimension {
          let d = columns[block &* dimension &+ c] - values[i &* dimension &+ c]
          square += d * d
        }
        // The narrow kernel is the fourth power of the wide one. exp stops at e^-708, which adds nothing that could be seen.
        let value = Elementwise.exp(square * wide), twice = value * value
        near[block] = value
        sums.0 += value
        sums.1 += twice * twice
      }
      lower -= log(sums.0.sum() / Double(n))
      upper -= log(sums.1.sum() / Double(n))
      for place in labellings.indices {
        let own = V(repeating: Double(labellings[place][i]))
        var sums = (V(), V())
        for block in 0..<blocks {
          let value = V().replacing(with: near[block], where: classes[place][block] .== own), twice = value * value
          sums.0 += value
          sums.1 += twice * twice
        }
        let size = Double(sizes[place][labellings[place][i]] ?? 1)
        within[place].lower -= log(sums.0.sum() / size)
        within[place].upper -= log(sums.1.sum() / size)
      }
    }
    self.lower = lower / Double(n)
    self.upper = upper / Double(n)
    conditional = within.map { ($0.lower / Double(n), $0.upper / Double(n)) }
    self.noiseVariance = noiseVariance
    ceiling = log(Double(n))
  }

  /// The exact I(X;T) in nats for values on a line: the entropy of the mixture of normal laws, by 16-point Gauss-Legendre on
  /// panels of half a sigma, less that of the noise. Good to about 1e-13.
  public static func exact(values: [Double], noiseVariance: Double) -> Double {
    precondition(!values.isEmpty && noiseVariance > 0, "values and noise are needed")
    let sigma = noiseVariance.squareRoot(), n = Double(values.count)
    let low = (values.min() ?? 0) - 12 * sigma, high = (values.max() ?? 0) + 12 * sigma
    let panels = Int(((high - low) / (0.5 * sigma)).rounded(.up)), width = (high - low) / Double(panels)
    let rule = GaussLegendre(nodes: 16)
    var total = 0.0
    for panel in 0..<panels {
      for node in rule.nodes.indices {
        let t = low + width * (Double(panel) + 0.5 * (1 + rule.nodes[node]))
        var density = 0.0
        for value in values { density += exp(-0.5 * (t - value) * (t - value) / noiseVariance) }
        density /= n * sigma * (2 * Double.pi).squareRoot()
        if density > 0 { total -= 0.5 * width * rule.weights[node] * density * log(density) }
      }
    }
    return total - 0.5 * log(2 * Double.pi * M_E * noiseVariance)
  }
}
