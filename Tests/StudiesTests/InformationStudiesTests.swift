import Foundation
import Runtime
import Studies
import Testing

/// The studies of information, small, as a user meets them.
enum InformationStudies {
  /// Study files of a second or so.
  static let files = [
    "bottleneck-curve": """
    study = "bottleneck-curve"
    [law]
    kind = "spec"
    [curve]
    largest_beta = 40
    points = 12
    restarts = 3
    tolerance = 1e-8
    """,
    "information-estimators": """
    study = "information-estimators"
    [pairs]
    dimensions = [1, 5]
    informations = [0.5, 6.0]
    samples = 400
    [estimators]
    names = ["ksg-1", "ksg-2", "bins-plug-in", "bins-miller-madow", "noise-lower", "noise-upper", "info-nce", "info-nce-joint", "mine"]
    repetitions = 2
    null_repetitions = 3
    trained_repetitions = 2
    [training]
    batch = 32
    hidden = 8
    steps = 30
    """,
    "information-plane": """
    study = "information-plane"
    [data]
    train = 256
    test = 64
    [network]
    layers = ["dense 6 f", "dense 4 f", "dense 2"]
    activations = ["tanh", "relu"]
    [training]
    networks = 2
    epochs = 6
    batch = 64
    steppers = ["adam", "langevin"]
    [measure]
    points = 4
    from_epoch = 1
    """,
    "lattice-information": """
    study = "lattice-information"
    [lattice]
    sizes = [8, 12]
    couplings = [0.4]
    circumference = 6
    [sampling]
    chains = 6
    configurations = 40
    warm_up = 20
    [bottleneck]
    points = 4
    restarts = 0
    """,
  ]

  static func write(_ name: String, in folder: String) throws -> String { try Program.write(files[name] ?? "", name, in: folder) }
}

@Suite("Known values of the bottleneck and of continuous estimators")
struct BottleneckKnownValuesTests {
  @Test("every fast known value is found within its tolerance")
  func fast() throws {
    let checks = BottleneckKnownValues.checks.filter { $0.cost == .fast }
    #expect(checks.count == 9)
    try expectAllPass(checks)
  }
}

extension ProgramTests {
  @Suite("The studies of information")
  struct InformationStudyPrograms {
    @Test("give the same bytes at 1, 2 and 4 ranks and after a stop", arguments: InformationStudies.files.keys.sorted())
    func bytes(name: String) throws {
      try Program.withFolder { folder in
        let file = try InformationStudies.write(name, in: folder)
        try Program.expectSameBytes(of: file, ranks: [1, 2, 4], stopped: 2, in: folder)
      }
    }

    @Test("the layers of networks at random know nothing of permuted labels beyond chance: every estimator, 20 networks, 5 sigma")
    func permuted() throws {
      try Program.withFolder { folder in
        let file = try InformationStudies.write("information-plane", in: folder)
        let settings = ["data.permuted=true", "training.networks=20", "training.learning_rate=1e-9", "training.steppers=[\"adam\"]"]
        let end = try Program.run(["run", file, "--out", folder + "/out"] + settings.flatMap { ["--set", $0] })
        #expect(end.status == 0, "\(end.all)")
        let json = try JSONSerialization.jsonObject(with: try Program.bytes(folder + "/out/results.json")) as? [String: Any]
        let rows = (json?["results"] as? [[String: Any]] ?? []).filter { ($0["at"] as? [String: Any])?["estimator"] != nil }
        #expect(rows.count == 2 * 3 * 6)
        for row in rows {
          let found = (row["observables"] as? [String: [String: Any]])?["relevance_beyond_null"]
          let value = try #require(found?["value"] as? Double), error = try #require(found?["error"] as? Double)
          #expect(abs(value) < 5 * error + 1e-12, "\(row)")
        }
      }
    }

    @Test("flags are raised wherever the truth exceeds the ceiling and nowhere below half of it: every estimator, d and I of the study")
    func flags() throws {
      try Program.withFolder { folder in
        let file = try InformationStudies.write("information-estimators", in: folder)
        let settings = [
          "pairs.dimensions=[1, 2, 5, 10]", "pairs.informations=[0.1, 0.3, 1.0, 2.0, 4.0, 6.0, 8.0]", "pairs.samples=1500",
          "training.batch=128",
        ]
        let end = try Program.run(["run", file, "--out", folder + "/out"] + settings.flatMap { ["--set", $0] })
        #expect(end.status == 0, "\(end.all)")
        let json = try JSONSerialization.jsonObject(with: try Program.bytes(folder + "/out/results.json")) as? [String: Any]
        var above = 0, below = 0
        for row in json?["results"] as? [[String: Any]] ?? [] {
          guard let at = row["at"] as? [String: Any], let truth = at["information"] as? Double,
            let observables = row["observables"] as? [String: [String: Any]]
          else { continue }
          let ceiling = try #require(observables["ceiling"]?["value"] as? Double)
          let share = try #require(observables["leaning_on_ceiling"]?["value"] as? Double)
          if truth > ceiling {
            above += 1
            #expect(share == 1, "\(at)")
          } else if truth < 0.5 * ceiling {
            below += 1
            #expect(share == 0, "\(at)")
          }
        }
        // Seven estimators in four dimensions and two with bins in two, eight informations.
        #expect(above > 30 && below > 100, "\(above), \(below)")
      }
    }

    static let mistakes: [(String, [String], [String])] = [
      ("bottleneck-curve", ["law.kind=table", "law.table=[1.0, 2.0, 3.0]"], ["law.table", "3 weights do not fill rows of 2"]),
      ("bottleneck-curve", ["law.kind=table", "law.table=[0.0, 0.0]"], ["law.table", "all weights are zero"]),
      ("bottleneck-curve", ["law.kind=table", "law.table=[1.0, 2.0, 2.0, 4.0]"], ["law", "independent"]),
      ("bottleneck-curve", ["curve.largest_beta=1.5"], ["curve.largest_beta", "keeping nothing is stable up to beta = 2.0891"]),
      ("bottleneck-curve", ["law.kind=blocks", "law.table=[3.0, 1.0, 1.0, 3.0]"], ["law.table", "has a table of its own"]),
      (
        "information-estimators", ["estimators.names=[\"bins-plug-in\"]", "pairs.dimensions=[3]"],
        ["estimators.names", "too few for pairs of tuples"]
      ),
      ("information-plane", ["measure.from_epoch=5", "measure.points=3"], ["measure.from_epoch", "fewer than two of the points"]),
      ("information-estimators", ["estimators.names=[\"ksg-3\"]"], ["estimators.names[0]", "\"ksg-3\" is none of ksg-1"]),
      ("information-estimators", ["training.batch=128"], ["training.batch", "400 are fewer than 1280"]),
      ("information-estimators", ["pairs.informations=[1.0, 1.0]"], ["pairs.informations", "once"]),
      ("information-plane", ["measure.estimators=[\"bins\"]"], ["measure.estimators[0]", "\"bins\" is none of bins-fixed"]),
      ("information-plane", ["network.activations=[\"sine\"]"], ["network.activations[0]", "\"sine\" is none of"]),
      ("information-plane", ["network.layers=[\"dense 3\"]"], ["network.layers", "3 outputs, and the data have 2 classes"]),
      ("information-plane", ["data.train=4090"], ["data.train", "4096 are there"]),
      ("information-plane", ["measure.samples=1000"], ["measure.samples", "1000 are more than the 320"]),
      ("information-plane", ["measure.from_epoch=6"], ["measure.from_epoch", "6 is not below the 6 epochs"]),
      ("lattice-information", ["lattice.sizes=[9]"], ["lattice.sizes", "9 is odd"]),
      ("lattice-information", ["lattice.couplings=[0.4, 0.4]"], ["lattice.couplings", "each coupling once"]),
      ("lattice-information", ["stack.run=nowhere"], ["nowhere", "no such folder"]),
    ]
    @Test("refuse what makes no sense in one line that names it", arguments: mistakes)
    func refusals(name: String, settings: [String], words: [String]) throws {
      try Program.withFolder { folder in
        let file = try InformationStudies.write(name, in: folder)
        let end = try Program.run(["run", file, "--out", folder + "/out"] + settings.flatMap { ["--set", $0] })
        #expect(end.status == 65 && end.errors.count == 1 && end.output.isEmpty, "\(end.all)")
        for word in words { #expect(end.error.contains(word), "\(end.error)") }
      }
    }
  }
}
