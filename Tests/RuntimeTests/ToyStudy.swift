import Runtime

/// A study without meaning whose parameters have every type.
enum Toy {
  static let study = StudyDescription(
    name: "toy-lattice", summary: "A toy for the tests",
    tables: [
      ParameterTable(
        "lattice", "the lattice",
        [
          Parameter("size", .integer(16), .integers(4...1024), unit: "sites", "edge length"),
          Parameter("coupling", .real(0.408), .reals(0...10), unit: "J", "K = J / (k T)"),
          Parameter("boundary", .text("torus"), .oneOf(["torus", "open"]), "how edges are joined"),
        ]),
      ParameterTable(
        "training", "the machine",
        [
          Parameter("layers", .integers([64, 16]), .integers(1...4096), unit: "units", "hidden units per layer"),
          Parameter("rates", .reals([0.05]), .reals(1e-6...1), "learning rates"),
          Parameter("weights_kept", .flag(true), .anything, "keep weights of all epochs"),
          Parameter("names", .texts(["a"]), .anything, "names"),
        ]),
    ])
  static let catalogue = [study, StudyDescription(name: "other", summary: "Another", tables: [])]

  static func resolve(_ text: String, set overrides: [String] = []) throws(StudyFileError) -> ResolvedStudy {
    try StudyFile.resolve(text: text, file: "toy.toml", overrides: overrides, catalogue: catalogue)
  }
  /// The line that a bad file gives; nil where it is accepted.
  static func complaint(_ text: String, set overrides: [String] = []) -> String? {
    do throws(StudyFileError) {
      _ = try resolve(text, set: overrides)
      return nil
    } catch {
      return error.description
    }
  }

  static let report = Report(
    title: "Toy & report", abstract: "What a toy has to say.",
    rows: [
      ResultRow(
        at: [("model", .text("ising")), ("size", .integer(16)), ("coupling", .real(0.44))],
        observables: [
          ("energy_per_site", Observable(-1.4, error: 0.002, tau: 3.1, unit: "J")),
          ("log_ratio", Observable(.infinity, reason: "no overlap")),
          ("profile", Observable(values: [1, 0.1, .nan], errors: [0.5, 0.25, 0.125])),
        ])
    ],
    derived: [("critical_coupling", Observable(0.4407, error: 0.0002))],
    sections: [
      ReportSection(
        "Curves",
        [
          .text("Some words with a < sign."),
          .table(ReportTable(caption: "A table", header: ["layer", "value"], rows: [["one", "1.5"], ["two", "-2.25(3)"]])),
          .figure(
            Figure(
              name: "decay", title: "Decay", caption: "A decay with errors.",
              content: .curves(
                [
                  Curve("measured_a", x: [1, 2, 4, 8], y: [1, 0.5, 0.26, .nan], yErrors: [0.1, 0.05, 0.02, 0.1], style: .points),
                  Curve("exact", x: [1, 2, 4, 8], y: [1, 0.5, 0.25, 0.125], style: .line),
                ], xLabel: "distance r", yLabel: "C(r)", logX: true, logY: true))),
          .figure(
            Figure(
              name: "fields", title: "Fields", caption: "Receptive fields.",
              content: .heatmaps(
                [
                  Heatmap(title: "unit 0", rows: 2, columns: 3, values: [1, -1, 0, 0.5, -0.5, 0.25], palette: .diverging),
                  Heatmap(title: "spins", rows: 2, columns: 2, values: [1, -1, -1, 1], palette: .binary),
                ], perRow: 2))),
        ])
    ],
    arrays: [])
}
