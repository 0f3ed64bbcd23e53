import Glibc

/// Why an output folder cannot be used; `description` is one line.
public enum RunFolderError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Another study's results are there.
  case otherStudy(path: String, found: String, foundDigest: String, wanted: String, wantedDigest: String)
  /// Another process works in it.
  case inUse(path: String, host: String, process: Int, elsewhere: Bool)
  /// The run that is there began with other data files.
  case otherData(path: String, file: String)
  /// What the run that is there began with is not known any more.
  case unknownData(path: String)
  /// The path is a file.
  case notAFolder(String)
  /// The operating system refuses.
  case file(FileFault)

  public var description: String {
    switch self {
    case .otherStudy(let path, let found, let foundDigest, let wanted, let wantedDigest):
      return "\(path) holds the results of another study (\(found), digest \(foundDigest); this one is \(wanted), digest \(wantedDigest)): "
        + "give another --out, or --fresh to put them aside"
    case .inUse(let path, let host, let process, let elsewhere):
      return "\(path) is in use by process \(process) on \(host)"
        + (elsewhere ? ": wait two minutes if that process is dead, or remove \(path)/lock" : "")
    case .otherData(let path, let file):
      return
        "\(file) is not what it was when the run in \(path) began (data.fingerprints): give another --out, or --fresh to put the run aside"
    case .unknownData(let path):
      return "\(path)/data.fingerprints is missing, and nobody can tell whether the data files are those that the run began with: "
        + "give another --out, or --fresh to put the run aside"
    case .notAFolder(let path): return "\(path) is a file, not a folder"
    case .file(let fault): return fault.description
    }
  }
}

/// The folder of one run: what lies where in it.
public struct RunFolder: Sendable, Equatable {
  /// The folder itself, as the user gave it.
  public let path: String
  /// A folder by its path; nothing is touched.
  public init(_ path: String) {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    self.path = path
  }

  /// The study file with all defaults; its digest tells whose folder this is.
  public var resolvedStudy: String { path + "/resolved.toml" }
  /// The fingerprints of the files that the study reads; not there where there are none.
  var dataFingerprints: String { path + "/data.fingerprints" }
  /// How the results came to be.
  public var provenance: String { path + "/provenance.json" }
  /// The results: small, for programs; and the arrays.
  public var results: String { path + "/results.json" }
  public var resultsArchive: String { path + "/results.h5" }
  /// One folder per unit of work.
  public var units: String { path + "/units" }
  /// TensorBoard's event files.
  public var events: String { path + "/events" }
  /// The page with its figures.
  public var report: String { path + "/report" }
  /// Trained models, one HDF5 file each.
  public var models: String { path + "/models" }
  /// One JSON object a line.
  public var log: String { path + "/log.jsonl" }
  /// What each rank did when, in all launches: one JSON object a line.
  public var timeline: String { path + "/timeline.jsonl" }
  /// A file of this name stops the run, saved and resumable.
  public var stop: String { path + "/STOP" }
  var lock: String { path + "/lock" }

  /// The folder of the unit at `index` of the plan.
  public func unit(_ index: Int, _ label: String) -> UnitFolder { UnitFolder(path: "\(units)/\(index)-\(label)") }

  /// What lies where in a unit's folder.
  public struct UnitFolder: Sendable, Equatable {
    public let path: String
    /// The latest checkpoint; archives of finished units; the kept series; and `{"fraction","stage","updated"}`.
    public var state: String { path + "/state.h5" }
    public var partial: String { path + "/partial.h5" }
    public var series: String { path + "/series.h5" }
    public var progress: String { path + "/progress.json" }
  }

  /// `runs/<study>-<digest>`.
  public static func standardPath(of study: ResolvedStudy) -> String { "runs/\(study.name)-\(study.digest)" }

  /// The study and digest whose folder this is; nil where no run has begun here.
  public func identity() throws(FileFault) -> (study: String, digest: String)? {
    guard FileAccess.exists(resolvedStudy) else { return nil }
    let found = StudyFileWriter.identity(ofResolved: try FileAccess.text(resolvedStudy))
    return (found.study ?? "unknown", found.digest ?? "unknown")
  }

  /// Creates the folder or takes up the one that is there, and locks it; `resolved.toml` is written. With `fresh`, a
  /// folder that holds a run is renamed to `path.old-1` (-2, ...) first. `data` are the files that the study reads. `notices` are lines that the user should see. The lock is
  /// touched every `interval` seconds.
  public static func open(
    _ path: String, for study: ResolvedStudy, data: [String] = [], fresh: Bool, refreshedEvery interval: Double = 20,
    notices: inout [String]
  ) throws(RunFolderError) -> RunLock {
    let folder = RunFolder(path)
    if FileAccess.exists(folder.path), !FileAccess.isFolder(folder.path) { throw .notAFolder(folder.path) }
    do throws(FileFault) { try FileAccess.createFolder(folder.path) } catch { throw .file(error) }
    var lock = try RunLock(folder, refreshedEvery: interval, notices: &notices)
    let found: (study: String, digest: String)?
    do throws(FileFault) { found = try folder.identity() } catch { throw .file(error) }
    if let found, fresh {
      let (study, digest) = found
      let aside = folder.freeNameAside()
      lock.release()
      guard unsafe rename(folder.path, aside) == 0 else {
        throw .file(FileFault(path: folder.path, operation: "rename to \(aside)", code: errno))
      }
      notices.append("the folder of \(study) (digest \(digest)) is kept aside as \(aside)")
      do throws(FileFault) { try FileAccess.createFolder(folder.path) } catch { throw .file(error) }
      lock = try RunLock(folder, refreshedEvery: interval, notices: &notices)
    } else if let found, found.digest != study.digest {
      throw .otherStudy(path: folder.path, found: found.study, foundDigest: found.digest, wanted: study.name, wantedDigest: study.digest)
    }
    try folder.checkData(data, isNew: found == nil || fresh)
    do throws(FileFault) {
      try FileAccess.createFolder(folder.units)
      if found == nil || fresh {
        try FileAccess.writeAtomically(study.canonicalTOML, to: folder.resolvedStudy)
      } else if try FileAccess.text(folder.resolvedStudy) != study.canonicalTOML {
        notices.append("\(folder.resolvedStudy) was changed since it was written, and is written again")
        try FileAccess.writeAtomically(study.canonicalTOML, to: folder.resolvedStudy)
      }
    } catch { throw .file(error) }
    return lock
  }

  /// Notes what is in the files that the study reads at a run's beginning, a line "fingerprint  path" each, and compares it where the run
  /// goes on. They may have been moved, so their order counts, not their paths.
  private func checkData(_ files: [String], isNew: Bool) throws(RunFolderError) {
    guard !files.isEmpty else { return }
    if !isNew, !FileAccess.exists(dataFingerprints) { throw .unknownData(path: path) }
    let other: Int?
    do throws(FileFault) {
      var prints: [String] = []
      for file in files { prints.append(try Fingerprint.of(file)) }
      if isNew {
        return try FileAccess.writeAtomically(zip(prints, files).map { "\($0)  \($1)\n" }.joined(), to: dataFingerprints)
      }
      let known = try FileAccess.text(dataFingerprints).split(separator: "\n").map { $0.prefix { $0 != " " } }
      other = files.indices.first { $0 >= known.count || prints[$0] != known[$0] }
    } catch { throw .file(error) }
    if let other { throw .otherData(path: path, file: files[other]) }
  }

  private func freeNameAside() -> String {
    var number = 1
    while FileAccess.exists("\(path).old-\(number)") { number += 1 }
    return "\(path).old-\(number)"
  }
}
