internal import LinearAlgebra
internal import RandomStreams

/// One step of the tensor renormalization group.
///
/// Tensors of one sublattice are split between (u, l) and (r, d), those of the other between (u, r) and (l, d):
///
///     T = sum_a S1[u,l,a] S3[r,d,a] = sum_b S2[u,r,b] S4[l,d,b],   S = U sqrt(s).
///
/// Around a plaquette stand S3 at its upper left corner, S4 upper right, S1 lower right and S2 lower left; with w, x, y, z on
/// the upper, right, lower and left bond the new tensor, turned by 45 degrees, is
///
///     T'[u,l,r,d] = sum_{wxyz} S3[w,z,u] S2[z,y,l] S4[w,x,r] S1[x,y,d].
///
/// Both pairs are made with (y, w) outermost and their outer legs innermost, so that the last and dearest sum is one matrix
/// product (X^T Y, 2 chi^6 operations) whose result already has the order u, l, r, d.
enum SplitAndContract {
  /// The new tensor, and the larger of the two discarded weights.
  static func step(
    _ t: SquareTensor, _ bondDimension: Int, _ number: UInt64, _ streams: some Streams
  ) throws(DecompositionError) -> (SquareTensor, Double) {
    let (p, q) = (t.vertical, t.horizontal)
    var signs = streams.series(replica: 0, step: number, site: 0, purpose: .initial)
    let first = try TruncatedDecomposition(t.elements, rows: p * q, columns: q * p, keeping: bondDimension, from: &signs)
    // u, r, l, d: runs along d are copied.
    let exchanged = LegPermutation(dimensions: [p, q, q, p], order: [0, 2, 1, 3])(t.elements)
    signs = streams.series(replica: 0, step: number, site: 1, purpose: .initial)
    let second = try TruncatedDecomposition(exchanged, rows: p * q, columns: q * p, keeping: bondDimension, from: &signs)
    let (k1, k2) = (first.kept, second.kept)
    let s1 = scaled(first, left: true), s3 = scaled(first, left: false), s2 = scaled(second, left: true), s4 = scaled(second, left: false)

    // S3[(r,d),a] = [w, z, u] -> [z, w, u];  S4[(l,d),b] = [w, x, r] -> [x, w, r].
    let z = LegPermutation(dimensions: [q, p, k1], order: [1, 0, 2])(s3), x = LegPermutation(dimensions: [q, p, k2], order: [1, 0, 2])(s4)
    let upperLeft = pair(z, s2, inner: p, outerY: q, left: q * k1, right: k2)
    let lowerRight = pair(x, s1, inner: p, outerY: q, left: q * k2, right: k1)
    var elements = [Double](repeating: 0, count: k1 * k2 * k2 * k1)
    Linear.multiply(upperLeft, transposed: true, lowerRight, rows: k1 * k2, inner: q * q, columns: k2 * k1, into: &elements)
    let discarded = max(first.discardedWeight, second.discardedWeight)
    return (SquareTensor(vertical: k1, horizontal: k2, elements: elements), discarded)
  }

  /// For each y: `[(w, a), b] = sum_i A[i, (w, a)] B[i, y, b]`, with A: `[inner, left]`, B: `[inner, outerY, right]`.
  private static func pair(_ a: [Double], _ b: [Double], inner: Int, outerY: Int, left: Int, right: Int) -> [Double] {
    unsafe [Double](unsafeUninitializedCapacity: outerY * left * right) { output, count in
      count = outerY * left * right
      unsafe a.withUnsafeBufferPointer { a in
        unsafe b.withUnsafeBufferPointer { b in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = output.baseAddress else { return }
          for y in 0..<outerY {
            unsafe Linear.multiply(
              a, stride: left, transposed: true, b + y * right, stride: outerY * right, transposed: false, rows: left, inner: inner,
              columns: right, output: c + y * left * right, stride: right)
          }
        }
      }
    }
  }

  /// U sqrt(s) as `[rows, kept]`, or V sqrt(s) as `[columns, kept]`.
  private static func scaled(_ d: TruncatedDecomposition, left: Bool) -> [Double] {
    let k = d.kept, roots = d.values.map { $0.squareRoot() }
    var result = left ? d.left : Transpose.dense(d.right, rows: k, columns: d.right.count / k)
    for i in stride(from: 0, to: result.count, by: k) { for j in 0..<k { result[i + j] *= roots[j] } }
    return result
  }
}
