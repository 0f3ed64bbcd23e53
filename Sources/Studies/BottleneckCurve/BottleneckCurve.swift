import Foundation
public import InformationTheory
public import Runtime

/// The information bottleneck of one joint law: what the best representations of X keep about Y at each size, where they change
/// kind, the deterministic bottleneck, and normal variables of the same maximal correlations in closed form beside it.
public struct BottleneckCurve: Study {
  public static let name = "bottleneck-curve"
  public static let summary = "the information bottleneck of a joint law: curve, phase transitions, deterministic and normal kinds beside"

  /// The stochastic or the deterministic curve.
  public typealias Unit = BottleneckKind

  /// Laws that need no numbers.
  static let builtIn = ["spec", "symmetric-pair", "blocks", "twelve-bits"]

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "law", "p(x, y)",
      [
        Parameter(
          "kind", .text("blocks"), .oneOf(builtIn + ["table"]),
          "spec: 4 x 3 symbols; symmetric-pair: two bits; blocks: 16 x 8 symbols that fall into groups within groups; twelve-bits: a "
            + "rule on the vertices of an icosahedron, X the number of ones; table: the numbers below"),
        Parameter("flip", .real(0.1), .reals(1e-3...0.499), unit: "1", "of symmetric-pair: how often the second bit differs"),
        Parameter(
          "table", .reals([]), .reals(0...1e12), unit: "1", "of table: weights, row by row of x; divided by their sum"),
        Parameter("columns", .integer(2), .integers(2...256), unit: "symbols", "of table: the number of y"),
      ]),
    ParameterTable(
      "curve", "the trade-offs",
      [
        Parameter("largest_beta", .real(200), .reals(1.1...1e5), unit: "1", "of I(T;X) - beta I(T;Y)"),
        Parameter(
          "points", .integer(80), .integers(4...1000), unit: "points",
          "in a geometric sequence from 0.8 of where the curve leaves zero on, 1 at least"),
        Parameter("clusters", .integer(0), .integers(0...256), unit: "symbols", "of T; 0: as many as X has"),
        Parameter("restarts", .integer(20), .integers(0...1000), unit: "starts", "random ones at each beta"),
        Parameter("tolerance", .real(1e-10), .reals(1e-14...1e-4), unit: "1", "the largest change of q(t|x) at rest"),
      ]),
  ]

  public static let debugOverrides = ["curve.points=8", "curve.restarts=2"]

  let law: JointLaw, betas: [Double], clusters: Int, restarts: Int, tolerance: Double
  let firstTransition: Double, onset: Double, correlations: [Double]

  /// Validates everything that the ranges of the single parameters leave open.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    if !parameters.reals("law.table").isEmpty, parameters.text("law.kind") != "table" {
      throw .invalid(
        parameter: "law.table",
        what: "law.kind = \"\(parameters.text("law.kind"))\" has a table of its own; for this one set kind = \"table\"")
    }
    if parameters.text("law.kind") == "table" {
      let count = parameters.reals("law.table").count, columns = parameters.integer("law.columns")
      guard count > 0, count.isMultiple(of: columns) else {
        throw .invalid(parameter: "law.table", what: "\(count) weights do not fill rows of \(columns) (law.columns)")
      }
      guard parameters.reals("law.table").contains(where: { $0 > 0 }) else {
        throw .invalid(parameter: "law.table", what: "all weights are zero")
      }
    }
    do throws(LawError) {
      law = try Self.law(parameters)
      firstTransition = try law.firstTransition()
      onset = try law.onset()
      correlations = Array(try law.canonicalCorrelations().dropFirst().prefix { $0 > 1e-9 })
    } catch { throw .invalid(parameter: "law", what: error.description) }
    guard law.rows <= 256 else { throw .invalid(parameter: "law.table", what: "\(law.rows) rows are more than 256") }
    guard !correlations.isEmpty else { throw .invalid(parameter: "law", what: "X and Y are independent: there is no curve") }
    let largest = parameters.real("curve.largest_beta")
    guard firstTransition < largest else {
      throw .invalid(
        parameter: "curve.largest_beta", what: "keeping nothing is stable up to beta = \(firstTransition); a curve has to go further")
    }
    let count = parameters.integer("curve.points"), first = max(1, 0.8 * onset)
    betas = (0..<count).map { first * pow(largest / first, Double($0) / Double(count - 1)) }
    clusters = parameters.integer("curve.clusters") == 0 ? law.rows : parameters.integer("curve.clusters")
    restarts = parameters.integer("curve.restarts")
    tolerance = parameters.real("curve.tolerance")
  }

  private static func law(_ parameters: ParameterValues) throws(LawError) -> JointLaw {
    switch parameters.text("law.kind") {
    case "spec": return try JointLaw([0.22, 0.02, 0.01, 0.15, 0.06, 0.04, 0.03, 0.17, 0.05, 0.02, 0.04, 0.19], rows: 4, columns: 3)
    case "symmetric-pair": return try JointLaw.symmetricPair(flip: parameters.real("law.flip"))
    case "twelve-bits": return TwelveBits.counts
    case "table":
      let table = parameters.reals("law.table"), columns = parameters.integer("law.columns"), sum = table.reduce(0, +)
      return try JointLaw(table.map { $0 / sum }, rows: table.count / columns, columns: columns)
    default: return try blocks()
    }
  }

  /// 16 x in a binary tree over 8 y: two x that part later in the tree have more alike laws of y.
  private static func blocks() throws(LawError) -> JointLaw {
    var cells: [Double] = []
    for x in 0..<16 {
      for y in 0..<8 {
        // Levels at which the paths of x and y agree, from the top.
        let weights = [1.0, 2.2, 4, 9]
        let agree = (0..<3).prefix { (x >> (3 - $0)) & 1 == (y >> (2 - $0)) & 1 }.count
        // The last bit of x sharpens or blurs.
        cells.append(weights[agree] + (x & 1 == 0 ? 0 : 0.5))
      }
    }
    let sum = cells.reduce(0, +)
    return try JointLaw(cells.map { $0 / sum }, rows: 16, columns: 8)
  }

  public func plan() -> [PlannedUnit<Unit>] {
    // A few hundred iterations for each start, each two products and an exponential.
    let step = 4.0 * Double(law.rows * law.columns * clusters) + 20 * Double(law.rows * clusters)
    return BottleneckKind.allCases.map { kind in
      let iterations = kind == .stochastic ? 600.0 : 10
      return PlannedUnit(
        label: kind.rawValue, unit: kind, team: .one, operations: Double(betas.count * (restarts + 1)) * iterations * step,
        bytesPerRank: 32 * Double(law.rows * (law.columns + clusters)))
    }
  }
}
