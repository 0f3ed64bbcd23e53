import ArgumentParser
import Glibc
import Runtime
import Studies

/// `renorm verify`.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Known exact values, computed on this machine; status 3 when one is missed.")
  @Flag(help: "Also the checks that take up to two minutes each.") var full = false
  @Flag(help: "Also whole studies.") var studies = false
  @Option(help: "Only the check with this id (\"A1\"); may be repeated.") var only: [String] = []
  @Option(help: .hidden) var damage: String?

  func run() throws {
    let known = KnownValueCatalogue.all
    for id in only + [damage].compactMap({ $0 }) where !known.contains(where: { $0.id == id }) {
      let ids = known.map(\.id).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      throw Failure(ExitStatus.usage, "there is no check \(id); known: \(ids.joined(separator: ", "))")
    }
    let checks = known.filter { check in
      if !only.isEmpty { return only.contains(check.id) }
      switch check.cost {
      case .fast: return true
      case .slow: return full || studies
      case .study: return studies
      }
    }
    let start = Machine.uptime
    var count = 0, missed = 0, leftOut = 0, damaged = false
    print(Self.line("id", "what", "expected", "found", "tolerance", "pass"))
    for check in checks {
      let values: [KnownValue]
      do {
        values = try check.values()
      } catch let reason as LeftOut {
        leftOut += 1
        print(Self.line(check.id, "left out: \(reason)", "-", "-", "-", "-"))
        continue
      } catch {
        missed += 1
        count += 1
        print(Self.line(check.id, "stopped by an error: \(error)", "-", "-", "-", "FAIL"))
        continue
      }
      for value in values {
        var value = value
        if check.id == damage, !damaged {
          damaged = true
          value = KnownValue(value.what, expected: value.expected, found: value.found + 1, error: value.error, value.tolerance)
        }
        count += 1
        if !value.passes { missed += 1 }
        print(
          Self.line(
            check.id, value.what, Shown.number(value.expected, digits: 10), Self.found(value), Self.words(value),
            value.passes ? "ok" : "FAIL"))
      }
      // A reader who waits wants to see each line as it comes, in a log too.
      fflush(nil)
    }
    let time = Timestamp.span(Machine.uptime - start)
    print(
      "\n\(count) values of \(checks.count) checks in \(time): " + (missed == 0 ? "all within tolerance" : "\(missed) missed")
        + (leftOut == 0 ? "" : ", \(leftOut) left out"))
    if missed > 0 { throw ExitCode(ExitStatus.valueMissed.rawValue) }
  }

  private static func line(_ id: String, _ what: String, _ expected: String, _ found: String, _ tolerance: String, _ pass: String) -> String
  {
    func pad(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
    return "\(pad(id, 4)) \(pad(what, 92)) \(pad(expected, 16)) \(pad(found, 24)) \(pad(tolerance, 24)) \(pass)"
  }
  private static func found(_ value: KnownValue) -> String {
    Shown.number(value.found, digits: 10) + (value.error.map { " +- " + Shown.number($0, digits: 2) } ?? "")
  }
  private static func words(_ value: KnownValue) -> String {
    switch value.tolerance {
    case .absolute(0): "exact"
    case .absolute(let width): "+- \(Shown.number(width, digits: 2))"
    case .relative(let width): "+- \(Shown.number(width, digits: 2)) relative"
    case .sigmas(let count, let largest): "\(Shown.number(count, digits: 2)) sigma, error <= \(Shown.number(largest, digits: 2))"
    case .atLeast: "at least"
    case .atMost: "at most"
    case .upTo(let upper): "up to \(Shown.number(upper, digits: 6))"
    }
  }
}
