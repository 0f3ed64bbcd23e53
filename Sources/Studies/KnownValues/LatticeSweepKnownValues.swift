import Runtime

/// Results of whole `lattice-sweep` studies that are known: exact crossings of small tori, and critical couplings.
enum LatticeSweepKnownValues {
  static let checks = [
    Check("A6", .study) { try smallCrossings() },
    Check("C-10", .study) { try scalarCriticalPoints() },
  ]

  /// Crossings of U and xi/L between tori of 4, 6 and 8 sites, which enumeration and row transfer give exactly.
  private static func smallCrossings() throws -> [KnownValue] {
    let report = try StudyInProcess.report(
      of: LatticeSweep.self,
      """
      study = "lattice-sweep"
      [sampling]
      chains = 32
      measurements = 60000
      [[sweep]]
      lattice.size = [4, 6, 8]
      [[sweep]]
      model.coupling = [0.435, 0.443, 0.451, 0.459]
      """)
    let exact = [
      ("binder_cumulant", 4, 6, 0.44986758774), ("binder_cumulant", 6, 8, 0.44471674870),
      ("correlation_length_over_size", 4, 6, 0.44794232470), ("correlation_length_over_size", 6, 8, 0.44416315935),
    ]
    return exact.map { name, small, large, value in
      let found = report.derived("crossing_\(name)_\(small)_\(large)")
      return KnownValue(
        "crossing of \(name) at L = \(small), \(large)", expected: value, found: found.value, error: found.error,
        .sigmas(4, largestError: 5e-4))
    }
  }

  /// kappa_c of two-dimensional phi^4 from the joint fit of U, within 5e-4 of tensor renormalization.
  private static func scalarCriticalPoints() throws -> [KnownValue] {
    try [(0.1, 0.30323), (0.5, 0.34346), (1.0, 0.34030)].map { quartic, critical in
      let report = try StudyInProcess.report(
        of: LatticeSweep.self,
        """
        study = "lattice-sweep"
        [model]
        name = "phi4"
        quartic = \(quartic)
        coupling = \(critical)
        [sampling]
        move = "mixed"
        width = 1.5
        clusters = 2
        [analysis]
        degree = 3
        correction_exponent = 1.333
        [[sweep]]
        lattice.size = [16, 32, 64]
        sampling.measurements = [4000, 2500, 1500]
        [[sweep]]
        model.offset = { from = -0.15, to = 0.15, count = 7 }
        """)
      return KnownValue(
        "phi^4 kappa_c, lambda = \(quartic)", expected: critical, found: report.derived("critical_coupling").value, .absolute(5e-4))
    }
  }
}
