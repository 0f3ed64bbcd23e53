import FieldTheory
import Glibc
import GradientFlows
import MessagePassing
import RandomStreams
import Statistics
import Testing

private let x = [1, 0.5, -0.3], y = [0.2, -1, 0.7]
private func streams(_ name: String) -> KeyedStreams { KeyedStreams(StreamKey.derive(seed: 3, study: "wide-networks", unit: name)) }

@Suite("Wide networks as field theories")
struct WideNetworkTests {
  /// Means of a function of two Gaussians of covariance k by an equidistant grid, independently of the closed forms.
  func mean(_ k: WideNetworkKernel.Pair, _ f: (Double, Double) -> Double) -> Double {
    let a = k.xx.squareRoot(), b = k.xy / a, c = (k.yy - b * b).squareRoot(), h = 0.02
    var sum = 0.0
    for i in -400...400 {
      let g = (Double(i) + 0.5) * h, weight = exp(-g * g / 2)
      for j in -400...400 {
        let e = (Double(j) + 0.5) * h
        sum += weight * exp(-e * e / 2) * f(a * g, b * g + c * e)
      }
    }
    return sum * h * h / (2 * .pi)
  }

  @Test("closed forms of the Gaussian means equal quadrature", arguments: Activation.allCases)
  func expectations(activation: Activation) {
    let kernel = WideNetworkKernel(activation, weightVariance: 1)
    // A kink costs the quadrature its accuracy.
    let within = activation == .erf ? 1e-11 : 2e-4
    func phi(_ z: Double) -> Double { activation == .erf ? erf(z) : max(z, 0) }
    func slope(_ z: Double) -> Double { activation == .erf ? 2 / Double.pi.squareRoot() * exp(-z * z) : z > 0 ? 1 : 0 }
    for k in [WideNetworkKernel.Pair(xx: 1.4, xy: 0.6, yy: 0.9), .init(xx: 0.5, xy: -0.45, yy: 0.8)] {
      #expect(abs(kernel.expectation(k) - mean(k) { phi($0) * phi($1) }) < within)
      #expect(abs(kernel.slopeExpectation(k) - mean(k) { slope($0) * slope($1) }) < (activation == .erf ? 1e-11 : 6e-3))
      #expect(abs(kernel.fourthExpectation(k) - mean(k) { phi($0) * phi($0) * phi($1) * phi($1) }) < within)
    }
  }

  @Test("susceptibilities are the derivatives of the flow over depth", arguments: Activation.allCases)
  func susceptibilities(activation: Activation) {
    let kernel = WideNetworkKernel(activation, weightVariance: 1.7, biasVariance: 0.1), h = 1e-5, k = 0.8
    func variance(_ k: Double) -> Double { kernel.next(.init(xx: k, xy: k, yy: k)).xx }
    #expect(abs((variance(k + h) - variance(k - h)) / (2 * h) - kernel.parallelSusceptibility(k)) < 1e-9)
    // Two near inputs: covariance of correlation 1 - e falls short by e K chi to first order.
    let e = 1e-6
    let after = kernel.next(.init(xx: k, xy: k * (1 - e), yy: k))
    #expect(abs((after.xx - after.xy) / (e * k) - kernel.perpendicularSusceptibility(k)) < 2e-3)
  }

  @Test("erf networks without biases are critical at pi/4, ReLU networks at 2; the correlation depth diverges there")
  func criticality() {
    // At chi = 1 the fixed variance solves K^3 ~ biasVariance: a thousandth of it is ten times nearer.
    func above(_ bias: Double) -> Double { WideNetworkKernel.criticalWeightVariance(.erf, biasVariance: bias) - .pi / 4 }
    #expect(abs(above(1e-6) / above(1e-9) - 10) < 0.5)
    let free = WideNetworkKernel(.erf, weightVariance: WideNetworkKernel.criticalWeightVariance(.erf, biasVariance: 0))
    #expect(free.weightVariance == .pi / 4 && free.fixedVariance == 0 && free.perpendicularSusceptibility(0) == 1)
    #expect(WideNetworkKernel.criticalWeightVariance(.relu, biasVariance: 0) == 2)
    let critical = WideNetworkKernel.criticalWeightVariance(.erf, biasVariance: 0.05)
    for step in [-0.1, -0.01, 0.01, 0.1] {
      let kernel = WideNetworkKernel(.erf, weightVariance: critical + step, biasVariance: 0.05)
      let variance = kernel.fixedVariance!
      #expect(abs(kernel.next(.init(xx: variance, xy: variance, yy: variance)).xx - variance) < 1e-12)
      #expect((kernel.perpendicularSusceptibility(variance) < 1) == (step < 0))
      #expect(abs(kernel.correlationDepth!) > 0.5 / abs(step))
    }
  }

  @Test("the leading order of the depth recursion is the first order of the exact ReLU law; at one layer both are exact")
  func leading() {
    let relu = WideNetworkKernel(.relu, weightVariance: 2), erf = WideNetworkKernel(.erf, weightVariance: 1)
    for depth in 1...6 {
      // The second order is 75 depth (depth - 1) / 2 N.
      let exact = WideNetworkKernel.reluKurtosis(widths: [Int](repeating: 100_000_000, count: depth))
      #expect(abs(relu.leadingKurtosis(1.3, depth: depth) - 1e8 * exact) < 1e-4)
    }
    #expect(abs(erf.leadingKurtosis(0.7, depth: 1) - erf.scaledKurtosis(0.7)) < 1e-11)
  }

  @Test("lane normals have the moments of the normal law and no correlation within a pair")
  func normals() {
    var generator = streams("normals").lanes(replica: 0, step: 0, site: 0, purpose: .weights)
    var first = Moments(), second = Moments(), product = Moments(), cube = Moments(), tail = 0
    let count = 1_000_000
    for _ in 0..<count / 8 {
      let (a, b) = generator.normals()
      for lane in 0..<8 {
        first.add(a[lane])
        second.add(b[lane])
        product.add(a[lane] * b[lane])
        cube.add(a[lane] * a[lane] * b[lane] * b[lane])
        if abs(a[lane]) > 3 { tail += 1 }
      }
    }
    let sigma = 1 / Double(count).squareRoot()
    for moments in [first, second] {
      #expect(abs(moments.mean) < 4 * sigma && abs(moments.variance - 1) < 4 * 2.0.squareRoot() * sigma)
      #expect(abs(moments.skewness) < 4 * 6.0.squareRoot() * sigma && abs(moments.excessKurtosis) < 4 * 24.0.squareRoot() * sigma)
    }
    #expect(abs(product.mean) < 4 * sigma && abs(cube.mean - 1) < 4 * 8.0.squareRoot() * sigma)
    let expected = erfc(3 / 2.0.squareRoot()) * Double(count)
    #expect(abs(Double(tail) - expected) < 4 * expected.squareRoot())
  }

  @Test("networks drawn layer by layer have the law of networks with all their weights drawn", arguments: Activation.allCases)
  func layerwise(activation: Activation) {
    let kernel = WideNetworkKernel(activation, weightVariance: 1.5, biasVariance: 0.1), widths = [5, 7], draws = 40_000
    let network = RandomDeepNetwork(kernel, widths: widths), source = streams("layerwise-\(activation)")
    func phi(_ z: Double) -> Double { activation == .erf ? erf(z) : max(z, 0) }
    /// q of both inputs after two layers by explicit weights.
    func explicit(_ replica: Int) -> [Double] {
      var choices = source.generator(replica: replica, step: 9, site: 0, purpose: .initial), layers = [x, y]
      for width in widths {
        var next = [[Double]](repeating: [], count: 2)
        for _ in 0..<width {
          let weights = (0..<layers[0].count).map { _ in choices.normal() }, bias = choices.normal() * kernel.biasVariance.squareRoot()
          for input in 0..<2 {
            let sum = zip(weights, layers[input]).reduce(0) { $0 + $1.0 * $1.1 }
            next[input].append(phi(bias + sum * (kernel.weightVariance / Double(layers[input].count)).squareRoot()))
          }
        }
        layers = next
      }
      func inner(_ a: [Double], _ b: [Double]) -> Double {
        kernel.biasVariance + kernel.weightVariance * zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } / Double(a.count)
      }
      return [inner(layers[0], layers[0]), inner(layers[0], layers[1]), inner(layers[1], layers[1])]
    }
    var moments = [[Moments]](repeating: [Moments](repeating: Moments(), count: 4), count: 3)
    for replica in 0..<draws {
      let all = explicit(replica), pair = network.kernels(from: kernel.input(x, y), replica: replica, streams: source)[1]
      let single = network.variances(from: kernel.input(x, x).xx, replica: replica, streams: source)[1]
      for (k, values) in [all, [pair.xx, pair.xy, pair.yy], [single]].enumerated() {
        for (i, value) in values.enumerated() { moments[k][i].add(value) }
        moments[k][3].add(values[0] * values[0])
      }
    }
    func agree(_ a: Moments, _ b: Moments) -> Bool {
      abs(a.mean - b.mean) < 4 * (a.standardError * a.standardError + b.standardError * b.standardError).squareRoot()
    }
    for i in 0..<4 { #expect(agree(moments[0][i], moments[1][i]), "observable \(i)") }
    #expect(agree(moments[0][0], moments[2][0]) && agree(moments[0][3], moments[2][3]))
  }

  @Test("the sampled four-point function of two inputs is the exact one")
  func fourPoint() {
    let kernel = WideNetworkKernel(.erf, weightVariance: 1), start = WideNetworkKernel(.erf, weightVariance: 1, biasVariance: 1).input(x, y)
    let width = 8, network = RandomDeepNetwork(kernel, widths: [width]), source = streams("four-point")
    var sums = BlockSums(observables: 5, blocks: 50)
    for replica in 0..<50_000 {
      let k = network.kernels(from: start, replica: replica, streams: source)[0]
      sums.add([k.xx * k.yy + 2 * k.xy * k.xy, k.xx, k.yy, k.xy, 1], to: replica / 1000)
    }
    let found = sums.jackknife { [Double(width) * ($0[0] - $0[1] * $0[2] - 2 * $0[3] * $0[3])] }[0]
    #expect(abs(found.value - kernel.scaledFourPoint(start)) < 4 * found.error && found.error < 0.02)
  }

  @Test("the loss's direction is minus its gradient")
  func gradient() throws {
    var loss = SquaredLoss(inputs: [x, y, [0.3, 0.1, 2]], targets: [0.4, -0.2, 1])
    let network = ShallowNetwork(width: 6, inputs: 3, replica: 4, streams: streams("gradient"))
    var direction = loss.direction(for: network)
    try loss.direction(at: network, step: 0, on: SoloCommunicator(), into: &direction)
    for block in 0..<2 {
      for k in network[block: block].indices {
        func value(_ h: Double) -> Double {
          var moved = network
          moved[block: block][k] += h
          return loss.value(at: moved)
        }
        let difference = (value(1e-5) - value(-1e-5)) / 2e-5
        #expect(abs(difference + direction[block: block][k]) < 1e-8)
      }
    }
  }

  @Test("a very wide network trains as the Gaussian theory says, and the deviation shrinks as the width grows")
  func training() throws {
    let inputs = [x, y], targets = [0.7, -0.4], tests = [[0.5, -0.2, 0.4]], rate = 0.2
    var theory = try GaussianTraining(inputs: inputs, targets: targets, tests: tests, rate: rate)
    for _ in 0..<40 { theory.step() }
    // At the training points the targets are nearly reached.
    #expect(abs(theory.mean(0) - 0.7) < 0.1 && theory.variance(0) < theory.kernel[0])
    func deviation(_ width: Int) throws -> Double {
      var sum = 0.0
      for replica in 0..<20 {
        var network = ShallowNetwork(width: width, inputs: 3, replica: replica, streams: streams("training-\(width)"))
        let start = theory.points.map { network($0) }
        let loss = SquaredLoss(inputs: inputs, targets: targets)
        var flow = GradientFlow(loss, rule: GradientDescent(rate: rate), direction: loss.direction(for: network))
        for step in 0..<40 { try flow.step(&network, at: UInt64(step), on: SoloCommunicator()) }
        let error = network(tests[0]) - theory.prediction(2, from: start)
        sum += error * error
      }
      return (sum / 20).squareRoot()
    }
    let narrow = try deviation(32), wide = try deviation(2048)
    #expect(wide < 0.05 && (3.0...20.0).contains(narrow / wide))
  }

  @Test("a rate that diverges is refused with its limit")
  func rate() {
    #expect { try GaussianTraining(inputs: [x, y], targets: [0, 1], tests: [], rate: 5) } throws: { error in
      guard case FieldTheoryError.unstableRate(5, let limit) = error else { return false }
      return limit > 0.2 && limit < 2
    }
  }
}
