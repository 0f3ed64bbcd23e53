public import GradientFlows
public import LinearAlgebra

/// A point of weights and biases, for tests of steppers.
public struct TwoBlocks: Space {
  public var weight: [Double], bias: [Double]
  public init(weight: [Double], bias: [Double]) {
    self.weight = weight
    self.bias = bias
  }
  public var blockCount: Int { 2 }
  public func role(of index: Int) -> BlockRole { index == 0 ? .weights : .biases }
  public subscript(block index: Int) -> [Double] {
    get { index == 0 ? weight : bias }
    _modify { if index == 0 { yield &weight } else { yield &bias } }
  }
}
