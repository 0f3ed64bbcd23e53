/// The positions 0 = l_0 < l_1 < ... < l_K = 1 of an annealing path (or the same in falling order).
public struct AnnealingSchedule: Sendable, Equatable {
  /// The positions in the order in which they are visited.
  public let positions: [Double]

  /// A path through `positions`: at least two, strictly rising or strictly falling, within 0 ... 1.
  public init(_ positions: [Double]) {
    let rising = zip(positions, positions.dropFirst()).allSatisfy { $0 < $1 }
    let falling = zip(positions, positions.dropFirst()).allSatisfy { $0 > $1 }
    precondition(
      positions.count >= 2 && (rising || falling) && positions.allSatisfy { (0...1).contains($0) },
      "an annealing path has at least two strictly ordered positions in 0 ... 1")
    self.positions = positions
  }

  /// `steps` equal steps from 0 to 1.
  public static func linear(steps: Int) -> AnnealingSchedule { pieces([(steps, 1)]) }

  /// Equal steps within each piece: `steps` of them from where the last piece ended (0 at first) to `end`; the last
  /// piece ends at 1. Pieces without steps are not allowed.
  public static func pieces(_ pieces: [(steps: Int, end: Double)]) -> AnnealingSchedule {
    precondition(pieces.last?.end == 1 && pieces.allSatisfy { $0.steps >= 1 }, "pieces have steps, and the last ends at 1")
    var positions = [0.0]
    for (steps, end) in pieces {
      let begin = positions[positions.count - 1]
      for k in 1..<steps { positions.append(begin + (end - begin) * (Double(k) / Double(steps))) }
      positions.append(end)
    }
    return AnnealingSchedule(positions)
  }

  /// `steps` in all, a fifth of them on [0, 0.7] and the rest on [0.7, 1]: a machine trained on nearly critical
  /// configurations changes most near the end. `steps >= 2`.
  public static func dense(steps: Int) -> AnnealingSchedule {
    let early = max(1, (steps + 2) / 5)
    return pieces([(early, 0.7), (steps - early, 1)])
  }

  /// The same path walked from the other end.
  public var reversed: AnnealingSchedule { AnnealingSchedule(positions.reversed()) }
}
