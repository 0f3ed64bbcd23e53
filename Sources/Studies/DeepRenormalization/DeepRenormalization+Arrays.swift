import BoltzmannMachines
import Renormalization
import Runtime
import Sampling

extension DeepRenormalization {
  func recordCurves(_ state: State, prefix: String, into recording: inout Recording) {
    for (layer, curve) in state.curves.enumerated() {
      recording.record(
        ResultArray(
          name: "\(prefix)reconstruction_error_layer_\(layer + 1)", longName: "fraction of visible units reconstructed wrongly, by epoch",
          unit: "1",
          dimensions: [("\(prefix)epoch_\(layer + 1)", curve.count)], values: curve))
    }
  }

  func recordWeights(_ state: State, prefix: String, into recording: inout Recording) {
    for (layer, machine) in state.machines.enumerated() {
      let kept = state.kept.filter { $0.layer == layer }
      let n = layer + 1
      recording.record(
        ResultArray(
          name: "\(prefix)weights_layer_\(n)", longName: "weights of layer \(n) at the epochs kept", unit: "1",
          dimensions: [
            ("\(prefix)kept_\(n)", kept.count), ("\(prefix)visible_\(n)", machine.visible), ("\(prefix)hidden_\(n)", machine.hidden),
          ],
          values: kept.flatMap { $0.weights.map(Double.init) }))
      recording.record(
        ResultArray(
          name: "\(prefix)kept_\(n)", longName: "epochs of the weights kept", unit: "epochs",
          dimensions: [("\(prefix)kept_\(n)", kept.count)], values: kept.map { Double($0.epoch) }))
      recording.record(
        ResultArray(
          name: "\(prefix)visible_bias_layer_\(n)", longName: "visible biases of layer \(n), 0/1 units", unit: "1",
          dimensions: [("\(prefix)visible_\(n)", machine.visible)], values: machine.visibleBias.map(Double.init)))
      recording.record(
        ResultArray(
          name: "\(prefix)hidden_bias_layer_\(n)", longName: "hidden biases of layer \(n), 0/1 units", unit: "1",
          dimensions: [("\(prefix)hidden_\(n)", machine.hidden)], values: machine.hiddenBias.map(Double.init)))
    }
  }

  /// The first configuration of a batch on a square lattice, as +-1.
  func snapshot(_ name: String, _ spins: Configurations) -> ResultArray {
    let n = Int(Double(spins.sites.count).squareRoot())
    return ResultArray(
      name: name, longName: "one configuration", unit: "1", dimensions: [("\(name)_row", n), ("\(name)_column", n)],
      values: (0..<n * n).map { spins[0, $0] ? 1 : -1 })
  }

  /// The first coarse configuration, each site of the lattice showing the unit whose centre is nearest.
  func placedSnapshot(_ name: String, _ coarse: Configurations, layer: BoltzmannLayer<Float>) -> ResultArray {
    let centres = layer.centres, live = layer.fields.liveUnits, n = Float(size)
    var values: [Double] = []
    for site in 0..<sites {
      let here = SIMD2(Float(site / size), Float(site % size))
      var best = Float.infinity, unit = live[0]
      for u in live {
        var d = here - centres[u]
        d -= SIMD2((d.x / n).rounded() * n, (d.y / n).rounded() * n)
        let squared = (d * d).sum()
        if squared < best { (best, unit) = (squared, u) }
      }
      values.append(coarse[0, unit] ? 1 : -1)
    }
    return ResultArray(
      name: name, longName: "one coarse configuration, drawn at the units' centres", unit: "1",
      dimensions: [("\(name)_row", size), ("\(name)_column", size)], values: values)
  }
}
