import Glibc
import LinearAlgebra
import Runtime
import Studies

/// What this machine can do on one core, measured now: the measure for every kernel.
enum ReferenceRates {
  /// The median over `repeats` of work per second of processor time, after one run that is not counted.
  static func median(repeats: Int, _ work: () throws -> Double) rethrows -> Double {
    _ = try work()
    var rates: [Double] = []
    for _ in 0..<max(1, repeats) {
      let start = Machine.processorTime
      let done = try work()
      rates.append(done / max(1e-9, Machine.processorTime - start))
    }
    return rates.sorted()[rates.count / 2]
  }

  /// Operations per second of a square single-precision product.
  static func sgemm(size: Int = 2048, repeats: Int) -> Double {
    let a = (0..<(size * size)).map { Float($0 % 17) - 8 }, b = (0..<(size * size)).map { Float($0 % 13) - 6 }
    var c = [Float](repeating: 0, count: size * size)
    return median(repeats: repeats) {
      Linear.multiply(a, b, rows: size, inner: size, columns: size, into: &c)
      return 2 * Double(size) * Double(size) * Double(size)
    }
  }
  /// Operations per second of a square double-precision product.
  static func dgemm(size: Int = 2048, repeats: Int) -> Double {
    let a = (0..<(size * size)).map { Double($0 % 17) - 8 }, b = (0..<(size * size)).map { Double($0 % 13) - 6 }
    var c = [Double](repeating: 0, count: size * size)
    return median(repeats: repeats) {
      Linear.multiply(a, b, rows: size, inner: size, columns: size, into: &c)
      return 2 * Double(size) * Double(size) * Double(size)
    }
  }
  /// Bytes read and written per second when 256 MB are copied.
  static func memory(repeats: Int) -> Double {
    let count = 1 << 25
    let source = [Double](repeating: 1.5, count: count)
    var target = [Double](repeating: 0, count: count)
    return median(repeats: repeats) {
      unsafe target.withUnsafeMutableBytes { target in
        unsafe source.withUnsafeBytes { source in
          guard let from = source.baseAddress, let to = target.baseAddress else { return }
          unsafe memcpy(to, from, source.count)
        }
      }
      return 2 * Double(count) * 8
    }
  }
  /// Spins that checkerboard Metropolis moves per second on a lattice of 4096 x 4096.
  static func flips() throws -> Double {
    let name = "checkerboard Metropolis, Ising 4096x4096, T = 2.5"
    guard let benchmark = BenchmarkCatalogue.all.first(where: { $0.name == name }) else {
      throw Failure(ExitStatus.internalFault, "there is no benchmark \"\(name)\"")
    }
    return try median(repeats: 3, try benchmark.prepare())
  }
  /// What plans count for such a spin: 116 operations for each of the 0.092 ns by which `lattice-sweep` reckons.
  static let operationsPerFlip = 116 * 0.092

  /// The rate that a benchmark is compared with.
  static func measure(_ reference: BenchmarkReference, repeats: Int) -> Double {
    switch reference {
    case .sgemm: sgemm(repeats: repeats)
    case .dgemm: dgemm(repeats: repeats)
    case .memory: memory(repeats: repeats)
    }
  }
}
