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

  @Test("a strip obeys the laws of checkpoints, whatever its width", arguments: [(4, 6), (6, 1028), (2, 4096)])
  func checkpoints(rows: Int, columns: Int) throws {
    let lattice = try SquareLattice(rows: rows, columns: columns), alone = SoloCommunicator()
    var strip = try CheckerboardStrip(hot: lattice, replica: 2, from: streams, on: alone)
    try StripHeatBath(lattice, coupling: 0.4).advance(&strip, sweeps: 1, from: streams, on: alone)
    func areEqual(_ a: CheckerboardStrip, _ b: CheckerboardStrip) -> Bool {
      a.whole == b.whole && a.steps == b.steps && a.rows == b.rows
    }
    try checkpointLaws(strip, equal: areEqual)
  }

  @Test("strips refuse odd extents and couplings that are not finite") func refusals() throws {
    let odd = try SquareLattice(rows: 4, columns: 5), lattice = try SquareLattice(size: 4), alone = SoloCommunicator()
    #expect(throws: LatticeError.oddSize(rows: 4, columns: 5)) { try CheckerboardStrip(cold: odd, replica: 0, on: alone) }
    #expect(throws: LatticeError.oddSize(rows: 4, columns: 5)) { try StripMetropolis(odd, coupling: 0.4) }
    #expect(throws: LatticeError.nonFiniteCoupling(coupling: .infinity, field: 0)) { try StripMetropolis(lattice, coupling: .infinity) }
  }
}
