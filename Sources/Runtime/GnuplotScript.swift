import Glibc

/// gnuplot scripts and data files of figures with curves: everything a user needs to change a figure by hand.
struct GnuplotScript {
  let script: String, data: String

  /// Colours that people with any colour vision can tell apart (Okabe and Ito), in the order used.
  static let colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D1F"]

  /// Curves over a common pair of axes. On a logarithmic axis values that are not positive are left out; an axis
  /// without any positive value becomes linear.
  init(name: String, title: String, curves: [Curve], xLabel: String, yLabel: String, logX: Bool, logY: Bool) {
    let logX = logX && curves.contains { $0.x.contains { $0 > 0 } }
    let logY = logY && curves.contains { $0.y.contains { $0 > 0 && $0.isFinite } }
    data = Self.data(title: title, curves: curves, xLabel: xLabel, yLabel: yLabel, logX: logX, logY: logY)
    let labelled = curves.filter { !$0.label.isEmpty }.count
    // Long legends stand beside the axes, short ones above: in neither place do they cover data.
    let legendAbove = labelled <= 4
    let rows = legendAbove && labelled > 1 ? 1 : 0
    var lines = [
      "# \(Self.flat(title)): change what you like, then run: gnuplot \(name).gp",
      "set terminal svg size 760,\(430 + 24 * rows) dynamic noenhanced font 'Helvetica,Arial,sans-serif,14' background '#ffffff'",
      "set output '\(name).svg'",
      "set encoding utf8",
      "set datafile missing '?'",
      "set border 3 linewidth 1 linecolor '#444444'",
      "set tics nomirror out scale 0.6 textcolor '#222222'",
      "set grid linecolor '#e4e4e4' linewidth 1 linetype 1",
      "set xlabel \(Self.quote(xLabel)) textcolor '#222222'",
      "set ylabel \(Self.quote(yLabel)) textcolor '#222222'",
      "set bars 0.6",
    ]
    if labelled < 1 || (curves.count == 1 && labelled <= 1) {
      lines.append("unset key")
    } else if legendAbove {
      lines.append("set key outside center top horizontal samplen 2.5 textcolor '#222222'")
    } else {
      lines.append("set key outside right top vertical Left reverse samplen 2 font ',12' textcolor '#222222'")
    }
    if logX { lines += ["set logscale x"] + Self.ticFormat("x", curves.flatMap(\.x)) }
    if logY { lines += ["set logscale y"] + Self.ticFormat("y", curves.flatMap(\.y)) }
    lines += Self.range("x", curves.flatMap(\.x), logarithmic: logX, margin: 0.02)
    // Between a few whole numbers there is nothing to label.
    if !logX, let low = curves.flatMap(\.x).min(), let high = curves.flatMap(\.x).max(), (1...8).contains(high - low),
      curves.allSatisfy({ $0.x.allSatisfy { $0 == $0.rounded() } })
    {
      lines.append("set xtics 1")
    }
    lines += Self.range("y", Self.reach(curves, logarithmic: logY), logarithmic: logY, margin: 0.05)
    let plots = curves.enumerated().flatMap { Self.plot($1, block: $0, of: name) }
    lines.append("plot " + plots.joined(separator: ", \\\n     "))
    script = lines.joined(separator: "\n") + "\n"
  }

  /// All values with the ends of their error bars; on a logarithmic axis a bar does not stretch it downwards.
  private static func reach(_ curves: [Curve], logarithmic: Bool) -> [Double] {
    curves.flatMap { curve in
      curve.y + zip(curve.y, curve.yErrors ?? []).flatMap { logarithmic ? [$0 + $1] : [$0 - $1, $0 + $1] }
    }
  }
  /// A range that just holds the values, with a margin as a part of the axis: gnuplot's own would reach to round numbers.
  private static func range(_ axis: String, _ values: [Double], logarithmic: Bool, margin: Double) -> [String] {
    let shown = values.filter { $0.isFinite && (!logarithmic || $0 > 0) }.map { logarithmic ? log10($0) : $0 }
    guard let least = shown.min(), let most = shown.max() else { return [] }
    let width = most > least ? (most - least) * margin : max(abs(most) * 0.1, 0.5)
    let ends = [least - width, most + width].map { logarithmic ? pow(10, $0) : $0 }
    return ends[0].isFinite && ends[1].isFinite && ends[0] < ends[1] ? ["set \(axis)range [\(ends[0]):\(ends[1])]"] : []
  }

  /// Powers of ten where an axis spans many decades, plain numbers otherwise.
  private static func ticFormat(_ axis: String, _ values: [Double]) -> [String] {
    let positive = values.filter { $0 > 0 && $0.isFinite }
    guard let least = positive.min(), let most = positive.max() else { return [] }
    if most / least > 1e4 { return ["set format \(axis) '1e%T'"] }
    // Within two decades the powers of ten alone would leave an axis almost without numbers: others are marked too.
    guard most / least < 300 else { return ["set format \(axis) '%g'"] }
    // Less than a factor of two: equal steps, as on a linear axis.
    if least < most, most / least < 2 {
      let rough = (most - least) / 4, power = pow(10, log10(rough).rounded(.down))
      let step = power * (rough / power < 1.5 ? 1 : rough / power < 3.5 ? 2 : rough / power < 7.5 ? 5 : 10)
      let marks = (Int((least / step).rounded(.down))...Int((most / step).rounded(.up))).filter { $0 > 0 }
      return ["set format \(axis) '%g'", "set \(axis)tics (" + marks.map { "\(Double($0) * step)" }.joined(separator: ", ") + ")"]
    }
    let first = Int(log10(least).rounded(.down)), last = Int(log10(most).rounded(.up))
    let marks = (first...last).flatMap { decade in
      (most / least < 10 ? ["1", "2", "3", "4", "5", "7"] : ["1", "2", "5"]).map { "\($0)e\(decade)" }
    }
    return ["set format \(axis) '%g'", "set \(axis)tics (" + marks.map { "'\(plain($0))' \($0)" }.joined(separator: ", ") + ")"]
  }
  private static func plain(_ mark: String) -> String {
    guard let value = Double(mark) else { return mark }
    return value >= 1 && value < 1e6 ? "\(Int(value))" : "\(value)"
  }

  private static func plot(_ curve: Curve, block: Int, of name: String) -> [String] {
    let number = curve.colour ?? block
    let colour = colours[number % colours.count]
    // Marks go on by one where colours begin again, so that no two of 64 curves look the same.
    let point = [7, 5, 9, 13, 11, 6, 4, 8][(number + number / colours.count) % 8]
    let size = curve.x.count > 60 ? 0.35 : 0.65
    let title = curve.label.isEmpty ? "notitle" : "title \(quote(curve.label))"
    let source = "'\(name).dat' index \(block)"
    // From the ninth curve on colours repeat, so lines are dashed.
    let line = "linecolor '\(colour)' linewidth 2 dashtype \(number / colours.count + 1)"
    let marks = "pointtype \(point) pointsize \(size)"
    var plots: [String] = []
    if curve.yErrors != nil {
      // gnuplot's own error bars first wipe out what lies under each point; arrows without a direction do not.
      let bar = "using 1:($2 - $3):(0):(2 * $3) with vectors heads size screen 0.004,90"
      plots.append("\(source) \(bar) linecolor '\(colour)' linewidth 1.2 notitle")
    }
    switch curve.style {
    case .line: plots.append("\(source) using 1:2 with lines \(line) \(title)")
    case .steps: plots.append("\(source) using 1:2 with steps \(line) \(title)")
    case .points: plots.append("\(source) using 1:2 with points linecolor '\(colour)' linewidth 1.5 \(marks) \(title)")
    case .linePoints: plots.append("\(source) using 1:2 with linespoints \(line) \(marks) \(title)")
    }
    return plots
  }

  private static func data(title: String, curves: [Curve], xLabel: String, yLabel: String, logX: Bool, logY: Bool) -> String {
    var out = "# \(flat(title))\n"
    for curve in curves {
      out += "# \(flat(curve.label))\n# \(flat(xLabel)); \(flat(yLabel))" + (curve.yErrors == nil ? "\n" : "; standard error\n")
      var written = 0
      for place in 0..<min(curve.x.count, curve.y.count) {
        let x = curve.x[place], y = curve.y[place]
        let shown = x.isFinite && y.isFinite && (!logX || x > 0) && (!logY || y > 0)
        let error = curve.yErrors.map { place < $0.count && $0[place].isFinite ? $0[place] : 0 }
        if shown { written += 1 }
        // On a logarithmic axis an error bar that reaches zero would vanish: it is cut just above.
        let bar = error.map { logY && shown ? min($0, 0.98 * y) : $0 }
        out += (x.isFinite ? "\(x)" : "?") + " " + (shown ? "\(y)" : "?") + (bar.map { " \($0)" } ?? "") + "\n"
      }
      // gnuplot refuses an empty block: one missing point keeps the blocks in step.
      if written == 0 { out += "? ?" + (curve.yErrors == nil ? "\n" : " ?\n") }
      out += "\n\n"
    }
    return out
  }

  private static func flat(_ text: String) -> String { text.split(whereSeparator: \.isNewline).joined(separator: " ") }
  /// A gnuplot text in single quotes, in which nothing but the quote itself is special.
  static func quote(_ text: String) -> String {
    "'" + flat(text).split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }
}
