import Glibc
import RandomStreams
import SymmetryGroups

/// Grey images of shapes in random affine poses: image(x) = F(g x) at the pixels x of the square [-1, 1]^2, scaled to mean
/// zero and variance one over poses and pixels, class by class.
struct ShapeImages: Sendable {
  /// Pixels along a side.
  static let side = 16
  static let pixels = side * side

  /// The shapes, and what brings each to mean zero and variance one.
  private let shapes: [PlaneFeature], scales: [(mean: Double, deviation: Double)]
  private let streams: KeyedStreams
  /// Where each pixel goes: none in the experiment, a fixed random permutation in the control.
  private let permutation: [Int]?

  /// Images of `shapes` with equal probability. Image k takes its shape and pose from (replica k, step 0, site 0,
  /// `.initial`); the scales come from 1000 images of each class at replicas of their own.
  init(_ shapes: [PlaneFeature], permuted: Bool, from streams: KeyedStreams) {
    self.shapes = shapes
    self.streams = streams
    var scales: [(mean: Double, deviation: Double)] = []
    for (number, shape) in shapes.enumerated() {
      var sum = 0.0, squares = 0.0
      let count = 1000
      for k in 0..<count {
        var choices = streams.generator(replica: k, step: UInt64(1 + number), site: 0, purpose: .initial)
        for value in Self.raw(shape, &choices) {
          sum += value
          squares += value * value
        }
      }
      let n = Double(count * Self.pixels), mean = sum / n
      scales.append((mean, (squares / n - mean * mean).squareRoot()))
    }
    self.scales = scales
    if permuted {
      var choices = streams.generator(replica: 0, step: 0, site: 0, purpose: .permutation)
      permutation = choices.permutation(count: Self.pixels)
    } else {
      permutation = nil
    }
  }

  /// One shape in a random pose y = R diag(s) R' x + t: rotations uniform, ln s uniform on [ln 1.5, ln 3], t on [-1, 1]^2.
  private static func raw(_ shape: PlaneFeature, _ choices: inout some RandomChoices) -> [Double] {
    let a = 2 * Double.pi * choices.uniform(), b = 2 * Double.pi * choices.uniform()
    let s = SIMD2(1.5 * pow(2, choices.uniform()), 1.5 * pow(2, choices.uniform()))
    let t = SIMD2(2 * choices.uniform() - 1, 2 * choices.uniform() - 1)
    return (0..<pixels).map { pixel in
      let x = position(pixel), u = s * SIMD2(cos(b) * x.x - sin(b) * x.y, sin(b) * x.x + cos(b) * x.y)
      return shape.value(SIMD2(cos(a) * u.x - sin(a) * u.y, sin(a) * u.x + cos(a) * u.y) + t)
    }
  }

  /// The centre of a pixel in [-1, 1]^2.
  static func position(_ pixel: Int) -> SIMD2<Double> {
    SIMD2(Double(2 * (pixel % side) + 1) / Double(side) - 1, Double(2 * (pixel / side) + 1) / Double(side) - 1)
  }

  /// The images `range`, `[images, pixels]`.
  func images(_ range: Range<Int>) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(range.count * Self.pixels)
    for k in range {
      var choices = streams.generator(replica: k, step: 0, site: 0, purpose: .initial)
      let number = choices.index(below: shapes.count)
      let image = Self.raw(shapes[number], &choices).map { Float(($0 - scales[number].mean) / scales[number].deviation) }
      if let permutation { result += permutation.map { image[$0] } } else { result += image }
    }
    return result
  }

  // MARK: The affine group on images

  /// The derivative of an image along each generator of aff2, v(x) . grad I(x) by central differences of pixels (one-sided
  /// at the border): `[generators][pixels]`. It acts on the pixels where they stand, permuted or not.
  static func tangents(_ image: ArraySlice<Float>) -> [[Float]] {
    let first = image.startIndex, step = 2 / Double(side)
    func value(_ r: Int, _ c: Int) -> Double { Double(image[first + r * side + c]) }
    let gradients = (0..<pixels).map { pixel -> SIMD2<Double> in
      let r = pixel / side, c = pixel % side
      let up = max(0, r - 1), down = min(side - 1, r + 1), left = max(0, c - 1), right = min(side - 1, c + 1)
      return SIMD2((value(r, right) - value(r, left)) / Double(right - left), (value(down, c) - value(up, c)) / Double(down - up)) / step
    }
    return PlaneGroup.aff2.generators.map { v in (0..<pixels).map { Float((v.velocity(at: position($0)) * gradients[$0]).sum()) } }
  }

  /// The image moved by x -> x + 0.3 sum of u_a v_a(x), u uniform on [-1, 1]^6, interpolated between pixels; outside the
  /// square the nearest border pixel counts. Transformation k is drawn at (replica k, step 0, site 0, `.proposal`).
  static func moved(_ image: ArraySlice<Float>, by k: Int, from streams: KeyedStreams) -> [Float] {
    var choices = streams.generator(replica: k, step: 0, site: 0, purpose: .proposal)
    let coefficients = PlaneGroup.aff2.generators.map { _ in 0.3 * (2 * choices.uniform() - 1) }
    let first = image.startIndex
    return (0..<pixels).map { pixel in
      let x = position(pixel)
      let y = zip(PlaneGroup.aff2.generators, coefficients).reduce(x) { $0 + $1.1 * $1.0.velocity(at: x) }
      let column = min(Double(side - 1), max(0, (y.x + 1) * Double(side) / 2 - 0.5))
      let row = min(Double(side - 1), max(0, (y.y + 1) * Double(side) / 2 - 0.5))
      let c = min(side - 2, Int(column)), r = min(side - 2, Int(row))
      let p = Float(column - Double(c)), q = Float(row - Double(r)), corner = first + r * side + c
      return (1 - q) * ((1 - p) * image[corner] + p * image[corner + 1])
        + q * ((1 - p) * image[corner + side] + p * image[corner + side + 1])
    }
  }
}
