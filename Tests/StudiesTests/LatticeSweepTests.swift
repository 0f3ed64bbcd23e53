import Foundation
import Laws
import Runtime
import Studies
import Testing

extension ProgramTests {
  @Suite("lattice-sweep")
  struct LatticeSweepTests {
    /// Runs a study file of this text and returns its end, and results.json and results.h5 where there are any.
    func run(_ text: String, ranks: Int = 1, options: [String] = [], folder: String) throws -> (
      end: Program.End, json: Data?, archive: Data?
    ) {
      let file = folder + ".toml"
      try text.write(toFile: file, atomically: true, encoding: .utf8)
      defer { try? FileManager.default.removeItem(atPath: file) }
      let end = try Program.run(["run", file, "--out", folder] + options, ranks: ranks)
      return (end, try? Program.bytes(folder + "/results.json"), try? Program.bytes(folder + "/results.h5"))
    }
    func rows(_ json: Data) throws -> [[String: Any]] {
      let whole = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
      return try #require(whole["results"] as? [[String: Any]])
    }
    func value(_ row: [String: Any], _ name: String, _ field: String = "value") -> Double? {
      ((row["observables"] as? [String: Any])?[name] as? [String: Any])?[field] as? Double
    }

    static let chains = """
      study = "lattice-sweep"
      [sampling]
      chains = 4
      measurements = 320
      warm_up = 20
      [analysis]
      blocks = 16
      [[sweep]]
      model.name = ["ising", "potts", "xy", "phi4"]
      model.coupling = [0.44, 1.0, 0.9, 0.3]
      [[sweep]]
      lattice.size = [8, 12]
      """

    static let strips = """
      study = "lattice-sweep"
      [lattice]
      strips = true
      [sampling]
      chains = 2
      measurements = 160
      warm_up = 20
      [analysis]
      blocks = 8
      [[sweep]]
      sampling.move = ["metropolis", "heat-bath", "swendsen-wang"]
      [[sweep]]
      lattice.size = [12, 34]
      """
    static let ladders = """
      study = "lattice-sweep"
      [sampling]
      chains = 2
      measurements = 160
      warm_up = 20
      [exchange]
      couplings = [0.36, 0.40, 0.44]
      [analysis]
      blocks = 8
      [[sweep]]
      model.name = ["ising", "potts", "xy", "phi4"]
      sampling.move = ["auto", "heat-bath", "metropolis", "mixed"]
      [[sweep]]
      lattice.size = [6, 8]
      """

    @Test(
      "chains and ladders of every model, and strips under every move, give the same bytes at 1, 2, 3, 4 and 8 ranks",
      arguments: [chains, strips, ladders])
    func ranks(text: String) throws {
      let alone = try Program.withFolder { try run(text, folder: $0) }
      #expect(alone.end.status == 0 && alone.end.error.isEmpty, "\(alone.end.all)")
      for ranks in [2, 3, 4, 8] {
        let several = try Program.withFolder { try run(text, ranks: ranks, folder: $0) }
        #expect(several.end.status == 0, "\(several.end.all)")
        #expect(several.json == alone.json, "results.json at \(ranks) ranks")
        #expect(several.archive == alone.archive, "results.h5 at \(ranks) ranks")
      }
    }

    @Test("a run that is stopped after its first slice and resumed on three ranks gives the undisturbed bytes")
    func resume() throws {
      let text = Self.chains.replacing("measurements = 320", with: "measurements = 6400")
      let alone = try Program.withFolder { try run(text, folder: $0) }
      try Program.withFolder { folder in
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: folder + "/STOP"))
        let stopped = try run(text, folder: folder)
        #expect(stopped.end.status == 85, "\(stopped.end.all)")
        let resumed = try run(text, ranks: 3, folder: folder)
        #expect(resumed.end.status == 0, "\(resumed.end.all)")
        #expect(resumed.json == alone.json && resumed.archive == alone.archive)
      }
    }

    @Test("energies of every move of the 8 x 8 Ising model agree with Kaufman's torus within 4 standard errors")
    func exactEnergies() throws {
      let text = """
        study = "lattice-sweep"
        seed = 7
        [lattice]
        size = 8
        [sampling]
        measurements = 2400
        warm_up = 100
        [[sweep]]
        sampling.move = ["metropolis", "heat-bath", "swendsen-wang", "wolff"]
        sampling.interval = [4, 8, 1, 2]
        [[sweep]]
        model.coupling = [0.3, 0.44068679350977151, 0.5]
        """
      let found = try Program.withFolder { try run(text, folder: $0) }
      try #require(found.end.status == 0, "\(found.end.all)")
      let all = try rows(try #require(found.json))
      #expect(all.count == 12)
      for row in all {
        for name in ["energy_per_site_deviation", "specific_heat_deviation"] {
          let deviation = try #require(value(row, name))
          #expect(abs(deviation) < 4, "\(name) of \(row["at"] ?? ""): \(deviation)")
        }
      }
    }

    @Test("a sweep with one extra point leaves the numbers of the others as they were")
    func extended() throws {
      func text(_ sizes: String) -> String {
        "study = \"lattice-sweep\"\n[sampling]\nchains = 2\nmeasurements = 160\n[analysis]\nblocks = 8\n[[sweep]]\nlattice.size = \(sizes)\n"
      }
      let few = try Program.withFolder { try run(text("[8]"), folder: $0) },
        more = try Program.withFolder { try run(text("[6, 8]"), folder: $0) }
      let short = try #require(few.json), long = try #require(more.json)
      let one = try rows(short)[0] as NSDictionary, two = try rows(long)[1] as NSDictionary
      #expect(one == two)
    }

    @Test(
      "what makes no sense is refused in one line that says what would be right",
      arguments: [
        (
          "model.name=\"xy\" sampling.move=\"heat-bath\"", 65,
          "parameter sampling.move: heat-bath does not serve xy; allowed: metropolis, swendsen-wang, wolff, mixed"
        ),
        (
          "model.name=\"phi4\" model.quartic=0 model.coupling=0.3", 65,
          "parameter model.coupling: kappa = 0.3, lambda = 0.0 give no normalisable weight"
        ),
        (
          "sampling.move=\"metropolis\" lattice.size=9 lattice.strips=true", 65,
          "parameter lattice.size: metropolis: a checkerboard needs even extents, found 9 x 9; lattice.strips = false takes odd ones too"
        ),
        (
          "sampling.move=\"wolff\" lattice.size=2", 65,
          "parameter lattice.size: wolff: lattice extent 2 is too small: at least 3 is needed here"
        ),
        (
          "model.field=0.1 sampling.move=\"wolff\"", 65,
          "parameter model.field: wolff: this kernel works without a field only, found 0.1; sampling.move = metropolis or heat-bath serves"
        ),
        (
          "model.coupling=0 sampling.move=\"metropolis\"", 65,
          "parameter sampling.move: metropolis turns every spin at every step where the coupling is 0, and never forgets its start; "
            + "heat-bath serves there"
        ),
        (
          "lattice.extents=[4,4] lattice.dimensions=3", 65,
          "parameter lattice.extents: 2 axes, but lattice.dimensions = 3; leave one of the two out"
        ),
        ("model.name=\"potts\" model.field=0.1", 65, "parameter model.field: 0.1: only ising has a field"),
        ("sampling.chains=5", 65, "parameter analysis.blocks: 32 is not a multiple of sampling.chains = 5"),
        (
          "sampling.measurements=20 sampling.chains=2", 65,
          "parameter sampling.measurements: 20 rows cannot fill 16 blocks of each chain with 4 rows or more"
        ),
        ("lattice.dimensions=0", 65, "--set lattice.dimensions=0: lattice.dimensions = 0 is not allowed; allowed: 1 ... 7"),
      ])
    func refusals(settings: String, status: Int32, line: String) throws {
      try Program.withFolder { folder in
        let options = settings.split(separator: " ").flatMap { ["--set", String($0)] }
        let found = try run("study = \"lattice-sweep\"\n", options: options, folder: folder)
        #expect(found.end.status == status, "\(found.end.all)")
        #expect(found.end.errors == ["renorm: \(line)"])
        #expect(!FileManager.default.fileExists(atPath: folder))
      }
    }

    @Test("lattices that no host can hold are planned at once, and refused in one line before anything is written")
    func tooLarge() throws {
      for (settings, unit) in [("lattice.size=1048576", "lattice"), ("lattice.size=500 lattice.dimensions=3 model.name=\"xy\"", "lattice")]
      {
        let options = settings.split(separator: " ").flatMap { ["--set", String($0)] } + ["--set", "sampling.chains=32"]
        let planned = try Program.run(["plan", "lattice-sweep"] + options)
        #expect(planned.status == 0, "\(planned.all)")
        try Program.withFolder { folder in
          let found = try run("study = \"lattice-sweep\"\n", options: options, folder: folder)
          #expect(found.end.status == 65, "\(found.end.all)")
          #expect(found.end.errors.count == 1 && found.end.errors[0].hasPrefix("renorm: unit \(unit) takes about "), "\(found.end.errors)")
          #expect(!FileManager.default.fileExists(atPath: folder))
        }
      }
    }

    @Test("odd extents in a field: the magnetization of a 3 x 3 lattice is that of all 512 configurations within 4 sigma")
    func oddLatticeInField() throws {
      let coupling = 0.3, field = 0.2
      var weight = 0.0, mean = 0.0
      for code in 0..<512 {
        let s = (0..<9).map { code >> $0 & 1 == 1 ? 1.0 : -1.0 }
        var bonds = 0.0
        for y in 0..<3 { for x in 0..<3 { bonds += s[3 * y + x] * (s[3 * y + (x + 1) % 3] + s[3 * ((y + 1) % 3) + x]) } }
        let total = s.reduce(0, +), w = exp(coupling * bonds + field * total)
        weight += w
        mean += w * total / 9
      }
      try Program.withFolder { folder in
        let text = "study = \"lattice-sweep\"\nlattice.size = 3\nmodel.coupling = \(coupling)\nmodel.field = \(field)\n"
        let found = try run(text, folder: folder)
        #expect(found.end.status == 0, "\(found.end.all)")
        let row = try rows(try #require(found.json))[0]
        let sampled = try #require(self.value(row, "magnetization")), error = try #require(self.value(row, "magnetization", "error"))
        #expect(abs(sampled - mean / weight) < 4 * error, "\(sampled) +- \(error), exact \(mean / weight)")
        #expect(error < 0.005)
      }
    }

    @Test("in a field fluctuations are about <m>: chi of a 4 x 4 lattice is that of all 65536 configurations, and there is no xi")
    func connectedInField() throws {
      let coupling = 0.3, field = 0.1, n = 16
      var weight = 0.0, first = 0.0, second = 0.0, absolute = 0.0
      for code in 0..<(1 << n) {
        func spin(_ x: Int, _ y: Int) -> Double { code >> (4 * (y % 4) + x % 4) & 1 == 1 ? 1 : -1 }
        var bonds = 0.0
        for y in 0..<4 { for x in 0..<4 { bonds += spin(x, y) * (spin(x + 1, y) + spin(x, y + 1)) } }
        let m = Double(2 * code.nonzeroBitCount - n) / 16, w = exp(coupling * bonds + field * 16 * m)
        weight += w
        first += w * m
        second += w * m * m
        absolute += w * abs(m)
      }
      let mean = first / weight, square = second / weight, wrong = 16 * (square - absolute / weight * (absolute / weight))
      let exact = 16 * (square - mean * mean)
      try Program.withFolder { folder in
        let text = "study = \"lattice-sweep\"\nlattice.size = 4\nmodel.coupling = \(coupling)\nmodel.field = \(field)\n"
        let found = try run(text, folder: folder)
        #expect(found.end.status == 0, "\(found.end.all)")
        let row = try rows(try #require(found.json))[0]
        let chi = try #require(value(row, "connected_susceptibility")),
          error = try #require(value(row, "connected_susceptibility", "error"))
        #expect(abs(chi - exact) < 4 * error, "\(chi) +- \(error), exact \(exact)")
        #expect(abs(wrong - exact) > 10 * error, "|m| in the place of m would give \(wrong)")
        #expect(value(row, "correlation_length") == nil && value(row, "correlation_length_over_size") == nil)
      }
    }

    /// The derived values of a sweep of 2D Ising lattices near K_c, with these settings walking with the size.
    func derived(_ settings: String) throws -> [String: Any] {
      let text = """
        study = "lattice-sweep"
        [sampling]
        move = "wolff"
        chains = 4
        measurements = 2000
        [[sweep]]
        lattice.size = [8, 16]
        \(settings)
        [[sweep]]
        model.offset = { from = -0.4, to = 0.4, count = 5 }
        """
      let found = try Program.withFolder { try run(text, folder: $0) }
      try #require(found.end.status == 0, "\(found.end.all)")
      let json = try #require(found.json)
      let whole = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
      return try #require(whole["derived"] as? [String: Any])
    }

    @Test("curves whose ends are noise cross where their difference changes its sign significantly, within 4 errors of Onsager's K_c")
    func wideCouplings() throws {
      let text = """
        study = "lattice-sweep"
        [sampling]
        measurements = 600
        chains = 4
        [[sweep]]
        lattice.size = [16, 32]
        [[sweep]]
        model.coupling = [0.30, 0.42, 0.46, 0.60]
        """
      let found = try Program.withFolder { try run(text, folder: $0) }
      try #require(found.end.status == 0, "\(found.end.all)")
      let json = try #require(found.json)
      let whole = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
      for name in ["binder_cumulant", "correlation_length_over_size"] {
        let one = try #require((whole["derived"] as? [String: Any])?["crossing_\(name)_16_32"] as? [String: Any])
        let value = try #require(one["value"] as? Double), error = try #require(one["error"] as? Double)
        #expect(abs(value - 0.44068679350977151) < 4 * error && error < 0.01, "\(name): \(value) +- \(error)")
      }
    }

    @Test("settings of the sampling that walk with the size leave sizes in one family; those compared at one size keep apart")
    func familiesByLaw() throws {
      let walking = try derived("sampling.interval = [2, 4]")
      let critical = try #require(walking["critical_coupling"] as? [String: Any])
      let value = try #require(critical["value"] as? Double), error = try #require(critical["error"] as? Double)
      // Two small sizes without a correction term: to a per cent.
      #expect(abs(value - 0.44068679) < 0.005 && error < 0.005, "\(value) +- \(error)")
      #expect(walking["crossing_binder_cumulant_8_16"] != nil)
      let compared = try derived("\n[[sweep]]\nsampling.interval = [2, 4]")
      #expect(
        compared.keys.filter { $0.hasPrefix("critical_coupling_2d") || $0.hasPrefix("critical_coupling_ising") }.count == 2,
        "\(compared.keys.sorted())")
    }

    @Test("chains of Wolff clusters settle from their start at the critical point of a 64 x 64 lattice")
    func wolffSettles() throws {
      try Program.withFolder { folder in
        let text = """
          study = "lattice-sweep"
          [lattice]
          size = 64
          [sampling]
          move = "wolff"
          interval = 3
          measurements = 2000
          """
        let found = try run(text, folder: folder)
        #expect(found.end.status == 0, "\(found.end.all)")
        let json = String(decoding: try #require(found.json), as: UTF8.self)
        #expect(!json.contains("not settled"))
        // From Kaufman's energy of this torus, in standard errors.
        let row = try rows(try #require(found.json))[0]
        let deviation = try #require(value(row, "energy_per_site_deviation"))
        #expect(abs(deviation) < 4)
      }
    }
  }
}
