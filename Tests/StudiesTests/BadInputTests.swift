import Foundation
import Laws
import LatticeSystems
import Testing

/// One way to use the program wrongly, the status it must have, and the words that its one line must hold.
struct Mistake: Sendable, CustomTestStringConvertible {
  let name: String, arguments: [String], status: Int32, words: [String], environment: [String: String]
  init(_ name: String, _ arguments: [String], _ status: Int32, _ words: [String], environment: [String: String] = [:]) {
    self.name = name
    self.arguments = arguments
    self.status = status
    self.words = words
    self.environment = environment
  }
  var testDescription: String { name }

  /// A `--set` on the quick study.
  static func set(_ text: String, _ status: Int32 = 65, _ words: String...) -> Mistake {
    Mistake("--set \(text)", ["run", Program.quick, "--set", text, "--out", "DIR/out"], status, words)
  }
}

extension ProgramTests {
  @Suite("Bad input is one clear line and the right status")
  struct BadInput {
    /// Study files by name; "DIR" in arguments and words stands for the folder where they are.
    static let files = [
      "syntax.toml": "study = \"deep-renormalization\"\n[lattice]\nsize = = 3\n",
      "key.toml": "study = \"deep-renormalization\"\n[lattice]\nsise = 8\n",
      "table.toml": "study = \"deep-renormalization\"\n[latice]\nsize = 8\n",
      "type.toml": "study = \"deep-renormalization\"\n[lattice]\nsize = \"8\"\n",
      "two.toml": "study = \"deep-renormalization\"\n[lattice]\ncoupling = 0.4\nsize = 2\n",
      "study.toml": "study = \"deep-renormalisation\"\n",
      "empty.toml": "# nothing\n",
      "none.toml": "[lattice]\nsize = 8\n",
    ]
    static let ofFiles = [
      Mistake("missing file", ["run", "DIR/missing.toml"], 65, ["DIR/missing.toml", "no such study file"]),
      Mistake("a folder for a file", ["run", "DIR"], 65, ["DIR", "directory"]),
      Mistake("syntax error", ["run", "DIR/syntax.toml"], 65, ["syntax.toml:3:8:", "not valid TOML"]),
      Mistake("unknown key", ["run", "DIR/key.toml"], 65, ["key.toml:3:1:", "\"sise\"", "did you mean size?"]),
      Mistake("unknown table", ["run", "DIR/table.toml"], 65, ["table.toml:2:2:", "[latice]", "did you mean [lattice]?"]),
      Mistake("wrong type", ["run", "DIR/type.toml"], 65, ["type.toml:3:1:", "lattice.size must be an integer", "\"8\""]),
      Mistake("L = 2", ["run", "DIR/two.toml"], 65, ["two.toml:4:1:", "lattice.size = 2", "4 ... 1024"]),
      Mistake("unknown study", ["run", "DIR/study.toml"], 65, ["did you mean deep-renormalization?"]),
      Mistake("empty file", ["run", "DIR/empty.toml"], 65, ["empty", "study = "]),
      Mistake("no study named", ["run", "DIR/none.toml"], 65, ["no study is named", "deep-renormalization"]),
      Mistake("plan of a missing file", ["plan", "DIR/missing.toml"], 65, ["no such study file"]),
    ]
    static let ofSettings = [
      Mistake.set("lattice.size=6", 65, "lattice.size", "6 is not a multiple of 4"),
      .set("lattice.size=5", 65, "lattice.size", "5 is not a multiple of 4"),
      .set("lattice.size=2", 65, "lattice.size = 2", "4 ... 1024"),
      .set("lattice.coupling=-0.1", 65, "lattice.coupling = -0.1", "0.0 ... 2.0"),
      .set("lattice.coupling=nan", 65, "not a finite number"),
      .set("sampling.configurations=0", 65, "sampling.configurations = 0", "1 ... "),
      .set("sampling.test_configurations=0", 65, "sampling.test_configurations = 0"),
      .set("training.batch=100", 65, "training.batch", "100 is not a multiple of training.shards = 8"),
      .set("training.batch=4096", 65, "training.batch", "more than the 2000 training configurations"),
      .set("layers.hidden=[]", 65, "layers.hidden", "at least one layer"),
      .set("run.max_time=\"soon\"", 65, "run.max_time", "h:mm:ss"),
      .set("lattice.sise=8", 65, "did you mean size?"),
      .set("latice.size=8", 65, "did you mean [lattice]?"),
      .set("lattice.size", 64, "write table.key=value"),
      .set("lattice.size=", 64, "nothing is not a TOML value"),
      .set("lattice.size=eight", 64, "eight is not a TOML value", "quotes"),
      .set("=8", 64, "write table.key=value"),
    ]
    static let ofCommands = [
      Mistake("unknown option", ["run", "--sett", "a.b=1"], 64, ["'--sett'", "--set"]),
      Mistake("unknown command", ["rum"], 64, ["no command \"rum\"", "run, plan, status"]),
      Mistake("two files", ["run", Program.quick, "more"], 64, ["more"]),
      Mistake("no time", ["run", Program.quick, "--max-time", "nonsense"], 64, ["--max-time nonsense", "h:mm:ss"]),
      Mistake("no scheduler", ["run", Program.quick, "--max-time", "auto"], 64, ["SLURM_JOB_END_TIME"]),
      Mistake("report of no run", ["report", "DIR"], 64, ["DIR is not the folder of a run"]),
      Mistake("status of no run", ["status", "DIR"], 64, ["DIR is not the folder of a run"]),
      Mistake("export of no run", ["export", "DIR", "--format", "csv"], 64, ["DIR is not the folder of a run"]),
      Mistake("export of nothing", ["export", "DIR/missing", "--format", "csv"], 64, ["no such folder"]),
      Mistake("export without a format", ["export", "DIR"], 64, ["--format"]),
      Mistake("unknown format", ["export", "DIR", "--format", "xml"], 64, ["xml", "csv"]),
      Mistake("unknown check", ["verify", "--only", "Z9"], 64, ["no check Z9", "A12"]),
      Mistake("unknown study by name", ["studies", "deep"], 64, ["no study \"deep\"", "deep-renormalization"]),
      Mistake("no ranks", ["plan", Program.quick, "--ranks", "1,x"], 64, ["--ranks 1,x"]),
      Mistake("a file for a folder", ["run", Program.quick, "--out", "DIR/none.toml"], 64, ["is a file, not a folder"]),
      Mistake("an unwritable folder", ["run", Program.quick, "--out", "/proc/renorm/out"], 74, ["/proc/renorm", "cannot create folder"]),
      Mistake(
        "mpirun of another MPI", ["run", Program.quick, "--out", "DIR/out"], 64, ["started 2 processes", "another MPI", "mpirun"],
        environment: ["PMI_SIZE": "2", "PMI_RANK": "0"]),
    ]

    func check(_ mistake: Mistake, ranks: Int) throws {
      try Program.withFolder { folder in
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (name, text) in Self.files { try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8) }
        let arguments = mistake.arguments.map { $0.replacingOccurrences(of: "DIR", with: folder) }
        let end = try Program.run(arguments, ranks: ranks, environment: mistake.environment)
        #expect(end.status == mistake.status, "\(end.all)")
        #expect(end.output.isEmpty, "\(end.all)")
        #expect(end.errors.count == 1, "said once: \(end.all)")
        for word in mistake.words {
          #expect(end.error.contains(word.replacingOccurrences(of: "DIR", with: folder)), "\(word) in: \(end.error)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder + "/out/results.json"))
      }
    }

    @Test("in the study file", arguments: ofFiles) func files(_ mistake: Mistake) throws { try check(mistake, ranks: 1) }
    @Test("in --set", arguments: ofSettings) func settings(_ mistake: Mistake) throws { try check(mistake, ranks: 1) }
    @Test("on the command line", arguments: ofCommands) func commands(_ mistake: Mistake) throws { try check(mistake, ranks: 1) }

    @Test(
      "and it is said once by three ranks",
      arguments: [ofFiles[2], ofSettings[0], ofCommands[0], ofCommands[3], ofCommands[5], ofCommands[15]])
    func ranks(_ mistake: Mistake) throws { try check(mistake, ranks: 3) }

    @Test("the mpirun of another MPI is said by rank 0 alone, whose status counts")
    func otherMPI() throws {
      let other = try Program.run(["run", Program.quick], environment: ["PMI_SIZE": "2", "PMI_RANK": "1"])
      #expect(other.status == 0 && other.output.isEmpty && other.error.isEmpty, "\(other.all)")
    }

    @Test(
      "a file system that may only be read is an input-output fault", .enabled(if: SmallDisk.isPossible, "mounting is not allowed here"))
    func readOnly() throws {
      let disk = try SmallDisk(kilobytes: 64, options: ",ro")
      for ranks in [1, 3] {
        let end = try Program.quick(into: disk.path + "/out", ranks: ranks)
        #expect(end.status == 74 && end.errors.count == 1 && end.error.contains("Read-only file system"), "\(end.all)")
      }
    }

    @Test("the folder of another study is refused by its digest, and --fresh puts it aside")
    func otherStudy() throws {
      try Program.withFolder { folder in
        // A request to stop that is there already ends the run after its first slice.
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: folder + "/STOP"))
        #expect(try Program.quick(into: folder).status == 85)
        for ranks in [1, 3] {
          let other = try Program.quick(into: folder, ["lattice.size=8"], ranks: ranks)
          #expect(other.status == 64 && other.errors.count == 1 && other.output.isEmpty, "\(other.all)")
          #expect(other.error.contains("another study") && other.error.contains("--fresh"), "\(other.error)")
        }
        let fresh = try Program.quick(
          into: folder, ["lattice.size=8", "sampling.configurations=400", "training.epochs=[1]"], options: ["--fresh"])
        #expect(fresh.status == 0 && fresh.output.contains("kept aside as \(folder).old-1"), "\(fresh.all)")
        #expect(FileManager.default.fileExists(atPath: folder + ".old-1/resolved.toml"))
        try FileManager.default.removeItem(atPath: folder + ".old-1")
      }
    }

    @Test("kernels refuse lattices they cannot work on, in words that name the numbers")
    func lattices() {
      var odd: LatticeError?, negative: LatticeError?, small: LatticeError?
      do throws(LatticeError) { _ = try CheckerboardHeatBath(IsingModel(SquareLattice(size: 5), coupling: 0.4)) } catch { odd = error }
      do throws(LatticeError) { _ = try SwendsenWang(IsingModel(SquareLattice(size: 8), coupling: -0.3)) } catch { negative = error }
      do throws(LatticeError) { _ = try SwendsenWang(IsingModel(SquareLattice(size: 2), coupling: 0.4)) } catch { small = error }
      #expect(odd.map { "\($0)" } == "a checkerboard needs even extents, found 5 x 5")
      #expect(negative.map { "\($0)" } == "cluster moves need a coupling of at least 0, found -0.3")
      #expect(small.map { "\($0)" } == "lattice extent 2 is too small: at least 3 is needed here")
    }
  }
}
