import Foundation
import Runtime
import Studies
import Testing

/// The studies of renormalization, small, as a user meets them.
enum RenormalizationStudies {
  /// Study files of a second or so.
  static let files = [
    "flow": """
    study = "flow"
    [migdal]
    scales = [1.0, 2.0]
    states = [3.0]
    """,
    "monte-carlo-rg": """
    study = "monte-carlo-rg"
    [lattice]
    sizes = [16, 8]
    [blocks]
    least_size = 4
    [sampling]
    chains = 4
    measurements = 300
    warm_up = 20
    [analysis]
    blocks = 16
    """,
    "monte-carlo-rg-strips": """
    study = "monte-carlo-rg"
    [lattice]
    sizes = [1024]
    strips = true
    [blocks]
    least_size = 128
    [sampling]
    move = "swendsen-wang"
    chains = 1
    measurements = 64
    interval = 1
    warm_up = 10
    [analysis]
    blocks = 16
    """,
    "monte-carlo-rg-filter": """
    study = "monte-carlo-rg"
    [lattice]
    sizes = [32, 16]
    [blocks]
    rule = "filter"
    weights = [0.5, 0.6, 0.7, 0.6]
    [sampling]
    chains = 4
    measurements = 300
    warm_up = 20
    [analysis]
    blocks = 16
    """,
    "boltzmann-flow": """
    study = "boltzmann-flow"
    [lattice]
    size = 8
    temperatures = [1.0, 2.25, 4.0]
    configurations = 130
    test = 16
    warm_up = 10
    [thermometer]
    networks = 2
    hidden = 16
    epochs = 2
    [machine]
    trained_on = ["all", "critical"]
    hidden = 16
    epochs = 3
    [flow]
    steps = 5
    replicas = 16
    """,
    "compare-coarse-grainings": """
    study = "compare-coarse-grainings"
    [lattice]
    size = 16
    [rules]
    names = ["majority", "likelihood-filter-sampled", "information-filter", "neural-information-filter", "untied-machine", "permuted-majority"]
    [training]
    size = 16
    configurations = 64
    steps = 20
    batch = 8
    machine_epochs = 7
    marginal_configurations = 64
    [sampling]
    chains = 4
    measurements = 150
    warm_up = 20
    [analysis]
    blocks = 16
    """,
    "rsmi": """
    study = "rsmi"
    [ring]
    blocks = [2, 3]
    coarse = 6
    [lattice]
    couplings = [0.4]
    size = 16
    [training]
    configurations = 100
    steps = 20
    batch = 8
    [neural]
    samples = 400
    steps = 20
    batch = 8
    hidden = 8
    """,
    "variational-map": """
    study = "variational-map"
    [ring]
    sites = 4
    [torus]
    couplings = [0.3, 0.4]
    configurations = 200
    steps = 20
    [large]
    sizes = [8, 10]
    configurations = 100
    temperatures = 20
    replicas = 20
    equilibration = 5
    """,
  ]

  static func write(_ name: String, in folder: String) throws -> String { try Program.write(files[name] ?? "", name, in: folder) }
}

@Suite("Known values of renormalization")
struct RenormalizationFlowKnownValuesTests {
  @Test("every fast known value is found within its tolerance", arguments: ["B1", "B2", "B3", "B4", "B5"])
  func fast(id: String) throws {
    let checks = (FlowKnownValues.checks + MonteCarloRGKnownValues.checks).filter { $0.id == id && $0.cost == .fast }
    #expect(!checks.isEmpty)
    try expectAllPass(checks)
  }
}

extension ProgramTests {
  @Suite("The studies of renormalization")
  struct RenormalizationStudyPrograms {
    @Test("give the same bytes at 1, 2 and 4 ranks and after a stop", arguments: RenormalizationStudies.files.keys.sorted())
    func bytes(name: String) throws {
      try Program.withFolder { folder in
        let file = try RenormalizationStudies.write(name, in: folder)
        try Program.expectSameBytes(of: file, ranks: [1, 2, 4], stopped: name == "flow" ? nil : 2, in: folder)
      }
    }

    /// The value, error and reason of an observable in the row whose `at` has these texts and numbers.
    static func found(_ folder: String, texts: [String: String] = [:], numbers: [String: Double], _ name: String) throws -> (
      value: Double?, error: Double?, reason: String?
    ) {
      let whole = try #require(try JSONSerialization.jsonObject(with: Program.bytes(folder + "/results.json")) as? [String: Any])
      let rows = try #require(whole["results"] as? [[String: Any]])
      let row = try #require(
        rows.first { row in
          guard let at = row["at"] as? [String: Any], at.count == texts.count + numbers.count else { return false }
          return texts.allSatisfy { at[$0.key] as? String == $0.value } && numbers.allSatisfy { at[$0.key] as? Double == $0.value }
        })
      let one = try #require((row["observables"] as? [String: [String: Any]])?[name])
      return (one["value"] as? Double, one["error"] as? Double, one["reason"] as? String)
    }

    @Test("ground states have no temperature, and the results say why")
    func groundStates() throws {
      try Program.withFolder { folder in
        let file = try RenormalizationStudies.write("boltzmann-flow", in: folder)
        let end = try Program.run(["run", file, "--out", folder + "/out", "--set", "lattice.temperatures=[0.5, 2.25, 4.0]"])
        #expect(end.status == 0, "\(end.all)")
        let cold = try Self.found(folder + "/out", texts: ["sample": "equilibrium"], numbers: ["temperature": 0.5], "temperature_of_energy")
        #expect(cold.value == nil && cold.reason?.contains("ground states") == true)
        let warm = try Self.found(
          folder + "/out", texts: ["sample": "equilibrium"], numbers: ["temperature": 2.25], "temperature_of_energy")
        #expect((warm.value ?? 0) > 1 && (warm.error ?? 0) > 0 && warm.reason == nil)
      }
    }

    @Test("lattices that are matched stand in the results with an error on every number")
    func matching() throws {
      try Program.withFolder { folder in
        let file = try RenormalizationStudies.write("monte-carlo-rg", in: folder)
        let end = try Program.run(["run", file, "--out", folder + "/out"])
        #expect(end.status == 0, "\(end.all)")
        for name in ["shift_by_nearest", "shift_by_knight", "thermal_exponent", "critical_coupling"] {
          let one = try Self.found(folder + "/out", numbers: ["size": 16, "matched_with": 8, "steps": 1], name)
          #expect(one.value != nil && (one.error ?? 0) > 0, "\(name)")
        }
      }
    }

    @Test("a machine without shared weights is refused what needs a lattice, with the reason, and has what needs none")
    func untied() throws {
      try Program.withFolder { folder in
        let file = try RenormalizationStudies.write("compare-coarse-grainings", in: folder)
        let end = try Program.run(["run", file, "--out", folder + "/out"])
        #expect(end.status == 0, "\(end.all)")
        let range = try Self.found(folder + "/out", texts: ["rule": "untied-machine"], numbers: [:], "coupling_share_beyond_nearest")
        #expect(range.value == nil && range.reason?.contains("no lattice") == true)
        for name in ["kullback_leibler_per_site", "log_x_deviation", "fine_correlation_exponent", "reconstruction_energy_per_site"] {
          let one = try Self.found(folder + "/out", texts: ["rule": "untied-machine"], numbers: [:], name)
          #expect(one.value != nil && (one.error ?? 0) > 0, "\(name)")
        }
      }
    }

    static let mistakes: [(String, [String], [String])] = [
      ("flow", ["migdal.scales=[2.0, 2.0]"], ["migdal.scales", "each value once"]),
      ("monte-carlo-rg", ["lattice.sizes=[7]"], ["lattice.sizes", "7 gives no lattice of 4 sites or more by blocks of 2"]),
      ("monte-carlo-rg", ["operators.odd=[\"corner\"]"], ["operators.odd", "magnetization has to"]),
      ("monte-carlo-rg", ["analysis.blocks=18"], ["analysis.blocks", "multiple of sampling.chains = 4"]),
      ("monte-carlo-rg", ["operators.even=[\"bond\"]"], ["operators.even[0]", "\"bond\" is not allowed"]),
      ("monte-carlo-rg", ["lattice.strips=true"], ["sampling.move", "wolff does not serve strips; swendsen-wang does"]),
      ("monte-carlo-rg", ["blocks.rule=\"filter\""], ["blocks.weights", "0 weights", "takes 4 or 16"]),
      ("monte-carlo-rg", ["blocks.weights=[1.0, 1.0, 1.0, 1.0]"], ["blocks.weights", "\"majority\" takes none"]),
      ("monte-carlo-rg-filter", ["blocks.scale=3"], ["blocks.scale", "one spin of 2 x 2 sites"]),
      (
        "monte-carlo-rg-filter", ["lattice.strips=true", "sampling.move=\"swendsen-wang\""], ["lattice.strips", "filters have no strips"]
      ),
      ("boltzmann-flow", ["lattice.temperatures=[3.0, 4.0]"], ["lattice.temperatures", "has to rise from below 2.269"]),
      ("boltzmann-flow", ["flow.replicas=17"], ["flow.replicas", "17 is more than lattice.test = 16"]),
      ("boltzmann-flow", ["lattice.configurations=20"], ["lattice.configurations", "do not fill a batch of 128"]),
      ("variational-map", ["large.sizes=[9]"], ["large.sizes", "9 is odd"]),
      ("rsmi", ["lattice.size=18"], ["lattice.size", "18 is not a multiple of 4"]),
      ("variational-map", ["ring.sites=5"], ["ring.sites", "5 is odd"]),
      ("rsmi", ["neural.batch=64"], ["neural.samples", "400 are too few for batches of 4 x neural.batch = 256; at least 3072"]),
      ("compare-coarse-grainings", ["training.batch=65"], ["training.batch", "65 is more than there is to train untied-machine on"]),
      ("compare-coarse-grainings", ["lattice.size=24"], ["lattice.size", "24 is not a multiple of 16"]),
      ("compare-coarse-grainings", ["rules.names=[\"majority\", \"majority\"]"], ["rules.names", "each once"]),
    ]
    @Test("refuse what makes no sense in one line that names it", arguments: mistakes)
    func refusals(name: String, settings: [String], words: [String]) throws {
      try Program.withFolder { folder in
        let file = try RenormalizationStudies.write(name, in: folder)
        let end = try Program.run(["run", file, "--out", folder + "/out"] + settings.flatMap { ["--set", $0] })
        #expect(end.status == 65 && end.errors.count == 1 && end.output.isEmpty, "\(end.all)")
        for word in words { #expect(end.error.contains(word), "\(end.error)") }
      }
    }
  }
}
