internal import Glibc
internal import InformationTheory
public import RandomStreams

extension FilterTraining {
  /// Weights that know most of the environment, by InfoNCE: a filter and a critic that reads the environment through a network go up the
  /// same bound, step by step on the same batch of 4 x `batch` windows.
  ///
  /// In training h is relaxed so that the bound has a derivative by the weights: h = tanh((theta + l / 2) / tau), l a logistic number, so
  /// that h > 0 with the probability 1 / (1 + e^(-2 theta)) of a drawn spin; tau falls from 1 to a tenth, where h is all but +-1. Where
  /// `sites` of the window are named, the others' weights are zero. `hidden`: units of each of the critic's two layers.
  ///
  /// Source: D. Goekmen, Z. Ringel, S. Huber, M. Koch-Janusz, PRL 127, 240603 (2021); the relaxation is that of C. Maddison, A. Mnih, Y. W.
  /// Teh, and of E. Jang, S. Gu, B. Poole, both ICLR 2017.
  public func neuralEnvironment(
    _ data: EnvironmentSamples, reading sites: [Int]? = nil, hidden: Int = 64, from streams: KeyedStreams,
    into progress: inout FilterProgress, steps count: Int = .max
  ) {
    precondition(data.window == window, "samples of another window")
    let size = window * window, taken = taken(sites), pairs = 4 * batch
    progress.begin { [zip(random(scale: 0.1, from: streams), taken).map { $0 * $1 }] }
    // Steps that no filter takes keep the critic's numbers apart from the filter's.
    var critic =
      progress.critic ?? BinaryCritic(dimension: data.width, hidden: hidden, from: LaterSteps(streams, by: 1 << 40))
    let memory = BinaryCritic.Memory(critic, batch: pairs)
    for step in progress.step..<min(steps, progress.step + min(count, steps)) {
      let half = HalfTables(progress.values[0]), tau = pow(0.1, Double(step) / Double(steps))
      var draws = streams.series(replica: step, step: 2, site: 0, purpose: .batch), states: [Int] = [], h: [Float] = [], y: [Float] = []
      y.reserveCapacity(pairs * data.width)
      for _ in 0..<pairs {
        let sample = draws.index(below: data.count), state = Int(data.windows[sample]), around = data.environments[sample]
        let u = max(draws.uniform(), 0x1p-53), noise = log(u / (1 - u))
        states.append(state)
        h.append(Float(tanh((half.theta(state) + noise / 2) / tau)))
        for k in 0..<data.width { y.append(around >> UInt64(k) & 1 == 1 ? 1 : -1) }
      }
      let slopes = critic.climb(h, y, rate: Float(0.3 * rate(at: step)), with: memory).slopes
      var slope = [Double](repeating: 0, count: size)
      for (place, state) in states.enumerated() {
        let pull = Double(slopes[place]) * (1 - Double(h[place] * h[place])) / tau
        for k in 0..<size { slope[k] += state >> k & 1 == 1 ? pull : -pull }
      }
      progress.take(rate: rate(at: step), along: [zip(slope, taken).map { $0 * $1 }])
    }
    progress.critic = critic
  }
}
