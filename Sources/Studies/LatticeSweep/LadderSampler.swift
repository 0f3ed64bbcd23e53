import LatticeSystems
import MessagePassing
import RandomStreams
import Sampling

/// A ladder of couplings of one lattice under replica exchange, as `lattice-sweep` drives it; types end in the closures, as
/// in `LatticeSampler`.
struct LadderSampler: Sendable {
  /// Makes the log-ratios of all replicas from those of a part.
  typealias Gather = ([Double]) throws(MessagePassingError) -> [Double]

  /// What a row holds after the common observables.
  let names: [String]
  /// The words of replicas `part` of ladder `number` at their start, each drawn from infinite temperature.
  let start: @Sendable (_ part: Range<Int>, _ number: Int, _ streams: KeyedStreams) -> [[UInt64]]
  /// `exchanges` times: `interval` steps of each replica of the part, a row from each, one exchange. Returns the rows in
  /// this order, `[exchanges][replicas of the part]`, each with its rung in front.
  let run:
    @Sendable (
      _ words: inout [[UInt64]], _ part: Range<Int>, _ ladder: inout ExchangeLadder, _ number: Int, _ steps: UInt64, _ exchanges: Int,
      _ interval: Int, _ streams: KeyedStreams, _ gather: Gather
    ) throws(MessagePassingError) -> [Double]

  /// The ladder of an annealable lattice model; positions are couplings over the largest one.
  /// - Parameters:
  ///   - row: the common and own observables of a configuration.
  ///   - encode: its words.
  ///   - decode: the configuration from its words and replica.
  static func annealed<Model: Annealable, Configuration>(
    _ model: Model, _ positions: [Double], names: [String], row: @escaping @Sendable (Configuration) -> [Double],
    encode: @escaping @Sendable (Configuration) -> [UInt64], decode: @escaping @Sendable ([UInt64], Int) -> Configuration
  ) -> LadderSampler where Model.State == LatticeReplicas<Configuration> {
    let exchange: @Sendable (Int) -> ReplicaExchange<Model> = {
      ReplicaExchange(model, positions: positions, firstReplica: $0 * positions.count)
    }
    return LadderSampler(names: names) { part, number, streams in
      exchange(number).begin(part, from: streams).replicas.map { encode($0.replicas[0]) }
    } run: { (words, part, ladder, number, steps, exchanges, interval, streams, gather) throws(MessagePassingError) in
      let exchange = exchange(number)
      let replicas = zip(part, words).map { LatticeReplicas([decode($1, exchange.firstReplica + $0)]) }
      var progress = ReplicaExchange<Model>.Progress(replicas: replicas, first: part.lowerBound, ladder: ladder, steps: steps)
      var rows: [Double] = []
      try exchange.advance(&progress, exchanges: exchanges, sweeps: interval, from: streams, gather: gather) {
        (now) throws(MessagePassingError) in
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
}
