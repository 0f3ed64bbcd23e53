public import LinearAlgebra

/// The optimisation: updates of one tensor after another, with momentum.
///
/// An update alone is a step of gradient descent, whose last part takes thousands of sweeps. So the layers first go on from where
/// they stand as they have moved since the sweep before (Nesterov's method), x + beta (x - x_before) made isometric again with
/// beta = k / (k + 3) after k sweeps, at most `largestMomentum`; k starts again from 0 when the energy rises.
///
/// Source: O'Donoghue, Candes, Found. Comput. Math. 15, 715 (2015), for the restarts; the updates: Evenbly, Vidal, Phys. Rev. B
/// 79, 144108 (2009).
extension ScaleInvariantMERA {
  /// Sweeps after a start, random or grown, without momentum and with operators shifted to be negative.
  public static let safeSweeps = 50
  /// The largest part of the last sweep's way that the next one goes on with.
  static let largestMomentum = 0.97

  /// One sweep: the state descends three times towards its fixed point; the transitional layer is updated twice; then the
  /// repeated one, twice u and w, on H = h + A(h) + A^2(h), the operator as it is seen from three heights.
  /// - Throws: `DecompositionError`, where LAPACK gives up.
  public mutating func sweep(_ networks: Networks) throws(DecompositionError) {
    precondition(networks.scaleInvariant.lower == bondDimension, "networks of this bond dimension")
    for _ in 0..<3 { descend(networks) }
    let now = (transitional, scaleInvariant), energy = energyPerSite
    if pace > 0 {
      let momentum = min(Self.largestMomentum, Double(pace) / Double(pace + 3))
      transitional = try transitional.continued(from: before.transitional, by: momentum)
      scaleInvariant = try scaleInvariant.continued(from: before.scaleInvariant, by: momentum)
    }
    before = now
    // A shift changes no energy, but weighs the present tensors in an update: the less, the longer its step. A negative operator
    // makes every update safe; once the state is near its fixed point, steps of about twice that length are too.
    let isNear = sweeps >= Self.safeSweeps
    var below = Self.bondHamiltonian
    if isNear { for i in 0..<4 { below[5 * i] += Self.shift } }
    for _ in 0..<2 { try Self.update(&transitional, below, state, networks.transitional) }
    let above = networks.transitional.ascend(Self.bondHamiltonian, through: transitional)
    energyPerSite = Self.energy(above, state)
    let second = networks.scaleInvariant.ascend(above, through: scaleInvariant)
    let third = networks.scaleInvariant.ascend(second, through: scaleInvariant)
    var seen = above.indices.map { above[$0] + second[$0] + third[$0] }
    let n = bondDimension * bondDimension, levels = try Linear.symmetricEigenvalues(seen, order: n)
    let shift = isNear ? 0.75 * levels[n - 1] + 0.25 * levels[0] : levels[n - 1]
    for i in 0..<n { seen[i * n + i] -= shift }
    for _ in 0..<2 { try Self.update(&scaleInvariant, seen, state, networks.scaleInvariant) }
    sweeps += 1
    pace = isNear && energyPerSite <= energy ? pace + 1 : 0
  }

  /// The energy of a site from the ascended `bondHamiltonian`.
  private static func energy(_ above: [Double], _ state: [Double]) -> Double {
    zip(above, state).reduce(0) { $0 + $1.0 * $1.1 } + shift
  }

  /// rho <- D(rho), kept symmetric and of trace 1.
  private mutating func descend(_ networks: Networks) {
    let n = bondDimension * bondDimension, next = networks.scaleInvariant.descend(state, through: scaleInvariant)
    let trace = (0..<n).reduce(0) { $0 + next[$1 * n + $1] }
    for i in 0..<n { for j in 0..<n { state[i * n + j] = 0.5 * (next[i * n + j] + next[j * n + i]) / trace } }
  }

  /// The state's descents until it moves by less than `tolerance` in any element, at most 400; the energy is then that of these
  /// tensors and this state.
  public mutating func settle(_ networks: Networks, tolerance: Double = 1e-13) {
    for _ in 0..<400 {
      let last = state
      descend(networks)
      var moved = 0.0
      for i in state.indices { moved = max(moved, abs(state[i] - last[i])) }
      if moved < tolerance { break }
    }
    energyPerSite = Self.energy(networks.transitional.ascend(Self.bondHamiltonian, through: transitional), state)
  }

  /// u, then w, each minimising the linearised energy: -U V^T of its environment. What rounding has made of the odd part is
  /// dropped, or it would grow: a broken symmetry lowers the energy at first.
  private static func update(
    _ layer: inout TernaryLayer, _ h: [Double], _ rho: [Double], _ networks: TernaryNetworks
  ) throws(DecompositionError) {
    let square = layer.lower * layer.lower
    var ofU = networks.disentanglerEnvironment(h, rho, of: layer)
    TernaryLayer.keepEven(&ofU, lower: layer.lower, upper: layer.lower)
    layer.disentangler = try TernaryLayer.polar(ofU, rows: square, columns: square, sign: -1)
    var ofW = networks.isometryEnvironment(h, rho, of: layer)
    TernaryLayer.keepEven(&ofW, lower: layer.lower, upper: layer.upper)
    layer.isometry = try TernaryLayer.polar(ofW, rows: square * layer.lower, columns: layer.upper, sign: -1)
  }
}
