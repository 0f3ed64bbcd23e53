import LatticeSystems
import RandomStreams
import Sampling

/// A lattice model under one move, as `lattice-sweep` drives it: chains go on from their words, and every `interval`
/// steps of the move a row of observables is taken. Types end here: inside `run` everything is specialised.
protocol LatticeSampler: Sendable {
  /// What a row holds: the common observables first (`CommonObservable`), then the model's and the move's own.
  var names: [String] { get }
  /// The words of chain `replica` at its start.
  func start(replica: Int, hot: Bool, from streams: KeyedStreams) -> [UInt64]
  /// Takes `measurements` rows, each after `interval` steps, and returns them row-major. `steps` counts the steps of the
  /// move since the start; nothing depends on how the rows are cut into calls.
  func run(
    _ words: inout [UInt64], replica: Int, steps: inout UInt64, measurements: Int, interval: Int, from streams: KeyedStreams
  ) -> [Double]
  /// The values of a configuration as a picture shows them: spins, colours, angles / 2 pi or fields.
  func picture(_ words: [UInt64]) -> [Double]
}

/// The observables that every model has, in the order of a row.
enum CommonObservable: Int, CaseIterable {
  /// E, conjugate to the coupling: the weight depends on K as exp(-K E).
  case energy
  /// |m|, m^2 and m^4 of the order parameter per site, and |m_k|^2 / N at the lowest wave vector, averaged over axes.
  case absMagnetization, squaredMagnetization, fourthMagnetization, lowestMode
}

/// A number that a move tells of its last step; rows hold its mean over the steps of their interval.
struct MoveObservable<Move>: Sendable {
  let name: String, value: @Sendable (Move) -> Double
}

/// Ising spins in two dimensions, packed or in checkerboard layout.
struct IsingSampler<Move: MarkovKernel>: LatticeSampler where Move.State: IsingSpins {
  let model: IsingModel, make: @Sendable () throws(LatticeError) -> Move, own: [MoveObservable<Move>]
  private let modes: LowestModes

  /// Chains of `model` under the move that `make` gives; throws what the move refuses.
  init(_ model: IsingModel, own: [MoveObservable<Move>] = [], _ make: @escaping @Sendable () throws(LatticeError) -> Move)
    throws(LatticeError)
  {
    _ = try make()
    _ = try Move.State(IsingConfiguration(cold: model.lattice, replica: 0))
    (self.model, self.make, self.own) = (model, make, own)
    modes = LowestModes(shape: model.lattice.shape)
  }
  var names: [String] { ["magnetization"] + own.map(\.name) }

  func start(replica: Int, hot: Bool, from streams: KeyedStreams) -> [UInt64] {
    hot
      ? IsingConfiguration(hot: model.lattice, replica: replica, from: streams).spins
      : IsingConfiguration(cold: model.lattice, replica: replica).spins
  }
  func run(
    _ words: inout [UInt64], replica: Int, steps: inout UInt64, measurements: Int, interval: Int, from streams: KeyedStreams
  ) -> [Double] {
    // What `init` has made once cannot be refused now.
    guard var move = try? make(), var state = try? Move.State(IsingConfiguration(model.lattice, spins: words, replica: replica)) else {
      preconditionFailure("a move that was possible before")
    }
    let sites = Double(model.lattice.sites)
    var rows: [Double] = []
    for _ in 0..<measurements {
      var sums = [Double](repeating: 0, count: own.count)
      for _ in 0..<interval {
        move.step(&state, at: steps, from: streams)
        steps += 1
        for k in own.indices { sums[k] += own[k].value(move) }
      }
      rows += isingRow(state, of: model, sites: sites, modes: modes)
      for sum in sums { rows.append(sum / Double(interval)) }
    }
    words = state.packed.spins
    return rows
  }
  func picture(_ words: [UInt64]) -> [Double] {
    (0..<model.lattice.sites).map { words[$0 >> 6] >> UInt64($0 & 63) & 1 == 1 ? 1 : -1 }
  }
}

/// The row of Ising spins on a square lattice: the common observables and the magnetization with its sign.
func isingRow(_ spins: some IsingSpins, of model: IsingModel, sites: Double, modes: LowestModes) -> [Double] {
  let m = Double(spins.magnetization(of: model)) / sites
  return [Double(spins.energy(of: model)), abs(m), m * m, (m * m) * (m * m), modes.weight(spins, of: model), m]
}

/// Any other model, a value a site.
struct FieldSampler<Model: LatticeModel, Move: MarkovKernel>: LatticeSampler where Move.State == LatticeConfiguration<Model.Value> {
  let model: Model, make: @Sendable () throws(LatticeError) -> Move, own: [MoveObservable<Move>]
  let measure: FieldMeasurement<Model>

  /// Chains of `model` under the move that `make` gives; throws what the move refuses.
  init(
    _ model: Model, _ measure: FieldMeasurement<Model>, own: [MoveObservable<Move>] = [],
    _ make: @escaping @Sendable () throws(LatticeError) -> Move
  ) throws(LatticeError) {
    _ = try make()
    (self.model, self.make, self.own, self.measure) = (model, make, own, measure)
  }
  var names: [String] { measure.names + own.map(\.name) }

  func start(replica: Int, hot: Bool, from streams: KeyedStreams) -> [UInt64] {
    (hot
      ? LatticeConfiguration(hot: model, replica: replica, from: streams) : LatticeConfiguration(cold: model, replica: replica)).words
  }
  func run(
    _ words: inout [UInt64], replica: Int, steps: inout UInt64, measurements: Int, interval: Int, from streams: KeyedStreams
  ) -> [Double] {
    guard var move = try? make() else { preconditionFailure("a move that was possible before") }
    var state = LatticeConfiguration<Model.Value>(model.lattice, words: words, replica: replica)
    var rows: [Double] = []
    for _ in 0..<measurements {
      var sums = [Double](repeating: 0, count: own.count)
      for _ in 0..<interval {
        move.step(&state, at: steps, from: streams)
        steps += 1
        for k in own.indices { sums[k] += own[k].value(move) }
      }
      rows += measure.row(model, state.values)
      for sum in sums { rows.append(sum / Double(interval)) }
    }
    words = state.words
    return rows
  }
  func picture(_ words: [UInt64]) -> [Double] {
    LatticeConfiguration<Model.Value>(model.lattice, words: words, replica: 0).values.map(measure.shade)
  }
}

/// What is measured on a configuration of a model, and how a site is drawn.
struct FieldMeasurement<Model: LatticeModel>: Sendable {
  /// The names of what follows the common observables.
  let names: [String]
  /// The row of a configuration.
  let row: @Sendable (Model, [Model.Value]) -> [Double]
  /// A site's value as a number.
  let shade: @Sendable (Model.Value) -> Double
}
