public import BoltzmannMachines
internal import Glibc
public import LinearAlgebra
public import RandomStreams
public import Sampling

/// The hidden layer of a Boltzmann machine as a coarse graining: v -> h drawn from p(h | v), or the most probable h.
///
/// Each hidden unit is placed at the centre of its effective receptive field (the column of W1 W2 ... Wl) and oriented
/// by the sign of that field's sum: units of negative sum are flipped, else the magnetisation of the coarse spins would
/// cancel. A layer above another expects the oriented spins which that one gives, and turns them back itself.
public struct BoltzmannLayer<Scalar: DenseScalar>: CoarseGraining {
  /// How a hidden state is chosen.
  public enum Choice: String, Sendable, CaseIterable {
    /// Each unit is set with its probability given v.
    case sampled
    /// Each unit takes its likelier value; a keyed fair coin where both are equally likely.
    case mostProbable
  }
  /// The machine, as it was trained.
  public let machine: RestrictedBoltzmannMachine<Scalar>
  /// How hidden states are chosen.
  public let choice: Choice
  /// The lattice below the lowest layer.
  public let shape: [Int]
  /// W1 W2 ... Wl of the machines as they were trained, `[sites, hidden]`, row-major.
  public let effectiveWeights: [Double]
  /// The statistics of the effective fields, and which units are live.
  public let fields: ReceptiveFieldsOfLayer
  /// Which units are flipped.
  public let flipped: [Bool]
  /// Which bits of a row are turned on the way in and on the way out.
  private let inputMask: [UInt64], outputMask: [UInt64]
  private let conditionals: BoltzmannConditionals<Scalar>

  /// The first layer: `machine.visible` units are the sites of the row-major `shape`.
  public init(
    _ machine: RestrictedBoltzmannMachine<Scalar>, on shape: [Int], choice: Choice = .sampled, deadBelow: Double = 0.1
  ) throws(CoarseGrainingError) {
    let sites = shape.reduce(1, *)
    guard sites == machine.visible else { throw .sizeMismatch(expected: machine.visible, found: sites) }
    self.init(
      machine, shape, machine.weights.map { Double($0) }, choice, deadBelow,
      inputMask: [UInt64](repeating: 0, count: (sites + 63) / 64))
  }

  /// A layer whose visible units are the hidden units of `below`.
  ///
  /// `trainedOnOriented`: whether the machine was trained on the oriented spins that `below` gives, rather than on the
  /// states of its machine's own hidden units.
  public init(
    _ machine: RestrictedBoltzmannMachine<Scalar>, above below: BoltzmannLayer, trainedOnOriented: Bool = false,
    choice: Choice = .sampled, deadBelow: Double = 0.1
  ) throws(CoarseGrainingError) {
    guard below.machine.hidden == machine.visible else {
      throw .sizeMismatch(expected: machine.visible, found: below.machine.hidden)
    }
    let sites = below.shape.reduce(1, *), middle = machine.visible, hidden = machine.hidden
    var product = [Double](repeating: 0, count: sites * hidden)
    for s in 0..<sites {
      for m in 0..<middle {
        let w = below.effectiveWeights[s * middle + m] * (trainedOnOriented && below.flipped[m] ? -1 : 1)
        for h in 0..<hidden { product[s * hidden + h] += w * Double(machine.weights[m * hidden + h]) }
      }
    }
    self.init(
      machine, below.shape, product, choice, deadBelow,
      inputMask: trainedOnOriented ? below.outputMask.map { _ in 0 } : below.outputMask)
  }

  private init(
    _ machine: RestrictedBoltzmannMachine<Scalar>, _ shape: [Int], _ effective: [Double], _ choice: Choice,
    _ deadBelow: Double, inputMask: [UInt64]
  ) {
    self.machine = machine
    self.choice = choice
    self.shape = shape
    self.inputMask = inputMask
    effectiveWeights = effective
    fields = ReceptiveFieldsOfLayer(
      effective: effective, own: machine.weights.map { Double($0) }, units: machine.hidden, shape: shape,
      deadBelow: deadBelow)
    flipped = fields.fields.map { ($0?.sum ?? 0) < 0 }
    var mask = [UInt64](repeating: 0, count: (machine.hidden + 63) / 64)
    for (unit, flip) in flipped.enumerated() where flip { mask[unit / 64] |= 1 << UInt64(unit % 64) }
    outputMask = mask
    conditionals = BoltzmannConditionals(machine)
  }

  /// (visible units / hidden units)^(1/d), d the dimension of the lattice.
  public var scaleFactor: Double {
    pow(Double(machine.visible) / Double(machine.hidden), 1 / Double(shape.count))
  }

  /// Where the hidden units are: placed at their centres on lattices of one or two dimensions (a unit without weights at
  /// the origin; it is not live), unplaced beyond.
  public var sites: Configurations.Sites {
    guard shape.count <= 2 else { return .unplaced(machine.hidden) }
    return .placed(centres, on: shape)
  }
  /// The centre of each unit's field along the lattice's axes (second coordinate 0 on a ring).
  public var centres: [SIMD2<Float>] {
    fields.fields.map { field in
      guard let c = field?.centre, !c.isEmpty else { return SIMD2(0, 0) }
      return SIMD2(Float(c[0]), c.count > 1 ? Float(c[1]) : 0)
    }
  }

  /// - Throws: `sizeMismatch` when the fine configurations are not of the machine's visible units.
  public func coarsen(
    _ fine: Configurations, firstSample: Int, from streams: some Streams
  ) throws(CoarseGrainingError) -> Configurations {
    guard fine.sites.count == machine.visible else {
      throw .sizeMismatch(expected: machine.visible, found: fine.sites.count)
    }
    var inputs = fine
    turn(&inputs, inputMask)
    var coarse =
      choice == .sampled
      ? conditionals.sample(.hidden, given: inputs, sites: sites, firstRow: firstSample, step: 0, from: streams)
      : mostProbable(given: inputs, firstSample: firstSample, from: streams)
    turn(&coarse, outputMask)
    return coarse
  }

  private func mostProbable(given inputs: Configurations, firstSample: Int, from streams: some Streams) -> Configurations {
    var coarse = Configurations(count: inputs.count, sites: sites)
    // Bounded memory: the probabilities of 512 rows at a time; no row's value depends on the others.
    for first in stride(from: 0, to: inputs.count, by: 512) {
      let rows = first..<min(first + 512, inputs.count)
      let probabilities = conditionals.probabilities(of: .hidden, given: inputs.slice(rows))
      for row in rows {
        var choices = streams.generator(replica: firstSample + row, step: 0, site: 0, purpose: .hidden)
        let base = (row - first) * machine.hidden
        for unit in 0..<machine.hidden {
          let p = probabilities[base + unit]
          if p == 0.5 ? choices.bernoulli(0.5) : p > 0.5 { coarse[row, unit] = true }
        }
      }
    }
    return coarse
  }

  private func turn(_ configurations: inout Configurations, _ mask: [UInt64]) {
    guard mask.contains(where: { $0 != 0 }) else { return }
    for index in configurations.words.indices { configurations.words[index] ^= mask[index % mask.count] }
  }
}
