import Glibc
public import RandomStreams
public import Sampling

/// One sweep of Metropolis moves of a gas on the sphere, at a power `position` of its density: each point in turn, then all
/// points at once.
///
/// Moves of one point, O(N) each, the kind drawn anew every time:
/// - x + delta v, v uniform in the unit ball, back onto the sphere; four lengths delta. Depends on the angle alone, so it is symmetric.
/// - where points attract: a dilation about another point, drawn at random; where there are cone points: a dilation about one
///   of them. A dilation is the log-polar move z - c -> (z - c) e^(xi + i phi) in the coordinate where the opposite point is at
///   infinity; its Jacobian is lambda^2 (below).
///
/// The move of all points is a dilation z_i -> e^xi z_i about a random axis, or that of a random cone point. Under a boost
/// of rapidity xi along n every chord scales by sqrt(lambda_i lambda_j) and every area by lambda_i^2, with
/// lambda = 1/(cosh xi + x.n sinh xi): the pairs cost O(N), and the slow mode at beta -> -1 is the easiest to move.
public struct SphereMoves: MarkovKernel {
  /// The gas, and the power of its density that is left invariant.
  public let gas: SphereGas, position: Double
  /// Moves of one point and of all points: tried and accepted since the kernel was made.
  public private(set) var tried = 0, accepted = 0, boostsTried = 0, boostsAccepted = 0
  @usableFromInline let lengths: SIMD4<Double>, reaches: SIMD2<Double>, largestBoost: Double, dilations: Int
  /// The coordinates before the latest boost.
  var before: [Double] = []
  /// How often the stored weights are computed anew.
  private static let refreshing: UInt64 = 1024

  /// Moves that leave p^`position` invariant.
  public init(_ gas: SphereGas, position: Double) {
    self.gas = gas
    self.position = position
    let spacing = 2 / Double(gas.points).squareRoot()
    lengths = SIMD4(2, 2 * spacing.squareRoot(), spacing, spacing / 4)
    // At a cone point of weight w, ln |x - c| falls off with the rate 2 (1 - w).
    reaches = SIMD2(2, 2 / max(0.02, 1 - (gas.cones.map(\.weight).max() ?? 0)))
    // The sum that a boost changes has variance N/(3 (1 + beta)) and is met with the factor 2 + 2 beta.
    largestBoost = min(3, 2 / (Double(gas.points) * max(0.02, 1 + position * gas.beta)).squareRoot())
    dilations = (gas.pairExponent < 0 ? 1 : 0) + (gas.cones.isEmpty ? 0 : 2)
  }

  @inlinable public mutating func step(_ state: inout SphereConfigurations, at step: UInt64, from streams: some Streams) {
    for r in 0..<state.replicas {
      var choices = streams.series(replica: state.firstReplica + r, step: step, site: 0, purpose: .proposal)
      for i in 0..<gas.points { move(i, of: r, &state, &choices) }
      boostAll(r, &state, &choices)
    }
    endSweep(&state, step)
  }
  @usableFromInline mutating func endSweep(_ state: inout SphereConfigurations, _ step: UInt64) {
    tried += state.replicas * gas.points
    boostsTried += state.replicas
    if step.isMultiple(of: Self.refreshing) { gas.refresh(&state) }
  }

  @inlinable @inline(__always) mutating func move(
    _ i: Int, of r: Int, _ state: inout SphereConfigurations, _ choices: inout some RandomChoices
  ) {
    let kind = choices.index(below: 4 + dilations)
    let x = state[r, i]
    var y: SIMD3<Double>, area = 0.0
    if kind < 4 {
      y = x + lengths[kind] * choices.ball()
      y /= (y * y).sum().squareRoot()
    } else {
      let centre: SIMD3<Double>
      if kind == 4 && gas.pairExponent < 0 {
        let other = choices.index(below: gas.points - 1)
        centre = state[r, other < i ? other : other + 1]
      } else {
        centre = gas.cones[choices.index(below: gas.cones.count)].place
      }
      (y, area) = dilated(
        x, about: centre, by: reaches[choices.index(below: 2)] * (2 * choices.uniform() - 1), turned: 2 * Double.pi * choices.uniform())
    }
    let change = difference(of: r, i, from: x, to: y, &state)
    let log = position * change + area
    guard log.isFinite, log >= 0 || choices.accepts(exponential(log)) else { return }
    accept(y, change, &state, r, i)
  }
  @usableFromInline mutating func accept(_ y: SIMD3<Double>, _ change: Double, _ state: inout SphereConfigurations, _ r: Int, _ i: Int) {
    state[r, i] = y
    state.logWeights[r] += change
    accepted += 1
  }

  /// ln p_1 after point i has moved from x to y, less ln p_1 before; not finite where y stands on a point or a cone.
  @usableFromInline func difference(
    of r: Int, _ i: Int, from x: SIMD3<Double>, to y: SIMD3<Double>, _ state: inout SphereConfigurations
  ) -> Double {
    var change = 0.0
    let stride = state.stride
    if gas.pairExponent != 0 {
      change = unsafe state.coordinates.withUnsafeMutableBufferPointer { all in
        let own = unsafe all.baseAddress! + 3 * stride * r
        // The point itself is taken out of the sum by standing at the centre meanwhile.
        unsafe write(.zero, to: own, stride, i)
        let logs = unsafe logDistanceRatio(UnsafePointer(own), stride: stride, from: x, to: y)
        unsafe write(x, to: own, stride, i)
        return logs * gas.pairExponent / 2
      }
    }
    if gas.field != 0 || !gas.cones.isEmpty { change += gas.logBackground(y) - gas.logBackground(x) }
    return change
  }

  @inlinable mutating func boostAll(_ r: Int, _ state: inout SphereConfigurations, _ choices: inout some RandomChoices) {
    let axis = gas.cones.isEmpty ? choices.direction() : gas.cones[choices.index(below: gas.cones.count)].place
    let xi = largestBoost * (2 * choices.uniform() - 1)
    let (change, areas) = boost(r, &state, axis, xi)
    let log = position * change + areas
    endBoost(r, &state, change, accepted: log.isFinite && (log >= 0 || choices.accepts(exponential(log))))
  }
}

/// e^x, so that generic code need not import a C library.
@usableFromInline func exponential(_ x: Double) -> Double { exp(x) }

/// A boost of rapidity xi along an axis.
private struct Boost {
  let cosine: Double, sine: Double, decay: Double, sign: Double
  init(_ xi: Double) { (cosine, sine, decay, sign) = (cosh(xi), sinh(xi), exp(-abs(xi)), xi < 0 ? -1 : 1) }

  /// lambda = 1/(cosh xi + t sinh xi) and t' = lambda (t cosh xi + sinh xi), t = x.axis and `across` = 1 - t^2 known by
  /// itself: near the poles t alone would lose the digits.
  @inline(__always) func factor(_ t: Double, across: Double) -> (lambda: Double, along: Double) {
    let tau = sign * t, size = sign * sine
    // 1 + tau = across/(1 - tau) where tau is near -1.
    let inverse = tau < 0 ? decay + across / (1 - tau) * size : cosine + tau * size
    return (1 / inverse, (t * cosine + sine) / inverse)
  }
}

/// x boosted by rapidity `xi` along the unit vector `c` and turned by `angle` about it, and ln lambda^2, the logarithm of the
/// change of area. Components across an axis of coordinates keep their relative accuracy.
@usableFromInline func dilated(_ x: SIMD3<Double>, about c: SIMD3<Double>, by xi: Double, turned angle: Double) -> (SIMD3<Double>, Double) {
  let t = (x * c).sum(), across = x - t * c
  let (lambda, along) = Boost(xi).factor(t, across: (across * across).sum()), cosine = cos(angle), sine = sin(angle)
  let turned = cosine * across + sine * SIMD3(c.y * x.z - c.z * x.y, c.z * x.x - c.x * x.z, c.x * x.y - c.y * x.x)
  let y = lambda * turned + along * c
  return (y / (y * y).sum().squareRoot(), 2 * log(lambda))
}

extension SphereMoves {
  /// Boosts replica r along `axis`, keeping its old coordinates aside; the change of ln p_1 and sum of ln lambda^2.
  @usableFromInline mutating func boost(
    _ r: Int, _ state: inout SphereConfigurations, _ axis: SIMD3<Double>, _ xi: Double
  ) -> (change: Double, areas: Double) {
    let n = gas.points, move = Boost(xi), background = gas.field != 0 || !gas.cones.isEmpty
    before.removeAll(keepingCapacity: true)
    before.append(contentsOf: state.coordinates[3 * state.stride * r..<3 * state.stride * (r + 1)])
    var logs = 0.0, product = 1.0, change = 0.0
    for i in 0..<n {
      let x = state[r, i], t = (x * axis).sum(), across = x - t * axis
      let (lambda, along) = move.factor(t, across: (across * across).sum())
      var y = lambda * across + along * axis
      y /= (y * y).sum().squareRoot()
      state[r, i] = y
      // |ln lambda| <= 3: 32 factors stay in range.
      product *= lambda
      if i & 31 == 31 || i == n - 1 {
        logs += log(product)
        product = 1
      }
      if background { change += gas.logBackground(y) - gas.logBackground(x) }
    }
    return (change + gas.pairExponent * Double(n - 1) / 2 * logs, 2 * logs)
  }
  /// Keeps the boost, or takes it back.
  @usableFromInline mutating func endBoost(_ r: Int, _ state: inout SphereConfigurations, _ change: Double, accepted: Bool) {
    if accepted {
      state.logWeights[r] += change
      boostsAccepted += 1
    } else {
      state.coordinates.replaceSubrange(3 * state.stride * r..<3 * state.stride * (r + 1), with: before)
    }
  }
}
