import RandomStreams
import TensorNetworks

/// Seeded tensors.
struct Draws {
  var generator: SeriesGenerator
  init(_ seed: UInt64) {
    generator = KeyedStreams(StreamKey(high: 8, low: seed)).series(replica: 0, step: 0, site: 0, purpose: .initial)
  }
  mutating func tensor(_ legs: String, _ dimensions: [Int]) -> Tensor {
    Tensor(legs, dimensions, (0..<dimensions.reduce(1, *)).map { _ in generator.normal() })
  }
  mutating func matrix(_ rows: Int, _ columns: Int) -> [Double] { (0..<rows * columns).map { _ in generator.normal() } }
}

let testStreams = KeyedStreams(StreamKey(high: 3, low: 5))

/// The contraction by its definition: one sum over all values of all legs.
func summed(_ tensors: [Tensor], keeping output: String) -> [Double] {
  var sizes: [Character: Int] = [:]
  for tensor in tensors { for (leg, size) in zip(tensor.legs, tensor.dimensions) { sizes[leg] = size } }
  let legs = sizes.keys.sorted(), shape = output.map { sizes[$0] ?? 1 }
  var result = [Double](repeating: 0, count: shape.reduce(1, *))
  var at: [Character: Int] = [:]
  func place(_ names: String, _ dimensions: [Int]) -> Int { zip(names, dimensions).reduce(0) { $0 * $1.1 + (at[$1.0] ?? 0) } }
  func visit(_ level: Int) {
    guard level < legs.count else {
      var product = 1.0
      for tensor in tensors { product *= tensor.elements[place(tensor.legs, tensor.dimensions)] }
      result[place(output, shape)] += product
      return
    }
    for value in 0..<(sizes[legs[level]] ?? 1) {
      at[legs[level]] = value
      visit(level + 1)
    }
  }
  visit(0)
  return result
}

func largestDifference(_ a: [Double], _ b: [Double]) -> Double {
  precondition(a.count == b.count)
  return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
