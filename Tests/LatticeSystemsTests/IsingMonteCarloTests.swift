import Archives
import LatticeSystems
import Oracles
import RandomStreams
import Sampling
import Statistics
import Testing

@Suite struct IsingMonteCarloTests {
  let streams = KeyedStreams(StreamKey.derive(seed: 9, study: "test", unit: "ising"))

  @Test("energies of 4x4 at K_c follow g(E) exp(-K E) from three kernels, neither too badly nor too well") func histogram() throws {
    let lattice = try SquareLattice(size: 4)
    let model = try IsingModel(lattice, coupling: IsingModel.criticalCoupling)
    let samples = 20_000
    func check(_ energies: () -> Int) throws {
      var counts = [Int](repeating: 0, count: 33)
      for _ in 0..<samples { counts[(energies() + 32) / 2] += 1 }
      let expected = try IsingDensityOfStates(columns: 4, rows: 4).probabilities(coupling: model.coupling)
      let p = chiSquared(counts: counts, expected: expected.map { $0 * Double(samples) }).pValue
      #expect(p > 1e-4 && p < 1 - 1e-4)
    }
    var clusters = try SwendsenWang(model)
    var chain = IsingChain(lattice, replica: 0, start: .hot, from: streams)
    try check {
      chain.advance(sweeps: 20, with: &clusters, from: streams)
      return model.energy(chain.configuration.spins)
    }
    // The same kernel on the second generator.
    let philox = PhiloxStreams(streams.key)
    try check {
      chain.advance(sweeps: 20, with: &clusters, from: philox)
      return model.energy(chain.configuration.spins)
    }
    var heatBath = try CheckerboardHeatBath(model), step: UInt64 = 0
    var board = try CheckerboardConfiguration(IsingConfiguration(cold: lattice, replica: 1))
    try check {
      for _ in 0..<60 {
        heatBath.step(&board, at: step, from: streams)
        step += 1
      }
      return model.energy(board.packed.spins)
    }
  }

  @Test("e and <m^2> at K_c on 8x8 agree between Swendsen-Wang and Metropolis, hot and cold, within 4 sigma") func algorithms() throws {
    let lattice = try SquareLattice(size: 8)
    let model = try IsingModel(lattice, coupling: IsingModel.criticalCoupling)
    let exact = try KaufmanTorus(columns: 8, rows: 8, coupling: model.coupling).energyPerSite
    var clusters = try SwendsenWang(model), metropolis = try CheckerboardMetropolis(model)
    var squares: [Moments] = []
    for start in [IsingChain.Start.hot, .cold] {
      var energies = [Moments(), Moments()], square = [Moments(), Moments()]
      for replica in 0..<40 {
        var chain = IsingChain(lattice, replica: replica, start: start, from: streams)
        var board = try CheckerboardConfiguration(chain.configuration)
        var sums = [0.0, 0.0, 0.0, 0.0], step: UInt64 = 0
        let draws = 400
        for draw in -20..<draws {
          chain.advance(sweeps: 2, with: &clusters, from: streams)
          for _ in 0..<30 {
            metropolis.step(&board, at: step, from: streams)
            step += 1
          }
          if draw < 0 { continue }
          for (k, spins) in [chain.configuration.spins, board.packed.spins].enumerated() {
            let m = Double(model.magnetization(spins)) / 64
            sums[k] += Double(model.energy(spins)) / 64 / Double(draws)
            sums[2 + k] += m * m / Double(draws)
          }
        }
        for k in 0..<2 {
          energies[k].add(sums[k])
          square[k].add(sums[2 + k])
        }
      }
      for k in 0..<2 { #expect(abs(energies[k].mean - exact) < 4 * energies[k].standardError) }
      squares += square
    }
    for i in 1..<4 {
      let error = (squares[0].standardError * squares[0].standardError + squares[i].standardError * squares[i].standardError).squareRoot()
      #expect(abs(squares[i].mean - squares[0].mean) < 4 * error)
    }
  }

  /// Chains of one move from hot and cold starts: e of 8x8 at K_c with its error over chains.
  func energy<S: Streams>(_ streams: S, _ sweeps: Int, _ kernel: some MarkovKernel<IsingConfiguration>, _ model: IsingModel) -> Moments {
    var kernel = kernel, means = Moments()
    for replica in 0..<40 {
      var chain = IsingChain(model.lattice, replica: replica, start: replica % 2 == 0 ? .hot : .cold, from: streams), sum = 0
      chain.advance(sweeps: 100, with: &kernel, from: streams)
      for _ in 0..<300 {
        chain.advance(sweeps: sweeps, with: &kernel, from: streams)
        sum += model.energy(chain.configuration.spins)
      }
      means.add(Double(sum) / (300 * 64))
    }
    return means
  }
  func energy<S: Streams>(_ streams: S, _ sweeps: Int, _ kernel: some MarkovKernel<LatticeConfiguration<Int8>>, _ model: HypercubicIsing)
    -> Moments
  {
    var kernel = kernel, means = Moments()
    for replica in 0..<40 {
      var chain = LatticeChain(
        replica % 2 == 0
          ? LatticeConfiguration(hot: model, replica: replica, from: streams) : LatticeConfiguration(cold: model, replica: replica))
      var sum = 0.0
      chain.advance(sweeps: 100, with: &kernel, from: streams)
      for _ in 0..<300 {
        chain.advance(sweeps: sweeps, with: &kernel, from: streams)
        sum += model.energy(chain.configuration.values)
      }
      means.add(sum / (300 * 64))
    }
    return means
  }

  @Test("every move gives the exact energy of 8x8 at K_c within 4 sigma with either generator, hot and cold starts together")
  func generators() throws {
    let model = try IsingModel(SquareLattice(size: 8), coupling: IsingModel.criticalCoupling)
    let sites = try HypercubicIsing(HypercubicLattice([8, 8]), coupling: model.coupling)
    let exact = try KaufmanTorus(columns: 8, rows: 8, coupling: model.coupling).energyPerSite
    func check(_ streams: some Streams) throws {
      for means in try [
        energy(streams, 2, SwendsenWang(model), model), energy(streams, 4, Wolff(model), model),
        energy(streams, 4, Then(Repeat(Wolff(model), count: 2), SwendsenWang(model)), model),
        energy(streams, 4, LocalMetropolis(sites), sites), energy(streams, 4, LocalHeatBath(sites), sites),
        energy(streams, 2, SwendsenWangCluster(sites), sites), energy(streams, 4, WolffCluster(sites), sites),
      ] {
        #expect(means.standardError < 0.02 && abs(means.mean - exact) < 4 * means.standardError)
      }
    }
    try check(streams)
    try check(PhiloxStreams(streams.key))
  }

  @Test("errors are what they say: z of e, c, N <m^2>, U over 200 chains has mean 0 +- 0.25 and variance 1 +- 0.35")
  func calibration() throws {
    let model = try IsingModel(SquareLattice(size: 4), coupling: IsingModel.criticalCoupling), k = model.coupling
    let torus = EnumeratedIsing(columns: 4, rows: 4)
    func m(_ state: Int) -> Double { Double(torus.magnetization(state)) }
    func e(_ state: Int) -> Double { Double(torus.energy(state)) }
    let means = torus.averages(coupling: k, of: [e, { e($0) * e($0) }, { m($0) * m($0) }, { m($0) * m($0) * m($0) * m($0) }]).averages
    func quantities(_ means: [Double]) -> [Double] {
      [means[0] / 16, k * k * (means[1] - means[0] * means[0]) / 16, means[2] / 16, 1 - means[3] / (3 * means[2] * means[2])]
    }
    let exact = quantities(means)
    var kernel = try SwendsenWang(model), scores = [Moments](repeating: Moments(), count: 5)
    for replica in 0..<200 {
      var chain = IsingChain(model.lattice, replica: replica, start: replica % 2 == 0 ? .hot : .cold, from: streams)
      chain.advance(sweeps: 50, with: &kernel, from: streams)
      var energies: [Double] = [], sums = BlockSums(observables: 4, blocks: 40)
      for sweep in 0..<2400 {
        chain.advance(sweeps: 1, with: &kernel, from: streams)
        let spins = chain.configuration.spins, m = Double(model.magnetization(spins))
        energies.append(Double(model.energy(spins)))
        sums.add([energies[sweep], energies[sweep] * energies[sweep], m * m, m * m * m * m], to: sweep / 60)
      }
      let found = sums.jackknife(quantities), fromTau = try AutocorrelationTime(energies).mean
      for k in 0..<4 { scores[k].add((found[k].value - exact[k]) / found[k].error) }
      scores[4].add((fromTau.value - means[0]) / fromTau.error)
    }
    for z in scores { #expect(abs(z.mean) < 0.25 && abs(z.variance - 1) < 0.35, "\(z.mean), \(z.variance)") }
  }

  @Test("a chain resumed from its checkpoint is bit for bit the chain that never stopped") func resume() throws {
    let lattice = try SquareLattice(rows: 5, columns: 13)
    let model = try IsingModel(lattice, coupling: 0.4)
    var kernel = try SwendsenWang(model), other = try SwendsenWang(model)
    var whole = IsingChain(lattice, replica: 3, start: .hot, from: streams)
    whole.advance(sweeps: 7, with: &kernel, from: streams)
    var archive = MemoryArchive()
    try whole.save(to: &archive, at: "chain")
    var half = try IsingChain(from: archive, at: "chain")
    #expect(half == whole)
    // A kernel fresh from its initialiser and one that has served another chain continue alike.
    var foreign = IsingChain(lattice, replica: 8, start: .cold, from: streams)
    kernel.step(&foreign.configuration, at: 0, from: streams)
    whole.advance(sweeps: 9, with: &kernel, from: streams)
    half.advance(sweeps: 9, with: &other, from: streams)
    #expect(half == whole)
    #expect(IsingChain(lattice, replica: 4, start: .hot, from: streams).configuration.spins != half.configuration.spins)
  }

  @Test("observables of packed configurations agree with sums over sites") func observables() throws {
    let lattice = try SquareLattice(rows: 6, columns: 11)
    let model = try IsingModel(lattice, coupling: 0.4), observables = SpinObservables(model)
    let states = (0..<3).map { IsingConfiguration(hot: lattice, replica: $0, from: streams) }
    let batch = Configurations(count: 3, sites: .lattice(lattice.shape), words: states.flatMap(\.spins))
    for (c, state) in states.enumerated() {
      func spin(_ y: Int, _ x: Int) -> Double { state[lattice.site(row: y, column: x)] ? 1 : -1 }
      for r in 0..<6 {
        var sum = 0.0, m = 0.0
        for y in 0..<6 {
          for x in 0..<11 {
            sum += spin(y, x) * (spin(y + r, x) + spin(y, x + r)) / 132
            m += spin(y, x) / 66
          }
        }
        #expect(abs(observables.correlation(batch, distance: r)[c] - sum) < 1e-12)
        #expect(abs(observables.magnetization(batch)[c] - m) < 1e-12)
        #expect(abs(observables.absMagnetization(batch)[c] - abs(m)) < 1e-12)
        #expect(abs(observables.squaredMagnetization(batch)[c] - m * m) < 1e-12)
        // The nearest-neighbour correlation is minus half the energy.
        if r == 1 { #expect(abs(observables.energyPerSite(batch)[c] + 2 * sum) < 1e-12) }
      }
    }
  }
}
