import Runtime
import Testing

@Suite("Sweeps: [[sweep]] tables of a study file")
struct SweepTests {
  private func points(_ text: String, set overrides: [String] = []) throws -> [SweepPoint] {
    try Toy.resolve("study = \"toy-lattice\"\n" + text, set: overrides).values.points
  }
  private func words(_ points: [SweepPoint]) -> [String] { points.map(\.words) }

  @Test("lists of one table are walked together, tables make a product, the last one fastest")
  func zipAndProduct() throws {
    let found = try points(
      """
      [[sweep]]
      lattice.size = [8, 16]
      training.names = [["a"], ["b", "c"]]
      [[sweep]]
      lattice.coupling = [0.25, 0.5, 1]
      """)
    #expect(
      words(found) == [
        "size = 8, names = a, coupling = 0.25", "size = 8, names = a, coupling = 0.5", "size = 8, names = a, coupling = 1.0",
        "size = 16, names = b,c, coupling = 0.25", "size = 16, names = b,c, coupling = 0.5", "size = 16, names = b,c, coupling = 1.0",
      ])
    #expect(found.map { $0.values.integer("lattice.size") } == [8, 8, 8, 16, 16, 16])
    #expect(found.map { $0.values.real("lattice.coupling") } == [0.25, 0.5, 1, 0.25, 0.5, 1])
    #expect(Set(found.map(\.label)).count == 6)
  }

  @Test("a range has both ends and equidistant values, as short as they can be written")
  func ranges() throws {
    let found = try points("[[sweep]]\nlattice.coupling = { from = 0.43, to = 0.45, count = 5 }\n")
    #expect(found.map { $0.values.real("lattice.coupling") } == [0.43, 0.435, 0.44, 0.445, 0.45])
    #expect(
      try points("[[sweep]]\n\"lattice.size\" = { from = 4, to = 12, count = 3 }\n").map { $0.values.integer("lattice.size") } == [
        4, 8, 12,
      ])
  }

  @Test("a point's label does not depend on which other points there are")
  func labels() throws {
    let few = try points("[[sweep]]\nlattice.size = [8]\n[[sweep]]\nlattice.coupling = [0.5]\n")
    let many = try points("[[sweep]]\nlattice.size = [4, 8]\n[[sweep]]\nlattice.coupling = [0.25, 0.5]\n")
    #expect(few[0].label == "size-8-coupling-0.5" && many.contains { $0.label == few[0].label })
  }

  @Test("--set fixes a swept parameter, and what is left of its table goes on being swept")
  func fixed() throws {
    let text = "[[sweep]]\nlattice.size = [8, 16]\nlattice.coupling = [0.25, 0.5]\n"
    let found = try points(text, set: ["lattice.size=32"])
    #expect(found.map { $0.values.integer("lattice.size") } == [32, 32])
    #expect(words(found) == ["coupling = 0.25", "coupling = 0.5"])
    #expect(try points(text, set: ["lattice.size=32", "lattice.coupling=1"]).map(\.settings.count) == [0])
  }

  @Test("a sweep is part of the digest, and the resolved file reads back to it")
  func digest() throws {
    let text = "study = \"toy-lattice\"\n[[sweep]]\nlattice.size = [8, 16]\n[[sweep]]\ntraining.rates = [[0.5], [0.25, 0.125]]\n"
    let study = try Toy.resolve(text)
    #expect(try Toy.resolve(study.canonicalTOML).digest == study.digest)
    #expect(try Toy.resolve(study.canonicalTOML).values.points == study.values.points)
    #expect(try Toy.resolve("study = \"toy-lattice\"").digest != study.digest)
    #expect(try Toy.resolve(text.replacing("[8, 16]", with: "[8, 17]")).digest != study.digest)
  }

  @Test(
    "each mistake in a sweep gives one line that says what, where and what would be right",
    arguments: [
      ("[[sweep]]\nlattice.szie = [1]\n", "toy.toml:3:9: unknown key \"lattice.szie\" in [[sweep]]; did you mean lattice.size?"),
      ("[[sweep]]\nlattice.size = [2]\n", "toy.toml:3:9: lattice.size[0] = 2 is not allowed; allowed: 4 ... 1024"),
      ("[[sweep]]\nlattice.size = [8, 8.5]\n", "toy.toml:3:9: lattice.size[1] must be an integer, found the real 8.5"),
      (
        "[[sweep]]\nlattice.size = 8\n",
        "toy.toml:3:9: lattice.size must be a list of values or { from = a, to = b, count = n }, found the integer 8"
      ),
      ("[[sweep]]\nlattice.size = []\n", "toy.toml:3:9: lattice.size = [] is not allowed; allowed: at least one value"),
      (
        "[[sweep]]\nlattice.coupling = [0.1, 0.2]\nlattice.size = [8]\n",
        "toy.toml:4:9: lattice.size = 1 values is not allowed; allowed: as many as lattice.coupling in the same [[sweep]] table has, 2 (tables of their own make a product)"
      ),
      (
        "[[sweep]]\nlattice.size = [8]\n[[sweep]]\nlattice.size = [16]\n",
        "toy.toml:3:9: lattice.size = a second list is not allowed; allowed: one [[sweep]] table for each parameter"
      ),
      (
        "[[sweep]]\nlattice.size = [8, 8]\n",
        "toy.toml:3:9: lattice.size = the same values twice is not allowed; allowed: each step once"
      ),
      (
        "[[sweep]]\nlattice.coupling = { from = 0, to = 1, count = 1 }\n",
        "toy.toml:3:9: lattice.coupling = {count = 1, from = 0, to = 1} is not allowed; allowed: { from, to, count } with finite ends and 2 to 100000 values"
      ),
      ("sweep = 3\n", "toy.toml:2:1: sweep must be tables headed [[sweep]], found the integer 3"),
      (
        "[[sweep]]\nrun.progress = [\"none\"]\n",
        "toy.toml:3:5: unknown key \"run.progress\" in [[sweep]]; known: lattice.size, lattice.coupling, lattice.boundary, training.layers, training.rates, training.weights_kept, training.names"
      ),
    ])
  func mistakes(text: String, line: String) throws { #expect(Toy.complaint("study = \"toy-lattice\"\n" + text) == line) }
}
