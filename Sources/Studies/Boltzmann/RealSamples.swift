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
  /// Where they came from files.
  let images: SampleSet?
  /// ln p of each test sample under the law that made them, where it is known.
  let bestLogLikelihood: [Double]?

  init(_ parameters: ParameterValues) throws(StudyError) {
    let trains = parameters.integer("data.train"), tests = parameters.integer("data.test")
    if parameters.text("data.source") == "files" {
      try self.init(files: parameters.texts("data.channels"), trains: trains, tests: tests)
    } else {
      self.init(barsAndStripes: parameters.integer("data.size"), noise: parameters.real("data.noise"), trains: trains, tests: tests)
    }
  }

  /// Images about the mean of the training images, in units of the root mean square of what is left, over all pixels.
  private init(files: [String], trains: Int, tests: Int) throws(StudyError) {
    if files.isEmpty { throw .invalid(parameter: "data.channels", what: "source = \"files\" needs at least one file of images") }
    let images = try DataFiles.samples(channels: files, labels: "", classes: nil, scale: 1), pixels = images.shape.count
    if images.count < trains + tests {
      throw .invalid(
        parameter: "data.train", what: "\(trains) + \(tests) samples are wanted for training and test, \(images.count) are there")
    }
    func values(_ range: Range<Int>) -> [Double] { images.features[range.lowerBound * pixels..<range.upperBound * pixels].map(Double.init) }
    var train = values(0..<trains), test = values(images.count - tests..<images.count), means = [Double](repeating: 0, count: pixels)
    for (k, x) in train.enumerated() { means[k % pixels] += x / Double(trains) }
    for k in train.indices { train[k] -= means[k % pixels] }
    let scale = (train.reduce(0) { $0 + $1 * $1 } / Double(train.count)).squareRoot()
    if !(scale > 0) { throw .invalid(parameter: "data.channels", what: "all training images are the same") }
    self.train = train.map { $0 / scale }
    for k in test.indices { test[k] = (test[k] - means[k % pixels]) / scale }
    self.test = test
    visible = pixels
    (height, width) = (images.shape.height, images.shape.width * images.shape.channels)
    self.images = images
    bestLogLikelihood = nil
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
    self.images = nil
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

  /// ln p of each test sample if the units were independent and normal with the training data's means and deviations (pixels that never
  /// change are given a hundredth of the mean square).
  var independentLogLikelihood: [Double] {
    let count = Double(train.count / visible)
    var means = [Double](repeating: 0, count: visible), squares = means
    for (k, x) in train.enumerated() { means[k % visible] += x / count }
    for (k, x) in train.enumerated() { squares[k % visible] += (x - means[k % visible]) * (x - means[k % visible]) / count }
    let floor = 0.01 * squares.reduce(0, +) / Double(visible)
    return stride(from: 0, to: test.count, by: visible).map { first in
      (0..<visible).reduce(0.0) { sum, i in
        let variance = max(squares[i], floor), z = test[first + i] - means[i]
        return sum - z * z / (2 * variance) - log(2 * Double.pi * variance) / 2
      }
    }
  }
}
