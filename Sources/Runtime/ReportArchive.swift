/// A report's page as JSON and back: title, abstract and sections. Rows, derived values and arrays are left out: they
/// are results.json and results.h5. Heatmap values are kept to single precision, which is more than a picture shows.
enum ReportArchive {
  static func json(_ report: Report) -> JSON {
    .object([
      .init("format", 1), .init("title", .text(report.title)), .init("abstract", .text(report.abstract)),
      .init("sections", .array(report.sections.map(section))),
    ])
  }

  private static func section(_ section: ReportSection) -> JSON {
    let items: [JSON] = section.items.map { item in
      switch item {
      case .text(let text): .object([.init("text", .text(text))])
      case .table(let table):
        .object([
          .init("table", .text(table.caption)), .init("header", texts(table.header)), .init("rows", .array(table.rows.map(texts))),
        ])
      case .figure(let figure): self.figure(figure)
      }
    }
    return .object([.init("title", .text(section.title)), .init("items", .array(items))])
  }

  private static func figure(_ figure: Figure) -> JSON {
    var members: [JSON.Member] = [
      .init("figure", .text(figure.name)), .init("title", .text(figure.title)), .init("caption", .text(figure.caption)),
    ]
    switch figure.content {
    case .curves(let curves, let xLabel, let yLabel, let logX, let logY):
      members += [.init("x", .text(xLabel)), .init("y", .text(yLabel)), .init("log_x", .flag(logX)), .init("log_y", .flag(logY))]
      members.append(.init("curves", .array(curves.map(curve))))
    case .heatmaps(let maps, let perRow):
      members += [.init("per_row", .integer(perRow)), .init("heatmaps", .array(maps.map(heatmap)))]
    case .globes(let globes, let perRow):
      members += [.init("per_row", .integer(perRow)), .init("globes", .array(globes.map(globe)))]
    }
    return .object(members)
  }
  private static func curve(_ curve: Curve) -> JSON {
    var members: [JSON.Member] = [.init("label", .text(curve.label)), .init("style", .text(name(of: curve.style)))]
    members += [.init("x", numbers(curve.x)), .init("y", numbers(curve.y))]
    if let errors = curve.yErrors { members.append(.init("errors", numbers(errors))) }
    if let colour = curve.colour { members.append(.init("colour", .integer(colour))) }
    return .object(members)
  }
  private static func heatmap(_ map: Heatmap) -> JSON {
    let values = map.values.map { value -> JSON in
      if value == value.rounded(), abs(value) < 1e6 { return .integer(Int(value)) }
      // The nearest Float has a shorter text.
      return Double("\(Float(value))").map(JSON.finite) ?? .null
    }
    return .object([
      .init("title", .text(map.title)), .init("palette", .text(name(of: map.palette))), .init("rows", .integer(map.rows)),
      .init("columns", .integer(map.columns)), .init("values", .array(values)),
    ])
  }

  private static func globe(_ globe: Globe) -> JSON {
    func flat(_ places: [SIMD3<Double>]) -> JSON { numbers(places.flatMap { [$0.x, $0.y, $0.z] }.map { Double("\(Float($0))") ?? $0 }) }
    return .object([.init("title", .text(globe.title)), .init("points", flat(globe.points)), .init("marks", flat(globe.marks))])
  }

  private static func name(of style: Curve.Style) -> String {
    switch style {
    case .line: "line"
    case .points: "points"
    case .linePoints: "line_points"
    case .steps: "steps"
    }
  }
  private static func name(of palette: Heatmap.Palette) -> String {
    switch palette {
    case .diverging: "diverging"
    case .sequential: "sequential"
    case .binary: "binary"
    }
  }
  private static func texts(_ texts: [String]) -> JSON { .array(texts.map(JSON.text)) }
  private static func numbers(_ numbers: [Double]) -> JSON { .array(numbers.map(JSON.finite)) }

  // MARK: reading

  /// What `json` wrote; nil where anything is missing.
  static func report(_ json: JSON) -> Report? {
    guard json["format"]?.int == 1, let title = json["title"]?.string, let abstract = json["abstract"]?.string,
      let sections = all(json["sections"], section)
    else { return nil }
    return Report(title: title, abstract: abstract, rows: [], derived: [], sections: sections, arrays: [])
  }
  /// Every element by `read`; nil where it is no array or one element cannot be read.
  private static func all<T>(_ json: JSON?, _ read: (JSON) -> T?) -> [T]? {
    guard let elements = json?.elements else { return nil }
    let values = elements.compactMap(read)
    return values.count == elements.count ? values : nil
  }
  private static func doubles(_ json: JSON?) -> [Double]? { all(json) { $0 == .null ? .nan : $0.double } }
  private static func strings(_ json: JSON?) -> [String]? { all(json, \.string) }

  private static func section(_ json: JSON) -> ReportSection? {
    guard let title = json["title"]?.string, let items = all(json["items"], item) else { return nil }
    return ReportSection(title, items)
  }
  private static func item(_ json: JSON) -> ReportSection.Item? {
    if let text = json["text"]?.string { return .text(text) }
    if let caption = json["table"]?.string {
      guard let header = strings(json["header"]), let rows = all(json["rows"], { strings($0) }) else { return nil }
      return .table(ReportTable(caption: caption, header: header, rows: rows))
    }
    guard let name = json["figure"]?.string, let title = json["title"]?.string, let caption = json["caption"]?.string,
      let content = content(json)
    else { return nil }
    return .figure(Figure(name: name, title: title, caption: caption, content: content))
  }
  private static func content(_ json: JSON) -> Figure.Content? {
    if let perRow = json["per_row"]?.int {
      if json["globes"] != nil { return all(json["globes"], globe).map { .globes($0, perRow: perRow) } }
      return all(json["heatmaps"], heatmap).map { .heatmaps($0, perRow: perRow) }
    }
    guard let curves = all(json["curves"], curve), let x = json["x"]?.string, let y = json["y"]?.string,
      let logX = json["log_x"]?.bool, let logY = json["log_y"]?.bool
    else { return nil }
    return .curves(curves, xLabel: x, yLabel: y, logX: logX, logY: logY)
  }
  private static func curve(_ json: JSON) -> Curve? {
    let styles: [Curve.Style] = [.line, .points, .linePoints, .steps]
    guard let label = json["label"]?.string, let x = doubles(json["x"]), let y = doubles(json["y"]),
      let style = styles.first(where: { name(of: $0) == json["style"]?.string })
    else { return nil }
    return Curve(
      label, x: x, y: y, yErrors: json["errors"].flatMap { doubles($0) }, style: style, colour: json["colour"]?.double.map { Int($0) })
  }
  private static func globe(_ json: JSON) -> Globe? {
    func places(_ json: JSON?) -> [SIMD3<Double>]? {
      guard let flat = doubles(json), flat.count % 3 == 0 else { return nil }
      return stride(from: 0, to: flat.count, by: 3).map { SIMD3(flat[$0], flat[$0 + 1], flat[$0 + 2]) }
    }
    guard let title = json["title"]?.string, let points = places(json["points"]), let marks = places(json["marks"]) else { return nil }
    return Globe(title: title, points: points, marks: marks)
  }
  private static func heatmap(_ json: JSON) -> Heatmap? {
    let palettes: [Heatmap.Palette] = [.diverging, .sequential, .binary]
    guard let title = json["title"]?.string, let rows = json["rows"]?.int, let columns = json["columns"]?.int,
      let values = doubles(json["values"]), rows >= 0, columns >= 0, values.count == rows * columns,
      let palette = palettes.first(where: { name(of: $0) == json["palette"]?.string })
    else { return nil }
    return Heatmap(title: title, rows: rows, columns: columns, values: values, palette: palette)
  }
}
