import Glibc

/// Couplings of an Ising ring: each bond has the weight exp(K s s' + B (s + s') / 2 + C).
public struct RingCouplings: Sendable, Equatable {
  /// K, the field B of a site, and the constant C of a bond (nats).
  public var coupling: Double, field: Double, constant: Double
  /// Couplings, by default without field and constant.
  public init(coupling: Double, field: Double = 0, constant: Double = 0) {
    self.coupling = coupling
    self.field = field
    self.constant = constant
  }
}

/// Decimation of the Ising ring, exactly: of every b spins one is kept, the others are summed over.
///
/// T' = T^b for the matrix T(s, s') of a bond; K' = 1/4 ln(T'++ T'-- / T'+-^2), B' = 1/2 ln(T'++ / T'--), C' = 1/4 ln(T'++ T'--
/// T'+-^2). Without a field tanh K' = tanh^b K. The partition function of N spins is that of N / b spins with the new couplings.
/// Sums are of logarithms, so that no coupling is too large.
public struct RingDecimation: Sendable, Equatable {
  /// b, at least 2.
  public let scale: Int
  /// Keeps one of every `scale` spins.
  public init(scale: Int) {
    precondition(scale >= 2, "a step keeps one spin of at least two")
    self.scale = scale
  }

  /// The couplings of the ring that is left.
  public func step(_ ring: RingCouplings) -> RingCouplings {
    // ln of T++, T+-, T--.
    let bond = (
      ring.coupling + ring.field + ring.constant, -ring.coupling + ring.constant, ring.coupling - ring.field + ring.constant
    )
    var power = bond
    for _ in 1..<scale {
      power = (
        logSum(power.0 + bond.0, power.1 + bond.1), logSum(power.0 + bond.1, power.1 + bond.2),
        logSum(power.1 + bond.1, power.2 + bond.2)
      )
    }
    return RingCouplings(
      coupling: (power.0 + power.2 - 2 * power.1) / 4, field: (power.0 - power.2) / 2, constant: (power.0 + power.2 + 2 * power.1) / 4)
  }

  /// The couplings before and after each of `steps` steps.
  public func flow(from ring: RingCouplings, steps: Int) -> [RingCouplings] {
    var flow = [ring]
    for _ in 0..<steps { flow.append(step(flow[flow.count - 1])) }
    return flow
  }

  /// ln Z per spin of the infinite ring from the constants of the flow: C grows by b each step, and once K is gone the spins
  /// are free. `steps` steps leave an error below b^-steps times what one bond of the last ring is worth.
  public func logPartitionPerSite(_ ring: RingCouplings, steps: Int) -> Double {
    let last = flow(from: ring, steps: steps)[steps]
    return (last.constant + logSum(last.field, -last.field)) / pow(Double(scale), Double(steps))
  }
}

/// ln(e^a + e^b).
func logSum(_ a: Double, _ b: Double) -> Double { max(a, b) + log1p(exp(-abs(a - b))) }
