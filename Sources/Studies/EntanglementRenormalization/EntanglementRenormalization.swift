public import Runtime
import TensorNetworks

/// The critical transverse-field Ising chain by a scale-invariant ternary MERA: energy, scaling dimensions, central charge and
/// entropies against bond dimension.
///
/// One unit. Random restarts at the smallest bond dimension, the best of them continued to the larger ones by noisy embeddings,
/// which end lower than random starts there. The ranks of its team share restarts and continuations.
public struct EntanglementRenormalization: Study {
  public static let name = "entanglement-renormalization"
  public static let summary =
    "energy, scaling dimensions, central charge and entropies of the critical Ising chain by a scale-invariant MERA"

  /// The one unit of work.
  public enum Unit: String, Sendable { case chain }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "mera", "the network, ternary, one layer of spins below the layer that is repeated",
      [
        Parameter(
          "bond_dimensions", .integers([4, 6]), .integers(2...8), unit: "values", "chi, rising; the first from random starts"),
        Parameter("sweeps", .integers([500, 500]), .integers(1...1_000_000), unit: "sweeps", "for each chi; the last one is repeated"),
      ]),
    ParameterTable(
      "starts", "how often an optimisation is begun",
      [
        Parameter("random", .integer(6), .integers(1...1000), unit: "starts", "from random tensors, at the first chi"),
        Parameter("continued", .integer(2), .integers(1...1000), unit: "starts", "from the best solution of the chi before, with noise"),
        Parameter("noise", .real(0.02), .reals(0...1), unit: "1", "width of the noise on embedded tensors"),
      ]),
  ]

  public static let debugOverrides = ["mera.bond_dimensions=[3, 4]", "mera.sweeps=[30, 10]", "starts.random=2", "starts.continued=2"]

  let bondDimensions: [Int], sweeps: [Int]
  let randomStarts: Int, continuedStarts: Int, noise: Double

  /// Validates everything that the ranges of the single parameters leave open.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    bondDimensions = parameters.integers("mera.bond_dimensions")
    let given = parameters.integers("mera.sweeps")
    randomStarts = parameters.integer("starts.random")
    continuedStarts = parameters.integer("starts.continued")
    noise = parameters.real("starts.noise")
    guard !bondDimensions.isEmpty else {
      throw .invalid(parameter: "mera.bond_dimensions", what: "at least one bond dimension is needed, e.g. [4, 6]")
    }
    guard zip(bondDimensions, bondDimensions.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw .invalid(parameter: "mera.bond_dimensions", what: "\(bondDimensions) does not rise; each continues the one before")
    }
    guard !given.isEmpty else {
      throw .invalid(parameter: "mera.sweeps", what: "one number for each bond dimension is needed, e.g. [500, 500]")
    }
    sweeps = bondDimensions.indices.map { given[min($0, given.count - 1)] }
  }

  /// Optimisations at a stage of the continuation.
  func starts(_ stage: Int) -> Int { stage == 0 ? randomStarts : continuedStarts }

  /// Seconds of one sweep, as measured: the products at some 15 Gflop/s, and 0.6 ms of bookkeeping.
  static func secondsPerSweep(_ chi: Int) -> Double {
    let eighth = Double(chi * chi * chi * chi) * Double(chi * chi * chi * chi)
    return 6e-4 + 110 * eighth / 3e10
  }

  public func plan() -> [PlannedUnit<Unit>] {
    let seconds = bondDimensions.indices.reduce(0) { $0 + Double(starts($1) * sweeps[$1]) * Self.secondsPerSweep(bondDimensions[$1]) }
    let fourth = bondDimensions.map { Double($0 * $0 * $0 * $0) }.max() ?? 0
    // A team larger than the first stage's starts would wait.
    return [
      PlannedUnit(
        label: Unit.chain.rawValue, unit: .chain, team: .upTo(max(randomStarts, continuedStarts)), operations: 3e10 * seconds,
        bytesPerRank: 8 * fourth * (5 * Double(max(randomStarts, continuedStarts)) + 500))
    ]
  }
}
