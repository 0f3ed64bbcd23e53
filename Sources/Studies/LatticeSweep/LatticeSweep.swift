import Glibc
import LatticeSystems
public import Runtime

/// Monte Carlo of a lattice model at one coupling (or along a ladder of them by replica exchange), with errors that know
/// about autocorrelation; swept over sizes and couplings it ends in finite-size scaling.
///
/// One unit of work: all chains of one lattice. Ranks of its team share chains out, or the replicas of each ladder, or cut
/// each lattice into strips.
public struct LatticeSweep: Study {
  public static let name = "lattice-sweep"
  public static let summary =
    "Monte Carlo of Ising, Potts, XY and phi^4 lattices; swept over sizes and couplings: critical point and exponents"

  /// The one unit of a point.
  public struct Unit: Sendable {}

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "model", "weight exp(-K E): E = -sum s s' (ising), -sum delta (potts), -sum cos (xy), -2 sum phi phi' (phi4, beside its potential)",
      [
        Parameter("name", .text("ising"), .oneOf(ModelName.allCases.map(\.rawValue)), "which one"),
        Parameter(
          "coupling", .real(0.44068679350977151), .reals(-100...100), unit: "1", "K = J / kT; for phi4 the hopping parameter kappa"),
        Parameter(
          "offset", .real(0), .reals(-1000...1000), unit: "1",
          "x: the coupling used is coupling + x L^(-1/window_nu), so that all sizes have the same scaling window"),
        Parameter("window_nu", .real(1), .reals(0.05...100), unit: "1", "nu for that window; it enters no fit"),
        Parameter("field", .real(0), .reals(-100...100), unit: "1", "B = h / kT, Ising only"),
        Parameter("colours", .integer(3), .integers(2...16), unit: "colours", "q, Potts only"),
        Parameter("quartic", .real(0.5), .reals(0...1000), unit: "1", "lambda, phi4 only"),
      ]),
    ParameterTable(
      "lattice", "a periodic hypercubic lattice",
      [
        Parameter("size", .integer(32), .integers(2...1_048_576), unit: "sites", "sites along each axis"),
        Parameter("dimensions", .integer(2), .integers(1...7), unit: "axes", "how many axes"),
        Parameter(
          "strips", .flag(false), .anything,
          "cut each lattice into strips of rows over all ranks instead of sharing chains out: for lattices too large for one rank"),
        Parameter(
          "extents", .integers([]), .integers(2...1_048_576), unit: "sites", "sites along each axis where they differ; empty: size"),
      ]),
    ParameterTable(
      "sampling", "Markov chains",
      [
        Parameter(
          "move", .text("auto"), .oneOf(MoveName.allCases.map(\.rawValue)),
          "auto: swendsen-wang where it serves, mixed for phi4, else local"),
        Parameter("chains", .integer(8), .integers(1...65536), unit: "chains", "independent chains, shared out over the ranks"),
        Parameter("start", .text("both"), .oneOf(["both", "hot", "cold"]), "both: even chains hot, odd ones cold; all cold under wolff"),
        Parameter("measurements", .integer(5000), .integers(20...100_000_000), unit: "rows", "recorded by each chain"),
        Parameter(
          "interval", .integer(1), .integers(1...1_000_000), unit: "steps", "of the move between rows: sweeps, clusters, trajectories"),
        Parameter(
          "warm_up", .integer(100), .integers(0...100_000_000), unit: "rows",
          "never recorded; more is cut off where it is seen to be needed"),
        Parameter("width", .real(1), .reals(1e-6...1000), unit: "1", "of Metropolis proposals of xy and phi4"),
        Parameter("clusters", .integer(4), .integers(1...100_000), unit: "clusters", "Wolff clusters after each sweep of the move mixed"),
        Parameter("step_size", .real(0.1), .reals(1e-6...10), unit: "1", "leapfrog step of the move hybrid"),
        Parameter("step_count", .integer(10), .integers(1...10_000), unit: "steps", "of a trajectory of the move hybrid"),
      ]),
    ParameterTable(
      "exchange", "replica exchange instead of one coupling: every chain becomes a ladder of replicas, shared out over the ranks",
      [
        Parameter(
          "couplings", .reals([]), .reals(-100...100), unit: "1",
          "rising from 0 or above, all replicas start hot; a row is taken and neighbours may trade after each interval; empty: no exchange")
      ]),
    ParameterTable(
      "analysis", "errors and finite-size scaling",
      [
        Parameter("blocks", .integer(32), .integers(8...4096), unit: "blocks", "of the jackknife, a multiple of chains"),
        Parameter(
          "quantity", .text("binder_cumulant"), .oneOf(ScalingQuantity.allCases.map(\.rawValue)),
          "whose scaling gives the derived critical_coupling and nu"),
        Parameter("degree", .integer(2), .integers(1...6), "of the polynomial in (K - K_c) L^(1/nu)"),
        Parameter("correction_exponent", .real(0), .reals(0...10), "omega of a correction L^-omega in the joint fit; 0: none"),
        Parameter(
          "correction_degree", .integer(0), .integers(0...3), "of the correction's polynomial in (K - K_c) L^(1/nu), at most degree"),
        Parameter("least_size", .integer(0), .integers(0...1_048_576), unit: "sites", "smaller lattices stay out of the joint fit"),
        Parameter("keep_series", .flag(true), .anything, "whether results.h5 has the rows of all chains"),
      ]),
  ]

  public static let debugOverrides = ["lattice.size=8", "sampling.measurements=200", "sampling.warm_up=20"]

  let model: ModelName, coupling: Double, field: Double, colours: Int, quartic: Double
  /// `hasExtents`: whether the study gives them axis by axis.
  var extents: [Int]
  let hasExtents: Bool, isCut: Bool
  /// The couplings of a ladder; empty without replica exchange.
  let ladder: [Double]
  let move: MoveName, chains: Int, start: String, measurements: Int, interval: Int, warmUp: Int
  let width: Double, clustersPerSweep: Int, stepSize: Double, stepCount: Int
  let blocks: Int, quantity: ScalingQuantity, degree: Int, correctionExponent: Double, correctionDegree: Int
  let leastSize: Int, keepsSeries: Bool

  /// Validates what the ranges of the single parameters leave open, down to whether the move serves the model.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    func chosen<T: RawRepresentable<String>>(_ name: String, _ type: T.Type) -> T {
      guard let value = T(rawValue: parameters.text(name)) else { preconditionFailure("\(name) was checked against its texts") }
      return value
    }
    model = chosen("model.name", ModelName.self)
    field = parameters.real("model.field")
    colours = parameters.integer("model.colours")
    quartic = parameters.real("model.quartic")
    let given = parameters.integers("lattice.extents")
    hasExtents = !given.isEmpty
    extents =
      given.isEmpty ? Array(repeating: parameters.integer("lattice.size"), count: parameters.integer("lattice.dimensions")) : given
    coupling =
      parameters.real("model.coupling") + parameters.real("model.offset")
      * pow(Double(extents.max() ?? 1), -1 / parameters.real("model.window_nu"))
    isCut = parameters.flag("lattice.strips")
    ladder = parameters.reals("exchange.couplings")
    move = chosen("sampling.move", MoveName.self)
    chains = parameters.integer("sampling.chains")
    start = parameters.text("sampling.start")
    measurements = parameters.integer("sampling.measurements")
    interval = parameters.integer("sampling.interval")
    warmUp = parameters.integer("sampling.warm_up")
    width = parameters.real("sampling.width")
    clustersPerSweep = parameters.integer("sampling.clusters")
    stepSize = parameters.real("sampling.step_size")
    stepCount = parameters.integer("sampling.step_count")
    blocks = parameters.integer("analysis.blocks")
    quantity = chosen("analysis.quantity", ScalingQuantity.self)
    degree = parameters.integer("analysis.degree")
    correctionExponent = parameters.real("analysis.correction_exponent")
    correctionDegree = parameters.integer("analysis.correction_degree")
    leastSize = parameters.integer("analysis.least_size")
    keepsSeries = parameters.flag("analysis.keep_series")

    let dimensions = parameters.integer("lattice.dimensions")
    guard given.isEmpty || dimensions == 2 || dimensions == given.count else {
      throw .invalid(
        parameter: "lattice.extents", what: "\(given.count) axes, but lattice.dimensions = \(dimensions); leave one of the two out")
    }
    guard given.count <= 7 else { throw .invalid(parameter: "lattice.extents", what: "\(given.count) axes; at most 7") }
    guard field == 0 || model == .ising else {
      throw .invalid(parameter: "model.field", what: "\(field): only ising has a field")
    }
    guard correctionDegree <= degree else {
      throw .invalid(parameter: "analysis.correction_degree", what: "\(correctionDegree) is more than analysis.degree = \(degree)")
    }
    guard blocks % chains == 0 else {
      throw .invalid(parameter: "analysis.blocks", what: "\(blocks) is not a multiple of sampling.chains = \(chains)")
    }
    guard measurements >= 4 * (blocks / chains) else {
      throw .invalid(
        parameter: "sampling.measurements",
        what: "\(measurements) rows cannot fill \(blocks / chains) blocks of each chain with 4 rows or more")
    }
    if isCut {
      guard ladder.isEmpty else { throw .invalid(parameter: "exchange.couplings", what: "ladders have no strips; give one of the two") }
    } else if !ladder.isEmpty {
      try checkLadder()
    }
    try checkMove()
  }

  private func checkLadder() throws(StudyError) {
    guard ladder.count >= 2, zip(ladder, ladder.dropFirst()).allSatisfy({ $0 < $1 }), ladder[0] >= 0 else {
      throw .invalid(parameter: "exchange.couplings", what: "\(ladder): at least two couplings, rising from 0 or above, are needed")
    }
    guard field == 0 else { throw .invalid(parameter: "model.field", what: "\(field): ladders are without a field") }
  }

  /// How many sites the lattice has.
  var sites: Int { extents.reduce(1, *) }

  /// Nanoseconds that a step of the move and a row of observables take for each site on one core, roughly: what slices
  /// and the plan go by.
  private var cost: (step: Double, row: Double) {
    let axes = Double(extents.count)
    if isSquareIsing {
      // Rows of the lattice are handled in vectors, which narrow ones do not fill.
      let narrow = 100 / Double(extents[1])
      return (resolvedMove.isLocal ? 0.08 + narrow / 2 : 6, 0.2 + narrow)
    }
    let row = model == .potts ? 3 * axes * Double(colours) : 6 * axes
    switch resolvedMove {
    case .metropolis, .heatBath: return (model == .ising ? 6 : 10, row)
    case .hybrid: return (2 * axes * Double(stepCount), row)
    case .mixed: return (20 + 20 * Double(clustersPerSweep), row)
    default: return (15 * axes, row)
    }
  }
  /// Nanoseconds for one row of one chain; a microsecond is independent of the lattice.
  var rowCost: Double { 1000 + Double(sites) * (cost.step * Double(interval) + cost.row) }

  public func plan() -> [PlannedUnit<Unit>] {
    let replicas = Double(chains * max(1, ladder.count))
    let rows = replicas * Double(measurements + warmUp)
    let series = replicas * Double(measurements * 10 * 8), lattice = Double(sites) * (isSquareIsing ? 0.125 : 8) * replicas
    let lattices = 2 * lattice + Double(sites) * (isSquareIsing ? (resolvedMove.isLocal ? 0.25 : 12) : 40)
    let team: TeamSize = isCut ? .all : ladder.isEmpty ? (chains == 1 ? .one : .upTo(chains)) : .upTo(ladder.count)
    // Some 116 floating-point operations of a matrix product take a nanosecond.
    let operations = 116 * rows * rowCost
    return [
      PlannedUnit(
        label: "lattice", unit: Unit(), team: team, operations: operations, bytesPerRank: 3 * series + (isCut ? 0 : lattices),
        sharedBytes: isCut ? lattices : 0, sharing: [sharing(operations, rows: rows)])
    ]
  }

  /// Strips tell their neighbours the edge of each colour (clusters those of the lattice, with the clusters that end there, which all
  /// then hear of), and all add up each row of observables; chains share nothing, rungs of a ladder their energies after each row.
  private func sharing(_ operations: Double, rows: Double) -> SharedWork {
    let kind: SharedWork.Kind = isSquareIsing && resolvedMove.isLocal ? .spins : .products
    guard isCut else {
      let work = SharedWork(kind, operations: operations, pieces: ladder.isEmpty ? chains : ladder.count)
      return ladder.isEmpty ? work : work.reducing(rows / Double(ladder.count), bytes: 8 * rows)
    }
    let steps = rows * Double(interval), width = Double(extents[1])
    let work = SharedWork(kind, operations: operations, pieces: max(1, extents[0] / 8))
    if resolvedMove.isLocal {
      return work.exchanging(2 * steps, bytes: steps * width / 4, parameter: "lattice.size", value: width).reducing(rows, bytes: 64 * rows)
    }
    return work.exchanging(2 * steps, bytes: 8 * steps * width, parameter: "lattice.size", value: width)
      .reducing(2 * steps + rows, bytes: 16 * steps * width)
  }
}

/// The dimensionless quantities whose curves of different sizes cross at the critical point.
enum ScalingQuantity: String, CaseIterable, Sendable {
  case binder = "binder_cumulant"
  case correlationLength = "correlation_length_over_size"
}
