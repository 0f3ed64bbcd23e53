import Foundation
import Runtime
import Testing

@Suite(.serialized) struct ReportTests {
  static let provenance = Provenance(
    programVersion: "0", build: "release", processor: "a <processor>", processorLevel: "v3", blas: "b", messagePassing: "m", hdf5: "h",
    ranks: 4, hosts: ["a", "b"], started: "2025-01-31T12:00:00.000Z", ended: "2025-01-31T12:02:05.000Z", commandLine: ["renorm", "run"],
    study: "toy-lattice", digest: "0123456789ab")

  @Test("the page holds text, tables and both kinds of figures, needs no network and keeps scripts and data beside it")
  func page() throws {
    let folder = try TemporaryFolder()
    let notices = try ReportWriter.write(Toy.report, provenance: Self.provenance, to: folder.path)
    #expect(notices == [])
    let page = try FileAccess.text(folder.path + "/index.html")
    #expect(page.contains("<h1>Toy &amp; report</h1>"))
    #expect(page.contains("Some words with a &lt; sign."))
    #expect(page.contains("<td>one</td><td class=\"number\">1.5</td>"))
    #expect(page.contains("took <b>2:05</b>"))
    #expect(page.contains("0123456789ab"))
    #expect(page.contains("measured_a"), "gnuplot's legend is in the page")
    #expect(page.contains("data:image/png;base64,"))
    #expect(page.components(separatedBy: "<svg").count - 1 == 2)
    for word in ["<script", "src=\"http", "href=\"http", "@import", "url(http"] { #expect(!page.contains(word), "\(word)") }
    let names = try FileAccess.names(in: folder.path + "/figures")
    #expect(names == ["decay.dat", "decay.gp", "decay.svg", "fields.dat", "fields.gp", "fields.svg"])
    let data = try FileAccess.text(folder.path + "/figures/decay.dat")
    #expect(data.contains("4.0 0.26 0.02\n"))
    #expect(data.contains("8.0 ? 0.1\n"), "a value that is no number is a missing point")
  }

  @Test("a page made again from the stored report is the same page")
  func again() throws {
    let folder = try TemporaryFolder()
    let run = RunFolder(folder.path)
    try Self.provenance.write(to: run.provenance)
    _ = try ReportWriter.write(Toy.report, provenance: Self.provenance, to: run.report)
    let first = try FileAccess.text(run.report + "/index.html")
    try FileAccess.writeAtomically("", to: run.report + "/index.html")
    #expect(try ReportWriter.rewrite(run) == [])
    #expect(try FileAccess.text(run.report + "/index.html") == first)
    try FileAccess.writeAtomically("{}", to: run.report + "/report.json")
    #expect(throws: ReportError.unusable(file: run.report + "/report.json")) { try ReportWriter.rewrite(run) }
  }

  @Test("units that failed are named on the page and in the results, with their reasons; without any nothing changes")
  func failedUnits() throws {
    let folder = try TemporaryFolder()
    var report = Toy.report
    report.note(failed: [])
    #expect(ResultsFile.text(report, study: "toy-lattice") == ResultsFile.text(Toy.report, study: "toy-lattice"))
    report.note(failed: [("unit-2", "no rest at K < 1")])
    _ = try ReportWriter.write(report, provenance: Self.provenance, to: folder.path)
    let page = try FileAccess.text(folder.path + "/index.html")
    #expect(page.contains("One unit failed and is missing here.") && page.contains("<td>unit-2</td>"))
    #expect(page.contains("no rest at K &lt; 1"))
    let results = try JSON(parsing: ResultsFile.text(report, study: "toy-lattice"))
    #expect(results["failed"] == .array([.object([.init("unit", "unit-2"), .init("reason", "no rest at K < 1")])]))
  }

  @Test("a figure that cannot be drawn is named in one line, and the page is made without it")
  func failing() throws {
    let folder = try TemporaryFolder()
    var report = Toy.report
    report.sections = [
      ReportSection(
        "Empty",
        [
          .figure(
            Figure(
              name: "nothing", title: "Nothing", caption: "No points.",
              content: .curves([], xLabel: "x", yLabel: "y", logX: false, logY: false)))
        ])
    ]
    let notices = try ReportWriter.write(report, provenance: Self.provenance, to: folder.path)
    #expect(notices.count == 1 && notices[0].hasPrefix("figure nothing: gnuplot"), "\(notices)")
    #expect(!notices.joined().contains("\n"))
    let page = try FileAccess.text(folder.path + "/index.html")
    #expect(page.contains("class=\"missing\"") && page.contains("No points."))
  }

  @Test("labels with quotes, single points, empty curves and values without logarithm can all be drawn")
  func odd() throws {
    let folder = try TemporaryFolder()
    var report = Toy.report
    let curves = [
      Curve("it's \\odd\"", x: [1], y: [2], yErrors: [0]), Curve("none", x: [], y: []),
      Curve("zero", x: [0, 1], y: [-1, 0], style: .steps),
    ]
    report.sections = [false, true].map { log in
      ReportSection(
        "s",
        [
          .figure(
            Figure(
              name: "odd-\(log)", title: "it's", caption: "",
              content: .curves(curves, xLabel: "x'", yLabel: "$y `date`", logX: log, logY: log)))
        ])
    }
    #expect(try ReportWriter.write(report, provenance: Self.provenance, to: folder.path) == [])
  }
}
