import LatticeSystems
import RandomStreams
import Sampling

/// A ladder of couplings of one lattice under replica exchange, as `lattice-sweep` drives it. Types end here: inside
/// `run` everything is specialised.
protocol LadderSampler: Sendable {
  /// What a row holds, as for `LatticeSampler`.
  var names: [String] { get }
  /// The words of replicas `part` of ladder `number` at their start, each drawn from infinite temperature.
  func start(_ part: Range<Int>, ladder number: Int, from streams: KeyedStreams) -> [[UInt64]]
  /// `exchanges` times: `interval` steps of each replica of the part, a row from each, one exchange. Returns the rows in
  /// this order, `[exchanges][replicas of the part]`, each with its rung in front. `gather` makes the log-ratios of all
  /// replicas from those of this part.
  func run<E: Error>(
    _ words: inout [[UInt64]], _ part: Range<Int>, ladder: inout ExchangeLadder, number: Int, steps: UInt64, exchanges: Int, interval: Int,
    from streams: KeyedStreams, gather: ([Double]) throws(E) -> [Double]
  ) throws(E) -> [Double]
}

/// The ladder of an annealable lattice model; positions are couplings over the largest one.
struct AnnealedLadder<Model: Annealable, Configuration>: LadderSampler where Model.State == LatticeReplicas<Configuration> {
  let model: Model, positions: [Double], names: [String]
  /// A row of common and own observables, the words of a configuration, and a configuration from its words and replica.
  let row: @Sendable (Configuration) -> [Double]
  let encode: @Sendable (Configuration) -> [UInt64], decode: @Sendable ([UInt64], Int) -> Configuration

  private func exchange(_ number: Int) -> ReplicaExchange<Model> {
    ReplicaExchange(model, positions: positions, firstReplica: number * positions.count)
  }
  func start(_ part: Range<Int>, ladder number: Int, from streams: KeyedStreams) -> [[UInt64]] {
    exchange(number).begin(part, from: streams).replicas.map { encode($0.replicas[0]) }
  }
  func run<E: Error>(
    _ words: inout [[UInt64]], _ part: Range<Int>, ladder: inout ExchangeLadder, number: Int, steps: UInt64, exchanges: Int, interval: Int,
    from streams: KeyedStreams, gather: ([Double]) throws(E) -> [Double]
  ) throws(E) -> [Double] {
    let exchange = exchange(number)
    let replicas = zip(part, words).map { LatticeReplicas([decode($1, exchange.firstReplica + $0)]) }
    var progress = ReplicaExchange<Model>.Progress(replicas: replicas, first: part.lowerBound, ladder: ladder, steps: steps)
    var rows: [Double] = []
    try exchange.advance(&progress, exchanges: exchanges, sweeps: interval, from: streams, gather: gather) { (now) throws(E) in
      for index in now.replicas.indices {
        rows.append(Double(now.ladder.rungs[now.first + index]))
        rows += row(now.replicas[index].replicas[0])
      }
    }
    words = progress.replicas.map { encode($0.replicas[0]) }
    ladder = progress.ladder
    return rows
  }
}
