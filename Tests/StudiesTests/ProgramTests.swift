import Foundation
import Laws
import Runtime
import Studies
import Testing

/// The real program. One test at a time: they start many ranks, and some look at the moment when something happens.
@Suite("The program as a user meets it", .serialized, .enabled(if: Program.isThere, "renorm or mpirun is missing"))
struct ProgramTests {
  @Test("verify finds every known value and exits 0; a damaged value is marked and the status is 3")
  func verify() throws {
    let sound = try Program.run(["verify"])
    #expect(sound.status == 0 && sound.error.isEmpty, "\(sound.all)")
    #expect(sound.output.contains("all within tolerance") && !sound.output.contains("FAIL"))
    for id in [
      "A1", "A2", "A3", "A4", "A12", "B7", "B8", "B9", "C1", "C2", "C3", "C7", "D1", "D2", "E1", "A-1", "A-9", "A-11", "C-1", "C-5", "C-12",
      "C-13",
    ] {
      #expect(sound.output.contains("\n\(id) "), "\(id) is checked")
    }
    let damaged = try Program.run(["verify", "--only", "A12", "--damage", "A12"])
    #expect(damaged.status == 3, "\(damaged.all)")
    let rows = damaged.output.split(separator: "\n").filter { $0.hasSuffix("FAIL") }
    #expect(rows.count == 1 && rows[0].hasPrefix("A12 "), "\(damaged.output)")
    #expect(damaged.output.contains("1 missed"))
  }

  @Test("the sample file of a study is accepted, and says the same as the defaults")
  func sample() throws {
    try Program.withFolder { folder in
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let sample = try Program.run(["studies", "deep-renormalization", "--sample"])
      #expect(sample.status == 0)
      let file = folder + "/sample.toml"
      try sample.output.write(toFile: file, atomically: true, encoding: .utf8)
      let debug = try Program.run(["run", file, "--debug", "--out", folder + "/run"])
      #expect(debug.status == 0 && debug.error.isEmpty, "\(debug.all)")
      let defaults = try StudyFile.defaults(of: try #require(StudyCatalog.descriptions.first { $0.name == "deep-renormalization" }))
      let resolved = try StudyFile.resolve(path: file, catalogue: StudyCatalog.descriptions)
      #expect(resolved.digest == defaults.digest)
    }
  }

  @Test("status, export, report and plan speak of a finished run; doctor finds its way")
  func aroundARun() throws {
    try Program.withFolder { folder in
      let end = try Program.quick(into: folder)
      #expect(end.status == 0 && end.error.isEmpty, "\(end.all)")
      #expect(end.output.contains("\(folder)/results.json") && end.output.contains("\(folder)/report/index.html"))

      let status = try Program.run(["status", folder, "--json"])
      let json = try JSON(parsing: status.output)
      #expect(status.status == 0 && json["complete"]?.bool == true && json["locked"]?.bool == false, "\(status.all)")
      #expect(json["units"]?.elements?.compactMap { $0["state"]?.string } == ["done", "done"])
      #expect(try Program.run(["status", folder]).output.contains("complete, 100 %"))

      let copy = try Program.run(["export", folder, "--format", "json"])
      #expect(try copy.status == 0 && Data(copy.output.utf8) == Program.bytes(folder + "/results.json"))
      let table = try Program.run(["export", folder, "--format", "csv"])
      let rows = table.output.split(separator: "\n", omittingEmptySubsequences: true)
      #expect(table.status == 0 && rows[0].contains("observable") && rows[0].contains("value") && rows[0].contains("error"))
      #expect(rows.contains { $0.contains(",energy_per_site,") } && rows.contains { $0.contains("abs_magnetization") })
      let columns = rows[0].split(separator: ",").count
      #expect(rows.allSatisfy { $0.split(separator: ",", omittingEmptySubsequences: false).count >= columns })

      let page = folder + "/report/index.html"
      let before = try Program.bytes(page)
      try FileManager.default.removeItem(atPath: page)
      let again = try Program.run(["report", folder])
      #expect(again.status == 0 && again.output == page + "\n" && again.error.isEmpty, "\(again.all)")
      #expect(try Program.bytes(page) == before, "the page made again is the page")
      #expect(String(decoding: before, as: UTF8.self).contains("<svg"))

      // All that is left to do in a finished folder is the report: the same command is harmless.
      #expect(try Program.quick(into: folder, ranks: 2).status == 0)
      #expect(try Data(copy.output.utf8) == Program.bytes(folder + "/results.json"))
    }
    let plan = try Program.run(["plan", Program.quick, "--ranks", "1,3"])
    #expect(plan.status == 0 && plan.output.contains("stack") && plan.output.contains("control"), "\(plan.all)")
    for heading in ["speedup", "of n times the work"] {
      let table = plan.output.split(separator: "\n").drop { !$0.contains(heading) }
      #expect(table.dropFirst().prefix(2).map { $0.split(separator: " ").first } == ["1", "3"], "\(heading): \(plan.output)")
    }
    let doctor = try Program.run(["doctor"])
    #expect(doctor.status == 0, "\(doctor.all)")
    for part in ["program", "memory", "MPI", "BLAS", "HDF5", "gnuplot", "disk", "file locks"] {
      #expect(doctor.output.contains("\n\(part) ") || doctor.output.hasPrefix(part), "\(part)")
    }
  }

  @Test("under mpirun only rank 0 writes to standard output, in every command, and a log gets no bar")
  func oneVoice() throws {
    let version = try Program.run(["--version"], ranks: 3)
    #expect(version.status == 0 && version.output.split(separator: "\n").count == 1, "\(version.all)")
    let studies = try Program.run(["studies"], ranks: 3)
    #expect(try studies.output == Program.run(["studies"]).output)
    try Program.withFolder { folder in
      let end = try Program.quick(into: folder, ranks: 3)
      #expect(end.status == 0 && end.error.isEmpty, "\(end.all)")
      #expect(!end.output.contains("\u{1B}"), "no escape codes in a log")
      #expect(end.output.components(separatedBy: "renorm: deep-renormalization").count == 2, "\(end.output)")
    }
  }
}
