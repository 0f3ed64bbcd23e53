import ArgumentParser
import Glibc
import MessagePassing
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
      RunCommand.self, PlanCommand.self, StatusCommand.self, ReportCommand.self, ExportCommand.self, VerifyCommand.self,
      DoctorCommand.self, StudiesCommand.self, BenchCommand.self,
    ])

  /// Under a launcher every rank has the same command line. All commands but `run`, `plan`, `bench` and `doctor` are one process's business, and so is
  /// a mistake in the line: rank 0 speaks and carries the status, while a rank that left with a status of its own could
  /// make the launcher end rank 0 before it has spoken.
  private static let isSilentRank = (Launcher.detect(environment: Launcher.currentEnvironment())?.rank ?? 0) != 0

  static func main() {
    NewestBLASKernels.choose()
    do {
      if let mistake = unknownCommand() { throw mistake }
      var command = try parseAsRoot()
      if isSilentRank, !(command is RunCommand || command is PlanCommand || command is BenchCommand || command is DoctorCommand) {
        Glibc.exit(ExitStatus.complete.rawValue)
      }
      try command.run()
    } catch let code as ExitCode {
      Glibc.exit(code.rawValue)
    } catch {
      leave(error)
    }
  }

  /// A first word that is no command; the parsing library would only call it unexpected.
  private static func unknownCommand() -> Failure? {
    guard let word = CommandLine.arguments.dropFirst().first, !word.hasPrefix("-"), word != "help" else { return nil }
    let known = configuration.subcommands.compactMap { $0.configuration.commandName }
    if known.contains(word) { return nil }
    return Failure(.usage, "there is no command \"\(word)\"; known: \(known.joined(separator: ", "))")
  }

  /// Help and version go the library's way; wrong usage is one line and status 64; other errors have a status of their own.
  private static func leave(_ error: any Error) -> Never {
    if isSilentRank { Glibc.exit(ExitStatus.complete.rawValue) }
    if exitCode(for: error) == .success { exit(withError: error) }
    if let failure = Failure(error) {
      ErrorOutput.line(failure.description)
      Glibc.exit(failure.status.rawValue)
    }
    let words = message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ")
    ErrorOutput.line(words + " (see renorm --help)")
    Glibc.exit(ExitStatus.usage.rawValue)
  }
}
