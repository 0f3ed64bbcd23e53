/// A measured number, or array of numbers, with its error and unit.
public struct Observable: Sendable, Equatable {
  /// The value(s); non-finite ones are written as null with `reason`.
  public var values: [Double]
  /// Standard errors, as many as values; nil where no error can be had.
  public var errors: [Double]?
  /// Whether `values` is one number rather than an array.
  public var isScalar: Bool
  /// Integrated autocorrelation time, tau_int = 1/2 + sum of rho, in the series' own steps.
  public var tau: Double?
  /// "1", "J", "nats", "sites", ...
  public var unit: String
  /// Why a value is missing or what qualifies it.
  public var reason: String?
  /// One number.
  public init(_ value: Double, error: Double? = nil, tau: Double? = nil, unit: String = "1", reason: String? = nil) {
    values = [value]
    errors = error.map { [$0] }
    isScalar = true
    self.tau = tau
    self.unit = unit
    self.reason = reason
  }
  /// An array of numbers.
  public init(values: [Double], errors: [Double]? = nil, unit: String = "1", reason: String? = nil) {
    self.values = values
    self.errors = errors
    isScalar = false
    self.unit = unit
    self.reason = reason
  }
}

/// One row of results: where it was measured and what was found, both in a fixed order.
public struct ResultRow: Sendable {
  /// What identifies the row (model, size, layer, scale, ...).
  public var at: [(name: String, value: ParameterValue)]
  /// The observables by their names in snake case.
  public var observables: [(name: String, observable: Observable)]
  public init(at: [(name: String, value: ParameterValue)], observables: [(name: String, observable: Observable)] = []) {
    self.at = at
    self.observables = observables
  }
}

/// A table of the report; cells are ready text.
public struct ReportTable: Sendable {
  public var caption: String, header: [String], rows: [[String]]
  public init(caption: String, header: [String], rows: [[String]]) {
    self.caption = caption
    self.header = header
    self.rows = rows
  }
}

/// One curve of a figure.
public struct Curve: Sendable {
  public enum Style: Sendable { case line, points, linePoints, steps }
  public var label: String, x: [Double], y: [Double], yErrors: [Double]?, style: Style
  /// The number of the curve's colour, from 0: curves that belong together share one. nil: its place among the curves.
  public var colour: Int?
  public init(
    _ label: String, x: [Double], y: [Double], yErrors: [Double]? = nil, style: Style = .linePoints, colour: Int? = nil
  ) {
    self.colour = colour
    self.label = label
    self.x = x
    self.y = y
    self.yErrors = yErrors
    self.style = style
  }
}

/// One image of a figure: a row-major grid of values drawn as colours.
public struct Heatmap: Sendable {
  /// `diverging` is symmetric about zero (weights), `sequential` runs from the least to the largest, `binary` is black and white.
  public enum Palette: Sendable { case diverging, sequential, binary }
  public var title: String, rows: Int, columns: Int, values: [Double], palette: Palette
  public init(title: String, rows: Int, columns: Int, values: [Double], palette: Palette) {
    precondition(values.count == rows * columns, "a heatmap needs rows x columns values")
    self.title = title
    self.rows = rows
    self.columns = columns
    self.values = values
    self.palette = palette
  }
}

/// A sphere with points on it, and marks (cone points) that stand out.
public struct Globe: Sendable {
  /// Unit vectors.
  public var title: String, points: [SIMD3<Double>], marks: [SIMD3<Double>]
  public init(title: String, points: [SIMD3<Double>], marks: [SIMD3<Double>] = []) {
    self.title = title
    self.points = points
    self.marks = marks
  }
}

/// A figure of the report, drawn by gnuplot; its script and data stay beside it.
public struct Figure: Sendable {
  public enum Content: Sendable {
    case curves([Curve], xLabel: String, yLabel: String, logX: Bool, logY: Bool)
    /// Images side by side, `perRow` in a row.
    case heatmaps([Heatmap], perRow: Int)
    /// Spheres side by side, `perRow` in a row.
    case globes([Globe], perRow: Int)
  }
  /// File name without extension, in kebab case.
  public var name: String
  /// The heading and the full sentence under the figure (what is drawn, how, what to look for).
  public var title: String, caption: String
  public var content: Content
  public init(name: String, title: String, caption: String, content: Content) {
    self.name = name
    self.title = title
    self.caption = caption
    self.content = content
  }
}

/// A chapter of the report's page.
public struct ReportSection: Sendable {
  public enum Item: Sendable { case text(String), table(ReportTable), figure(Figure) }
  public var title: String, items: [Item]
  public init(_ title: String, _ items: [Item]) {
    self.title = title
    self.items = items
  }
}

/// A named array that goes into `results.h5` with dimension names (xarray reads it).
public struct ResultArray: Sendable {
  public var name: String, longName: String, unit: String
  /// Dimension names and lengths, outermost first; `values` is row-major.
  public var dimensions: [(name: String, length: Int)]
  public var values: [Double]
  public init(name: String, longName: String, unit: String, dimensions: [(name: String, length: Int)], values: [Double]) {
    self.name = name
    self.longName = longName
    self.unit = unit
    self.dimensions = dimensions
    self.values = values
  }

  /// Each of the first index's tables as a map, numbered from 1; of three dimensions.
  public func heatmaps(_ palette: Heatmap.Palette) -> [Heatmap] {
    precondition(dimensions.count == 3, "maps are [map][row][column]")
    let (rows, columns) = (dimensions[1].length, dimensions[2].length), size = rows * columns
    return (0..<dimensions[0].length).map { map in
      Heatmap(
        title: "\(map + 1)", rows: rows, columns: columns, values: Array(values[map * size..<(map + 1) * size]), palette: palette)
    }
  }
}

/// A trained model that goes into `models/` as an HDF5 file: for other programs, for `renorm export`, and to start from.
public struct ModelFile: Sendable {
  /// File name without extension, in kebab case, and the file's bytes.
  public var name: String, bytes: [UInt8]
  public init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }
}

/// All that a study has to say.
public struct Report: Sendable {
  /// The page's title and its one-paragraph abstract in words.
  public var title: String, abstract: String
  /// Rows of `results.json`, derived values beside them.
  public var rows: [ResultRow], derived: [(name: String, observable: Observable)]
  /// The chapters of the page.
  public var sections: [ReportSection]
  /// Arrays for `results.h5`.
  public var arrays: [ResultArray]
  /// Trained models for `models/`.
  public var models: [ModelFile]
  /// Units that failed and why: what is missing in all of the above.
  public private(set) var failed: [(unit: String, reason: String)] = []
  public init(
    title: String, abstract: String, rows: [ResultRow], derived: [(name: String, observable: Observable)], sections: [ReportSection],
    arrays: [ResultArray], models: [ModelFile] = []
  ) {
    self.title = title
    self.abstract = abstract
    self.rows = rows
    self.derived = derived
    self.sections = sections
    self.arrays = arrays
    self.models = models
  }

  /// Says on the page and in `results.json` which units failed; with none nothing changes.
  public mutating func note(failed units: [(label: String, reason: String)]) {
    guard !units.isEmpty else { return }
    failed = units.map { ($0.label, $0.reason) }
    abstract =
      "\(units.count == 1 ? "One unit" : "\(units.count) units") failed and \(units.count == 1 ? "is" : "are") missing here. " + abstract
    let table = ReportTable(
      caption: "Everything below is without them.", header: ["unit", "reason"], rows: units.map { [$0.label, $0.reason] })
    sections.insert(ReportSection("Units that failed", [.table(table)]), at: 0)
  }
}
