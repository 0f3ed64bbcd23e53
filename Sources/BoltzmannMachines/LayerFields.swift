import LinearAlgebra
import Sampling

/// The fields that one layer feels from packed bits of the other: x_rj = bias_j + sum_i bit(r, i) M_ij.
///
/// Single precision goes through `BinaryProduct`; other types add the rows of M at the set bits, in order. Each row is
/// computed by itself either way, so it does not depend on the others in its batch.
struct LayerFields<Scalar: DenseScalar>: Sendable {
  /// M, `[inputs, outputs]`, row-major.
  var matrix: [Scalar]
  /// One for each output.
  var bias: [Scalar]
  /// How many units give the field.
  let inputs: Int

  init(_ matrix: [Scalar], inputs: Int, bias: [Scalar]) {
    precondition(matrix.count == inputs * bias.count, "the matrix does not fit")
    self.matrix = matrix
    self.bias = bias
    self.inputs = inputs
  }

  /// How many units feel the field.
  var outputs: Int { bias.count }

  /// The fields of all configurations, `[count, outputs]`, row-major.
  func callAsFunction(_ configurations: Configurations) -> [Scalar] {
    precondition(configurations.sites.count == inputs, "configurations of \(configurations.sites.count) units for a layer of \(inputs)")
    return unsafe [Scalar](unsafeUninitializedCapacity: configurations.count * outputs) { result, count in
      unsafe configurations.words.withUnsafeBufferPointer { words in
        guard let words = words.baseAddress, let result = result.baseAddress else { return }
        unsafe self(words, rows: configurations.count, wordsPerRow: configurations.wordsPerConfiguration, into: result)
      }
      count = configurations.count * outputs
    }
  }

  /// The same on memory of the caller's: `fields: [rows, outputs]` may be uninitialised.
  func callAsFunction(_ bits: UnsafePointer<UInt64>, rows: Int, wordsPerRow: Int, into fields: UnsafeMutablePointer<Scalar>) {
    precondition(matrix.count == inputs * outputs, "the matrix has been let go")
    unsafe matrix.withUnsafeBufferPointer { matrix in
      unsafe bias.withUnsafeBufferPointer { bias in
        guard let matrix = matrix.baseAddress, let bias = bias.baseAddress else { return }
        if Scalar.self == Float.self {
          unsafe BinaryProduct.multiply(
            bits: bits, rows: rows, wordsPerRow: wordsPerRow, matrix: UnsafeRawPointer(matrix).assumingMemoryBound(to: Float.self),
            inner: inputs, columns: outputs, bias: UnsafeRawPointer(bias).assumingMemoryBound(to: Float.self),
            into: UnsafeMutableRawPointer(fields).assumingMemoryBound(to: Float.self))
        } else {
          for row in 0..<rows {
            unsafe addRows(bits + row * wordsPerRow, words: wordsPerRow, of: matrix, to: bias, into: fields + row * outputs)
          }
        }
      }
    }
  }

  /// `start` plus the rows of the matrix at the set bits.
  private func addRows(
    _ bits: UnsafePointer<UInt64>, words: Int, of matrix: UnsafePointer<Scalar>, to start: UnsafePointer<Scalar>,
    into sums: UnsafeMutablePointer<Scalar>
  ) {
    let outputs = outputs
    unsafe sums.initialize(from: start, count: outputs)
    for w in 0..<words {
      var word = unsafe bits[w]
      while word != 0 {
        let row = unsafe matrix + (w * 64 + word.trailingZeroBitCount) * outputs
        for j in 0..<outputs { unsafe sums[j] += row[j] }
        word &= word - 1
      }
    }
  }
}
