/// Writes `report/index.html`: one page complete in itself, its figures' scripts and data beside it in
/// `report/figures`, and the report as `report/report.json`, from which the page can be made again.
public enum ReportWriter {
  /// Writes everything below `folder`, with a chapter on the ranks' time where there is a timeline. A figure that cannot be drawn is left out of the page with a line that says why,
  /// and those lines are returned; its data are there all the same.
  public static func write(
    _ report: Report, provenance: Provenance, timeline: Timeline? = nil, to folder: String
  ) throws(FileFault) -> [String] {
    let figures = folder + "/figures"
    try FileAccess.createFolder(figures)
    try FileAccess.writeAtomically(ReportArchive.json(report).compact + "\n", to: folder + "/report.json")
    var notices: [String] = [], body = head(report, provenance)
    for (number, section) in report.sections.enumerated() {
      body += "<section id=\"section-\(number + 1)\">\n<h2>\(HTML.escape(section.title))</h2>\n"
      for item in section.items {
        switch item {
        case .text(let text): body += paragraphs(text)
        case .table(let table): body += HTML.table(table)
        case .figure(let figure): body += try draw(figure, in: figures, notices: &notices)
        }
      }
      body += "</section>\n"
    }
    if let timeline, let chapter = TimelineReport(timeline) {
      body += "<section id=\"ranks\">\n<h2>How the ranks spent their time</h2>\n" + paragraphs(chapter.text)
      let plot = TimelineFigure(timeline, name: "ranks-against-time")
      let drawn = try plotted(plot.script, plot.data, name: "ranks-against-time", title: chapter.title, in: figures)
      body += card(name: "ranks-against-time", title: chapter.title, caption: chapter.caption, drawn, notices: &notices)
      body += HTML.table(chapter.ranks) + (chapter.launches.map(HTML.table) ?? "") + "</section>\n"
    }
    body += foot(provenance)
    try FileAccess.writeAtomically(HTML.page(title: report.title, body: body), to: folder + "/index.html")
    return notices
  }

  /// Makes the page of a run's folder again from what is stored there.
  public static func rewrite(_ folder: RunFolder) throws(ReportError) -> [String] {
    do {
      try Checksums.check(folder.report + "/report.json")
      let json = try JSON(parsing: try FileAccess.text(folder.report + "/report.json"))
      guard let report = ReportArchive.report(json) else { throw ReportError.unusable(file: folder.report + "/report.json") }
      guard let provenance = Provenance(try JSON(parsing: try FileAccess.text(folder.provenance))) else {
        throw ReportError.unusable(file: folder.provenance)
      }
      return try write(report, provenance: provenance, timeline: Timeline(folder), to: folder.report)
    } catch let error as FileFault {
      throw error.operation == "open" ? .notThere(file: error.path, reason: error.reason) : .file(error)
    } catch let error as ReportError {
      throw error
    } catch {
      throw .unusable(file: folder.report + "/report.json")
    }
  }

  private static func paragraphs(_ text: String) -> String {
    var blocks: [[Substring]] = [[]]
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.allSatisfy(\.isWhitespace) { blocks.append([]) } else { blocks[blocks.count - 1].append(line) }
    }
    return blocks.filter { !$0.isEmpty }.map { "<p>\(HTML.escape($0.joined(separator: " ")))</p>\n" }.joined()
  }

  private static func head(_ report: Report, _ provenance: Provenance) -> String {
    var out = "<header>\n<h1>\(HTML.escape(report.title))</h1>\n<div class=\"abstract\">\(paragraphs(report.abstract))</div>\n"
    var facts = [("study", provenance.study), ("digest", provenance.digest), ("started", readable(provenance.started))]
    if let ended = provenance.ended, let from = Timestamp.seconds(provenance.started), let to = Timestamp.seconds(ended) {
      facts.append(("took", Timestamp.span(to - from)))
    }
    facts.append(("ranks", "\(provenance.ranks)"))
    if provenance.hosts.count > 1 { facts.append(("hosts", "\(provenance.hosts.count)")) }
    out += "<div class=\"strip\">" + facts.map { "<span>\($0.0) <b>\(HTML.escape($0.1))</b></span>" }.joined() + "</div>\n"
    if report.sections.count > 2 {
      let links = report.sections.enumerated().map { "<a href=\"#section-\($0 + 1)\">\(HTML.escape($1.title))</a>" }
      out += "<nav>\(links.joined())</nav>\n"
    }
    return out + "</header>\n"
  }

  private static func foot(_ provenance: Provenance) -> String {
    let text = "renorm \(provenance.programVersion) (\(provenance.build)) on \(provenance.processor). "
    return
      "<footer>\(HTML.escape(text))Numbers: results.json, results.h5; how they came to be: provenance.json; the study with all its settings: resolved.toml.</footer>\n"
  }

  /// "2025-01-31 12:34 UTC".
  private static func readable(_ time: String) -> String {
    time.count >= 16 ? "\(time.prefix(10)) \(time.dropFirst(11).prefix(5)) UTC" : time
  }

  /// Draws one figure by itself: its script, data and SVG in `folder`. Returns why it could not be drawn, nil where it was.
  public static func write(_ figure: Figure, to folder: String) throws(FileFault) -> String? {
    try FileAccess.createFolder(folder)
    return try render(figure, in: folder).fault
  }

  private static func render(_ figure: Figure, in folder: String) throws(FileFault) -> (svg: String?, kind: String, fault: String?) {
    let name = fileName(figure.name), path = "\(folder)/\(name)"
    switch figure.content {
    case .heatmaps(let maps, let perRow):
      let picture = HeatmapFigure(name: name, title: figure.title, heatmaps: maps, perRow: perRow)
      try FileAccess.writeAtomically(picture.data, to: path + ".dat")
      try FileAccess.writeAtomically(picture.script, to: path + ".gp")
      try FileAccess.writeAtomically("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + picture.svg, to: path + ".svg")
      return (picture.svg, "heatmaps", nil)
    case .globes(let globes, let perRow):
      let picture = GlobeFigure(name: name, title: figure.title, globes: globes, perRow: perRow)
      try FileAccess.writeAtomically(picture.data, to: path + ".dat")
      try FileAccess.writeAtomically(picture.script, to: path + ".gp")
      try FileAccess.writeAtomically("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + picture.svg, to: path + ".svg")
      return (picture.svg, "heatmaps", nil)
    case .curves(let curves, let xLabel, let yLabel, let logX, let logY):
      let plot = GnuplotScript(name: name, title: figure.title, curves: curves, xLabel: xLabel, yLabel: yLabel, logX: logX, logY: logY)
      return try plotted(plot.script, plot.data, name: name, title: figure.title, in: folder)
    }
  }

  /// A figure whose script gnuplot draws.
  private static func plotted(
    _ script: String, _ data: String, name: String, title: String, in folder: String
  ) throws(FileFault) -> (svg: String?, kind: String, fault: String?) {
    let path = "\(folder)/\(name)"
    try FileAccess.writeAtomically(data, to: path + ".dat")
    try FileAccess.writeAtomically(script, to: path + ".gp")
    let fault = GnuplotProcess.draw(script: name, in: folder)
    return (fault == nil ? inline(try FileAccess.text(path + ".svg"), name: name, title: title) : nil, "curves", fault)
  }

  private static func draw(_ figure: Figure, in folder: String, notices: inout [String]) throws(FileFault) -> String {
    let drawn = try render(figure, in: folder)
    return card(name: fileName(figure.name), title: figure.title, caption: figure.caption, drawn, notices: &notices)
  }

  private static func card(
    name: String, title: String, caption: String, _ drawn: (svg: String?, kind: String, fault: String?), notices: inout [String]
  ) -> String {
    var out = "<figure class=\"\(drawn.kind)\" id=\"\(name)\">\n<h3>\(HTML.escape(title))</h3>\n"
    if let svg = drawn.svg {
      out += "<div class=\"card\">\n\(svg)</div>\n"
    } else {
      let line = "figure \(name): \(drawn.fault ?? "not drawn")"
      notices.append(line)
      out += "<div class=\"missing\">\(HTML.escape(line)); its numbers are in <a href=\"figures/\(name).dat\">\(name).dat</a></div>\n"
    }
    out += "<figcaption>\(HTML.escape(caption)) <span class=\"files\">[<a href=\"figures/\(name).dat\">data</a>, "
    return out + "<a href=\"figures/\(name).gp\">script</a>]</span></figcaption>\n</figure>\n"
  }

  /// gnuplot's SVG made fit to stand in a page with others: its ids become the figure's own.
  private static func inline(_ svg: String, name: String, title: String) -> String {
    guard let start = svg.firstRange(of: "<svg")?.lowerBound else { return "" }
    var text = String(svg[start...])
    for (old, new) in [
      ("id='gp", "id='\(name)-gp"), ("'#gp", "'#\(name)-gp"), ("id=\"gnuplot", "id=\"\(name)-gnuplot"),
      ("id='textbox'", "id='\(name)-textbox'"), ("id='greybox'", "id='\(name)-greybox'"), ("url(#", "url(#\(name)-"),
      ("<title>Gnuplot</title>", "<title>\(HTML.escape(title))</title>"),
    ] { text = text.replacing(old, with: new) }
    return text
  }

  /// A file name: everything but letters, digits, `-` and `_` becomes `-`.
  private static func fileName(_ name: String) -> String {
    String(name.map { ($0.isASCII && ($0.isLetter || $0.isNumber)) || $0 == "-" || $0 == "_" ? $0 : "-" })
  }
}

/// Why a page cannot be made again.
public enum ReportError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The run has not come to its report.
  case notThere(file: String, reason: String)
  /// A file is not what this program wrote.
  case unusable(file: String)
  case file(FileFault)
  public var description: String {
    switch self {
    case .notThere(let file, let reason): "\(file): \(reason); a run writes it when it is complete (see renorm status)"
    case .unusable(let file): "\(file) is damaged or was written by another version"
    case .file(let fault): fault.description
    }
  }
}
