import Foundation
import Runtime
import Studies
import Testing

/// The studies of tensor networks, small, as a user meets them.
enum TensorStudies {
  /// Study files of a second or so.
  static let files = [
    "tensor-rg": """
    study = "tensor-rg"
    [networks]
    temperatures = [2.5, 3.0]
    bond_dimensions = [4, 6]
    [coarse_graining]
    steps = 12
    largest_block = 8
    """,
    "entanglement-renormalization": """
    study = "entanglement-renormalization"
    [mera]
    bond_dimensions = [3, 4]
    sweeps = [80, 12]
    [starts]
    random = 3
    """,
    "entanglement-geometry": """
    study = "entanglement-geometry"
    [chain]
    fields = [1.5]
    [blocks]
    longest = 9
    [network]
    binary_sites = 16
    ternary_sites = 27
    [mera]
    bond_dimension = 3
    starts = 2
    sweeps = 20
    """,
  ]

  static func write(_ name: String, in folder: String) throws -> String { try Program.write(files[name] ?? "", name, in: folder) }
}

@Suite("Known values of tensor networks")
struct TensorKnownValuesTests {
  @Test("every fast known value is found within its tolerance")
  func fast() throws {
    let checks = TensorNetworkKnownValues.checks.filter { $0.cost == .fast }
    #expect(checks.count == 12)
    try expectAllPass(checks)
  }
}

extension ProgramTests {
  @Suite("The studies of tensor networks")
  struct TensorNetworkStudies {
    @Test("give the same bytes at 1, 2, 3, 4 and 8 ranks and after a stop", arguments: TensorStudies.files.keys.sorted())
    func bytes(name: String) throws {
      try Program.withFolder { folder in
        let file = try TensorStudies.write(name, in: folder)
        try Program.expectSameBytes(of: file, ranks: [1, 2, 3, 4, 8], stopped: 2, in: folder)
      }
    }

    static let mistakes: [(String, String, [String])] = [
      ("tensor-rg", "networks.bond_dimensions=[0]", ["networks.bond_dimensions", "1 ... 64"]),
      ("tensor-rg", "networks.bond_dimensions=[60]", ["60 is too large for hotrg"]),
      ("tensor-rg", "networks.temperatures=[0.0]", ["networks.temperatures", "0.1 ... 1000"]),
      ("tensor-rg", "coarse_graining.steps=7", ["7 is odd"]),
      ("tensor-rg", "compare.run=\"/nowhere\"", ["/nowhere", "no such folder"]),
      ("tensor-rg", "compare.run=\"DIR\"", ["DIR", "not the folder of a run"]),
      ("entanglement-renormalization", "mera.bond_dimensions=[0]", ["mera.bond_dimensions", "2 ... 8"]),
      ("entanglement-renormalization", "mera.bond_dimensions=[6, 4]", ["does not rise"]),
      ("entanglement-geometry", "blocks.longest=28", ["28 sites are more than the network's 16"]),
      ("entanglement-geometry", "chain.ring=8", ["9 sites are more than the ring's 8"]),
      ("entanglement-geometry", "network.ternary_sites=30", ["30 sites are not a power of 3"]),
    ]
    @Test("refuse what makes no sense in one line that names it", arguments: mistakes)
    func refusals(name: String, setting: String, words: [String]) throws {
      try Program.withFolder { folder in
        let file = try TensorStudies.write(name, in: folder)
        let end = try Program.run(
          ["run", file, "--out", folder + "/out", "--set", setting.replacingOccurrences(of: "DIR", with: folder)])
        #expect(end.status == 65 && end.errors.count == 1 && end.output.isEmpty, "\(end.all)")
        for word in words { #expect(end.error.contains(word.replacingOccurrences(of: "DIR", with: folder)), "\(end.error)") }
      }
    }

    @Test("tensor-rg stands beside the layers of a deep-renormalization run, and refuses a run of another study")
    func beside() throws {
      try Program.withFolder { folder in
        #expect(try Program.quick(into: folder + "/deep").status == 0)
        let file = try TensorStudies.write("tensor-rg", in: folder)
        let end = try Program.run(["run", file, "--out", folder + "/out", "--set", "compare.run=\"\(folder)/deep\""])
        #expect(end.status == 0 && end.error.isEmpty, "\(end.all)")
        let page = try String(contentsOfFile: folder + "/out/report/index.html", encoding: .utf8)
        #expect(page.contains("Beside learned layers") && page.contains("whole stack, upper bound"))
        let other = try Program.run(["run", file, "--out", folder + "/other", "--set", "compare.run=\"\(folder)/out\""])
        #expect(other.status == 65 && other.error.contains("a run of tensor-rg, not of deep-renormalization"), "\(other.all)")
      }
    }
  }
}
