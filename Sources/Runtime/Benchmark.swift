/// What a benchmark's rate is compared with, measured in the same run on the same core.
public enum BenchmarkReference: String, Sendable, CaseIterable {
  /// Single-precision matrix product of 2048 x 2048 matrices, floating-point operations per second.
  case sgemm
  /// Double-precision matrix product, floating-point operations per second.
  case dgemm
  /// Copying memory far larger than the caches, bytes read plus written per second.
  case memory
}

/// One kernel's throughput: `renorm bench` runs it several times on one core and prints the median rate, in its own
/// unit and over this machine's reference rate.
public struct Benchmark: Sendable {
  /// Kernel and size, e.g. "checkerboard Metropolis, Ising 4096x4096, T = 2.5".
  public let name: String
  /// The unit of `work` in the table, e.g. "flips", "samples".
  public let unit: String
  /// How much of the reference's own work (operations, bytes) one unit stands for; nil where no ratio makes sense.
  public let reference: BenchmarkReference?
  public let referenceWorkPerUnit: Double
  /// Sets up outside the timing and returns a closure that does a bounded amount of work (some 0.2 to 1 s) and
  /// returns how many units it did.
  public let prepare: @Sendable () throws -> () throws -> Double
  /// The same work by a plain loop in C, in the same unit, measured in turn with the kernel.
  public let plainLoop: (@Sendable () throws -> () throws -> Double)?
  /// Where the kernel stands on a curve of cost against size: the curve's name, and the linear size with the bytes that the
  /// kernel then works on.
  public let place: (curve: String, size: Double, bytes: Double)?
  public init(
    _ name: String, unit: String, reference: BenchmarkReference?, referenceWorkPerUnit: Double = 0,
    place: (curve: String, size: Double, bytes: Double)? = nil, plainLoop: (@Sendable () throws -> () throws -> Double)? = nil,
    prepare: @escaping @Sendable () throws -> () throws -> Double
  ) {
    self.name = name
    self.unit = unit
    self.reference = reference
    self.referenceWorkPerUnit = referenceWorkPerUnit
    self.place = place
    self.plainLoop = plainLoop
    self.prepare = prepare
  }
}
