import ArgumentParser
import Glibc
import Runtime

/// The program: one subcommand per file.
@main
struct Renorm: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "renorm",
    abstract: "Deep learning as renormalization: lattices, Boltzmann machines, and the measures that compare them.",
    discussion: """
      Exit status: 0 complete; 3 a known value was missed (verify); 4 some units failed; 64 wrong usage; 65 unusable study
      or data file; 70 internal fault; 74 input-output fault; 75 a rank was lost, resumable; 85 stopped on request, resumable.
      """,
    version: "renorm \(ProgramVersion.text) (\(ProgramVersion.build))",
    subcommands: [
      Run.self, PlanCommand.self, StatusCommand.self, ReportCommand.self, ExportCommand.self, VerifyCommand.self,
      DoctorCommand.self, StudiesCommand.self, BenchCommand.self,
    ])

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let code as ExitCode {
      Glibc.exit(code.rawValue)
    } catch {
      leave(error)
    }
  }

  /// Help and version go the library's way; wrong usage is one line and status 64; other errors have a status of their own.
  private static func leave(_ error: any Error) -> Never {
    if exitCode(for: error) == .success { exit(withError: error) }
    if let failure = Failure(error) {
      ErrorOutput.line(failure.description)
      Glibc.exit(failure.status)
    }
    let words = message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ")
    ErrorOutput.line(words + " (see renorm --help)")
    Glibc.exit(ExitStatus.usage)
  }
}
