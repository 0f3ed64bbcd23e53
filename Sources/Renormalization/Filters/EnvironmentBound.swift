internal import Glibc
internal import GradientFlows
public import Sampling
public import Statistics

/// Windows of a critical lattice with the spins around them: what the information of a coarse spin about its surroundings is measured
/// on. The environment is one or two square rings of spins about the window, `buffer` sites away from it.
public struct EnvironmentSamples: Sendable {
  /// The edge of the windows and the number of spins around each.
  public let window: Int, width: Int
  /// Bit k of a window is its site k; bit k of an environment its spin k.
  public private(set) var windows: [UInt16] = [], environments: [UInt64] = []
  /// How many windows each configuration gave.
  public let perConfiguration: Int
  public var count: Int { windows.count }

  /// The windows at every `stride`-th coarse site of each configuration, with `rings` rings beyond `buffer` sites; at most 64
  /// spins.
  public init(_ data: Configurations, window: Int, buffer: Int = 1, rings: Int = 2, stride step: Int = 7) throws(CoarseGrainingError) {
    guard case .lattice(let shape) = data.sites, shape.count == 2 else { throw .notALattice }
    for size in shape where size % 2 != 0 { throw .incommensurate(size: size, block: 2) }
    let margin = (window - 2) / 2, width = shape[1] / 2
    let corners = Swift.stride(from: 0, to: shape[0] / 2 * width, by: step).map { j in
      (row: 2 * (j / width) - margin, column: 2 * (j % width) - margin)
    }
    try self.init(data, window: window, buffer: buffer, rings: rings, corners: corners)
  }

  /// The windows whose first sites are `corners`, place by place of each configuration.
  public init(
    _ data: Configurations, window: Int, buffer: Int = 1, rings: Int = 2, corners: [(row: Int, column: Int)]
  ) throws(CoarseGrainingError) {
    guard case .lattice(let shape) = data.sites, shape.count == 2 else { throw .notALattice }
    precondition(window == 2 || window == 4, "windows of 2 x 2 or 4 x 4 sites")
    self.window = window
    let reach = buffer + rings, edge = window + 2 * reach
    guard min(shape[0], shape[1]) >= edge else { throw .sizeMismatch(expected: edge, found: min(shape[0], shape[1])) }
    let inner = -buffer..<window + buffer
    var offsets: [(row: Int, column: Int)] = []
    for y in -reach..<window + reach {
      for x in -reach..<window + reach where !(inner.contains(y) && inner.contains(x)) { offsets.append((y, x)) }
    }
    width = offsets.count
    precondition(width <= 64, "an environment of one word")
    perConfiguration = corners.count
    func sites(_ corner: (row: Int, column: Int), _ offsets: [(row: Int, column: Int)]) -> [Int] {
      offsets.map { offset in
        let y = corner.row + offset.row + 2 * shape[0], x = corner.column + offset.column + 2 * shape[1]
        return y % shape[0] * shape[1] + x % shape[1]
      }
    }
    let own = (0..<window * window).map { (row: $0 / window, column: $0 % window) }
    let places = corners.map { (window: sites($0, own), around: sites($0, offsets)) }
    for sample in 0..<data.count {
      for place in places {
        var state: UInt16 = 0, around: UInt64 = 0
        for (k, site) in place.window.enumerated() where data[sample, site] { state |= 1 << UInt16(k) }
        for (k, site) in place.around.enumerated() where data[sample, site] { around |= 1 << UInt64(k) }
        windows.append(state)
        environments.append(around)
      }
    }
  }

  /// Blocks of the ring in place of windows (`RingBlock.samples`): bit k of a window is the block's spin k, the others are not set.
  init(ringBlocks windows: [UInt16], environments: [UInt64], width: Int) {
    window = 2
    self.width = width
    perConfiguration = 1
    self.windows = windows
    self.environments = environments
  }

  /// sum_k a_k e_k of an environment.
  @inline(__always) func field(_ around: UInt64, _ weights: [Double]) -> Double {
    var sum = 0.0
    for k in 0..<width { sum += around &>> UInt64(k) & 1 == 1 ? weights[k] : -weights[k] }
    return sum
  }
}

/// A lower bound of I(h : E): H(h) + <ln q(h | E)>, with q(h | E) = 1 / (1 + e^(-2 h g)), g linear in the spins of E, fitted to one half of
/// the samples and valued on the other (Barber and Agakov 2003). The average over h is taken in closed form.
public enum EnvironmentBound {
  /// The bound for a law p(h = +1 | window) of a spin that is up as often as down, in nats, with its error over stretches of the second
  /// half.
  public static func value(
    of probability: (Int) -> Double, _ fit: EnvironmentSamples, _ test: EnvironmentSamples, steps: Int = 400, blocks: Int = 20
  ) -> Estimate {
    precondition(fit.window == test.window, "samples of one kind")
    let law = (0..<1 << (fit.window * fit.window)).map(probability)
    func up(_ samples: EnvironmentSamples) -> [Double] { samples.windows.map { law[Int($0)] } }
    return value(up: up(fit), fit, up: up(test), test, units: nil, steps: steps, blocks: blocks)
  }

  /// The bound for coarse spins that are up with the probabilities `up` of each sample. `units`: how many spins the samples are of, in
  /// turn, each with an entropy of its own, from the second half; the bound is of the mean of their informations. Nil: one spin, up as
  /// often as down, whose entropy is ln 2.
  public static func value(
    up fitUp: [Double], _ fit: EnvironmentSamples, up testUp: [Double], _ test: EnvironmentSamples, units: Int?, steps: Int = 400,
    blocks: Int = 20
  ) -> Estimate {
    precondition(fit.width == test.width && fitUp.count == fit.count && testUp.count == test.count, "samples of one kind")
    // Plain ascent of a concave function, with Adam's step lengths, over all samples in batches in their order.
    var point = FilterPoint([[Double](repeating: 0.01, count: fit.width)]), rule = Adam<Double>(rate: 0.02)
    let batch = min(fit.count, 4096), batches = fit.count / batch
    for step in 0..<steps {
      var slope = [Double](repeating: 0, count: fit.width)
      let first = step % batches * batch
      for sample in first..<first + batch {
        let around = fit.environments[sample], g = fit.field(around, point.values[0])
        let error = 2 * fitUp[sample] - 1 - tanh(g)
        for k in 0..<fit.width { slope[k] += around &>> UInt64(k) & 1 == 1 ? error : -error }
      }
      rule.rate = 0.02 * pow(0.02, Double(step) / Double(steps))
      rule.step(&point, along: FilterPoint([slope.map { $0 / Double(batch) }]))
    }
    let parts = SampleBlocks(samples: test.count, blocks: min(blocks, test.count))
    let kinds = units ?? 0
    var sums = [(n: Double, value: Double)](repeating: (0, 0), count: parts.blocks)
    // [block, unit]: how often each was there, and up.
    var counts = [(n: Double, up: Double)](repeating: (0, 0), count: parts.blocks * kinds)
    for sample in 0..<test.count {
      let g = test.field(test.environments[sample], point.values[0]), p = testUp[sample]
      // ln q of either sign.
      let up = -log1p(exp(-2 * abs(g))) - (g < 0 ? 2 * abs(g) : 0), down = -log1p(exp(-2 * abs(g))) - (g > 0 ? 2 * abs(g) : 0)
      let block = parts.block(of: sample)
      sums[block].n += 1
      sums[block].value += p * up + (1 - p) * down
      if let units {
        counts[block * kinds + sample % units].n += 1
        counts[block * kinds + sample % units].up += p
      }
    }
    return jackknife(blocks: parts.blocks) { left in
      var n = 0.0, value = 0.0
      for (b, sum) in sums.enumerated() where b != left { (n, value) = (n + sum.n, value + sum.value) }
      var entropy: Double = units == nil ? log(2.0) : 0
      for unit in 0..<kinds {
        var n = 0.0, up = 0.0
        for b in 0..<parts.blocks where b != left { (n, up) = (n + counts[b * kinds + unit].n, up + counts[b * kinds + unit].up) }
        for q in [up / n, 1 - up / n] where q > 0 { entropy -= q * log(q) / Double(kinds) }
      }
      return [entropy + value / n]
    }[0]
  }
}
