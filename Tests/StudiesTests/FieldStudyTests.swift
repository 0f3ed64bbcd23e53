import Foundation
import Runtime
import Testing

/// The studies of field theory, small, as a user meets them.
enum FieldStudies {
  static let files = [
    "functional-rg": """
    study = "functional-rg"
    [model]
    components = [1, 3]
    dimensions = [3.4, 3.0, 2.8, 2.5]
    [truncation]
    order = 14
    [flow]
    bisections = 30
    """,
    "network-field-theory": """
    study = "network-field-theory"
    [networks]
    widths = [8, 20, 30]
    depth = 3
    count = 4096
    [kernels]
    width = 20
    depth = 4
    count = 128
    bias_variance = 0.0
    [training]
    widths = [8, 16]
    count = 128
    steps = 10
    """,
  ]

  static func write(_ name: String, in folder: String) throws -> String { try Program.write(files[name] ?? "", name, in: folder) }
}

extension ProgramTests {
  @Suite("The studies of field theory")
  struct FieldTheoryStudies {
    @Test("give the same bytes at 1, 2, 3 and 4 ranks and after a stop", arguments: FieldStudies.files.keys.sorted())
    func bytes(name: String) throws {
      try Program.withFolder { folder in
        let file = try FieldStudies.write(name, in: folder)
        try Program.expectSameBytes(of: file, ranks: [1, 2, 3, 4], stopped: 3, in: folder)
      }
    }

    static let mistakes: [(String, String, [String])] = [
      ("functional-rg", "model.dimensions=[4.0]", ["model.dimensions", "2.2 ... 3.9999"]),
      ("functional-rg", "model.dimensions=[3.0, 3.0]", ["model.dimensions", "one d is named twice"]),
      ("functional-rg", "model.components=[0]", ["model.components", "1 ... 1000"]),
      ("functional-rg", "model.component=[1]", ["model.component", "components"]),
      ("functional-rg", "truncation.order=50", ["truncation.order", "2 ... 40"]),
      ("network-field-theory", "training.rate=5.0", ["training.rate", "diverges at a rate of 5.0"]),
      ("network-field-theory", "networks.count=1000", ["networks.count", "1000 is not a multiple of networks.blocks = 64"]),
      ("network-field-theory", "networks.widths=[8, 8]", ["networks.widths", "one width is named twice"]),
      ("network-field-theory", "kernels.weights=[1.0]", ["kernels.weights"]),
    ]
    @Test("refuse what makes no sense in one line that names it", arguments: mistakes)
    func refusals(name: String, setting: String, words: [String]) throws {
      try Program.withFolder { folder in
        let file = try FieldStudies.write(name, in: folder)
        let end = try Program.run(["run", file, "--out", folder + "/out", "--set", setting])
        #expect(end.status == 65 && end.errors.count == 1 && end.output.isEmpty, "\(end.all)")
        for word in words { #expect(end.error.contains(word), "\(end.error)") }
      }
    }

    /// The observables of the rows that hold all of `place`.
    func rows(_ folder: String, _ place: [String: String]) throws -> [JSON] {
      let whole = try JSON(parsing: String(contentsOfFile: folder + "/results.json", encoding: .utf8))
      return (whole["results"]?.elements ?? []).filter { row in
        place.allSatisfy { key, value in
          row["at"]?[key]?.string == value || row["at"]?[key]?.double.map { "\($0)" } == value
        }
      }.compactMap { $0["observables"] }
    }

    @Test(
      "exponents of the flow agree with the eigenvalues within their errors, or are left out with the reason",
      arguments: [(3.0, 0.08), (3.0, 0.3), (3.8, 0.3), (2.5, 0.08)])
    func flow(dimension: Double, coupling: Double) throws {
      try Program.withFolder { folder in
        let file = try FieldStudies.write("functional-rg", in: folder)
        let settings = [
          "model.components=[1]", "model.dimensions=[3.0]", "flow.dimension=\(dimension)", "flow.coupling=\(coupling)",
          "flow.bisections=36",
        ]
        let end = try Program.run(["run", file, "--out", folder + "/out"] + settings.flatMap { ["--set", $0] })
        #expect(end.status == 0 && end.error.isEmpty, "\(end.all)")
        let found = try #require(try rows(folder + "/out", ["flow": "critical"]).first)
        for name in ["nu", "omega"] {
          let flow = try #require(found[name + "_by_flow"]), exact = try #require(found[name]?["value"]?.double)
          guard let value = flow["value"]?.double else {
            #expect(flow["reason"]?.string?.isEmpty == false && dimension > 3)
            continue
          }
          let error = try #require(flow["error"]?.double)
          #expect(abs(value - exact) < 3 * error && error < 0.05 * exact, "\(name): \(value) +- \(error), \(exact)")
        }
      }
    }

    @Test("the page names the fixed points that one route alone has found, and the widths that are not sampled")
    func pages() throws {
      try Program.withFolder { folder in
        for name in FieldStudies.files.keys.sorted() {
          let end = try Program.run(["run", try FieldStudies.write(name, in: folder), "--out", "\(folder)/\(name)"])
          try #require(end.status == 0, "\(end.all)")
        }
        let page = try String(contentsOfFile: folder + "/functional-rg/report/index.html", encoding: .utf8)
        let single = try rows(folder + "/functional-rg", ["regulator": "litim"]).filter { $0["nu_by_truncation"]?["value"]?.double == nil }
        #expect(single.count > 1 && page.contains("By collocation alone, optimized cutoff: N = 1: d = "))
        let networks = try String(contentsOfFile: folder + "/network-field-theory/report/index.html", encoding: .utf8)
        #expect(networks.contains("Not sampled with ReLU units: width 8,"))
      }
    }
  }
}
