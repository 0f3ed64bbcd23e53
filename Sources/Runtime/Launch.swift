import Archives
import Glibc
import LinearAlgebra
import MessagePassing

/// What the command line says of a run beside its study file.
public struct LaunchOptions: Sendable {
  /// The output folder, "table.key=value" overrides, and a time limit, where given.
  public var out: String?, overrides: [String] = [], maximumTime: String?
  /// Start over and keep an old folder aside; small sizes and checks after each slice.
  public var fresh = false, debug = false
  /// These overrides come before the user's where the study knows their parameters: what a launch asks of whatever study it runs.
  public var defaults: [(parameter: String, value: String)] = []
  public init() {}
}

/// Runs a study from its file (nil: `defaultStudy` with its defaults) and returns the exit code: alone, or as one rank
/// of the launch that a launcher has started.
public func launch(studyFile: String?, defaultStudy: String, catalogue: [any Study.Type], options: LaunchOptions) -> Int32 {
  // First of all: a request that comes before this would end the process unheard.
  StopSignals.install()
  let launched = Launcher.detect(environment: Launcher.currentEnvironment())
  let order = Order.read(studyFile, defaultStudy, catalogue, options)
  guard launched != nil else {
    switch order {
    case .failure(let mistake):
      ErrorOutput.line(mistake.description)
      return mistake.status.rawValue
    case .success(let order):
      return Launch(order: order, machine: machine(), options: options)
        .open(on: SoloCommunicator(), messagePassing: "none", whileWaiting: { _ in }) { exit($0) }
    }
  }
  do throws(MessagePassingError) {
    let world = try MPIWorld()
    world.checksShapes = options.debug
    let code: Int32, begun = monotonicSeconds()
    // Until the ranks watch over each other: nothing has begun yet, so whoever waits for one that does not come can leave.
    var asked: Double?
    world.whileWaiting = {
      let now = monotonicSeconds(), waited = now - begun
      if StopSignals.received != nil, asked == nil { asked = now }
      // As a rule the others come soon, and the request is heard the usual way.
      if let asked, now - asked > 10 {
        ErrorOutput.line("stopped on request before the run began", tag: launched.map { "\($0.rank)/\(Machine.host)" })
        MPIWorld.abort(code: ExitStatus.stopped.rawValue)
      }
      if waited > 300 {
        ErrorOutput.line("some ranks have not come within 300 s of the start", tag: launched.map { "\($0.rank)/\(Machine.host)" })
        MPIWorld.abort(code: ExitStatus.rankLost.rawValue)
      }
    }
    let machine = machine()
    switch try agreed(order, machine: machine, on: world.communicator) {
    case .failure(let mistake): code = mistake.status.rawValue
    case .success(let order):
      code = Launch(order: order, machine: machine, options: options)
        .open(on: world.communicator, messagePassing: MPIWorld.libraryVersion, whileWaiting: { world.whileWaiting = $0 }) {
          MPIWorld.abort(code: $0)
        }
    }
    try world.finish(code: code)
    return code
  } catch .launcherMismatch(let launcher, let launcherSize, _) {
    // Every process finds this alike, and none can talk to another.
    guard launched?.rank ?? 0 == 0 else { return ExitStatus.complete.rawValue }
    ErrorOutput.line(
      "\(launcher) started \(launcherSize) processes, but each of them sees itself alone: this program was built with "
        + "another MPI than the launcher's. Use the mpirun of the MPI it was built with (renorm doctor names it), or build again")
    return ExitStatus.usage.rawValue
  } catch {
    ErrorOutput.line("message passing failed: \(error)", tag: launched.map { "\($0.rank)/\(Machine.host)" })
    return ExitStatus.internalFault.rawValue
  }
}

/// What is to be run, read and checked before anything starts.
private struct Order {
  let resolved: ResolvedStudy, type: any Study.Type, deadline: Double?

  static func read(
    _ studyFile: String?, _ defaultStudy: String, _ catalogue: [any Study.Type], _ options: LaunchOptions
  ) -> Result<Order, Failure> {
    do throws(StudyFileError) {
      let (resolved, type) = try resolve(studyFile, defaultStudy, catalogue, options)
      return timeLimit(options.maximumTime, resolved.run.maximumTime).map { Order(resolved: resolved, type: type, deadline: $0) }
        .mapError { Failure(.usage, $0.line) }
    } catch { return .failure(Failure(error) ?? Failure(.unusableInput, error.description)) }
  }
}

/// On what the bits depend: the program itself, its instruction set, the BLAS kernels chosen for the CPU.
private func machine() -> String {
  // A program that cannot read itself is told apart by its version alone.
  let program = (try? Fingerprint.of("/proc/self/exe")) ?? ProgramVersion.text
  return "program \(program), \(ProgramVersion.build), BLAS core \(Linear.configuration.core), processor \(Machine.instructionSet.name)"
}

/// The order, if all ranks read the same one and are the same program on the same CPU type; otherwise the mistake of the lowest rank that found one, which that rank
/// has printed. A rank that left before would make the launcher end the one that was about to speak.
private func agreed<World: Communicator & ~Copyable>(
  _ order: Result<Order, Failure>, machine: String, on world: borrowing World
) throws(MessagePassingError) -> Result<Order, Failure> {
  let mine =
    switch order {
    case .success(let order):
      "\(ExitStatus.complete.rawValue) \(order.resolved.digest) \(dataPrints(order.type, order.resolved.values)) \(machine)"
    case .failure(let mistake): "\(mistake.status.rawValue) \(mistake)"
    }
  let all = try world.allGather(Array(mine.utf8)).map { String(decoding: $0, as: UTF8.self) }
  for (rank, text) in all.enumerated() {
    guard let blank = text.firstIndex(of: " "), let status = Int32(text[..<blank]).flatMap({ ExitStatus(rawValue: $0) }) else { continue }
    var mistake: Failure?
    if status != .complete {
      mistake = Failure(status, String(text[text.index(after: blank)...]))
    } else if text != all[0] {
      let (here, first) = (parts(text), parts(all[0]))
      mistake = Failure(
        .unusableInput,
        here.digest != first.digest
          ? "the study file is not the same here as on rank 0: all hosts must see the same one"
          : here.data != first.data
            ? "the data files are not the same here as on rank 0: all hosts must see the same ones"
            : "this rank cannot give the bits of rank 0: it is \(here.machine); rank 0 is \(first.machine). All ranks need the same "
              + "program on the same CPU type")
    }
    guard let mistake else { continue }
    if rank == world.rank { ErrorOutput.line(mistake.description, tag: rank == 0 ? nil : "\(rank)/\(world.processorName)") }
    return .failure(mistake)
  }
  return order
}

/// "0 DIGEST DATA MACHINE" taken apart.
private func parts(_ text: String) -> (digest: Substring, data: Substring, machine: Substring) {
  let words = text.split(separator: " ", maxSplits: 3)
  return (words[1], words.count > 2 ? words[2] : "", words.count > 3 ? words[3] : "")
}

/// What is in the files that the study reads here; one that cannot be read is for the study to complain of.
private func dataPrints<S: Study>(_ type: S.Type, _ values: ParameterValues) -> String {
  let files = values.sweep.isEmpty ? S.dataFiles(values) : Sweep<S>.dataFiles(values)
  return files.isEmpty ? "none" : files.map { (try? Fingerprint.of($0)) ?? "unreadable" }.joined(separator: ",")
}

/// The study with its type; `--debug` puts the study's small sizes before the user's overrides.
private func resolve(
  _ studyFile: String?, _ defaultStudy: String, _ catalogue: [any Study.Type], _ options: LaunchOptions
) throws(StudyFileError) -> (ResolvedStudy, any Study.Type) {
  let descriptions = catalogue.map { StudyDescription($0) }
  func once(_ overrides: [String]) throws(StudyFileError) -> ResolvedStudy {
    if let studyFile { return try StudyFile.resolve(path: studyFile, overrides: overrides, catalogue: descriptions) }
    guard let standard = descriptions.first(where: { $0.name == defaultStudy }) else {
      preconditionFailure("the default study is in the catalogue")
    }
    return try StudyFile.defaults(of: standard, overrides: overrides)
  }
  var resolved = try once(options.overrides)
  guard let type = catalogue.first(where: { $0.name == resolved.name }) else { preconditionFailure("a resolved study is in the catalogue") }
  let known = Set(type.parameters.flatMap { table in table.parameters.map { "\(table.name).\($0.key)" } })
  let before = options.defaults.filter { known.contains($0.parameter) }.map { "\($0.parameter)=\($0.value)" }
  if options.debug || !before.isEmpty { resolved = try once((options.debug ? type.debugOverrides : []) + before + options.overrides) }
  return (resolved, type)
}

/// Why a time limit cannot be used.
private struct TimeLimitError: Error { let line: String }

/// When to stop, on the monotonic clock; the command line wins over the file.
private func timeLimit(_ option: String?, _ setting: RunSettings.MaximumTime) -> Result<Double?, TimeLimitError> {
  var limit = setting
  if let option {
    guard let given = RunSettings.maximumTime(option) else {
      return .failure(TimeLimitError(line: "--max-time \(option) is no time: write \(RunSettings.maximumTimeForms)"))
    }
    limit = given
  }
  switch limit {
  case .never: return .success(nil)
  case .seconds(let seconds): return .success(monotonicSeconds() + seconds)
  case .auto:
    let environment = Launcher.currentEnvironment()
    // Two minutes for the last slice, the checkpoint and the scheduler's own business.
    if let end = environment["SLURM_JOB_END_TIME"].flatMap({ Double($0) }) {
      return .success(monotonicSeconds() + max(0, end - wallClockSeconds() - 120))
    }
    if let seconds = environment["MPIEXEC_TIMEOUT"].flatMap({ Double($0) }) { return .success(monotonicSeconds() + max(0, seconds - 120)) }
    return .failure(
      TimeLimitError(
        line:
          "--max-time auto: no scheduler's end time in the environment (SLURM_JOB_END_TIME, MPIEXEC_TIMEOUT); give a time, e.g. --max-time 1:00:00"
      ))
  }
}

/// One launch on one rank.
private struct Launch {
  let order: Order, machine: String, options: LaunchOptions
  private var resolved: ResolvedStudy { order.resolved }

  /// Opens the type, so that everything below is specialised.
  func open<World: Communicator & ~Copyable>(
    on world: borrowing World, messagePassing: String, whileWaiting: (@escaping () -> Void) -> Void,
    abort: @escaping (Int32) -> Never
  ) -> Int32 {
    choose(order.type, on: world, messagePassing: messagePassing, whileWaiting: whileWaiting, abort: abort)
  }

  /// The study itself, or the study at each point of its sweep.
  private func choose<S: Study, World: Communicator & ~Copyable>(
    _ type: S.Type, on world: borrowing World, messagePassing: String, whileWaiting: (@escaping () -> Void) -> Void,
    abort: @escaping (Int32) -> Never
  ) -> Int32 {
    resolved.values.sweep.isEmpty
      ? carryOut(type, on: world, messagePassing: messagePassing, whileWaiting: whileWaiting, abort: abort)
      : carryOut(Sweep<S>.self, on: world, messagePassing: messagePassing, whileWaiting: whileWaiting, abort: abort)
  }

  private func carryOut<S: Study, World: Communicator & ~Copyable>(
    _ type: S.Type, on world: borrowing World, messagePassing: String, whileWaiting: (@escaping () -> Void) -> Void,
    abort: @escaping (Int32) -> Never
  ) -> Int32 {
    let study: S
    do throws(StudyError) { study = try S(resolved.values) } catch {
      // All ranks have the same parameters and so find the same.
      let failure = Failure(error) ?? Failure(.unusableInput, "\(error)")
      if world.rank == 0 { ErrorOutput.line(failure.description) }
      return failure.status.rawValue
    }
    let place = options.out ?? resolved.run.out ?? RunFolder.standardPath(of: resolved)
    let folder = RunFolder(place)
    do {
      let hosts = try memory(on: world)
      if let lack = Plan(study).lackOfMemory(hosts: hosts, override: resolved.run.ranksPerTeam) {
        if world.rank == 0 { ErrorOutput.line(lack) }
        return ExitStatus.unusableInput.rawValue
      }
      let memoryPerRank = hosts.map { Double($0.bytes) / Double($0.ranks) }.min() ?? 0
      // The coordinator opens the folder; the others hear whether they may go on.
      if world.rank != 0 {
        var verdict = [0]
        try world.broadcast(&verdict, from: 0)
        if verdict[0] != 0 { return Int32(verdict[0]) }
        return try conduct(
          study, folder: folder, reporter: nil, memoryPerRank: memoryPerRank, on: world, whileWaiting: whileWaiting, abort: abort)
      }
      var notices: [String] = []
      var lock: RunLock
      do throws(RunFolderError) {
        lock = try RunFolder.open(place, for: resolved, data: S.dataFiles(resolved.values), fresh: options.fresh, notices: &notices)
      } catch {
        let failure = Failure(error) ?? Failure(.inputOutput, error.description)
        ErrorOutput.line(failure.description)
        var verdict = [Int(failure.status.rawValue)]
        try world.broadcast(&verdict, from: 0)
        return failure.status.rawValue
      }
      var verdict = [0]
      try world.broadcast(&verdict, from: 0)
      let plan = study.plan()
      let reporter = RunReporter(
        folder: folder, labels: plan.map(\.label), operations: plan.map(\.operations), display: ProgressDisplay(resolved.run.progress))
      // Where a run breaks off the hook that MPI calls while it waits keeps the reporter until the process ends: the folder is given free here.
      defer {
        reporter.finish()
        lock.release()
      }
      reporter.line("renorm: \(resolved.name), digest \(resolved.digest), \(world.size) rank\(world.size == 1 ? "" : "s"), folder \(place)")
      // News, no mistakes: after a crash taking over its lock is the normal thing.
      for notice in notices {
        reporter.line("renorm: \(notice)")
        reporter.event("notice", level: .info, [("text", notice)])
      }
      return try conduct(
        study, folder: folder, reporter: reporter, memoryPerRank: memoryPerRank, messagePassing: messagePassing, on: world,
        whileWaiting: whileWaiting, abort: abort)
    } catch {
      // One rank's fault is everybody's end: the others may be waiting for it.
      let failure = failure(error)
      ErrorOutput.line(failure.description, tag: "\(world.rank)/\(world.processorName)")
      if world.size > 1 { abort(failure.status.rawValue) }
      return failure.status.rawValue
    }
  }

  /// Bytes and ranks of each host: units that none can hold are refused before anything is written; all ranks find the same.
  private func memory(
    on world: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> [(name: String, bytes: Int, ranks: Int)] {
    let names = try world.allGather(Array(world.processorName.utf8)).map { String(decoding: $0, as: UTF8.self) }
    let bytes = try world.allGather([Machine.memory]).flatMap { $0 }
    var hosts: [(name: String, bytes: Int, ranks: Int)] = []
    for (name, bytes) in zip(names, bytes) {
      if let known = hosts.firstIndex(where: { $0.name == name }) {
        hosts[known].ranks += 1
      } else {
        hosts.append((name, bytes, 1))
      }
    }
    return hosts
  }

  private func conduct<S: Study, World: Communicator & ~Copyable>(
    _ study: S, folder: RunFolder, reporter: RunReporter?, memoryPerRank: Double, messagePassing: String = "", on world: borrowing World,
    whileWaiting: (@escaping () -> Void) -> Void, abort: @escaping (Int32) -> Never
  ) throws -> Int32 {
    let setup = RunSetup(
      digest: resolved.digest, seed: resolved.seed, studyName: resolved.name, unitsFolder: folder.units, stopFile: folder.stop,
      checkpointInterval: resolved.run.checkpointInterval, stallTimeout: resolved.run.stallTimeout, deadline: order.deadline,
      ranksPerTeam: resolved.run.ranksPerTeam, memoryPerRank: memoryPerRank,
      dedicatedCoordinator: resolved.run.hasDedicatedCoordinator(ranks: world.size), machine: machine, checksNonFinite: options.debug)
    let hosts = try world.gather(Array(world.processorName.utf8), to: 0).map { String(decoding: $0, as: UTF8.self) }
    var provenance = Provenance.ofThisProcess(
      study: resolved, ranks: world.size, hosts: hosts.reduce(into: []) { if !$0.contains($1) { $0.append($1) } },
      messagePassing: messagePassing, commandLine: CommandLine.arguments)
    if let reporter {
      try provenance.write(to: folder.provenance)
      reporter.begin(hosts: hosts)
      reporter.event("started", level: .info, [("ranks", "\(world.size)"), ("digest", resolved.digest)])
    }
    let (outcome, conclusion) = try run(
      study, setup: setup, on: world, host: world.processorName, observer: reporter, whileWaiting: whileWaiting, abort: abort)
    // The report is the coordinator's; the others hear how it went.
    var status = [Int(ExitStatus.complete.rawValue)]
    if let reporter {
      provenance.ended = Timestamp.now()
      status[0] = Int(
        try conclusion.whileBeating { try finish(study, outcome, folder: folder, provenance: provenance, reporter: reporter).rawValue })
    }
    try world.broadcast(&status, from: 0)
    try conclusion.close()
    // The hook keeps the conductor, whose last messages have to be through when it goes.
    whileWaiting {}
    return Int32(status[0])
  }

  private func finish<S: Study>(
    _ study: S, _ outcome: RunOutcome<S.Unit, S.Partial>, folder: RunFolder, provenance: Provenance, reporter: RunReporter
  ) throws -> ExitStatus {
    let status = try conclude(study, outcome, folder: folder, provenance: provenance, reporter: reporter)
    reporter.sayFaults()
    return status
  }

  private func conclude<S: Study>(
    _ study: S, _ outcome: RunOutcome<S.Unit, S.Partial>, folder: RunFolder, provenance: Provenance, reporter: RunReporter
  ) throws -> ExitStatus {
    switch outcome {
    case .stopped(let reason):
      reporter.event("stopped", level: .info, [("reason", reason)])
      reporter.line("renorm: stopped on request (\(reason)); saved. The same command goes on")
      if FileAccess.exists(folder.stop) { unsafe unlink(folder.stop) }
      return .stopped
    case .complete(let results):
      try write(study, results, folder: folder, provenance: provenance, reporter: reporter)
      reporter.event("complete", level: .info, [])
      return .complete
    case .someFailed(let failed, let results):
      for (label, reason) in failed { ErrorOutput.line("unit \(label) failed: \(reason)") }
      try write(study, results, failed: failed, folder: folder, provenance: provenance, reporter: reporter)
      reporter.event("complete-but-for-failed-units", level: .error, [("failed", failed.map(\.label).joined(separator: " "))])
      return .unitsFailed
    }
  }

  private func write<S: Study>(
    _ study: S, _ results: [(unit: S.Unit, partial: S.Partial)], failed: [(label: String, reason: String)] = [], folder: RunFolder,
    provenance: Provenance, reporter: RunReporter
  ) throws {
    reporter.event("writing-results", level: .info, [])
    var report = try study.report(results)
    report.note(failed: failed)
    Checksums.remove(from: folder)
    try ResultsFile.write(report, study: resolved.name, to: folder.results)
    try writeArrays(of: report, to: folder.resultsArchive)
    if !report.models.isEmpty { try FileAccess.createFolder(folder.models) }
    for model in report.models { try FileAccess.writeAtomically(model.bytes, to: "\(folder.models)/\(model.name).h5") }
    try provenance.write(to: folder.provenance)
    for notice in try ReportWriter.write(report, provenance: provenance, timeline: Timeline(folder), to: folder.report) {
      ErrorOutput.line("warning: \(notice)")
    }
    try Checksums.write(in: folder)
    reporter.line("renorm: \(folder.results)")
    reporter.line("renorm: open \(folder.report)/index.html")
  }

  /// `results.h5`: the report's arrays with their named dimensions.
  private func writeArrays(of report: Report, to path: String) throws(ArchiveError) {
    var archive = try ResultsArchive(path: path)
    try archive.attribute("title", report.title)
    try archive.attribute("study", resolved.name)
    try archive.attribute("digest", resolved.digest)
    for array in report.arrays {
      try archive.write(name: array.name, longName: array.longName, unit: array.unit, dimensions: array.dimensions, values: array.values)
    }
    try archive.close()
  }

  /// Any error as a line and an exit status; what is already on disk stays usable.
  private func failure(_ error: any Error) -> Failure {
    let known = Failure(error) ?? Failure(.internalFault, "\(error)")
    guard known.status == .inputOutput else { return known }
    return Failure(.inputOutput, known.description + "; the checkpoints up to here are intact, and the same command goes on from them")
  }
}
