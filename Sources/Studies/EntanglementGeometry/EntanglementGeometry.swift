import Glibc
public import Runtime
public import TensorNetworks

/// Entanglement as geometry: exact block entropies of the transverse-field Ising chain, those of a MERA, and the minimal cuts
/// through hierarchical networks that bound them (Swingle, Phys. Rev. D 86, 065007 (2012)).
public struct EntanglementGeometry: Study {
  public static let name = "entanglement-geometry"
  public static let summary = "block entropies of the Ising chain, exactly and by MERA, against minimal cuts through the network"

  /// One piece of work.
  public enum Unit: Sendable, Equatable {
    /// Exact entropies at this field.
    case chain(field: Double)
    /// Minimal cuts through a network, whole or ended after some layers.
    case cuts(NetworkGraph.Kind, endingAfter: Int?)
    /// Entropies of an optimised MERA.
    case mera
  }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "chain", "H = -sum Z Z - h sum X, exactly",
      [
        Parameter("fields", .reals([0.5, 0.9, 1.05, 1.2, 1.5]), .reals(0...1000), unit: "J", "h / J beside the critical 1"),
        Parameter(
          "ring", .integer(0), .integers(0...100_000), unit: "sites", "sites of the ring, an even number; 0 for the infinite chain"),
      ]),
    ParameterTable(
      "blocks", "of neighbouring sites",
      [Parameter("longest", .integer(81), .integers(1...1000), unit: "sites", "no longer than the ring and every network")]),
    ParameterTable(
      "network", "graphs on a ring of sites, bonds of capacity 1",
      [
        Parameter("binary_sites", .integer(128), .integers(4...4096), unit: "sites", "a power of 2, for the binary MERA and the tree"),
        Parameter("ternary_sites", .integer(243), .integers(9...2187), unit: "sites", "a power of 3, for the ternary MERA"),
      ]),
    ParameterTable(
      "mera", "a scale-invariant ternary MERA of the critical chain",
      [
        Parameter("bond_dimension", .integer(4), .integers(2...8), unit: "values", "chi"),
        Parameter("starts", .integer(3), .integers(1...1000), unit: "starts", "from random tensors; the best counts"),
        Parameter("sweeps", .integer(500), .integers(1...1_000_000), unit: "sweeps", "of each start"),
      ]),
  ]
  public static let debugOverrides = [
    "chain.fields=[1.5]", "blocks.longest=8", "network.binary_sites=16", "network.ternary_sites=9", "mera.bond_dimension=3",
    "mera.starts=2",
    "mera.sweeps=20",
  ]

  let fields: [Double], ring: Int?, longest: Int
  let binarySites: Int, ternarySites: Int
  let bondDimension: Int, starts: Int, sweeps: Int

  /// Validates everything that the ranges of the single parameters leave open.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    fields = Set(parameters.reals("chain.fields") + [1]).sorted()
    let sites = parameters.integer("chain.ring")
    ring = sites == 0 ? nil : sites
    longest = parameters.integer("blocks.longest")
    binarySites = parameters.integer("network.binary_sites")
    ternarySites = parameters.integer("network.ternary_sites")
    bondDimension = parameters.integer("mera.bond_dimension")
    starts = parameters.integer("mera.starts")
    sweeps = parameters.integer("mera.sweeps")
    guard sites % 2 == 0 else { throw .invalid(parameter: "chain.ring", what: "\(sites) is odd; free fermions need an even ring") }
    if sites > 0 && longest > sites {
      throw .invalid(parameter: "blocks.longest", what: "\(longest) sites are more than the ring's \(sites) (chain.ring)")
    }
    for (key, kind, count) in [
      ("network.binary_sites", NetworkGraph.Kind.binary, binarySites), ("network.ternary_sites", .ternary, ternarySites),
    ] {
      do { _ = try NetworkGraph(kind, sites: count) } catch { throw .invalid(parameter: key, what: error.description) }
      guard longest <= count else {
        throw .invalid(parameter: "blocks.longest", what: "\(longest) sites are more than the network's \(count) (\(key))")
      }
    }
  }

  /// Block lengths: all to 9, then some twelve a decade with the powers of 2 and 3.
  var lengths: [Int] {
    let spread = (0...40).map { Int(pow(10, Double($0) / 12).rounded()) }
    let powers = (0...10).map { 1 << $0 } + [1, 3, 9, 27, 81, 243, 729]
    return Set(Array(1...9) + spread + powers).filter { $0 <= longest }.sorted()
  }
  /// Layers of the ternary network that a state of correlation length xi = 1/|ln h| has: log_3 xi, rounded up, at least 1.
  func layers(field: Double) -> Int? {
    guard field != 1 else { return nil }
    let length = field == 0 ? 0 : 1 / abs(log(field))
    return max(1, Int((log(max(1, length)) / log(3)).rounded(.up)))
  }
  /// The different ends of ternary networks that the fields ask for.
  var ends: [Int] { Set(fields.compactMap { layers(field: $0) }).sorted() }
  func sites(_ kind: NetworkGraph.Kind) -> Int { kind == .ternary ? ternarySites : binarySites }

  public func plan() -> [PlannedUnit<Unit>] {
    let cube = Double(longest * longest * longest)
    let chains = fields.map { field in
      PlannedUnit(
        label: "chain-h" + String("\(field)".map { $0.isNumber ? $0 : "-" }), unit: Unit.chain(field: field), team: .one,
        operations: 60 * cube * 10, bytesPerRank: 64 * Double(longest * longest))
    }
    let whole = NetworkGraph.Kind.allCases.map { Unit.cuts($0, endingAfter: nil) },
      ended = ends.map { Unit.cuts(.ternary, endingAfter: $0) }
    let cuts = (whole + ended).map { unit -> PlannedUnit<Unit> in
      guard case .cuts(let kind, let end) = unit else { preconditionFailure("a unit of cuts") }
      let n = Double(sites(kind))
      return PlannedUnit(
        label: "cuts-\(kind.rawValue)" + (end.map { "-\($0)-layers" } ?? ""), unit: unit, team: .one,
        operations: n * Double(lengths.count) * n * 3000, bytesPerRank: 1e3 * n)
    }
    let seconds = Double(starts * sweeps) * EntanglementRenormalization.secondsPerSweep(bondDimension)
    // The longest first.
    let mera = PlannedUnit(label: "mera", unit: Unit.mera, team: .one, operations: 3e10 * seconds, bytesPerRank: 5e7)
    return [mera] + cuts + chains
  }
}
