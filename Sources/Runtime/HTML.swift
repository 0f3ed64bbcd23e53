/// Pieces of the report's page.
enum HTML {
  /// Text with the characters that mean something to a browser replaced.
  static func escape(_ text: String) -> String {
    var out = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "'": out += "&#39;"
      default: out.unicodeScalars.append(character)
      }
    }
    return out
  }

  /// A table; a column whose cells are all numbers (or dashes) stands flush right.
  static func table(_ table: ReportTable) -> String {
    let columns = max(table.header.count, table.rows.map(\.count).max() ?? 0)
    let numeric = (0..<columns).map { column in
      let cells = table.rows.compactMap { column < $0.count ? $0[column] : nil }
      return cells.contains(where: startsAsNumber) && cells.allSatisfy { $0.isEmpty || ["-", "–", "—"].contains($0) || startsAsNumber($0) }
    }
    func row(_ cells: [String], _ tag: String) -> String {
      let inner = (0..<columns).map { column in
        "<\(tag)\(numeric[column] ? " class=\"number\"" : "")>\(column < cells.count ? escape(cells[column]) : "")</\(tag)>"
      }
      return "<tr>\(inner.joined())</tr>\n"
    }
    var out = "<figure class=\"table\"><div class=\"scroll\"><table>\n"
    if !table.header.isEmpty { out += "<thead>\(row(table.header, "th"))</thead>\n" }
    out += "<tbody>\n" + table.rows.map { row($0, "td") }.joined() + "</tbody></table></div>\n"
    if !table.caption.isEmpty { out += "<figcaption>\(escape(table.caption))</figcaption>" }
    return out + "</figure>\n"
  }

  private static func startsAsNumber(_ cell: String) -> Bool {
    guard let first = cell.unicodeScalars.first(where: { !"+-−±<>≤≥≈~ ".unicodeScalars.contains($0) }) else { return false }
    return ("0"..."9").contains(first) || first == "." || first == "∞"
  }

  /// A page around a body, complete in itself: no script, no network.
  static func page(title: String, body: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(escape(title))</title>
    <style>
    \(style)
    </style>
    </head>
    <body>
    <main>
    \(body)</main>
    </body>
    </html>

    """
  }

  private static let style = """
    :root { color-scheme: light dark; --ink: #1d2530; --soft: #5b6675; --line: #d9dee5; --page: #fbfbfa; --card: #ffffff; --accent: #0072b2; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #9aa5b4; --line: #333c49; --page: #14181e; --card: #1b2028; --accent: #6bb8e8; } }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--page); color: var(--ink); font: 17px/1.6 Georgia, "Iowan Old Style", "Times New Roman", serif; }
    main { max-width: 60rem; margin: 0 auto; padding: 3rem 1.5rem 5rem; }
    h1, h2, h3, nav, .strip, table, figcaption { font-family: "Helvetica Neue", Helvetica, Arial, sans-serif; }
    h1 { font-size: 2.1rem; line-height: 1.2; letter-spacing: -0.015em; margin: 0 0 1rem; }
    h2 { font-size: 1.4rem; margin: 3.2rem 0 0.8rem; padding-top: 1.2rem; border-top: 1px solid var(--line); }
    h3 { font-size: 1rem; margin: 0 0 0.6rem; }
    p { margin: 0 0 1rem; max-width: 44rem; }
    .abstract { font-size: 1.12rem; }
    .strip { display: flex; flex-wrap: wrap; gap: 0.2rem 2rem; margin: 1.4rem 0; padding: 0.7rem 0; border-block: 1px solid var(--line); font-size: 0.85rem; color: var(--soft); }
    .strip b { color: var(--ink); font-weight: 600; }
    nav { font-size: 0.9rem; margin: 1rem 0; } nav a { margin-right: 1.2rem; }
    a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
    figure { margin: 1.8rem 0 2.2rem; break-inside: avoid; }
    figure .card { background: #fff; border: 1px solid var(--line); border-radius: 6px; padding: 0.8rem; }
    figure svg { display: block; width: 100%; height: auto; }
    figure.curves .card { max-width: 48rem; }
    figcaption { margin-top: 0.6rem; font-size: 0.88rem; line-height: 1.5; color: var(--soft); max-width: 48rem; }
    .files { white-space: nowrap; }
    .missing { color: #a33; background: var(--card); border: 1px dashed var(--line); border-radius: 6px; padding: 0.8rem; font-size: 0.9rem; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; font-size: 0.88rem; background: var(--card); }
    th, td { padding: 0.35rem 0.9rem; text-align: left; border-bottom: 1px solid var(--line); }
    td:first-child { white-space: nowrap; }
    th { font-weight: 600; border-bottom: 2px solid var(--line); vertical-align: bottom; }
    .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--line); font: 0.8rem/1.5 "Helvetica Neue", Helvetica, Arial, sans-serif; color: var(--soft); }
    @media print { :root { --ink: #000; --soft: #444; --line: #bbb; --page: #fff; --card: #fff; } body { font-size: 11pt; } main { padding: 0; max-width: none; } nav { display: none; } h2 { break-after: avoid; } }
    """
}
