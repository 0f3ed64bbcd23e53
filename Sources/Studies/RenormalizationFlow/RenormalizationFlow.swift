import Renormalization
public import Runtime

/// Renormalization groups of the Ising and Potts models that act on couplings: decimation of the ring (exact), bond moving after
/// Migdal and Kadanoff, cumulants on the triangular lattice after Niemeijer and van Leeuwen. Flows, fixed points and exponents.
public struct RenormalizationFlow: Study {
  public static let name = "flow"
  public static let summary =
    "flows of couplings: the ring exactly, Migdal-Kadanoff in any dimension, cumulants on triangles; fixed points and exponents"

  /// All of it takes milliseconds.
  public struct Unit: Sendable {}

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "ring", "decimation of the Ising ring",
      [
        Parameter("scale", .integer(2), .integers(2...64), unit: "sites", "one spin of so many is kept"),
        Parameter("couplings", .reals([0.5, 1, 2]), .reals(-20...20), unit: "1", "K at the start of a flow"),
        Parameter("fields", .reals([0.02, 0.1]), .reals(-20...20), unit: "1", "B at the start of a flow"),
        Parameter("steps", .integer(8), .integers(1...60), unit: "steps", "of a flow"),
      ]),
    ParameterTable(
      "migdal", "bond moving of the Ising and Potts models",
      [
        Parameter("dimensions", .reals([2, 3]), .reals(1.01...10), unit: "1", "d"),
        Parameter("scales", .reals([1, 1.25, 1.5, 2, 3, 4, 5]), .reals(1...64), unit: "sites", "b; 1 is the limit b -> 1"),
        Parameter("states", .reals([1, 2, 3, 4]), .reals(0.1...100), unit: "states", "q of the Potts model; 1 is percolation"),
      ]),
  ]

  let scale: Int, couplings: [Double], fields: [Double], steps: Int
  let dimensions: [Double], scales: [Double], states: [Double]

  /// Validates what the ranges of the single parameters leave open.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    scale = parameters.integer("ring.scale")
    couplings = parameters.reals("ring.couplings")
    fields = parameters.reals("ring.fields")
    steps = parameters.integer("ring.steps")
    dimensions = parameters.reals("migdal.dimensions")
    scales = parameters.reals("migdal.scales")
    states = parameters.reals("migdal.states")
    let lists = [
      ("ring.couplings", couplings), ("ring.fields", fields), ("migdal.dimensions", dimensions), ("migdal.scales", scales),
      ("migdal.states", states),
    ]
    for (name, list) in lists {
      guard !list.isEmpty, Set(list).count == list.count else {
        throw .invalid(parameter: name, what: "\(list): at least one value, and each value once")
      }
    }
  }

  public func plan() -> [PlannedUnit<Unit>] {
    [PlannedUnit(label: "flow", unit: Unit(), team: .one, operations: 1e8, bytesPerRank: 1e6)]
  }
}
