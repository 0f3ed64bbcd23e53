import Glibc
import GradientFlows
import KahlerGeometry
import Runtime
import Statistics

extension GradientFlowStudy {
  func recordGas(
    _ values: [Double], _ n: Int, _ beta: Double, _ before: SIMD3<Double>, _ noiseFree: (times: [Double], decay: [Double], rises: Int)?
  ) -> Recording {
    var recording = Recording()
    let at: [(name: String, value: ParameterValue)] = [("flow", .text("gas")), ("points", .integer(n)), ("beta", .real(beta))]
    func put(_ name: String, _ value: Observable) { recording.record(at: at, name, value) }
    let width = Self.decayPoints + 2, rows = values.count / width, norm = (before * before).sum()
    func column(_ k: Int) -> [Double] { (0..<rows).map { values[$0 * width + k] } }
    let steps = decaySteps(beta), rate = 2 * (1 + beta)
    let times = (1...Self.decayPoints).map { Double(($0 * steps + Self.decayPoints - 1) / Self.decayPoints) * length(beta) }
    let decay = (0..<Self.decayPoints).map { k in Estimate(meanOf: column(k).map { $0 / norm }) }
    put("times", Observable(values: times, unit: "t"))
    put("decay", Observable(values: decay.map(\.value), errors: decay.map(\.error)))
    put("decay_exact", Observable(values: times.map { exp(-rate * $0) }))
    recordRate((0..<Self.decayPoints).map { k in column(k).map { $0 / norm } }, decay, times, exact: rate, put)
    if let noiseFree {
      put("noise_free_times", Observable(values: noiseFree.times, unit: "t"))
      put("noise_free_decay", Observable(values: noiseFree.decay))
      let exact = noiseFree.times.map { exp(-2 * beta * $0) }
      put("noise_free_decay_exact", Observable(values: exact))
      put("noise_free_error", Observable(zip(noiseFree.decay, exact).map { abs($0 - $1) }.max() ?? 0))
      put("noise_free_rises", Observable(Double(noiseFree.rises)))
    }
    let slow = Estimate(meanOf: column(Self.decayPoints))
    put("scaled_variance", Observable(slow.value / 3, error: slow.error / 3))
    put("scaled_variance_exact", Observable(ExactSphereGas.momentum(beta: beta) / 3))
    put("scaled_variance_z", KahlerEinstein.pull(slow.value - ExactSphereGas.momentum(beta: beta), slow.error))
    put("accepted", Observable(column(Self.decayPoints + 1).reduce(0, +) / Double(rows)))
    return recording
  }

  /// The rate fitted to the whole decay, its error by leaving out copies, and the distance of the last point from the exact one.
  ///
  /// The fit is of ln(decay) = -rate t with the weights (mean/error)^2, over the points that stand out of their noise; all points of a
  /// copy share its noise, which the jackknife over copies knows.
  private func recordRate(
    _ columns: [[Double]], _ decay: [Estimate], _ times: [Double], exact: Double, _ put: (String, Observable) -> Void
  ) {
    let used = decay.indices.filter { decay[$0].value > 4 * decay[$0].error && decay[$0].error > 0 }, copies = columns[0].count
    let weights = decay.map { ($0.value / $0.error) * ($0.value / $0.error) }, sums = columns.map { $0.reduce(0, +) }
    let found = jackknife(blocks: copies) { left in
      var above = 0.0, below = 0.0
      for k in used {
        let mean = left.map { (sums[k] - columns[k][$0]) / Double(copies - 1) } ?? decay[k].value
        above -= weights[k] * times[k] * log(mean)
        below += weights[k] * times[k] * times[k]
      }
      return [above / below]
    }[0]
    let good = !used.isEmpty && found.value.isFinite && found.error.isFinite
    put(
      "rate",
      good
        ? Observable(found.value, error: found.error, unit: "1/t")
        : Observable(.nan, unit: "1/t", reason: "the decay has gone below its noise"))
    put("rate_exact", Observable(exact, unit: "1/t"))
    // Of the decay itself: its logarithm is no normal number where the error is large.
    let last = decay[decay.count - 1]
    put("decay_z", KahlerEinstein.pull(last.value - exp(-exact * times[times.count - 1]), last.error))
  }

  func recordNetwork(_ values: [Double], _ n: Int) -> Recording {
    var recording = Recording()
    let at: [(name: String, value: ParameterValue)] = [("flow", .text("network")), ("units", .integer(n))]
    func put(_ name: String, _ value: Observable) { recording.record(at: at, name, value) }
    let width = Self.networkWidth, rows = values.count / width
    func column(_ k: Int) -> [Double] { (0..<rows).map { values[$0 * width + k] } }
    let times = (1...Self.decayPoints).map { k in
      Double((k * networkDecaySteps + Self.decayPoints - 1) / Self.decayPoints) * networkStep
    }
    let decay = (0..<Self.decayPoints).map { k in Estimate(meanOf: column(k).map { $0 / 2 }) }
    // A step of length h multiplies the mean by 1 - h (1 + lambda).
    let rate = -log(abs(1 - networkStep * (1 + network.decay))) / networkStep
    put("times", Observable(values: times, unit: "t"))
    put("decay", Observable(values: decay.map(\.value), errors: decay.map(\.error)))
    put("decay_exact", Observable(values: times.map { exp(-rate * $0) }))
    recordRate((0..<Self.decayPoints).map { k in column(k).map { $0 / 2 } }, decay, times, exact: rate, put)
    let exact = network.stationary(units: n, temperature: temperature, stepSize: networkStep)
    let found = [("mean", 0, 1.0, exact.mean), ("scaled_variance", 1, Double(n), exact.scaledVariance), ("spread", 2, 1, exact.spread)]
    for (name, k, factor, value) in found {
      let estimate = Estimate(meanOf: column(Self.decayPoints + k).map { $0 * factor })
      put(name, Observable(estimate.value, error: estimate.error))
      put(name + "_exact", Observable(value))
      put(name + "_z", KahlerEinstein.pull(estimate.value - value, estimate.error))
    }
    return recording
  }
}
