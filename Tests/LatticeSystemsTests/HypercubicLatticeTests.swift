import Archives
import LatticeSystems
import RandomStreams
import Sampling
import Testing

@Suite struct HypercubicLatticeTests {
  @Test("neighbours are one step apart along their axis, forward and backward", arguments: [[5], [2, 3], [4, 4], [3, 4, 5], [2, 3, 2, 5]])
  func neighbours(extents: [Int]) throws {
    let lattice = try HypercubicLattice(extents)
    #expect(lattice.sites == extents.reduce(1, *) && lattice.bonds == extents.count * lattice.sites)
    for site in 0..<lattice.sites {
      for axis in extents.indices {
        let next = lattice.forward(site, axis: axis)
        #expect(lattice.backward(next, axis: axis) == site)
        for other in extents.indices {
          let step = other == axis ? 1 : 0
          #expect(lattice.coordinate(next, axis: other) == (lattice.coordinate(site, axis: other) + step) % extents[other])
        }
      }
    }
    #expect(lattice.isBipartite == extents.allSatisfy { $0 % 2 == 0 })
  }

  @Test("in two dimensions the sites and energies are those of the packed square lattice") func square() throws {
    let lattice = try HypercubicLattice([6, 5]), packed = try SquareLattice(rows: 6, columns: 5)
    for site in 0..<30 {
      let mine = [lattice.forward(site, axis: 1), lattice.forward(site, axis: 0), lattice.backward(site, axis: 1), lattice.backward(site, axis: 0)]
      #expect(mine == packed.neighbours(of: site))
    }
    let streams = KeyedStreams(StreamKey(high: 5, low: 6))
    let model = try HypercubicIsing(lattice, coupling: 0.4, field: 0.1), other = try IsingModel(packed, coupling: 0.4, field: 0.1)
    let state = IsingConfiguration(hot: packed, replica: 0, from: streams)
    let values = (0..<30).map { state[$0] ? Int8(1) : -1 }
    #expect(model.energy(values) == Double(other.energy(state.spins)))
    #expect(abs(model.logWeight(values) - other.logWeight(state.spins)) < 1e-12)
  }

  /// A chain saved half way and one that never stopped.
  func checkResume<Model: LatticeModel>(
    _ model: Model, _ kernel: some MarkovKernel<LatticeConfiguration<Model.Value>>
  ) throws {
    let streams = KeyedStreams(StreamKey(high: 7, low: 8))
    var kernel = kernel, other = kernel
    var whole = LatticeChain(LatticeConfiguration(hot: model, replica: 3, from: streams))
    whole.advance(sweeps: 5, with: &kernel, from: streams)
    var archive = MemoryArchive()
    try whole.save(to: &archive, at: "chain")
    var half = try LatticeChain<Model.Value>(from: archive, at: "chain")
    #expect(half == whole)
    whole.advance(sweeps: 6, with: &kernel, from: streams)
    half.advance(sweeps: 6, with: &other, from: streams)
    #expect(half == whole)
    #expect(half.steps == 11 && half.configuration.values != LatticeConfiguration(hot: model, replica: 3, from: streams).values)
  }

  @Test("chains of every model resume bit for bit from their checkpoints") func resume() throws {
    let lattice = try HypercubicLattice([4, 3, 6])
    let xy = try XYModel(lattice, coupling: 1), potts = try PottsModel(lattice, colours: 3, coupling: 0.5)
    let ising = try HypercubicIsing(lattice, coupling: 0.2), scalar = try ScalarPhi4Model(lattice, hopping: 0.2, quartic: 0.5)
    try checkResume(xy, Then(LocalMetropolis(xy), WolffCluster(xy)))
    try checkResume(potts, Then(LocalHeatBath(potts), SwendsenWangCluster(potts)))
    try checkResume(ising, Then(Repeat(LocalMetropolis(ising), count: 2), WolffCluster(ising)))
    try checkResume(scalar, Then(HybridMonteCarlo(scalar, stepSize: 0.1, stepCount: 5), WolffCluster(scalar)))
  }
}
