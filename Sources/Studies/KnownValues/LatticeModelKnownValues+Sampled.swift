import LatticeSystems
import Runtime
import Sampling
import Statistics

extension LatticeModelKnownValues {
  private static let critical = IsingModel.criticalCoupling

  /// e, c, <|m|>, <m^2>, U of the means of E, E^2, |m|, m^2, m^4.
  private static func isingQuantities(_ model: HypercubicIsing) -> ([Double]) -> [Double] {
    let n = Double(model.lattice.sites), k = model.coupling
    return { [$0[0] / n, k * k * ($0[1] - $0[0] * $0[0]) / n, $0[2], $0[3], 1 - $0[4] / (3 * $0[3] * $0[3])] }
  }
  private static func isingSample(_ model: HypercubicIsing) -> ([Int8]) -> [Double] {
    {
      let e = model.energy($0), m = abs(model.magnetization($0)) / Double(model.lattice.sites), square = m * m
      return [e, e * e, m, square, square * square]
    }
  }

  /// A5 by Wolff clusters, and the energy at K_c from every move.
  static func magnetizationSampled() throws -> [KnownValue] {
    let lattice = try HypercubicLattice([8, 8])
    var values: [KnownValue] = []
    for (coupling, expected) in [
      (0.4, [0.603128979407, 0.432099078576, 0.524122855863]), (critical, [0.777331092787, 0.646911574994, 0.613045384943]),
      (0.5, [0.911452266143, 0.841671184622, 0.654618649250]),
    ] {
      let model = try HypercubicIsing(lattice, coupling: coupling)
      let found = sample(
        model, try Repeat(WolffCluster(model), count: 3), unit: "a5-\(coupling)", sweeps: 40_000, of: isingQuantities(model),
        isingSample(model))
      values += compare(
        "8x8, K = \(coupling), Wolff", ["<|m|>", "<m^2>", "U"], expected, Array(found[2...]), largestErrors: [1e-3, 1e-3, 5e-4])
    }
    let model = try HypercubicIsing(lattice, coupling: critical)
    let exact = try KaufmanTorus(columns: 8, rows: 8, coupling: critical).energyPerSite
    func energy(_ name: String, _ found: [Estimate]) {
      values.append(
        KnownValue(
          "e of 8x8 at K_c, \(name)", expected: exact, found: found[0].value, error: found[0].error, .sigmas(4, largestError: 2e-3)))
    }
    func energies(_ name: String, _ sweeps: Int, _ kernel: some MarkovKernel<LatticeConfiguration<Int8>>) {
      energy(name, sample(model, kernel, unit: "moves-" + name, sweeps: sweeps) { [model.energy($0) / 64] })
    }
    energies("Metropolis", 40_000, try LocalMetropolis(model))
    energies("heat bath", 40_000, LocalHeatBath(model))
    energies("Wolff", 40_000, try WolffCluster(model))
    energies("Swendsen-Wang", 20_000, try SwendsenWangCluster(model))
    let potts = try PottsModel(lattice, colours: 2, coupling: 2 * critical)
    energy(
      "Wolff on the 2-state Potts model",
      sample(potts, try WolffCluster(potts), unit: "moves-potts", sweeps: 40_000) { [(2 * potts.energy($0) + 128) / 64] })
    return try values + clusterSizes(model)
  }

  /// <|C|> of Wolff and <sum |C|^2> / N of Swendsen-Wang are the susceptibility.
  private static func clusterSizes(_ model: HypercubicIsing) throws -> [KnownValue] {
    let streams = streams("clusters"), packed = try IsingModel(SquareLattice(size: 8), coupling: critical)
    var means = [Moments(), Moments(), Moments()]
    var wolff = try WolffCluster(model), swendsenWang = try SwendsenWangCluster(model), bits = try Wolff(packed)
    let draws = 20_000
    for replica in 0..<40 {
      var chain = LatticeChain(LatticeConfiguration(hot: model, replica: replica, from: streams)), sums = [0.0, 0.0, 0.0]
      var board = IsingChain(packed.lattice, replica: replica, start: .hot, from: streams)
      chain.advance(sweeps: 100, with: &swendsenWang, from: streams)
      board.advance(sweeps: 300, with: &bits, from: streams)
      for _ in 0..<draws {
        chain.advance(sweeps: 1, with: &wolff, from: streams)
        chain.advance(sweeps: 1, with: &swendsenWang, from: streams)
        board.advance(sweeps: 1, with: &bits, from: streams)
        sums[0] += Double(wolff.clusterSize)
        sums[1] += Double(swendsenWang.clusterSquares) / 64
        sums[2] += Double(bits.clusterSize)
      }
      for k in 0..<3 { means[k].add(sums[k] / Double(draws)) }
    }
    return compare(
      "8x8 at K_c", ["<|C|> of Wolff", "<sum |C|^2> / N of Swendsen-Wang", "<|C|> of packed Wolff"],
      [Double](repeating: 41.402340799631, count: 3), means.map(\.estimate), largestErrors: [0.1, 0.1, 0.1])
  }

  /// A7 by Swendsen-Wang.
  static func cubeSampled() throws -> [KnownValue] {
    let lattice = try HypercubicLattice([4, 4, 4])
    var values: [KnownValue] = []
    for (coupling, sweeps, expected) in [
      (0.2, 100_000, [-0.932610939347, 0.528384854184, 0.189414332261, 0.349184047836]),
      (0.22165463, 190_000, [-1.293228020482, 0.977534737785, 0.331217196615, 0.494790140761]),
    ] {
      let model = try HypercubicIsing(lattice, coupling: coupling)
      let found = sample(
        model, try SwendsenWangCluster(model), unit: "a7-\(coupling)", sweeps: sweeps, of: isingQuantities(model), isingSample(model))
      values += compare(
        "4x4x4, K = \(coupling), Swendsen-Wang", ["e", "c", "<m^2>", "U"], expected, [found[0], found[1], found[3], found[4]],
        largestErrors: [5e-4, 2e-3, 5e-4, 1e-3])
    }
    return values
  }

  /// A8 on 4x4 by three moves.
  static func pottsSampled() throws -> [KnownValue] {
    let model = try PottsModel(HypercubicLattice([4, 4]), colours: 3, coupling: PottsModel.criticalCoupling(colours: 3))
    let k = model.coupling
    func check(_ name: String, _ kernel: some MarkovKernel<LatticeConfiguration<UInt8>>) -> [KnownValue] {
      let found = sample(
        model, kernel, unit: "a8-" + name, sweeps: 20_000, of: { [$0[0] / 16, k * k * ($0[1] - $0[0] * $0[0]) / 16] }
      ) { values in
        let e = model.energy(values)
        return [e, e * e]
      }
      return compare(
        "3-state Potts, 4x4, K_c, \(name)", ["e", "c"], [-1.71006227550, 1.51188124190], found, largestErrors: [2e-3, 1e-2])
    }
    return try check("Swendsen-Wang", SwendsenWangCluster(model)) + check("Wolff", Repeat(WolffCluster(model), count: 2))
      + check("Metropolis", Repeat(LocalMetropolis(model), count: 3)) + check("heat bath", Repeat(LocalHeatBath(model), count: 3))
  }

  /// A9 by Metropolis alone, by it with Wolff and by it with Swendsen-Wang.
  static func xySampled() throws -> [KnownValue] {
    let lattice = try HypercubicLattice([3, 3])
    var values: [KnownValue] = []
    for (coupling, expected) in [
      (0.5, [-0.715359976475, 0.373476003310, 0.243591623947]), (1, [-1.455317675468, 0.731466348024, 0.699726848342]),
    ] {
      let model = try XYModel(lattice, coupling: coupling), local = try LocalMetropolis(model, width: 3)
      func check(_ name: String, _ kernel: some MarkovKernel<LatticeConfiguration<SIMD2<Double>>>) {
        let found = sample(
          model, kernel, unit: "a9-\(name)-\(coupling)", sweeps: 30_000, of: { [$0[0], $0[1], $0[2] - coupling * $0[3]] }
        ) { values in
          let (c0, s0) = model.helicitySums(values, axis: 0), (c1, s1) = model.helicitySums(values, axis: 1)
          return [-(c0 + c1) / 9, model.squaredMagnetization(values), (c0 + c1) / 18, (s0 * s0 + s1 * s1) / 18]
        }
        values += compare(
          "XY, 3x3, K = \(coupling), \(name)", ["e", "<m^2>", "helicity"], expected, found, largestErrors: [1e-3, 1e-3, 1e-3])
      }
      check("Metropolis", Repeat(local, count: 2))
      check("Wolff", try Then(local, WolffCluster(model)))
      check("Swendsen-Wang", try Then(local, SwendsenWangCluster(model)))
    }
    return values
  }

  /// <phi^2>, <phi^4>, <phi phi'> and N <m^2> of a phi^4 model by HMC, by Metropolis and by it with clusters.
  private static func scalar(
    _ extents: [Int], _ kappa: Double, _ lambda: Double, _ expected: [Double], unit: String, sweeps: Int
  ) throws -> [KnownValue] {
    let model = try ScalarPhi4Model(HypercubicLattice(extents), hopping: kappa, quartic: lambda)
    let n = Double(model.lattice.sites), bonds = Double(model.lattice.bonds)
    func check(_ name: String, _ kernel: some MarkovKernel<LatticeConfiguration<Double>>) -> [KnownValue] {
      let found = sample(model, kernel, unit: "\(unit)-\(name)", sweeps: sweeps) { values in
        var sums = SIMD4<Double>()
        for phi in values {
          let square = phi * phi
          sums += SIMD4(square, square * square, phi, 0)
        }
        return [sums[0] / n, sums[1] / n, model.neighbourSum(values) / bonds, sums[2] * sums[2] / n]
      }
      return compare(
        "phi^4, \(extents), kappa = \(kappa), lambda = \(lambda), \(name)",
        Array(["<phi^2>", "<phi^4>", "<phi phi'>", "N <m^2>"].prefix(expected.count)), expected, found,
        largestErrors: [1e-3, 2e-3, 1e-3, 1e-2])
    }
    let local = try LocalMetropolis(model, width: 1.2)
    return try check("hybrid Monte Carlo", HybridMonteCarlo(model, stepSize: 0.2, stepCount: 5))
      + check("Metropolis", Repeat(local, count: 3)) + check("Wolff", Then(local, WolffCluster(model)))
      + check("Swendsen-Wang", Then(local, SwendsenWangCluster(model)))
  }
  static func scalarSampled() throws -> [KnownValue] {
    try scalar(
      [3, 3], 0.22, 0.5, [0.568546117627, 0.666520684362, 0.189228050411, 9 * 0.199348551695], unit: "a10-plane", sweeps: 50_000)
      + scalar([8], 0.3, 0.5, [0.529664463982, 0.593363218129, 0.155605363548, 0.969910746320], unit: "a10-ring", sweeps: 50_000)
  }
  /// C-7.
  static func scalarPlane() throws -> [KnownValue] {
    try scalar([4, 4], 0.25, 0.5, [0.590984, 0.710012, 0.210012], unit: "c7", sweeps: 30_000)
  }
  /// C-8.
  static func scalarPlaneOrdered() throws -> [KnownValue] {
    try scalar([4, 4], 0.34, 0.5, [0.92329, 1.40845, 0.66798], unit: "c8-4", sweeps: 50_000)
      + scalar([3, 3], 0.30, 1, [0.758152, 0.918048, 0.481620], unit: "c8-3", sweeps: 50_000)
  }
}
