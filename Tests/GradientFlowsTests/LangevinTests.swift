import Glibc
import GradientFlows
import Laws
import MessagePassing
import RandomStreams
import Statistics
import Testing

/// Points of R^n for the flows.
struct Line: Space, Equatable {
  var x: [Double]
  var blockCount: Int { 1 }
  func role(of index: Int) -> BlockRole { .weights }
  subscript(block index: Int) -> [Double] {
    get { x }
    _modify { yield &x }
  }
}

/// -lambda x, and the value -lambda x^2 / 2; with a mini-batch of `batch` samples of spread `noise` about it.
struct Quadratic: Functional {
  var curvature: Double, noise = 0.0, batch = 1
  var streams = KeyedStreams(StreamKey(high: 1, low: 1))
  mutating func direction(
    at point: Line, step: UInt64, on team: borrowing some Communicator & ~Copyable, into direction: inout Line
  ) throws(MessagePassingError) {
    var source = streams.series(replica: 0, step: step, site: 0, purpose: .batch)
    for k in point.x.indices {
      var mean = 0.0
      if noise > 0 { for _ in 0..<batch { mean += noise * source.normal() / Double(batch) } }
      direction.x[k] = -curvature * point.x[k] + mean
    }
  }
  func value(at point: Line) -> Double { point.x.reduce(0) { $0 - curvature * $1 * $1 / 2 } }
}

@Suite("Steppers with noise and of higher order") struct LangevinTests {
  private let streams = KeyedStreams(StreamKey(high: 2, low: 3))

  /// Mean of x^2 over 64 independent components.
  private func variance(_ step: (inout Line, UInt64) throws -> Void) throws -> Estimate {
    var p = Line(x: [Double](repeating: 0, count: 64)), sums = [Double](repeating: 0, count: 64)
    for t in 0..<6000 {
      try step(&p, UInt64(t))
      if t >= 200 { for k in 0..<64 { sums[k] += p.x[k] * p.x[k] / 5800 } }
    }
    return Estimate(meanOf: sums)
  }

  @Test(
    "E-6: unadjusted Langevin steps have variance tau/(lambda (1 - h lambda/2))",
    arguments: [(1.0, 0.1, 1.0, 1.0526315789), (2, 0.5, 0.3, 0.3)])
  func unadjusted(curvature: Double, h: Double, temperature: Double, exact: Double) throws {
    #expect(abs(langevinVariance(temperature: temperature, curvature: curvature, stepSize: h) - exact) < 1e-9)
    let p = Line(x: [Double](repeating: 0, count: 64))
    let rule = Langevin<Double>(rate: h, temperature: temperature, key: streams.key)
    var flow = GradientFlow(Quadratic(curvature: curvature), rule: rule, direction: p)
    let found = try variance { try flow.step(&$0, at: $1, on: SoloCommunicator()) }
    #expect(found.error < 0.02 && abs(found.value - exact) < 4 * found.error, "\(found)")
  }

  @Test("adjusted ones have tau/lambda at every step length", arguments: [0.02, 0.1])
  func adjusted(h: Double) throws {
    let p = Line(x: [Double](repeating: 0, count: 64))
    let rule = Langevin<Double>(rate: h, temperature: 0.3, key: streams.key)
    var flow = MetropolisLangevinFlow(Quadratic(curvature: 2), rule: rule, direction: p)
    let found = try variance { try flow.step(&$0, at: $1, on: SoloCommunicator()) }
    #expect(abs(found.value - 0.15) < 4 * found.error && flow.accepted < flow.rule.steps, "\(found), \(flow.accepted)")
  }

  @Test("the noise of mini-batches is that of its effective temperature: it falls as 1/batch, and descent spreads as Langevin steps do")
  func minibatches() throws {
    for batch in [1, 4] {
      var field = Quadratic(curvature: 1, noise: 2, batch: batch)
      let p = Line(x: [Double](repeating: 0, count: 64)), h = 0.1
      let noise = try MinibatchNoise(of: &field, at: p, direction: p, batches: 400, on: SoloCommunicator())
      #expect(noise.components == 64 && abs(noise.trace - 64 * 4 / Double(batch)) < 4 * noise.traceError)
      let temperature = h / 2 * 4 / Double(batch)
      #expect(abs(noise.effectiveTemperature(stepSize: h) - temperature) < 0.03 * temperature)
      var flow = GradientFlow(field, rule: GradientDescent(rate: h), direction: p)
      let found = try variance { try flow.step(&$0, at: $1, on: SoloCommunicator()) }
      #expect(abs(found.value - langevinVariance(temperature: temperature, curvature: 1, stepSize: h)) < 4 * found.error, "\(found)")
    }
  }

  @Test("without temperature Langevin steps are Euler's, bit for bit those of gradient descent, and Runge-Kutta has order four")
  func euler() throws {
    var p = Line(x: [1, -2, 0.5]), q = p
    var flow = GradientFlow(Quadratic(curvature: 0.7), rule: Langevin<Double>(rate: 0.125, temperature: 0, key: streams.key), direction: p)
    var descent = GradientFlow(Quadratic(curvature: 0.7), rule: GradientDescent(rate: 0.125), direction: q)
    for step in 0..<20 {
      try flow.step(&p, at: UInt64(step), on: SoloCommunicator())
      try descent.step(&q, at: UInt64(step), on: SoloCommunicator())
    }
    #expect(p == q)
    let errors = try [0.2, 0.1].map { h in
      var x = Line(x: [1])
      var flow = RungeKuttaFlow(Quadratic(curvature: 1.5), stepSize: h, direction: x)
      for step in 0..<Int(1 / h + 0.5) { try flow.step(&x, at: UInt64(step), on: SoloCommunicator()) }
      return abs(x.x[0] - exp(-1.5))
    }
    #expect((13...20).contains(errors[0] / errors[1]))
  }
}
