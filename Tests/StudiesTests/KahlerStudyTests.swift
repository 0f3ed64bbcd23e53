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
    "kahler-einstein tempered": """
    study = "kahler-einstein"
    [sphere]
    points = [4, 9]
    betas = [-0.7, 2.0]
    [weighted]
    weights = [0.9, 0.8, 0.7]
    points = [4]
    [sampling]
    chains = 5
    rungs = 4
    measurements = 300
    relaxation = 40
    annealing_steps = 20
    annealing_replicas = 16
    integration_nodes = 4
    [toric]
    surfaces = []
    [given]
    files = ["FOLDER/points.npy"]
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
    steps = 660
    [training]
    batches = [8, 16]
    samples = 64
    steps = 20
    looks = 16
    [ensemble]
    copies = 9
    steps = 60
    samples = 64
    """,
  ]

  /// An NPY file of double precision.
  static func writeNPY(_ values: [Double], shape: String, to file: String) throws {
    var head = "{'descr': '<f8', 'fortran_order': False, 'shape': (\(shape)), }"
    while (head.utf8.count + 11) % 64 != 0 { head += " " }
    head += "\n"
    var bytes: [UInt8] =
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(head.utf8.count & 255), UInt8(head.utf8.count >> 8)] + Array(head.utf8)
    for value in values { for k in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(8 * k))) } }
    try Data(bytes).write(to: URL(fileURLWithPath: file))
  }
  /// Two configurations: the corners of an octahedron, and of another one turned about the axis.
  static let octahedra: [Double] = [0.0, 0.5].flatMap { angle -> [Double] in
    let c = cos(angle), s = sin(angle)
    return [c, s, 0, -s, c, 0, -c, -s, 0, s, -c, 0, 0, 0, 1, 0, 0, -1]
  }

  static func write(_ name: String, in folder: String) throws -> String {
    let text = (files[name] ?? "").replacingOccurrences(of: "FOLDER", with: folder)
    let file = try Program.write(text, name.replacingOccurrences(of: " ", with: "-"), in: folder)
    try writeNPY(octahedra, shape: "2, 6, 3", to: folder + "/points.npy")
    return file
  }
}

@Suite("Known values of Kahler geometry and gradient flows")
struct KahlerKnownValuesTests {
  @Test("every fast known value is found within its tolerance")
  func fast() throws {
    let checks = KahlerKnownValues.checks.filter { $0.cost == .fast }
    #expect(checks.count == 17)
    try expectAllPass(checks)
  }
}

extension ProgramTests {
  @Suite("The studies of Kahler geometry and of gradient flows")
  struct KahlerStudyPrograms {
    @Test("give the same bytes at 1, 2, 3 and 4 ranks and after a stop", arguments: KahlerStudies.files.keys.sorted())
    func bytes(name: String) throws {
      try Program.withFolder { folder in
        let file = try KahlerStudies.write(name, in: folder)
        try Program.expectSameBytes(of: file, ranks: [1, 2, 3, 4], stopped: 3, in: folder)
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

    @Test("points from a file: an octahedron has no modes below l = 4, and its energy is that of its edges and diameters")
    func given() throws {
      try Program.withFolder { folder in
        let out = folder + "/out"
        let end = try Program.run(["run", try KahlerStudies.write("kahler-einstein tempered", in: folder), "--out", out])
        try #require(end.status == 0, "\(end.all)")
        let results =
          try #require(
            try JSONSerialization.jsonObject(with: Program.bytes(out + "/results.json")) as? [String: Any])["results"] as? [[String: Any]]
        let row = try #require(results?.first { ($0["at"] as? [String: Any])?["process"] as? String == "given" })
        let observables = try #require(row["observables"] as? [String: [String: Any]])
        func value(_ name: String) throws -> Double { try #require(observables[name]?["value"] as? Double, "\(name)") }
        for l in 1...3 { #expect(abs(try value("structure_factor_\(l)")) < 1e-12) }
        // Twelve edges of length sqrt 2 and three diameters.
        #expect(abs(try value("energy") + 2 * (12 * log(2.0) / 2 + 3 * log(2.0)) / 15) < 1e-12)
        #expect(try value("points") == 6 && value("configurations") == 2)
        let tempered = results?.filter { ($0["observables"] as? [String: Any])?["exchange_acceptance"] != nil } ?? []
        #expect(tempered.count == 9)
      }
    }

    @Test("a density too narrow to be followed keeps its curves, and the page says what is not known and why")
    func narrow() throws {
      try Program.withFolder { folder in
        let out = folder + "/out"
        let settings = [
          "gas.points=[]", "gas.betas=[-0.9, 2.0]", "density.field=5.0", "network.units=[]", "training.models=[]", "ensemble.copies=0",
        ].flatMap { ["--set", $0] }
        let end = try Program.run(["run", try KahlerStudies.write("gradient-flow", in: folder), "--out", out] + settings)
        try #require(end.status == 0, "\(end.all)")
        let json = try #require(try JSONSerialization.jsonObject(with: Program.bytes(out + "/results.json")) as? [String: Any])
        let rows = try #require(json["results"] as? [[String: Any]])
        #expect(rows.count == 2)
        for row in rows {
          let observables = try #require(row["observables"] as? [String: [String: Any]])
          #expect((observables["free_energy"]?["value"] as? [Double])?.count ?? 0 > 40)
          let isNarrow = (row["at"] as? [String: Any])?["beta"] as? Double == -0.9
          #expect((observables["rate_exact"]?["reason"] as? String)?.contains("so narrow a density") ?? false == isNarrow)
        }
        #expect(String(decoding: try Program.bytes(out + "/report/index.html"), as: UTF8.self).contains("beta = -0.9: rate is not known"))
      }
    }

    static let files: [(values: [Double], shape: String, words: [String])] = [
      ([0, 0, 1, 1, 0, 0, 0, 0, 1], "3, 3", ["points 0 and 2 stand at one place"]),
      ([0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0], "2, 2, 3", ["configuration 1: points 0 and 1 stand at one place"]),
      ([0, 0, 1, 1.1, 0, 0], "2, 3", ["point 1 is not on the unit sphere", "1.1"]),
      ([0, 0, 1, .nan, 0, 0], "2, 3", ["[1, 0]", "not finite"]),
      ([0, 0, 1, 1], "2, 2", ["its shape is [2, 2]", "[N, 3]"]),
      ([], "0, 3", ["0 points"]), ([0, 0, 1], "1, 3", ["1 points", "at least"]),
    ]
    @Test("files of points that coincide, stand off the sphere or are none are refused in one line", arguments: files)
    func refusedFiles(values: [Double], shape: String, words: [String]) throws {
      try Program.withFolder { folder in
        let file = try KahlerStudies.write("kahler-einstein tempered", in: folder)
        try KahlerStudies.writeNPY(values, shape: shape, to: folder + "/points.npy")
        let end = try Program.run(["run", file, "--out", folder + "/out"])
        #expect(end.status == 65 && end.errors.count == 1 && end.output.isEmpty, "\(end.all)")
        for word in words + ["points.npy"] { #expect(end.error.contains(word), "\(end.error)") }
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
      ("kahler-einstein", ["sphere.points=[2]", "sphere.betas=[-0.49]"], ["N = 2", "double precision", "at least -0.4525"]),
      ("gradient-flow", ["gas.betas=[-0.8]"], ["gas.betas", "N = 4", "must exceed -0.75"]),
      ("gradient-flow", ["network.step=0.9", "network.decay=2.0"], ["network.step", "overshoot"]),
      ("gradient-flow", ["network.step=0.0001"], ["network.steps", "does not forget the start", "at least"]),
      ("gradient-flow", ["training.batches=[12]"], ["training.batches", "12 is not a multiple of 8"]),
      ("gradient-flow", ["training.batches=[128]"], ["training.batches", "more than training.samples = 64"]),
      ("gradient-flow", ["training.models=[\"tree\"]"], ["training.models", "tree"]),
      ("gradient-flow", ["ensemble.samples=12"], ["ensemble.samples", "12 is not a multiple of 8"]),
      ("gradient-flow", ["ensemble.copies=1"], ["ensemble.copies", "no error"]),
      ("gradient-flow", ["gas.points=[256]", "gas.equilibrium_steps=10000000"], ["gas.equilibrium_steps", "times as long as it may"]),
      ("kahler-einstein", ["sampling.annealing_replicas=3"], ["sampling.annealing_replicas", "at least 16, or 0"]),
      ("kahler-einstein", ["sphere.points=[100000]"], ["sampling.annealing_steps", "N = 100000", "or annealing_replicas = 0"]),
      ("kahler-einstein", ["sphere.betas=[-2.0]"], ["sphere.betas", "must exceed -0.75"]),
      ("gradient-flow", ["gas.betas=[-1.5]"], ["gas.betas", "must exceed -0.75"]),
      ("kahler-einstein", ["sphere.points=[0]"], ["sphere.points", "0"]),
      ("kahler-einstein", ["sphere.fields=[nan]"], ["nan"]),
      ("kahler-einstein", ["given.files=[\"missing.npy\"]"], ["missing.npy"]),
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
