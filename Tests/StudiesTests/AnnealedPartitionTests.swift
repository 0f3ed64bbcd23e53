import Foundation
import Statistics
import Studies
import Testing

@Suite("What annealing runs say of ln Z") struct AnnealedPartitionTests {
  @Test("Equal weights: their logarithm, no warning however few they are, and a bracket of no width")
  func equal() {
    let found = AnnealedPartition(runs: [[2, 2, 2], [2, 2, 2], [2, 2]])
    #expect(abs(found.estimate.value - 2) < 1e-12 && found.estimate.error < 1e-7 && found.warning == nil)
    #expect(found.bracket?.lower.value == 2 && found.bracket?.upper.value == 2 && found.bracketWarning == nil)
  }
  @Test("Weights of both runs are pooled: the logarithm of their mean, not the mean of logarithms")
  func pooled() {
    let found = AnnealedPartition(runs: [[0, log(3.0)], [log(5.0), log(7.0)]])
    #expect(abs(found.estimate.value - log(4.0)) < 1e-12 && found.bracket == nil)
  }
  @Test("One weight that outweighs all others, and runs that disagree, are said")
  func warned() {
    let heavy = AnnealedPartition(runs: [[20] + [Double](repeating: 0, count: 99), [Double](repeating: 0, count: 100)])
    #expect(heavy.warning?.contains("1.0 effective samples of 200, where 100 are needed") == true)
    let apart = AnnealedPartition(runs: [[0, 0.1, 0, 0.1], [1.2, 1.3, 1.2, 1.3]])
    #expect(apart.warning?.contains("the two runs differ by 1.2 nats") == true)
  }
  @Test("A way back below the ways there is no bracket")
  func inverted() {
    let found = AnnealedPartition(runs: [[2, 2.1, 2.2], [2, 2.1, 2.2], [1, 1.1, 1.2]])
    #expect(found.bracket == nil && found.bracketWarning?.contains("raise annealing.equilibration") == true)
  }
}
