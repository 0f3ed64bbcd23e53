import Glibc
import Synchronization

/// Requests to stop that reach this process as signals. Every loop looks at `StopSignals.received` between slices.
public enum StopSignals {
  private static let last = Atomic<Int32>(0)

  /// The signals that mean "save and leave": terminate, interrupt, user 1 and 2, CPU time limit, a terminal that is closed (but under nohup).
  public static let watched: [Int32] = [SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGXCPU, SIGHUP]

  /// Notes the watched signals from now on instead of dying of them. A second interrupt kills as usual.
  ///
  /// They are unblocked too: a parent that blocks them hands that on to its children.
  public static func install() {
    for number in watched {
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = { number in
        // Only an atomic store and re-arming are safe inside a handler.
        StopSignals.last.store(number, ordering: .relaxed)
        if number == SIGINT { signal(SIGINT, SIG_DFL) }
      }
      unsafe sigemptyset(&action.sa_mask)
      action.sa_flags = SA_RESTART
      if number == SIGHUP {
        var before = sigaction()
        unsafe sigaction(number, nil, &before)
        // What nohup ignores stays ignored; SIG_IGN is 1, which is no function.
        if unsafe unsafeBitCast(before.__sigaction_handler.sa_handler, to: Int.self) == 1 { continue }
      }
      unsafe sigaction(number, &action, nil)
    }
    var watchedSet = sigset_t()
    unsafe sigemptyset(&watchedSet)
    for number in watched { unsafe sigaddset(&watchedSet, number) }
    unsafe pthread_sigmask(SIG_UNBLOCK, &watchedSet, nil)
  }

  /// The number of the last watched signal, nil where none came.
  public static var received: Int32? {
    let number = last.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  /// Its name, "SIGTERM" and the like.
  public static func name(_ number: Int32) -> String {
    switch number {
    case SIGTERM: "SIGTERM"
    case SIGINT: "SIGINT"
    case SIGUSR1: "SIGUSR1"
    case SIGUSR2: "SIGUSR2"
    case SIGXCPU: "SIGXCPU"
    case SIGHUP: "SIGHUP"
    default: "signal \(number)"
    }
  }
}

/// Seconds on the monotonic clock, for intervals only.
public func monotonicSeconds() -> Double {
  var time = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

/// Seconds of the processor that this thread has used.
func threadSeconds() -> Double {
  var time = timespec()
  unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

/// Seconds since 1970, for logs and provenance only: never for anything that a result depends on.
public func wallClockSeconds() -> Double {
  var time = timespec()
  unsafe clock_gettime(CLOCK_REALTIME, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}
