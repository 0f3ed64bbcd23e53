import LatticeSystems
import RandomStreams
import Sampling

/// Moves of the square Ising model by name, as studies that need whole configurations use them.
enum ChainMove: String, CaseIterable, Sendable {
  case wolff
  case swendsenWang = "swendsen-wang"
  case metropolis
  case heatBath = "heat-bath"
}

/// Chains of one Ising model under one move, that give a configuration after every `interval` steps.
struct IsingChainSampler: Sendable {
  let model: IsingModel, move: ChainMove, interval: Int

  /// Throws what the move refuses.
  init(_ model: IsingModel, move: ChainMove, interval: Int) throws(LatticeError) {
    self.model = model
    self.move = move
    self.interval = interval
    switch move {
    case .wolff: _ = try Wolff(model)
    case .swendsenWang: _ = try SwendsenWang(model)
    case .metropolis, .heatBath:
      // Narrower ones fall into closed classes (`LocalMetropolisRule`).
      let least = min(model.lattice.rows, model.lattice.columns)
      if move == .metropolis && least < 4 { throw .tooSmall(extent: least, minimum: 4) }
      _ = try CheckerboardConfiguration(IsingConfiguration(cold: model.lattice, replica: 0))
    }
  }

  /// The start of a chain: hot, but cold for Wolff, whose clusters are small in a hot lattice, so that a warm-up of so many clusters would
  /// not reach equilibrium.
  func start(_ chain: Int, from streams: KeyedStreams) -> [UInt64] {
    let start =
      move == .wolff
      ? IsingConfiguration(cold: model.lattice, replica: chain) : IsingConfiguration(hot: model.lattice, replica: chain, from: streams)
    return start.spins
  }

  /// `count` configurations of a chain at `words` after `steps` steps, which go on to the last of them. How a chain is cut into calls
  /// changes nothing.
  func draw(
    _ words: inout [UInt64], chain: Int, steps: inout UInt64, count: Int, from streams: KeyedStreams
  ) throws(LatticeError) -> Configurations {
    switch move {
    case .wolff: try run(try Wolff(model), &words, chain, &steps, count, streams)
    case .swendsenWang: try run(try SwendsenWang(model), &words, chain, &steps, count, streams)
    case .metropolis: try run(try CheckerboardMetropolis(model), &words, chain, &steps, count, streams)
    case .heatBath: try run(try CheckerboardHeatBath(model), &words, chain, &steps, count, streams)
    }
  }

  /// Called with concrete moves, so that the loop is specialised.
  private func run<Move: MarkovKernel>(
    _ kernel: Move, _ words: inout [UInt64], _ chain: Int, _ steps: inout UInt64, _ count: Int, _ streams: KeyedStreams
  ) throws(LatticeError) -> Configurations where Move.State: IsingSpins {
    var kernel = kernel, state = try Move.State(IsingConfiguration(model.lattice, spins: words, replica: chain)), drawn: [UInt64] = []
    drawn.reserveCapacity(count * model.lattice.words)
    for _ in 0..<count {
      for _ in 0..<interval {
        kernel.step(&state, at: steps, from: streams)
        steps += 1
      }
      drawn += state.packed.spins
    }
    words = state.packed.spins
    return Configurations(count: count, sites: .lattice(model.lattice.shape), words: drawn)
  }
}
