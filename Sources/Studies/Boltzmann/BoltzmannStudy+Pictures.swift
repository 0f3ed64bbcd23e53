import BoltzmannMachines
import Glibc
import GradientFlows
import MessagePassing
import NeuralNetworks
import RandomStreams
import Runtime
import Sampling
import Statistics

/// Samples, receptive fields and curves.
extension BoltzmannStudy {
  /// Samples of the stack, receptive fields and curves.
  func recordPictures(_ state: inout State, streams: StreamKey) {
    let pixels = height * width, machine = state.machines[0]
    for (layer, curve) in state.curves.enumerated() {
      state.recording.record(
        ResultArray(
          name: "visible_difference_\(layer + 1)", longName: "part of visible units that differ between data and fantasy, by epoch",
          unit: "1",
          dimensions: [("epoch_\(layer + 1)", curve.count)], values: curve))
    }
    state.recording.record(
      ResultArray(
        name: "pseudo_log_likelihood", longName: "epoch, and the pseudo-likelihood of some test samples after it", unit: "nats",
        dimensions: [("checkpoint", state.pseudo.count / 2), ("epoch_and_value", 2)], values: state.pseudo))
    state.recording.record(receptiveFields(of: machine.weights))
    let samples = samples(of: state.machines, streams)
    state.recording.record(
      ResultArray(
        name: "samples", longName: "samples of the stack", unit: "1", dimensions: [("sample", samples.count), ("y", height), ("x", width)],
        values: (0..<samples.count).flatMap { row in (0..<pixels).map { samples[row, unit(atPixel: $0)] ? 1.0 : 0 } }))
    for (layer, values) in state.tuned.enumerated() {
      state.recording.record(
        ResultArray(
          name: layer == 0 ? "fine_tuning_loss" : "random_weights_loss", longName: "training loss by epoch", unit: "nats",
          dimensions: [("tuning_epoch", values.count)], values: values))
    }
  }

  /// Weights of the first hidden units, `[unit][y][x]`.
  func receptiveFields(of weights: [some BinaryFloatingPoint]) -> ResultArray {
    let units = min(32, hidden[0]), pixels = height * width
    return ResultArray(
      name: "receptive_fields", longName: "weights of the first hidden units", unit: "1",
      dimensions: [("unit", units), ("y", height), ("x", width)],
      values: (0..<units).flatMap { unit in (0..<pixels).map { Double(weights[self.unit(atPixel: $0) * hidden[0] + unit]) } })
  }

  /// How the first machine looks after an epoch, for TensorBoard.
  func pictures(of weights: [some BinaryFloatingPoint], hiddenBias: [some BinaryFloatingPoint], epoch: Int) -> [CurvePoint] {
    [
      CurvePoint("machine-1/weights", step: epoch, spread: weights.map { Float($0) }),
      CurvePoint("machine-1/hidden_bias", step: epoch, spread: hiddenBias.map { Float($0) }),
      CurvePoint("machine-1/receptive_fields", step: epoch, maps: receptiveFields(of: weights).heatmaps(.diverging), perRow: 8),
    ]
  }

  /// 16 samples: 1,000 sweeps of the top machine from data, then down through the conditional laws.
  func samples(of machines: [RestrictedBoltzmannMachine<Float>], _ streams: StreamKey) -> Configurations {
    let top = machines.count - 1, count = min(16, test.count)
    var chains = GibbsChains(visible: clamped(input(of: top, from: test.slice(0..<count), machines, streams)))
    var kernel = BlockGibbs(machines[top])
    let source = KeyedStreams(streams.use("samples"))
    for sweep in 0..<1000 { kernel.step(&chains, at: UInt64(sweep), from: source) }
    if isDeep { return deepMachine(machines).visibleUnits(of: chains.visible, sites: test.sites) }
    var states = chains.visible
    for layer in (0..<top).reversed() { states = machines[layer].sampleVisible(of: states, from: KeyedStreams(streams.use("down", layer))) }
    return states
  }
}
