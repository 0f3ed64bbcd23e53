public import Runtime

/// The variational map of lattices from samples beside the sum over all states.
public enum VariationalMapKnownValues {
  /// ln Z of a filter's machine by annealing, with many replicas and with few.
  public static let checks: [Check] = [Check("B7", .slow, annealed)]

  @Sendable private static func annealed() throws -> [KnownValue] {
    var values: [KnownValue] = []
    for (words, temperatures, replicas) in [("annealing", 2000, 200), ("the bracket of a short annealing", 40, 200)] {
      let report = try StudyInProcess.report(
        of: VariationalMapStudy.self,
        """
        study = "variational-map"
        [torus]
        couplings = [0.4]
        configurations = 1000
        [large]
        sizes = [8]
        temperatures = \(temperatures)
        replicas = \(replicas)
        """)
      for objective in VariationalMapStudy.objectives {
        let at = VariationalMapStudy.at(objective, size: 8).map { ($0.name, $0.value) }
        let row = report.rows.first { row in row.at.count == at.count && zip(row.at, at).allSatisfy { $0.name == $1.0 && $0.value == $1.1 }
        }
        func found(_ name: String) -> Observable? { row?.observables.first { $0.name == name }?.observable }
        let known = found("log_partition_enumerated")?.values[0] ?? .nan, partition = found("log_partition")
        values.append(
          KnownValue(
            "8 x 8, \(objective): ln Z_lambda by \(words)", expected: known, found: partition?.values[0] ?? .nan,
            error: partition?.errors?[0] ?? .nan, .sigmas(temperatures > 1000 ? 4 : 1, largestError: temperatures > 1000 ? 0.2 : 20)))
      }
    }
    return values
  }
}
