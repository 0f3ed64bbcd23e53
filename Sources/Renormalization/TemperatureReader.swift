public import NeuralNetworks
public import Sampling

/// The thermometer of Iso, Shiba and Yokoo: a network that was trained to tell at which of several temperatures a configuration was
/// sampled. Its reading is the mean of the temperatures under its probabilities,
///
///     T(v) = sum_c p(c | v) T_c
///
/// A temperature of equilibrium configurations alone: of any others it says what they look like to this network, which may be their
/// magnetization and nothing else. Readings lie between the least and the largest T_c.
///
/// Source: Iso, Shiba, Yokoo, PRE 97, 053304 (2018), arXiv:1801.07172; that it misleads: arXiv:2006.10176.
public struct TemperatureReader: Sendable {
  /// Spins in, one output for each temperature.
  public let network: Network<Float>
  /// T of each class.
  public let temperatures: [Double]

  /// A trained network with its temperatures.
  public init(_ network: Network<Float>, temperatures: [Double]) {
    precondition(network.output.count == temperatures.count, "an output for each temperature")
    self.network = network
    self.temperatures = temperatures
  }

  /// T(v) of each configuration.
  public func readings(_ configurations: Configurations) throws(NetworkError) -> [Double] {
    let samples = SampleSet(
      configurations, classes: [Int](repeating: 0, count: configurations.count), of: temperatures.count)
    let probabilities = network.probabilities(try network.outputs(for: samples)), width = temperatures.count
    return (0..<configurations.count).map { row in
      (0..<width).reduce(0.0) { $0 + probabilities[row * width + $1] * temperatures[$1] }
    }
  }
}
