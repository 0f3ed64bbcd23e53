import Glibc
import LatticeSystems
import Runtime
import Sampling
import Statistics

/// ln Z of models without a closed form: by annealing along the coupling, and by transfer of rows.
extension LatticeModelKnownValues {
  /// ln Z / N by annealed importance sampling and by thermodynamic integration.
  private static func partition<Model: CoupledModel, Move>(
    _ what: String, expected: Double, _ path: AnnealedLattice<Model, Move>, replicas: Int, steps: Int, largestError: Double
  ) -> [KnownValue] {
    let sites = Double(path.model.lattice.sites), streams = streams("annealed-" + what)
    let annealing = AnnealedImportanceSampling(path, schedule: .linear(steps: steps))
    let annealed = annealing.estimate(annealing.run(replicas: replicas, from: streams).logWeights).logPartition
    let integration = ThermodynamicIntegration(
      path, nodes: ThermodynamicIntegration<AnnealedLattice<Model, Move>>.gaussLegendre(16), relaxation: 30,
      measurements: replicas * steps / 1600)
    let integrated = integration.estimate(integration.integrals(replicas: 100, firstReplica: replicas, from: streams))
    return [("annealed importance sampling", annealed), ("thermodynamic integration", integrated)].map { method, found in
      KnownValue(
        "ln Z / N of \(what), \(method)", expected: expected, found: found.value / sites, error: found.error / sites,
        .sigmas(4, largestError: largestError))
    }
  }

  static func cubePartition() throws -> [KnownValue] {
    let lattice = try HypercubicLattice([4, 4, 4])
    return try [(0.2, 0.764101195875), (0.22165463, 0.787933482020)].flatMap { coupling, expected in
      let path = try AnnealedLattice(HypercubicIsing(lattice, coupling: coupling)) { m throws(LatticeError) in
        try SwendsenWangCluster(m)
      }
      return partition("4x4x4, K = \(coupling)", expected: expected, path, replicas: 4000, steps: 100, largestError: 5e-4)
    }
  }

  static func pottsPartition() throws -> [KnownValue] {
    let model = try PottsModel(HypercubicLattice([4, 4]), colours: 3, coupling: PottsModel.criticalCoupling(colours: 3))
    let path = try AnnealedLattice(model) { m throws(LatticeError) in try SwendsenWangCluster(m) }
    return partition("3-state Potts, 4x4, K_c", expected: 2.13578800861, path, replicas: 8000, steps: 100, largestError: 1e-3)
  }

  static func xyPartition() throws -> [KnownValue] {
    let lattice = try HypercubicLattice([3, 3])
    return try [(0.5, 0.157041821497), (1, 0.729502267789)].flatMap { coupling, expected in
      let path = try AnnealedLattice(XYModel(lattice, coupling: coupling)) { m throws(LatticeError) in
        Then(try LocalMetropolis(m, width: 3), try WolffCluster(m))
      }
      return partition("XY, 3x3, K = \(coupling)", expected: expected, path, replicas: 8000, steps: 100, largestError: 1e-3)
    }
  }

  /// Numbers of states of the 3-state Potts model on 4x4 by like bonds, row by row, and what they give at K_c.
  static func pottsTransfer() -> [KnownValue] {
    let rows = (0..<81).map { number in [1, 3, 9, 27].map { number / $0 % 3 } }
    let within = rows.map { row in (0..<4).count { row[$0] == row[($0 + 1) % 4] } }
    let between = rows.map { a in rows.map { b in (0..<4).count { a[$0] == b[$0] } } }
    var counts = [Double](repeating: 0, count: 33)
    for first in 0..<81 {
      var ways = [[Double]](repeating: [Double](repeating: 0, count: 33), count: 81)
      ways[first][within[first]] = 1
      for _ in 0..<3 {
        var next = [[Double]](repeating: [Double](repeating: 0, count: 33), count: 81)
        for a in 0..<81 {
          for like in 0..<25 where ways[a][like] > 0 {
            for b in 0..<81 { next[b][like + between[a][b] + within[b]] += ways[a][like] }
          }
        }
        ways = next
      }
      for last in 0..<81 {
        for like in 0..<29 { counts[like + between[last][first]] += ways[last][like] }
      }
    }
    let k = PottsModel.criticalCoupling(colours: 3)
    var z = 0.0, sum = 0.0, square = 0.0
    for (like, count) in counts.enumerated() {
      let weight = count * exp(k * Double(like))
      z += weight
      sum += weight * Double(like)
      square += weight * Double(like * like)
    }
    let mean = sum / z
    return compare(
      "3-state Potts, 4x4, K_c, transfer of rows", ["number of states", "ln Z / N", "e", "c"],
      [43_046_721, 2.13578800861, -1.71006227550, 1.51188124190],
      [counts.reduce(0, +), log(z) / 16, -mean / 16, k * k * (square / z - mean * mean) / 16], within: 1e-9)
  }
}
