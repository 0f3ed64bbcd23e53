import Glibc

/// What training makes small: a mean over samples.
public enum Loss: String, Sendable, CaseIterable {
  /// -ln p(class), p = softmax of the outputs.
  case crossEntropy = "cross-entropy"
  /// The mean over outputs of (output - target)^2; the target of a class is 1 at its output and 0 elsewhere.
  case squaredError = "squared-error"

  /// One sample: the loss of `outputs`, which come out of `activation`, and in `delta` its derivative by what entered the
  /// activation. In double precision; `count` outputs.
  func evaluate<Scalar: NetworkScalar>(
    _ outputs: UnsafePointer<Scalar>, count: Int, target: SampleTarget, activation: Activation, into delta: UnsafeMutablePointer<Scalar>
  ) -> Double {
    switch self {
    case .crossEntropy:
      guard case .category(let category) = target else { preconditionFailure("cross entropy is for classes") }
      var largest = -Double.infinity, sum = 0.0
      for k in 0..<count { largest = max(largest, unsafe Double(outputs[k])) }
      for k in 0..<count { sum += unsafe exp(Double(outputs[k]) - largest) }
      for k in 0..<count {
        let probability = unsafe exp(Double(outputs[k]) - largest) / sum
        unsafe delta[k] = Scalar(probability - (k == category ? 1 : 0))
      }
      return unsafe log(sum) + largest - Double(outputs[category])
    case .squaredError:
      var total = 0.0
      for k in 0..<count {
        let y = unsafe Double(outputs[k])
        let wanted: Double =
          switch target {
          case .category(let category): k == category ? 1 : 0
          case .values(let values): Double(values[values.startIndex + k])
          }
        total += (y - wanted) * (y - wanted)
        unsafe delta[k] = Scalar(2 * (y - wanted) / Double(count) * activation.slope(at: y))
      }
      return total / Double(count)
    }
  }

  /// Throws where the loss cannot stand on a network or on these targets.
  func check(lastLayer: Layer, targets: SampleSet.Targets) throws(NetworkError) {
    let outputs = lastLayer.output.count
    if outputs != targets.width {
      throw .lastLayer(what: "it has \(outputs) outputs, and the data have \(targets.width) \(targets.isClasses ? "classes" : "targets")")
    }
    if self == .crossEntropy {
      if !targets.isClasses { throw .lastLayer(what: "cross entropy needs classes; for numbers take squared-error") }
      if lastLayer.activation != .identity {
        throw .lastLayer(what: "cross entropy takes outputs without a function, not \(lastLayer.activation.rawValue)")
      }
    }
  }
}

/// What one sample should give.
enum SampleTarget { case category(Int), values(ArraySlice<Float>) }
