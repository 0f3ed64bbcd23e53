public import FieldTheory
public import Runtime

/// Wilson-Fisher fixed points of the O(N) model in d dimensions by the functional renormalization group in the local potential
/// approximation: potentials and exponents by collocation and by truncation, for two cutoffs, beside the epsilon expansion
/// and Monte Carlo; and the flow of one potential through the critical region.
public struct FunctionalRG: Study {
  public static let name = "functional-rg"
  public static let summary = "Wilson-Fisher fixed points of O(N) models for d from 2.2 to 4: potentials, exponents, flows"

  /// The fixed points of one cutoff and N over all dimensions, or the flow of a potential.
  public enum Unit: Sendable, Equatable {
    case fixedPoints(Regulator, components: Int)
    case flow
  }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "model", "which theories",
      [
        Parameter(
          "components", .integers([1, 2, 3, 4, 10]), .integers(LocalPotentialApproximation.allowedComponents), unit: "components",
          "N of O(N)"),
        Parameter(
          "dimensions", .reals([3.99, 3.9, 3.8, 3.6, 3.4, 3.2, 3, 2.9, 2.8, 2.7, 2.6, 2.5]),
          .reals(LocalPotentialApproximation.allowedDimensions), "d, from 2.2 to below four"),
        Parameter("regulator", .text("both"), .oneOf(["both"] + Regulator.allCases.map(\.rawValue)), "optimized or sharp cutoff"),
      ]),
    ParameterTable(
      "collocation", "the potential's slope on Chebyshev points",
      [Parameter("points", .integer(41), .integers(32...48), unit: "points", "on [0, L]; eight fewer give the errors")]),
    ParameterTable(
      "truncation", "the potential expanded about its minimum",
      [Parameter("order", .integer(30), .integers(LocalPotentialApproximation.allowedOrders), "highest power of rho")]),
    ParameterTable(
      "flow", "a quartic potential tuned to criticality and followed down",
      [
        Parameter("components", .integer(1), .integers(LocalPotentialApproximation.allowedComponents), unit: "components", "N of O(N)"),
        Parameter("dimension", .real(3), .reals(2.5...3.8), "d"),
        Parameter("regulator", .text(Regulator.litim.rawValue), .oneOf(Regulator.allCases.map(\.rawValue)), "the cutoff"),
        Parameter("coupling", .real(0.08), .reals(1e-3...1), "bare lambda of lambda (rho - kappa)^2 / 2"),
        Parameter("bisections", .integer(34), .integers(8...44), "of the bare kappa, between the phases"),
        Parameter("step", .real(0.02), .reals(1e-3...0.1), "in ln k"),
      ]),
  ]

  public static let debugOverrides = ["model.components=[1]", "model.dimensions=[3.6, 3.0]", "truncation.order=8", "flow.bisections=12"]

  let components: [Int], dimensions: [Double], regulators: [Regulator]
  let points: Int, order: Int
  let flowing: LocalPotentialApproximation, coupling: Double, bisections: Int, step: Double

  /// Validates everything that the ranges of the single parameters leave open.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    components = parameters.integers("model.components")
    // Falling, as the fixed points are followed.
    dimensions = parameters.reals("model.dimensions").sorted(by: >)
    regulators = Regulator(rawValue: parameters.text("model.regulator")).map { [$0] } ?? Regulator.allCases
    points = parameters.integer("collocation.points")
    order = parameters.integer("truncation.order")
    coupling = parameters.real("flow.coupling")
    bisections = parameters.integer("flow.bisections")
    step = parameters.real("flow.step")
    for (name, isEmpty) in [("model.components", components.isEmpty), ("model.dimensions", dimensions.isEmpty)] where isEmpty {
      throw .invalid(parameter: name, what: "at least one is needed")
    }
    guard Set(components).count == components.count else { throw .invalid(parameter: "model.components", what: "one N is named twice") }
    guard Set(dimensions).count == dimensions.count else { throw .invalid(parameter: "model.dimensions", what: "one d is named twice") }
    do throws(FieldTheoryError) {
      flowing = try LocalPotentialApproximation(
        components: parameters.integer("flow.components"), dimension: parameters.real("flow.dimension"),
        regulator: Regulator(rawValue: parameters.text("flow.regulator")) ?? .litim)
    } catch { throw .invalid(parameter: "flow", what: error.description) }
  }

  /// The dimension whose potentials are drawn: 3, or the one nearest to it.
  var drawnDimension: Double { dimensions.min { abs($0 - 3) < abs($1 - 3) } ?? 3 }

  static func label(_ regulator: Regulator, _ n: Int) -> String { "\(regulator.rawValue)-n\(n)" }

  public func plan() -> [PlannedUnit<Unit>] {
    var units: [PlannedUnit<Unit>] = []
    for regulator in regulators {
      for n in components {
        // Two collocations of some hundred factorizations each, and the truncations.
        let work = Double(dimensions.count) * (4e8 + 60 * Double(order * order) * Double(order * order * order) / 4)
        units.append(
          PlannedUnit(
            label: Self.label(regulator, n), unit: .fixedPoints(regulator, components: n), team: .one, operations: work, bytesPerRank: 4e6))
      }
    }
    let steps = 15 / step * Double(bisections)
    units.append(PlannedUnit(label: "flow", unit: .flow, team: .one, operations: 3e5 * steps, bytesPerRank: 4e6))
    return units
  }
}
