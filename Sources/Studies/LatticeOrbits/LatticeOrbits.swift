import BigInt
import LatticeSystems
public import Runtime
import SymmetryGroups

/// All configurations of a small Ising torus sorted into orbits of its symmetry group: how many there are of each length,
/// and where the Boltzmann weight sits. Everything is exact.
public struct LatticeOrbits: Study {
  public static let name = "lattice-orbits"
  public static let summary = "orbits of all spin configurations of a small Ising torus, their lengths and Boltzmann weights, exactly"

  /// The one unit of work.
  public enum Unit: Sendable { case enumeration }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "lattice", "the Ising model on a torus, weight exp(K sum s s')",
      [
        Parameter("rows", .integer(5), .integers(3...12), unit: "sites", "rows of the torus"),
        Parameter("columns", .integer(5), .integers(3...12), unit: "sites", "columns; rows x columns is at most 36"),
        Parameter(
          "couplings", .reals([]), .reals(0...5), unit: "1", "K = J / kT, each counted once; empty: 0, 0.05, ..., 1 and the critical one"),
      ]),
    ParameterTable(
      "group", "the symmetry group",
      [
        Parameter(
          "kind", .text("p4m"), .oneOf(["translations", "point", "p4m", "generators"]), unit: "1",
          "translations, the point group about a site, both (pmm on a rectangle), or the group of the generators below"),
        Parameter("generators", .texts([]), unit: "1", "permutations of the sites 0, 1, ... in cycles, e.g. [\"(0 1 2)(3 4 5)\"]"),
        Parameter("flip", .flag(true), unit: "1", "whether turning all spins belongs to the group"),
      ]),
  ]

  public static let debugOverrides = ["lattice.rows=4", "lattice.columns=4"]

  /// The most elements of a group given by generators.
  private static let orderLimit = 20_000

  let rows: Int, columns: Int, couplings: [Double], kind: String, withFlip: Bool
  /// All permutations of the group.
  let permutations: [Permutation]

  public init(_ parameters: ParameterValues) throws(StudyError) {
    rows = parameters.integer("lattice.rows")
    columns = parameters.integer("lattice.columns")
    kind = parameters.text("group.kind")
    withFlip = parameters.flag("group.flip")
    let given = parameters.reals("lattice.couplings"), texts = parameters.texts("group.generators")
    couplings = given.isEmpty ? ((0...20).map { Double($0) / 20 } + [SquareIsing.criticalCoupling]).sorted() : Set(given).sorted()
    guard rows * columns <= 36 else {
      throw .invalid(parameter: "lattice.columns", what: "\(rows) x \(columns) sites are \(rows * columns); at most 36 can be enumerated")
    }
    if kind == "generators" {
      permutations = try Self.elements(texts, rows: rows, columns: columns)
    } else {
      guard texts.isEmpty else {
        throw .invalid(parameter: "group.generators", what: "generators are given, but group.kind is \"\(kind)\", not \"generators\"")
      }
      guard let known = TorusSymmetry.Kind(rawValue: kind) else { preconditionFailure("group.kind is one of those declared") }
      do throws(LatticeSymmetryError) {
        permutations = try TorusSymmetry(rows: rows, columns: columns, kind: known).permutations
      } catch { throw .invalid(parameter: "lattice.rows", what: error.description) }
    }
  }

  /// All elements of the group of these generators, which must be symmetries of the lattice as a graph.
  private static func elements(_ texts: [String], rows: Int, columns: Int) throws(StudyError) -> [Permutation] {
    guard !texts.isEmpty else {
      throw .invalid(parameter: "group.generators", what: "group.kind is \"generators\": at least one permutation is needed")
    }
    let sites = rows * columns
    func refuse(_ place: Int, _ what: String) -> StudyError { .invalid(parameter: "group.generators[\(place)]", what: what) }
    func bonds(_ site: Int) -> [Int] {
      let r = site / columns, c = site % columns
      return [
        r * columns + (c + 1) % columns, (r + 1) % rows * columns + c, r * columns + (c + columns - 1) % columns,
        (r + rows - 1) % rows * columns + c,
      ]
    }
    var generators: [Permutation] = []
    for (place, text) in texts.enumerated() {
      do throws(PermutationError) {
        generators.append(try Permutation(cycleNotation: text, degree: sites))
      } catch { throw refuse(place, "\(error) (the lattice has \(rows) x \(columns) = \(sites) sites)") }
      for site in 0..<sites {
        for other in bonds(site) where !bonds(generators[place][site]).contains(generators[place][other]) {
          throw refuse(
            place,
            "neighbouring sites \(site) and \(other) become \(generators[place][site]) and \(generators[place][other]), which are not: no symmetry of the energy"
          )
        }
      }
    }
    do throws(PermutationError) {
      let group = try PermutationGroup(generators, degree: sites)
      guard group.order <= BigUInt(orderLimit) else {
        throw .groupTooLarge(order: "\(group.order)", limit: orderLimit)
      }
      return Array(group.elements)
    } catch { throw .invalid(parameter: "group.generators", what: error.description) }
  }

  /// Sites and bonds of the lattice.
  var sites: Int { rows * columns }
  var bonds: Int { 2 * sites }
  /// The group with the flip, in words.
  var groupWords: String {
    let words =
      switch kind {
      case "generators": "the group of the given generators"
      case "point": "the point group about a site"
      case "p4m": rows == columns ? "p4m" : "pmm"
      default: kind
      }
    return words + (withFlip ? " with the spin flip" : "")
  }

  func orbits() throws(StudyError) -> SpinOrbits {
    do throws(LatticeSymmetryError) { return try SpinOrbits(permutations, withFlip: withFlip) } catch {
      throw .invalid(parameter: "lattice.columns", what: error.description)
    }
  }

  /// The possible lengths of orbits: divisors of the group's order.
  var lengths: [Int] {
    let order = permutations.count * (withFlip ? 2 : 1)
    return (1...order).filter { order % $0 == 0 }
  }

  public func plan() -> [PlannedUnit<Unit>] {
    let tables = Double(permutations.count * ((sites + 7) / 8) * 2048)
    return [
      PlannedUnit(
        label: "enumeration", unit: .enumeration, team: .all, operations: 3000 * Double(UInt64(1) << UInt64(sites)),
        bytesPerRank: tables + 8 * Double(lengths.count * (bonds + 1) * (sites + 1)))
    ]
  }
}
