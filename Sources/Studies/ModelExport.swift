import Archives
import BoltzmannMachines
import NeuralNetworks
public import Runtime

/// Trained models as files: HDF5 as the studies write them, ONNX for other programs.
public enum ModelExport {
  /// The HDF5 file of a network, below `network`, and of those that it was at earlier epochs, below `kept0`, `kept1`, ...; each
  /// with its `epoch`; see `Network.save`.
  static func file(
    _ last: Classifier.KeptNetwork, kept: [Classifier.KeptNetwork], name: String
  ) throws(ArchiveError) -> ModelFile {
    var writer = try HDF5Writer(path: name)
    try last.save(to: &writer, at: "network")
    for (place, network) in kept.enumerated() { try network.save(to: &writer, at: "kept\(place)") }
    return ModelFile(name: name, bytes: try writer.image())
  }

  /// The HDF5 file of a network alone, below `network`.
  static func file(_ network: Network<Float>, name: String) throws(ArchiveError) -> ModelFile {
    var writer = try HDF5Writer(path: name)
    try network.save(to: &writer, at: "network")
    return ModelFile(name: name, bytes: try writer.image())
  }

  /// The HDF5 file of Boltzmann machines, bottom first: `machine0`, `machine1`, ...; see `RestrictedBoltzmannMachine.save`. Of a deep
  /// machine `pixels` visible units are those of the data, which stand first; the others are its second hidden layer.
  static func file(_ machines: [RestrictedBoltzmannMachine<Float>], pixels: Int? = nil, name: String) throws(ArchiveError) -> ModelFile {
    var writer = try HDF5Writer(path: name)
    if let pixels { try writer.write(pixels, at: "pixels") }
    for (layer, machine) in machines.enumerated() { try machine.save(to: &writer, at: "machine\(layer)") }
    return ModelFile(name: name, bytes: try writer.image())
  }

  /// The HDF5 file of a machine with real visible units, below `gaussian`; see `GaussianBoltzmannMachine.save`.
  static func file(_ machine: GaussianBoltzmannMachine, name: String) throws(ArchiveError) -> ModelFile {
    var writer = try HDF5Writer(path: name)
    try machine.save(to: &writer, at: "gaussian")
    return ModelFile(name: name, bytes: try writer.image())
  }

  /// The network of a file that `file` gave.
  static func network(_ path: String) throws(StudyError) -> Network<Float> {
    do throws(ArchiveError) {
      let archive = try Checksums.archive(of: path) { (reader, taken) throws(ArchiveError) in
        try Network<Float>(from: reader, at: "network").save(to: &taken, at: "network")
      }
      let network = try Network<Float>(from: archive, at: "network")
      guard network.parameters.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
        throw .damaged(file: path, reason: "some of its weights are not finite")
      }
      return network
    } catch { throw refused(path, error) }
  }

  /// All networks of a file that `file` gave, by epoch; the trained one last.
  static func snapshots(_ path: String) throws(StudyError) -> [Classifier.KeptNetwork] {
    func all(_ archive: borrowing some ArchiveReader & ~Copyable) throws(ArchiveError) -> [Classifier.KeptNetwork] {
      var found: [Classifier.KeptNetwork] = []
      while archive.contains("kept\(found.count)/epoch") {
        found.append(try Classifier.KeptNetwork(from: archive, at: "kept\(found.count)"))
      }
      return found + [try Classifier.KeptNetwork(from: archive, at: "network")]
    }
    do throws(ArchiveError) {
      return try all(
        try Checksums.archive(of: path) { (reader, taken) throws(ArchiveError) in
          let found = try all(reader)
          for (place, network) in found.enumerated() {
            try network.save(to: &taken, at: place == found.count - 1 ? "network" : "kept\(place)")
          }
        })
    } catch { throw refused(path, error) }
  }

  /// The Boltzmann machines of a file that `file` gave, bottom first.
  static func machines(_ path: String) throws(StudyError) -> [RestrictedBoltzmannMachine<Float>] {
    func all(_ archive: borrowing some ArchiveReader & ~Copyable) throws(ArchiveError) -> [RestrictedBoltzmannMachine<Float>] {
      var found: [RestrictedBoltzmannMachine<Float>] = []
      repeat {
        found.append(try RestrictedBoltzmannMachine(from: archive, at: "machine\(found.count)"))
      } while archive.contains("machine\(found.count)/version")
      guard zip(found, found.dropFirst()).allSatisfy({ $0.hidden == $1.visible }) else {
        throw .damaged(file: path, reason: "its machines do not stand on each other")
      }
      return found
    }
    do throws(ArchiveError) {
      return try all(
        try Checksums.archive(of: path) { (reader, taken) throws(ArchiveError) in
          for (layer, machine) in try all(reader).enumerated() { try machine.save(to: &taken, at: "machine\(layer)") }
        })
    } catch { throw refused(path, error) }
  }

  /// The machine with real visible units of a file that `file` gave.
  static func gaussian(_ path: String) throws(StudyError) -> GaussianBoltzmannMachine {
    do throws(ArchiveError) {
      let archive = try Checksums.archive(of: path) { (reader, taken) throws(ArchiveError) in
        try GaussianBoltzmannMachine(from: reader, at: "gaussian").save(to: &taken, at: "gaussian")
      }
      return try GaussianBoltzmannMachine(from: archive, at: "gaussian")
    } catch { throw refused(path, error) }
  }

  /// What is wrong with a file.
  static func refused(_ path: String, _ error: ArchiveError) -> StudyError {
    switch error {
    case .inputOutput(_, let reason): .data(file: path, what: reason)
    case .damaged(_, let reason): .data(file: path, what: "it is damaged: \(reason)")
    default: .data(file: path, what: error.description)
    }
  }

  /// The ONNX bytes of a model's HDF5 file: a network, or the conditional laws of Boltzmann machines going up.
  public static func onnx(_ path: String, name: String) throws(StudyError) -> [UInt8] {
    let kinds: MemoryArchive
    do throws(ArchiveError) {
      kinds = try Checksums.archive(of: path) { (reader, taken) throws(ArchiveError) in
        for kind in ["network", "gaussian"] where reader.contains(kind + "/version") { try taken.write(1, at: kind) }
        if reader.contains("pixels") { try taken.write(1, at: "pixels") }
      }
    } catch { throw refused(path, error) }
    if kinds.contains("network") { return try network(path).onnx(name: name).bytes }
    guard kinds.contains("gaussian") else {
      return hiddenLaw(try machines(path), name: name, input: kinds.contains("pixels") ? "pixels_and_second_layer" : "visible").bytes
    }
    // To its hidden units a machine with real visible units is one of weights W / sigma.
    let machine = try gaussian(path)
    let weights = machine.weights.enumerated().map { Float($1 / machine.deviations[$0 / machine.hidden]) }
    let same = RestrictedBoltzmannMachine(
      units: .zeroOne, visible: machine.visible, hidden: machine.hidden, weights: weights,
      visibleBias: [Float](repeating: 0, count: machine.visible), hiddenBias: machine.hiddenBias.map { Float($0) })
    return hiddenLaw([same], name: name).bytes
  }

  /// `input`, `[samples, units]` in the machine's own values; output "hidden<l>": P(unit is high) of layer l, from the
  /// means of the layer below: sigma(g (b + vW)), g = 1 for 0/1 units and 2 for +-1 units.
  static func hiddenLaw(_ machines: [RestrictedBoltzmannMachine<Float>], name: String, input: String = "visible") -> ONNXModel {
    var model = ONNXModel(name: name), value = input
    model.input(input, shape: [machines[0].visible])
    for (layer, machine) in machines.enumerated() {
      let here = "hidden\(layer + 1)", isSign = machine.units == .plusMinusOne, gain: Float = isSign ? 2 : 1
      model.constant(here + "/weights", machine.weights.map { gain * $0 }, shape: [machine.visible, machine.hidden])
      model.constant(here + "/bias", machine.hiddenBias.map { gain * $0 }, shape: [machine.hidden])
      model.add("Gemm", [value, here + "/weights", here + "/bias"], to: here + "/field")
      model.add("Sigmoid", [here + "/field"], to: here)
      model.output(here, shape: [machine.hidden])
      value = here
      if isSign, layer + 1 < machines.count {
        // From probabilities of +1 to means.
        model.constant(here + "/two", [2], shape: [1])
        model.constant(here + "/one", [1], shape: [1])
        model.add("Mul", [here, here + "/two"], to: here + "/twice")
        model.add("Sub", [here + "/twice", here + "/one"], to: here + "/mean")
        value = here + "/mean"
      }
    }
    return model
  }
}
