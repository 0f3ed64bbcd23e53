public import Archives
public import Sampling

extension SampleSet {
  /// Samples from arrays of files.
  ///
  /// - Parameters:
  ///   - channels: named arrays that stand side by side in each sample (a camera and a lidar grid, say): `[samples, height,
  ///     width]`, or `[samples, height, width, n]`, which gives n channels "name-0", ..., or, alone, `[samples, features]`.
  ///     All have the same samples and grid.
  ///   - labels: `[samples]`, whole numbers from 0; there are as many classes as the largest says plus one, or `classes`.
  ///   - scale: what the numbers are divided by (255 for bytes).
  /// - Throws: `mismatch` where arrays do not fit each other or labels are no classes.
  public init(channels: [(name: String, array: NumericArray)], labels: NumericArray, classes: Int? = nil, scale: Float = 1)
    throws(DataFileError)
  {
    precondition(!channels.isEmpty && scale != 0, "samples have a channel, and numbers a scale")
    let first = channels[0].array
    var names: [String] = [], depths: [Int] = []
    for (name, array) in channels {
      let isVector = array.shape.count == 2 && channels.count == 1
      guard isVector || array.shape.count == 3 || array.shape.count == 4, array.values.count > 0 else {
        throw .mismatch(file: array.file, what: "its shape is \(array.shape); images are [samples, height, width] or [..., channels]")
      }
      guard isVector || Array(array.shape.prefix(3)) == Array(first.shape.prefix(3)) else {
        throw .mismatch(
          file: array.file, what: "its shape is \(array.shape), that of \(first.file) \(first.shape): samples and grid must be the same")
      }
      let depth = isVector ? array.shape[1] : array.shape.count == 4 ? array.shape[3] : 1
      depths.append(depth)
      let added = depth == 1 || isVector ? [name] : (0..<depth).map { "\(name)-\($0)" }
      if let twice = added.first(where: { names.contains($0) }) {
        throw .mismatch(file: array.file, what: "two channels are called \(twice); write \"name=file\" with a name for each")
      }
      names += added
    }
    let count = first.shape[0], isVector = first.shape.count == 2
    let (height, width) = isVector ? (1, 1) : (first.shape[1], first.shape[2]), total = depths.reduce(0, +), pixels = count * height * width
    guard labels.shape == [count] else {
      throw .mismatch(file: labels.file, what: "labels of shape \(labels.shape) for \(count) samples of \(first.file)")
    }
    let (found, number) = try Self.classes(labels, classes)
    var features = [Float](repeating: 0, count: pixels * total), start = 0
    for (place, (_, array)) in channels.enumerated() {
      let depth = depths[place]
      for pixel in 0..<pixels {
        for c in 0..<depth { features[pixel * total + start + c] = array.values[pixel * depth + c] / scale }
      }
      start += depth
    }
    self.init(
      shape: FeatureShape(height: height, width: width, channels: total), channelNames: isVector ? [] : names, features: features,
      targets: .classes(found, of: number))
  }

  private static func classes(_ labels: NumericArray, _ wanted: Int?) throws(DataFileError) -> ([Int], Int) {
    var found: [Int] = []
    found.reserveCapacity(labels.values.count)
    for (place, value) in labels.values.enumerated() {
      guard value >= 0, value == value.rounded(), value < 65536 else {
        throw .mismatch(file: labels.file, what: "label \(place) is \(value); labels are whole numbers from 0 on")
      }
      found.append(Int(value))
    }
    let number = wanted ?? max(2, (found.max() ?? 0) + 1)
    if let place = found.firstIndex(where: { $0 >= number }) {
      throw .mismatch(file: labels.file, what: "label \(place) is \(found[place]), but there are \(number) classes")
    }
    return (found, number)
  }

  /// Configurations of a lattice as images of one channel of +-1, with a class for each.
  public init(_ configurations: Configurations, classes labels: [Int], of number: Int) {
    var height = 1, width = 1, channels = configurations.sites.count
    if case .lattice(let lengths) = configurations.sites, lengths.count == 2 { (height, width, channels) = (lengths[0], lengths[1], 1) }
    var features: [Float] = []
    features.reserveCapacity(configurations.count * configurations.sites.count)
    for row in 0..<configurations.count {
      for site in 0..<configurations.sites.count { features.append(configurations[row, site] ? 1 : -1) }
    }
    self.init(
      shape: FeatureShape(height: height, width: width, channels: channels), channelNames: ["spin"], features: features,
      targets: .classes(labels, of: number))
  }

  /// One bit for each number: whether it is above `threshold`. What a Boltzmann machine with binary units sees.
  public func configurations(above threshold: Float) -> Configurations {
    var result = Configurations(count: count, sites: .unplaced(shape.count))
    for row in 0..<count {
      for site in 0..<shape.count where features[row * shape.count + site] > threshold { result[row, site] = true }
    }
    return result
  }
}
