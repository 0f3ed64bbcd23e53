import Archives
import Glibc
import MessagePassing
import Runtime

/// An error of the command line: one line and an exit status.
struct Failure: Error, CustomStringConvertible {
  /// One of `ExitStatus`.
  let status: Int32, description: String
  init(_ status: Int32, _ line: String) {
    self.status = status
    description = line
  }

  /// The line and status of an error that the modules below throw; nil for any other.
  init?(_ error: any Error) {
    switch error {
    case let error as Failure: self = error
    case let error as StudyFileError: self.init(ExitStatus.data, error.description)
    case let error as StudyError: self.init(error)
    case let error as RunFolderError:
      switch error {
      case .otherStudy, .inUse, .notAFolder: self.init(ExitStatus.usage, error.description)
      case .file: self.init(ExitStatus.inputOutput, error.description)
      }
    case let error as ReportError:
      switch error {
      case .file: self.init(ExitStatus.inputOutput, error.description)
      case .notThere, .unusable: self.init(ExitStatus.data, error.description)
      }
    case let error as FileFault: self.init(ExitStatus.inputOutput, error.description)
    case let error as JSONError: self.init(ExitStatus.data, error.description)
    case let error as ArchiveError: self.init(error)
    case let error as MessagePassingError: self.init(ExitStatus.fault, "message passing failed: \(error)")
    default: return nil
    }
  }

  private init(_ error: StudyError) {
    switch error {
    case .invalid(let parameter, let what): self.init(ExitStatus.data, "\(parameter): \(what)")
    case .data(let file, let what): self.init(ExitStatus.data, "\(file): \(what)")
    case .unitFailed(let what): self.init(ExitStatus.unitsFailed, what)
    case .archive(let error): self.init(error)
    case .communication(let error): self.init(ExitStatus.fault, "message passing failed: \(error)")
    }
  }
  private init(_ error: ArchiveError) {
    if case .inputOutput = error { self.init(ExitStatus.inputOutput, error.description) } else { self.init(ExitStatus.data, error.description) }
  }
}

/// Standard error.
enum ErrorOutput {
  /// Writes "renorm: LINE"; line breaks inside become blanks.
  static func line(_ text: String) {
    let flat = "renorm: " + text.split(whereSeparator: \.isNewline).joined(separator: " ") + "\n"
    fflush(nil)
    unsafe flat.withCString { text in _ = unsafe write(2, text, strlen(text)) }
  }
}
