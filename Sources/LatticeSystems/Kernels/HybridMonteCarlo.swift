public import RandomStreams
public import Sampling

/// Hybrid Monte Carlo for scalar phi^4 (Duane, Kennedy, Pendleton, Roweth, PLB 195, 216 (1987)): normal momenta p, a
/// leapfrog trajectory of H = sum p^2 / 2 + S, and acceptance with probability min(1, exp(-dH)).
///
/// The trajectory is reversible and keeps volume, so <exp(-dH)> = 1. Streams: momenta of each line have a series with
/// purpose `proposal`, the decision purpose `acceptance`. Sums over sites go by lines, in their order.
public struct HybridMonteCarlo: MarkovKernel {
  /// The model.
  public let model: ScalarPhi4Model
  /// The leapfrog step.
  public let stepSize: Double
  /// Leapfrog steps in a trajectory.
  public let stepCount: Int
  /// dH of the last trajectory, and whether it was accepted.
  public private(set) var energyChange = 0.0, wasAccepted = false
  @usableFromInline var momenta: [Double], trial: [Double] = []

  /// Trajectories of `stepCount` >= 1 steps; throws unless the step is finite and above zero.
  public init(_ model: ScalarPhi4Model, stepSize: Double, stepCount: Int) throws(LatticeError) {
    guard stepSize.isFinite && stepSize > 0 else { throw .badWidth(stepSize) }
    precondition(stepCount >= 1, "a trajectory has at least one step")
    self.model = model
    self.stepSize = stepSize
    self.stepCount = stepCount
    momenta = Array(repeating: 0, count: model.lattice.sites)
  }

  @inlinable public mutating func step(
    _ state: inout LatticeConfiguration<Double>, at step: UInt64, from streams: some Streams
  ) {
    let lattice = model.lattice, n = lattice.lineLength
    precondition(state.lattice == lattice, "the kernel belongs to another lattice")
    for line in 0..<lattice.lines {
      var choices = streams.series(replica: state.replica, step: step, site: line, purpose: .proposal)
      for x in stride(from: line &* n, to: (line &+ 1) &* n, by: 2) {
        let pair = choices.normalPair()
        momenta[x] = pair.0
        if x &+ 1 < (line &+ 1) &* n { momenta[x &+ 1] = pair.1 }
      }
    }
    var choice = streams.generator(replica: state.replica, step: step, site: 0, purpose: .acceptance)
    // A change that is not a number, from a trajectory that ran away, is refused.
    let accepted = choice.bernoulli(metropolisAcceptance(-propose(state)))
    finish(accepted, &state)
  }

  /// Runs the trajectory from the present momenta into `trial`; returns dH.
  @usableFromInline mutating func propose(_ state: LatticeConfiguration<Double>) -> Double {
    trial = state.sites
    let before = energy(trial, momenta)
    integrate(&trial, &momenta)
    let change = energy(trial, momenta) - before
    // So that exp(-dH) of it is 0, as the acceptance is.
    energyChange = change.isNaN ? .infinity : change
    return energyChange
  }
  @usableFromInline mutating func finish(_ accepted: Bool, _ state: inout LatticeConfiguration<Double>) {
    wasAccepted = accepted
    if accepted { swap(&state.sites, &trial) }
  }

  /// H = sum p^2 / 2 + S.
  public func energy(_ values: [Double], _ momenta: [Double]) -> Double {
    let lattice = model.lattice, n = lattice.lineLength, d = lattice.dimensions, kappa = model.hopping, lambda = model.quartic
    precondition(values.count == lattice.sites && momenta.count == lattice.sites, "values and momenta fit the lattice")
    var total = 0.0
    for line in 0..<lattice.lines {
      var sum = 0.0
      for x in 0..<n {
        let site = line &* n &+ x, phi = values[site], square = phi * phi
        var ahead = values[x &+ 1 < n ? site &+ 1 : line &* n]
        for k in 0..<d &- 1 { ahead += values[Int(lattice.neighbours[line &* n &* 2 &* d &+ k]) &+ x] }
        let momentum = momenta[site]
        sum += 0.5 * momentum * momentum - 2 * kappa * phi * ahead + square + lambda * ((square - 1) * (square - 1))
      }
      total += sum
    }
    return total
  }

  /// The leapfrog trajectory: half a kick, `stepCount` drifts with kicks between them, half a kick. Reversible: with
  /// the momenta turned round it leads back.
  public func integrate(_ values: inout [Double], _ momenta: inout [Double]) {
    let sites = model.lattice.sites
    precondition(values.count == sites && momenta.count == sites, "values and momenta fit the lattice")
    kick(values, &momenta, by: stepSize / 2)
    for index in 1...stepCount {
      unsafe momenta.withUnsafeBufferPointer { p in
        unsafe values.withUnsafeMutableBufferPointer { phi in
          for site in 0..<sites { unsafe phi[site] += stepSize * p[site] }
        }
      }
      kick(values, &momenta, by: index < stepCount ? stepSize : stepSize / 2)
    }
  }

  /// p -= time dS/dphi, dS/dphi = -2 kappa (sum of the 2d neighbours) + phi (2 + 4 lambda (phi^2 - 1)).
  private func kick(_ values: [Double], _ momenta: inout [Double], by time: Double) {
    let lattice = model.lattice, n = lattice.lineLength, d = lattice.dimensions
    let pull = 2 * model.hopping * time, own = (2 - 4 * model.quartic) * time, cubic = 4 * model.quartic * time
    unsafe values.withUnsafeBufferPointer { values in
      unsafe momenta.withUnsafeMutableBufferPointer { momenta in
        let all = values.baseAddress!
        for line in 0..<lattice.lines {
          let phi = unsafe all + line &* n, p = unsafe momenta.baseAddress! + line &* n
          let links = line &* n &* 2 &* d
          for k in 0..<d &- 1 {
            let next = unsafe all + Int(lattice.neighbours[links &+ k]), last = unsafe all + Int(lattice.neighbours[links &+ d &+ k])
            // The first of these axes carries the rest of the force, so that a plane takes a single pass.
            if k == 0 {
              for x in 1..<n &- 1 {
                let here = unsafe phi[x]
                let sum = unsafe next[x] + last[x] + (phi[x &+ 1] + phi[x &- 1])
                unsafe p[x] += pull * sum - here * (own + cubic * (here * here))
              }
              for x in [0, n &- 1] {
                let here = unsafe phi[x]
                let sum = unsafe next[x] + last[x] + (phi[x &+ 1 < n ? x &+ 1 : 0] + phi[x > 0 ? x &- 1 : n &- 1])
                unsafe p[x] += pull * sum - here * (own + cubic * (here * here))
              }
            } else {
              for x in 0..<n { unsafe p[x] += pull * (next[x] + last[x]) }
            }
          }
          if d == 1 {
            for x in 0..<n {
              let here = unsafe phi[x]
              let sum = unsafe phi[x &+ 1 < n ? x &+ 1 : 0] + phi[x > 0 ? x &- 1 : n &- 1]
              unsafe p[x] += pull * sum - here * (own + cubic * (here * here))
            }
          }
        }
      }
    }
  }
}
