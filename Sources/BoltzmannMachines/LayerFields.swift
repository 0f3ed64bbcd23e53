import LinearAlgebra
import Sampling

/// The fields that one layer of 0/1 units feels from packed states of the other: x_rj = bias_j + sum_i bit(r, i) M_ij.
///
/// Single precision goes through `BinaryProduct`; other types add the rows of M at the set bits, in order. Each row is computed by itself either
/// way, so it does not depend on the others in its batch.
struct LayerFields<Scalar: DenseScalar>: Sendable {
  /// M, `[inputs, outputs]`, row-major.
  let matrix: [Scalar]
  let bias: [Scalar]
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
    let outputs = outputs, words = configurations.wordsPerConfiguration
    if let matrix = singlePrecision(matrix), let bias = singlePrecision(bias) {
      let fields = BinaryProduct.multiply(
        bits: configurations.words, rows: configurations.count, wordsPerRow: words, matrix: matrix, inner: inputs,
        columns: outputs, bias: bias)
      return unsafe unsafeBitCast(fields, to: [Scalar].self)
    }
    return unsafe [Scalar](unsafeUninitializedCapacity: configurations.count * outputs) { result, count in
      unsafe matrix.withUnsafeBufferPointer { matrix in
        for row in 0..<configurations.count {
          let out = unsafe result.baseAddress.unsafelyUnwrapped + row * outputs
          for j in 0..<outputs { unsafe (out + j).initialize(to: bias[j]) }
          for w in 0..<words {
            var bits = configurations.words[row * words + w]
            while bits != 0 {
              let base = (w * 64 + bits.trailingZeroBitCount) * outputs
              for j in 0..<outputs { unsafe out[j] += matrix[base + j] }
              bits &= bits - 1
            }
          }
        }
      }
      count = configurations.count * outputs
    }
  }
}

/// `array` itself where its elements are `Float`s, nil otherwise. A cast `as? [Float]` would look at every element.
func singlePrecision<Scalar>(_ array: [Scalar]) -> [Float]? {
  Scalar.self == Float.self ? unsafe unsafeBitCast(array, to: [Float].self) : nil
}
