import NeuralNetworks
public import Runtime

extension Classifier {
  public static func dataFiles(_ parameters: ParameterValues) -> [String] {
    DataFiles.samplePaths(parameters) + DataFiles.paths([parameters.text("network.start")])
  }

  public func plan() -> [PlannedUnit<Unit>] {
    let network = try? makeNetwork(), parameters = Double(network?.parameterCount ?? 0), batches = Double(epochs * (train / batch))
    let training = (network?.trainingOperations ?? 0) * Double(batch) * batches
    let steps = Self.operationsPerParameter * parameters * batches
    var sampling = 0.0
    if source == "ising" {
      let samples = train + validation + test, sweeps = samples * phases.interval + (samples + 49) / 50 * phases.warmUp
      sampling = 640 * Double(sweeps * phases.size * phases.size)
    }
    let bytes = 4 * (Double((train + validation + test) * shape.count) * 2 + 6 * parameters + Double(batch * 4 * shape.count * 32))
    // Each batch's gradient is summed over the ranks.
    let shared = SharedWork(operations: training + steps, pieces: sharding.pieces(of: batch))
      .reducing(batches, bytes: 4 * parameters * batches, parameter: "training.batch", value: Double(batch))
    return (1...networks).map {
      PlannedUnit(
        label: "network-\($0)", unit: Unit(number: $0), team: .all, operations: training + steps + sampling, bytesPerRank: bytes,
        sharing: [shared])
    }
  }

  /// A parameter's part of a step, its sums over the shards among it, in operations of large products (116 take a nanosecond).
  private static let operationsPerParameter = 850.0
}

extension Network {
  /// What a sample takes of a training step, in operations of large products. Kernels compute whole panels of 32 columns, and each value
  /// of the input, each pixel of a convolution and each value that is pooled takes some time of its own (116 operations a nanosecond).
  var trainingOperations: Double {
    func panels(_ columns: Int) -> Double { Double((columns + 31) / 32 * 32) }
    return layers.enumerated().reduce(250 * Double(input.count)) { sum, next in
      let (index, layer) = next, isFirst = index == 0
      switch layer {
      case .dense(let dense):
        let upward = 4 * Double(dense.inputs) * panels(dense.outputs)
        return sum + upward + (isFirst ? 0 : 2 * Double(dense.outputs) * panels(dense.inputs))
      case .convolution(let layer):
        let pixels = Double(layer.output.height * layer.output.width), inputs = Double(layer.input.height * layer.input.width)
        let upward = 4 * Double(layer.window) * panels(layer.channels) * pixels
        let area = Double(layer.kernelHeight * layer.kernelWidth)
        let downward = isFirst ? 0 : 2 * area * Double(layer.channels) * panels(layer.input.channels) * inputs
        return sum + upward + downward + 3500 * pixels
      case .maxPooling(let layer): return sum + 80 * Double(layer.input.count)
      case .bottleneck, .dropout: return sum + 1000 * Double(layer.output.count)
      case .flatten: return sum
      }
    }
  }
}
