import Glibc
import KahlerGeometry
import Laws
import RandomStreams
import Sampling
import Statistics
import Testing

@Suite("The gas on the sphere") struct SphereGasTests {
  private let streams = KeyedStreams(StreamKey(high: 5, low: 11))

  @Test("D-1, D-2, D-3: partition functions, structure factors and energies are those of the acceptance table")
  func exactValues() {
    for (n, value) in [(3, 1.961658506023), (10, 24.366123450356), (50, 543.768529171165)] {
      #expect(abs(ExactSphereGas.logPartitionAtTwo(points: n) - value) < 1e-9)
    }
    for (l, value) in [(1, 0.18181818), (2, 0.45454545), (3, 0.70629371), (4, 0.87412587)] {
      #expect(abs(ExactSphereGas.structureFactorAtTwo(points: 10, degree: l) - value) < 1e-8)
    }
    #expect(abs(ExactSphereGas.energyAtTwo(points: 10) + 13.5140437601) < 1e-8)
    #expect(abs(ExactSphereGas.logPartitionOfThree(pairExponent: 1) - 0.838627) < 1e-6)
    #expect(abs(ExactSphereGas.logPartitionOfThree(pairExponent: 4) - 4.55989384) < 1e-8)
    #expect(abs(ExactSphereGas.logPartitionOfTwo(pairExponent: 4) - 1.6739764336) < 1e-10)
  }

  @Test("the two exact partition functions of three points agree at s = 2, and S_1 there is 1/(1 + beta)")
  func consistency() {
    #expect(abs(ExactSphereGas.logPartitionOfThree(pairExponent: 2) - ExactSphereGas.logPartitionAtTwo(points: 3)) < 1e-12)
    for n in 2...40 {
      #expect(abs(ExactSphereGas.structureFactorAtTwo(points: n, degree: 1) - ExactSphereGas.momentum(beta: Double(n - 1) / 2)) < 1e-12)
    }
  }

  @Test("the stored weight follows the moves: after many sweeps it is what the points give anew", arguments: [3, 8, 17, 70, 200])
  func incremental(points: Int) throws {
    let cones = [
      SphereGas.Cone(at: SIMD3(0, 0, 1), weight: 0.3), SphereGas.Cone(at: SIMD3(1, 0, 0), weight: -0.4),
      SphereGas.Cone(at: SIMD3(0, 0, -1), weight: 0.6),
    ]
    for gas in [
      try SphereGas(points: points, beta: 2), try SphereGas(points: points, beta: -0.3, field: 0.7),
      try SphereGas(points: points, beta: 1.5, field: -1, cones: cones), try SphereGas(points: points, beta: -0.2, cones: cones),
    ] {
      var state = gas.start(replicas: 2, firstReplica: 3, from: streams), kernel = gas.kernel(at: 0.8)
      for step in 1...50 { kernel.step(&state, at: UInt64(step), from: streams) }
      for (kept, anew) in zip(state.logWeights, gas.logWeight(state)) { #expect(abs(kept - anew) < 1e-9 * Double(points)) }
      #expect(kernel.accepted > 0 && kernel.boostsAccepted > 0)
      // Independently, pair by pair.
      let x = state.vectors(of: 1)
      var sum = 0.0
      for i in x.indices {
        for j in 0..<i { sum += gas.pairExponent / 2 * log(((x[i] - x[j]) * (x[i] - x[j])).sum()) }
        sum -= gas.field * x[i].z
        for cone in gas.cones { sum -= cone.weight * log(((x[i] - cone.place) * (x[i] - cone.place)).sum()) }
      }
      #expect(abs(sum - state.logWeights[1]) < 1e-9 * Double(points))
    }
  }

  @Test(
    "two points have the law of their distance: <|x - y|^2> = 4 (s + 2)/(s + 4), attracting and repelling", arguments: [-1.5, -0.6, 1, 6])
  func pairs(exponent: Double) throws {
    let gas = try SphereGas(points: 2, pairExponent: exponent)
    var state = gas.start(replicas: 40, firstReplica: 0, from: streams), kernel = gas.kernel(at: 1)
    var sums = [Double](repeating: 0, count: 40)
    for step in 1...1500 {
      kernel.step(&state, at: UInt64(step), from: streams)
      if step > 100 { for r in 0..<40 { let d = state[r, 0] - state[r, 1]; sums[r] += (d * d).sum() / 1400 } }
    }
    let found = Estimate(meanOf: sums)
    #expect(found.error < 0.03 && abs(found.value - 4 * (exponent + 2) / (exponent + 4)) < 4 * found.error)
  }

  @Test("D-2: at s = 2 the gas is the determinantal process, in S_l and in energy, within 4 sigma")
  func determinantal() throws {
    let gas = try SphereGas(points: 10, pairExponent: 2)
    var state = gas.start(replicas: 32, firstReplica: 0, from: streams), kernel = gas.kernel(at: 1)
    var sums = [[Double]](repeating: [Double](repeating: 0, count: 32), count: 5)
    for step in 1...1100 {
      kernel.step(&state, at: UInt64(step), from: streams)
      guard step > 100 else { continue }
      for r in 0..<32 {
        let s = state.structureFactors(of: r, upTo: 4)
        for l in 1...4 { sums[l][r] += s[l] / 1000 }
        sums[0][r] -= state.logWeights[r] / 2 / 1000
      }
    }
    let exact = [ExactSphereGas.energyAtTwo(points: 10)] + (1...4).map { ExactSphereGas.structureFactorAtTwo(points: 10, degree: $0) }
    for l in 0...4 {
      let found = Estimate(meanOf: sums[l])
      #expect(found.error < 0.02 && abs(found.value - exact[l]) < 4 * found.error, "\(l)")
    }
  }

  @Test(
    "D-4: E|sum x|^2 = N/(1 + beta), and the errors are calibrated: over 200 seeds z has mean 0 +- 0.25 and variance 1 +- 0.35",
    arguments: [(4, -0.6), (4, 8), (8, 1), (16, -0.6), (16, 1), (32, 8)])
  func calibration(points: Int, beta: Double) throws {
    let gas = try SphereGas(points: points, beta: beta)
    var z = Moments()
    for seed in 0..<200 {
      var state = gas.start(replicas: 1, firstReplica: seed, from: streams), kernel = gas.kernel(at: 1), series: [Double] = []
      for step in 1...1600 {
        kernel.step(&state, at: UInt64(step), from: streams)
        let sum = state.total(of: 0)
        if step > 100 { series.append((sum * sum).sum() / Double(points)) }
      }
      let found = try AutocorrelationTime(series).mean
      z.add((found.value - ExactSphereGas.momentum(beta: beta)) / found.error)
    }
    #expect(abs(z.mean) < 0.25 && abs(z.variance - 1) < 0.35, "mean \(z.mean), variance \(z.variance)")
  }

  @Test("cut into batches the replicas take the same steps, bit for bit, and a batch that was put away goes on to them")
  func cuts() throws {
    let gas = try SphereGas(points: 9, beta: -0.4, field: 0.5)
    func run(_ first: Int, _ count: Int) -> SphereConfigurations {
      var state = gas.start(replicas: count, firstReplica: first, from: streams), kernel = gas.kernel(at: 1)
      for step in 1...20 { kernel.step(&state, at: UInt64(step), from: streams) }
      return state
    }
    let whole = run(0, 7)
    #expect(SphereConfigurations(joining: [run(0, 3), run(3, 1), run(4, 3)]) == whole)
    #expect(whole.slice(3..<5) == run(3, 2))
    try checkpointLaws(whole) { saved, read in
      var a = saved, b = read, kernel = gas.kernel(at: 1)
      kernel.step(&a, at: 21, from: streams)
      kernel.step(&b, at: 21, from: streams)
      return a == b && saved == read
    }
  }

  @Test("weights that cannot be normalised, points off the sphere and coincident points are refused with the numbers")
  func refusals() {
    #expect(throws: KahlerError.unstable(beta: -0.8, threshold: -0.75)) { try SphereGas(points: 4, beta: -0.8) }
    #expect(throws: KahlerError.unstable(beta: -0.75, threshold: -0.75)) { try SphereGas(points: 4, beta: -0.75) }
    #expect(throws: KahlerError.coneWeight(1)) { try SphereGas(points: 4, beta: 1, cones: [.init(at: SIMD3(1, 0, 0), weight: 1)]) }
    #expect(throws: KahlerError.tooFewPoints(found: 1, required: 2)) { try SphereGas(points: 1, beta: 1) }
    #expect(throws: KahlerError.coincidentPoints(first: 0, second: 2)) {
      try SphereConfigurations([SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(1, 0, 0)])
    }
    #expect(throws: KahlerError.offSphere(point: 1)) { try SphereConfigurations([SIMD3(1, 0, 0), SIMD3(0, 1.1, 0)]) }
  }

  @Test("a hundred thousand points run in linear memory")
  func large() throws {
    let gas = try SphereGas(points: 100_000, beta: 0)
    var state = gas.start(replicas: 1, firstReplica: 0, from: streams), kernel = gas.kernel(at: 1)
    kernel.step(&state, at: 1, from: streams)
    #expect(state.coordinates.count == 300_000 && kernel.accepted == 100_000)
  }

  @Test("replica exchange towards the threshold: every rung has the S_1 of its own beta, within 4 sigma")
  func ladder() throws {
    let gas = try SphereGas(points: 8, beta: -0.8), positions = [0, 0.5, 0.8, 1]
    var means = [[Double]](repeating: [], count: 4), trips = 0
    for number in 0..<24 {
      let exchange = ReplicaExchange(gas, positions: positions, firstReplica: number * 4)
      var ladder = exchange.begin(from: streams), sums = [Double](repeating: 0, count: 4)
      exchange.advance(&ladder, exchanges: 1600, sweeps: 1, from: streams) { now in
        guard now.steps > 100 else { return }
        for rung in 0..<4 {
          let sum = now.state(atRung: rung)?.total(of: 0) ?? .zero
          sums[rung] += (sum * sum).sum() / 8 / 1500
        }
      }
      for rung in 0..<4 { means[rung].append(sums[rung]) }
      trips += ladder.ladder.totalRoundTrips
    }
    for rung in 0..<4 {
      let found = Estimate(meanOf: means[rung]), exact = ExactSphereGas.momentum(beta: -0.8 * positions[rung])
      #expect(found.error < 0.1 * exact && abs(found.value - exact) < 4 * found.error, "rung \(rung): \(found), \(exact)")
    }
    #expect(trips > 100)
  }
}
