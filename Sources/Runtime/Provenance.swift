import Archives
import LinearAlgebra

/// How a set of results came to be: all that depends on the launch and so must not be in `results.json`.
public struct Provenance: Sendable, Equatable {
  /// The program and how it was built.
  public var programVersion: String, build: String
  /// The processor, and the highest instruction set that it has.
  public var processor: String, processorLevel: String
  /// Libraries in their own words.
  public var blas: String, messagePassing: String, hdf5: String
  /// How many ranks, and on which hosts (by rank of the first of each).
  public var ranks: Int, hosts: [String]
  /// Times in UTC; `ended` is nil while the run lasts.
  public var started: String, ended: String?
  public var commandLine: [String]
  /// The study and its digest.
  public var study: String, digest: String

  public init(
    programVersion: String, build: String, processor: String, processorLevel: String, blas: String, messagePassing: String,
    hdf5: String, ranks: Int, hosts: [String], started: String, ended: String?, commandLine: [String], study: String, digest: String
  ) {
    self.programVersion = programVersion
    self.build = build
    self.processor = processor
    self.processorLevel = processorLevel
    self.blas = blas
    self.messagePassing = messagePassing
    self.hdf5 = hdf5
    self.ranks = ranks
    self.hosts = hosts
    self.started = started
    self.ended = ended
    self.commandLine = commandLine
    self.study = study
    self.digest = digest
  }

  /// The provenance of a run that starts now in this process; `messagePassing` is the library's own text ("none" alone).
  public static func ofThisProcess(
    study: ResolvedStudy, ranks: Int, hosts: [String], messagePassing: String, commandLine: [String]
  ) -> Provenance {
    let blas = Linear.configuration
    return Provenance(
      programVersion: ProgramVersion.text, build: ProgramVersion.build, processor: Machine.processor,
      processorLevel: Machine.instructionSet.name, blas: "\(blas.version), core \(blas.core)", messagePassing: messagePassing,
      hdf5: HDF5Version.text, ranks: ranks, hosts: hosts, started: Timestamp.now(), ended: nil, commandLine: commandLine,
      study: study.name, digest: study.digest)
  }

  /// The contents of `provenance.json`.
  public var json: JSON {
    .object([
      .init("study", .text(study)), .init("digest", .text(digest)),
      .init("program", .text(programVersion)), .init("build", .text(build)),
      .init("processor", .text(processor)), .init("processor_level", .text(processorLevel)),
      .init("blas", .text(blas)), .init("message_passing", .text(messagePassing)), .init("hdf5", .text(hdf5)),
      .init("ranks", .integer(ranks)), .init("hosts", .array(hosts.map(JSON.text))),
      .init("started", .text(started)), .init("ended", ended.map(JSON.text) ?? .null),
      .init("command_line", .array(commandLine.map(JSON.text))),
    ])
  }
  /// What `json` wrote; nil where a member is missing.
  public init?(_ json: JSON) {
    func text(_ name: String) -> String? { json[name]?.string }
    guard let study = text("study"), let digest = text("digest"), let program = text("program"), let build = text("build"),
      let processor = text("processor"), let level = text("processor_level"), let blas = text("blas"),
      let passing = text("message_passing"), let hdf5 = text("hdf5"), let ranks = json["ranks"]?.int,
      let hosts = json["hosts"]?.elements, let started = text("started"), let command = json["command_line"]?.elements
    else { return nil }
    self.init(
      programVersion: program, build: build, processor: processor, processorLevel: level, blas: blas, messagePassing: passing,
      hdf5: hdf5, ranks: ranks, hosts: hosts.compactMap(\.string), started: started, ended: text("ended"),
      commandLine: command.compactMap(\.string), study: study, digest: digest)
  }
  /// Writes `provenance.json` atomically.
  public func write(to path: String) throws(FileFault) { try FileAccess.writeAtomically(json.pretty, to: path) }
}

/// This program's version and build.
public enum ProgramVersion {
  /// The version, raised with every release.
  public static let text = "0.1.0"
  /// How it was compiled.
  public static var build: String {
    #if DEBUG
      let optimisation = "debug"
    #else
      let optimisation = "release"
    #endif
    return "\(optimisation), \(InstructionSet.compiled.name)"
  }
}
