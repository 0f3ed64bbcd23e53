import Archives
import Glibc
import NeuralNetworks
import Runtime

/// Data sets by the names that a study file gives them.
enum DataFiles {
  /// The path of a data file: as it is given, or below the folder that RENORM_DATA names. A dataset's name behind a colon
  /// stays.
  static func path(_ given: String) -> String {
    if isThere(given) || given.hasPrefix("/") { return given }
    guard let folder = unsafe getenv("RENORM_DATA").map({ unsafe String(cString: $0) }), !folder.isEmpty else { return given }
    let below = folder + "/" + given
    return isThere(below) ? below : given
  }

  /// Whether there is such a file, with or without a dataset's name.
  private static func isThere(_ path: String) -> Bool {
    FileAccess.exists(path) || FileAccess.exists(String(path.prefix { $0 != ":" }))
  }

  /// The files that these names stand for, each once, without datasets' names; empty ones stand for none.
  static func paths(_ given: [String]) -> [String] {
    var paths: [String] = []
    for name in given where !name.isEmpty {
      let whole = path(name), file = FileAccess.exists(whole) ? whole : String(whole.prefix { $0 != ":" })
      if !paths.contains(file) { paths.append(file) }
    }
    return paths
  }
  /// The files behind data.channels and data.labels, where data.source is "files".
  static func samplePaths(_ parameters: ParameterValues) -> [String] {
    guard parameters.text("data.source") == "files" else { return [] }
    return paths(parameters.texts("data.channels").map { channel($0).file } + [parameters.text("data.labels")])
  }
  /// "name=file", or "file" alone, whose channel is called "image".
  private static func channel(_ text: String) -> (name: String, file: String) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    return (parts.count == 2 ? parts[0] : "image", parts.last ?? "")
  }

  /// The array of a file.
  static func array<Scalar>(_ given: String) throws(StudyError) -> NumberArray<Scalar> {
    do throws(DataFileError) { return try NumberArray(reading: path(given)) } catch {
      let isNamed = unsafe getenv("RENORM_DATA") != nil
      let hint = given.hasPrefix("/") || isNamed || isThere(given) ? "" : " (RENORM_DATA may name the folder of data files)"
      if case .unreadable = error { throw .data(file: error.file, what: error.reason + hint) }
      throw .data(file: error.file, what: error.reason)
    }
  }

  /// Images with labels (nothing: none).
  static func samples(channels: [String], labels: String, classes: Int?, scale: Double) throws(StudyError) -> SampleSet {
    var arrays: [(name: String, array: NumericArray)] = []
    for (name, file) in channels.map(channel) { arrays.append((name, try array(file))) }
    // Without labels all samples are of one class.
    let count = arrays[0].array.shape.first ?? 0
    let targets = labels.isEmpty ? NumericArray(shape: [count], values: [Float](repeating: 0, count: count)) : try array(labels)
    do throws(DataFileError) {
      return try SampleSet(channels: arrays, labels: targets, classes: classes, scale: Float(scale))
    } catch {
      throw .data(file: error.file, what: error.reason)
    }
  }
}
