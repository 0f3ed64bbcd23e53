import Glibc
import Laws
import RandomStreams
import Sampling
import Statistics
import Testing

@Suite struct AnnealingTests {
  private let model = SpinsInField(count: 6, field: 0.9)
  private let streams = KeyedStreams(StreamKey(high: 7, low: 7))

  @Test("A fifth of a dense schedule's steps lies on [0, 0.7]")
  func denseSchedule() {
    let positions = AnnealingSchedule.dense(steps: 3000).positions
    #expect(positions.count == 3001)
    #expect(positions[0] == 0 && positions[600] == 0.7 && positions[3000] == 1)
    #expect(abs(positions[300] - 0.35) < 1e-15 && abs(positions[1800] - 0.85) < 1e-15)
    #expect(AnnealingSchedule.linear(steps: 4).reversed.positions == [1, 0.75, 0.5, 0.25, 0])
  }

  @Test("Forward annealing finds ln Z and the mean of ln w of memoryless spins within 4 sigma")
  func forward() {
    let sampling = AnnealedImportanceSampling(model, schedule: .linear(steps: 5))
    let found = sampling.estimate(sampling.run(replicas: 20_000, from: streams).logWeights)
    #expect(found.logPartition.error > 0 && found.logPartition.error < 0.02)
    #expect(abs(found.logPartition.value - model.logPartition(at: 1)) <= 4 * found.logPartition.error)
    // Each step adds (l' - l) d ln p/dl, averaged at l.
    let mean = (0..<5).reduce(model.logPartition(at: 0)) { $0 + 0.2 * model.meanDerivative(at: 0.2 * Double($1)) }
    #expect(found.bound.error < 0.01 && abs(found.bound.value - mean) <= 4 * found.bound.error)
    #expect(mean < model.logPartition(at: 1) - 10 * found.bound.error)
  }

  @Test("Reverse annealing from exact samples brackets ln Z from above")
  func reverse() {
    let sampling = AnnealedImportanceSampling(model, schedule: AnnealingSchedule.linear(steps: 5).reversed)
    let samples = model.draw(at: 1, replicas: 20_000, firstReplica: 0, step: 1 << 50, from: streams)
    var progress = sampling.begin(from: samples, replicas: 20_000)
    sampling.advance(&progress, steps: 5, from: streams)
    let found = sampling.estimate(progress.logWeights)
    #expect(abs(found.logPartition.value - model.logPartition(at: 1)) <= 4 * found.logPartition.error)
    let mean = (1...5).reduce(model.logPartition(at: 0)) { $0 + 0.2 * model.meanDerivative(at: 0.2 * Double($1)) }
    #expect(found.bound.error < 0.01 && abs(found.bound.value - mean) <= 4 * found.bound.error)
  }

  @Test("Cut into batches and slices, annealing gives the same bits")
  func cuts() {
    let sampling = AnnealedImportanceSampling(model, schedule: .dense(steps: 30))
    let whole = sampling.run(replicas: 23, from: streams).logWeights
    for cuts in [[0, 5, 23], [0, 1, 2, 12, 23], Array(0...23)] {
      var parts: [Double] = []
      for (first, end) in zip(cuts, cuts.dropFirst()) {
        var progress = sampling.begin(replicas: end - first, firstReplica: first, from: streams)
        while !sampling.isFinished(progress) { sampling.advance(&progress, steps: 7, from: streams) }
        parts += progress.logWeights
      }
      #expect(parts == whole)
    }
  }

  @Test("Annealing that was put away half-way goes on to the same bits")
  func checkpoint() throws {
    let sampling = AnnealedImportanceSampling(model, schedule: .dense(steps: 30))
    var progress = sampling.begin(replicas: 9, firstReplica: 4, from: streams)
    sampling.advance(&progress, steps: 11, from: streams)
    try checkpointLaws(progress) { saved, read in
      var saved = saved, read = read
      guard read.stepsDone == 11 && read.firstReplica == 4 else { return false }
      sampling.advance(&saved, steps: 30, from: streams)
      sampling.advance(&read, steps: 30, from: streams)
      return saved.replicas == read.replicas && saved.logWeights == read.logWeights && sampling.isFinished(read)
    }
  }

  @Test("Thermodynamic integration finds ln Z within 4 sigma, in any cut of the replicas")
  func integration() {
    let integration = ThermodynamicIntegration(
      model, nodes: ThermodynamicIntegration<SpinsInField>.gaussLegendre(8), relaxation: 1, measurements: 20)
    let integrals = integration.integrals(replicas: 300, from: streams)
    let found = integration.estimate(integrals)
    #expect(found.error < 0.02 && abs(found.value - model.logPartition(at: 1)) <= 4 * found.error)
    let parts = [0..<100, 100..<101, 101..<300].flatMap {
      integration.integrals(replicas: $0.count, firstReplica: $0.lowerBound, from: streams)
    }
    #expect(parts == integrals)
  }

  @Test("The quadratures integrate what they are exact for")
  func quadratures() {
    for count in 1...9 {
      let degree = 2 * count - 1
      let integral = ThermodynamicIntegration<SpinsInField>.gaussLegendre(count).reduce(0) {
        $0 + $1.weight * pow($1.position, Double(degree))
      }
      #expect(abs(integral - 1 / Double(degree + 1)) <= 1e-14)
    }
    let line = ThermodynamicIntegration<SpinsInField>.trapezoid([0, 0.1, 0.4, 1]).reduce(0) { $0 + $1.weight * (3 + 2 * $1.position) }
    #expect(abs(line - 4) <= 1e-14)
  }
}
