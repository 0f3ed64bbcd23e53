import Glibc
import MessagePassing

/// Progress on standard output: one updating line on a terminal, elsewhere plain lines at most once a minute, and at
/// changes of stage at most every ten seconds. Only the coordinator has one.
public struct ProgressDisplay: ~Copyable {
  private let mode: RunSettings.ProgressMode, color: Bool
  private let write: (String) -> Void
  private var lastShown = -Double.infinity, lastStage = "", barIsOn = false
  private var origin: (time: Double, fraction: Double)?

  /// A display on standard output; NO_COLOR is honoured.
  public init(_ mode: RunSettings.ProgressMode) {
    let noColor = unsafe getenv("NO_COLOR").map { unsafe $0.pointee != 0 } ?? false
    self.init(mode, terminal: Self.terminalColumns != nil, color: !noColor) { text in
      // What `print` holds back goes first.
      fflush(nil)
      FileAccess.writeToOutput(text)
    }
  }
  /// A display that gives its text to `write`.
  public init(_ mode: RunSettings.ProgressMode, terminal: Bool, color: Bool, write: @escaping (String) -> Void) {
    self.mode = mode == .auto ? (terminal ? .bar : .lines) : mode
    self.color = color && terminal
    self.write = write
  }

  /// Shows how far the run is, if it is time to; `now` in seconds of a steady clock. The remaining time is reckoned
  /// from the speed since the first call, so a resumed run is not taken for a fast one.
  public mutating func update(fraction: Double, stage: String, now: Double = Machine.uptime) {
    let fraction = min(1, max(0, fraction.isFinite ? fraction : 0))
    if origin == nil { origin = (now, fraction) }
    let waited = now - lastShown
    switch mode {
    case .none, .auto: return
    case .bar:
      if waited < 0.2 { return }
      write("\r\u{1B}[2K" + bar(fraction, stage, now))
      barIsOn = true
    case .lines:
      if waited < 10 || (waited < 60 && stage == lastStage) { return }
      write("\(clock()) \(percent(fraction)) \(stage)\(remaining(fraction, now))\n")
    }
    lastShown = now
    lastStage = stage
  }

  /// Prints a line of its own, above the bar where there is one.
  public mutating func line(_ text: String) {
    write((barIsOn ? "\r\u{1B}[2K" : "") + text + "\n")
    barIsOn = false
    lastShown = -Double.infinity
  }

  /// Removes the bar.
  public mutating func finish() {
    if barIsOn { write("\r\u{1B}[2K") }
    barIsOn = false
  }

  private func bar(_ fraction: Double, _ stage: String, _ now: Double) -> String {
    let width = 28, full = Int((fraction * Double(width)).rounded(.down))
    let done = String(repeating: "█", count: full), open = String(repeating: "░", count: width - full)
    let drawn = color ? "\u{1B}[36m\(done)\u{1B}[2m\(open)\u{1B}[0m" : done + open
    // A line longer than the terminal would wrap and could not be taken back.
    let room = max(0, columns() - width - 32)
    let text = stage.count > room ? String(stage.prefix(max(0, room - 1))) + "…" : stage
    return "\(drawn) \(percent(fraction)) \(text)\(remaining(fraction, now))"
  }
  private func percent(_ fraction: Double) -> String {
    let text = "\(Int((fraction * 100).rounded(.down)))"
    return String(repeating: " ", count: max(0, 3 - text.count)) + text + " %"
  }
  private func remaining(_ fraction: Double, _ now: Double) -> String {
    guard let origin, fraction - origin.fraction > 0.001, now - origin.time > 1, fraction < 1 else { return "" }
    return ", " + Timestamp.span((1 - fraction) * (now - origin.time) / (fraction - origin.fraction)) + " left"
  }
  private func clock() -> String { String(Timestamp.now().dropFirst(11).prefix(8)) }
  private func columns() -> Int { Self.terminalColumns ?? 80 }

  /// How wide the user's terminal is; nil where standard output is none. mpirun gives every rank a terminal of its own
  /// whatever stands behind it, so under a launcher only Scripts/run knows, and says so in RENORM_TERMINAL.
  private static var terminalColumns: Int? {
    let environment = Launcher.currentEnvironment()
    if let given = environment["RENORM_TERMINAL"] { return Int(given) }
    if Launcher.detect(environment: environment) != nil || !Machine.outputIsTerminal { return nil }
    var size = winsize()
    guard unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}
