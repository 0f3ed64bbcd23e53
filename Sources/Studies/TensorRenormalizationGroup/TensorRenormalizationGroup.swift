import Glibc
import LatticeSystems
public import Runtime
import TensorNetworks

/// Coarse graining of the Ising or Potts model on the square lattice by tensor renormalization (TRG, HOTRG): exact but for what
/// a bond dimension cannot hold. What learned layers are judged against.
///
/// One unit for each scheme, temperature and bond dimension.
public struct TensorRenormalizationGroup: Study {
  public static let name = "tensor-rg"
  public static let summary =
    "free energy, central charge and scaling dimensions by tensor renormalization, against bond dimension and temperature"

  /// One network to coarse grain.
  public struct Unit: Sendable, Equatable {
    let scheme: CoarseGrainingScheme, temperature: Double, bondDimension: Int
  }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "model", "the model on the square lattice, weight exp(sum of bonds / T)",
      [
        Parameter("weights", .text("ising"), .oneOf(["ising", "potts"]), "bond s s' (ising) or delta(s, s') (potts)"),
        Parameter("colours", .integer(3), .integers(2...16), unit: "values", "spin values of the Potts model"),
      ]),
    ParameterTable(
      "networks", "one unit for each scheme, temperature and bond dimension",
      [
        Parameter(
          "schemes", .texts(["trg", "hotrg"]), .oneOf(CoarseGrainingScheme.allCases.map(\.rawValue)), "trg costs chi^6, hotrg chi^7"),
        Parameter(
          "temperatures", .reals([2.0, 2.2, 2.3, 2.5, 3.0]), .reals(0.1...1000), unit: "J", "kT / J, above zero; without the critical one"),
        Parameter("critical", .flag(true), unit: "1", "whether the model's critical temperature is added"),
        Parameter("bond_dimensions", .integers([4, 8, 16]), .integers(1...64), unit: "values", "chi, how many values a bond keeps"),
      ]),
    ParameterTable(
      "coarse_graining", "how far",
      [
        Parameter("steps", .integer(40), .integers(2...200), unit: "steps", "each halves the number of tensors; an even number"),
        Parameter(
          "largest_block", .integer(64), .integers(2...1024), unit: "sites",
          "spectra of blocks of 2, 4, 8, ... sites a side are taken up to this"),
      ]),
    ParameterTable(
      "compare", "learned layers beside the coarse graining",
      [
        Parameter(
          "run", .text(""), unit: "1", "folder of a finished deep-renormalization run, whose temperature is then added; empty for none")
      ]),
  ]

  public static let debugOverrides = [
    "networks.temperatures=[2.5]", "networks.bond_dimensions=[4, 6]", "coarse_graining.steps=20", "coarse_graining.largest_block=16",
  ]

  let isIsing: Bool, colours: Int
  let schemes: [CoarseGrainingScheme], temperatures: [Double], bondDimensions: [Int]
  let steps: Int, largestBlock: Int
  /// What a deep-renormalization run found, where one is named.
  let layers: LearnedLayers?

  /// Validates everything that the ranges of the single parameters leave open; reads the run that is named.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    isIsing = parameters.text("model.weights") == "ising"
    colours = parameters.integer("model.colours")
    schemes = CoarseGrainingScheme.allCases.filter { parameters.texts("networks.schemes").contains($0.rawValue) }
    steps = parameters.integer("coarse_graining.steps")
    largestBlock = parameters.integer("coarse_graining.largest_block")
    let dimensions = parameters.integers("networks.bond_dimensions")
    bondDimensions = Set(dimensions).sorted()
    var all = Set(parameters.reals("networks.temperatures"))
    let critical = isIsing ? 1 / SquareIsing.criticalCoupling : 1 / log(1 + Double(colours).squareRoot())
    if parameters.flag("networks.critical") { all.insert(critical) }

    guard !schemes.isEmpty else { throw .invalid(parameter: "networks.schemes", what: "at least one scheme is needed, e.g. [\"trg\"]") }
    guard !bondDimensions.isEmpty else {
      throw .invalid(parameter: "networks.bond_dimensions", what: "at least one bond dimension is needed, e.g. [8, 16]")
    }
    for scheme in schemes {
      let allowed = NetworkCoarseGraining.bondDimensions(of: scheme)
      if let chi = bondDimensions.first(where: { !allowed.contains($0) }) {
        throw .invalid(
          parameter: "networks.bond_dimensions",
          what: "\(chi) is too large for \(scheme.rawValue), which takes at most \(allowed.upperBound)")
      }
    }
    guard steps % 2 == 0 else {
      throw .invalid(parameter: "coarse_graining.steps", what: "\(steps) is odd; after an odd step the blocks are not squares")
    }
    guard largestBlock & (largestBlock - 1) == 0 else {
      throw .invalid(parameter: "coarse_graining.largest_block", what: "\(largestBlock) is not a power of 2")
    }
    let folder = parameters.text("compare.run")
    if folder.isEmpty {
      layers = nil
    } else {
      guard isIsing else {
        throw .invalid(parameter: "compare.run", what: "deep-renormalization runs are of the Ising model; set model.weights = \"ising\"")
      }
      let found = try LearnedLayers(runFolder: folder)
      all.insert(found.temperature)
      layers = found
    }
    guard !all.isEmpty else {
      throw .invalid(parameter: "networks.temperatures", what: "at least one temperature is needed, or networks.critical = true")
    }
    temperatures = all.sorted()
  }

  /// T_c of the model.
  var criticalTemperature: Double { isIsing ? 1 / SquareIsing.criticalCoupling : 1 / log(1 + Double(colours).squareRoot()) }
  /// 1/T, to the last bit the critical coupling at the critical temperature.
  func coupling(_ temperature: Double) -> Double {
    isIsing && temperature == 1 / SquareIsing.criticalCoupling ? SquareIsing.criticalCoupling : 1 / temperature
  }
  /// The exact ln Z / N, where it is known.
  func exact(_ temperature: Double) -> Double? {
    guard isIsing else { return nil }
    return (try? OnsagerSolution(coupling: coupling(temperature)))?.logPartitionPerSite
  }

  public static func dataFiles(_ parameters: ParameterValues) -> [String] { LearnedLayers.files(parameters.text("compare.run")) }

  public func plan() -> [PlannedUnit<Unit>] {
    schemes.flatMap { scheme in
      temperatures.flatMap { temperature in
        bondDimensions.map { chi in
          let unit = Unit(scheme: scheme, temperature: temperature, bondDimension: chi)
          let fourth = Double(chi * chi * chi * chi)
          return PlannedUnit(
            label: "\(scheme.rawValue)-t\(digits(temperature))-chi\(chi)", unit: unit, team: .one,
            operations: Double(steps) * NetworkCoarseGraining.operationsPerStep(scheme, bondDimension: chi),
            bytesPerRank: 8 * (scheme == .trg ? 6 : 12) * fourth)
        }
      }
    }
  }
  /// A temperature as it can stand in a folder's name.
  private func digits(_ value: Double) -> String { String("\(value)".map { $0.isNumber ? $0 : "-" }) }
}
