/// One point of something that is watched while a unit runs: a number, the law of many, or a picture. TensorBoard shows them.
public struct CurvePoint: Sendable, Equatable {
  /// What is seen at the point.
  public enum Content: Sendable, Equatable {
    case value(Double)
    case spread(ValueSpread)
    /// A PNG file of so many pixels.
    case picture(width: Int, height: Int, png: [UInt8])
  }
  /// The curve's name, with `/` between group and quantity ("layer-1/reconstruction_error").
  public let tag: String
  /// Where along the curve (epoch, sweep), and what is there.
  public let step: Int, content: Content

  public init(_ tag: String, step: Int, content: Content) {
    self.tag = tag
    self.step = step
    self.content = content
  }
  /// A number.
  public init(_ tag: String, step: Int, value: Double) { self.init(tag, step: step, content: .value(value)) }
  /// How `values` are spread (weights, activities).
  public init(_ tag: String, step: Int, spread values: some Collection<Float>) {
    self.init(tag, step: step, content: .spread(ValueSpread(values)))
  }
  /// Small maps side by side, `perRow` in a row, those of one palette on one scale.
  public init(_ tag: String, step: Int, maps: [Heatmap], perRow: Int) {
    let image = HeatmapFigure.sheet(maps, perRow: perRow)
    self.init(tag, step: step, content: .picture(width: image.width, height: image.height, png: image.png))
  }
}

/// How many of a set of numbers fall into each of equal bins between the least and the largest. Numbers that are not finite are left out.
public struct ValueSpread: Sendable, Equatable {
  public let least: Double, most: Double, count: Int, sum: Double, sumOfSquares: Double
  /// Numbers in each bin.
  public let bins: [Int]

  public init(least: Double, most: Double, count: Int, sum: Double, sumOfSquares: Double, bins: [Int]) {
    self.least = least
    self.most = most
    self.count = count
    self.sum = sum
    self.sumOfSquares = sumOfSquares
    self.bins = bins
  }

  /// In at most `binCount` bins; in one where all numbers are the same, in none where there are none.
  public init(_ values: some Collection<Float>, binCount: Int = 40) {
    let finite = values.lazy.filter(\.isFinite)
    guard let least = finite.min(), let most = finite.max() else {
      self.init(least: 0, most: 0, count: 0, sum: 0, sumOfSquares: 0, bins: [])
      return
    }
    let scale = most > least ? Double(binCount) / (Double(most) - Double(least)) : 0
    var bins = [Int](repeating: 0, count: most > least ? binCount : 1), count = 0, sum = 0.0, squares = 0.0
    for value in finite {
      let x = Double(value)
      bins[min(bins.count - 1, Int((x - Double(least)) * scale))] += 1
      count += 1
      sum += x
      squares += x * x
    }
    self.init(least: Double(least), most: Double(most), count: count, sum: sum, sumOfSquares: squares, bins: bins)
  }

  /// The upper end of each bin.
  var limits: [Double] { bins.indices.map { least + (most - least) * Double($0 + 1) / Double(bins.count) } }
}
