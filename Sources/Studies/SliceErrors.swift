import MessagePassing
import Runtime

extension StudyError {
  /// What a slice ended with that all ranks of a team do alike: errors of message passing and of studies are themselves, any other one is
  /// the unit's, with `place` before it.
  init(onAllRanks error: any Error, at place: String? = nil) {
    switch error {
    case let error as MessagePassingError: self = .communication(error)
    case let error as StudyError: self = error
    default: self = .unitFailedOnAllRanks(place.map { "\($0): \(error)" } ?? "\(error)")
    }
  }
}
