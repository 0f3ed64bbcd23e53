/// Joint samples of two vectors of real numbers: what estimators for continuous variables take.
public struct PairedSamples: Sendable, Equatable {
  /// How many samples there are.
  public let count: Int
  /// The numbers of components of X and of Y.
  public let xDimension: Int, yDimension: Int
  /// The samples of X, `[count, xDimension]`, and of Y, `[count, yDimension]`, row-major.
  public let x: [Double], y: [Double]

  /// Samples `x: [count, xDimension]` and `y: [count, yDimension]`, in the order of the chain where they come from one.
  /// - Throws: `notFinite` with the sample's number (that of the first in X, or else in Y), `shapes` where the arrays do not
  ///   fit each other.
  public init(x: [Double], xDimension: Int = 1, y: [Double], yDimension: Int = 1) throws(EstimationError) {
    guard xDimension > 0, yDimension > 0, x.count.isMultiple(of: xDimension), y.count.isMultiple(of: yDimension),
      x.count / xDimension == y.count / yDimension
    else { throw .shapes(x: x.count, xDimension: xDimension, y: y.count, yDimension: yDimension) }
    if let place = x.firstIndex(where: { !$0.isFinite }) { throw .notFinite(index: place / xDimension) }
    if let place = y.firstIndex(where: { !$0.isFinite }) { throw .notFinite(index: place / yDimension) }
    count = x.count / xDimension
    self.xDimension = xDimension
    self.yDimension = yDimension
    self.x = x
    self.y = y
  }

  /// The same X beside Y in another order: sample i gets Y of sample `order[i]`. A random order has no information, which is
  /// what null tests need.
  public func pairing(_ order: [Int]) -> PairedSamples {
    precondition(order.count == count, "an order names each sample once")
    var moved = y
    for (place, source) in order.enumerated() {
      for column in 0..<yDimension { moved[place * yDimension + column] = y[source * yDimension + column] }
    }
    return PairedSamples(trusted: x, xDimension, moved, yDimension)
  }

  /// The samples in `range` alone.
  public subscript(range: Range<Int>) -> PairedSamples {
    PairedSamples(
      trusted: Array(x[range.lowerBound * xDimension..<range.upperBound * xDimension]), xDimension,
      Array(y[range.lowerBound * yDimension..<range.upperBound * yDimension]), yDimension)
  }

  private init(trusted x: [Double], _ xDimension: Int, _ y: [Double], _ yDimension: Int) {
    count = x.count / xDimension
    self.xDimension = xDimension
    self.yDimension = yDimension
    self.x = x
    self.y = y
  }
}
