import Foundation

/// The Python of the package's `.venv`, where the programs that people read our files with are installed.
public enum PythonReader {
  static let interpreter: String = {
    var root = URL(filePath: #filePath)
    for _ in 0..<3 { root.deleteLastPathComponent() }
    return root.appending(path: ".venv/bin/python3").path
  }()

  /// Whether these modules can be imported there.
  public static func has(_ modules: String...) -> Bool {
    // Without an interpreter there is nothing to import from.
    (try? run("import " + modules.joined(separator: ", ")))?.status == 0
  }

  /// Runs a program with `arguments` as `sys.argv[1:]`; gives its status and all it printed.
  public static func run(_ program: String, _ arguments: String...) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: interpreter)
    process.arguments = ["-c", program] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: text, as: UTF8.self))
  }
}
