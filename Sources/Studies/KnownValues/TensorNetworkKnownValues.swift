import Glibc
import LatticeSystems
import RandomStreams
public import Runtime
import TensorNetworks

/// Known values of coarse-grained networks, of the transverse-field Ising chain and of the geometry of entanglement: B-1 to
/// B-10, B-13 and B-14; those of MERA are in `EntanglementKnownValues`.
public enum TensorNetworkKnownValues {
  /// All checks of this table.
  public static let checks: [Check] = [
    Check("B-1", .fast, onsager), Check("B-2", .fast, tori),
    Check("B-3", .fast) { try errors(.trg, [(4, -2.89e-4), (8, -6.91e-5)], within: 0.10) },
    Check("B-3", .slow) { try errors(.trg, [(16, -4.63e-6), (24, -1.11e-6)], within: 0.10) },
    Check("B-4", .fast) { try errors(.hotrg, [(4, -1.73e-4), (8, -1.36e-5)], within: 0.15) },
    Check("B-4", .slow) { try errors(.hotrg, [(12, -1.67e-6), (16, -5.6e-7)], within: 0.15) },
    Check("B-5", .fast, scaling), Check("B-6", .fast, energies), Check("B-7", .fast, criticalEntropies),
    Check("B-8", .fast, entropyGrowth), Check("B-9", .fast, ringEntropies), Check("B-10", .fast, gappedEntropies),
    Check("B-13", .fast, binaryCuts), Check("B-14", .fast, ternaryCuts),
  ]

  private static let critical = SquareIsing.criticalCoupling
  private static let streams = KeyedStreams(StreamKey.derive(seed: 1, study: "known-values", unit: "tensor-networks"))

  private static func coarseGrained(
    _ scheme: CoarseGrainingScheme, _ chi: Int, steps: Int
  ) throws -> NetworkCoarseGraining {
    var network = try NetworkCoarseGraining(.ising(coupling: critical), scheme: scheme, bondDimension: chi)
    for _ in 0..<steps { try network.step(from: streams) }
    return network
  }

  @Sendable private static func onsager() throws -> [KnownValue] {
    let rows = [
      (1.0, 2.000348283701), (2.0, 1.025792812695), (1 / critical, 0.929695398342), (2.5, 0.879363820775), (3.0, 0.815882731858),
    ]
    return try rows.map { temperature, expected in
      let found = try OnsagerSolution(coupling: temperature == 1 / critical ? critical : 1 / temperature).logPartitionPerSite
      return KnownValue("infinite square lattice, T = \(temperature): lnZ/N", expected: expected, found: found, .absolute(1e-11))
    }
  }

  @Sendable private static func tori() throws -> [KnownValue] {
    let four = try KaufmanTorus(columns: 4, rows: 4, coupling: critical).logPartitionPerSite
    let eight = try KaufmanTorus(columns: 8, rows: 8, coupling: critical).logPartitionPerSite
    let network = try coarseGrained(.hotrg, 16, steps: 4).logPartitionPerSite
    return [
      KnownValue("torus 4x4 at K_c: lnZ/N", expected: 0.970119716172, found: four, .absolute(1e-10)),
      KnownValue("torus 8x8 at K_c: lnZ/N", expected: 0.939715324829, found: eight, .absolute(1e-10)),
      KnownValue("HOTRG chi=16, 4 steps: lnZ/N of the 4x4 torus", expected: 0.970119716172, found: network, .absolute(1e-10)),
    ]
  }

  private static func errors(
    _ scheme: CoarseGrainingScheme, _ rows: [(chi: Int, error: Double)], within width: Double
  ) throws -> [KnownValue] {
    let exact = try OnsagerSolution(coupling: critical).logPartitionPerSite
    return try rows.map { chi, error in
      let found = try coarseGrained(scheme, chi, steps: 40).logPartitionPerSite / exact - 1
      return KnownValue(
        "\(scheme.rawValue.uppercased()) chi=\(chi), 40 steps at T_c: relative error of lnZ/N", expected: error, found: found,
        .relative(width))
    }
  }

  @Sendable private static func scaling() throws -> [KnownValue] {
    let network = try coarseGrained(.trg, 16, steps: 8)
    let charge = try network.centralCharge(from: streams), found = try LevelSpectrum(twoBlocks: network.tensor, count: 5).scalingDimensions
    let what = "TRG chi=16, L=16: "
    return [KnownValue(what + "c", expected: 0.50088, found: charge, .absolute(0.002))]
      + zip([0.12485, 1.0038, 1.127, 1.131], found[1...]).enumerated().map { index, pair in
        KnownValue(what + "Delta_\(index + 1), two blocks", expected: pair.0, found: pair.1, .absolute(index == 0 ? 0.002 : 0.005))
      }
  }

  @Sendable private static func energies() throws -> [KnownValue] {
    let rings = [(16, -20.404594474757), (64, -81.495512668926)],
      lines = [(0.5, -1.063544409973), (1.5, -1.671926221536), (2, -2.127088819947)]
    return try rings.map { sites, expected in
      let found = try TransverseFieldChain(field: 1, sites: sites).energyPerSite * Double(sites)
      return KnownValue("Ising ring of \(sites) at h = J: E_0", expected: expected, found: found, .absolute(1e-10))
    }
      + lines.map { field, expected in
        let found = try TransverseFieldChain(field: field).energyPerSite
        return KnownValue("infinite Ising chain, h = \(field): e", expected: expected, found: found, .absolute(1e-10))
      }
  }

  private static func entropies(_ chain: TransverseFieldChain, _ rows: [(Int, Double)], within width: Double = 1e-9) throws -> [KnownValue]
  {
    let found = try chain.blockEntropies(lengths: rows.map(\.0))
    let name = chain.sites.map { "ring of \($0)" } ?? "infinite chain"
    return zip(rows, found).map { row, found in
      KnownValue("\(name), h = \(chain.field): S(\(row.0))", expected: row.1, found: found, .absolute(width))
    }
  }
  @Sendable private static func criticalEntropies() throws -> [KnownValue] {
    try entropies(
      TransverseFieldChain(field: 1),
      [
        (1, 0.473946633734), (2, 0.593408511276), (4, 0.709471230012), (8, 0.825098726041), (16, 0.940647976502), (32, 1.056178628964),
      ])
  }
  @Sendable private static func entropyGrowth() throws -> [KnownValue] {
    let found = try TransverseFieldChain(field: 1).blockEntropies(lengths: [16, 32, 128])
    return [
      KnownValue("c = 3 (S(32) - S(16)) / ln 2", expected: 0.50002650, found: 3 * (found[1] - found[0]) / log(2), .absolute(1e-7)),
      KnownValue("S(128) - ln(128)/6", expected: 0.478557887, found: found[2] - log(128) / 6, .absolute(1e-7)),
    ]
  }
  @Sendable private static func ringEntropies() throws -> [KnownValue] {
    try entropies(TransverseFieldChain(field: 1, sites: 32), [(16, 0.8654392135), (8, 0.8076566819)])
  }
  @Sendable private static func gappedEntropies() throws -> [KnownValue] {
    try [(1.1, 64, 0.6577157587), (1.5, 32, 0.3069825111), (2, 32, 0.1776859471), (0.5, 32, 0.6989875284)].flatMap {
      try entropies(TransverseFieldChain(field: $0), [($1, $2)])
    }
  }

  private static func cuts(_ kind: NetworkGraph.Kind, _ sites: Int, _ rows: [(Int, Int, Int, Double)]) throws -> [KnownValue] {
    let graph = try NetworkGraph(kind, sites: sites)
    return try rows.flatMap { length, least, most, mean in
      let found = try graph.minimalCuts(length: length), sum = Double(found.reduce(0, +))
      let what = "\(kind == .tree ? "binary tree" : "\(kind.rawValue) MERA"), N = \(sites), l = \(length): "
      return [
        KnownValue(what + "least cut", expected: Double(least), found: Double(found.min() ?? 0), .absolute(0)),
        KnownValue(what + "largest cut", expected: Double(most), found: Double(found.max() ?? 0), .absolute(0)),
        KnownValue(what + "sum of cuts", expected: (mean * Double(sites)).rounded(), found: sum, .absolute(0)),
      ]
    }
  }
  @Sendable private static func binaryCuts() throws -> [KnownValue] {
    try cuts(.binary, 64, [(2, 2, 2, 2), (4, 3, 4, 3.5), (8, 5, 6, 5.5), (16, 7, 9, 7.75), (32, 9, 11, 9.875)])
  }
  @Sendable private static func ternaryCuts() throws -> [KnownValue] {
    try cuts(.ternary, 81, [(3, 3, 3, 3), (9, 5, 7, 17.0 / 3), (27, 7, 11, 25.0 / 3)]) + cuts(.tree, 64, [(8, 1, 4, 2.875)])
  }
}
