import ArgumentParser
import Runtime

/// `renorm report DIR`.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Makes the page and its figures again from the stored report.")
  @Argument(help: "A run's folder.") var folder: String

  func run() throws {
    let run = try RunArgument.folder(folder)
    for notice in try ReportWriter.rewrite(run) { ErrorOutput.line(notice) }
    print(run.report + "/index.html")
  }
}
