import BoltzmannMachines
import Glibc
import GradientFlows
import MessagePassing
import RandomStreams
import Sampling
import Testing

@Suite struct DeepBoltzmannTests {
  static let visible = 4, first = 3, second = 2

  func machine(scale: Double = 3) -> DeepBoltzmannMachine<Double> {
    DeepBoltzmannMachine(visible: Self.visible, joint: randomMachine(Self.visible + Self.second, Self.first, scale: scale, seed: 7))
  }

  /// -E(v, g, h) by its definition, with layers given by the bits of their numbers.
  func negativeEnergy(_ machine: DeepBoltzmannMachine<Double>, _ v: Int, _ g: Int, _ h: Int) -> Double {
    func bit(_ number: Int, _ i: Int) -> Double { Double(number >> i & 1) }
    let joint = machine.joint
    var sum = 0.0
    for i in 0..<Self.visible {
      sum += bit(v, i) * joint.visibleBias[i]
      for j in 0..<Self.first { sum += bit(v, i) * joint.weights[i * Self.first + j] * bit(g, j) }
    }
    for j in 0..<Self.first { sum += bit(g, j) * joint.hiddenBias[j] }
    for k in 0..<Self.second {
      sum += bit(h, k) * joint.visibleBias[Self.visible + k]
      for j in 0..<Self.first { sum += bit(h, k) * joint.weights[(Self.visible + k) * Self.first + j] * bit(g, j) }
    }
    return sum
  }

  @Test("The bound lies below ln p(v) by the divergence of the mean field from p(g, h | v), and ln p(v) is what enumeration gives")
  func bound() throws {
    let machine = machine(), all = allConfigurations(Self.visible), logPartition = try machine.joint.exactLogPartition()
    let exact = try machine.exactLogLikelihood(of: all, logPartition: logPartition)
    #expect(abs(exact.reduce(0) { $0 + exp($1) } - 1) < 1e-12)
    for sweeps in [1, 3, 50] {
      let bound = machine.lowerBound(of: all, logPartition: logPartition, sweeps: sweeps)
      let field = machine.meanField(of: all, sweeps: sweeps)
      for v in 0..<all.count {
        var sum = 0.0, states: [(energy: Double, logField: Double)] = []
        for g in 0..<1 << Self.first {
          for h in 0..<1 << Self.second {
            func factor(_ mean: Double, _ isOn: Bool) -> Double { log(isOn ? mean : 1 - mean) }
            var logField = 0.0
            for j in 0..<Self.first { logField += factor(field.first[v * Self.first + j], g >> j & 1 == 1) }
            for k in 0..<Self.second { logField += factor(field.second[v * Self.second + k], h >> k & 1 == 1) }
            let energy = negativeEnergy(machine, v, g, h)
            sum += exp(energy)
            states.append((energy, logField))
          }
        }
        #expect(abs(log(sum) - logPartition - exact[v]) < 1e-12)
        let divergence = states.reduce(0) { $0 + exp($1.logField) * ($1.logField - $1.energy + log(sum)) }
        #expect(divergence > 0 && abs(exact[v] - bound[v] - divergence) < 1e-11)
      }
    }
  }

  @Test("Every sweep of the mean field raises the bound; without the upper weights it is ln p(v) itself") func sweeps() throws {
    var machine = machine(scale: 8)
    let all = allConfigurations(Self.visible)
    var before = machine.lowerBound(of: all, logPartition: 0, sweeps: 1)
    for sweeps in 2...20 {
      let after = machine.lowerBound(of: all, logPartition: 0, sweeps: sweeps)
      for (a, b) in zip(after, before) { #expect(a >= b - 1e-12) }
      before = after
    }
    var joint = machine.joint
    for k in Self.visible * Self.first..<joint.weights.count { joint.weights[k] = 0 }
    machine = DeepBoltzmannMachine(visible: Self.visible, joint: joint)
    let logPartition = try joint.exactLogPartition()
    let exact = try machine.exactLogLikelihood(of: all, logPartition: logPartition)
    for (a, b) in zip(machine.lowerBound(of: all, logPartition: logPartition, sweeps: 2), exact) { #expect(abs(a - b) < 1e-12) }
  }

  private static func data(_ count: Int) -> Configurations {
    let some = randomConfigurations(count, units: visible, seed: 3)
    return Configurations(count: count, sites: some.sites, words: some.words.map { $0 & 1 == 1 ? $0 | 2 : $0 })
  }

  @Test(
    "At a fixed machine the direction's mean is that of the mean field minus the joint law's exact moments, within 4.5 sigma",
    arguments: [0, 0.5] as [Float]) func equilibrium(offset: Float) throws
  {
    let machine = machine(scale: 1), data = Self.data(64), g = Self.first
    let trainer = MeanFieldTraining(
      data, second: Self.second, meanFieldSweeps: 10,
      settings: .init(batch: 64, shards: 8, gibbsSteps: 2, negativePhase: .persistent), key: StreamKey(high: 5, low: 6), rank: 0, ranks: 1)
    let point = CentredParameters(machine.joint.inSinglePrecision, offset: offset)
    // Moments of the joint law: the exact gradient at the empty configuration, whose own moments are known.
    let empty = Configurations(count: 1, sites: .unplaced(machine.joint.visible))
    let gradient = try machine.joint.exactLogLikelihoodGradient(of: empty)
    let freeX = gradient.visibleBias.map { -$0 }, free = gradient.weights.map { -$0 }
    let freeG = zip(machine.joint.hiddenProbabilities(given: empty), gradient.hiddenBias).map { $0 - $1 }
    let field = machine.meanField(of: data, sweeps: 10), n = Double(data.count), o = Double(offset)
    var x = [Double](repeating: 0, count: machine.joint.visible), means = [Double](repeating: 0, count: g)
    var pairs = [Double](repeating: 0, count: x.count * g)
    for row in 0..<data.count {
      let state = (0..<Self.visible).map { data[row, $0] ? 1.0 : 0 } + field.second[row * Self.second..<(row + 1) * Self.second]
      for i in x.indices {
        x[i] += state[i] / n
        for j in 0..<g { pairs[i * g + j] += state[i] * field.first[row * g + j] / n }
      }
      for j in 0..<g { means[j] += field.first[row * g + j] / n }
    }
    let dx = zip(x, freeX).map { $0 - $1 }, dg = zip(means, freeG).map { $0 - $1 }
    var expected: [Double] = []
    for i in x.indices { for j in 0..<g { expected.append(pairs[i * g + j] - free[i * g + j] - o * (dx[i] + dg[j])) } }
    expected += dx + dg
    let blocks = 100, length = 20
    var direction = point, step: UInt64 = 0
    var sum = [Double](repeating: 0, count: expected.count), squares = sum
    for _ in 0..<40 { try trainer.direction(at: point, step: step, on: SoloCommunicator(), into: &direction); step += 1 }
    for _ in 0..<blocks {
      var mean = [Double](repeating: 0, count: expected.count)
      for _ in 0..<length {
        try trainer.direction(at: point, step: step, on: SoloCommunicator(), into: &direction)
        step += 1
        for (k, y) in (direction.weights + direction.visibleField + direction.hiddenField).enumerated() {
          mean[k] += Double(y) / Double(length)
        }
      }
      for k in mean.indices {
        sum[k] += mean[k] - expected[k]
        squares[k] += (mean[k] - expected[k]) * (mean[k] - expected[k])
      }
    }
    for k in expected.indices {
      let mean = sum[k] / Double(blocks), error = ((squares[k] / Double(blocks) - mean * mean) / Double(blocks - 1)).squareRoot()
      #expect(abs(mean) < 4.5 * error && error < 0.01, "component \(k): \(mean) +- \(error)")
    }
  }

  @Test("Training lifts the exact ln p of the data well above that of independent units, and resumes to the same bits") func training()
    throws
  {
    // Six units: three equal pairs, the third on where the other two agree: ln p = -ln 4 at best, independent units -6 ln 2.
    let words = (0..<4).map { k -> UInt64 in
      let a = UInt64(k & 1), b = UInt64(k >> 1), c = 1 ^ a ^ b
      return 3 * (a | b << 2 | c << 4)
    }
    let data = Configurations(count: 64, sites: .unplaced(6), words: (0..<64).map { words[$0 % 4] })
    let settings = ContrastiveDivergence.Settings(batch: 64, shards: 8, gibbsSteps: 2, negativePhase: .persistent)
    func trained(slices: [Int]) throws -> TrainingState {
      let start = CentredParameters.random(
        units: .zeroOne, visible: 6 + 4, hidden: 8, offset: 0.5, deviation: 0.1, from: KeyedStreams(StreamKey(high: 1, low: 2)))
      var state = TrainingState(start, rule: Momentum(rate: 0.05, momentum: 0.5), schedule: .linear, plannedSteps: 3000)
      for batches in slices {
        let trainer = MeanFieldTraining(data, second: 4, settings: settings, key: StreamKey(high: 3, low: 4), rank: 0, ranks: 1)
        for _ in 0..<batches { _ = try trainer.advance(&state, batches: 1, on: SoloCommunicator()) }
      }
      return state
    }
    let state = try trained(slices: [3000])
    let machine = DeepBoltzmannMachine(visible: 6, joint: state.parameters.machine.inDoublePrecision)
    let logPartition = try machine.joint.exactLogPartition(), four = data.slice(0..<4)
    let exact = try machine.exactLogLikelihood(of: four, logPartition: logPartition).reduce(0, +) / 4
    #expect(exact > -1.9, "mean ln p \(exact)")
    #expect(try trained(slices: [40]) == trained(slices: [7, 33]))
  }
}
