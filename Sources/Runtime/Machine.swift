public import LinearAlgebra
import Glibc
import MessagePassing

/// What this process can say about the machine it runs on.
public enum Machine {
  /// The processor's name as the kernel knows it.
  public static var processor: String { cpuField("model name") ?? cpuField("Model") ?? "unknown processor" }
  /// The processor's feature flags.
  public static var flags: Set<String> { Set((cpuField("flags") ?? "").split(separator: " ").map(String.init)) }
  /// The highest instruction set that the processor has.
  public static var instructionSet: InstructionSet { InstructionSet(flags: flags) }
  /// The host's name.
  public static var host: String {
    var name = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&name, name.count - 1) == 0 else { return "unknown-host" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
  /// How many processors this process may use.
  public static var processors: Int { Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
  /// Bytes of memory of the host.
  public static var memory: Int { Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE))) }
  /// Bytes that may still be written to the file system of a folder; nil where it cannot be asked.
  public static func freeBytes(at path: String) -> Int? {
    var status = statvfs()
    guard unsafe statvfs(path, &status) == 0 else { return nil }
    return Int(status.f_bavail) * Int(status.f_frsize)
  }
  /// Whether what is written to standard output comes to a terminal. A launcher may give its ranks a terminal of its own
  /// making and send what they write there to a log, so under one the launcher's output has to be a terminal too.
  public static var outputIsTerminal: Bool {
    guard isatty(1) == 1 else { return false }
    guard Launcher.detect(environment: Launcher.currentEnvironment()) != nil else { return true }
    var target = [UInt8](repeating: 0, count: 4096)
    let length = unsafe target.withUnsafeMutableBytes { unsafe readlink("/proc/\(getppid())/fd/1", $0.baseAddress!, $0.count) }
    let path = String(decoding: target.prefix(max(0, length)), as: UTF8.self)
    return path.hasPrefix("/dev/pts/") || path.hasPrefix("/dev/tty")
  }
  /// Seconds of a clock that never jumps.
  public static var uptime: Double { clock(CLOCK_MONOTONIC) }
  /// Seconds of processor time that this process has used.
  public static var processorTime: Double { clock(CLOCK_PROCESS_CPUTIME_ID) }

  private static func clock(_ id: clockid_t) -> Double {
    var time = timespec()
    unsafe clock_gettime(id, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
  private static func cpuField(_ name: String) -> String? {
    // Off Linux there is no such file; the field is then unknown, which loses nothing.
    guard let text = try? FileAccess.text("/proc/cpuinfo") else { return nil }
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      if line[..<colon].drop(while: { $0 != "\t" && $0 != " " || name.contains($0) }).allSatisfy({ $0 == "\t" || $0 == " " }) {
        return String(line[line.index(after: colon)...].drop { $0 == " " })
      }
    }
    return nil
  }
}

extension Machine {
  /// The most memory that this process has held so far, in bytes.
  public static var heldMemory: Int {
    var usage = rusage()
    return unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 ? 1024 * usage.ru_maxrss : 0
  }
}

/// Points of time as text, in UTC: "2025-01-31T12:34:56.789Z".
public enum Timestamp {
  /// Now.
  public static func now() -> String { text(seconds: secondsNow()) }
  /// Seconds since 1970.
  public static func secondsNow() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
  /// A point of time given in seconds since 1970, to the millisecond.
  public static func text(seconds: Double) -> String {
    let milliseconds = Int((seconds * 1000).rounded(.down))
    let (days, inDay) = (milliseconds / 1000).quotientAndRemainder(dividingBy: 86400)
    func pad(_ number: Int, _ width: Int = 2) -> String {
      let text = "\(number)"
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    let (year, month, day) = civil(days: days)
    let clock = "\(pad(inDay / 3600)):\(pad(inDay / 60 % 60)):\(pad(inDay % 60))"
    return "\(pad(year, 4))-\(pad(month))-\(pad(day))T\(clock).\(pad(milliseconds % 1000, 3))Z"
  }
  /// Seconds since 1970 from such a text; nil for anything else.
  public static func seconds(_ text: String) -> Double? {
    let fields = text.split { "-T:Z".contains($0) }
    guard fields.count == 6, let year = Int(fields[0]), let month = Int(fields[1]), let day = Int(fields[2]),
      let hour = Int(fields[3]), let minute = Int(fields[4]), let second = Double(fields[5]), (1...12).contains(month)
    else { return nil }
    return Double(days(year, month, day) * 86400 + hour * 3600 + minute * 60) + second
  }

  /// Days since 1970-01-01 in the Gregorian calendar, for years from 1 on. Years are taken to begin in March, so that
  /// the leap day comes last; a month of that year begins at day (153 m + 2) / 5.
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let y = month > 2 ? year : year - 1, m = (month + 9) % 12
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468
  }
  private static func civil(days count: Int) -> (year: Int, month: Int, day: Int) {
    // 365.2425 days a year gives the year or the one after it.
    var year = 1970 + Int((Double(count) / 365.2425).rounded(.down)) + 1
    while days(year, 1, 1) > count { year -= 1 }
    var month = 12
    while days(year, month, 1) > count { month -= 1 }
    return (year, month, count - days(year, month, 1) + 1)
  }

  /// A span in words: "0.4 s", "42 s", "3:07", "2:03:07", "3 d 04:00:00".
  public static func span(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0 else { return "unknown" }
    if seconds < 10 { return "\((seconds * 10).rounded() / 10) s" }
    let whole = Int(min(seconds, 1e15).rounded())
    if whole < 60 { return "\(whole) s" }
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    if whole < 3600 { return "\(whole / 60):\(two(whole % 60))" }
    let clock = "\(two(whole / 60 % 60)):\(two(whole % 60))"
    if whole < 86400 { return "\(whole / 3600):\(clock)" }
    return "\(whole / 86400) d \(two(whole / 3600 % 24)):\(clock)"
  }
}
