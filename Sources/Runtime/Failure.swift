import Archives
import Glibc
import MessagePassing

/// What the program's exit status means (README, "Exit status").
public enum ExitStatus: Int32, Sendable {
  case complete = 0, valueMissed = 3, unitsFailed = 4, usage = 64, unusableInput = 65, internalFault = 70, inputOutput = 74
  case rankLost = 75, stopped = 85
}

/// Errors that know their exit status.
public protocol Failing: Error {
  /// What the program exits with.
  var status: ExitStatus { get }
}

/// An error of the command line: one line and an exit status.
public struct Failure: Failing, CustomStringConvertible {
  /// What the program exits with, and the line it prints.
  public let status: ExitStatus, description: String
  /// An error with its status and line.
  public init(_ status: ExitStatus, _ line: String) {
    self.status = status
    description = line
  }

  /// The line and status of an error that the modules below throw; nil for any other.
  public init?(_ error: any Error) {
    switch error {
    case let error as Failure: self = error
    case let error as StudyFileError:
      if case .badOverride = error { self.init(.usage, error.description) } else { self.init(.unusableInput, error.description) }
    case let error as StudyError: self.init(error)
    case let error as RunFolderError:
      switch error {
      // Of a lock of another host nobody can tell whether its process lives: trying again later is right.
      case .inUse(_, _, _, elsewhere: true): self.init(.rankLost, error.description)
      case .otherStudy, .inUse, .notAFolder: self.init(.usage, error.description)
      case .otherData, .unknownData: self.init(.unusableInput, error.description)
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
    case .invalid(let parameter, let what): self.init(.unusableInput, "parameter \(parameter): \(what)")
    case .data(let file, let what): self.init(.unusableInput, "\(file): \(what)")
    case .unitFailed(let what), .unitFailedOnAllRanks(let what): self.init(.unitsFailed, what)
    case .fault(let what): self.init(.internalFault, what)
    case .archive(let error): self.init(error)
    case .communication(let error): self.init(.internalFault, "message passing failed: \(error)")
    }
  }
  private init(_ error: ArchiveError) {
    if case .inputOutput = error { self.init(.inputOutput, error.description) } else { self.init(.unusableInput, error.description) }
  }
}

/// Standard error.
public enum ErrorOutput {
  /// Writes "renorm: LINE" at once, unbuffered, so that an abort right after loses nothing; line breaks inside become
  /// blanks. `tag` ("2/node7") says which rank on which host speaks.
  public static func line(_ text: String, tag: String? = nil) {
    let flat = (tag.map { "[\($0)] " } ?? "") + "renorm: " + text.split(whereSeparator: \.isNewline).joined(separator: " ") + "\n"
    fflush(nil)
    let bytes = Array(flat.utf8)
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(2, $0.baseAddress! + sent, bytes.count - sent) }
      if count <= 0 { return }
      sent += count
    }
  }
}
