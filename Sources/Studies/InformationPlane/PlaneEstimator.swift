import Glibc
import InformationTheory

/// How the study puts a number to I(X;T) and I(T;Y) of a layer.
enum PlaneEstimator: String, CaseIterable {
  case fixedBins = "bins-fixed"
  case quantileBins = "bins-quantile"
  case noiseLower = "noise-lower"
  case noiseUpper = "noise-upper"
  case relativeLower = "relative-noise-lower"
  case relativeUpper = "relative-noise-upper"

  /// What it takes T for, for the page.
  func assumes(_ plane: InformationPlane) -> String {
    let noise = "T is the layer plus normal noise that the network does not have, "
    let bounds = "; a bound of I(X;T); of I(T;Y) the difference of two such bounds, which is none"
    switch self {
    case .fixedBins:
      return "T is the tuple of \(plane.bins) equally wide bins of each unit, from -1 to 1 (tanh), 0 to 1 (sigmoid, and the output's "
        + "probabilities), or between the extremes of the layer over the whole run. Without noise I(X;T) is the entropy of the tuples: set by the bins"
    case .quantileBins:
      return "T is the tuple of \(plane.bins) bins of each unit that are equally filled at each epoch: the scale of a unit does not count"
    case .noiseLower, .noiseUpper: return noise + "of variance \(plane.noise) on each unit at every epoch" + bounds
    case .relativeLower, .relativeUpper:
      return noise + "of \(plane.relativeNoise) times the layer's mean variance at that epoch: the scale of the layer does not count"
        + bounds
    }
  }
  var isBinned: Bool { self == .fixedBins || self == .quantileBins }
  var isLower: Bool { self == .noiseLower || self == .relativeLower }
}

/// One layer at one epoch: its values on the measured samples.
struct LayerValues {
  /// `[samples, units]`.
  let values: [Double], units: Int
  /// Where fixed bins begin and end.
  let range: ClosedRange<Double>

  /// I(X;T), I(T;Y) and, with labels in random orders, the mean I(T;Y); in nats.
  struct Informations { var x = 0.0, y = 0.0, null = 0.0 }

  /// The informations by each of the estimators. `labels` are the samples' own and then those in random orders; X is one of the
  /// samples, each as probable as the others.
  func informations(_ estimators: [PlaneEstimator], _ plane: InformationPlane, labels: [[Int]]) throws(EstimationError) -> [Informations] {
    var found: [Informations] = [], bounds: [Double: NoisyMapInformation] = [:]
    for estimator in estimators {
      if estimator.isBinned {
        found.append(binned(BinnedEstimator(bins: plane.bins, rule: estimator == .quantileBins ? .quantile : .fixed(range)), labels))
        continue
      }
      let isRelative = estimator == .relativeLower || estimator == .relativeUpper
      // A layer that does not vary says nothing, whatever the noise.
      let variance = isRelative ? max(plane.relativeNoise * meanVariance, 1e-30) : plane.noise
      let noisy: NoisyMapInformation
      if let known = bounds[variance] {
        noisy = known
      } else {
        noisy = try NoisyMapInformation(values: values, dimension: units, noiseVariance: variance, labellings: labels)
      }
      bounds[variance] = noisy
      let x = estimator.isLower ? noisy.lower : noisy.upper
      let y = noisy.conditional.map { x - (estimator.isLower ? $0.lower : $0.upper) }
      found.append(Informations(x: x, y: y[0], null: y.dropFirst().reduce(0, +) / Double(max(1, y.count - 1))))
    }
    return found
  }

  /// I(X;T) by so many equally wide bins.
  func entropy(bins: Int) -> Double { binned(BinnedEstimator(bins: bins, rule: .fixed(range)), []).x }

  private func binned(_ estimator: BinnedEstimator, _ labels: [[Int]]) -> Informations {
    let symbols = estimator.symbols(values, units), x = entropy(symbols.numbers, symbols.count)
    let y = labels.map { labels -> Double in
      let classes = (labels.max() ?? 0) + 1
      return x + entropy(labels, classes) - entropy(zip(symbols.numbers, labels).map { $0 * classes + $1 }, symbols.count * classes)
    }
    return Informations(x: x, y: y.first ?? 0, null: y.dropFirst().reduce(0, +) / Double(max(1, y.count - 1)))
  }
  private func entropy(_ numbers: [Int], _ symbols: Int) -> Double {
    var counts = [Int](repeating: 0, count: symbols)
    for number in numbers { counts[number] += 1 }
    return EntropyEstimator.plugIn.entropy(counts)
  }
  private var meanVariance: Double {
    let n = values.count / units
    var total = 0.0
    for c in 0..<units {
      var mean = 0.0, square = 0.0
      for i in 0..<n { mean += values[i * units + c] }
      mean /= Double(n)
      for i in 0..<n { square += (values[i * units + c] - mean) * (values[i * units + c] - mean) }
      total += square / Double(n)
    }
    return total / Double(units)
  }
}
