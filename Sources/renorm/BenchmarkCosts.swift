import Glibc
import Runtime

/// What kernels cost against size: one figure for each curve that benchmarks belong to.
struct BenchmarkCosts {
  /// Linear size, bytes and nanoseconds for a unit of work, by curve.
  private var curves: [(name: String, unit: String, points: [(size: Double, bytes: Double, cost: Double)])] = []

  /// Takes in a benchmark's median rate, in units of work per second.
  mutating func add(_ benchmark: Benchmark, rate: Double) {
    guard let place = benchmark.place else { return }
    let point = (place.size, place.bytes, 1e9 / rate)
    if let known = curves.firstIndex(where: { $0.name == place.curve }) {
      curves[known].points.append(point)
    } else {
      curves.append((place.curve, benchmark.unit, [point]))
    }
  }

  /// Draws the figures; returns why some could not be drawn.
  func draw(into folder: String) throws -> [String] {
    try curves.compactMap { curve in
      let points = curve.points.sorted { $0.size < $1.size }
      guard points.count > 1 else { return "\(curve.name): a figure needs two sizes" }
      let costs = points.map(\.cost), highest = costs.max()! * 1.1
      // Work grows with the square of the linear size, and so do bytes.
      let bytesPerArea = points[0].bytes / (points[0].size * points[0].size)
      let marks = Self.caches.map { cache in
        let size = (cache.bytes / bytesPerArea).squareRoot()
        return Curve("\(cache.name), \(Int(cache.bytes) >> 10) KiB", x: [size, size], y: [0, highest], style: .line)
      }
      let figure = Figure(
        name: "cost-" + curve.name.lowercased().map { $0.isLetter ? String($0) : "-" }.joined(),
        title: "Cost of \(curve.name) against size",
        caption:
          "Nanoseconds of processor time for each of the \(curve.unit) against the linear size; lines mark where the lattice fills a cache.",
        content: .curves(
          [Curve(curve.name, x: points.map(\.size), y: costs)] + marks, xLabel: "L", yLabel: "ns per spin", logX: true, logY: false))
      return try ReportWriter.write(figure, to: folder)
    }
  }

  /// Data caches of this processor as the kernel tells them; none where it does not.
  private static var caches: [(name: String, bytes: Double)] {
    (0..<8).compactMap { index in
      let folder = "/sys/devices/system/cpu/cpu0/cache/index\(index)"
      func text(_ name: String) -> String? {
        (try? FileAccess.text("\(folder)/\(name)")).map { String($0.prefix { !$0.isWhitespace }) }
      }
      guard let level = text("level"), let type = text("type"), type != "Instruction", let size = text("size") else { return nil }
      let unit = size.last == "M" ? 1_048_576.0 : 1024
      return Double(size.prefix { $0.isNumber }).map { ("L\(level)", $0 * unit) }
    }
  }
}
