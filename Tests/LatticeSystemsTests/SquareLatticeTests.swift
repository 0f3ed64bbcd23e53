import LatticeSystems
import RandomStreams
import Testing

@Suite struct SquareLatticeTests {
  @Test(
    "packed energy and displacements agree with sums over sites, at any width",
    arguments: [
      (2, 2), (3, 3), (2, 5), (4, 4), (3, 64), (5, 63), (7, 65), (32, 32), (3, 129), (9, 7),
    ])
  func energy(rows: Int, columns: Int) throws {
    let lattice = try SquareLattice(rows: rows, columns: columns)
    let model = try IsingModel(lattice, coupling: 0.3, field: 0.2)
    let streams = KeyedStreams(StreamKey.derive(seed: 5, study: "test", unit: "energy"))
    for replica in 0..<5 {
      let spins = IsingConfiguration(hot: lattice, replica: replica, from: streams).spins
      func spin(_ s: Int) -> Int { spins[s / 64] >> UInt64(s % 64) & 1 == 1 ? 1 : -1 }
      var energy = 0, magnetization = 0
      for y in 0..<rows {
        for x in 0..<columns {
          let s = spin(y * columns + x)
          energy -= s * (spin(y * columns + (x + 1) % columns) + spin((y + 1) % rows * columns + x))
          magnetization += s
        }
      }
      #expect(model.energy(spins) == energy)
      #expect(model.magnetization(spins) == magnetization)
      #expect(abs(model.logWeight(spins) - (-0.3 * Double(energy) + 0.2 * Double(magnetization))) < 1e-12)
      for (dy, dx) in [(0, 1), (1, 0), (rows - 1, columns - 1), (0, 0), (rows / 2, columns / 2)] {
        let moved = model.packed.displaced(spins, rows: dy, columns: dx)
        for s in 0..<lattice.sites {
          let t = (s / columns + dy) % rows * columns + (s % columns + dx) % columns
          #expect((moved[s / 64] >> UInt64(s % 64) & 1 == 1 ? 1 : -1) == spin(t))
        }
        #expect(moved.reduce(0) { $0 + $1.nonzeroBitCount } == spins.reduce(0) { $0 + $1.nonzeroBitCount })
      }
    }
  }

  @Test("the density of states of the 4x4 torus is the known one") func densityOfStates() throws {
    let model = try IsingModel(SquareLattice(size: 4), coupling: 0)
    var counts: [Int: Int] = [:]
    for word in 0..<UInt64(1 << 16) { counts[model.energy([word]), default: 0] += 1 }
    let known = [-32: 2, -24: 32, -20: 64, -16: 424, -12: 1728, -8: 6688, -4: 13568, 0: 20524]
    for (energy, count) in known {
      #expect(counts[energy] == count)
      #expect(counts[-energy] == count)
    }
    #expect(counts.values.reduce(0, +) == 65536 && counts.count == 15)
  }
}
