import Foundation
import Runtime
import Testing

extension ProgramTests {
  @Suite("The symmetry studies: one result at any number of ranks, and clear refusals")
  struct SymmetryStudies {
    static let folder = Program.root.appendingPathComponent("cluster/studies").path
    /// Ready files with settings that make them small, but longer than one slice.
    static let small: [(name: String, settings: [String])] = [
      ("lattice-orbits", ["lattice.couplings=[0.3, 0.44]"]),
      ("nilpotent-orbits", ["algebras.types=[\"B3\", \"D4\", \"F4\"]"]),
      (
        "minimal-orbits",
        [
          "experiment.seeds=2", "experiment.images=128", "experiment.probes=128", "experiment.epochs=12", "experiment.layers=[12, 6]",
          "tests.permutations=199", "tests.draws=1000",
        ]
      ),
    ]

    func run(_ name: String, into folder: String, _ settings: [String], ranks: Int = 1) throws -> Program.End {
      try Program.run(
        ["run", "\(Self.folder)/\(name).toml", "--out", folder] + settings.flatMap { ["--set", $0] }, ranks: ranks)
    }

    /// Equal bytes at every number of ranks, and after a stop behind the first slice.
    func isReproducible(_ name: String, _ settings: [String]) throws {
      var expected: Data?
      for ranks in [1, 2, 3, 4, 8] {
        try Program.withFolder { folder in
          if ranks == 3 {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: folder + "/STOP"))
            #expect(try run(name, into: folder, settings, ranks: 2).status == 85)
          }
          let end = try run(name, into: folder, settings, ranks: ranks)
          #expect(end.status == 0 && end.error.isEmpty, "\(name) on \(ranks) ranks: \(end.all)")
          let bytes = try Program.bytes(folder + "/results.json")
          if let expected { #expect(bytes == expected, "\(name) on \(ranks) ranks") }
          expected = bytes
        }
      }
    }

    @Test("results.json is byte-equal at 1, 2, 3, 4 and 8 ranks and after a stop", arguments: small.indices)
    func ranks(index: Int) throws { try isReproducible(Self.small[index].name, Self.small[index].settings) }

    @Test("so is that of a probe of a trained stack, which then speaks of every layer")
    func probe() throws {
      try Program.withFolder { trained in
        let end = try Program.quick(into: trained, ["sampling.configurations=400", "training.epochs=[2]", "control.run=false"])
        try #require(end.status == 0, "\(end.all)")
        try isReproducible("symmetry-probe", ["model.run=\(trained)", "probe.samples=8", "probe.warm_up=20", "model.every_epoch=false"])
      }
    }

    /// A classifier run on images of two kinds, bright at the left or at the right, in IDX files below `folder`.
    func classifier(in folder: String) throws -> String {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let side = 6, count = 48
      var pixels: [UInt8] = [0, 0, 8, 3, 0, 0, 0, UInt8(count), 0, 0, 0, UInt8(side), 0, 0, 0, UInt8(side)]
      var labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, UInt8(count)]
      for image in 0..<count {
        labels.append(UInt8(image % 2))
        for place in 0..<side * side {
          let isBright = (place % side < side / 2) == (image % 2 == 0)
          pixels.append(UInt8((isBright ? 150 : 20) + (image * 37 + place * 53 + image * place * 11) % 90))
        }
      }
      try Data(pixels).write(to: URL(fileURLWithPath: folder + "/images"))
      try Data(labels).write(to: URL(fileURLWithPath: folder + "/labels"))
      let settings = [
        "data.source=\"files\"", "data.channels=[\"\(folder)/images\"]", "data.labels=\"\(folder)/labels\"", "data.train=32",
        "data.test=16", "training.networks=1", "training.epochs=5", "training.batch=8", "training.learning_rate=0.01",
        "network.layers=[\"convolution 3x3x2 padding 1 relu\", \"max-pool 2\", \"dropout 0.1\", \"dense 2\"]",
      ]
      let end = try run("classifier", into: folder + "/run", settings)
      try #require(end.status == 0, "\(end.all)")
      return folder + "/run"
    }

    @Test("a classifier's network is probed in every layer at every kept epoch, under transformations of its images, with the same bytes")
    func network() throws {
      try Program.withFolder { folder in
        let trained = try classifier(in: folder)
        for group in ["image", "p4m"] {
          try isReproducible("symmetry-probe", ["model.run=\(trained)", "probe.samples=16", "probe.units=8", "probe.group=\(group)"])
        }
        let out = folder + "/out"
        let end = try run("symmetry-probe", into: out, ["model.run=\(trained)", "probe.samples=16", "probe.group=image"])
        #expect(end.status == 0 && end.error.isEmpty, "\(end.all)")
        let whole = try JSON(parsing: String(contentsOfFile: out + "/results.json", encoding: .utf8))
        let rows = (whole["results"]?.elements ?? []).filter { $0["at"]?["features"]?.string == "hidden units" }
        let places = rows.map { [$0["at"]?["layer"]?.int ?? -1, $0["at"]?["epoch"]?.int ?? -1] }
        // Convolution, pooling, dense; before training and after 1, 2, 4 and all 5 epochs.
        #expect(places == (1...3).flatMap { layer in [0, 1, 2, 4, 5].map { [layer, $0] } })
        // Left or right tells the classes apart, up or down does not.
        let last = try #require(rows.last?["observables"])
        let reflection = try #require(last["least_error_of_a_reflection"]?["value"]?.double)
        #expect(reflection < 0.2, "the upside-down image is of the same class: e = \(reflection)")
        for (setting, words) in [
          ("model.network=2", "model.network: 2, but the run has trained 1"),
          ("probe.samples=32", "probe.samples: 32 are wanted, the run's test set has 16"),
        ] {
          let end = try run("symmetry-probe", into: folder + "/no", ["model.run=\(trained)", "probe.samples=16", setting])
          #expect(end.status == 65 && end.errors.count == 1 && end.error.contains(words), "\(end.all)")
        }
      }
    }

    @Test("a group on the wrong points, a run without a trained model and an inadmissible partition are one clear line")
    func mistakes() throws {
      try Program.withFolder { folder in
        // A run that stopped before it had trained anything.
        let stopped = folder + "/stopped"
        try FileManager.default.createDirectory(atPath: stopped, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: stopped + "/STOP"))
        #expect(try Program.quick(into: stopped).status == 85)
        let generators = { (text: String) in ["group.kind=generators", "group.generators=[\"\(text)\"]"] }
        let mistakes: [(String, [String], [String])] = [
          ("lattice-orbits", generators("(0 1 2 25)"), ["group.generators[0]", "point 25 is not among 0 ... 24"]),
          ("lattice-orbits", generators("(0 1"), ["group.generators[0]", "no product of cycles"]),
          ("lattice-orbits", generators("(0 7)"), ["group.generators[0]", "no symmetry of the energy"]),
          ("lattice-orbits", ["lattice.rows=7", "lattice.columns=7"], ["lattice.columns", "49", "at most 36"]),
          ("lattice-orbits", ["lattice.rows=2"], ["lattice.rows = 2", "3 ... "]),
          ("symmetry-probe", ["model.run=\"\""], ["model.run", "folder of a finished deep-renormalization or classifier run"]),
          ("symmetry-probe", ["model.run=\(folder)/missing"], ["missing", "no such folder"]),
          ("symmetry-probe", ["model.run=\(folder)"], ["not the folder of a run"]),
          ("symmetry-probe", ["model.run=\(stopped)"], ["not complete", "no trained model"]),
          ("nilpotent-orbits", ["orbit.partition=[4, 3, 1]"], ["orbit.partition", "[4, 3, 1] is not admissible for D4"]),
          ("nilpotent-orbits", ["orbit.partition=[3, 3, 1]"], ["orbit.partition", "no partition of 8"]),
          ("nilpotent-orbits", ["orbit.type=E6"], ["orbit.type", "no classical algebra"]),
          ("nilpotent-orbits", ["algebras.types=[\"E9\"]"], ["algebras.types[0]", "E9"]),
          ("minimal-orbits", ["training.batch=4096"], ["training.batch", "more than the 2048 training images"]),
          ("minimal-orbits", ["experiment.layers=[]"], ["experiment.layers", "at least one layer"]),
        ]
        for (name, settings, words) in mistakes {
          let end = try run(name, into: folder + "/out", settings)
          #expect(end.status == 65 && end.output.isEmpty && end.errors.count == 1, "\(settings): \(end.all)")
          for word in words { #expect(end.error.contains(word), "\(word) in: \(end.error)") }
        }
        let other = folder + "/other"
        #expect(try run("nilpotent-orbits", into: other, ["algebras.types=[\"G2\"]"]).status == 0)
        let end = try run("symmetry-probe", into: folder + "/out", ["model.run=\(other)"])
        #expect(end.status == 65 && end.error.contains("nilpotent-orbits trains no model") && end.errors.count == 1, "\(end.all)")
      }
    }
  }
}
