import Foundation
import LatticeSystems
import Laws
import MessagePassing
import RandomStreams
import Testing

private let program = builtExecutable("rank-programs")
private let ready = program != nil && mpirunExecutable() != nil

/// Lattices on strips under the real launcher. One at a time: each already uses all cores.
@Suite(.serialized, .enabled(if: ready, "needs mpirun and the built executable rank-programs (RENORM_BUILD_DIR)"))
struct StripRankTests {
  /// The output of a rank program on every number of ranks is that of one process without MPI.
  private func agree(_ name: String) throws {
    let alone = try run(program!, ["solo-" + name], timeout: 60)
    #expect(alone.status == 0 && alone.output.hasPrefix("hash "), "\(alone.error)")
    for ranks in [1, 2, 3, 4, 8] {
      let result = try mpirun(ranks, executable: program!, arguments: [name], timeout: 60)
      #expect(result.status == 0 && result.output == alone.output, "\(ranks) ranks: \(result.error)")
    }
  }

  @Test("Checkerboard sweeps on strips are those of the whole lattice, bit for bit, and go on on any number of ranks")
  func checkerboard() throws { try agree("strips") }

  @Test("Swendsen-Wang on strips is that of the whole lattice, bit for bit, and goes on on any number of ranks")
  func clusters() throws { try agree("strip-clusters") }
}

@Suite struct StripTests {
  let streams = KeyedStreams(StreamKey.derive(seed: 9, study: "test", unit: "strips"))

  @Test("a strip obeys the laws of checkpoints, whatever its width", arguments: [(4, 6), (6, 1028), (2, 4096), (10, 134), (16, 256)])
  func checkpoints(rows: Int, columns: Int) throws {
    let lattice = try SquareLattice(rows: rows, columns: columns), alone = SoloCommunicator()
    var strip = try CheckerboardStrip(hot: lattice, replica: 2, from: streams, on: alone)
    try StripHeatBath(lattice, coupling: 0.4).advance(&strip, sweeps: 1, from: streams, on: alone)
    func areEqual(_ a: CheckerboardStrip, _ b: CheckerboardStrip) -> Bool {
      a.whole == b.whole && a.steps == b.steps && a.rows == b.rows
    }
    try checkpointLaws(strip, equal: areEqual)
  }

  @Test("a strip of packed spins obeys the laws of checkpoints", arguments: [(3, 5), (200, 1000)])
  func packedCheckpoints(rows: Int, columns: Int) throws {
    let lattice = try SquareLattice(rows: rows, columns: columns), alone = SoloCommunicator()
    var strip = IsingStrip(hot: lattice, replica: 2, from: streams, on: alone)
    var move = try StripSwendsenWang(lattice, coupling: 0.4)
    try move.advance(&strip, steps: 1, from: streams, on: alone)
    let areEqual = { (a: IsingStrip, b: IsingStrip) -> Bool in
      guard a.steps == b.steps, a.sites == b.sites else { return false }
      return a.whole == b.whole
    }
    try checkpointLaws(strip, equal: areEqual)
  }

  @Test("at K_c the moves on strips have Kaufman's energy, and sum |C|^2 the mean of M^2") func kaufman() throws {
    let size = 32, lattice = try SquareLattice(size: size), coupling = IsingModel.criticalCoupling, alone = SoloCommunicator()
    let exact = try KaufmanTorus(columns: size, rows: size, coupling: coupling).energyPerSite * Double(lattice.sites)
    let sweep = try StripHeatBath(lattice, coupling: coupling)
    var local = try CheckerboardStrip(hot: lattice, replica: 0, from: streams, on: alone)
    var move = try StripSwendsenWang(lattice, coupling: coupling, measuresClusters: true)
    var cluster = IsingStrip(cold: lattice, replica: 1, on: alone)
    // 40 bins, each many times the autocorrelation time (some L^2 = 1000 sweeps; a few steps of Swendsen-Wang).
    let bins = 40
    var sums = [[Double]](repeating: [], count: 3)
    for _ in 0..<bins {
      var bin = [0.0, 0, 0]
      for _ in 0..<500 {
        try sweep.advance(&local, sweeps: 20, from: streams, on: alone)
        bin[0] += Double(try local.measure(on: alone).energy) / 500
        try move.advance(&cluster, steps: 2, from: streams, on: alone)
        let measured = try cluster.measure(on: alone)
        bin[1] += Double(measured.energy) / 500
        bin[2] += (Double(measured.magnetization * measured.magnetization) - Double(move.clusterSquares)) / 500
      }
      for k in 0..<3 { sums[k].append(bin[k]) }
    }
    for (values, expected) in zip(sums, [exact, exact, 0]) {
      let mean = values.reduce(0, +) / Double(bins)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(bins * (bins - 1))
      // 40 bins: 4.4 of their sigma is 4 sigma of a normal law.
      #expect(abs(mean - expected) < 4.4 * variance.squareRoot())
    }
  }

  @Test("strips refuse odd extents and couplings that are not finite") func refusals() throws {
    let odd = try SquareLattice(rows: 4, columns: 5), lattice = try SquareLattice(size: 4), alone = SoloCommunicator()
    #expect(throws: LatticeError.oddSize(rows: 4, columns: 5)) { try CheckerboardStrip(cold: odd, replica: 0, on: alone) }
    #expect(throws: LatticeError.oddSize(rows: 4, columns: 5)) { try StripMetropolis(odd, coupling: 0.4) }
    let infinite = LatticeError.nonFiniteCoupling(coupling: .infinity, field: 0)
    #expect(throws: infinite) { try StripMetropolis(lattice, coupling: .infinity) }
    #expect(throws: infinite) { try StripSwendsenWang(lattice, coupling: .infinity) }
    #expect(throws: LatticeError.negativeCoupling(-0.1)) { try StripSwendsenWang(lattice, coupling: -0.1) }
    let large = try SquareLattice(size: 65536)
    #expect(throws: LatticeError.tooManySites(1 << 32, most: 1 << 31)) {
      try StripSwendsenWang(large, coupling: 0.4, measuresClusters: true)
    }
  }
}
