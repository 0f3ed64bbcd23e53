import BoltzmannMachines
import NeuralNetworks
import Runtime

/// A training that diverges fails its unit; the others go on. Parameters are the same on all ranks, so all of them find it at the same step.
private func failed(_ step: UInt64, _ advice: String) -> StudyError {
  .unitFailedOnAllRanks("training has diverged: by step \(step) its parameters or losses are not finite, or absurdly large; \(advice)")
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
    guard weights.allFinite && visibleMean.allFinite && hiddenBias.allFinite && deviations.allFinite else {
      throw failed(UInt64(step), advice)
    }
  }
}

extension Array where Element: BinaryFloatingPoint {
  /// Whether all elements are finite and so small that sums over units and squares of them are finite too.
  var allFinite: Bool {
    let limit: Element = MemoryLayout<Element>.size < 8 ? 1e12 : 1e100
    var least = limit
    for x in self { least = abs(x) < limit ? least : 0 }
    return least == limit
  }
}
