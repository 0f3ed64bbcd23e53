import Glibc

/// The weight |f_k|^2 / N of a field's lowest Fourier modes, f_k = sum_x f_x exp(i k x), k = 2 pi / L along one axis: with
/// f the order parameter its mean is the structure factor S(k_1) of the second-moment correlation length
/// xi = sqrt(S(0) / S(k_1) - 1) / (2 sin(pi / L)).
public struct LowestModes: Sendable {
  /// cos and sin of 2 pi j / L by axis.
  @usableFromInline let cosines: [[Double]], sines: [[Double]]
  @usableFromInline let extents: [Int], sites: Double

  /// Modes of a lattice of this shape, row-major.
  public init(shape extents: [Int]) {
    self.extents = extents
    sites = Double(extents.reduce(1, *))
    cosines = extents.map { extent in (0..<extent).map { cos(2 * Double.pi * Double($0) / Double(extent)) } }
    sines = extents.map { extent in (0..<extent).map { sin(2 * Double.pi * Double($0) / Double(extent)) } }
  }

  /// |f_k|^2 / N along `axis`, from the sums of f over the planes across it, `[extent]`.
  public func weight(planeSums sums: [Double], axis: Int) -> Double {
    precondition(sums.count == extents[axis], "a sum for each plane")
    var real = 0.0, imaginary = 0.0
    for j in sums.indices {
      real += cosines[axis][j] * sums[j]
      imaginary += sines[axis][j] * sums[j]
    }
    return (real * real + imaginary * imaginary) / sites
  }

  /// The mean over all axes of |f_k|^2 / N, f given by its values in the order of sites. Cost d N.
  @inlinable public func weight<Value>(_ values: [Value], _ field: (Value) -> Double) -> Double {
    precondition(values.count == Int(sites), "values do not fit the lattice")
    var total = 0.0, stride = values.count
    for axis in extents.indices {
      let extent = extents[axis]
      stride /= extent
      var sums = [Double](repeating: 0, count: extent)
      for start in Swift.stride(from: 0, to: values.count, by: stride * extent) {
        for j in 0..<extent {
          var sum = 0.0
          for site in start + j * stride..<start + (j + 1) * stride { sum += field(values[site]) }
          sums[j] += sum
        }
      }
      total += weight(planeSums: sums, axis: axis)
    }
    return total / Double(extents.count)
  }

  /// The mean over both axes of |s_k|^2 / N for Ising spins on a square lattice.
  public func weight(_ spins: some IsingSpins, of model: IsingModel) -> Double {
    let sums = spins.planeSums(of: model)
    return (weight(planeSums: sums.rows, axis: 0) + weight(planeSums: sums.columns, axis: 1)) / 2
  }
}
