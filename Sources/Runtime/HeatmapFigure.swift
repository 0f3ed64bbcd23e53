/// Heatmaps as SVG: each is a small PNG of one pixel per value, shown without smoothing at equal aspect. Images of a
/// figure with the same palette share one scale, so that they can be compared; a bar shows it.
struct HeatmapFigure {
  let svg: String
  /// The values as text, one block per image, for gnuplot and others.
  let data: String
  /// A gnuplot script that draws the same from `data`.
  let script: String

  init(name: String, title: String, heatmaps: [Heatmap], perRow: Int) {
    let perRow = max(1, min(perRow, heatmaps.count))
    let scales = Self.scales(heatmaps)
    svg = Self.draw(title: title, heatmaps, perRow, scales)
    data = heatmaps.map(Self.block).joined(separator: "\n\n")
    script = Self.script(name: name, title: title, heatmaps, perRow, scales)
  }

  /// The range that a palette spans.
  struct Scale {
    let low: Double, high: Double
  }

  /// One scale per palette: diverging is symmetric about zero; both palettes that show numbers leave out the most
  /// extreme thousandth, which would take the colour from all the rest.
  static func scales(_ heatmaps: [Heatmap]) -> [Heatmap.Palette: Scale] {
    var scales: [Heatmap.Palette: Scale] = [:]
    for palette in [Heatmap.Palette.diverging, .sequential, .binary] {
      let values = heatmaps.filter { $0.palette == palette }.flatMap(\.values).filter(\.isFinite)
      guard let least = values.min(), let most = values.max() else { continue }
      switch palette {
      case .diverging:
        let sizes = values.map { abs($0) }.sorted()
        let size = sizes[min(sizes.count - 1, Int(0.999 * Double(sizes.count)))]
        let limit = size > 0 ? size : (sizes[sizes.count - 1] > 0 ? sizes[sizes.count - 1] : 1)
        scales[palette] = Scale(low: -limit, high: limit)
      case .sequential: scales[palette] = Scale(low: least, high: most > least ? most : least + 1)
      case .binary: scales[palette] = Scale(low: least, high: most)
      }
    }
    return scales
  }

  /// Colours of a palette, from its low to its high end.
  static func colours(_ palette: Heatmap.Palette) -> [(UInt8, UInt8, UInt8)] {
    let stops: [(Double, Double, Double)]
    switch palette {
    case .binary: return [(245, 245, 245), (32, 44, 66)]
    // Blue - white - red of equal lightness on both sides; white is exactly in the middle.
    case .diverging:
      stops = [
        (5, 48, 97), (33, 102, 172), (103, 169, 207), (209, 229, 240), (255, 255, 255), (253, 219, 199), (239, 138, 98), (178, 24, 43),
        (103, 0, 31),
      ]
    // Dark violet to yellow, its lightness rising evenly.
    case .sequential:
      stops = [
        (68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141), (39, 173, 129), (92, 200, 99), (170, 220, 50),
        (253, 231, 37),
      ]
    }
    return (0..<levels).map { level in
      let place = Double(level) / Double(levels - 1) * Double(stops.count - 1)
      let first = min(Int(place), stops.count - 2), part = place - Double(first)
      func mix(_ a: Double, _ b: Double) -> UInt8 { UInt8((a + (b - a) * part).rounded()) }
      let a = stops[first], b = stops[first + 1]
      return (mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
    }
  }
  /// An odd number, so that zero has a colour of its own.
  private static let levels = 101

  static func image(_ map: Heatmap, _ scale: Scale) -> PixelImage {
    let colours = colours(map.palette), top = Double(colours.count - 1)
    // A value that is no number is shown grey.
    let grey = UInt8(colours.count)
    let hasGrey = map.values.contains { !$0.isFinite }
    let pixels = map.values.map { value -> UInt8 in
      guard value.isFinite else { return grey }
      if map.palette == .binary { return value > 0 ? 1 : 0 }
      let place = (value - scale.low) / (scale.high - scale.low)
      return UInt8((min(1, max(0, place)) * top).rounded())
    }
    return PixelImage(width: map.columns, height: map.rows, palette: colours + (hasGrey ? [(150, 150, 150)] : []), pixels: pixels)
  }

  /// All maps in one image, `perRow` in a row, a line of grey between them, each value a square of pixels so that the maps are some
  /// thirty pixels wide. Maps of one figure have the same shape and palette.
  static func sheet(_ maps: [Heatmap], perRow: Int) -> PixelImage {
    guard let first = maps.first, first.rows > 0, first.columns > 0, let scale = scales(maps)[first.palette] else {
      return PixelImage(width: 1, height: 1, palette: [(150, 150, 150), (0, 0, 0)], pixels: [0])
    }
    let across = min(perRow, maps.count), down = (maps.count + across - 1) / across, zoom = max(1, 32 / max(first.rows, first.columns))
    let cell = (width: first.columns * zoom + 1, height: first.rows * zoom + 1)
    let width = across * cell.width - 1, height = down * cell.height - 1
    let colours = colours(first.palette), grey = UInt8(colours.count)
    var pixels = [UInt8](repeating: grey, count: width * height)
    for (place, map) in maps.enumerated() {
      let tile = image(map, scale).pixels, top = place / across * cell.height, left = place % across * cell.width
      for y in 0..<first.rows * zoom {
        for x in 0..<first.columns * zoom { pixels[(top + y) * width + left + x] = tile[y / zoom * first.columns + x / zoom] }
      }
    }
    return PixelImage(width: width, height: height, palette: colours + [(150, 150, 150)], pixels: pixels)
  }

  private static func draw(title: String, _ heatmaps: [Heatmap], _ perRow: Int, _ scales: [Heatmap.Palette: Scale]) -> String {
    let width = 960.0, gap = perRow > 10 ? 4.0 : 14.0
    let cell = min(300, (width - 2 * 12 - gap * Double(perRow - 1)) / Double(perRow))
    let titled = heatmaps.contains { !$0.title.isEmpty }
    let font = max(7, min(14, cell / 6)), head = titled ? font * 1.5 : 0
    let left = (width - cell * Double(perRow) - gap * Double(perRow - 1)) / 2
    var body = "", y = 12.0
    for start in stride(from: 0, to: heatmaps.count, by: perRow) {
      let row = heatmaps[start..<min(start + perRow, heatmaps.count)]
      let tallest = row.map { cell * min(1.6, Double($0.rows) / Double(max(1, $0.columns))) }.max() ?? cell
      for (place, map) in row.enumerated() where map.rows > 0 && map.columns > 0 {
        let x = left + Double(place) * (cell + gap)
        // Equal aspect; a very tall image is made narrower instead of longer.
        let ratio = Double(map.rows) / Double(map.columns)
        let drawn = ratio > 1.6 ? (cell * 1.6 / ratio, cell * 1.6) : (cell, cell * ratio)
        if !map.title.isEmpty {
          body +=
            "<text x=\"\(short(x + cell / 2))\" y=\"\(short(y + font))\" font-size=\"\(short(font))\" text-anchor=\"middle\">\(HTML.escape(fit(map.title, cell, font)))</text>\n"
        }
        guard let scale = scales[map.palette] else { continue }
        let frame =
          "x=\"\(short(x + (cell - drawn.0) / 2))\" y=\"\(short(y + head))\" width=\"\(short(drawn.0))\" height=\"\(short(drawn.1))\""
        body += "<image \(frame) preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"\(image(map, scale).dataURI)\"/>\n"
        body += "<rect \(frame) fill=\"none\" stroke=\"#bbb\" stroke-width=\"0.6\"/>\n"
      }
      y += head + tallest + gap
    }
    for palette in [Heatmap.Palette.diverging, .sequential] {
      if let scale = scales[palette] { body += bar(palette, scale, width: width, y: &y) }
    }
    return
      "<svg viewBox=\"0 0 \(short(width)) \(short(y + 6))\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"\(HTML.escape(title))\" font-family=\"Helvetica,Arial,sans-serif\" fill=\"#222\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\(body)</svg>\n"
  }

  private static func bar(_ palette: Heatmap.Palette, _ scale: Scale, width: Double, y: inout Double) -> String {
    let colours = colours(palette), length = 260.0, x = (width - length) / 2
    let image = PixelImage(width: colours.count, height: 1, palette: colours, pixels: (0..<colours.count).map { UInt8($0) })
    var out =
      "<image x=\"\(short(x))\" y=\"\(short(y + 4))\" width=\"\(short(length))\" height=\"10\" preserveAspectRatio=\"none\" href=\"\(image.dataURI)\"/>\n"
    out +=
      "<rect x=\"\(short(x))\" y=\"\(short(y + 4))\" width=\"\(short(length))\" height=\"10\" fill=\"none\" stroke=\"#bbb\" stroke-width=\"0.6\"/>\n"
    let marks = [(0.0, scale.low, "end", -6.0), (1.0, scale.high, "start", 6.0)]
    for (place, value, anchor, shift) in marks {
      out +=
        "<text x=\"\(short(x + place * length + shift))\" y=\"\(short(y + 13.5))\" font-size=\"13\" text-anchor=\"\(anchor)\">\(short(value, digits: 3))</text>\n"
    }
    y += 24
    return out
  }

  /// A title cut to what fits above its image.
  private static func fit(_ title: String, _ width: Double, _ font: Double) -> String {
    let room = max(3, Int(width / (font * 0.52)))
    return title.count <= room ? title : String(title.prefix(room - 1)) + "…"
  }

  /// A number with a few significant digits, for coordinates and labels.
  static func short(_ value: Double, digits: Int = 5) -> String {
    guard value != 0, value.isFinite else { return "0" }
    var size = 1.0
    while abs(value) >= size * 10 { size *= 10 }
    while abs(value) < size { size /= 10 }
    var scale = 1.0
    for _ in 1..<digits { scale *= 10 }
    let rounded = (value / size * scale).rounded() / scale * size
    // The product may have gained digits in its last bits: the shortest text near it is found through Float.
    let text = digits <= 6 ? "\(Float(rounded))" : "\(rounded)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private static func block(_ map: Heatmap) -> String {
    var out = "# \(map.title)\n"
    for row in 0..<map.rows {
      out +=
        map.values[(row * map.columns)..<((row + 1) * map.columns)].map { $0.isFinite ? "\(Float($0))" : "NaN" }.joined(separator: " ")
        + "\n"
    }
    return out
  }

  private static func script(name: String, title: String, _ maps: [Heatmap], _ perRow: Int, _ scales: [Heatmap.Palette: Scale]) -> String {
    let rows = (maps.count + perRow - 1) / perRow
    var lines = [
      "# Draws the images of \(name).dat with gnuplot (the page draws them itself): gnuplot \(name).gp",
      "set terminal svg size \(max(300, 160 * perRow)),\(max(300, 180 * rows)) noenhanced background '#ffffff'",
      "set output '\(name)-gnuplot.svg'",
      "unset key; unset tics; unset colorbox; set size ratio -1; set yrange [] reverse",
      "set multiplot layout \(rows),\(perRow)",
    ]
    for (place, map) in maps.enumerated() {
      let colours = colours(map.palette)
      let steps = stride(from: 0, to: colours.count, by: max(1, colours.count / 20)).map { level -> String in
        let hex = [colours[level].0, colours[level].1, colours[level].2].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return "\(level) '#\(hex)'"
      }
      lines.append("set palette defined (\(steps.joined(separator: ", ")))")
      if let scale = scales[map.palette], scale.high > scale.low { lines.append("set cbrange [\(scale.low):\(scale.high)]") }
      lines.append("set title \(GnuplotScript.quote(map.title))")
      lines.append("plot '\(name).dat' index \(place) matrix with image")
    }
    return lines.joined(separator: "\n") + "\nunset multiplot\n"
  }
}
