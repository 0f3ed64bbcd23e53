import Archives
import BoltzmannMachines
import LatticeSystems
import LinearAlgebra
import RandomStreams
import Runtime
import Sampling
import SymmetryGroups

/// The stack of Boltzmann machines of a `deep-renormalization` run, its units as functions of spins.
struct TrainedStack: ProbedModel {
  /// A layer at one epoch of its training: p = sigma(input W + b), the layers below being those of the end.
  struct Snapshot: Sendable {
    let epoch: Int
    /// W, `[inputs, outputs]`, row-major; b, `[outputs]`.
    let weights: [Float], bias: [Float]
  }
  struct Machine: Sendable {
    let inputs: Int, outputs: Int
    /// By epoch; the last one is the trained layer.
    let snapshots: [Snapshot]
  }

  let study = DeepRenormalization.name, digest: String
  /// The spins are configurations of the Ising model on a square torus.
  private let size: Int, coupling: Double
  /// From the spins upwards.
  let machines: [Machine]

  var rows: Int { size }
  var columns: Int { size }
  var site: String { "spin" }
  var limit: Int? { nil }
  var words: String {
    let shape = ([size * size] + machines.map(\.outputs)).map(String.init).joined(separator: "-")
    let early = machines.contains { $0.snapshots.count > 1 }
    return "a stack \(shape) trained by \(study) (digest \(digest)) on the \(size) x \(size) Ising model at K = \(coupling)"
      + (early ? ", before the end of training with the weights of the epoch and the centred hidden fields of the end" : "")
  }
  var layers: [ProbedLayer] {
    machines.map { ProbedLayer(units: $0.outputs, epochs: $0.snapshots.map(\.epoch)) }
  }
  func operations(upTo layer: Int) -> Double { 2 * machines[...layer].reduce(0) { $0 + Double($1.inputs * $1.outputs) } }

  /// From the folder of a finished run. Of earlier epochs the run keeps the weights; their hidden fields in centred form stay
  /// near zero under the spin flip, and those of the end stand for them.
  init(_ folder: RunFolder, digest: String, parameters: ParameterValues) throws(StudyError) {
    var machines: [Machine] = []
    do throws(ArchiveError) {
      let archive = try Checksums.archive(of: folder.resultsArchive) { (reader, taken) throws(ArchiveError) in
        var number = 1
        while reader.contains("weights_layer_\(number)") {
          for name in ["weights_layer_\(number)", "kept_\(number)", "hidden_bias_layer_\(number)"] {
            let (values, shape) = try reader.read(Double.self, at: name) as (values: [Double], shape: [Int])
            try taken.write(values, shape: shape, at: name)
          }
          number += 1
        }
      }
      while archive.contains("weights_layer_\(machines.count + 1)") { machines.append(try Self.machine(machines.count + 1, archive)) }
    } catch { throw ModelExport.refused(folder.resultsArchive, error) }
    guard !machines.isEmpty else {
      throw .data(file: folder.path, what: "its results hold no trained layer (did the stack's unit fail?)")
    }
    guard zip(machines, machines.dropFirst()).allSatisfy({ $0.outputs == $1.inputs }) else {
      throw .data(file: folder.resultsArchive, what: "its layers do not stand on each other")
    }
    self.digest = digest
    size = parameters.integer("lattice.size")
    coupling = parameters.real("lattice.coupling")
    self.machines = machines
    guard machines[0].inputs == size * size else {
      throw .data(file: folder.path, what: "the first layer sees \(machines[0].inputs) points, the lattice has \(size * size) sites")
    }
  }

  private static func machine(_ number: Int, _ archive: MemoryArchive) throws(ArchiveError) -> Machine {
    let (weights, shape) = try archive.read(Double.self, at: "weights_layer_\(number)") as (values: [Double], shape: [Int])
    guard shape.count == 3, shape[0] > 0 else { throw .shape(path: "weights_layer_\(number)", expected: [1, 1, 1], found: shape) }
    let (count, inputs, outputs) = (shape[0], shape[1], shape[2])
    let epochs = try archive.read(Double.self, count: count, at: "kept_\(number)")
    guard epochs.allSatisfy({ $0 >= 0 && $0 < 1e15 }) else { throw .damaged(file: "kept_\(number)", reason: "\(epochs) are no epochs") }
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
    return Machine(inputs: inputs, outputs: outputs, snapshots: snapshots)
  }

  func features(
    of unit: SymmetryProbe.Unit, samples: Int, warmUp: Int, from source: KeyedStreams
  ) throws(StudyError) -> ProbedFeatures {
    let couplings = [Double](repeating: coupling, count: samples)
    let spins = try IsingSamples.drawn(size: size, couplings: couplings, warmUp: warmUp, from: source)
    let block = [0, 1, size, size + 1]
    switch unit {
    case .references:
      return { permutation in
        let spins = spins.moved(by: permutation)
        return (0..<spins.count).flatMap { row in
          [spins[row, 0] ? 1 : -1, block.reduce(0.0) { $0 + (spins[row, $1] ? 0.25 : -0.25) }]
        }
      }
    case .layer(let index, let snapshot):
      let layer = LayerFeatures(self, layer: index, snapshot: snapshot)
      return { layer.values(spins.moved(by: $0)).map(Double.init) }
    }
  }
}

/// Configurations of the Ising model to be probed with.
enum IsingSamples {
  /// One configuration from each of as many independent chains as there are couplings, by Swendsen-Wang.
  static func drawn(size: Int, couplings: [Double], warmUp: Int, from source: KeyedStreams) throws(StudyError) -> Configurations {
    do throws(LatticeError) {
      let lattice = try SquareLattice(size: size)
      var words: [UInt64] = []
      for (chain, coupling) in couplings.enumerated() {
        var kernel = try SwendsenWang(IsingModel(lattice, coupling: coupling))
        var configuration = IsingConfiguration(hot: lattice, replica: chain, from: source)
        for sweep in 0..<warmUp { kernel.step(&configuration, at: UInt64(sweep), from: source) }
        words += configuration.spins
      }
      return Configurations(count: couplings.count, sites: .lattice([size, size]), words: words)
    } catch { throw .unitFailed("the samples: \(error)") }
  }
}

extension Configurations {
  /// Every spin at the image of its site; nil moves none.
  fileprivate func moved(by permutation: Permutation?) -> Configurations {
    guard let permutation else { return self }
    var result = Configurations(count: count, sites: sites)
    for row in 0..<count {
      for w in 0..<wordsPerConfiguration {
        var rest = words[row &* wordsPerConfiguration &+ w]
        while rest != 0 {
          let target = permutation[w &* 64 &+ rest.trailingZeroBitCount]
          result.words[row &* wordsPerConfiguration &+ target &>> 6] |= 1 &<< UInt64(target & 63)
          rest &= rest &- 1
        }
      }
    }
    return result
  }
}

/// A layer's units as functions of spins: means passed upwards from the packed bits.
private struct LayerFeatures: Sendable {
  private let first: BoltzmannConditionals<Float>
  private let upper: [(inputs: Int, outputs: Int, weights: [Float], bias: [Float])]
  /// Layer `layer` (from 0) at one of its snapshots, over the trained layers below.
  init(_ model: TrainedStack, layer: Int, snapshot: Int) {
    func chosen(_ index: Int) -> TrainedStack.Snapshot {
      let layer = model.machines[index]
      return layer.snapshots[index == layerIndex ? snapshot : layer.snapshots.count - 1]
    }
    let layerIndex = layer
    let bottom = model.machines[0], start = chosen(0)
    first = BoltzmannConditionals(
      RestrictedBoltzmannMachine(
        units: .zeroOne, visible: bottom.inputs, hidden: bottom.outputs, weights: start.weights,
        visibleBias: [Float](repeating: 0, count: bottom.inputs), hiddenBias: start.bias))
    upper = (1..<max(1, layer + 1)).map { index in
      (model.machines[index].inputs, model.machines[index].outputs, chosen(index).weights, chosen(index).bias)
    }
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
