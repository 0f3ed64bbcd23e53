/// Points on spheres as SVG, seen from a little above the equator: near points dark, far ones pale behind a veil.
struct GlobeFigure {
  let svg: String
  /// x y z of every point as text, one block per sphere, marks after points.
  let data: String
  /// A gnuplot script that draws the same from `data`.
  let script: String

  init(name: String, title: String, globes: [Globe], perRow: Int) {
    let perRow = max(1, min(perRow, globes.count))
    svg = Self.draw(title: title, globes, perRow)
    data = globes.map { globe in
      "# \(globe.title)\n" + (globe.points + globe.marks).map { "\(Float($0.x)) \(Float($0.y)) \(Float($0.z))\n" }.joined()
    }.joined(separator: "\n\n")
    script = """
      # Draws the points of \(name).dat with gnuplot (the page draws them itself): gnuplot \(name).gp
      set terminal svg size \(320 * perRow),\(320 * ((globes.count + perRow - 1) / perRow)) noenhanced background '#ffffff'
      set output '\(name)-gnuplot.svg'
      unset key; unset tics; unset border; set view equal xyz; set view 70, 30
      set multiplot layout \((globes.count + perRow - 1) / perRow),\(perRow)
      do for [i=0:\(globes.count - 1)] { splot '\(name).dat' index i with points pt 7 ps 0.4 }
      unset multiplot

      """
  }

  // The view: turned by 30 degrees about the axis, then tilted by 20. Constants, so that no library decides the last bit.
  private static let turn = (cos: 0.8660254, sin: 0.5), tilt = (cos: 0.9396926, sin: 0.3420201)

  /// Right, up and towards the eye.
  static func view(_ v: SIMD3<Double>) -> SIMD3<Double> {
    let right = turn.cos * v.y - turn.sin * v.x, depth = turn.cos * v.x + turn.sin * v.y
    return SIMD3(right, tilt.cos * v.z - tilt.sin * depth, tilt.cos * depth + tilt.sin * v.z)
  }

  private static func draw(title: String, _ globes: [Globe], _ perRow: Int) -> String {
    let radius = perRow == 1 ? 170.0 : 110.0, cell = 2 * radius + 24, rows = (globes.count + perRow - 1) / perRow
    let width = Double(perRow) * cell, height = Double(rows) * (cell + 22)
    var body = ""
    for (number, globe) in globes.enumerated() {
      let x = (Double(number % perRow) + 0.5) * cell, top = Double(number / perRow) * (cell + 22), y = top + 22 + cell / 2
      body +=
        "<text x=\"\(short(x))\" y=\"\(short(top + 17))\" font-size=\"14\" text-anchor=\"middle\">\(HTML.escape(globe.title))</text>\n"
      body += "<circle cx=\"\(short(x))\" cy=\"\(short(y))\" r=\"\(short(radius))\" fill=\"#f6f8fb\" stroke=\"#9aa5b5\"/>\n"
      // Dots shrink as points grow in number, down to what can be seen.
      let size = max(0.9, min(4, radius / 9 / Double(max(1, globe.points.count)).squareRoot() * 2))
      for near in [false, true] {
        if near {
          body += "<circle cx=\"\(short(x))\" cy=\"\(short(y))\" r=\"\(short(radius))\" fill=\"#f6f8fb\" fill-opacity=\"0.72\"/>\n"
        }
        for (places, dot, colour) in [(globe.points, size, "#1f4e8c"), (globe.marks, 5.0, "#c23b22")] {
          body += "<g fill=\"\(colour)\">"
          for v in places.map(view) where (v.z >= 0) == near {
            body += "<circle cx=\"\(short(x + radius * v.x))\" cy=\"\(short(y - radius * v.y))\" r=\"\(short(dot, digits: 3))\"/>"
          }
          body += "</g>\n"
        }
      }
    }
    return
      "<svg viewBox=\"0 0 \(short(width)) \(short(height))\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"\(HTML.escape(title))\" font-family=\"Helvetica,Arial,sans-serif\" fill=\"#222\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\(body)</svg>\n"
  }
  private static func short(_ value: Double, digits: Int = 5) -> String { HeatmapFigure.short(value, digits: digits) }
}
