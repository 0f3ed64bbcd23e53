import Glibc

/// Sums over the pairs inside chains, C(t) = sum_i x_i x_{i+t}, of chains whose mean is taken off already.
///
/// The first lags are summed directly. Where more are asked for, all of them come at once from the power spectrum
/// (Wiener-Khinchin), padded with zeros so that nothing wraps around: cost N log N instead of N for each lag, error some
/// 1e-15 C(0). So the cost is bounded however long the window grows.
struct Autocovariance {
  private let chains: [[Double]]
  private var all: [Double] = []
  /// Lags that are summed directly.
  static let direct = 64

  init(_ chains: [[Double]]) { self.chains = chains }

  /// C(lag), lag >= 0.
  mutating func sum(lag: Int) -> Double {
    if lag < Self.direct { return directSum(lag) }
    if all.isEmpty { all = transformed() }
    return lag < all.count ? all[lag] : 0
  }

  /// Four running sums, so the order is fixed and the adds overlap.
  private func directSum(_ lag: Int) -> Double {
    var total = 0.0
    for x in chains where x.count > lag {
      var sums = SIMD4<Double>.zero
      let pairs = x.count - lag
      var i = 0
      while i + 4 <= pairs {
        let now = SIMD4<Double>(x[i], x[i + 1], x[i + 2], x[i + 3])
        let j = i + lag
        let later = SIMD4<Double>(x[j], x[j + 1], x[j + 2], x[j + 3])
        sums += now * later
        i += 4
      }
      var rest = 0.0
      while i < pairs {
        rest += x[i] * x[i + lag]
        i += 1
      }
      total += (sums.x + sums.y) + (sums.z + sums.w) + rest
    }
    return total
  }

  /// C at all lags. Two chains make one complex series, the real part of whose covariance is the sum of theirs.
  private func transformed() -> [Double] {
    let longest = chains.reduce(0) { max($0, $1.count) }
    var length = 1
    while length < 2 * longest { length *= 2 }
    let transform = FourierTransform(length: length)
    var power = [Double](repeating: 0, count: length)
    for first in stride(from: 0, to: chains.count, by: 2) {
      let a = chains[first], b = first + 1 < chains.count ? chains[first + 1] : []
      let padding = { (x: [Double]) in x + [Double](repeating: 0, count: length - x.count) }
      var real = padding(a), imaginary = padding(b)
      transform.apply(&real, &imaginary)
      for k in 0..<length { power[k] += real[k] * real[k] + imaginary[k] * imaginary[k] }
    }
    var imaginary = [Double](repeating: 0, count: length)
    // Of a real and even sum the forward transform is the inverse one, times the length.
    for k in 1..<length where k < length - k {
      let mean = (power[k] + power[length - k]) / 2
      power[k] = mean
      power[length - k] = mean
    }
    transform.apply(&power, &imaginary)
    return power[..<longest].map { $0 / Double(length) }
  }
}

/// X_k = sum_j x_j exp(-2 pi i j k / n) in place, n a power of two: radix two, decimation in time. Cost n log2 n; relative
/// error some 1e-16 log2 n (the table of roots is computed root by root, not by recursion).
struct FourierTransform {
  let length: Int
  private let cosines: [Double], sines: [Double]

  init(length: Int) {
    precondition(length > 0 && length & (length - 1) == 0, "a power of two")
    self.length = length
    cosines = (0..<max(1, length / 2)).map { cos(2 * Double.pi * Double($0) / Double(length)) }
    sines = (0..<max(1, length / 2)).map { -sin(2 * Double.pi * Double($0) / Double(length)) }
  }

  func apply(_ real: inout [Double], _ imaginary: inout [Double]) {
    precondition(real.count == length && imaginary.count == length, "the transform has another length")
    var reversed = 0
    for i in 1..<max(1, length) {
      var bit = length >> 1
      while reversed & bit != 0 {
        reversed ^= bit
        bit >>= 1
      }
      reversed |= bit
      if i < reversed {
        real.swapAt(i, reversed)
        imaginary.swapAt(i, reversed)
      }
    }
    var half = 1
    while half < length {
      let step = length / (2 * half)
      for start in stride(from: 0, to: length, by: 2 * half) {
        for j in 0..<half {
          let (c, s) = (cosines[j * step], sines[j * step]), low = start + j, high = low + half
          let x = real[high] * c - imaginary[high] * s, y = real[high] * s + imaginary[high] * c
          (real[high], imaginary[high]) = (real[low] - x, imaginary[low] - y)
          (real[low], imaginary[low]) = (real[low] + x, imaginary[low] + y)
        }
      }
      half *= 2
    }
  }
}
