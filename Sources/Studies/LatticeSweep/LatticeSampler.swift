import LatticeSystems
import RandomStreams
import Sampling

/// A lattice model under one move, as `lattice-sweep` drives it: chains go on from their words, and every `interval`
/// steps of the move a row of observables is taken.
///
/// The types of model and move end in the closures: they are made by generic functions that are called with concrete types
/// and so specialised. A protocol's witness of a generic type would not be, and ran ten times slower.
struct LatticeSampler: Sendable {
  /// What a row holds after the common observables (`CommonObservable`): the model's and the move's own.
  let names: [String]
  /// The words of chain `replica` at its start, hot or cold.
  let start: @Sendable (_ replica: Int, _ hot: Bool, _ streams: KeyedStreams) -> [UInt64]
  /// Takes `measurements` rows, each after `interval` steps, and returns them row-major. `steps` counts the steps of the
  /// move since the start; nothing depends on how the rows are cut into calls.
  let run:
    @Sendable (
      _ words: inout [UInt64], _ replica: Int, _ steps: inout UInt64, _ measurements: Int, _ interval: Int, _ streams: KeyedStreams
    ) -> [Double]
  /// The values of a configuration as a picture shows them: spins, colours, angles / 2 pi or fields.
  let picture: @Sendable (_ words: [UInt64]) -> [Double]
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

extension LatticeSampler {
  /// Ising spins in two dimensions, packed or in checkerboard layout, under the move that `make` gives; throws what the move
  /// refuses.
  static func ising<Move: MarkovKernel>(
    _ model: IsingModel, own: [MoveObservable<Move>] = [], _ make: @escaping @Sendable () throws(LatticeError) -> Move
  ) throws(LatticeError) -> LatticeSampler where Move.State: IsingSpins {
    _ = try make()
    _ = try Move.State(IsingConfiguration(cold: model.lattice, replica: 0))
    let modes = LowestModes(shape: model.lattice.shape), sites = Double(model.lattice.sites)
    return LatticeSampler(names: ["magnetization"] + own.map(\.name)) { replica, hot, streams in
      hot
        ? IsingConfiguration(hot: model.lattice, replica: replica, from: streams).spins
        : IsingConfiguration(cold: model.lattice, replica: replica).spins
    } run: { words, replica, steps, measurements, interval, streams in
      // What has been made once cannot be refused now.
      guard var move = try? make(), var state = try? Move.State(IsingConfiguration(model.lattice, spins: words, replica: replica)) else {
        preconditionFailure("a move that was possible before")
      }
      var rows: [Double] = []
      for _ in 0..<measurements {
        let sums = advance(&state, with: &move, steps: &steps, count: interval, own: own, from: streams)
        rows += isingRow(state, of: model, sites: sites, modes: modes)
        for sum in sums { rows.append(sum / Double(interval)) }
      }
      words = state.packed.spins
      return rows
    } picture: { words in
      (0..<model.lattice.sites).map { words[$0 >> 6] >> UInt64($0 & 63) & 1 == 1 ? 1 : -1 }
    }
  }

  /// Any other model, a value a site, under the move that `make` gives; throws what the move refuses.
  static func field<Model: LatticeModel, Move: MarkovKernel>(
    _ model: Model, _ measure: FieldMeasurement<Model>, own: [MoveObservable<Move>] = [],
    _ make: @escaping @Sendable () throws(LatticeError) -> Move
  ) throws(LatticeError) -> LatticeSampler where Move.State == LatticeConfiguration<Model.Value> {
    _ = try make()
    return LatticeSampler(names: measure.names + own.map(\.name)) { replica, hot, streams in
      (hot
        ? LatticeConfiguration(hot: model, replica: replica, from: streams) : LatticeConfiguration(cold: model, replica: replica)).words
    } run: { words, replica, steps, measurements, interval, streams in
      guard var move = try? make() else { preconditionFailure("a move that was possible before") }
      var state = LatticeConfiguration<Model.Value>(model.lattice, words: words, replica: replica)
      var rows: [Double] = []
      for _ in 0..<measurements {
        let sums = advance(&state, with: &move, steps: &steps, count: interval, own: own, from: streams)
        rows += measure.row(model, state.values)
        for sum in sums { rows.append(sum / Double(interval)) }
      }
      words = state.words
      return rows
    } picture: { words in
      LatticeConfiguration<Model.Value>(model.lattice, words: words, replica: 0).values.map(measure.shade)
    }
  }

  /// Takes `count` steps; returns the sums of what the move tells of each.
  private static func advance<Move: MarkovKernel>(
    _ state: inout Move.State, with move: inout Move, steps: inout UInt64, count: Int, own: [MoveObservable<Move>],
    from streams: KeyedStreams
  ) -> [Double] {
    var sums = [Double](repeating: 0, count: own.count)
    for _ in 0..<count {
      move.step(&state, at: steps, from: streams)
      steps += 1
      for k in own.indices { sums[k] += own[k].value(move) }
    }
    return sums
  }
}

/// The row of Ising spins on a square lattice: the common observables and the magnetization with its sign.
func isingRow(_ spins: some IsingSpins, of model: IsingModel, sites: Double, modes: LowestModes) -> [Double] {
  let m = Double(spins.magnetization(of: model)) / sites
  return [Double(spins.energy(of: model)), abs(m), m * m, (m * m) * (m * m), modes.weight(spins, of: model), m]
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
