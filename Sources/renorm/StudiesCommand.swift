import ArgumentParser
import Runtime
import Studies

/// `renorm studies [NAME]`.
struct StudiesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "studies", abstract: "The catalogue; with NAME every parameter with default, unit and meaning, and a sample file.")
  @Argument(help: "A study's name.") var name: String?
  @Flag(help: "Only the sample file, ready to be redirected into NAME.toml.") var sample = false

  func run() throws {
    let known = StudyCatalog.descriptions
    guard let name else {
      if sample { throw Failure(ExitStatus.usage, "--sample needs a study's name") }
      if known.isEmpty { print("There are no studies.") }
      let width = known.map(\.name.count).max() ?? 0
      for study in known { print(study.name + String(repeating: " ", count: width - study.name.count) + "  " + study.summary) }
      return
    }
    guard let study = known.first(where: { $0.name == name }) else {
      throw Failure(ExitStatus.usage, "there is no study \"\(name)\"; known: \(known.map(\.name).joined(separator: ", "))")
    }
    if sample { return print(StudyFileWriter.sample(study), terminator: "") }
    print("\(study.name): \(study.summary)\n")
    for table in study.tables + [RunSettings.table] {
      print("[\(table.name)]  \(table.meaning)")
      var text = TextTable(["  parameter", "default", "unit", "allowed", "meaning"])
      for parameter in table.parameters {
        text.rows.append(["  " + parameter.key, parameter.initial.toml, parameter.unit, parameter.allowed.words, parameter.meaning])
      }
      text.show()
      print("")
    }
    print("Any parameter but those of [run] can be swept: tables headed [[sweep]] with table.key = [values] or { from, to, count }.")
    print("A study file with all defaults (renorm studies \(name) --sample > \(name).toml):\n")
    print(StudyFileWriter.sample(study), terminator: "")
  }
}
