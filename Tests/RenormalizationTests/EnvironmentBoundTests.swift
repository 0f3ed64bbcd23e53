import Glibc
import LatticeSystems
import RandomStreams
import Renormalization
import Sampling
import Statistics
import Testing

@Suite("The bound of information about the environment") struct EnvironmentBoundTests {
  /// Windows of the critical 6 x 6 torus, each with all of its environment of twenty spins.
  private func samples(_ count: Int, seed: UInt64) throws -> EnvironmentSamples {
    let lattice = try SquareLattice(size: 6), streams = testStreams(seed)
    var kernel = try SwendsenWang(IsingModel(lattice, coupling: IsingModel.criticalCoupling)), words: [UInt64] = []
    var state = SwendsenWang.State(IsingConfiguration(hot: lattice, replica: 0, from: streams))
    for step in 0..<3 * (count + 20) {
      kernel.step(&state, at: UInt64(step), from: streams)
      if step >= 60 && step % 3 == 2 { words += state.packed.spins }
    }
    return try EnvironmentSamples(Configurations(count: count, sites: .lattice([6, 6]), words: words), window: 4, buffer: 0, rings: 1)
  }

  @Test("lies about what a sum of spins tells exactly, as far as its errors say: 50 seeds")
  func calibrated() throws {
    let fit = try samples(40_000, seed: 940),
      corner = TiedFilter(
        window: 4, weights: (0..<16).map { [5, 6, 9, 10].contains($0) ? ($0 == 5 ? 1.1 : 1) : 0 }, choice: .mostProbable)
    let exact = BlockEnvironment(coupling: IsingModel.criticalCoupling).linearReading(BlockRule.majorityFirstTie)
    var pulls = Moments()
    for seed in 0..<50 {
      let found = EnvironmentBound.value(of: corner.probability, fit, try samples(3000, seed: 941 + UInt64(seed)))
      pulls.add((found.value - exact) / found.error)
    }
    // An error from 20 blocks has Student's t of 19 degrees: variance 19/17, excess kurtosis 0.4. The fit costs little: it is to 80,000 windows.
    #expect(abs(pulls.mean) < 4 / 50.0.squareRoot() * 1.06 && abs(pulls.variance - 19.0 / 17) < 4 * 19.0 / 17 * (2.4 / 50).squareRoot())
  }
}
