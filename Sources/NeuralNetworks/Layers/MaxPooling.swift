import LinearAlgebra

/// The largest value of each channel in windows of `size` x `size` pixels that do not overlap; pixels that fill no window,
/// at the lower and right edge, are left out.
public struct MaxPooling: Sendable, Equatable {
  /// What enters, and the window.
  public let input: FeatureShape, size: Int
  /// What leaves.
  public var output: FeatureShape { FeatureShape(height: input.height / size, width: input.width / size, channels: input.channels) }

  /// One sample.
  func forward<Scalar: NetworkScalar>(_ x: UnsafePointer<Scalar>, into y: UnsafeMutablePointer<Scalar>) {
    let output = output, channels = input.channels
    for i in 0..<output.height {
      for j in 0..<output.width {
        let to = unsafe y + (i * output.width + j) * channels
        for k in 0..<size {
          for l in 0..<size {
            let from = unsafe x + ((i * size + k) * input.width + j * size + l) * channels
            if k == 0 && l == 0 { unsafe to.update(from: from, count: channels) } else { unsafe larger(from, to, channels) }
          }
        }
      }
    }
  }

  /// The derivative goes to the first of a window's largest values, times f'(x) of the activation `below`; one sample.
  func backward<Scalar: NetworkScalar>(
    _ delta: UnsafePointer<Scalar>, below: Activation, at x: UnsafePointer<Scalar>, _ y: UnsafePointer<Scalar>,
    left: UnsafeMutablePointer<Scalar>, into result: UnsafeMutablePointer<Scalar>
  ) {
    let output = output, channels = input.channels
    if input.height % size != 0 || input.width % size != 0 { unsafe result.update(repeating: 0, count: input.count) }
    for i in 0..<output.height {
      for j in 0..<output.width {
        let window = (i * output.width + j) * channels
        unsafe left.update(from: delta + window, count: channels)
        for k in 0..<size {
          for l in 0..<size {
            let place = ((i * size + k) * input.width + j * size + l) * channels
            unsafe give(left, x + place, y + window, below, result + place, channels)
          }
        }
      }
    }
  }
}

/// y <- max(x, y).
@inline(__always) private func larger<Scalar: NetworkScalar>(_ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int) {
  guard Scalar.self == Float.self else {
    for c in 0..<count { unsafe y[c] = max(x[c], y[c]) }
    return
  }
  let x = unsafe LayerProduct.floats(x), y = unsafe UnsafeMutablePointer(mutating: LayerProduct.floats(y))
  var c = 0
  while c &+ 16 <= count {
    let a = unsafe loadLanes(x + c), b = unsafe loadLanes(y + c)
    unsafe storeLanes(b.replacing(with: a, where: a .> b), y + c)
    c &+= 16
  }
  while c &+ 4 <= count {
    let a = unsafe loadFour(x + c), b = unsafe loadFour(y + c)
    unsafe storeFour(b.replacing(with: a, where: a .> b), y + c)
    c &+= 4
  }
  while c < count {
    unsafe y[c] = max(x[c], y[c])
    c &+= 1
  }
}

/// Four floats at any address, for networks of few channels.
@inline(__always) private func loadFour(_ from: UnsafePointer<Float>) -> SIMD4<Float> {
  unsafe UnsafeRawPointer(from).loadUnaligned(as: SIMD4<Float>.self)
}
@inline(__always) private func storeFour(_ lanes: SIMD4<Float>, _ to: UnsafeMutablePointer<Float>) {
  unsafe UnsafeMutableRawPointer(to).storeBytes(of: lanes, as: SIMD4<Float>.self)
}

/// result <- what is left of delta where x is the largest value, times f'(x); there nothing is left.
@inline(__always) private func give<Scalar: NetworkScalar>(
  _ left: UnsafeMutablePointer<Scalar>, _ x: UnsafePointer<Scalar>, _ y: UnsafePointer<Scalar>, _ below: Activation,
  _ result: UnsafeMutablePointer<Scalar>, _ count: Int
) {
  var c = 0
  if Scalar.self == Float.self, below == .relu || below == .identity {
    let left = unsafe UnsafeMutablePointer(mutating: LayerProduct.floats(left)), x = unsafe LayerProduct.floats(x)
    let y = unsafe LayerProduct.floats(y), result = unsafe UnsafeMutablePointer(mutating: LayerProduct.floats(result))
    while c &+ 16 <= count {
      let a = unsafe loadLanes(x + c), b = unsafe loadLanes(y + c), delta = unsafe loadLanes(left + c)
      // b - a is never negative, and zero has no bits: its number less one is negative.
      let isLargest = (bits(b - a) &- SIMD16<Int32>(repeating: 1)) &>> 31
      let given = masked(delta, isLargest)
      unsafe storeLanes(below == .relu ? RectifiedLanes.scaled(given, at: a) : given, result + c)
      unsafe storeLanes(masked(delta, ~isLargest), left + c)
      c &+= 16
    }
    while c &+ 4 <= count {
      let a = unsafe loadFour(x + c), delta = unsafe loadFour(left + c), isLargest = unsafe a .== loadFour(y + c)
      let given = SIMD4<Float>().replacing(with: delta, where: below == .relu ? isLargest .& (a .> 0) : isLargest)
      unsafe storeFour(given, result + c)
      unsafe storeFour(delta.replacing(with: 0, where: isLargest), left + c)
      c &+= 4
    }
  }
  while c < count {
    let isLargest = unsafe x[c] == y[c]
    unsafe result[c] = isLargest ? left[c] * Scalar(below.slope(at: Double(x[c]))) : 0
    if isLargest { unsafe left[c] = 0 }
    c &+= 1
  }
}
