import ArgumentParser
import Runtime

/// `renorm export DIR --format csv|json`.
struct ExportCommand: ParsableCommand {
  /// What the results can be written as.
  enum Format: String, CaseIterable, ExpressibleByArgument { case csv, json }
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "The results on standard output: csv has one line per number, json is results.json.")
  @Argument(help: "A run's folder.") var folder: String
  @Option(help: "csv or json.") var format: Format

  func run() throws {
    let run = try RunArgument.folder(folder)
    guard FileAccess.exists(run.results) else {
      throw Failure(ExitStatus.unusableInput, "\(run.results) is not there yet; a run writes it when it is complete (see renorm status)")
    }
    let text = try FileAccess.text(run.results)
    let json: JSON
    do { json = try JSON(parsing: text) } catch { throw Failure(ExitStatus.unusableInput, "\(run.results): \(error)") }
    switch format {
    case .json: print(text, terminator: "")
    case .csv:
      guard let csv = ResultsTable.csv(json) else {
        throw Failure(ExitStatus.unusableInput, "\(run.results) was written by another version")
      }
      print(csv, terminator: "")
    }
  }
}
