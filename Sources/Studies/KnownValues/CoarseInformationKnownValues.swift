internal import Glibc
internal import LatticeSystems
internal import RandomStreams
internal import Renormalization
public import Runtime
internal import Statistics

/// Known values of the information of coarse spins about their environment, and of trained filters.
public enum CoarseInformationKnownValues {
  /// A filter trained by the bound, valued exactly.
  public static let checks: [Check] = [Check("D11", .slow, trained)]

  /// Samples of the 6x6 torus at K_c: the bound lies below the exact value and near it; a filter that the bound trains is nearly the best.
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
    let exact = BlockEnvironment(coupling: model.coupling), majority = exact.information(BlockRule.majorityFirstTie)
    let found = exact.information((0..<16).map { filter.probability(window($0)) }), best = exact.bestOddMap
    let corner = TiedFilter(
      window: 4, weights: (0..<16).map { [5, 6, 9, 10].contains($0) ? ($0 == 5 ? 1.1 : 1) : 0 }, choice: .mostProbable)
    let bound = EnvironmentBound.value(of: corner.probability, fit, test)
    return [
      KnownValue(
        "bound of I(H:E), majority, less 4 errors: at most the exact", expected: majority,
        found: bound.value - 4 * bound.error, .atMost),
      KnownValue(
        "bound of I(H:E), majority: nine tenths of the exact", expected: 0.9 * majority, found: bound.value, .atLeast),
      KnownValue("trained filter, exact I(H:E): at most the best odd map", expected: best + 1e-9, found: found, .atMost),
      KnownValue("trained filter, exact I(H:E): 99 % of the best odd map", expected: 0.99 * best, found: found, .atLeast),
    ]
  }
}
