import MessagePassing
import Runtime

/// Messages between rank 0 and others, timed. Every rank calls each of these in the same order; rank 0's values count.
struct MessageRates {
  /// The host of each rank.
  let hosts: [String]
  private static let tag = 21

  init(_ ranks: borrowing MPICommunicator) throws {
    hosts = try ranks.allGather(Array(ranks.processorName.utf8)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The ranks that rank 0 exchanges messages with: at most two of each host, at most sixteen.
  var partners: [Int] {
    var seen: [String: Int] = [hosts[0]: 1]
    return Array(
      hosts.indices.dropFirst().filter { rank in
        seen[hosts[rank], default: 0] += 1
        return seen[hosts[rank]]! <= 2
      }.prefix(16))
  }

  /// Seconds of the fastest of `times` messages of `bytes` to `partner` and back; on other ranks nothing.
  func roundTrip(_ bytes: Int, _ times: Int, with partner: Int, on ranks: borrowing MPICommunicator) throws -> Double {
    var best = Double.infinity
    let message = [UInt8](repeating: 7, count: bytes)
    for _ in 0..<times {
      if ranks.rank == 0 {
        let begin = monotonicSeconds()
        try ranks.send(message, to: partner, tag: Self.tag)
        _ = try ranks.receive(UInt8.self, from: partner, tag: Self.tag, atMost: bytes)
        best = min(best, monotonicSeconds() - begin)
      } else if ranks.rank == partner {
        try ranks.send(try ranks.receive(UInt8.self, from: 0, tag: Self.tag, atMost: bytes).values, to: 0, tag: Self.tag)
      }
    }
    return best
  }

  /// Seconds that each of a hundred short messages to `partner` costs beyond the first, in the fastest of twenty bursts.
  private func gap(with partner: Int, on ranks: borrowing MPICommunicator) throws -> Double {
    let count = 100
    var best = Double.infinity
    for _ in 0..<20 {
      if ranks.rank == 0 {
        let begin = monotonicSeconds()
        for _ in 0..<count { try ranks.send([0], to: partner, tag: Self.tag) }
        _ = try ranks.receive(Int.self, from: partner, tag: Self.tag, atMost: 1)
        best = min(best, (monotonicSeconds() - begin) / Double(count))
      } else if ranks.rank == partner {
        for _ in 0..<count { _ = try ranks.receive(Int.self, from: 0, tag: Self.tag, atMost: 1) }
        try ranks.send([0], to: 0, tag: Self.tag)
      }
    }
    return best
  }

  /// What messages cost between rank 0 and the first rank of its own host, or of another; nil where there is none.
  func link(within isHost: Bool, on ranks: borrowing MPICommunicator) throws -> ScalingModel.Link? {
    guard let partner = hosts.indices.dropFirst().first(where: { (hosts[$0] == hosts[0]) == isHost }) else { return nil }
    let short = try roundTrip(8, 400, with: partner, on: ranks) / 2, long = try roundTrip(1 << 20, 20, with: partner, on: ranks) / 2
    let gap = try gap(with: partner, on: ranks)
    return .init(latency: short, gap: min(gap, short), perByte: max(0, long - short) / Double((1 << 20) - 8))
  }
}
