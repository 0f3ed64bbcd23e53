import Archives
import Glibc
import MessagePassing
import Runtime

/// What the program's exit status means (README, "Exit status").
enum ExitStatus: Int32 {
  case complete = 0, valueMissed = 3, unitsFailed = 4, usage = 64, unusableInput = 65, internalFault = 70, inputOutput = 74
  case rankLost = 75, stopped = 85
}

/// Errors that know their exit status.
protocol Failing: Error {
  var status: ExitStatus { get }
}

/// An error of the command line: one line and an exit status.
struct Failure: Failing, CustomStringConvertible {
  let status: ExitStatus, description: String
  init(_ status: ExitStatus, _ line: String) {
    self.status = status
    description = line
  }

  /// The line and status of an error that the modules below throw; nil for any other.
  init?(_ error: any Error) {
    switch error {
    case let error as Failure: self = error
    case let error as StudyFileError: self.init(.unusableInput, error.description)
    case let error as StudyError: self.init(error)
    case let error as RunFolderError:
      switch error {
      case .otherStudy, .inUse, .notAFolder: self.init(.usage, error.description)
      case .file: self.init(.inputOutput, error.description)
      }
    case let error as ReportError:
      switch error {
      case .file: self.init(.inputOutput, error.description)
      case .notThere, .unusable: self.init(.unusableInput, error.description)
      }
    case let error as FileFault: self.init(.inputOutput, error.description)
    case let error as JSONError: self.init(.unusableInput, error.description)
    case let error as ArchiveError: self.init(error)
    case let error as MessagePassingError: self.init(.internalFault, "message passing failed: \(error)")
    default: return nil
    }
  }

  private init(_ error: StudyError) {
    switch error {
    case .invalid(let parameter, let what): self.init(.unusableInput, "\(parameter): \(what)")
    case .data(let file, let what): self.init(.unusableInput, "\(file): \(what)")
    case .unitFailed(let what): self.init(.unitsFailed, what)
    case .archive(let error): self.init(error)
    case .communication(let error): self.init(.internalFault, "message passing failed: \(error)")
    }
  }
  private init(_ error: ArchiveError) {
    switch error {
    case .inputOutput(let file, let reason): self.init(.inputOutput, "\(file): \(reason)")
    case .damaged(let file, let reason): self.init(.unusableInput, "\(file) is damaged: \(reason)")
    case .missing(let path): self.init(.unusableInput, "nothing is stored at \(path)")
    case .version(let what, let found, let supported):
      self.init(.unusableInput, "\(what) has format version \(found), this program reads \(supported)")
    case .shape(let path, let expected, let found): self.init(.unusableInput, "\(path) has shape \(found), expected \(expected)")
    case .type(let path, let expected, let found): self.init(.unusableInput, "\(path) holds \(found), expected \(expected)")
    }
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
