import ArgumentParser
import Runtime
import Studies

/// `renorm bench`.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Throughput of each kernel on one core against this machine's own matrix products and memory.")
  @Option(help: "Only kernels whose name contains this text.") var filter: String?
  @Flag(help: "For programs.") var json = false
  @Option(help: "How often each is measured; the median counts.") var `repeat` = 5

  func run() throws {
    guard `repeat` > 0 else { throw Failure(ExitStatus.usage, "--repeat \(`repeat`): at least 1") }
    let chosen = BenchmarkCatalogue.all.filter { benchmark in filter.map { benchmark.name.lowercased().contains($0.lowercased()) } ?? true }
    var references: [BenchmarkReference: Double] = [:]
    for reference in BenchmarkReference.allCases { references[reference] = ReferenceRates.measure(reference, repeats: `repeat`) }
    if !json {
      print("\(Machine.processor), program built for \(ProgramVersion.build); processor time, median of \(`repeat`)\n")
      let rate = { (reference: BenchmarkReference) in Shown.scaled(references[reference] ?? 0) }
      print("sgemm 2048   \(rate(.sgemm))flop/s\ndgemm 2048   \(rate(.dgemm))flop/s\nmemory copy  \(rate(.memory))B/s (read + written)\n")
    }
    var table = TextTable(["kernel", "rate", "of", "ratio"], right: [1, 3]), list: [JSON] = []
    for benchmark in chosen {
      let work = try benchmark.prepare()
      let rate = try ReferenceRates.median(repeats: `repeat`, work)
      let ratio = benchmark.reference.flatMap { references[$0].map { rate * benchmark.referenceWorkPerUnit / $0 } }
      table.rows.append([
        benchmark.name, "\(Shown.scaled(rate))\(benchmark.unit)/s", benchmark.reference?.rawValue ?? "-",
        ratio.map { Shown.number($0, digits: 3) } ?? "-",
      ])
      list.append(
        .object([
          .init("kernel", .text(benchmark.name)), .init("unit", .text(benchmark.unit)), .init("per_second", .finite(rate)),
          .init("reference", benchmark.reference.map { .text($0.rawValue) } ?? .null), .init("ratio", ratio.map(JSON.finite) ?? .null),
        ]))
    }
    if json {
      let rates = BenchmarkReference.allCases.map { JSON.Member($0.rawValue, .finite(references[$0] ?? .nan)) }
      let all: JSON = .object([
        .init("processor", .text(Machine.processor)), .init("build", .text(ProgramVersion.build)), .init("references", .object(rates)),
        .init("kernels", .array(list)),
      ])
      print(all.pretty, terminator: "")
    } else {
      if chosen.isEmpty { print(filter.map { "no kernel's name contains \"\($0)\"" } ?? "no kernels are listed") } else { table.show() }
    }
  }
}
