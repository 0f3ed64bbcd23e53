import Statistics

/// The standard error of the mean of `terms`, in the order of their samples: with the integrated autocorrelation time (window
/// 6 tau) where that can be had and is above that of independent samples, as for independent ones otherwise. Nil below two terms.
func standardError(ofMean terms: [Double]) -> Double? {
  guard terms.count > 1 else { return nil }
  let independent = Moments(terms).standardError
  // Not finite terms have no error.
  do throws(SeriesError) {
    let correlated = try AutocorrelationTime(terms).mean.error
    return correlated > independent ? correlated : independent
  } catch { return nil }
}
