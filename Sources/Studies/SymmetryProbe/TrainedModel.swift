import Archives
import BoltzmannMachines
import LinearAlgebra
import Runtime
import Sampling

/// A trained stack of layers read from the folder of a finished run: features of spins whose symmetry can be probed.
///
/// The one place where another kind of trained model is plugged in: a case of `read` that fills the layers.
struct TrainedModel: Sendable {
  /// A layer at one epoch of its training: p = sigma(input W + b), the layers below being those of the end.
  struct Snapshot: Sendable {
    let epoch: Int
    /// W, `[inputs, outputs]`, row-major; b, `[outputs]`.
    let weights: [Float], bias: [Float]
  }
  struct Layer: Sendable {
    let inputs: Int, outputs: Int
    /// By epoch; the last one is the trained layer.
    let snapshots: [Snapshot]
  }

  /// The study that trained it, and the digest of that run.
  let study: String, digest: String
  /// What the spins are: configurations of the Ising model on a square torus.
  let size: Int, coupling: Double
  /// From the spins upwards.
  let layers: [Layer]

  /// The model that the run in `path` has trained.
  /// - Throws: `data` with what is wrong: no run, not finished, or a study that trains nothing to be probed here.
  static func read(_ path: String) throws(StudyError) -> TrainedModel {
    let folder = RunFolder(path)
    func refuse(_ what: String) -> StudyError { .data(file: folder.path, what: what) }
    guard FileAccess.exists(folder.path) else { throw refuse("no such folder") }
    let identity: (study: String, digest: String)?
    do throws(FileFault) { identity = try folder.identity() } catch { throw refuse(error.description) }
    guard let identity else { throw refuse("it is not the folder of a run") }
    switch identity.study {
    case DeepRenormalization.name: return try boltzmannStack(folder, digest: identity.digest)
    default: throw refuse("the study \(identity.study) trains no model that can be probed: a run of \(DeepRenormalization.name) is needed")
    }
  }

  /// The stack of Boltzmann machines of a `deep-renormalization` run. Of earlier epochs the run keeps the weights; their
  /// hidden fields in centred form stay near zero under the spin flip, and those of the end stand for them.
  private static func boltzmannStack(_ folder: RunFolder, digest: String) throws(StudyError) -> TrainedModel {
    func refuse(_ what: String) -> StudyError { .data(file: folder.path, what: what) }
    guard FileAccess.exists(folder.results), FileAccess.exists(folder.resultsArchive) else {
      throw refuse("the run is not complete, so it holds no trained model yet (renorm status tells how far it is)")
    }
    let values: ParameterValues
    do throws(StudyFileError) {
      values = try StudyFile.resolve(path: folder.resolvedStudy, catalogue: [StudyDescription(DeepRenormalization.self)]).values
    } catch { throw .data(file: folder.resolvedStudy, what: error.description) }
    var layers: [Layer] = []
    do throws(ArchiveError) {
      let archive = try HDF5Reader(path: folder.resultsArchive)
      while archive.contains("weights_layer_\(layers.count + 1)") { layers.append(try layer(layers.count + 1, archive)) }
    } catch { throw .data(file: folder.resultsArchive, what: error.description) }
    guard !layers.isEmpty else { throw refuse("its results hold no trained layer (did the stack's unit fail?)") }
    return TrainedModel(
      study: DeepRenormalization.name, digest: digest, size: values.integer("lattice.size"), coupling: values.real("lattice.coupling"),
      layers: layers)
  }

  private static func layer(_ number: Int, _ archive: borrowing HDF5Reader) throws(ArchiveError) -> Layer {
    let (weights, shape) = try archive.read(Double.self, at: "weights_layer_\(number)") as (values: [Double], shape: [Int])
    guard shape.count == 3, shape[0] > 0 else { throw .shape(path: "weights_layer_\(number)", expected: [1, 1, 1], found: shape) }
    let (count, inputs, outputs) = (shape[0], shape[1], shape[2])
    let epochs = try archive.read(Double.self, count: count, at: "kept_\(number)")
    let bias = try archive.read(Double.self, count: outputs, at: "hidden_bias_layer_\(number)")
    /// W^T 1 / 2 of an epoch.
    func centre(_ kept: Int) -> [Double] {
      var sums = [Double](repeating: 0, count: outputs)
      for i in 0..<inputs { for j in 0..<outputs { sums[j] += weights[(kept * inputs + i) * outputs + j] / 2 } }
      return sums
    }
    let field = zip(bias, centre(count - 1)).map { $0 + $1 }
    let snapshots = (0..<count).map { kept in
      Snapshot(
        epoch: Int(epochs[kept]), weights: weights[kept * inputs * outputs..<(kept + 1) * inputs * outputs].map { Float($0) },
        bias: zip(field, centre(kept)).map { Float($0 - $1) })
    }
    return Layer(inputs: inputs, outputs: outputs, snapshots: snapshots)
  }
}

/// A layer's units as functions of spins: means passed upwards from the packed bits.
struct LayerFeatures: Sendable {
  private let first: BoltzmannConditionals<Float>
  private let upper: [(inputs: Int, outputs: Int, weights: [Float], bias: [Float])]
  /// How many units there are.
  let count: Int

  /// Layer `layer` (from 0) at one of its snapshots, over the trained layers below.
  init(_ model: TrainedModel, layer: Int, snapshot: Int) {
    func chosen(_ index: Int) -> TrainedModel.Snapshot {
      let layer = model.layers[index]
      return layer.snapshots[index == layerIndex ? snapshot : layer.snapshots.count - 1]
    }
    let layerIndex = layer
    let bottom = model.layers[0], start = chosen(0)
    first = BoltzmannConditionals(
      RestrictedBoltzmannMachine(
        units: .zeroOne, visible: bottom.inputs, hidden: bottom.outputs, weights: start.weights,
        visibleBias: [Float](repeating: 0, count: bottom.inputs), hiddenBias: start.bias))
    upper = (1..<max(1, layer + 1)).map { index in
      (model.layers[index].inputs, model.layers[index].outputs, chosen(index).weights, chosen(index).bias)
    }
    count = model.layers[layer].outputs
  }

  /// `[configurations, units]`, row-major.
  func values(_ spins: Configurations) -> [Float] {
    var values = first.probabilities(of: .hidden, given: spins)
    for layer in upper {
      var fields: [Float] = []
      fields.reserveCapacity(spins.count * layer.outputs)
      for _ in 0..<spins.count { fields += layer.bias }
      Linear.multiply(values, layer.weights, rows: spins.count, inner: layer.inputs, columns: layer.outputs, beta: 1, into: &fields)
      values = fields.map { Float(Elementwise.sigmoid(Double($0))) }
    }
    return values
  }
}
