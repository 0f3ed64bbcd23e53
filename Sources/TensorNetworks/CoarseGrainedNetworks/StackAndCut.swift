internal import LinearAlgebra
internal import RandomStreams

/// One step of the higher-order tensor renormalization group: two equal tensors stacked, upper bond m = d of the one and u of
/// the other, and their double legs (l1, l2), (r1, r2) cut by one isometry V:
///
///     T'[u,L,R,d] = sum V[l1,l2,L] T[u,l1,r1,m] T[m,l2,r2,d] V[r1,r2,R].
///
/// V holds the leading eigenvectors of the Gram matrix of the left or of the right double leg, whichever discards less.
enum StackAndCut {
  static func step(
    _ t: SquareTensor, _ bondDimension: Int, _ number: UInt64, _ streams: some Streams
  ) throws(DecompositionError) -> (SquareTensor, Double) {
    let (p, q) = (t.vertical, t.horizontal), shape = [p, q, q, p]
    // The upper tensor with (l, m) or (r, m) outermost, the lower one with (m, l) or (m, r).
    let upperLeft = LegPermutation(dimensions: shape, order: [1, 3, 0, 2])(t.elements)
    let upperRight = LegPermutation(dimensions: shape, order: [2, 3, 0, 1])(t.elements)
    let lowerRight = LegPermutation(dimensions: shape, order: [0, 2, 1, 3])(t.elements)
    var signs = streams.series(replica: 0, step: number, site: 0, purpose: .initial)
    let left = try cut(gram(upperLeft, t.elements, p, q), q, bondDimension, &signs)
    signs = streams.series(replica: 0, step: number, site: 1, purpose: .initial)
    let right = try cut(gram(upperRight, lowerRight, p, q), q, bondDimension, &signs)
    let chosen = left.discardedWeight <= right.discardedWeight ? left : right
    return (contract(t, chosen.vectors, chosen.values.count), chosen.discardedWeight)
  }

  private static func cut(
    _ gram: [Double], _ q: Int, _ most: Int, _ signs: inout some RandomChoices
  ) throws(DecompositionError) -> LeadingEigenvectors {
    try LeadingEigenvectors(gram, order: q * q, keeping: most, from: &signs)
  }

  /// G[(l1,l2),(l1',l2')] = sum_{m,m'} A[l1,m,l1',m'] B[m,l2,m',l2'], where A and B are the Gram matrices of the upper tensor
  /// `[(l, m), ...]` and of the lower one `[(m, l), ...]`.
  private static func gram(_ upper: [Double], _ lower: [Double], _ p: Int, _ q: Int) -> [Double] {
    let side = p * q
    func square(_ t: [Double]) -> [Double] {
      unsafe [Double](unsafeUninitializedCapacity: side * side) { output, count in
        count = side * side
        unsafe t.withUnsafeBufferPointer {
          if let t = $0.baseAddress, let c = output.baseAddress { unsafe Linear.gram(t, rows: side, inner: side, output: c) }
        }
      }
    }
    let a = LegPermutation(dimensions: [q, p, q, p], order: [0, 2, 1, 3])(square(upper))
    let b = LegPermutation(dimensions: [p, q, p, q], order: [0, 2, 1, 3])(square(lower))
    var product = [Double](repeating: 0, count: q * q * q * q)
    Linear.multiply(a, b, rows: q * q, inner: p * p, columns: q * q, into: &product)
    return LegPermutation(dimensions: [q, q, q, q], order: [0, 2, 1, 3])(product)
  }

  /// For each u: X = V^T T_u, `[l2, L, r1, m]`; brought into `[(L, r1), (l2, m)]`; times the lower tensor `[(l2, m), (r2, d)]`
  /// (2 chi^6 operations for each u, the dearest product); and V^T over (r1, r2) for each L. The memory is that of chi^4
  /// elements, which for chi up to 24 stay in the caches.
  private static func contract(_ t: SquareTensor, _ v: [Double], _ k: Int) -> SquareTensor {
    let (p, q) = (t.vertical, t.horizontal), side = q * p
    let lower = LegPermutation(dimensions: [p, q, q, p], order: [1, 0, 2, 3])(t.elements)
    let reorder = LegPermutation(dimensions: [q, k, q, p], order: [1, 2, 0, 3])
    var x = [Double](repeating: 0, count: q * k * side), moved = x, y = [Double](repeating: 0, count: k * q * side)
    var elements = [Double](repeating: 0, count: p * k * k * p)
    unsafe elements.withUnsafeMutableBufferPointer { elements in
      unsafe x.withUnsafeMutableBufferPointer { x in
        unsafe moved.withUnsafeMutableBufferPointer { moved in
          unsafe y.withUnsafeMutableBufferPointer { y in
            unsafe t.elements.withUnsafeBufferPointer { t in
              unsafe lower.withUnsafeBufferPointer { lower in
                unsafe v.withUnsafeBufferPointer { v in
                  guard let c = elements.baseAddress, let x = x.baseAddress, let moved = moved.baseAddress, let y = y.baseAddress,
                    let t = t.baseAddress, let lower = lower.baseAddress, let v = v.baseAddress
                  else { return }
                  for u in 0..<p {
                    unsafe Linear.multiply(
                      v, transposed: true, t + u * q * side, rows: q * k, inner: q, columns: side, output: x)
                    unsafe reorder(x, moved)
                    unsafe Linear.multiply(moved, lower, rows: k * q, inner: side, columns: side, output: y)
                    for l in 0..<k {
                      unsafe Linear.multiply(
                        v, transposed: true, y + l * q * side, rows: k, inner: q * q, columns: p, output: c + (u * k + l) * k * p)
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
    return SquareTensor(vertical: p, horizontal: k, elements: elements)
  }
}
