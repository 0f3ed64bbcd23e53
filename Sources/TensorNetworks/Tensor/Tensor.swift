internal import Glibc

/// A dense tensor of doubles whose legs have names, one character each: row-major, the last leg is contiguous.
public struct Tensor: Sendable, Equatable {
  /// The names of the legs, outermost first ("uldr").
  public let legs: String
  /// The bond dimension of each leg, in their order.
  public let dimensions: [Int]
  /// The elements; their number is the product of the dimensions.
  public var elements: [Double]

  /// A tensor of these elements; names are distinct, dimensions at least 1.
  public init(_ legs: String, _ dimensions: [Int], _ elements: [Double]) {
    precondition(legs.count == dimensions.count && Set(legs).count == legs.count, "each leg has one name and one dimension")
    precondition(dimensions.allSatisfy { $0 >= 1 } && elements.count == dimensions.reduce(1, *), "as many elements as the legs say")
    self.legs = legs
    self.dimensions = dimensions
    self.elements = elements
  }
  /// A tensor of zeros.
  public init(zeros legs: String, _ dimensions: [Int]) {
    self.init(legs, dimensions, [Double](repeating: 0, count: dimensions.reduce(1, *)))
  }

  /// The bond dimension of a leg, which must exist.
  public func dimension(of leg: Character) -> Int {
    guard let place = Array(legs).firstIndex(of: leg) else { preconditionFailure("the tensor \(legs) has no leg \(leg)") }
    return dimensions[place]
  }
  /// The same tensor with its legs renamed, in their order.
  public func renamed(_ names: String) -> Tensor { Tensor(names, dimensions, elements) }
  /// The same tensor stored in another order of its legs. One pass over the elements.
  public func ordered(_ names: String) -> Tensor {
    if names == legs { return self }
    let mine = Array(legs)
    let order = names.map { name -> Int in
      guard let place = mine.firstIndex(of: name) else { preconditionFailure("the tensor \(legs) has no leg \(name)") }
      return place
    }
    return Tensor(names, order.map { dimensions[$0] }, LegPermutation(dimensions: dimensions, order: order)(elements))
  }

  /// The largest element by size.
  public var largest: Double { elements.reduce(0) { max($0, abs($1)) } }
  /// The Frobenius norm, sqrt(sum of squares).
  public var norm: Double { elements.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  /// The contraction of several tensors over all names that two of them share, its legs in the order of `keeping`: planned,
  /// then done. For a network that is contracted many times keep the plan and its workspace.
  public static func contraction(_ tensors: [Tensor], keeping output: String) -> Tensor {
    let plan = ContractionPlan(tensors.map(\.legs), output: output) { leg in
      tensors.first { $0.legs.contains(leg) }?.dimension(of: leg) ?? 1
    }
    return plan.contract(tensors, in: ContractionWorkspace())
  }
}
