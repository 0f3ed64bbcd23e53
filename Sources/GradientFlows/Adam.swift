public import Archives
internal import CVectors
public import LinearAlgebra

/// Adam with weight decay apart from the moments:
///
///     m <- beta1 m + (1 - beta1) g,   s <- beta2 s + (1 - beta2) g^2
///     w <- w (1 - rate decay) + rate m' / (sqrt(s') + epsilon),   m' = m / (1 - beta1^t), s' = s / (1 - beta2^t)
///
/// in the t-th step, t = 1, 2, ...; decay acts on blocks of weights alone. Source: D. Kingma, J. Ba, ICLR 2015, algorithm 1
/// (ascending here); the decay is that of I. Loshchilov, F. Hutter, ICLR 2019.
public struct Adam<Scalar: DenseScalar & ArchiveElement>: Stepper, Equatable {
  /// The length of a step; the averages' memories in [0, 1); what keeps the quotient finite; the decay, per unit of weight.
  public var rate: Scalar, beta1: Scalar, beta2: Scalar, epsilon: Scalar, decay: Scalar
  /// m and s, one array per block; empty before the first step.
  public private(set) var first: [[Scalar]] = [], second: [[Scalar]] = []
  /// Steps taken, and beta1^t, beta2^t.
  public private(set) var steps = 0
  private var power1 = 1.0, power2 = 1.0

  /// A rule that has seen nothing.
  public init(rate: Scalar, beta1: Scalar = 0.9, beta2: Scalar = 0.999, epsilon: Scalar = 1e-8, decay: Scalar = 0) {
    precondition(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1, "the averages' memories lie in [0, 1)")
    self.rate = rate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.decay = decay
  }

  @inlinable public mutating func step<Point: Space, Direction: Blocks>(_ point: inout Point, along direction: Direction)
  where Point.Scalar == Scalar, Direction.Scalar == Scalar {
    begin()
    for index in 0..<point.blockCount {
      let g = direction[block: index]
      step(block: index, &point[block: index], g, penalized: point.role(of: index) == .weights)
    }
  }

  @usableFromInline mutating func begin() {
    steps += 1
    power1 *= Double(beta1)
    power2 *= Double(beta2)
  }

  /// One block. Elements do not mix, so any width of vectors gives the same bits.
  @usableFromInline @_specialize(where Scalar == Float) @_specialize(where Scalar == Double)
  mutating func step(block index: Int, _ weights: inout [Scalar], _ direction: [Scalar], penalized: Bool) {
    precondition(weights.count == direction.count, "a direction has the blocks of its point")
    while first.count <= index {
      first.append([])
      second.append([])
    }
    if first[index].isEmpty {
      first[index] = [Scalar](repeating: 0, count: weights.count)
      second[index] = first[index]
    }
    let count = weights.count, beta1 = beta1, beta2 = beta2, epsilon = epsilon
    let length = rate * Scalar(1 / (1 - power1)), scale = Scalar(1 / (1 - power2)), kept = penalized ? 1 - rate * decay : 1
    unsafe first[index].withUnsafeMutableBufferPointer { m in
      unsafe second[index].withUnsafeMutableBufferPointer { s in
        unsafe weights.withUnsafeMutableBufferPointer { w in
          unsafe direction.withUnsafeBufferPointer { g in
            guard let m = m.baseAddress, let s = s.baseAddress, let w = w.baseAddress, let g = g.baseAddress else { return }
            var done = 0
            if Scalar.self == Float.self {
              done = count & ~15
              unsafe sixteens(
                done, UnsafeMutableRawPointer(m), UnsafeMutableRawPointer(s), UnsafeMutableRawPointer(w), UnsafeRawPointer(g),
                beta1: Float(beta1), beta2: Float(beta2), epsilon: Float(epsilon), length: Float(length), scale: Float(scale),
                kept: Float(kept))
            }
            for k in done..<count {
              let gradient = unsafe g[k]
              let mean = unsafe beta1 * m[k] + (1 - beta1) * gradient
              let square = unsafe beta2 * s[k] + (1 - beta2) * gradient * gradient
              unsafe m[k] = mean
              unsafe s[k] = square
              unsafe w[k] = kept * w[k] + length * mean / ((square * scale).squareRoot() + epsilon)
            }
          }
        }
      }
    }
  }

  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write([rate, beta1, beta2, epsilon, decay], at: path + "/settings")
    try archive.write([steps, first.count], at: path + "/counts")
    try archive.write([power1, power2], at: path + "/powers")
    for index in first.indices {
      try archive.write(first[index], at: path + "/first\(index)")
      try archive.write(second[index], at: path + "/second\(index)")
    }
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let settings = try archive.read(Scalar.self, count: 5, at: path + "/settings")
    (rate, beta1, beta2, epsilon, decay) = (settings[0], settings[1], settings[2], settings[3], settings[4])
    let counts = try archive.read(Int.self, count: 2, at: path + "/counts")
    let powers = try archive.read(Double.self, count: 2, at: path + "/powers")
    steps = counts[0]
    (power1, power2) = (powers[0], powers[1])
    for index in 0..<counts[1] {
      first.append(try archive.read(Scalar.self, count: nil, at: path + "/first\(index)"))
      second.append(try archive.read(Scalar.self, count: nil, at: path + "/second\(index)"))
    }
  }
}

/// The first `count` numbers of a block in single precision, sixteen at a time.
private func sixteens(
  _ count: Int, _ m: UnsafeMutableRawPointer, _ s: UnsafeMutableRawPointer, _ w: UnsafeMutableRawPointer, _ g: UnsafeRawPointer,
  beta1: Float, beta2: Float, epsilon: Float, length: Float, scale: Float, kept: Float
) {
  for place in stride(from: 0, to: 4 * count, by: 64) {
    let gradient = unsafe g.loadUnaligned(fromByteOffset: place, as: SIMD16<Float>.self)
    let mean = unsafe beta1 * m.loadUnaligned(fromByteOffset: place, as: SIMD16<Float>.self) + (1 - beta1) * gradient
    let square = unsafe beta2 * s.loadUnaligned(fromByteOffset: place, as: SIMD16<Float>.self) + (1 - beta2) * gradient * gradient
    let weight = unsafe kept * w.loadUnaligned(fromByteOffset: place, as: SIMD16<Float>.self)
    unsafe m.storeBytes(of: mean, toByteOffset: place, as: SIMD16<Float>.self)
    unsafe s.storeBytes(of: square, toByteOffset: place, as: SIMD16<Float>.self)
    unsafe w.storeBytes(
      of: weight + length * mean / (sixteen_roots(square * scale) + epsilon), toByteOffset: place, as: SIMD16<Float>.self)
  }
}
