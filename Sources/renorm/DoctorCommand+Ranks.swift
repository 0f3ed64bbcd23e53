import Glibc
import MessagePassing
import Runtime

/// What `renorm doctor` finds out between the ranks of a launch. Every rank calls all of it in the same order; what it returns
/// is rank 0's.
struct RankDoctor {
  private let rates: MessageRates
  private var hosts: [String] { rates.hosts }
  private static let tag = 22

  init(_ ranks: borrowing MPICommunicator) throws { rates = try MessageRates(ranks) }

  func findings(on ranks: borrowing MPICommunicator) throws -> [DoctorCommand.Finding] {
    [map(), try messages(on: ranks), try clocks(on: ranks), try folder(on: ranks)]
  }

  /// "4 ranks on 3 hosts: node1 0 3, node2 1, node3 2".
  private func map() -> DoctorCommand.Finding {
    var names: [String] = []
    for host in hosts where !names.contains(host) { names.append(host) }
    let list = names.map { name in "\(name) " + hosts.indices.filter { hosts[$0] == name }.map { "\($0)" }.joined(separator: " ") }
    let here = hosts.filter { $0 == hosts[0] }.count
    return .init(
      "ranks", "\(hosts.count) on \(names.count) host\(names.count == 1 ? "" : "s"): \(list.joined(separator: ", "))",
      here > Machine.processors ? "\(here) ranks share the \(Machine.processors) processors of \(hosts[0])" : nil)
  }

  /// Half a round trip of eight bytes, and the rate of a megabyte.
  private func messages(on ranks: borrowing MPICommunicator) throws -> DoctorCommand.Finding {
    var lines: [String] = []
    for partner in rates.partners {
      let short = try rates.roundTrip(8, 200, with: partner, on: ranks), long = try rates.roundTrip(1 << 20, 10, with: partner, on: ranks)
      lines.append(
        "rank \(partner) on \(hosts[partner]) \(Shown.number(5e5 * short, digits: 2)) us, \(Shown.scaled(2 * 1_048_576 / long))B/s")
    }
    return .init("messages", lines.isEmpty ? "one rank sends none" : "from rank 0 to " + lines.joined(separator: "; "))
  }

  /// How far the hosts' clocks are apart: what a partner's clock shows against the middle of the fastest of some round trips.
  private func clocks(on ranks: borrowing MPICommunicator) throws -> DoctorCommand.Finding {
    var worst = (seconds: 0.0, rank: 0)
    for partner in rates.partners {
      var best = (trip: Double.infinity, skew: 0.0)
      for _ in 0..<20 {
        if ranks.rank == 0 {
          let begin = wallClockSeconds()
          try ranks.send([0.0], to: partner, tag: Self.tag)
          let there = try ranks.receive(Double.self, from: partner, tag: Self.tag, atMost: 1).values[0], end = wallClockSeconds()
          if end - begin < best.trip { best = (end - begin, there - (begin + end) / 2) }
        } else if ranks.rank == partner {
          _ = try ranks.receive(Double.self, from: 0, tag: Self.tag, atMost: 1)
          try ranks.send([wallClockSeconds()], to: 0, tag: Self.tag)
        }
      }
      if abs(best.skew) > abs(worst.seconds) { worst = (best.skew, partner) }
    }
    let found = "at most \(Shown.number(1e3 * abs(worst.seconds), digits: 2)) ms apart"
    // The lock of a run on another host counts as left behind after two minutes.
    return .init(
      "clocks", worst.rank == 0 ? found : found + " (rank \(worst.rank) on \(hosts[worst.rank]))",
      abs(worst.seconds) > 30 ? "a lock's age is read off them; let the hosts keep time (ntp)" : nil)
  }

  /// Whether all ranks see one folder, whether only one of them can create a file, and how fast it is written.
  private func folder(on ranks: borrowing MPICommunicator) throws -> DoctorCommand.Finding {
    let name = ".renorm-doctor-ranks"
    var written = [0.0, 0.0]
    var token = [Int(bitPattern: UInt(wallClockSeconds().bitPattern)) ^ Int(getpid())]
    try ranks.broadcast(&token, from: 0)
    if ranks.rank == 0 {
      do throws(FileFault) {
        var begin = monotonicSeconds()
        try FileAccess.writeAtomically([UInt8](repeating: 7, count: 1 << 25), to: name)
        written[0] = monotonicSeconds() - begin
        begin = monotonicSeconds()
        try FileAccess.writeAtomically("\(token[0])", to: name)
        written[1] = monotonicSeconds() - begin
      } catch { written = [-1, Double(error.code)] }
    }
    try ranks.broadcast(&written, from: 0)
    var verdict = 0
    if written[0] >= 0 {
      if (try? FileAccess.text(name)) != "\(token[0])" {
        verdict = 1
      } else {
        let file = unsafe open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if file >= 0 {
          close(file)
          verdict = 2
        }
      }
    }
    let all = try ranks.allGather([verdict]).map { $0[0] }
    if ranks.rank == 0 { unsafe unlink(name) }
    guard written[0] >= 0 else {
      return .init("shared folder", "not written", FileFault(path: name, operation: "write", code: Int32(written[1])).reason)
    }
    let found = "32 MB written in \(Shown.number(written[0], digits: 2)) s, a small file in \(Shown.number(1e3 * written[1], digits: 2)) ms"
    let blind = all.indices.filter { all[$0] == 1 }
    if !blind.isEmpty {
      let who = blind.prefix(8).map { "\($0) on \(hosts[$0])" }.joined(separator: ", ")
      return .init("shared folder", found, "rank \(who) does not see it; a run's folder must lie on a file system that all hosts share")
    }
    if all.contains(2) {
      return .init("shared folder", found, "two ranks can create one file here, so two jobs could take one folder; give --out elsewhere")
    }
    return .init("shared folder", found + ", seen by all ranks")
  }
}
