import Runtime
import Statistics

/// The trainings of one kind (activation and stepper), as what was measured of all their networks.
struct PlaneSummary {
  let activation: String, stepper: String
  let recordings: [Recording], labels: [String]
  let layers: Int, points: [Int], estimators: [PlaneEstimator], fromEpoch: Int

  var name: String { "\(activation), \(stepper)" }
  /// For file names.
  var key: String { "\(activation)-\(stepper)" }

  enum Quantity: String { case compression, relevance, null = "relevance_null" }

  /// The values of each network, over the points.
  func series(_ quantity: Quantity, _ estimator: Int, _ layer: Int) -> [[Double]] {
    let n = points.count, first = (estimator * layers + layer) * n
    return zip(recordings, labels).map { recording, label in
      recording.array("\(quantity.rawValue)_\(label)").map { Array($0.values[first..<first + n]) } ?? Array(repeating: .nan, count: n)
    }
  }
  /// The mean over networks at a point.
  func mean(_ quantity: Quantity, _ estimator: Int, _ layer: Int, _ point: Int) -> Estimate {
    Estimate(meanOf: series(quantity, estimator, layer).map { $0[point] })
  }
  /// A curve over the points, with the spread of the mean.
  func curve(_ quantity: Quantity, _ estimator: Int, _ layer: Int) -> [Estimate] {
    let all = series(quantity, estimator, layer)
    return points.indices.map { point in Estimate(meanOf: all.map { $0[point] }) }
  }
  private var late: [Int] { points.indices.filter { points[$0] >= fromEpoch } }
  /// The largest I(X;T) from `fromEpoch` on, and how much of it is lost at the end.
  func maximum(_ estimator: Int, _ layer: Int) -> Estimate {
    Estimate(meanOf: series(.compression, estimator, layer).map { values in late.map { values[$0] }.reduce(-.infinity, max) })
  }
  func loss(_ estimator: Int, _ layer: Int) -> Estimate {
    Estimate(
      meanOf: series(.compression, estimator, layer).map { values in
        late.map { values[$0] }.reduce(-.infinity, max) - values[points.count - 1]
      })
  }
  /// I(T;Y) at the end beyond what labels in random order give.
  func beyondNull(_ estimator: Int, _ layer: Int) -> Estimate {
    let last = points.count - 1
    return Estimate(
      meanOf: zip(series(.relevance, estimator, layer), series(.null, estimator, layer)).map { $0[last] - $1[last] })
  }
  /// What an estimator says of a layer: a loss of more than a tenth of a nat and of four errors, at most a tenth, or what lies between.
  enum Verdict { case loses, keeps, open }
  func verdict(_ estimator: Int, _ layer: Int) -> Verdict {
    let loss = loss(estimator, layer)
    if !(loss.value > 0.1) { return .keeps }
    return loss.error.isFinite && loss.value <= 4 * loss.error ? .open : .loses
  }
  /// An observable of every network.
  func values(_ name: String) -> [Double] { recordings.compactMap { $0.observable(name, at: [])?.values.first } }
  /// Means over networks of an array of theirs.
  func meanArray(_ name: String) -> [Double] {
    let all = zip(recordings, labels).compactMap { $0.array("\(name)_\($1)")?.values }
    guard let first = all.first else { return [] }
    return first.indices.map { place in all.reduce(0) { $0 + $1[place] } / Double(all.count) }
  }
}

extension Observable {
  /// A mean over networks.
  init(overNetworks estimate: Estimate, unit: String) {
    let isKnown = estimate.error.isFinite
    self.init(estimate.value, error: isKnown ? estimate.error : nil, unit: unit, reason: isKnown ? nil : "one network has no spread")
  }
}
