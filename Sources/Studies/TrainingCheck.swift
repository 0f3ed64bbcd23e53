import BoltzmannMachines
import NeuralNetworks
import Runtime

/// A training that diverges fails its unit; the others go on. Parameters are the same on all ranks, so all of them find it at the same step.
private func failed(_ step: UInt64, _ advice: String) -> StudyError {
  .unitFailedOnAllRanks("training has diverged: by step \(step) its parameters or losses are no longer finite; \(advice)")
}

extension TrainingState {
  /// Throws `unitFailedOnAllRanks` where something is infinite or not a number; `advice` says what would be right.
  func checkFinite(_ advice: String) throws(StudyError) {
    let all = parameters.weights.allFinite && parameters.visibleField.allFinite && parameters.hiddenField.allFinite
    guard all, reconstructionErrors.last?.isFinite ?? true else { throw failed(step, advice) }
  }
}

extension NetworkTraining {
  /// As for machines.
  func checkFinite(_ advice: String) throws(StudyError) {
    guard network.parameters.allSatisfy(\.allFinite), losses.last?.isFinite ?? true else { throw failed(step, advice) }
  }
}

extension GaussianBoltzmannMachine {
  /// As for machines; `step` steps were made.
  func checkFinite(step: Int, _ advice: String) throws(StudyError) {
    guard weights.allFinite && visibleMean.allFinite && hiddenBias.allFinite else { throw failed(UInt64(step), advice) }
  }
}

extension Array where Element: BinaryFloatingPoint {
  /// Whether no element is infinite or not a number: x - x is 0 for the others.
  fileprivate var allFinite: Bool {
    var sum: Element = 0
    for x in self { sum += x - x }
    return sum == 0
  }
}
