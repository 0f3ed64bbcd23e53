import Glibc
import InformationTheory
import MessagePassing
import RandomStreams
import Runtime

/// An estimator that the study puts to normal pairs.
enum GaussianEstimator: String, CaseIterable {
  case ksg1 = "ksg-1"
  case ksg2 = "ksg-2"
  case plugIn = "bins-plug-in"
  case millerMadow = "bins-miller-madow"
  case noiseLower = "noise-lower"
  case noiseUpper = "noise-upper"
  case infoNCE = "info-nce"
  case jointInfoNCE = "info-nce-joint"
  case mine = "mine"

  /// What it knows or assumes, for the page.
  var assumptions: String {
    switch self {
    case .ksg1, .ksg2: "a smooth density where the k neighbours are; nothing else"
    case .plugIn: "nothing of the density; sees bin numbers alone, equally filled ones; no correction"
    case .millerMadow: "as plug-in, with Miller and Madow's correction"
    case .noiseLower, .noiseUpper:
      "the channel: that Y is rho X plus normal noise, with both known; X as sampled. Of independent X and Y the map is constant and the "
        + "value zero by construction"
    case .infoNCE: "that a separable critic can be trained on the samples; a lower bound"
    case .jointInfoNCE: "that a joint critic can be trained on the samples; a lower bound"
    case .mine:
      "that a separable critic can be trained on the samples; a lower bound but for the logarithm's bias. No value is too large for it; the "
        + "ceiling given is the logarithm of a batch's pairs that do not belong together: of a larger I they hold none that looks as if they did"
    }
  }
  var isBinned: Bool { self == .plugIn || self == .millerMadow }
  var isTrained: Bool { [.infoNCE, .jointInfoNCE, .mine].contains(self) }
}

extension InformationEstimators {
  /// rho of each of d pairs that together have this information.
  static func correlation(_ information: Double, dimension: Int) -> Double { sqrt(-expm1(-2 * information / Double(dimension))) }

  /// Samples of a repetition, the same for every estimator.
  func samples(_ unit: Unit, repetition: Int, from source: KeyedStreams) throws(EstimationError) -> PairedSamples {
    let rho = Self.correlation(unit.information, dimension: unit.dimension), spread = sqrt((1 - rho) * (1 + rho))
    var draws = source.series(replica: repetition, step: 0, site: 0, purpose: .initial)
    var x: [Double] = [], y: [Double] = []
    for _ in 0..<samples * unit.dimension {
      let (a, b) = draws.normalPair()
      x.append(a)
      y.append(rho * a + spread * b)
    }
    return try PairedSamples(x: x, xDimension: unit.dimension, y: y, yDimension: unit.dimension)
  }

  /// One estimate; neighbours and critics share the work of a team, the others are quickly done by each rank for itself.
  func estimate(
    _ estimator: GaussianEstimator, _ unit: Unit, repetition: Int, key: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(EstimationError) -> MutualInformation {
    let source = KeyedStreams(key), data = try samples(unit, repetition: repetition, from: source)
    let trained = KeyedStreams(StreamKey(high: key.high, low: key.low ^ UInt64(repetition + 1) &* 0x9E37_79B9_7F4A_7C15))
    func neural(_ bound: NeuralBound, _ critic: CriticKind, batch: Int) -> NeuralEstimator {
      NeuralEstimator(bound, critic: critic, batch: batch, hidden: hidden, steps: steps, rate: Float(rate), from: trained)
    }
    switch estimator {
    case .ksg1: return try KraskovEstimator(k: neighbours).estimate(data, on: team)
    case .ksg2: return try KraskovEstimator(k: neighbours, variant: .second).estimate(data, on: team)
    case .plugIn: return try BinnedEstimator(bins: bins(dimension: unit.dimension), entropy: .plugIn).estimate(data)
    case .millerMadow: return try BinnedEstimator(bins: bins(dimension: unit.dimension)).estimate(data)
    case .noiseLower, .noiseUpper:
      let rho = Self.correlation(unit.information, dimension: unit.dimension)
      let bounds = try NoisyMapInformation(
        values: data.x.map { rho * $0 }, dimension: unit.dimension, noiseVariance: (1 - rho) * (1 + rho))
      return MutualInformation(
        nats: estimator == .noiseLower ? bounds.lower : bounds.upper, standardError: nil, ceiling: bounds.ceiling,
        correlationNats: data.correlationInformation, lowerBound: bounds.lower)
    case .infoNCE: return try neural(.infoNCE, .separable, batch: batch).estimate(data, on: team)
    case .jointInfoNCE: return try neural(.infoNCE, .joint, batch: min(batch, 64)).estimate(data, on: team)
    case .mine: return try neural(.donskerVaradhan, .separable, batch: batch).estimate(data, on: team)
    }
  }
}
