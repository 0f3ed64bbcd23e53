/// Ranks against time: a bar for each share of work, filled with what its rank did in it, so that area is time. Drawn by gnuplot.
struct TimelineFigure {
  let script: String, data: String

  /// What a bar is filled with, from above, and the colour of each.
  private static let kinds = [("busy", "#0072B2"), ("communicating", "#E69F00"), ("checkpointing", "#000000")]
  /// Rows and bars that a page can show.
  private static let mostRanks = 64, mostBars = 3000

  /// The launches one after the other; a line parts them.
  init(_ timeline: Timeline, name: String) {
    let ranks = timeline.launches.map(\.hosts.count).max() ?? 1, step = (ranks + Self.mostRanks - 1) / Self.mostRanks
    let bars = timeline.launches.reduce(0) { $0 + $1.shares.count { $0.share.rank % step == 0 } }
    // Where there are too many, neighbours are drawn as one: what was waited between them is left white in it.
    let together = 1 + bars / Self.mostBars
    var blocks = [[String]](repeating: [], count: Self.kinds.count), begin = 0.0, marks: [Double] = []
    for launch in timeline.launches {
      for rank in stride(from: 0, to: launch.hosts.count, by: step) {
        let own = launch.shares.map(\.share).filter { $0.rank == rank }.sorted { $0.begin < $1.begin }
        for start in stride(from: 0, to: own.count, by: together) {
          Self.bar(own[start..<min(start + together, own.count)], lane: rank / step, shift: begin, into: &blocks)
        }
      }
      begin += launch.seconds
      marks.append(begin)
    }
    // gnuplot refuses an empty block.
    data = blocks.map { ($0.isEmpty ? ["? ? ? ?"] : $0).joined(separator: "\n") }.joined(separator: "\n\n\n") + "\n"
    script = Self.script(name: name, ranks: ranks, step: step, end: begin, marks: Array(marks.dropLast()))
  }

  /// One bar: four fifths of its lane high where its rank never waited.
  private static func bar(_ shares: ArraySlice<WorkShare>, lane: Int, shift: Double, into blocks: inout [[String]]) {
    guard let begin = shares.first?.begin, let end = shares.map(\.end).max(), end > begin else { return }
    let spent = [shares.map(\.busy), shares.map(\.communicating), shares.map(\.checkpointing)]
    var low = Double(lane) - 0.4
    for (kind, times) in spent.enumerated() {
      let height = 0.8 * min(1, times.reduce(0, +) / (end - begin))
      if height > 0 { blocks[kind].append("\(Float(shift + begin)) \(Float(shift + end)) \(Float(low)) \(Float(low + height))") }
      low += height
    }
  }

  private static func script(name: String, ranks: Int, step: Int, end: Double, marks: [Double]) -> String {
    let lanes = (ranks + step - 1) / step, hours = end > 3 * 3600
    let height = 130 + max(60, min(640, 26 * lanes))
    let labelled = Swift.stride(from: 0, to: lanes, by: 1 + (lanes - 1) / 16).map { "'\($0 * step)' \($0)" }
    let scale = hours ? "/3600" : ""
    var lines = [
      "# Ranks against time: change what you like, then run: gnuplot \(name).gp",
      "set terminal svg size 760,\(height) dynamic noenhanced font 'Helvetica,Arial,sans-serif,14' background '#ffffff'",
      "set output '\(name).svg'",
      "set encoding utf8",
      "set datafile missing '?'",
      "set border 3 linewidth 1 linecolor '#444444'",
      "set tics nomirror out scale 0.6 textcolor '#222222'",
      "set xlabel '\(hours ? "hours" : "seconds")' textcolor '#222222'",
      "set ylabel 'rank' textcolor '#222222'",
      "set ytics (\(labelled.joined(separator: ", ")))",
      "set yrange [\(Double(lanes) - 0.4):-0.6] ",
      "set xrange [0:\(max(end, 1e-3) / (hours ? 3600 : 1))]",
      "set key outside center top horizontal samplen 1 textcolor '#222222'",
      "set style fill solid 1 noborder",
    ]
    for mark in marks {
      let x = mark / (hours ? 3600 : 1)
      lines.append("set arrow from \(x), graph 0 to \(x), graph 1 nohead linecolor '#D55E00' dashtype 2 front")
    }
    let plots = kinds.enumerated().map { place, kind in
      // Lanes count downwards, and so do heights within them: the y axis is turned round.
      "'\(name).dat' index \(place) using (($1+$2)/2\(scale)):(($3+$4)/2):($1\(scale)):($2\(scale)):3:4 with boxxyerror "
        + "linecolor '\(kind.1)' title '\(kind.0)'"
    }
    lines.append("plot " + plots.joined(separator: ", \\\n     "))
    return lines.joined(separator: "\n") + "\n"
  }
}
