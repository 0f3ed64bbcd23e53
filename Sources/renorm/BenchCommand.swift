import ArgumentParser
import MessagePassing
import Runtime
import Studies

/// `renorm bench`.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Throughput of each kernel on one core against this machine's own matrix products and memory.",
    discussion: "Under mpirun instead: how much faster the ranks together train one machine or move one lattice than one of them alone.")
  @Option(help: "Only kernels whose name contains this text.") var filter: String?
  @Flag(help: "For programs.") var json = false
  @Option(help: "How often each is measured; the median counts.") var `repeat` = 5
  @Option(help: "Draws cost against size, with the caches' sizes marked, into this folder.") var figures: String?

  func run() throws {
    guard `repeat` > 0 else { throw Failure(ExitStatus.usage, "--repeat \(`repeat`): at least 1") }
    if Launcher.detect(environment: Launcher.currentEnvironment()) != nil { return try scaling() }
    let chosen = BenchmarkCatalogue.all.filter { benchmark in filter.map { benchmark.name.lowercased().contains($0.lowercased()) } ?? true }
    var references: [BenchmarkReference: Double] = [:]
    for reference in BenchmarkReference.allCases { references[reference] = ReferenceRates.measure(reference, repeats: `repeat`) }
    if !json {
      print("\(Machine.processor), program built for \(ProgramVersion.build); processor time, median of \(`repeat`)\n")
      let rate = { (reference: BenchmarkReference) in Shown.scaled(references[reference] ?? 0) }
      print("sgemm 2048   \(rate(.sgemm))flop/s\ndgemm 2048   \(rate(.dgemm))flop/s\nmemory copy  \(rate(.memory))B/s (read + written)\n")
    }
    var table = TextTable(["kernel", "rate", "of", "ratio"], right: [1, 3]), list: [JSON] = []
    var costs = BenchmarkCosts()
    for benchmark in chosen {
      let work = try benchmark.prepare()
      let rate = try ReferenceRates.median(repeats: `repeat`, work)
      costs.add(benchmark, rate: rate)
      let loop = try benchmark.plainLoop.map { try ReferenceRates.median(repeats: `repeat`, $0()) }
      let ratio =
        loop.map { rate / $0 } ?? benchmark.reference.flatMap { references[$0].map { rate * benchmark.referenceWorkPerUnit / $0 } }
      table.rows.append([
        benchmark.name, "\(Shown.scaled(rate))\(benchmark.unit)/s", loop == nil ? benchmark.reference?.rawValue ?? "-" : "C loop",
        ratio.map { Shown.number($0, digits: 3) } ?? "-",
      ])
      list.append(
        .object([
          .init("kernel", .text(benchmark.name)), .init("unit", .text(benchmark.unit)), .init("per_second", .finite(rate)),
          .init("reference", loop == nil ? benchmark.reference.map { .text($0.rawValue) } ?? .null : .text("C loop")),
          .init("ratio", ratio.map(JSON.finite) ?? .null),
        ]))
    }
    if let figures {
      for fault in try costs.draw(into: figures) { ErrorOutput.line("warning: \(fault)") }
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

  /// Strong scaling over the ranks of this launch: training, and lattices on strips.
  private func scaling() throws {
    let world = try MPIWorld(), ranks = world.communicator.size
    var list: [JSON] = []
    func show(_ name: String, unit: String, _ measure: () throws -> [(alone: Double, together: Double)]) throws {
      guard filter.map({ name.lowercased().contains($0.lowercased()) }) ?? true else { return }
      let rates = try measure()
      guard world.communicator.rank == 0 else { return }
      let ratios = rates.map { $0.together / $0.alone }.sorted()
      let alone = rates.map(\.alone).sorted()[rates.count / 2], together = rates.map(\.together).sorted()[rates.count / 2]
      let ratio = ratios[ratios.count / 2]
      list.append(
        .object([
          .init("kernel", .text("\(name), \(ranks) ranks")), .init("unit", .text(unit)), .init("per_second", .finite(together)),
          .init("per_second_alone", .finite(alone)), .init("ratio", .finite(ratio)),
        ]))
      if json { return }
      print(
        "\(name): one rank \(Shown.scaled(alone))\(unit)/s, \(ranks) ranks \(Shown.scaled(together))\(unit)/s, "
          + "\(Shown.number(ratio, digits: 3)) times (wall time, medians of \(`repeat`))")
    }
    for benchmark in ScalingBenchmark.all {
      try show("\(benchmark.name), strict", unit: "samples") { try benchmark.measure(repeats: `repeat`, on: world.communicator) }
    }
    for benchmark in StripScalingBenchmark.all {
      try show(benchmark.name, unit: "spins") { try benchmark.measure(repeats: `repeat`, on: world.communicator) }
    }
    if json, world.communicator.rank == 0 {
      let all: JSON = .object([
        .init("processor", .text(Machine.processor)), .init("build", .text(ProgramVersion.build)), .init("kernels", .array(list)),
      ])
      print(all.pretty, terminator: "")
    }
    try world.finish()
  }
}
