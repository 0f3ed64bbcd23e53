import LatticeSystems
public import MessagePassing
import RandomStreams
public import Runtime

/// Chains of which each is cut into strips of rows over the ranks of the team; no rank holds a whole lattice but to save it.
enum StripChains: Sendable {
  case boards([CheckerboardStrip]), packed([IsingStrip])
}

extension LatticeSweep {
  /// Throws what strips do not serve.
  func checkStrips() throws(StudyError) {
    guard model == .ising && extents.count == 2 else {
      throw .invalid(parameter: "lattice.strips", what: "strips serve ising in two dimensions only")
    }
    do throws(LatticeError) {
      let lattice = try SquareLattice(rows: extents[0], columns: extents[1])
      switch resolvedMove {
      case .metropolis:
        if let least = extents.min(), least < 4 { throw .tooSmall(extent: least, minimum: 4) }
        _ = try StripMetropolis(lattice, coupling: coupling, field: field)
        return
      case .heatBath:
        _ = try StripHeatBath(lattice, coupling: coupling, field: field)
        return
      case .swendsenWang:
        guard field == 0 else { throw .fieldNotSupported(field) }
        _ = try StripSwendsenWang(lattice, coupling: coupling, measuresClusters: measuresClusters)
        return
      case .auto, .wolff, .hybrid, .mixed: break
      }
    } catch { throw refusal(error) }
    throw .invalid(
      parameter: "sampling.move", what: "\(resolvedMove.rawValue) does not serve strips; allowed: metropolis, heat-bath, swendsen-wang")
  }
  /// |C|^2 of clusters of more than 2^31 sites may overflow.
  private var measuresClusters: Bool { sites <= 1 << 31 }
  /// What follows the common observables in a row.
  var stripNames: [String] { ["magnetization"] + (resolvedMove == .swendsenWang && measuresClusters ? [Self.improved] : []) }

  /// `count` rows of every chain; all ranks of the team work on one chain after another.
  func advanceStrips(
    _ state: inout State, _ count: Int, from source: KeyedStreams, on team: borrowing some Communicator & ~Copyable
  ) throws -> [[Double]] {
    let lattice = try SquareLattice(rows: extents[0], columns: extents[1]), modes = LowestModes(shape: extents)
    var rows = [[Double]](repeating: [], count: chains)
    func record(_ measured: LatticeMeasurement, _ chain: Int) {
      let m = Double(measured.magnetization) / Double(sites)
      rows[chain] += [Double(measured.energy), abs(m), m * m, (m * m) * (m * m), modes.weight(measured), m]
    }
    // Taken out of the state, the strips are alone and change in place.
    var strips: StripChains
    if let held = state.strips {
      strips = held
      state.strips = nil
    } else if resolvedMove == .swendsenWang {
      strips = .packed(
        (0..<chains).map {
          isHot($0) ? IsingStrip(hot: lattice, replica: $0, from: source, on: team) : IsingStrip(cold: lattice, replica: $0, on: team)
        })
    } else {
      strips = .boards(
        try (0..<chains).map {
          try isHot($0)
            ? CheckerboardStrip(hot: lattice, replica: $0, from: source, on: team) : CheckerboardStrip(cold: lattice, replica: $0, on: team)
        })
    }
    switch consume strips {
    case .packed(var chains):
      var move = try StripSwendsenWang(lattice, coupling: coupling, measuresClusters: measuresClusters)
      for chain in chains.indices {
        for _ in 0..<count {
          var squares = 0.0
          for _ in 0..<interval {
            try move.advance(&chains[chain], steps: 1, from: source, on: team)
            squares += Double(move.clusterSquares)
          }
          record(try chains[chain].measure(on: team), chain)
          if measuresClusters { rows[chain].append(squares / Double(sites) / Double(interval)) }
        }
      }
      state.strips = .packed(chains)
    case .boards(var chains):
      let metropolis = try StripMetropolis(lattice, coupling: coupling, field: field)
      let heatBath = try StripHeatBath(lattice, coupling: coupling, field: field)
      for chain in chains.indices {
        for _ in 0..<count {
          if resolvedMove == .metropolis {
            try metropolis.advance(&chains[chain], sweeps: interval, from: source, on: team)
          } else {
            try heatBath.advance(&chains[chain], sweeps: interval, from: source, on: team)
          }
          record(try chains[chain].measure(on: team), chain)
        }
      }
      state.strips = .boards(chains)
    }
    return rows
  }

  public func collect(_ state: inout State, on team: borrowing some Communicator & ~Copyable) throws(StudyError) {
    guard let strips = state.strips else { return }
    state.strips = nil
    do throws(MessagePassingError) {
      switch consume strips {
      case .packed(var chains):
        for chain in chains.indices { try chains[chain].gather(on: team) }
        state.strips = .packed(chains)
      case .boards(var chains):
        for chain in chains.indices { try chains[chain].gather(on: team) }
        state.strips = .boards(chains)
      }
    } catch { throw .communication(error) }
  }
}
