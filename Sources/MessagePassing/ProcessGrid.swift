/// Ranks arranged on a periodic Cartesian grid, row-major: the last axis runs fastest.
///
/// Pure arithmetic over a communicator's rank and size; a grid of one process is its own neighbour on all sides.
public struct ProcessGrid: Equatable, Sendable {
  /// Ranks along each axis; their product is the number of ranks.
  public let dimensions: [Int]
  /// This process's rank in the communicator the grid was laid over.
  public let rank: Int

  /// Lays a grid of given dimensions over `size` ranks.
  public init(rank: Int, dimensions: [Int]) {
    precondition(dimensions.allSatisfy { $0 > 0 } && (0..<dimensions.reduce(1, *)).contains(rank), "the rank lies on the grid")
    self.dimensions = dimensions
    self.rank = rank
  }

  /// Lays a balanced grid with `axes` axes over a communicator.
  public init(over communicator: borrowing some Communicator & ~Copyable, axes: Int) {
    self.init(rank: communicator.rank, dimensions: ProcessGrid.balanced(communicator.size, axes: axes))
  }

  /// `size` as a product of `axes` factors in descending order: among all such products the one whose largest factor is
  /// least, and so on down the axes. 12 on two axes is [4, 3], 7 is [7, 1].
  public static func balanced(_ size: Int, axes: Int) -> [Int] {
    precondition(size > 0 && axes > 0, "a grid has ranks and axes")
    return factors(size, axes: axes, atMost: size)!
  }

  private static func factors(_ size: Int, axes: Int, atMost bound: Int) -> [Int]? {
    if axes == 1 { return size <= bound ? [size] : nil }
    // The largest of the factors is at least the root, so the first that fits the rest is the least.
    for first in stride(from: 1, through: min(size, bound), by: 1) where size % first == 0 {
      if let rest = factors(size / first, axes: axes - 1, atMost: first) { return [first] + rest }
    }
    return nil
  }

  /// Where this process stands.
  public var coordinates: [Int] { coordinates(of: rank) }

  /// Where a rank stands.
  public func coordinates(of rank: Int) -> [Int] {
    var rest = rank
    return Array(
      dimensions.reversed().map { extent in
        defer { rest /= extent }
        return rest % extent
      }.reversed())
  }

  /// The rank at coordinates, each taken modulo its extent.
  public func rank(at coordinates: [Int]) -> Int {
    precondition(coordinates.count == dimensions.count, "one coordinate per axis")
    return zip(coordinates, dimensions).reduce(0) { sum, next in
      sum * next.1 + (next.0 % next.1 + next.1) % next.1
    }
  }

  /// The neighbours along an axis: what is shifted by `displacement` comes from `source` and goes to `destination`.
  public func shift(axis: Int, by displacement: Int) -> (source: Int, destination: Int) {
    var there = coordinates, here = coordinates
    there[axis] += displacement
    here[axis] -= displacement
    return (rank(at: here), rank(at: there))
  }
}
