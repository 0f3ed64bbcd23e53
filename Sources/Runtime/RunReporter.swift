import Glibc

/// Tells the user and the files what happens during a run; lives on the coordinator.
final class RunReporter: RunObserver {
  private let folder: RunFolder
  private let log: EventLog
  private var display: ProgressDisplay
  private var fractions: [Double]
  private let weights: [Double]
  private var lastProgressFile: [Double]
  private var stages: [String?]
  private var events: EventFile?
  private let timeline: TimelineLog
  private var fault: String?

  /// `labels` and `operations` are those of the plan.
  init(folder: RunFolder, labels: [String], operations: [Double], display: consuming ProgressDisplay) {
    self.folder = folder
    self.display = display
    timeline = TimelineLog(path: folder.timeline)
    log = EventLog(path: folder.log)
    fractions = [Double](repeating: 0, count: labels.count)
    weights = operations.map { max($0, 1) }
    lastProgressFile = [Double](repeating: -.infinity, count: labels.count)
    stages = [String?](repeating: nil, count: labels.count)
  }

  func event(_ name: String, level: EventLog.Level, _ fields: [(String, String)]) {
    // A log that cannot be written must not end a run whose results can: the results' own writing reports a full disk.
    do throws(FileFault) { try log.write(level, name, fields.map { (name: $0.0, value: JSON.text($0.1)) }) } catch {
      noteFault("\(error)")
    }
  }

  func progress(unit index: Int, label: String, fraction: Double, stage: String) {
    fractions[index] = fraction
    let total = weights.reduce(0, +)
    let done = zip(fractions, weights).reduce(0) { $0 + $1.0 * $1.1 } / total
    display.update(fraction: done, stage: fraction >= 1 ? "\(label): done" : "\(label): \(stage)")
    // "sweep 7 of 900" is no new stage after "sweep 6 of 900".
    let kind = stage.filter { !$0.isNumber }
    if stages[index] != kind {
      stages[index] = kind
      event("stage", level: .info, [("unit", label), ("stage", stage), ("fraction", "\(fraction)")])
    }
    let now = monotonicSeconds()
    guard now - lastProgressFile[index] >= 2 || fraction >= 1 else { return }
    lastProgressFile[index] = now
    let json = JSON.object([.init("fraction", .number(fraction)), .init("stage", .text(stage)), .init("updated", .text(Timestamp.now()))])
    do throws(FileFault) {
      try FileAccess.createFolder(folder.unit(index, label).path)
      try FileAccess.writeAtomically(json.pretty, to: folder.unit(index, label).progress)
    } catch { noteFault("\(error)") }
  }

  func curves(unit label: String, _ points: [CurvePoint]) {
    do {
      if events == nil {
        try FileAccess.createFolder(folder.events)
        events = try EventFile(folder: folder.events, time: wallClockSeconds(), host: Machine.host)
      }
      for point in points {
        events?.add("\(label)/\(point.tag)", point.content, step: point.step, wallTime: wallClockSeconds())
      }
      try events?.flush()
    } catch { noteFault("\(error)") }
  }

  /// A launch begins, whose ranks run on these hosts.
  func begin(hosts: [String]) { keepTime { () throws(FileFault) in try timeline.begin(hosts: hosts) } }
  func shares(unit label: String, _ shares: [WorkShare]) {
    keepTime { () throws(FileFault) in try timeline.add(shares, unit: label) }
  }
  func ended(after seconds: Double, coordinating: Double) {
    keepTime { () throws(FileFault) in try timeline.end(after: seconds, coordinating: coordinating) }
  }
  private func keepTime(_ write: () throws(FileFault) -> Void) { do throws(FileFault) { try write() } catch { noteFault("\(error)") } }

  /// A fault of the log, the progress files or the curves. On a full disk each would repeat for every slice, and the
  /// error that ends the run says the same: the first is kept for an end without an error.
  private func noteFault(_ line: String) { if fault == nil { fault = line } }
  /// Says what could not be written beside the results, in one line.
  func sayFaults() {
    if let fault { ErrorOutput.line("warning: the log, the progress or the training curves are not complete: \(fault)") }
  }

  /// A line for the user.
  func line(_ text: String) { display.line(text) }
  /// The end of the display.
  func finish() { display.finish() }
}
