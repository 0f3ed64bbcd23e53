import LatticeSystems
import Laws
import Oracles
import RandomStreams
import Sampling
import Statistics
import Testing

@Suite struct CheckerboardTests {
  /// All configurations of a lattice of up to 16 sites with the sites outside `free` as in `frozen`, and their numbers.
  func states(_ lattice: SquareLattice, where isWanted: (UInt64) -> Bool = { _ in true }) throws -> [CheckerboardConfiguration] {
    try (0..<UInt64(1) << UInt64(lattice.sites)).filter(isWanted).map {
      try CheckerboardConfiguration(IsingConfiguration(lattice, spins: [$0], replica: 0))
    }
  }

  /// pT = p of a kernel on the states of a lattice that agree with a pattern outside a mask, which it cannot leave.
  func checkStationary<Kernel: MarkovKernel<CheckerboardConfiguration>>(
    _ kernel: Kernel, _ model: IsingModel, mask: UInt64 = 0, pattern: UInt64 = 0
  ) throws {
    let wanted = (0..<UInt64(1) << UInt64(model.lattice.sites)).filter { $0 & mask == pattern }
    let number = Dictionary(uniqueKeysWithValues: wanted.enumerated().map { ($1, $0) })
    let states = try states(model.lattice) { $0 & mask == pattern }
    try stationarityLaw(
      kernel, states: states, logWeight: { model.logWeight($0.packed.spins) }, index: { number[$0.packed.spins[0]] ?? -1 })
  }

  /// Patterns of the sites `mask` of the 4x4 lattice with which each of the other sites feels every number of + neighbours,
  /// taken greedily: a site's rule depends on nothing else.
  func patterns(_ lattice: SquareLattice, mask: UInt64) -> [UInt64] {
    let free = (0..<16).filter { mask >> UInt64($0) & 1 == 0 }
    func fields(_ pattern: UInt64) -> Set<Int> {
      Set(free.map { s in 5 * s + lattice.neighbours(of: s).count { pattern >> UInt64($0) & 1 == 1 } })
    }
    let all = (0..<UInt64(1) << 16).filter { $0 & ~mask == 0 }.map { ($0, fields($0)) }
    var missing = Set(free.flatMap { s in (0...4).map { 5 * s + $0 } }), chosen: [UInt64] = []
    while !missing.isEmpty, let best = all.max(by: { $0.1.intersection(missing).count < $1.1.intersection(missing).count }) {
      chosen.append(best.0)
      missing.subtract(best.1)
    }
    return chosen
  }

  /// Sites of colour 1 - c of the 4x4 lattice stand still in a half sweep of colour c.
  func checkHalfSweeps<Rule: SpinRule>(_ rule: Rule.Type, _ model: IsingModel) throws {
    for colour in 0..<2 {
      // Bit s of the mask: site (y, x) has colour 1 - c.
      var mask: UInt64 = 0
      for s in 0..<16 where (s / 4 + s % 4) % 2 == 1 - colour { mask |= 1 << UInt64(s) }
      for pattern in patterns(model.lattice, mask: mask) {
        try checkStationary(HalfSweep<Rule>(model, colour: colour), model, mask: mask, pattern: pattern)
      }
    }
  }

  @Test(
    "half sweeps of Metropolis leave the weight invariant on 4x4, for either sign of K and with a field",
    arguments: [
      (0.44, 0.0), (-0.3, 0.0), (0.4, 0.15),
    ])
  func metropolis(coupling: Double, field: Double) throws {
    try checkHalfSweeps(MetropolisRule.self, IsingModel(SquareLattice(size: 4), coupling: coupling, field: field))
  }

  @Test(
    "half sweeps of the heat bath leave the weight invariant on 4x4, for either sign of K and with a field",
    arguments: [
      (0.44, 0.0), (-0.3, 0.0), (0.4, 0.15),
    ])
  func heatBath(coupling: Double, field: Double) throws {
    try checkHalfSweeps(HeatBathRule.self, IsingModel(SquareLattice(size: 4), coupling: coupling, field: field))
  }

  @Test("whole sweeps leave the weight invariant on 2x4 and 4x2 tori with their double bonds", arguments: [(2, 4), (4, 2)])
  func wholeSweeps(rows: Int, columns: Int) throws {
    let model = try IsingModel(SquareLattice(rows: rows, columns: columns), coupling: 0.35, field: 0.1)
    try checkStationary(CheckerboardMetropolis(model), model)
    try checkStationary(CheckerboardHeatBath(model), model)
  }

  @Test("the law kit catches certain moves that close off configurations on 2x2, and a sweep that comes back periodically")
  func notErgodic() throws {
    func check<Kernel: MarkovKernel<CheckerboardConfiguration>>(_ kernel: Kernel, _ lattice: SquareLattice) throws {
      try ergodicityLaw(kernel, states: try states(lattice), index: { Int($0.packed.spins[0]) })
    }
    let two = try SquareLattice(rows: 2, columns: 2), four = try SquareLattice(rows: 4, columns: 2)
    let model = try IsingModel(two, coupling: 0.3), free = try IsingModel(four, coupling: 0)
    #expect(throws: LawViolation.self) { try check(CheckerboardMetropolis(model), two) }
    #expect(throws: LawViolation.self) { try check(CheckerboardMetropolis(free), four) }
    try check(CheckerboardHeatBath(model), two)
    try check(CheckerboardHeatBath(free), four)
  }

  @Test("single-site moves are in detailed balance at every site of 3x3") func detailedBalance() throws {
    let lattice = try SquareLattice(size: 3)
    let states = (0..<UInt64(512)).map { IsingConfiguration(lattice, spins: [$0], replica: 0) }
    for (coupling, field) in [(0.44, 0.0), (0.44, 0.2), (-0.4, 0.0)] {
      let model = try IsingModel(lattice, coupling: coupling, field: field)
      for site in [0, 4, 5, 8] {
        try detailedBalanceLaw(
          SingleSite<MetropolisRule>(model, site: site), states: states, logWeight: { model.logWeight($0.spins) },
          index: { Int($0.spins[0]) })
        try detailedBalanceLaw(
          SingleSite<HeatBathRule>(model, site: site), states: states, logWeight: { model.logWeight($0.spins) },
          index: { Int($0.spins[0]) })
      }
    }
  }

  @Test("the law kits catch an acceptance of exp(-K dE / 2) in place of exp(-K dE)") func wrongAcceptance() throws {
    // Half the coupling in the acceptance is half the exponent.
    let four = try SquareLattice(size: 4), three = try SquareLattice(size: 3)
    let model = try IsingModel(four, coupling: 0.44), half = try IsingModel(four, coupling: 0.22)
    var mask: UInt64 = 0
    for s in 0..<16 where (s / 4 + s % 4) % 2 == 1 { mask |= 1 << UInt64(s) }
    #expect(throws: LawViolation.self) {
      try checkStationary(HalfSweep<MetropolisRule>(half, colour: 0), model, mask: mask, pattern: 0)
    }
    let small = try IsingModel(three, coupling: 0.44), weak = try IsingModel(three, coupling: 0.22)
    #expect(throws: LawViolation.self) {
      try detailedBalanceLaw(
        SingleSite<MetropolisRule>(weak, site: 4), states: (0..<512).map { IsingConfiguration(three, spins: [$0], replica: 0) },
        logWeight: { small.logWeight($0.spins) }, index: { Int($0.spins[0]) })
    }
  }

  @Test(
    "spins and energy survive the change of layout and back at any even extents",
    arguments: [
      (2, 2), (4, 4), (2, 1022), (4, 1024), (2, 1026), (6, 2048), (2, 2054), (32, 32), (10, 134), (12, 130), (26, 126), (16, 386),
    ])
  func layout(rows: Int, columns: Int) throws {
    let lattice = try SquareLattice(rows: rows, columns: columns)
    let streams = KeyedStreams(StreamKey.derive(seed: 6, study: "test", unit: "layout"))
    let state = IsingConfiguration(hot: lattice, replica: 2, from: streams)
    let board = try CheckerboardConfiguration(state)
    #expect(board.packed == state)
    #expect(board.energy == (try IsingModel(lattice, coupling: 0)).energy(state.spins))
  }

  /// A half sweep site by site with the neighbours looked up one by one: what the vector code has to do. At K so
  /// large that exp(-4K) = 0, Metropolis turns exactly the spins with two or more unlike neighbours.
  @Test(
    "at zero temperature a half sweep turns the free spins and no others, at any even extents",
    arguments: [
      (2, 2), (4, 4), (6, 34), (4, 1022), (4, 1024), (6, 1026), (4, 2048), (2, 2054), (4, 4096), (32, 32), (10, 134), (12, 130), (26, 126),
      (16, 386),
      (80, 96), (34, 4096),
    ])
  func zeroTemperature(rows: Int, columns: Int) throws {
    let lattice = try SquareLattice(rows: rows, columns: columns)
    let streams = KeyedStreams(StreamKey.derive(seed: 7, study: "test", unit: "zero"))
    for sign in [1.0, -1] {
      let model = try IsingModel(lattice, coupling: 200 * sign)
      for colour in 0..<2 {
        var expected = IsingConfiguration(hot: lattice, replica: 1, from: streams)
        var state = try CheckerboardConfiguration(expected)
        let before = expected
        for s in 0..<lattice.sites where (s / columns + s % columns) % 2 == colour {
          let against = lattice.neighbours(of: s).count { (before[$0] == before[s]) == (sign < 0) }
          if against >= 2 { expected.set(s, !before[s]) }
        }
        var kernel = try HalfSweep<MetropolisRule>(model, colour: colour)
        kernel.step(&state, at: 0, from: streams)
        #expect(state.packed == expected)
      }
    }
  }

  /// Groups of eight rows, and last groups of two and six; samples 20 sweeps apart, where the energy forgets in some three.
  @Test("energies follow g(E) exp(-K E) under both rules at K = 0.3", arguments: [(8, 8), (10, 6), (6, 8)])
  func energies(rows: Int, columns: Int) throws {
    let lattice = try SquareLattice(rows: rows, columns: columns), model = try IsingModel(lattice, coupling: 0.3)
    let streams = KeyedStreams(StreamKey.derive(seed: 10, study: "test", unit: "energies"))
    let samples = 20_000, exact = try IsingDensityOfStates(columns: columns, rows: rows).probabilities(coupling: 0.3)
    func check(_ kernel: some MarkovKernel<CheckerboardConfiguration>) throws {
      var kernel = kernel, counts = [Int](repeating: 0, count: exact.count), step: UInt64 = 0
      var state = try CheckerboardConfiguration(IsingConfiguration(hot: lattice, replica: 0, from: streams))
      for sample in -5..<samples {
        for _ in 0..<20 {
          kernel.step(&state, at: step, from: streams)
          step += 1
        }
        if sample >= 0 { counts[(state.energy + lattice.bonds) / 2] += 1 }
      }
      let p = chiSquared(counts: counts, expected: exact.map { $0 * Double(samples) }).pValue
      #expect(p > 1e-4 && p < 1 - 1e-4)
    }
    try check(CheckerboardMetropolis(model))
    try check(CheckerboardHeatBath(model))
  }

  @Test("wide and narrow lattices, and both rules, have Onsager's energy at K = 0.4", arguments: [64, 1024]) func onsager(size: Int) throws
  {
    // e = -1.10607920... in infinite volume; at L = 64 the torus differs by less than 1e-5 (xi = 6).
    let lattice = try SquareLattice(size: size), model = try IsingModel(lattice, coupling: 0.4)
    func mean<Rule: SpinRule>(_ rule: Rule.Type) throws -> (Double, Double) {
      var kernel = try CheckerboardSweep<Rule>(model)
      let streams = KeyedStreams(StreamKey.derive(seed: 8, study: "test", unit: "onsager"))
      var state = try CheckerboardConfiguration(IsingConfiguration(hot: lattice, replica: 0, from: streams))
      let bins = 20, draws = 400 * 64 / size
      for step in 0..<300 as Range<UInt64> { kernel.step(&state, at: step, from: streams) }
      var sum = 0.0, square = 0.0, step: UInt64 = 300
      for _ in 0..<bins {
        var bin = 0.0
        for _ in 0..<draws {
          for _ in 0..<4 {
            kernel.step(&state, at: step, from: streams)
            step += 1
          }
          bin += Double(state.energy) / Double(lattice.sites) / Double(draws)
        }
        sum += bin / Double(bins)
        square += bin * bin / Double(bins)
      }
      return (sum, ((square - sum * sum) / Double(bins - 1)).squareRoot())
    }
    for (value, error) in [try mean(MetropolisRule.self), try mean(HeatBathRule.self)] {
      #expect(error < 2e-3)
      // 20 bins: five of their sigma is some 4 sigma of a normal law.
      #expect(abs(value - -1.106_079_2) < 5 * error)
    }
  }

  @Test("checkerboards refuse odd extents") func refusals() throws {
    let lattice = try SquareLattice(rows: 4, columns: 5)
    #expect(throws: LatticeError.oddSize(rows: 4, columns: 5)) { try CheckerboardHeatBath(IsingModel(lattice, coupling: 0.4)) }
    #expect(throws: LatticeError.oddSize(rows: 4, columns: 5)) {
      try CheckerboardConfiguration(IsingConfiguration(cold: lattice, replica: 0))
    }
  }
}
