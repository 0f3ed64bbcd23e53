import Glibc
import NeuralNetworks
import Runtime

extension InformationPlane {
  static func geometric(_ end: Double, _ share: Double) -> Double { pow(end, share) }

  /// Refuses what the ranges of single parameters let pass.
  func check() throws(StudyError) {
    func once(_ values: [String], _ parameter: String, of known: [String]) throws(StudyError) {
      for (place, value) in values.enumerated() where !known.contains(value) {
        throw .invalid(parameter: "\(parameter)[\(place)]", what: "\"\(value)\" is none of " + known.joined(separator: ", "))
      }
      if values.isEmpty || Set(values).count < values.count { throw .invalid(parameter: parameter, what: "each once, and at least one") }
    }
    try once(activations, "network.activations", of: Activation.allCases.map(\.rawValue))
    try once(steppers, "training.steppers", of: ["adam", "descent", "momentum", "langevin"])
    try once(estimators.map(\.rawValue), "measure.estimators", of: PlaneEstimator.allCases.map(\.rawValue))
    if batch % shards != 0 {
      throw .invalid(parameter: "training.batch", what: "\(batch) is not a multiple of training.shards = \(shards)")
    }
    if batch > train { throw .invalid(parameter: "training.batch", what: "\(batch) is more than the \(train) training samples") }
    let most = files?.count ?? (source == "ising" ? Int.max : 4096)
    if train + test > most {
      throw .invalid(parameter: "data.train", what: "\(train) + \(test) samples are wanted for training and test, \(most) are there")
    }
    if measured > train + test {
      throw .invalid(parameter: "measure.samples", what: "\(measured) are more than the \(train + test) of training and test")
    }
    if measured < 2 { throw .invalid(parameter: "measure.samples", what: "at least two samples, or 0 for all") }
    if points.count(where: { $0 >= fromEpoch }) < 2, fromEpoch < epochs {
      throw .invalid(
        parameter: "measure.from_epoch",
        what: "fewer than two of the points \(points) are at epoch \(fromEpoch) or later: no loss could be seen")
    }
    if fromEpoch >= epochs { throw .invalid(parameter: "measure.from_epoch", what: "\(fromEpoch) is not below the \(epochs) epochs") }
    if source == "ising" { try phases.check() }
    do throws(NetworkError) {
      for activation in activations {
        let network = try Network<Float>(input: shape, layers(activation))
        guard network.output.count == classes else {
          throw .lastLayer(what: "it has \(network.output.count) outputs, and the data have \(classes) classes")
        }
        guard network.layers[network.layers.count - 1].activation == .identity else {
          throw .lastLayer(what: "cross entropy takes outputs without a function; write \"dense \(classes)\"")
        }
      }
    } catch { throw .invalid(parameter: "network.layers", what: error.description) }
  }
}
