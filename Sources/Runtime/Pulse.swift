import Glibc
import Synchronization

/// Does something again and again on a thread of its own until `end()`.
///
/// `beat` runs at most once at a time, and never after `end()` has returned; it is not called before `interval` has passed.
final class Pulse: Sendable {
  /// True once it is over; locked while `beat` runs.
  private let isOver = Mutex(false)
  private let interval: Double
  // The creator hands it over and does not touch what it uses before `end()`.
  private nonisolated(unsafe) let beat: () -> Void

  init(interval: Double, _ beat: @escaping () -> Void) {
    self.interval = interval
    unsafe self.beat = beat
    var thread = pthread_t()
    let this = unsafe Unmanaged.passRetained(self)
    let code = unsafe pthread_create(
      &thread, nil,
      { pointer in
        unsafe Unmanaged<Pulse>.fromOpaque(pointer!).takeRetainedValue().run()
        return nil
      }, this.toOpaque())
    // Without a thread the work goes on unaccompanied, and may count as silence.
    if code == 0 { pthread_detach(thread) } else { unsafe this.release() }
  }

  private func run() {
    while true {
      usleep(UInt32(interval * 1e6))
      let over = isOver.withLock { isOver in
        if !isOver { unsafe beat() }
        return isOver
      }
      if over { return }
    }
  }

  /// The last beat is over when this returns.
  func end() { isOver.withLock { $0 = true } }
}
