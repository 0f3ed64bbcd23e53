import Glibc
import LatticeSystems
import Laws
import RandomStreams
import Sampling
import Testing

@Suite struct SwendsenWangTests {
  /// All configurations of a lattice of up to 16 sites, numbered by their only word.
  func states(_ lattice: SquareLattice) -> [IsingConfiguration] {
    (0..<UInt64(1) << UInt64(lattice.sites)).map { IsingConfiguration(lattice, spins: [$0], replica: 0) }
  }
  let number = { @Sendable (state: IsingConfiguration) in Int(state.spins[0]) }

  /// A state of the 3x3 torus moved by `shift / 3` rows and `shift % 3` columns.
  func displaced(_ state: Int, by shift: Int) -> Int {
    (0..<9).reduce(0) { moved, s in
      moved | (state >> s & 1) << ((s / 3 + shift / 3) % 3 * 3 + (s % 3 + shift % 3) % 3)
    }
  }

  @Test("Swendsen-Wang commutes with displacements and leaves the Boltzmann weight invariant on a 3x3 torus, exactly")
  func stationarity() throws {
    let lattice = try SquareLattice(size: 3)
    let model = try IsingModel(lattice, coupling: 0.44), kernel = try SwendsenWang(model)
    func state(_ number: Int) -> IsingConfiguration { IsingConfiguration(lattice, spins: [UInt64(number)], replica: 0) }
    // A state, its displaced copies and their reversals count as one, which divides 2^18 bonds and coins by 18. The
    // move sees only which neighbours are equal; that it sees no place is checked below.
    func orbit(_ number: Int) -> Set<Int> { Set((0..<9).flatMap { [displaced(number, by: $0), 511 - displaced(number, by: $0)] }) }
    let orbits = (0..<512).map(orbit), first = orbits.map { $0.min() ?? 0 }
    let representatives = (0..<512).filter { first[$0] == $0 }
    let place = Dictionary(uniqueKeysWithValues: representatives.enumerated().map { ($1, $0) })
    try stationarityLaw(
      kernel, states: representatives.map(state),
      logWeight: { model.logWeight($0.spins) + log(Double(orbits[number($0)].count)) }, index: { place[first[number($0)]] ?? -1 })
    for (k, representative) in representatives.enumerated() {
      let shift = 1 + k % 8, moved = displaced(representative, by: shift)
      let row = try transitions(of: kernel, from: state(representative), index: number)
      let other = moved == representative ? row : try transitions(of: kernel, from: state(moved), index: number)
      #expect(row.count == other.count)
      for (target, probability) in row {
        #expect(abs((other[displaced(target, by: shift)] ?? 0) - probability) <= 1e-12 * probability)
      }
    }
  }

  @Test("Swendsen-Wang is in detailed balance on tori of 3x4 and 4x3", arguments: [(3, 4), (4, 3)])
  func detailedBalance(rows: Int, columns: Int) throws {
    let lattice = try SquareLattice(rows: rows, columns: columns)
    let model = try IsingModel(lattice, coupling: 0.3)
    // States with up to 6 satisfied bonds, of 24, keep the number of branches small; one of each pair of reversed states.
    let few = states(lattice).prefix(1 << 11).filter { model.energy($0.spins) >= 12 }
    #expect(few.count == 39)
    try detailedBalanceLaw(SwendsenWang(model), states: few, logWeight: { model.logWeight($0.spins) }, index: number)
  }

  @Test("the law kit catches Swendsen-Wang at another coupling") func wrongCoupling() throws {
    let lattice = try SquareLattice(rows: 3, columns: 4)
    let model = try IsingModel(lattice, coupling: 0.3), other = try IsingModel(lattice, coupling: 0.301)
    // Two energies are needed: states of one energy are in balance at any coupling.
    let all = states(lattice)
    let few = all.filter { model.energy($0.spins) >= 16 } + all.filter { model.energy($0.spins) == 12 }.prefix(6)
    #expect(throws: LawViolation.self) {
      try detailedBalanceLaw(SwendsenWang(other), states: few, logWeight: { model.logWeight($0.spins) }, index: number)
    }
  }

  @Test("the improved estimator of N <m^2> has the mean of M^2 / N, on a lattice whose rows straddle words")
  func improvedEstimator() throws {
    let lattice = try SquareLattice(rows: 9, columns: 21)
    let model = try IsingModel(lattice, coupling: 0.42)
    var kernel = try SwendsenWang(model, measuresClusters: true)
    let streams = KeyedStreams(StreamKey.derive(seed: 3, study: "test", unit: "improved"))
    var state = IsingConfiguration(cold: lattice, replica: 0)
    var mean = 0.0, square = 0.0
    let n = 20_000
    for step in 0..<UInt64(n) {
      kernel.step(&state, at: step, from: streams)
      let m = Double(model.magnetization(state.spins))
      // Given the clusters, E[M^2] = sum |C|^2, so the differences are uncorrelated with mean zero.
      let difference = m * m - Double(kernel.clusterSquares)
      mean += difference / Double(n)
      square += difference * difference / Double(n)
    }
    #expect(abs(mean) < 4 * (square / Double(n)).squareRoot())
  }

  /// The clusters of a configuration at huge coupling, where all bonds between equal spins are on, by flood fill.
  func floodFill(_ lattice: SquareLattice, _ spins: [UInt64]) -> Int {
    func up(_ s: Int) -> Bool { spins[s / 64] >> UInt64(s % 64) & 1 == 1 }
    var seen = [Bool](repeating: false, count: lattice.sites), squares = 0
    for start in 0..<lattice.sites where !seen[start] {
      var stack = [start], size = 0
      seen[start] = true
      while let s = stack.popLast() {
        size += 1
        for t in lattice.neighbours(of: s) where !seen[t] && up(t) == up(s) {
          seen[t] = true
          stack.append(t)
        }
      }
      squares += size * size
    }
    return squares
  }

  @Test(
    "at infinite coupling the clusters are the connected domains, at any width",
    arguments: [(3, 3), (3, 64), (5, 63), (7, 65), (32, 32), (33, 31), (4, 200), (64, 128)])
  func domains(rows: Int, columns: Int) throws {
    let lattice = try SquareLattice(rows: rows, columns: columns)
    var kernel = try SwendsenWang(IsingModel(lattice, coupling: 100), measuresClusters: true)
    let streams = KeyedStreams(StreamKey.derive(seed: 4, study: "test", unit: "domains"))
    for replica in 0..<20 {
      var state = IsingConfiguration(hot: lattice, replica: replica, from: streams)
      let before = state
      kernel.step(&state, at: 0, from: streams)
      #expect(kernel.clusterSquares == floodFill(lattice, before.spins))
      // Whole domains turn, so neighbours that were equal stay equal.
      for s in 0..<lattice.sites {
        for t in lattice.neighbours(of: s) {
          func up(_ c: IsingConfiguration, _ s: Int) -> UInt64 { c.spins[s / 64] >> UInt64(s % 64) & 1 }
          if up(before, s) == up(before, t) { #expect(up(state, s) == up(state, t)) }
        }
      }
    }
  }

  @Test("Swendsen-Wang refuses small lattices, antiferromagnets and fields") func refusals() throws {
    let thin = try SquareLattice(rows: 2, columns: 8), lattice = try SquareLattice(size: 4)
    #expect(throws: LatticeError.tooSmall(extent: 2, minimum: 3)) { try SwendsenWang(IsingModel(thin, coupling: 0.4)) }
    #expect(throws: LatticeError.negativeCoupling(-0.1)) { try SwendsenWang(IsingModel(lattice, coupling: -0.1)) }
    #expect(throws: LatticeError.fieldNotSupported(0.1)) { try SwendsenWang(IsingModel(lattice, coupling: 0.4, field: 0.1)) }
    #expect(throws: LatticeError.tooSmall(extent: 1, minimum: 2)) { try SquareLattice(size: 1) }
    #expect(throws: LatticeError.nonFiniteCoupling(coupling: .infinity, field: 0)) { try IsingModel(lattice, coupling: .infinity) }
  }
}
