import Glibc
import NeuralNetworks
import RandomStreams
import Testing

struct CompressionTests {
  private let data = samples(300, .vector(7), classes: 3)

  private func outputs(_ network: Network<Double>) throws -> [Double] { try network.outputs(for: data) }
  private func distance(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).map { abs($0 - $1) }.max() ?? .infinity }

  @Test("A code's rate is the divergence of its normal from the standard one: against a sum over a grid")
  func rates() throws {
    let coded = try network(.vector(7), ["dense 6", "bottleneck", "dense 3"]), first = try coded.activations(for: data, 0..<1)[0]
    let found = try coded.rates(for: data, 0..<1)
    #expect(found.count == 3)
    for code in 0..<3 {
      let mean = first[code], deviation = exp(0.5 * first[3 + code]), width = 0.01
      var sum = 0.0
      for k in -1200...1200 {
        let u = width * Double(k), z = mean + deviation * u
        sum += width * exp(-0.5 * u * u) / (2 * Double.pi).squareRoot() * (0.5 * (z * z - u * u) - log(deviation))
      }
      #expect(abs(found[code] - sum) < 1e-10)
    }
  }

  @Test("The network without noise gives the outputs at the codes' means, and the noise around them has the encoder's variance")
  func withoutNoise() throws {
    let coded = try network(.vector(7), ["dense 5 tanh", "dense 4", "bottleneck", "dense 3"]), plain = coded.withoutNoise()
    #expect(plain.descriptions.map(\.description) == ["dense 5 tanh", "dense 2", "dense 3"])
    #expect(try distance(outputs(coded), outputs(plain)) < 1e-13)
    // The outputs are linear in the codes, so their variance over draws is sum_j (sigma_j W_jk)^2.
    let below = try coded.activations(for: data, 0..<1)[1], exact = try outputs(coded), weights = coded.parameters[4], draws = 4000
    var squares = [Double](repeating: 0, count: 3)
    for draw in 0..<draws {
      let noisy = try coded.outputs(for: data, 0..<1, noise: (KeyedStreams(StreamKey(high: 3, low: 4)), UInt64(draw)))
      for k in 0..<3 { squares[k] += (noisy[k] - exact[k]) * (noisy[k] - exact[k]) / Double(draws) }
    }
    for k in 0..<3 {
      let variance = (0..<2).reduce(0) { $0 + exp(below[2 + $1]) * weights[$1 * 3 + k] * weights[$1 * 3 + k] }
      #expect(abs(squares[k] / variance - 1) < 4 * (2 / Double(draws)).squareRoot())
    }
  }

  @Test("Pruning takes away units that never change, keeps the outputs to rounding, and leaves a network without dead units alone")
  func deadUnits() throws {
    var dying = try network(.vector(7), ["dense 9 relu", "dropout 0.2", "dense 6 tanh", "dense 3"])
    // Units 2 and 5 never fire; unit 3 above sees nothing but its bias.
    dying.parameters[1][2] = -100
    dying.parameters[1][5] = -100
    for row in 0..<9 { dying.parameters[2][row * 6 + 3] = 0 }
    dying.parameters[3][3] = 0.7
    let (pruned, removed) = try dying.pruned(on: data)
    #expect(removed == 3)
    #expect(pruned.descriptions.map(\.description) == ["dense 7 relu", "dropout 0.2", "dense 5 tanh", "dense 3"])
    #expect(try distance(outputs(dying), outputs(pruned)) < 1e-13)
    let again = try pruned.pruned(on: data)
    #expect(again.removed == 0 && again.network == pruned)
  }

  @Test("A code that keeps nothing is pruned: its mean goes on as a constant")
  func deadCodes() throws {
    var coded = try network(.vector(7), ["dense 6", "bottleneck", "dense 3"])
    // Code 1 is a standard normal for every input.
    for row in 0..<7 { for column in [1, 4] { coded.parameters[0][row * 6 + column] = 0 } }
    for column in [1, 4] { coded.parameters[1][column] = 0 }
    let (pruned, removed) = try coded.pruned(on: data)
    #expect(removed == 1 && pruned.descriptions.map(\.description) == ["dense 2", "dense 3"])
    #expect(try distance(outputs(coded), outputs(pruned)) < 1e-13)
  }

  @Test(
    "A bottleneck stands on a dense layer without a function and with an even number of units only",
    arguments: [
      ["bottleneck", "dense 3"], ["dense 5", "bottleneck"], ["dense 6 tanh", "bottleneck"], ["dense 6", "dropout 0.1", "bottleneck"],
    ])
  func refused(layers: [String]) {
    #expect(throws: NetworkError.self) { try network(.vector(7), layers) }
  }
}
