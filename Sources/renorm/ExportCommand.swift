import ArgumentParser
import Runtime
import Studies

/// `renorm export DIR --format csv|json|onnx|hdf5`.
struct ExportCommand: ParsableCommand {
  /// What the results can be written as.
  enum Format: String, CaseIterable, ExpressibleByArgument { case csv, json, onnx, hdf5 }
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "The results on standard output: csv has one line per number, json is results.json; or the trained models as files.",
    discussion: "onnx writes models/*.onnx beside the run's models/*.h5 and prints their paths; hdf5 prints the paths of the latter.")
  @Argument(help: "A run's folder.") var folder: String
  @Option(help: "csv, json, onnx or hdf5.") var format: Format

  func run() throws {
    let run = try RunArgument.folder(folder)
    guard FileAccess.exists(run.results) else {
      throw Failure(ExitStatus.unusableInput, "\(run.results) is not there yet; a run writes it when it is complete (see renorm status)")
    }
    if format == .onnx || format == .hdf5 { return try models(of: run) }
    try Checksums.check(run.results)
    let text = try FileAccess.text(run.results)
    let json: JSON
    do { json = try JSON(parsing: text) } catch { throw Failure(ExitStatus.unusableInput, "\(run.results): \(error)") }
    switch format {
    case .json: print(text, terminator: "")
    case .csv:
      guard let csv = ResultsTable.csv(json) else {
        throw Failure(ExitStatus.unusableInput, "\(run.results) was written by another version")
      }
      print(csv, terminator: "")
    case .onnx, .hdf5: break
    }
  }

  private func models(of run: RunFolder) throws {
    let names = FileAccess.isFolder(run.models) ? try FileAccess.names(in: run.models).filter { $0.hasSuffix(".h5") }.sorted() : []
    if names.isEmpty { throw Failure(ExitStatus.unusableInput, "\(run.path) holds no trained models: its study trains none") }
    for name in names {
      let path = "\(run.models)/\(name)", stem = String(name.dropLast(3))
      try Checksums.check(path)
      if format == .hdf5 {
        print(path)
        continue
      }
      let bytes: [UInt8]
      do { bytes = try ModelExport.onnx(path, name: stem) } catch {
        throw Failure(error) ?? Failure(ExitStatus.unusableInput, "\(path): \(error)")
      }
      try FileAccess.writeAtomically(bytes, to: "\(run.models)/\(stem).onnx")
      print("\(run.models)/\(stem).onnx")
    }
  }
}
