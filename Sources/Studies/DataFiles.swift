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

  /// The array of a file.
  static func array<Scalar>(_ given: String) throws(StudyError) -> NumberArray<Scalar> {
    do throws(DataFileError) { return try NumberArray(reading: path(given)) } catch {
      let isNamed = unsafe getenv("RENORM_DATA") != nil
      let hint = given.hasPrefix("/") || isNamed || isThere(given) ? "" : " (RENORM_DATA may name the folder of data files)"
      if case .unreadable = error { throw .data(file: error.file, what: error.reason + hint) }
      throw .data(file: error.file, what: error.reason)
    }
  }

  /// Images with labels (nothing: none): `channels` are "name=file", or "file" alone, whose channel is called "image".
  static func samples(channels: [String], labels: String, classes: Int?, scale: Double) throws(StudyError) -> SampleSet {
    var arrays: [(name: String, array: NumericArray)] = []
    for channel in channels {
      let parts = channel.split(separator: "=", maxSplits: 1).map(String.init)
      arrays.append((parts.count == 2 ? parts[0] : "image", try array(parts[parts.count - 1])))
    }
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

extension SampleSet {
  /// A number that changes with the data: a run goes on only with those it began with.
  var checksum: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for x in features { hash = (hash ^ UInt64(x.bitPattern)) &* 0x100_0000_01b3 }
    for label in labels { hash = (hash ^ UInt64(label)) &* 0x100_0000_01b3 }
    return hash
  }
}
