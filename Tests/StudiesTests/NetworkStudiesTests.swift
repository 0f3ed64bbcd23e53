import Foundation
import Laws
import Testing

extension ProgramTests {
  @Suite("The studies classifier and boltzmann")
  struct NetworkStudies {
    static let folder = Program.root.appendingPathComponent("cluster/studies").path
    static let classifier = [
      "data.train=400", "data.validation=64", "data.test=64", "lattice.size=8", "training.networks=1", "training.epochs=4",
      "training.batch=48", "training.patience=3",
      "network.layers=[\"convolution 3x3x4 relu\", \"max-pool 2\", \"dropout 0.2\", \"dense 2\"]",
    ]
    static let bottleneck = [
      "data.train=400", "data.test=64", "lattice.size=8", "training.networks=1", "training.epochs=4", "training.batch=48",
      "network.layers=[\"dense 12 relu\", \"dense 6\", \"bottleneck\", \"dense 2\"]", "training.rate_price=0.01",
    ]
    static let boltzmann = [
      "training.epochs=[40]", "training.method=\"tempered\"", "training.rungs=3", "annealing.temperatures=60", "annealing.replicas=20",
      "annealing.schedule=\"dense\"", "annealing.integration_nodes=12", "annealing.integration_sweeps=40",
    ]
    static let deep = [
      "machine.kind=\"deep\"", "machine.hidden=[6, 4]", "training.epochs=[40]", "annealing.temperatures=60", "annealing.replicas=20",
      "annealing.equilibration=200",
    ]
    static let gaussian = [
      "machine.kind=\"gaussian\"", "machine.hidden=[12]", "machine.deviation=0.5", "training.method=\"contrastive\"", "data.train=640",
      "data.test=200", "training.epochs=[60]", "training.batch=40", "training.learning_rate=0.02", "annealing.temperatures=300",
      "annealing.replicas=40", "annealing.equilibration=300",
    ]
    static let cases = [
      ("classifier", classifier), ("classifier", bottleneck), ("boltzmann", boltzmann),
      ("boltzmann", boltzmann + ["machine.hidden=[8, 5]"]), ("boltzmann", deep),
      ("boltzmann", gaussian), ("boltzmann", gaussian + ["machine.deviation=0"]),
    ]

    func run(_ study: String, _ settings: [String], into folder: String, ranks: Int = 1) throws -> Program.End {
      try Program.run(
        ["run", "\(Self.folder)/\(study).toml", "--out", folder] + settings.flatMap { ["--set", $0] }, ranks: ranks)
    }

    @Test("results.json, results.h5 and models are byte-equal at 1, 2, 3, 4 and 8 ranks", arguments: cases)
    func ranks(study: String, settings: [String]) throws {
      try Program.withFolder { folder in
        #expect(try run(study, settings, into: folder).status == 0)
        let model = study == "classifier" ? "models/network-1.h5" : "models/boltzmann.h5"
        let names = ["results.json", "results.h5", model], expected = try names.map { try Program.bytes("\(folder)/\($0)") }
        for ranks in [2, 3, 4, 8] {
          try Program.withFolder { other in
            let end = try run(study, settings, into: other, ranks: ranks)
            #expect(end.status == 0 && end.error.isEmpty, "\(ranks) ranks: \(end.all)")
            for (name, bytes) in zip(names, expected) {
              #expect(try Program.bytes("\(other)/\(name)") == bytes, "\(name) at \(ranks) ranks")
            }
          }
        }
      }
    }

    @Test("Stopped after every slice and gone on with on another number of ranks, they give the undisturbed bytes", arguments: cases)
    func resume(study: String, settings: [String]) throws {
      try Program.withFolder { folder in
        #expect(try run(study, settings, into: folder).status == 0)
        try Program.withFolder { cut in
          try FileManager.default.createDirectory(atPath: cut, withIntermediateDirectories: true)
          var stops = 0, status: Int32 = 85
          while status == 85, stops < 60 {
            try "".write(toFile: cut + "/STOP", atomically: true, encoding: .utf8)
            status = try run(study, settings, into: cut, ranks: 1 + stops % 3).status
            stops += 1
            try? FileManager.default.removeItem(atPath: cut + "/STOP")
          }
          #expect(status == 0 && stops > 3, "status \(status) after \(stops) launches")
          for name in ["results.json", "results.h5"] {
            #expect(try Program.bytes("\(cut)/\(name)") == Program.bytes("\(folder)/\(name)"), "\(name)")
          }
        }
      }
    }

    @Test("Trained models are exported to ONNX, and a network starts where another has ended")
    func models() throws {
      try Program.withFolder { folder in
        #expect(try run("classifier", Self.classifier, into: folder).status == 0)
        let export = try Program.run(["export", folder, "--format", "onnx"])
        #expect(export.status == 0 && export.output == "\(folder)/models/network-1.onnx\n", "\(export.all)")
        #expect(try Program.bytes("\(folder)/models/network-1.onnx").count > 500)
        let paths = try Program.run(["export", folder, "--format", "hdf5"])
        #expect(paths.output == "\(folder)/models/network-1.h5\n")
        try Program.withFolder { next in
          let start = Self.classifier + ["network.start=\"\(folder)/models/network-1.h5\"", "training.epochs=1"]
          #expect(try run("classifier", start, into: next).status == 0)
          let other = start + ["network.layers=[\"dense 2\"]"]
          let end = try run("classifier", other, into: next + "-other")
          #expect(end.status == 65 && end.error.contains("network.start"), "\(end.all)")
        }
      }
      try Program.withFolder { folder in
        #expect(try run("boltzmann", Self.boltzmann, into: folder).status == 0)
        let export = try Program.run(["export", folder, "--format", "onnx"])
        #expect(export.status == 0 && export.output.hasSuffix("/models/boltzmann.onnx\n"), "\(export.all)")
        guard PythonReader.has("onnxruntime", "numpy") else { return }
        let program = """
          import sys, numpy, onnxruntime
          p = onnxruntime.InferenceSession(sys.argv[1]).run(None, {"visible": numpy.eye(9, dtype=numpy.float32)})[0]
          assert p.shape == (9, 10) and (p > 0).all() and (p < 1).all()
          """
        let end = try PythonReader.run(program, "\(folder)/models/boltzmann.onnx")
        #expect(end.status == 0, "\(end.output)")
      }
    }

    static func observables(_ folder: String) throws -> [(at: [String: Any], observables: [String: [String: Any]])] {
      let whole = try JSONSerialization.jsonObject(with: Program.bytes(folder + "/results.json")) as? [String: Any]
      return try #require(whole?["results"] as? [[String: Any]]).map {
        ($0["at"] as? [String: Any] ?? [:], $0["observables"] as? [String: [String: Any]] ?? [:])
      }
    }

    @Test("Machines go on from those of another run, or are only measured again: annealing and integration both find the exact ln Z")
    func givenMachines() throws {
      try Program.withFolder { folder in
        #expect(try run("boltzmann", Self.boltzmann + ["training.epochs=[3000]"], into: folder + "/first").status == 0)
        func copy(_ run: String) throws {
          try Program.bytes("\(folder)/\(run)/models/boltzmann.h5").write(to: URL(fileURLWithPath: folder + "/start.h5"))
        }
        try copy("first")
        let start = ["machine.start=\"\(folder)/start.h5\"", "training.epochs=[0]"]
        let settings =
          Self.boltzmann + start + ["annealing.temperatures=500", "annealing.replicas=100", "annealing.integration_sweeps=400"]
        #expect(try run("boltzmann", settings, into: folder + "/again").status == 0)
        let first = try #require(try Self.observables(folder + "/first").first).observables
        let again = try #require(try Self.observables(folder + "/again").first).observables
        let exact = try #require(first["log_partition_exact"]?["value"] as? Double)
        #expect(again["log_partition_exact"]?["value"] as? Double == exact)
        for name in ["log_partition", "log_partition_back", "log_partition_integrated"] {
          let value = try #require(again[name]?["value"] as? Double), error = try #require(again[name]?["error"] as? Double)
          #expect(abs(value - exact) < 4 * error && error < 0.1, "\(name): \(value) +- \(error), exact \(exact)")
        }
        // All patterns and an exact ln Z: nothing has an error.
        #expect(again["test_log_likelihood"]?["error"] == nil && again["train_log_likelihood"] == nil)
        for (more, words) in [
          ("machine.hidden=[9]", "are 9 x 10 (visible x hidden); those of the study are 9 x 9"),
          ("machine.units=\"plus-minus-one\"", "have zero-one units"), ("machine.start=\"\"", "give machine.start, or at least 1"),
        ] {
          let end = try run("boltzmann", settings + [more], into: folder + "/refused")
          #expect(end.status == 65 && end.errors.count == 1 && end.error.contains(words), "\(end.all)")
        }
        // The run goes on only from the machines that it began with.
        #expect(try run("boltzmann", Self.boltzmann + ["seed=2"], into: folder + "/other").status == 0)
        try copy("other")
        let changed = try run("boltzmann", settings, into: folder + "/again")
        #expect(
          changed.status == 65 && changed.errors.count == 1 && changed.error.contains("start.h5 is not what it was when the run in"),
          "\(changed.all)")
      }
    }

    @Test("A training that diverges fails its point of a sweep alone, and lists name their rows", arguments: [1, 2])
    func divergence(ranks: Int) throws {
      try Program.withFolder { folder in
        let file = try Program.write(
          """
          study = "boltzmann"
          machine = { kind = "gaussian" }
          data = { train = 64, test = 16 }
          training = { method = "contrastive", epochs = [100], batch = 16 }
          annealing = { temperatures = 20, replicas = 4, equilibration = 0 }
          [[sweep]]
          training.learning_rate = [0.01, 10.0, 0.02]
          training.decay = [0.0, 10.0, 0.0]
          machine.hidden = [[3], [4], [5]]
          """, "sweep", in: folder)
        let end = try Program.run(["run", file, "--out", folder + "/out"], ranks: ranks)
        #expect(end.status == 4 && end.error.contains("training has diverged"), "\(end.all)")
        let rows = try Self.observables(folder + "/out").map(\.at)
        #expect(rows.compactMap { $0["learning_rate"] as? Double } == [0.01, 0.02])
        #expect(rows.compactMap { $0["hidden"] as? String } == ["3", "5"])
      }
    }

    @Test("Fast: one shard for each rank gives what as many shards as ranks give")
    func fast() throws {
      func results(_ settings: [String], _ options: [String], ranks: Int, into folder: String) throws -> Data {
        let end = try Program.run(
          ["run", "\(Self.folder)/boltzmann.toml", "--out", folder] + options + (Self.boltzmann + settings).flatMap { ["--set", $0] },
          ranks: ranks)
        #expect(end.status == 0, "\(end.all)")
        let whole = try JSONSerialization.jsonObject(with: Program.bytes(folder + "/results.json")) as? [String: Any]
        return try JSONSerialization.data(withJSONObject: try #require(whole?["results"]), options: .sortedKeys)
      }
      try Program.withFolder { folder in
        let fast = try results([], ["--reproducible", "fast"], ranks: 2, into: folder + "/fast")
        #expect(try results(["training.shards=2"], [], ranks: 2, into: folder + "/two") == fast)
        #expect(try results(["training.shards=0"], [], ranks: 1, into: folder + "/one") != fast)
      }
    }

    @Test("A machine with real visible units finds most of what independent units miss, and annealing agrees with the exact ln Z")
    func realUnits() throws {
      try Program.withFolder { folder in
        #expect(try run("boltzmann", Self.gaussian, into: folder).status == 0)
        let whole = try JSONSerialization.jsonObject(with: Program.bytes(folder + "/results.json")) as? [String: Any]
        let rows = try #require(whole?["results"] as? [[String: Any]])
        let found = try #require(rows.first?["observables"] as? [String: [String: Any]])
        func value(_ name: String, _ field: String = "value") throws -> Double { try #require(found[name]?[field] as? Double, "\(name)") }
        let exact = try value("log_partition_exact")
        for run in ["log_partition_run_1", "log_partition_run_2", "log_partition_back"] {
          #expect(try abs(value(run) - exact) < 4 * value(run, "error"), "\(run)")
        }
        let independent = try value("test_log_likelihood_independent"), best = try value("test_log_likelihood_source")
        let likelihood = try value("test_log_likelihood")
        #expect(likelihood > independent + 0.5 * (best - independent) && likelihood < best, "\(independent) \(likelihood) \(best)")
        let export = try Program.run(["export", folder, "--format", "onnx"])
        #expect(export.status == 0 && export.output.hasSuffix("/models/boltzmann.onnx\n"), "\(export.all)")
      }
    }

    @Test(
      "Bad input is one clear line and status 65",
      arguments: [
        ("classifier", "network.layers=[\"dense 3\"]", "3 outputs, and the data have 2 classes"),
        ("classifier", "network.layers=[\"dens 2\"]", "describes no layer"),
        ("classifier", "network.layers=[\"convolution 20x20x2\", \"dense 2\"]", "layer 1, convolution 20x20x2, on 16x16x1"),
        ("classifier", "network.layers=[]", "at least one layer"),
        ("classifier", "network.start=\"nothing.h5\"", "nothing.h5: No such file"),
        ("classifier", "training.batch=100", "not a multiple of training.shards"),
        ("classifier", "training.rate_price=0.1", "no layer of network.layers is a \"bottleneck\""),
        ("classifier", "network.layers=[\"dense 5\", \"bottleneck\", \"dense 2\"]", "an even number of units below"),
        ("classifier", "training.patience=2", "data.validation"),
        ("classifier", "data.source=\"files\"", "at least one file"),
        ("classifier", "lattice.couplings=[0.3, 0.4]", "above the critical 0.4407"),
        ("boltzmann", "machine.hidden=[]", "at least one machine"),
        ("boltzmann", "training.epochs=[5, 6, 7]", "3 numbers for 1 machine"),
        ("boltzmann", "fine_tuning.labels=100", "have no labels"),
        ("boltzmann", "data.source=\"files\"", "at least one file"),
        ("boltzmann", "machine.kind=\"deep\"", "two hidden layers"),
        ("boltzmann", "machine.kind=\"gaussian\"", "method = \"contrastive\""),
      ])
    func badInput(study: String, setting: String, words: String) throws {
      try Program.withFolder { folder in
        let end = try run(study, [setting], into: folder)
        #expect(end.status == 65 && end.errors.count == 1 && end.error.contains(words), "\(end.all)")
      }
    }

    /// A file of images as bytes.
    static func write(_ images: [UInt8], shape: [Int], _ path: String) throws {
      let lengths = shape.flatMap { length in (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } }
      try Data([0, 0, 8, UInt8(shape.count)] + lengths + images).write(to: URL(fileURLWithPath: path))
    }

    @Test("Sensors of other units: the likelihood in rescaled units does not change, and in the data's own by the sum of ln scale")
    func sensors() throws {
      try Program.withFolder { folder in
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let count = 300, pixels = 4
        var state: UInt64 = 1
        func byte(below n: UInt64) -> UInt8 {
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          return UInt8((state >> 33) % n)
        }
        let camera = (0..<count * pixels).map { _ in byte(below: 8) }, lidar = (0..<count * pixels).map { _ in byte(below: 4) }
        // The same numbers in units of which a power of two makes one: their rescaled bits are the same.
        for (name, values) in [("camera", camera), ("lidar", lidar), ("fine", lidar.map { 64 * $0 }), ("same", lidar.map { _ in 7 })] {
          try Self.write(values, shape: [count, 2, 2], "\(folder)/\(name)")
        }
        func settings(_ second: String) -> [String] {
          Self.gaussian + [
            "machine.deviation=0", "machine.hidden=[4]", "data.source=\"files\"", "data.train=200", "data.test=100",
            "data.channels=[\"camera=\(folder)/camera\", \"lidar=\(folder)/\(second)\"]",
          ]
        }
        func found(_ second: String) throws -> [String: Double] {
          let end = try run("boltzmann", settings(second), into: folder + "/" + second + "-out")
          #expect(end.status == 0, "\(end.all)")
          let whole = try JSONSerialization.jsonObject(with: Program.bytes("\(folder)/\(second)-out/results.json")) as? [String: Any]
          let rows = try #require(whole?["results"] as? [[String: Any]])
          return try #require(rows.first?["observables"] as? [String: [String: Any]]).compactMapValues { $0["value"] as? Double }
        }
        let coarse = try found("lidar"), fine = try found("fine")
        for name in ["test_log_likelihood", "test_log_likelihood_independent", "log_partition_exact"] {
          #expect(try #require(coarse[name]) == #require(fine[name]), "\(name)")
        }
        let difference = try #require(fine["log_scale_sum"]) - #require(coarse["log_scale_sum"])
        #expect(abs(difference - 4 * log(64.0)) < 1e-9)
        let page = try String(contentsOfFile: folder + "/fine-out/report/index.html", encoding: .utf8)
        #expect(page.contains("Channels stand side by side: camera, lidar.") && page.contains("in units of its root mean square"))
        let same = try run("boltzmann", settings("same"), into: folder + "/same-out")
        #expect(same.status == 65 && same.errors.count == 1 && same.error.contains("channel lidar is the same"), "\(same.all)")
        let twice = try run(
          "boltzmann", settings("lidar") + ["data.channels=[\"\(folder)/camera\", \"\(folder)/lidar\"]"], into: folder + "/twice")
        #expect(twice.status == 65 && twice.error.contains("two channels are called image"), "\(twice.all)")
      }
    }

    @Test("A data file that is missing or cut is one line that names it")
    func dataFiles() throws {
      try Program.withFolder { folder in
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let cut: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3]
        try Data(cut).write(to: URL(fileURLWithPath: folder + "/cut"))
        try Data().write(to: URL(fileURLWithPath: folder + "/empty"))
        for (name, words) in [
          ("cut", "truncated: its head promises 8 bytes of numbers, 3 are there"), ("missing", "No such file"), ("empty", "it is empty"),
        ] {
          let settings = ["data.source=\"files\"", "data.channels=[\"\(folder)/\(name)\"]", "data.labels=\"\(folder)/labels\""]
          for study in ["classifier", "boltzmann"] {
            let end = try run(study, settings, into: folder + "/out")
            #expect(
              end.status == 65 && end.errors.count == 1 && end.error.contains("\(folder)/\(name): ") && end.error.contains(words),
              "\(end.all)")
          }
        }
      }
    }
  }
}
