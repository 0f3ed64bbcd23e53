import Glibc

/// How a process waits: a poll loop between whose tests a hook runs and the processor is handed on.
///
/// One object serves a world and all communicators split from it. The library never blocks inside a call, so a rank
/// that waits still sends its heartbeats and notices that a peer is gone.
final class Waiting {
  /// Called between fruitless tests, at most about every 50 ms, never from within itself.
  var hook: (() -> Void)?
  /// Whether collectives compare what the ranks pass (`--debug`).
  var checksShapes = false
  /// Reentrance guard: the hook may itself wait for a message.
  private var insideHook = false
  private var lastHook: UInt64 = 0

  /// Nanoseconds spent in waits so far; a wait within the hook of another counts once.
  private(set) var waited: UInt64 = 0
  private var depth = 0, begun: UInt64 = 0

  /// Tests without a pause. Short when ranks outnumber processors: then the awaited peer needs this processor.
  private let spins: Int
  /// Tests with `sched_yield` between them, before the loop begins to sleep.
  private let yields = 2000
  private static let hookInterval: UInt64 = 50_000_000

  init(environment: [String: String]) {
    let here = ["OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"].lazy.compactMap { environment[$0].flatMap { Int($0) } }.first
    let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    spins = (here ?? 1) > processors ? 16 : 2000
  }

  /// One pause after a fruitless test; `fruitless` counts them for one wait.
  func pause(_ fruitless: inout Int) {
    // What is there at the first look costs no look at the clock.
    if fruitless == 0 {
      if depth == 0 { begun = monotonicNanoseconds() }
      depth += 1
    }
    fruitless &+= 1
    if fruitless < spins {
      if fruitless & 255 == 0 { runHookIfDue() }
      return
    }
    runHookIfDue()
    if fruitless < spins + yields {
      sched_yield()
    } else {
      // More than a millisecond has passed: a late answer by 0.1 ms no longer matters.
      usleep(50)
    }
  }

  /// The end of a wait in which `fruitless` tests were made; every wait that may have paused says so.
  func hasEnded(_ fruitless: Int) {
    guard fruitless > 0 else { return }
    depth -= 1
    if depth == 0 { waited &+= monotonicNanoseconds() &- begun }
  }

  private func runHookIfDue() {
    guard let hook, !insideHook else { return }
    let now = monotonicNanoseconds()
    guard now &- lastHook >= Waiting.hookInterval else { return }
    insideHook = true
    hook()
    insideHook = false
    lastHook = monotonicNanoseconds()
  }
}

/// Nanoseconds of the clock that nobody sets.
func monotonicNanoseconds() -> UInt64 {
  var now = timespec()
  _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
  return UInt64(now.tv_sec) &* 1_000_000_000 &+ UInt64(now.tv_nsec)
}
