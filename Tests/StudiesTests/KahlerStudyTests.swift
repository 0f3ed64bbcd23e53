import Foundation
import Runtime
import Studies
import Testing

/// The studies of Kahler geometry and of gradient flows, small, as a user meets them.
enum KahlerStudies {
  static let files = [
    "kahler-einstein": """
    study = "kahler-einstein"
    [sphere]
    points = [4, 9]
    betas = [-0.5, 1.0]
    [weighted]
    weights = [0.5, 0.5, 0.6, 0.9, 0.8, 0.7]
    points = [4]
    [sampling]
    chains = 6
    measurements = 300
    relaxation = 40
    annealing_steps = 20
    annealing_replicas = 19
    integration_nodes = 4
    [toric]
    vertices = [1, 0, 0, 1, -1, -1]
    levels = [1, 2]
    """,
    "gradient-flow": """
    study = "gradient-flow"
    [gas]
    points = [4, 9]
    betas = [-0.5, 1.0]
    copies = 17
    step = 0.01
    equilibrium_steps = 60
    [density]
    time = 0.5
    [network]
    units = [4, 8]
    copies = 17
    steps = 200
    [training]
    batches = [8, 16]
    samples = 64
    steps = 20
    looks = 16
    """,
  ]

  static func write(_ name: String, in folder: String) throws -> String {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let file = "\(folder)/\(name).toml"
    try (files[name] ?? "").write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }
}

@Suite("Known values of Kahler geometry and gradient flows")
struct KahlerKnownValuesTests {
  @Test("every fast known value is found within its tolerance")
  func fast() throws {
    let checks = KahlerKnownValues.checks.filter { $0.cost == .fast }
    #expect(checks.count == 14)
    for check in checks {
      for value in try check.values() {
        #expect(value.passes, "\(check.id) \(value.what): expected \(value.expected), found \(value.found)")
      }
    }
  }
}

extension ProgramTests {
  @Suite("The studies of Kahler geometry and of gradient flows")
  struct KahlerStudyPrograms {
    @Test("give the same bytes at 1, 2, 3 and 4 ranks and after a stop", arguments: KahlerStudies.files.keys.sorted())
    func bytes(name: String) throws {
      try Program.withFolder { folder in
        let file = try KahlerStudies.write(name, in: folder)
        var expected: [Data] = []
        for ranks in [1, 2, 3, 4] {
          let out = "\(folder)/out\(ranks)"
          if ranks == 3 {
            // Stopped after the first slice, then resumed.
            try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: out + "/STOP"))
            #expect(try Program.run(["run", file, "--out", out]).status == 85)
          }
          let end = try Program.run(["run", file, "--out", out], ranks: ranks)
          #expect(end.status == 0 && end.error.isEmpty, "\(ranks) ranks: \(end.all)")
          let found = try ["results.json", "results.h5"].map { try Program.bytes("\(out)/\($0)") }
          if expected.isEmpty { expected = found }
          #expect(found == expected, "\(ranks) ranks")
        }
      }
    }

    @Test("the page is made again from what is stored, byte by byte, points on spheres included")
    func page() throws {
      try Program.withFolder { folder in
        let out = folder + "/out", page = out + "/report/index.html"
        let end = try Program.run(["run", try KahlerStudies.write("kahler-einstein", in: folder), "--out", out])
        try #require(end.status == 0, "\(end.all)")
        let first = try Program.bytes(page)
        #expect(try Program.run(["report", out]).status == 0)
        #expect(try Program.bytes(page) == first)
        let text = String(decoding: first, as: UTF8.self)
        #expect(text.contains("id=\"points\"") && text.contains("have an exact value here"))
      }
    }

    static let mistakes: [(String, [String], [String])] = [
      ("kahler-einstein", ["sphere.betas=[-0.8]"], ["sphere.betas", "N = 4", "must exceed -0.75"]),
      ("kahler-einstein", ["weighted.weights=[0.1, 0.1, 0.6]"], ["weighted.weights", "not Gibbs stable: the threshold is 0.666"]),
      ("kahler-einstein", ["weighted.weights=[0.5, 0.75, 0.75]"], ["weighted.weights", "add up to 2"]),
      ("kahler-einstein", ["weighted.weights=[0.5, 0.5]"], ["weighted.weights", "2 numbers are not whole triples"]),
      ("kahler-einstein", ["toric.vertices=[-1, -1, 2, -1, 2, 1, -1, 1]"], ["toric.vertices", "not reflexive", "vertex 1", "distance 2"]),
      ("kahler-einstein", ["toric.vertices=[1, 0, -1, -1, 0, 1]"], ["toric.vertices", "counterclockwise"]),
      ("kahler-einstein", ["toric.vertices=[1, 0, 1]"], ["toric.vertices", "3 numbers"]),
      ("kahler-einstein", ["sphere.points=[4, 4]"], ["sphere.points", "named twice"]),
      ("gradient-flow", ["gas.betas=[-0.8]"], ["gas.betas", "N = 4", "must exceed -0.75"]),
      ("gradient-flow", ["network.step=0.9", "network.decay=2.0"], ["network.step", "overshoot"]),
      ("gradient-flow", ["training.batches=[12]"], ["training.batches", "12 is not a multiple of 8"]),
      ("gradient-flow", ["training.batches=[128]"], ["training.batches", "more than training.samples = 64"]),
    ]
    @Test("refuse what makes no sense in one line that names it", arguments: mistakes)
    func refusals(name: String, settings: [String], words: [String]) throws {
      try Program.withFolder { folder in
        let file = try KahlerStudies.write(name, in: folder)
        let end = try Program.run(["run", file, "--out", folder + "/out"] + settings.flatMap { ["--set", $0] })
        #expect(end.status == 65 && end.errors.count == 1 && end.output.isEmpty, "\(end.all)")
        for word in words { #expect(end.error.contains(word), "\(end.error)") }
      }
    }
  }
}
