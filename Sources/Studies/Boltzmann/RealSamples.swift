import Glibc
import LinearAlgebra
import NeuralNetworks
import RandomStreams
import Runtime
import Sampling

/// Samples of real numbers for a machine with real visible units.
struct RealSamples: Sendable {
  /// `[count, visible]`.
  let train: [Double], test: [Double]
  let visible: Int, height: Int, width: Int
  /// Numbers of files are offset + scale times these, `[visible]`: the mean of each over the training samples, and the root mean square
  /// of its channel about it. Zeros and ones where the samples did not come from files.
  let offsets: [Double], scales: [Double]
  /// Where they came from files.
  let images: SampleSet?
  /// ln p of each test sample under the law that made them, where it is known.
  let bestLogLikelihood: [Double]?
  /// Mean and variance of each unit over the training samples; units that hardly change are given a hundredth of the mean variance.
  let means: [Double], variances: [Double]

  init(_ parameters: ParameterValues) throws(StudyError) {
    let trains = parameters.integer("data.train"), tests = parameters.integer("data.test")
    if parameters.text("data.source") == "files" {
      try self.init(files: parameters.texts("data.channels"), trains: trains, tests: tests)
    } else {
      self.init(barsAndStripes: parameters.integer("data.size"), noise: parameters.real("data.noise"), trains: trains, tests: tests)
    }
  }

  /// Images about the mean of the training images, each channel in units of the root mean square of what is left, over its pixels: sensors
  /// have units of their own.
  private init(files: [String], trains: Int, tests: Int) throws(StudyError) {
    if files.isEmpty { throw .invalid(parameter: "data.channels", what: "source = \"files\" needs at least one file of images") }
    let images = try DataFiles.samples(channels: files, labels: "", classes: nil, scale: 1), pixels = images.shape.count
    if images.count < trains + tests {
      throw .invalid(
        parameter: "data.train", what: "\(trains) + \(tests) samples are wanted for training and test, \(images.count) are there")
    }
    func values(_ range: Range<Int>) -> [Double] { images.features[range.lowerBound * pixels..<range.upperBound * pixels].map(Double.init) }
    var train = values(0..<trains), test = values(images.count - tests..<images.count)
    let channels = images.shape.channels
    // About the first sample, which a pixel that never changes gives back exactly.
    let first = Array(train[..<pixels])
    var offsets = [Double](repeating: 0, count: pixels), squares = [Double](repeating: 0, count: channels), largest = squares
    for (k, x) in train.enumerated() { offsets[k % pixels] += (x - first[k % pixels]) / Double(trains) }
    for k in offsets.indices { offsets[k] += first[k] }
    for k in train.indices {
      largest[k % channels] = max(largest[k % channels], abs(train[k]))
      train[k] -= offsets[k % pixels]
      squares[k % channels] += train[k] * train[k]
    }
    var widths = squares.map { ($0 / Double(train.count / channels)).squareRoot() }
    // Files are read as Float: what is narrower than its rounding is noise.
    let constant = widths.indices.filter { !(widths[$0] > Double(Float.ulpOfOne) * largest[$0]) }
    if images.shape.height * images.shape.width == 1, constant.count < channels {
      // Features rather than sensors: one that never changes stays, at the width of a middling one.
      let middling = (widths.reduce(0) { $0 + $1 * $1 } / Double(channels - constant.count)).squareRoot()
      for channel in constant { widths[channel] = middling }
    } else if let same = constant.first {
      throw .invalid(
        parameter: "data.channels",
        what: channels == 1
          ? "all training images are the same" : "channel \(images.channelNames[same]) is the same in all training samples; leave it out")
    }
    self.train = train.enumerated().map { $1 / widths[$0 % channels] }
    for k in test.indices { test[k] = (test[k] - offsets[k % pixels]) / widths[k % channels] }
    self.test = test
    self.offsets = offsets
    scales = (0..<pixels).map { widths[$0 % channels] }
    visible = pixels
    (height, width) = (images.shape.height, images.shape.width * channels)
    self.images = images
    bestLogLikelihood = nil
    (means, variances) = Self.moments(self.train, pixels)
  }

  /// Bars and stripes of -1 and +1, each image drawn anew, with normal noise on each pixel: one data set for all seeds.
  private init(barsAndStripes size: Int, noise: Double, trains: Int, tests: Int) {
    let images = BarsAndStripes.all(size: size), pixels = size * size
    let patterns = (0..<images.count).map { image in (0..<pixels).map { images[image, $0] ? 1.0 : -1 } }
    func samples(_ count: Int, _ key: StreamKey) -> [Double] {
      (0..<count).flatMap { sample -> [Double] in
        var random = KeyedStreams(key).generator(replica: sample, step: 0, site: 0, purpose: .initial)
        let pattern = patterns[random.index(below: patterns.count)]
        return pattern.map { $0 + noise * random.normal() }
      }
    }
    train = samples(trains, StreamKey(high: 0xBA25, low: 1))
    let test = samples(tests, StreamKey(high: 0xBA25, low: 2))
    self.test = test
    (visible, height, width) = (pixels, size, size)
    (offsets, scales) = ([Double](repeating: 0, count: pixels), [Double](repeating: 1, count: pixels))
    self.images = nil
    (means, variances) = Self.moments(train, pixels)
    let constant = log(Double(patterns.count)) + Double(pixels) * (log(noise) + log(2 * Double.pi) / 2)
    bestLogLikelihood = (0..<tests).map { sample in
      Elementwise.logSumExp(
        patterns.map { pattern in
          pattern.enumerated().reduce(0.0) { sum, pixel in
            let z = (test[sample * pixels + pixel.offset] - pixel.element) / noise
            return sum - z * z / 2
          }
        }
      ) - constant
    }
  }

  private static func moments(_ train: [Double], _ visible: Int) -> (means: [Double], variances: [Double]) {
    let count = Double(train.count / visible)
    var means = [Double](repeating: 0, count: visible), squares = means
    for (k, x) in train.enumerated() { means[k % visible] += x / count }
    for (k, x) in train.enumerated() { squares[k % visible] += (x - means[k % visible]) * (x - means[k % visible]) / count }
    let floor = 0.01 * squares.reduce(0, +) / Double(visible)
    return (means, squares.map { max($0, floor) })
  }

  /// ln p of each test sample if the units were independent and normal with the training data's `means` and `variances`.
  var independentLogLikelihood: [Double] {
    stride(from: 0, to: test.count, by: visible).map { first in
      (0..<visible).reduce(0.0) { sum, i in
        let z = test[first + i] - means[i]
        return sum - z * z / (2 * variances[i]) - log(2 * Double.pi * variances[i]) / 2
      }
    }
  }
}
