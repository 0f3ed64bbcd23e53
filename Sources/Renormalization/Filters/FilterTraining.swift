internal import Glibc
internal import LinearAlgebra
public import RandomStreams
public import Sampling

/// What a tied filter is trained for.
public enum FilterObjective: String, Sendable, CaseIterable {
  /// The likelihood of the spins under the Boltzmann machine exp(sum_j h_j theta_j), by contrastive divergence (one step).
  case contrastiveDivergence
  /// The smallest spread of ln X = H + sum_j ln 2cosh theta_j over the data, per site: at zero the machine's marginal law is the data's,
  /// and its coarse graining one in which every fine state has the same weight.
  case logXSpread
  /// The information that h has of the spins around its window, by a bound (`EnvironmentBound`).
  case environment
  /// The same by InfoNCE, through a network that reads the spins around (`BinaryCritic`).
  case neuralEnvironment
  /// One layer that tells two temperatures apart: the square of the mean of tanh theta, through a logistic unit.
  case phases
}

/// Training of a tied filter of 16 weights (or 4) by steps of Adam on batches, `count` steps of it at a time; how it is cut changes
/// nothing. The sign is free: filters are given the positive sum.
public struct FilterTraining: Sendable {
  /// Window, steps, configurations of a batch, step length.
  public let window: Int, steps: Int, batch: Int, rate: Double
  /// Everything but the data.
  public init(window: Int = 4, steps: Int = 1000, batch: Int = 64, rate: Double = 0.01) {
    precondition(steps > 0 && batch > 1 && rate > 0, "positive settings")
    self.window = window
    self.steps = steps
    self.batch = batch
    self.rate = rate
  }

  /// Weights of independent normal numbers with the deviation `scale`, oriented: the start of all trainings, and the random filter.
  public func random(scale: Double, from streams: KeyedStreams) -> [Double] {
    var draws = streams.series(replica: 0, step: 0, site: 0, purpose: .weights), weights: [Double] = []
    for _ in 0..<window * window { weights.append(scale * draws.normalPair().0) }
    return oriented(weights)
  }
  private func oriented(_ weights: [Double]) -> [Double] { weights.reduce(0, +) < 0 ? weights.map { -$0 } : weights }
  /// The filter that a training has come to.
  public func weights(_ progress: FilterProgress) -> [Double] { oriented(progress.values.first ?? []) }
  /// The filter of a whole training.
  public func trained<E: Error>(_ training: (inout FilterProgress) throws(E) -> Void) throws(E) -> [Double] {
    var progress = FilterProgress()
    try training(&progress)
    return weights(progress)
  }

  /// Weights by contrastive divergence from configurations of one lattice.
  public func contrastiveDivergence(
    _ data: Configurations, from streams: KeyedStreams, into progress: inout FilterProgress, steps count: Int = .max
  ) throws(CoarseGrainingError) {
    var windows = try FilterWindows(data.sites, window: window)
    progress.begin { [random(scale: 0.05, from: streams)] }
    let coarse = windows.count, size = window * window
    guard case .lattice(let shape) = data.sites else { throw .notALattice }
    let places = Self.places(shape, window: window)
    var model = Configurations(count: 1, sites: data.sites), fields = [Double](repeating: 0, count: data.sites.count)
    for step in progress.step..<min(steps, progress.step + min(count, steps)) {
      var gradient = [Double](repeating: 0, count: size)
      let weights = progress.values[0], half = HalfTables(weights)
      for sample in chosen(step, of: data.count, streams) {
        var draws = streams.series(replica: step, step: UInt64(sample), site: 0, purpose: .hidden)
        windows.read(data, sample)
        for i in fields.indices { fields[i] = 0 }
        for j in 0..<coarse {
          let state = Int(windows.states[j]), mean = tanh(half.theta(state))
          for k in 0..<size { gradient[k] += state >> k & 1 == 1 ? mean : -mean }
          let up = draws.accepts((1 + mean) / 2)
          for k in 0..<size { fields[places[j * size + k]] += up ? weights[k] : -weights[k] }
        }
        for i in fields.indices { model[0, i] = draws.accepts(1 / (1 + exp(-2 * fields[i]))) }
        windows.read(model, 0)
        for j in 0..<coarse {
          let state = Int(windows.states[j]), mean = tanh(half.theta(state))
          for k in 0..<size { gradient[k] -= state >> k & 1 == 1 ? mean : -mean }
        }
      }
      progress.take(rate: rate(at: step), along: ([gradient.map { $0 / Double(batch * coarse) }]))
    }
  }

  /// Weights that make ln X vary least; `energies` are H of each configuration (nats).
  public func logXSpread(
    _ data: Configurations, energies: [Double], from streams: KeyedStreams, into progress: inout FilterProgress, steps count: Int = .max
  ) throws(CoarseGrainingError) {
    precondition(energies.count == data.count, "an energy for each configuration")
    var windows = try FilterWindows(data.sites, window: window)
    progress.begin { [random(scale: 0.2, from: streams)] }
    let coarse = windows.count, size = window * window
    for step in progress.step..<min(steps, progress.step + min(count, steps)) {
      let half = HalfTables(progress.values[0])
      var logs: [Double] = [], slopes: [[Double]] = []
      for sample in chosen(step, of: data.count, streams) {
        windows.read(data, sample)
        var value = energies[sample], slope = [Double](repeating: 0, count: size)
        for j in 0..<coarse {
          let state = Int(windows.states[j]), theta = half.theta(state), mean = tanh(theta)
          value += abs(theta) + log1p(exp(-2 * abs(theta)))
          for k in 0..<size { slope[k] += state >> k & 1 == 1 ? mean : -mean }
        }
        logs.append(value)
        slopes.append(slope)
      }
      let mean = logs.reduce(0, +) / Double(batch)
      var gradient = [Double](repeating: 0, count: size)
      for (value, slope) in zip(logs, slopes) { for k in 0..<size { gradient[k] -= 2 * (value - mean) * slope[k] } }
      progress.take(rate: rate(at: step), along: ([gradient.map { $0 / Double(batch * data.sites.count) }]))
    }
  }

  /// The sites of the 2 x 2 block in the middle of the window.
  public var block: [Int] {
    let margin = (window - 2) / 2
    return [(0, 0), (0, 1), (1, 0), (1, 1)].map { (margin + $0.0) * window + margin + $0.1 }
  }
  /// 1 for the sites of the window that a filter reads, 0 for the others.
  func taken(_ sites: [Int]?) -> [Double] { (0..<window * window).map { k in sites?.contains(k) ?? true ? 1 : 0 } }

  /// Weights that know most of the environment; where `sites` of the window are named, the others' weights are zero.
  public func environment(
    _ data: EnvironmentSamples, reading sites: [Int]? = nil, from streams: KeyedStreams, into progress: inout FilterProgress,
    steps count: Int = .max
  ) {
    precondition(data.window == window, "samples of another window")
    let size = window * window, taken = taken(sites)
    progress.begin {
      [zip(random(scale: 0.1, from: streams), taken).map { $0 * $1 }, [Double](repeating: 0.01, count: data.width)]
    }
    for step in progress.step..<min(steps, progress.step + min(count, steps)) {
      let half = HalfTables(progress.values[0]), predictor = progress.values[1]
      var filterSlope = [Double](repeating: 0, count: size), predictorSlope = [Double](repeating: 0, count: data.width)
      var draws = streams.series(replica: step, step: 1, site: 0, purpose: .batch)
      for _ in 0..<16 * batch {
        let sample = draws.index(below: data.count), state = Int(data.windows[sample]), around = data.environments[sample]
        let theta = half.theta(state), g = data.field(around, predictor)
        let p = 1 / (1 + exp(-2 * theta)), error = 2 * p - 1 - tanh(g), pull = 4 * g * p * (1 - p)
        for k in 0..<size { filterSlope[k] += state >> k & 1 == 1 ? pull : -pull }
        for k in 0..<data.width { predictorSlope[k] += around >> UInt64(k) & 1 == 1 ? error : -error }
      }
      let scale = 1 / Double(16 * batch)
      progress.take(rate: rate(at: step), along: ([zip(filterSlope, taken).map { $0 * $1 * scale }, predictorSlope.map { $0 * scale }]))
    }
  }

  /// Weights of a layer that tells `ordered` from `disordered` configurations: p = sigma(a m^2 + c), m the mean of tanh theta.
  public func phases(
    ordered: Configurations, disordered: Configurations, from streams: KeyedStreams, into progress: inout FilterProgress,
    steps count: Int = .max
  ) throws(CoarseGrainingError) {
    precondition(ordered.count == disordered.count, "as many of both")
    var windows = try FilterWindows(ordered.sites, window: window)
    progress.begin { [random(scale: 0.1, from: streams), [4, -1]] }
    let coarse = windows.count, size = window * window
    for step in progress.step..<min(steps, progress.step + min(count, steps)) {
      let half = HalfTables(progress.values[0]), a = progress.values[1][0], c = progress.values[1][1]
      var slope = [Double](repeating: 0, count: size), outer = [0.0, 0]
      for (place, sample) in chosen(step, of: ordered.count, streams).enumerated() {
        windows.read(place % 2 == 0 ? ordered : disordered, sample)
        var m = 0.0, inner = [Double](repeating: 0, count: size)
        for j in 0..<coarse {
          let state = Int(windows.states[j]), mean = tanh(half.theta(state)), bend = 1 - mean * mean
          m += mean
          for k in 0..<size { inner[k] += state >> k & 1 == 1 ? bend : -bend }
        }
        m /= Double(coarse)
        let error = (place % 2 == 0 ? 1 : 0) - 1 / (1 + exp(-(a * m * m + c)))
        outer[0] += error * m * m
        outer[1] += error
        for k in 0..<size { slope[k] += error * a * 2 * m * inner[k] / Double(coarse) }
      }
      progress.take(rate: rate(at: step), along: ([slope.map { $0 / Double(batch) }, outer.map { $0 / Double(batch) }]))
    }
  }

  /// The last third of the steps is taken with lengths that fall to a tenth.
  func rate(at step: Int) -> Double {
    let late = max(0, Double(step) / Double(steps) - 2.0 / 3) * 3
    return rate * pow(0.1, late)
  }
  /// The samples of a batch.
  private func chosen(_ step: Int, of count: Int, _ streams: KeyedStreams) -> [Int] {
    var draws = streams.series(replica: step, step: 0, site: 0, purpose: .batch)
    return (0..<batch).map { _ in draws.index(below: count) }
  }
  /// The fine site of each place of each window.
  private static func places(_ shape: [Int], window: Int) -> [Int] {
    let margin = (window - 2) / 2
    return (0..<shape[0] * shape[1] / 4).flatMap { j in
      let y = 2 * (j / (shape[1] / 2)), x = 2 * (j % (shape[1] / 2))
      return (0..<window * window).map { k in
        (y + k / window - margin + shape[0]) % shape[0] * shape[1] + (x + k % window - margin + shape[1]) % shape[1]
      }
    }
  }
}
