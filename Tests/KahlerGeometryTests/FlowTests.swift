import Glibc
import GradientFlows
import KahlerGeometry
import Laws
import MessagePassing
import RandomStreams
import Statistics
import Testing

@Suite("Gradient flows of points and densities") struct FlowTests {
  private let streams = KeyedStreams(StreamKey(high: 7, low: 17))
  private func points(_ n: Int, _ replica: Int = 0) -> SpherePoints { SpherePoints(count: n, replica: replica, from: streams) }

  @Test("the drift is the gradient of ln p along the sphere, with field and cone points", arguments: [3, 9, 20])
  func gradient(n: Int) throws {
    let cones = [SphereGas.Cone(at: SIMD3(0, 1, 0), weight: 0.4)]
    var field = SphereGasFlow(try SphereGas(points: n, beta: 1.3, field: 0.6, cones: cones))
    let here = points(n)
    var direction = here
    try field.direction(at: here, step: 0, on: SoloCommunicator(), into: &direction)
    let directions = (1...4).map { seed in (0..<3 * n).map { sin(Double(seed * 37 + $0 * 11)) } }
    try gradientLaw(at: here.coordinates, gradient: direction.coordinates, directions: directions, step: 1e-3) { x in
      var place = here
      place.coordinates = x
      place.retract()
      return field.value(at: place)
    }
  }

  /// Well separated points: a spiral, pushed to one side.
  private func spiral(_ n: Int) -> SpherePoints {
    var p = SpherePoints(
      (0..<n).map { i in
        let z = 1 - (2 * Double(i) + 1) / Double(n), r = (1 - z * z).squareRoot(), angle = 2.39996 * Double(i)
        return SIMD3(r * cos(angle), r * sin(angle), z + 0.3)
      })
    p.retract()
    return p
  }

  @Test("E-1: without noise sum x decays as e^(-2 beta t), for every N, and the error of Runge-Kutta falls as h^4")
  func noiseFree() throws {
    func error(_ start: SpherePoints, _ beta: Double, _ h: Double) throws -> Double {
      var p = start
      var flow = RungeKuttaFlow(SphereGasFlow(try SphereGas(points: p.count, beta: beta)), stepSize: h, direction: p)
      for step in 0..<Int(0.5 / h + 0.5) { try flow.step(&p, at: UInt64(step), on: SoloCommunicator()) }
      return abs((p.total * start.total).sum() / (start.total * start.total).sum() - exp(-beta))
    }
    for (n, beta) in [(10, 1.0), (4, 2.5), (33, 0.4)] { #expect(try error(points(n, 1), beta, 1e-3) < 1e-7, "\(n), \(beta)") }
    let ratio = try error(spiral(10), 1, 0.1) / error(spiral(10), 1, 0.05)
    #expect((12...21).contains(ratio), "\(ratio)")
  }

  @Test(
    "E-2: with noise E sum x decays as e^(-2 (1 + beta) t), within 4 sigma and 1 %",
    arguments: [(6, 1.0, 0.25), (6, -0.5, 0.5), (6, 0, 0.25), (24, 2, 0.1)])
  func langevin(n: Int, beta: Double, time: Double) throws {
    let gas = try SphereGas(points: n, beta: beta), start = points(n), before = start.total
    let steps = Int(time / 0.002 + 0.5)
    var ratios: [Double] = []
    for replica in 0..<1500 {
      var p = start
      let rule = Langevin<Double>(rate: 0.002, temperature: 1, key: streams.key, replica: replica)
      var flow = GradientFlow(SphereGasFlow(gas), rule: rule, direction: p)
      for step in 0..<steps { try flow.step(&p, at: UInt64(step), on: SoloCommunicator()) }
      ratios.append((p.total * before).sum() / (before * before).sum())
    }
    let found = Estimate(meanOf: ratios), exact = exp(-2 * (1 + beta) * time)
    #expect(found.error < 0.05 && abs(found.value - exact) < 4 * found.error + 0.01 * exact, "\(found), \(exact)")
  }

  @Test("E-2: points that attract meet and part by the law: E |sum x|^2 comes to N/(1 + beta) at rate 4 (1 + beta), within 4 sigma")
  func meetings() throws {
    let gas = try SphereGas(points: 3, beta: -0.45), start = points(3), field = SphereGasFlow(gas), time = 0.4, longest = 0.002
    var squares: [Double] = []
    for replica in 0..<3000 {
      var p = start, left = time
      let rule = Langevin<Double>(rate: longest, temperature: 1, key: streams.key, replica: replica)
      var flow = GradientFlow(field, rule: rule, direction: p)
      while left > 0 {
        flow.rule.rate = min(left, field.stepLength(at: p, upTo: longest))
        try flow.step(&p, at: 0, on: SoloCommunicator())
        left -= flow.rule.rate
      }
      squares.append((p.total * p.total).sum())
    }
    // Steps of one length miss it by 5 to 7 sigma.
    let rest = 3 / (1 - 0.45), before = (start.total * start.total).sum(), found = Estimate(meanOf: squares)
    let exact = rest + (before - rest) * exp(-4 * (1 - 0.45) * time)
    #expect(found.error < 0.05 && abs(found.value - exact) < 4 * found.error, "\(found), \(exact)")
  }

  @Test("the adjusted steps leave the gas invariant at a step where the unadjusted ones are biased")
  func adjusted() throws {
    let gas = try SphereGas(points: 6, beta: 1), h = 0.15
    var exact = Moments(), biased = Moments()
    for replica in 0..<48 {
      var p = points(6, replica), q = p
      let rule = Langevin<Double>(rate: h, temperature: 1, key: streams.key, replica: replica)
      var flow = MetropolisLangevinFlow(SphereGasFlow(gas), rule: rule, direction: p)
      var free = GradientFlow(SphereGasFlow(gas), rule: rule, direction: p)
      var sums = (0.0, 0.0)
      for step in 0..<1600 {
        try flow.step(&p, at: UInt64(step), on: SoloCommunicator())
        try free.step(&q, at: UInt64(step), on: SoloCommunicator())
        if step >= 100 { sums = (sums.0 + (p.total * p.total).sum() / 6, sums.1 + (q.total * q.total).sum() / 6) }
      }
      #expect(flow.accepted > 400 && flow.accepted < 1600)
      exact.add(sums.0 / 1500)
      biased.add(sums.1 / 1500)
    }
    #expect(exact.standardError < 0.01 && abs(exact.mean - 0.5) < 4 * exact.standardError, "\(exact.mean)")
    #expect(abs(biased.mean - 0.5) > 4 * biased.standardError)
  }

  @Test("E-3, E-4: the McKean-Vlasov equation has the moments and free energies of the acceptance table, and F falls at every step")
  func density() throws {
    let expected: [(beta: Double, means: [Double], start: Double?, end: Double, tolerance: Double)] = [
      (1, [-0.11708021, -0.15828411, -0.16447937], -0.0638711078, -0.46910856, 1e-7),
      (-0.5, [-0.14216399, -0.33432668, -0.48206960], nil, -0.09761466, 1e-6),
    ]
    for row in expected {
      let field = try McKeanVlasov(beta: row.beta, field: 1)
      var p = field.start(first: 0.2), found: [Double] = [], last = field.describe(p).freeEnergy, rises = 0
      if let start = row.start { #expect(abs(last - start) < 1e-9) }
      var flow = RungeKuttaFlow(field, stepSize: 1e-3, direction: p)
      for step in 0..<2000 {
        try flow.step(&p, at: UInt64(step), on: SoloCommunicator())
        let next = field.describe(p).freeEnergy
        if next > last { rises += 1 }
        last = next
        if [499, 999, 1999].contains(step) { found.append(p.moments[0]) }
      }
      #expect(rises == 0)
      for (a, b) in zip(found, row.means) { #expect(abs(a - b) < row.tolerance, "\(a)") }
      #expect(abs(last - row.end) < 1e-7)
    }
  }

  @Test("near the uniform density mode l decays at l(l + 1) + 2 beta", arguments: [-0.6, 0, 3])
  func rates(beta: Double) throws {
    let field = try McKeanVlasov(beta: beta, field: 0, degree: 8, nodes: 40)
    for l in 1...4 {
      var p = field.start(first: 0)
      p.moments[l - 1] = 1e-6
      var flow = RungeKuttaFlow(field, stepSize: 1e-3, direction: p)
      for step in 0..<100 { try flow.step(&p, at: UInt64(step), on: SoloCommunicator()) }
      #expect(abs(-log(p.moments[l - 1] / 1e-6) / 0.1 - McKeanVlasov.rate(degree: l, beta: beta)) < 1e-3)
    }
  }

  @Test("the slowest rate at rest is 2 + 2 beta without field, and with one that at which the flow comes to rest", arguments: [-0.6, 0, 3])
  func slowest(beta: Double) throws {
    let free = try McKeanVlasov(beta: beta, field: 0)
    #expect(abs(try free.slowestRate(near: MeanField(beta: beta, field: 0).solve()) - 2 - 2 * beta) < 1e-6)
    let equation = try McKeanVlasov(beta: beta, field: 1), rest = try MeanField(beta: beta, field: 1).solve()
    let rate = try equation.slowestRate(near: rest)
    var p = DensityMoments(Array(rest.moments[1...equation.degree]))
    p.moments[0] += 1e-4
    var flow = RungeKuttaFlow(equation, stepSize: 1e-3, direction: p), away: [Double] = []
    // Eight times 1/rate later the faster modes are gone.
    for step in 0..<Int(10_000 / rate) {
      try flow.step(&p, at: UInt64(step), on: SoloCommunicator())
      if step == Int(8000 / rate) || step == Int(10_000 / rate) - 1 { away.append(abs(p.moments[0] - rest.mean)) }
    }
    let time = Double(Int(10_000 / rate) - 1 - Int(8000 / rate)) * 1e-3
    #expect(abs(log(away[0] / away[1]) / time / rate - 1) < 1e-3, "\(log(away[0] / away[1]) / time), \(rate)")
  }

  @Test("Langevin steps stay on the sphere, and copies have noise of their own")
  func noise() throws {
    let gas = try SphereGas(points: 5, beta: 1), start = points(5)
    var ends: [SpherePoints] = []
    for replica in [0, 1, 0] {
      var p = start
      var flow = GradientFlow(
        SphereGasFlow(gas), rule: Langevin<Double>(rate: 0.01, temperature: 1, key: streams.key, replica: replica), direction: p)
      for step in 0..<20 { try flow.step(&p, at: UInt64(step), on: SoloCommunicator()) }
      for i in 0..<5 { #expect(abs((p[i] * p[i]).sum() - 1) < 1e-14) }
      ends.append(p)
    }
    #expect(ends[0] != ends[1] && ends[0] == ends[2])
  }
}
