import Glibc
import MessagePassing

/// Which unit each rank works on, in the folder that `Scripts/run` names in RENORM_SESSION: mpirun tells it which rank was killed, and nobody
/// that is left can tell the unit. Each rank of this host writes `unit-RANK`, the coordinator `heard-RANK` for the others.
struct UnitNotes {
  private let folder = Launcher.currentEnvironment()["RENORM_SESSION"].flatMap { FileAccess.isFolder($0) ? $0 : nil }

  func write(rank: Int, unit: String, isOwn: Bool) {
    guard let folder else { return }
    let file = unsafe open("\(folder)/\(isOwn ? "unit" : "heard")-\(rank)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { return }
    // A note that cannot be written is missing from one message.
    let text = Array("\(unit)\n".utf8)
    _ = unsafe text.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
    close(file)
  }
}
