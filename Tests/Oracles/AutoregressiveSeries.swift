/// A stationary AR(1) series x_0 = z_0, x_t = rho x_{t-1} + sqrt(1 - rho^2) z_t: variance 1, rho(t) = rho^t, and
/// tau_int = 1/2 + rho/(1 - rho) = (1 + rho)/(2 (1 - rho)).
public func autoregressiveSeries(correlation rho: Double, noise z: [Double]) -> [Double] {
  var series = z
  let scale = (1 - rho * rho).squareRoot()
  for t in series.indices.dropFirst() { series[t] = rho * series[t - 1] + scale * z[t] }
  return series
}

/// The exact integrated autocorrelation time of that series.
public func autoregressiveTime(correlation rho: Double) -> Double { (1 + rho) / (2 * (1 - rho)) }
