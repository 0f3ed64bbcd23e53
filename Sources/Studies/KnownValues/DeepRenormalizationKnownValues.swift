import Runtime

/// The reference run of the default study (20,000 training and 10,000 test configurations, 32 x 32, K = 0.408): what
/// independent implementations found, with the widths that their seeds suggest.
enum DeepRenormalizationKnownValues {
  static let checks = [Check("G", .study, run)]

  /// The default study in this process, then each of its reference values.
  @Sendable private static func run() throws -> [KnownValue] {
    values(try StudyInProcess.partials(of: DeepRenormalization.self).reduce(into: Recording.empty) { $0.merge($1) })
  }

  private static func values(_ found: Recording) -> [KnownValue] {
    func value(_ graining: String, _ layer: Int, _ name: String, _ index: Int = 0) -> Double {
      found.observable(name, at: [("graining", .text(graining)), ("layer", .integer(layer))])?.values[index] ?? .nan
    }
    func near(_ what: String, _ expected: Double, _ width: Double, _ found: Double) -> KnownValue {
      KnownValue(what, expected: expected, found: found, .absolute(width))
    }
    return [
      near("energy against the exact torus, in standard errors", 0, 4, value("spins", 0, "energy_deviation")),
      near("layer 1: R/R_null", 0.108, 0.02, value("boltzmann", 1, "radius_over_null")),
      near("layer 1: coherence", 0.72, 0.04, value("boltzmann", 1, "coherence")),
      near("layer 1: participation ratio", 5.3, 0.5, value("boltzmann", 1, "participation_ratio")),
      near("layer 1: R", 1.05, 0.1, value("boltzmann", 1, "receptive_field_radius")),
      near("layer 1: spacing CV", 0.10, 0.06, value("boltzmann", 1, "center_spacing_variation")),
      KnownValue("layer 1: dead units", expected: 0.02, found: value("boltzmann", 1, "dead_fraction"), .atMost),
      near("layer 1: KL(P||p)/N", 0.046, 0.005, value("boltzmann", 1, "kullback_leibler_per_site")),
      near("layer 1: std ln X", 10.7, 1, value("boltzmann", 1, "log_x_deviation")),
      near("layer 1: I(h; 2x2)", 0.505, 0.045, value("boltzmann", 1, "information_2x2")),
      near("layer 1: I(h; 3x3)", 0.585, 0.045, value("boltzmann", 1, "information_3x3")),
      near("2x2 majority: I with its block", 0.597, 0.03, value("majority", 1, "information_2x2")),
      near("layer 1: correlation at r = 8", 0.154, 0.02, value("boltzmann", 1, "correlation", 2)),
      near("spins: abs m", 0.243, 0.02, value("spins", 0, "abs_magnetization")),
      near("2x2 majority: abs m", 0.272, 0.02, value("majority", 1, "abs_magnetization")),
      near("layer 1: abs m", 0.2905, 0.0235, value("boltzmann", 1, "abs_magnetization")),
      near("layer 2: R", 2.35, 0.25, value("boltzmann", 2, "receptive_field_radius")),
      near("layer 2: R/R_null", 0.20, 0.03, value("boltzmann", 2, "radius_over_null")),
      near("layer 2: coherence", 0.63, 0.06, value("boltzmann", 2, "coherence")),
      near("layer 2: abs m", 0.337, 0.02, value("boltzmann", 2, "abs_magnetization")),
      near("log Z of layer 1: two runs agree", 0, 1, value("boltzmann", 1, "log_partition_run_difference")),
      KnownValue("log Z of layer 1: ESS of run 1", expected: 20, found: value("boltzmann", 1, "effective_sample_size", 0), .atLeast),
      KnownValue("log Z of layer 1: ESS of run 2", expected: 20, found: value("boltzmann", 1, "effective_sample_size", 1), .atLeast),
      KnownValue(
        "permuted control: R/R_null on live units", expected: 0.9, found: value("permuted_control", 1, "radius_over_null"), .atLeast),
    ]
  }
}
