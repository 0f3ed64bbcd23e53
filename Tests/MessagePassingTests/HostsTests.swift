import Foundation
import Laws
import Testing

private let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appendingPathComponent("cluster/hosts")
/// A bed of this process's own, so that two runs of the tests do not meet.
private let prefix = ["RENORM_HOSTS_PREFIX": "rn\(ProcessInfo.processInfo.processIdentifier)"]

@Suite(
  .serialized,
  .enabled(if: builtExecutable("rank-programs") != nil && mpirunExecutable()?.lastPathComponent == "mpirun.openmpi", "needs Open MPI"))
struct HostsTests {
  private func script(_ name: String, _ arguments: [String] = []) throws -> (status: Int32, output: String, error: String) {
    try run(scripts.appendingPathComponent(name), arguments, environment: prefix, timeout: 60)
  }

  @Test("Across three hosts joined by TCP the tree sum has the bits of one process")
  func hosts() throws {
    let up = try script("up")
    if up.status == 77 { try Test.cancel("\(up.error)") }
    #expect(up.status == 0, "\(up.error)")
    defer { _ = try? script("down") }
    let program = builtExecutable("rank-programs")!.path
    let names = try script("run", ["3", "--", program, "hosts"])
    #expect(names.output.split(separator: "\n") == (0..<3).map { "rank \($0) host node\($0 + 1) shared 1" }, "\(names.error)")
    let alone = try run(URL(fileURLWithPath: program), ["solo-reduction"], timeout: 60)
    let spread = try script("run", ["3", "--", program, "reduction"])
    #expect(spread.status == 0 && spread.output == alone.output, "\(spread.error)")
  }
}
