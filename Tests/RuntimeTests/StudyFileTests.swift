import Runtime
import Testing

@Suite struct StudyFileTests {
  @Test("a file with only its name has every default")
  func defaults() throws {
    let study = try Toy.resolve("study = \"toy-lattice\"\n")
    #expect(study.seed == 1)
    #expect(study.values.integer("lattice.size") == 16)
    #expect(study.values.real("lattice.coupling") == 0.408)
    #expect(study.values.integers("training.layers") == [64, 16])
    #expect(study.run == RunSettings())
    #expect(study.digest.count == 12)
  }

  @Test(
    "each bad file gives one line that says what, where and what would be right",
    arguments: [
      ("", "toy.toml: the study file is empty; it starts with study = \"NAME\" (see renorm studies)"),
      ("\n  # only a comment\n", "toy.toml: the study file is empty; it starts with study = \"NAME\" (see renorm studies)"),
      ("seed = 1\n", "toy.toml: no study is named; write study = \"NAME\" at the top, NAME one of: toy-lattice, other"),
      (
        "study = \"toy-lattice\"\n\"a\\u0000\" = 1\n",
        "toy.toml: cannot be read: it writes a NUL character (\\u0000), which no name and no text may hold"
      ),
      ("study = \"toy-lattice\"\nseed = [1, }]\n", "toy.toml:2:12: not valid TOML: a list has a } in it"),
      ("study = 3\n", "toy.toml:1:1: study must be a text in quotes, found the integer 3"),
      ("study = \"toy-lattice\"\n [ = 3]\n", "toy.toml:2:4: not valid TOML: the name of a table is missing after ["),
      ("a = [\n  [\n 1], [#\n]]\nb = '''\n[='''\n[[.x]]\n", "toy.toml:7:3: not valid TOML: the name of a table is missing after ["),
      ("# x\nstudy = \"toy-latice\"\n", "toy.toml:2:1: unknown study \"toy-latice\"; did you mean toy-lattice?"),
      ("study = \"zzz\"\n", "toy.toml:1:1: unknown study \"zzz\"; known: toy-lattice, other"),
      ("study = \"toy-lattice\"\n[latice]\nsize = 8\n", "toy.toml:2:2: unknown table [latice]; did you mean [lattice]?"),
      ("study = \"toy-lattice\"\n[sweeps]\n", "toy.toml:2:2: unknown table [sweeps]; known: [lattice], [training], [run]"),
      (
        "study = \"toy-lattice\"\n[lattice]\nsize = 8\n  couplign = 0.3\n",
        "toy.toml:4:3: unknown key \"couplign\" in [lattice]; did you mean coupling?"
      ),
      (
        "study = \"toy-lattice\"\n[lattice]\nlayers = [3]\n",
        "toy.toml:3:1: unknown key \"layers\" in [lattice]; did you mean layers in [training]?"
      ),
      ("study = \"toy-lattice\"\nsede = 3\n", "toy.toml:2:1: unknown key \"sede\" at the top level; did you mean seed?"),
      ("study = \"toy-lattice\"\nseed = 1.5\n", "toy.toml:2:1: seed must be an integer, found the real 1.5"),
      ("study = \"toy-lattice\"\nlattice = 3\n", "toy.toml:2:1: lattice must be a table [lattice], found the integer 3"),
      ("study = \"toy-lattice\"\n[lattice]\nsize = 8.0\n", "toy.toml:3:1: lattice.size must be an integer, found the real 8.0"),
      ("study = \"toy-lattice\"\n[lattice]\nsize = \"8\"\n", "toy.toml:3:1: lattice.size must be an integer, found the text \"8\""),
      ("study = \"toy-lattice\"\n[lattice]\nsize = 2\n", "toy.toml:3:1: lattice.size = 2 is not allowed; allowed: 4 ... 1024"),
      (
        "study = \"toy-lattice\"\nlattice = { boundary = \"tours\" }\n",
        "toy.toml:2:13: lattice.boundary = \"tours\" is not allowed; allowed: \"torus\", \"open\"; did you mean \"torus\"?"
      ),
      (
        "study = \"toy-lattice\"\n[lattice]\ncoupling = -0.1\n",
        "toy.toml:3:1: lattice.coupling = -0.1 is not allowed; allowed: 0.0 ... 10.0"
      ),
      ("study = \"toy-lattice\"\n[lattice]\ncoupling = nan\n", "toy.toml:3:1: lattice.coupling = nan is not a finite number"),
      (
        "study = \"toy-lattice\"\n[training]\nlayers = [64, 0]\n",
        "toy.toml:3:1: training.layers[1] = 0 is not allowed; allowed: 1 ... 4096"
      ),
      (
        "study = \"toy-lattice\"\n[training]\nlayers = 64\n",
        "toy.toml:3:1: training.layers must be a list of integers, found the integer 64"
      ),
      (
        "study = \"toy-lattice\"\n[training]\nweights_kept = 1\n",
        "toy.toml:3:1: training.weights_kept must be true or false, found the integer 1"
      ),
      (
        "study = \"toy-lattice\"\n[run]\nmax_time = \"2 hours\"\n",
        "toy.toml:3:1: run.max_time = \"2 hours\" is not allowed; allowed: \"h:mm:ss\", \"m:ss\", \"d-hh:mm:ss\", seconds, or \"auto\""
      ),
      (
        "study = \"toy-lattice\"\n[run]\nstall_timeout = 0\n",
        "toy.toml:3:1: run.stall_timeout = 0 is not allowed; allowed: 1.0 ... 86400.0"
      ),
    ])
  func complaints(text: String, line: String) {
    #expect(Toy.complaint(text) == line)
  }

  @Test(
    "a syntax error has its line and column",
    arguments: [
      ("study = \"toy-lattice\"\n[lattice\nsize = 8\n", "toy.toml:2:9: not valid TOML: "),
      ("study = \"toy-lattice\"\nseed = = 2\n", "toy.toml:2:8: not valid TOML: "),
      ("study = \"toy-lattice\"\nseed = 1\nseed = 2\n", "toy.toml:3:"),
      ("study = \"toy-lattice\"\n[lattice]\nsize = 8\n[lattice]\ncoupling = 1\n", "toy.toml:4:"),
      ("study = \"toy-lattice\n", "toy.toml:1:"),
    ])
  func syntax(text: String, start: String) {
    let line = Toy.complaint(text) ?? "accepted"
    #expect(line.hasPrefix(start), "\(line)")
    #expect(!line.contains("\n"))
    #expect(line.contains("not valid TOML"), "\(line)")
  }

  @Test("a missing file, a folder and a binary file are one line each")
  func files() throws {
    func complaint(_ path: String) -> String? {
      do throws(StudyFileError) {
        _ = try StudyFile.resolve(path: path, catalogue: Toy.catalogue)
        return nil
      } catch { return error.description }
    }
    #expect(complaint("/nowhere/x.toml") == "/nowhere/x.toml: there is no such study file")
    #expect(complaint("/tmp") == "/tmp: cannot be read: Is a directory")
    let folder = try TemporaryFolder()
    try FileAccess.writeAtomically([0xFF, 0xFE, 0x00] as [UInt8], to: folder.path + "/b.toml")
    #expect(complaint(folder.path + "/b.toml") == "\(folder.path)/b.toml: cannot be read: it is not UTF-8 text")
  }

  @Test("--set wins over the file, and its mistakes name the option")
  func overrides() throws {
    let text = "study = \"toy-lattice\"\n[lattice]\nsize = 8\n"
    let study = try Toy.resolve(text, set: ["lattice.size=32", "training.layers=[4, 2]", "lattice.boundary=open", "seed=7", "run.out=x/y"])
    #expect(study.values.integer("lattice.size") == 32)
    #expect(study.values.integers("training.layers") == [4, 2])
    #expect(study.values.text("lattice.boundary") == "open")
    #expect(study.seed == 7)
    #expect(study.run.out == "x/y")
    #expect(Toy.complaint(text, set: ["lattice.size=2"]) == "--set lattice.size=2: lattice.size = 2 is not allowed; allowed: 4 ... 1024")
    #expect(Toy.complaint(text, set: ["lattice.siz=8"]) == "--set lattice.siz=8: unknown key \"siz\" in [lattice]; did you mean size?")
    #expect(Toy.complaint(text, set: ["size=8"]) == "--set size=8: write table.key=value (or seed=value)")
    #expect(Toy.complaint(text, set: ["lattice.size"]) == "--set lattice.size: write table.key=value")
    #expect(Toy.complaint(text, set: ["lattice.size=eight"])?.hasPrefix("--set lattice.size=eight: eight is not a TOML value") == true)
  }

  @Test("order, comments, written-out defaults, number formats and [run] leave the digest alone; a value changes it")
  func digest() throws {
    let plain = try Toy.resolve("study = \"toy-lattice\"\n[lattice]\nsize = 8\ncoupling = 0.5\n").digest
    let same = [
      "# hello\nseed = 1\nstudy = 'toy-lattice'\n[lattice]\ncoupling = 5e-1 # K\nsize = 0x8\n",
      "lattice = {coupling = 0.50, size = 8, boundary = \"torus\"}\nstudy = \"toy-lattice\"\n",
      "study = \"toy-lattice\"\nlattice.size = 8\nlattice.coupling = 0.5\n[run]\nout = \"z\"\nmax_time = \"1:00:00\"\nranks_per_team = 4\n",
    ]
    for text in same { #expect(try Toy.resolve(text).digest == plain) }
    let others = [
      "study = \"toy-lattice\"\nseed = 2\n[lattice]\nsize = 8\ncoupling = 0.5\n",
      "study = \"toy-lattice\"\n[lattice]\nsize = 8\ncoupling = 0.5000000000000001\n",
      "study = \"toy-lattice\"\n[lattice]\nsize = 8\ncoupling = 0.5\n[training]\nlayers = [16, 64]\n",
    ]
    #expect(Set(try others.map { try Toy.resolve($0).digest } + [plain]).count == 4)
    let widened = try Toy.resolve("study = \"toy-lattice\"\n[lattice]\ncoupling = 1\n")
    #expect(widened.values.real("lattice.coupling") == 1)
    #expect(try widened.digest == Toy.resolve("study = \"toy-lattice\"\n[lattice]\ncoupling = 1.0\n").digest)
  }

  @Test("the resolved file and the catalogue's sample read back")
  func readBack() throws {
    let text = """
      study = "toy-lattice"
      seed = 99
      [lattice]
      coupling = 0.1000000000000000055511151231257827
      [training]
      rates = [1e-5, 0.30000000000000004]
      names = ["a\\"b\\\\", "ü\\n\\u0001"]
      """
    let study = try Toy.resolve(text)
    let again = try Toy.resolve(study.canonicalTOML)
    #expect(again.digest == study.digest)
    #expect(again.values == study.values)
    #expect(again.seed == 99)
    #expect(again.canonicalTOML == study.canonicalTOML)
    #expect(study.canonicalTOML.contains("# digest: \(study.digest)\n"))
    let sample = try Toy.resolve(StudyFileWriter.sample(Toy.study))
    #expect(try sample.digest == Toy.resolve("study = \"toy-lattice\"").digest)
    #expect(sample.run == RunSettings())
  }

  @Test("maximum times are read in every form a scheduler writes")
  func times() {
    #expect(RunSettings.maximumTime("2:00:00") == .seconds(7200))
    #expect(RunSettings.maximumTime("30:05") == .seconds(1805))
    #expect(RunSettings.maximumTime("90") == .seconds(90))
    #expect(RunSettings.maximumTime("1-12:00:00") == .seconds(129600))
    #expect(RunSettings.maximumTime("auto") == .auto)
    #expect(RunSettings.maximumTime("") == .never)
    for bad in ["0", "1:60", "x", "-1", "1:2:3:4", "1-2", "1:-2"] { #expect(RunSettings.maximumTime(bad) == nil, "\(bad)") }
  }
}
