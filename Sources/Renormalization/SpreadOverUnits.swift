public import Statistics

/// The median of one number per unit of a layer (not a number when there are none). Its error is half the distance
/// between the order statistics at ranks n/2 -+ sqrt(n)/2, the distribution-free 68 % interval of a median; not a number
/// below three units.
public func medianOverUnits(_ values: [Double]) -> Estimate {
  let sorted = values.sorted(), n = sorted.count
  guard n > 0 else { return Estimate(value: .nan, error: .nan) }
  let middle = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2
  guard n > 2 else { return Estimate(value: middle, error: .nan) }
  let half = Double(n).squareRoot() / 2
  let low = max(0, Int((Double(n) / 2 - half).rounded(.down)))
  let high = min(n - 1, Int((Double(n) / 2 + half).rounded(.up)) - 1)
  return Estimate(value: middle, error: (sorted[high] - sorted[low]) / 2)
}

/// Standard deviation over mean of one number per unit (n in the denominator), with the error of leaving out one unit
/// at a time; not a number below two units, its error below three.
public func variationOverUnits(_ values: [Double]) -> Estimate {
  func variation(_ skipped: Int?) -> Double {
    let n = Double(values.count - (skipped == nil ? 0 : 1))
    var sum = 0.0, squares = 0.0
    for (i, x) in values.enumerated() where i != skipped { sum += x }
    for (i, x) in values.enumerated() where i != skipped { squares += (x - sum / n) * (x - sum / n) }
    return (squares / n).squareRoot() / (sum / n)
  }
  guard values.count > 1 else { return Estimate(value: .nan, error: .nan) }
  return jackknife(blocks: values.count > 2 ? values.count : 0) { [variation($0)] }[0]
}
