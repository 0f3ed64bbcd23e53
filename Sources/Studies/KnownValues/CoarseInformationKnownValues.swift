internal import Glibc
internal import LatticeSystems
internal import RandomStreams
internal import Renormalization
public import Runtime
internal import Statistics

/// Known values of the information of coarse spins about their environment, and of trained filters.
public enum CoarseInformationKnownValues {
  /// The 6x6 torus exactly; a filter trained by the bound, valued exactly.
  public static let checks: [Check] = [Check("D11", .slow, torus), Check("D11", .slow, trained)]

  /// p(h = +1) of a block of four spins by the sign of their sum, with this value in a tie.
  private static func majority(tie: (Int) -> Double) -> [Double] {
    (0..<16).map { state in
      let up = state.nonzeroBitCount
      return up == 2 ? tie(state) : up > 2 ? 1 : 0
    }
  }
  /// Soft majority with the same weight everywhere.
  private static func soft(_ weight: Double) -> [Double] {
    (0..<16).map { 1 / (1 + exp(-2 * weight * Double(2 * $0.nonzeroBitCount - 4))) }
  }

  @Sendable private static func torus() -> [KnownValue] {
    let laws = [
      majority { _ in 0.5 }, majority { Double($0 & 1) }, (0..<16).map { Double($0 & 1) }, soft(0.25), soft(0.5), soft(1),
    ]
    let names = ["majority, fair ties", "majority, ties to the corner", "one spin", "soft .25", "soft .5", "soft 1"]
    let near = Tolerance.absolute(1e-8)
    var values: [KnownValue] = []
    for (name, coupling, whole, known) in [
      (
        "K_c", IsingModel.criticalCoupling, 0.549401403915,
        [0.461044648404, 0.461563981309, 0.380565535987, 0.209887401584, 0.386340157721, 0.453755740293]
      ), ("K = 0.3", 0.3, 0.096411274187, [0.055365158542, 0.056156700757, 0.041046427019]),
    ] {
      let found = ExactBlockInformation(torusCoupling: coupling, laws: laws)
      values.append(KnownValue("6x6 torus, \(name): I(V:E)", expected: whole, found: found.blockInformation, near))
      for (k, expected) in known.enumerated() {
        values.append(KnownValue("\(name): I(H:E), \(names[k])", expected: expected, found: found.informations[k], near))
      }
    }
    return values
  }

  /// Samples of the same torus: the bound lies below the exact value and near it; a filter that the bound trains is nearly the best.
  @Sendable private static func trained() throws -> [KnownValue] {
    let model = try IsingModel(SquareLattice(size: 6), coupling: IsingModel.criticalCoupling)
    let sampler = try IsingChainSampler(model, move: .swendsenWang, interval: 3)
    let streams = KeyedStreams(StreamKey.derive(seed: 11, study: "known values", unit: "D11"))
    func samples(_ chain: Int) throws -> EnvironmentSamples {
      var words = sampler.start(chain, from: streams), steps: UInt64 = 0
      _ = try sampler.draw(&words, chain: chain, steps: &steps, count: 100, from: streams)
      let data = try sampler.draw(&words, chain: chain, steps: &steps, count: 40_000, from: streams)
      return try EnvironmentSamples(data, window: 4, buffer: 0, rings: 1)
    }
    let fit = try samples(0), test = try samples(1)
    let training = FilterTraining(window: 4, steps: 1500, batch: 64, rate: 0.01)
    let weights = training.trained { training.environment(fit, blockOnly: true, from: streams, into: &$0) }
    let filter = TiedFilter(window: 4, weights: weights, choice: .mostProbable)
    // The block's sites are 5, 6, 9 and 10 of the window.
    func window(_ v: Int) -> Int { (v & 3) << 5 | (v >> 2 & 3) << 9 }
    let exact = ExactBlockInformation(
      torusCoupling: model.coupling, laws: [majority { Double($0 & 1) }, (0..<16).map { filter.probability(window($0)) }])
    let corner = TiedFilter(
      window: 4, weights: (0..<16).map { [5, 6, 9, 10].contains($0) ? ($0 == 5 ? 1.1 : 1) : 0 }, choice: .mostProbable)
    let bound = EnvironmentBound.value(of: corner.probability, fit, test)
    let best = 0.461566359420
    return [
      KnownValue(
        "bound of I(H:E), majority, less 4 errors: at most the exact", expected: exact.informations[0],
        found: bound.value - 4 * bound.error, .atMost),
      KnownValue(
        "bound of I(H:E), majority: nine tenths of the exact", expected: 0.9 * exact.informations[0], found: bound.value, .atLeast),
      KnownValue("trained filter, exact I(H:E): at most the best odd map", expected: best + 1e-9, found: exact.informations[1], .atMost),
      KnownValue("trained filter, exact I(H:E): 99 % of the best odd map", expected: 0.99 * best, found: exact.informations[1], .atLeast),
    ]
  }
}
