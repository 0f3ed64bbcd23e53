import Glibc
public import KahlerGeometry
public import Runtime

/// Random points whose macroscopic limit is a Kahler-Einstein metric: the gas on the sphere at any temperature and field, P^1
/// with cone points, and toric surfaces, each beside what is exact at finite N and in the limit; and points of the user's own.
public struct KahlerEinstein: Study {
  public static let name = "kahler-einstein"
  public static let summary = "point processes whose limit is a Kahler-Einstein metric: exact laws, free energies, limits, toric surfaces"

  /// One gas, or one polygon.
  public enum Unit: Sendable {
    case sphere(points: Int, beta: Double, field: Double)
    case weighted(line: Int, points: Int)
    case toric(name: String, polygon: ReflexivePolygon)
    case given(file: String)
  }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "sphere", "N points on the sphere with density prod |x_i - x_j|^(4 beta/(N-1)) prod e^(-a z_i)",
      [
        Parameter("points", .integers([8, 32, 128]), .integers(2...100_000), unit: "points", "N"),
        Parameter(
          "betas", .reals([-0.5, 0.5, 1, 4]), .reals(-1000...1000), "negative: points attract; a weight exists above -(N - 1)/N"),
        Parameter("fields", .reals([0, 1]), .reals(-20...20), "a"),
      ]),
    ParameterTable(
      "weighted", "P^1 with cone points at 0, 1 and infinity",
      [
        Parameter(
          "weights", .reals([0.5, 0.5, 2.0 / 3, 0.3, 0.4, 0.5, 0.9, 0.8, 0.7]), .reals(-5...0.95),
          "triples w_0, w_1, w_infinity: below 2 in sum log Fano, above log canonical"),
        Parameter("points", .integers([4, 8, 16]), .integers(2...10_000), unit: "points", "N"),
      ]),
    ParameterTable(
      "sampling", "chains and the annealing of ln Z",
      [
        Parameter("chains", .integer(8), .integers(2...1024), unit: "chains", "of each gas; at most this many ranks share one"),
        Parameter("measurements", .integer(4000), .integers(100...100_000_000), unit: "sweeps", "of each chain"),
        Parameter(
          "rungs", .integer(1), .integers(1...256), unit: "rungs",
          "of each chain: replicas at as many powers of the density from 0 to 1, which trade places after every sweep; 1: no tempering"),
        Parameter("relaxation", .integer(500), .integers(10...100_000_000), unit: "sweeps", "before them, from uniform points"),
        Parameter("annealing_steps", .integer(400), .integers(2...1_000_000), unit: "steps", "of annealed importance sampling"),
        Parameter("annealing_replicas", .integer(128), .integers(0...1_000_000), unit: "replicas", "of it, at least 16; 0: no annealing"),
        Parameter(
          "integration_nodes", .integer(12), .integers(0...64), unit: "nodes",
          "of thermodynamic integration (Gauss-Legendre), at least 2; 0: none"),
      ]),
    ParameterTable(
      "given", "points of your own on the sphere, beside the gas",
      [
        Parameter(
          "files", .texts([]), unit: "1",
          "NPY, or HDF5 with the dataset behind a colon: [N, 3], or [configurations, N, 3] taken as independent; unit vectors")
      ]),
    ParameterTable(
      "toric", "toric surfaces by their reflexive polygons",
      [
        Parameter(
          "surfaces", .texts(ReflexivePolygon.catalogue.map(\.name)), .oneOf(ReflexivePolygon.catalogue.map(\.name)), "by name"),
        Parameter(
          "vertices", .integers([]), .integers(-100...100), "of one more polygon, x and y in turn, counterclockwise; empty: none"),
        Parameter("levels", .integers([1, 2, 3]), .integers(1...12), unit: "k", "of balanced metrics, where the barycentre is 0"),
      ]),
  ]

  public static let debugOverrides = [
    "sphere.points=[4, 8]", "sphere.betas=[-0.5, 1.0]", "weighted.points=[4]", "sampling.measurements=200", "sampling.relaxation=50",
    "sampling.annealing_steps=20", "sampling.annealing_replicas=16", "sampling.integration_nodes=4", "toric.levels=[1]",
  ]

  let units: [Unit], lines: [[Double]], chains: Int, measurements: Int, rungs: Int, relaxation: Int
  let annealingSteps: Int, annealingReplicas: Int, integrationNodes: Int, levels: [Int]

  /// Validates everything that the ranges of the single parameters leave open.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    chains = parameters.integer("sampling.chains")
    measurements = parameters.integer("sampling.measurements")
    rungs = parameters.integer("sampling.rungs")
    relaxation = parameters.integer("sampling.relaxation")
    annealingSteps = parameters.integer("sampling.annealing_steps")
    annealingReplicas = parameters.integer("sampling.annealing_replicas")
    integrationNodes = parameters.integer("sampling.integration_nodes")
    levels = try Self.distinct(parameters.integers("toric.levels"), "toric.levels")
    let sizes = try Self.distinct(parameters.integers("sphere.points"), "sphere.points")
    let betas = try Self.distinct(parameters.reals("sphere.betas"), "sphere.betas")
    let fields = try Self.distinct(parameters.reals("sphere.fields"), "sphere.fields")
    var units: [Unit] = []
    for field in fields {
      for beta in betas {
        for n in sizes {
          do throws(KahlerError) { _ = try SphereGas(points: n, beta: beta, field: field) } catch {
            throw .invalid(parameter: "sphere.betas", what: "with N = \(n), \(error.description)")
          }
          try Self.checkPrecision(n, beta, "sphere.betas")
          guard beta >= -0.99 else {
            throw .invalid(parameter: "sphere.betas", what: "\(beta) is too near the threshold of the limit, -1: at least -0.99")
          }
          units.append(.sphere(points: n, beta: beta, field: field))
        }
      }
    }
    let largest = max(sizes.max() ?? 0, parameters.integers("weighted.points").max() ?? 0)
    try Self.checkFreeEnergies(
      annealingReplicas, steps: annealingSteps, nodes: integrationNodes,
      largest: betas.isEmpty && parameters.reals("weighted.weights").isEmpty ? 0 : largest)
    let flat = parameters.reals("weighted.weights")
    guard flat.count % 3 == 0 else {
      throw .invalid(parameter: "weighted.weights", what: "\(flat.count) numbers are not whole triples w_0, w_1, w_infinity")
    }
    let lines = stride(from: 0, to: flat.count, by: 3).map { Array(flat[$0..<$0 + 3]) }
    guard Set(lines.map(Self.title)).count == lines.count else {
      throw .invalid(parameter: "weighted.weights", what: "two triples agree to three decimals")
    }
    self.lines = lines
    let weightedSizes = try Self.distinct(parameters.integers("weighted.points"), "weighted.points")
    for (index, line) in lines.enumerated() {
      for n in weightedSizes {
        do throws(KahlerError) { _ = try WeightedProjectiveLine(weights: line, points: n) } catch {
          throw .invalid(parameter: "weighted.weights", what: "w = \(line) with N = \(n): \(error.description)")
        }
        units.append(.weighted(line: index, points: n))
      }
    }
    try Self.addPolygons(parameters, to: &units)
    for file in try Self.distinct(parameters.texts("given.files"), "given.files") {
      _ = try GivenPoints(file)
      units.append(.given(file: file))
    }
    guard !units.isEmpty else {
      throw .invalid(parameter: "sphere.points", what: "with no gas, no polygon and no file there is nothing to do")
    }
    self.units = units
  }

  /// Near its threshold -(N - 1)/N the gas falls on one point: the chance that all lie within r is about r^(2 N (beta + (N - 1)/N)),
  /// and double precision tells no distances below 1e-16.
  static func checkPrecision(_ n: Int, _ beta: Double, _ parameter: String) throws(StudyError) {
    let threshold = -Double(n - 1) / Double(n), least = threshold + 0.19 / (2 * Double(n))
    guard beta < least else { return }
    throw .invalid(
      parameter: parameter,
      what:
        "with N = \(n), beta = \(beta) is too near the threshold \(Float(threshold)): points fall on each other closer than double precision tells; at least \(((least * 1e4).rounded(.up)) / 1e4)"
    )
  }

  /// A path of annealing and one of integration are walked in one go, which the runtime expects to end within seconds.
  private static func checkFreeEnergies(
    _ annealingReplicas: Int, steps annealingSteps: Int, nodes integrationNodes: Int, largest points: Int
  ) throws(StudyError) {
    guard annealingReplicas == 0 || annealingReplicas >= 16 else {
      throw .invalid(
        parameter: "sampling.annealing_replicas", what: "\(annealingReplicas) are too few for an error bar: at least 16, or 0 for none")
    }
    guard integrationNodes == 0 || integrationNodes >= 2 else {
      throw .invalid(parameter: "sampling.integration_nodes", what: "1 node is no quadrature: at least 2, or 0 for none")
    }
    let longest = Int(2e11 / sweepCost(max(2, points)))
    guard annealingReplicas == 0 || annealingSteps <= longest else {
      throw .invalid(
        parameter: "sampling.annealing_steps",
        what: "\(annealingSteps) steps of N = \(points) points take too long for one path: at most \(longest), or annealing_replicas = 0")
    }
    guard integrationNodes * 120 <= longest || integrationNodes == 0 else {
      throw .invalid(
        parameter: "sampling.integration_nodes",
        what: "\(integrationNodes) nodes of 120 sweeps of N = \(points) points take too long: at most \(longest / 120), or 0 for none")
    }
  }

  private static func addPolygons(_ parameters: ParameterValues, to units: inout [Unit]) throws(StudyError) {
    let names = try distinct(parameters.texts("toric.surfaces"), "toric.surfaces")
    var polygons = ReflexivePolygon.catalogue.filter { names.contains($0.name) }
    let flat = parameters.integers("toric.vertices")
    guard flat.count % 2 == 0 else { throw .invalid(parameter: "toric.vertices", what: "\(flat.count) numbers are not whole pairs x, y") }
    if !flat.isEmpty {
      polygons.append(("own", stride(from: 0, to: flat.count, by: 2).map { SIMD2(flat[$0], flat[$0 + 1]) }))
    }
    for (name, vertices) in polygons {
      do throws(KahlerError) { units.append(.toric(name: name, polygon: try ReflexivePolygon(vertices))) } catch {
        throw .invalid(parameter: "toric.vertices", what: error.description)
      }
    }
  }
  private static func distinct<T: Hashable>(_ values: [T], _ name: String) throws(StudyError) -> [T] {
    guard Set(values).count == values.count else { throw .invalid(parameter: name, what: "one value is named twice") }
    return values
  }

  /// The gas of a unit; nil for a polygon and for points from a file. Set up once before, so it cannot be refused here.
  func gas(_ unit: Unit) throws(StudyError) -> SphereGas? {
    do throws(KahlerError) {
      switch unit {
      case .sphere(let n, let beta, let field): return try SphereGas(points: n, beta: beta, field: field)
      case .weighted(let line, let n): return try WeightedProjectiveLine(weights: lines[line], points: n).gas()
      case .toric, .given: return nil
      }
    } catch { throw .unitFailedOnAllRanks(error.description) }
  }
  /// Elementary operations of a sweep: the pairs, and what a move costs beside.
  static func sweepCost(_ points: Int) -> Double { Double(points) * (600 + 8 * Double(points)) }

  public static func dataFiles(_ parameters: ParameterValues) -> [String] { DataFiles.paths(parameters.texts("given.files")) }

  public func plan() -> [PlannedUnit<Unit>] {
    units.enumerated().map { index, unit in
      switch unit {
      case .sphere(let n, let beta, let field):
        return planned("\(index)-sphere-n\(n)-beta\(Self.word(beta))-field\(Self.word(field))", unit, n)
      case .weighted(let line, let n): return planned("\(index)-weighted\(line)-n\(n)", unit, n)
      case .toric(let name, let polygon):
        let sections = levels.reduce(0) { $0 + polygon.latticePoints(multiple: $1).count * $1 }
        return PlannedUnit(
          label: "\(index)-toric-\(name.lowercased())", unit: unit, team: .one, operations: 4e7 * Double(sections), bytesPerRank: 1e6)
      case .given: return PlannedUnit(label: "\(index)-given", unit: unit, team: .one, operations: 1e8, bytesPerRank: 1e7)
      }
    }
  }
  private func planned(_ label: String, _ unit: Unit, _ n: Int) -> PlannedUnit<Unit> {
    let sweeps = chains * rungs * (relaxation + measurements) + annealingReplicas * annealingSteps + 16 * integrationNodes * 120
    return PlannedUnit(
      label: label, unit: unit, team: .upTo(chains), operations: Double(sweeps) * Self.sweepCost(n),
      bytesPerRank: Double(max(chains * rungs, annealingReplicas) * 24 * n) + Double(chains * measurements * 64))
  }
  /// A number as part of a label: lower case, digits and `-`, without what rounding left in the last of many digits.
  static func word(_ x: Double) -> String {
    let near = (x * 1e12).rounded() / 1e12
    return String("\(abs(near - x) < 1e-14 * abs(x) ? near : x)".map { $0 == "." || $0 == "+" ? "-" : $0 }).lowercased()
  }
}
