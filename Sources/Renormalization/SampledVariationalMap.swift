internal import Glibc
public import Statistics

/// The variational renormalization map of a large machine, from samples of the data law whose energies are known.
///
/// With ln X_i = H[v_i] - H_RBM[v_i] of samples v_i of P = e^(-H) / Z: F^h - F^v = -(ln Z_lambda - ln Z), estimated also
/// as -ln <X>_P; D_KL(P || p) = <ln P - ln p>_P = ln Z_lambda - ln Z - <ln X>_P. (The identity D_KL = ln <X> - <ln X>
/// is no estimator here: ln <X> hangs on the rarest samples, which `effectiveSampleSize` shows.)
///
/// Energy convention: H = -K sum s s' with no constant, and H_RBM[v] = -ln sum_h e^(-E) with the machine's own units (0/1
/// units: E = -(a·v + b·h + vWh) of 0/1 values), ln Z_lambda being of the same E. F^h - F^v and ln X move with these
/// constants; D_KL and the deviation of ln X do not. All in nats, for the whole lattice.
public struct SampledVariationalMap: Sendable, Equatable {
  /// F^h - F^v from the two log-partition functions; its error is that of ln Z_lambda.
  public let freeEnergyDifference: Estimate
  /// -ln of the sample mean of X, with its delta-method error, which is not to be believed at a small
  /// `effectiveSampleSize`; its bias is upwards.
  public let freeEnergyDifferenceOfX: Estimate
  /// (sum X)^2 / sum X^2.
  public let effectiveSampleSize: Double
  /// D_KL(P || p); its error joins that of <ln X> over blocks and that of ln Z_lambda in quadrature.
  public let kullbackLeibler: Estimate
  /// <ln X>_P with its error over blocks.
  public let meanLogX: Estimate
  /// The standard deviation of ln X under P with its error over blocks: 0 for an exact map.
  public let deviationOfLogX: Estimate

  /// - Parameters:
  ///   - energies: H[v_i] of each sample, chains one after another.
  ///   - machineEnergies: H_RBM[v_i], the machine's free energies of the same samples.
  ///   - logPartition: ln Z of the data law, exact.
  ///   - modelLogPartition: ln Z_lambda of the machine with its standard error.
  ///   - blocks: how many stretches of equal length the errors are taken over; at least 2 for an error.
  public init(
    energies: [Double], machineEnergies: [Double], logPartition: Double, modelLogPartition: Estimate, blocks: Int = 20
  ) {
    precondition(energies.count == machineEnergies.count && !energies.isEmpty, "one pair of energies for each sample")
    let logX = zip(energies, machineEnergies).map { $0 - $1 }
    let weights = LogWeights(logX)
    let difference = logPartition - modelLogPartition.value
    freeEnergyDifference = Estimate(value: difference, error: modelLogPartition.error)
    freeEnergyDifferenceOfX = Estimate(value: -weights.logMean, error: weights.standardError)
    effectiveSampleSize = weights.effectiveSampleSize

    // Sums about one fixed centre, so that the variance of large numbers loses nothing.
    let centre = logX[0], parts = SampleBlocks(samples: logX.count, blocks: min(blocks, logX.count))
    var sums = [(n: Double, first: Double, second: Double)](repeating: (0, 0, 0), count: parts.blocks)
    for (i, x) in logX.enumerated() {
      let d = x - centre, block = parts.block(of: i)
      sums[block].n += 1
      sums[block].first += d
      sums[block].second += d * d
    }
    let estimates = jackknife(blocks: parts.blocks) { left -> [Double] in
      var n = 0.0, first = 0.0, second = 0.0
      for (b, s) in sums.enumerated() where b != left {
        n += s.n
        first += s.first
        second += s.second
      }
      let mean = first / n
      return [centre + mean, max(0, second / n - mean * mean).squareRoot()]
    }
    meanLogX = estimates[0]
    deviationOfLogX = estimates[1]
    let e = estimates[0].error, z = modelLogPartition.error
    kullbackLeibler = Estimate(value: -difference - estimates[0].value, error: (e * e + z * z).squareRoot())
  }
}
