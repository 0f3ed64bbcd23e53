import Glibc

/// The mixture of sampled laws, sum_k n_k e^(f_k - K_k E), and the free energies that normalise each of them.
struct Mixture {
  let pool: EnergyPool, couplings: [Double], sizes: [Double]

  /// Thermodynamic integration by the trapezoid rule over the states' mean energies: df = <E> dK.
  static func firstGuess(_ states: [SampledState]) -> [Double] {
    let means = states.map { state in
      zip(state.sums.energies, state.sums.counts).reduce(0) { $0 + $1.0 * Double($1.1) } / Double(state.sums.total)
    }
    let order = states.indices.sorted { states[$0].coupling < states[$1].coupling }
    var free = [Double](repeating: 0, count: states.count)
    for (a, b) in zip(order, order.dropFirst()) {
      free[b] = free[a] + (states[b].coupling - states[a].coupling) * (means[a] + means[b]) / 2
    }
    return free.map { $0 - free[0] }
  }

  /// ln sum_k n_k e^(f_k - K_k E) at each pooled energy.
  func logDensities(_ free: [Double]) -> [Double] {
    let offsets = couplings.indices.map { log(sizes[$0]) + free[$0] }
    return pool.energies.map { energy in
      var largest = -Double.infinity
      for k in offsets.indices { largest = max(largest, offsets[k] - couplings[k] * energy) }
      var sum = 0.0
      for k in offsets.indices { sum += exp(offsets[k] - couplings[k] * energy - largest) }
      return largest + log(sum)
    }
  }

  /// One fixed-point step.
  private func fixedPoint(_ free: [Double]) -> [Double] {
    let densities = logDensities(free)
    let next = couplings.map { coupling in
      let logs = pool.energies.indices.map { pool.logCounts[$0] - densities[$0] - coupling * pool.energies[$0] }
      let largest = logs.reduce(-.infinity, max)
      return -(largest + log(logs.reduce(0) { $0 + exp($1 - largest) }))
    }
    return next.map { $0 - next[0] }
  }

  /// The convex function sum_n w_n ln(density_n) - sum_k n_k f_k whose minimum is sought.
  private func potential(_ free: [Double]) -> Double {
    let densities = logDensities(free)
    var sum = 0.0
    for i in densities.indices { sum += pool.counts[i] * densities[i] }
    for k in free.indices { sum -= sizes[k] * free[k] }
    return sum
  }

  /// The Newton step for f_1 ... (f_0 stays 0), or nil where the curvature is not positive definite.
  private func newtonStep(_ free: [Double]) -> [Double]? {
    let n = free.count, densities = logDensities(free)
    var gradient = sizes.map { -$0 }, hessian = [Double](repeating: 0, count: n * n)
    var shares = [Double](repeating: 0, count: n)
    for i in densities.indices {
      for k in 0..<n { shares[k] = sizes[k] * exp(free[k] - couplings[k] * pool.energies[i] - densities[i]) }
      for k in 0..<n {
        let weighted = pool.counts[i] * shares[k]
        gradient[k] += weighted
        hessian[k * n + k] += weighted
        for l in 0...k { hessian[k * n + l] -= weighted * shares[l] }
      }
    }
    let m = n - 1
    var reduced = [Double](repeating: 0, count: m * m)
    for k in 0..<m { for l in 0...k { reduced[k * m + l] = hessian[(k + 1) * n + l + 1] } }
    guard let factor = Cholesky(reduced, size: m) else { return nil }
    return [0] + factor.solve(gradient[1...].map { -$0 })
  }

  /// The free energies: three fixed-point steps, then Newton steps, each kept only where it lowers the potential and
  /// replaced by a fixed-point step where not.
  func solve(from guess: [Double]) throws(ReweightingError) -> [Double] {
    precondition(guess.count == couplings.count, "a guess for each state")
    guard couplings.count > 1 else { return [0] }
    var free = guess.map { $0 - guess[0] }
    for _ in 0..<3 { free = fixedPoint(free) }
    var height = potential(free), change = Double.infinity
    for _ in 0..<2000 {
      var next = fixedPoint(free), isNewton = false
      if let step = newtonStep(free) {
        let trial = zip(free, step).map { $0 + $1 }
        // Near the minimum the potential no longer resolves a step; a small one is taken as it is.
        let small = step.allSatisfy { abs($0) < 1e-4 }
        if small || potential(trial) <= height { (next, isNewton) = (trial, true) }
      }
      change = zip(free, next).reduce(0) { max($0, abs($1.0 - $1.1)) }
      free = next
      guard change.isFinite else { break }
      // A fixed-point step may be small long before its end.
      if change < 1e-10 && isNewton { return free }
      height = potential(free)
    }
    throw .notConverged(change: change)
  }
}
