import LatticeSystems
import MessagePassing
import RandomStreams
import Runtime
import Sampling
import Statistics

extension LatticeSweep {
  /// The ladder of the study's couplings; throws what the model or the move refuses.
  func ladderSampler() throws(StudyError) -> LadderSampler {
    let top = ladder.max() ?? coupling, positions = ladder.map { $0 / top }
    do throws(LatticeError) {
      if isSquareIsing {
        let model = try IsingModel(SquareLattice(rows: extents[0], columns: extents[1]), coupling: top)
        switch resolvedMove {
        case .metropolis: return try squareLadder(AnnealedIsing<CheckerboardMetropolis>(model), positions)
        case .heatBath: return try squareLadder(AnnealedIsing<CheckerboardHeatBath>(model), positions)
        case .swendsenWang: return try squareLadder(AnnealedIsing<SwendsenWang>(model), positions)
        case .auto, .wolff, .hybrid, .mixed: break
        }
      } else {
        let lattice = try HypercubicLattice(extents)
        switch model {
        case .ising:
          let ising = try HypercubicIsing(lattice, coupling: top)
          if resolvedMove == .heatBath { return try fieldLadder(ising, .ising(lattice), positions) { LocalHeatBath($0) } }
          if let found = try clusterLadder(ising, .ising(lattice), positions) { return found }
        case .potts:
          let potts = try PottsModel(lattice, colours: colours, coupling: top)
          if resolvedMove == .heatBath { return try fieldLadder(potts, .potts(lattice), positions) { LocalHeatBath($0) } }
          if let found = try clusterLadder(potts, .potts(lattice), positions) { return found }
        case .xy:
          if let found = try clusterLadder(XYModel(lattice, coupling: top), .xy(lattice), positions) { return found }
        case .phi4:
          let scalar = try ScalarPhi4Model(lattice, hopping: top, quartic: quartic), size = stepSize, count = stepCount
          if resolvedMove == .hybrid {
            return try fieldLadder(scalar, .scalar(lattice), positions) { (model) throws(LatticeError) in
              try HybridMonteCarlo(model, stepSize: size, stepCount: count)
            }
          }
          if resolvedMove == .metropolis || resolvedMove == .mixed,
            let found = try clusterLadder(scalar, .scalar(lattice), positions)
          {
            return found
          }
        }
      }
    } catch {
      throw refusal(error)
    }
    throw .invalid(parameter: "sampling.move", what: "\(resolvedMove.rawValue) does not serve \(model.rawValue) under replica exchange")
  }

  private func squareLadder<Move: IsingMove>(_ path: AnnealedIsing<Move>, _ positions: [Double]) throws(LatticeError) -> LadderSampler {
    let modes = LowestModes(shape: path.model.lattice.shape), sites = Double(path.model.lattice.sites), model = path.model
    return LadderSampler.annealed(path, positions, names: ["magnetization"]) { (spins: Move.State) in
      isingRow(spins, of: model, sites: sites, modes: modes)
    } encode: {
      $0.packed.spins
    } decode: { words, replica in
      guard let spins = try? Move.State(IsingConfiguration(model.lattice, spins: words, replica: replica)) else {
        preconditionFailure("a layout that was possible before")
      }
      return spins
    }
  }

  private func fieldLadder<Model: CoupledModel, Move: MarkovKernel<LatticeConfiguration<Model.Value>>>(
    _ model: Model, _ measurement: FieldMeasurement<Model>, _ positions: [Double],
    _ move: @escaping @Sendable (Model) throws(LatticeError) -> Move
  ) throws(LatticeError) -> LadderSampler {
    let path = try AnnealedLattice(model, move: move)
    return LadderSampler.annealed(path, positions, names: measurement.names) {
      (state: LatticeConfiguration<Model.Value>) in
      measurement.row(model, state.values)
    } encode: {
      $0.words
    } decode: { words, replica in
      LatticeConfiguration(model.lattice, words: words, replica: replica)
    }
  }

  private func clusterLadder<Model: CoupledModel & ClusterModel>(
    _ model: Model, _ measurement: FieldMeasurement<Model>, _ positions: [Double]
  ) throws(LatticeError) -> LadderSampler? {
    let width = width, clusters = clustersPerSweep
    switch resolvedMove {
    case .metropolis:
      return try fieldLadder(model, measurement, positions) { (model) throws(LatticeError) in try LocalMetropolis(model, width: width) }
    case .swendsenWang:
      return try fieldLadder(model, measurement, positions) { (model) throws(LatticeError) in try SwendsenWangCluster(model) }
    case .wolff:
      return try fieldLadder(model, measurement, positions) { (model) throws(LatticeError) in try WolffCluster(model) }
    case .mixed:
      return try fieldLadder(model, measurement, positions) { (model) throws(LatticeError) in
        Then(try LocalMetropolis(model, width: width), Repeat(try WolffCluster(model), count: clusters))
      }
    case .auto, .heatBath, .hybrid: return nil
    }
  }

  // MARK: A unit of ladders

  /// `count` rows of all ladders, by rung: the replicas of each ladder are shared out over the ranks, and every exchange
  /// gathers their log-ratios.
  func advanceLadders(
    _ state: inout State, _ count: Int, with sampler: LadderSampler, from source: KeyedStreams,
    on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> [[Double]] {
    let rungs = ladder.count, width = CommonObservable.allCases.count + sampler.names.count + 1
    let mine = team.rank * rungs / team.size..<(team.rank + 1) * rungs / team.size
    var fresh = [[Double]](repeating: [], count: chains * rungs)
    for number in 0..<chains {
      var words = mine.map { state.chains[number * rungs + $0] }
      let rows = try sampler.run(&words, mine, &state.ladders[number], number, state.steps, count, interval, source) {
        (ratios) throws(MessagePassingError) in team.size == 1 ? ratios : try team.allGather(ratios).flatMap { $0 }
      }
      let allWords = try team.allGather(words.flatMap { $0 }).flatMap { $0 }, each = allWords.count / rungs
      for replica in 0..<rungs { state.chains[number * rungs + replica] = Array(allWords[replica * each..<(replica + 1) * each]) }
      let allRows = try team.allGather(rows)
      for exchange in 0..<count {
        for rows in allRows {
          let own = rows.count / (count * width)
          for replica in 0..<own {
            let start = (exchange * own + replica) * width
            fresh[number * rungs + Int(rows[start])] += rows[start + 1..<start + width]
          }
        }
      }
    }
    return fresh
  }

  /// What the ladders tell of themselves: how often neighbours traded, and how often replicas went all the way round.
  func recordExchanges(_ state: State, in recording: inout Recording) {
    let pairs = ladder.count - 1
    var at = place(coupling: 0).filter { $0.name != "coupling" && $0.name != "hopping" }
    at.append(("ladder", .text("\(ladder.count) couplings from \(ladder.first!) to \(ladder.last!)")))
    // Ladders are independent, so their spread gives errors.
    let acceptance = (0..<pairs).map { pair in
      Estimate(meanOf: state.ladders.map { $0.probabilities[pair] / Double(max(1, $0.attempts[pair])) })
    }
    recording.record(
      at: at, "exchange_acceptance", Observable(values: acceptance.map(\.value), errors: chains > 1 ? acceptance.map(\.error) : nil))
    let trips = Estimate(meanOf: state.ladders.map { Double($0.totalRoundTrips) })
    recording.record(
      at: at, "round_trips",
      Observable(
        trips.value, error: chains > 1 ? trips.error : nil, unit: "per ladder",
        reason: trips.value < 10 ? "fewer than 10 round trips in a ladder: the top may not have been refreshed" : nil))
    recording.record(
      at: at, "round_trips_per_thousand_exchanges",
      Observable(1000 * trips.value / Double(max(1, state.rows)), error: chains > 1 ? 1000 * trips.error / Double(max(1, state.rows)) : nil)
    )
  }
}
