import Glibc
import InformationTheory
import Laws
import MessagePassing
import Oracles
import RandomStreams
import Statistics
import Testing

@Suite("Neural bounds of mutual information")
struct NeuralBoundTests {
  private let streams = KeyedStreams(StreamKey(high: 3, low: 4))

  @Test("the bounds of given scores follow their formulas; InfoNCE never exceeds ln B")
  func formulas() {
    let scores: [Float] = [2, 0, 1, 3]
    let nce = 0.5 * (2 + 3) - 0.5 * (log((exp(2) + 1) / 2) + log((exp(1) + exp(3)) / 2))
    #expect(abs(NeuralBound.infoNCE.value(scores, batch: 2) - nce) < 1e-6)
    #expect(abs(NeuralBound.donskerVaradhan.value(scores, batch: 2) - (2.5 - log((1 + exp(1)) / 2))) < 1e-6)
    #expect(abs(NeuralBound.infoNCE.value([90, 0, 0, 90], batch: 2) - log(2)) < 1e-6)
  }

  @Test("the best critic of normal pairs gives InfoNCE's known values within 4 sigma")
  func optimal() {
    let found = OptimalNormalCritic.infoNCE(correlation: 0.9, dimension: 1, batch: 64, batches: 300, from: streams)
    #expect(abs(found.value - 0.810) < 4 * found.error + 0.004)
  }

  @Test("trained bounds of normal pairs come near the truth from below, for both critics")
  func trained() throws {
    let samples = try normalPairs(6000, dimension: 1, correlation: 0.8, seed: 21)
    let exact = gaussianMutualInformation(correlation: 0.8)
    for (bound, critic, batch, steps) in [
      (NeuralBound.infoNCE, CriticKind.separable, 200, 500), (.donskerVaradhan, .separable, 200, 500), (.infoNCE, .joint, 40, 400),
    ] {
      let estimator = NeuralEstimator(bound, critic: critic, batch: batch, hidden: 32, steps: steps, rate: 3e-3, from: streams)
      let found = try estimator.estimate(samples), error = try #require(found.standardError)
      #expect(found.nats > 0.8 * exact && found.nats < exact + 4 * error, "\(bound) \(critic): \(found.nats) of \(exact)")
      let ceiling = bound == .infoNCE ? log(Double(batch)) : log(Double(batch * (batch - 1)))
      #expect(abs(try #require(found.ceiling) - ceiling) < 1e-12 && !found.leansOnCeiling)
      #expect(try estimator.estimate(samples) == found)
    }
  }

  @Test(
    "independent data of one and ten dimensions give zero within the error, 30 seeds, both bounds, both critics", arguments: [1, 10],
    CriticKind.allCases)
  func independent(dimension: Int, critic: CriticKind) throws {
    let batch = critic == .separable ? 100 : 40
    for bound in NeuralBound.allCases {
      var values = Moments(), pulls = Moments()
      for seed in 0..<30 {
        let samples = try normalPairs(3000, dimension: dimension, correlation: 0, seed: UInt64(400 + seed))
        let found = try NeuralEstimator(bound, critic: critic, batch: batch, hidden: 16, steps: 100, from: streams).estimate(samples)
        values.add(found.nats)
        let error = try #require(found.standardError)
        if error > 0 { pulls.add(found.nats / error) }
      }
      // The third part, a fifth of the samples, knows nothing of the choice; where the beginning was kept, both value and error are zero.
      // So few batches give an error of its own spread: Student's t of f degrees has variance f/(f - 2) and excess kurtosis 6/(f - 4),
      // so that the variance of n pulls has the spread f/(f - 2) (6/(f - 4)/n + 2/(n - 1))^(1/2).
      #expect(abs(values.mean) < 4 * values.standardError + 1e-3, "\(bound): \(values.estimate)")
      guard pulls.count >= 4 else { continue }
      let f = Double(600 / batch - 1), n = Double(pulls.count)
      let most = f / (f - 2) * (1 + 4 * (6 / (f - 4) / n + 2 / (n - 1)).squareRoot())
      #expect(pulls.variance < most, "\(bound): \(pulls.variance) of \(pulls.count)")
    }
  }

  @Test("a training taken up from what was saved of it ends with the bits of one that never stopped; its state obeys the laws")
  func resumed() throws {
    let samples = try normalPairs(1000, dimension: 2, correlation: 0.7, seed: 5)
    for (bound, critic) in [(NeuralBound.infoNCE, CriticKind.separable), (.donskerVaradhan, .joint)] {
      let estimator = NeuralEstimator(bound, critic: critic, batch: 20, hidden: 8, steps: 130, rate: 3e-3, from: streams)
      // 30 batches make an epoch: 57 steps end within one, after the first choice of a state.
      let first = try estimator.begin(samples)
      for _ in 0..<57 { _ = try first.advance(on: SoloCommunicator()) }
      try checkpointLaws(first.progress, equal: ==)
      let second = try estimator.begin(samples, from: first.progress)
      for _ in 57..<130 { _ = try second.advance(on: SoloCommunicator()) }
      #expect(try second.evaluate(on: SoloCommunicator()) == estimator.estimate(samples))
    }
  }

  @Test("too few samples are refused")
  func few() throws {
    let samples = try normalPairs(300, dimension: 1, correlation: 0, seed: 1)
    #expect(throws: EstimationError.tooFewSamples(found: 300, required: 1285)) {
      try NeuralEstimator(.infoNCE, batch: 256, from: streams).estimate(samples)
    }
  }
}
