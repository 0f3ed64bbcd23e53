import LatticeSystems
import Runtime
import Sampling

extension LatticeSweep {
  /// The models that the study samples.
  enum ModelName: String, CaseIterable, Sendable { case ising, potts, xy, phi4 }
  /// The moves.
  enum MoveName: String, CaseIterable, Sendable {
    case auto, metropolis
    case heatBath = "heat-bath"
    case swendsenWang = "swendsen-wang"
    case wolff, hybrid, mixed
    /// Whether a step visits sites one by one, without clusters.
    var isLocal: Bool { self == .metropolis || self == .heatBath }
  }

  /// The move that `auto` stands for.
  var resolvedMove: MoveName {
    guard move == .auto else { return move }
    let least = ladder.first ?? coupling
    switch model {
    case .phi4: return .mixed
    case .ising, .potts, .xy:
      if field == 0 && least >= 0 && extents.allSatisfy({ $0 >= 3 }) { return .swendsenWang }
      return model == .xy ? .metropolis : .heatBath
    }
  }
  /// Whether the bit-sliced kernels of the square lattice serve; checkerboards need even extents, Metropolis room.
  var isSquareIsing: Bool {
    guard model == .ising && extents.count == 2 else { return false }
    if resolvedMove == .metropolis && !isCut && HypercubicLattice.lacksRoomForMetropolis(extents) { return false }
    return !(resolvedMove.isLocal && extents.contains { $0 % 2 == 1 })
  }

  /// Throws what the move refuses of the model. Nothing of the lattice's size is made: what moves refuse depends on couplings,
  /// least extents and parities, so that a small lattice stands in.
  func checkMove() throws(StudyError) {
    do throws(LatticeError) {
      if isSquareIsing {
        _ = try SquareLattice(rows: extents[0], columns: extents[1])
      } else {
        try HypercubicLattice.check(extents)
      }
    } catch { throw refusal(error) }
    var small = self
    small.extents = extents.map { min($0, 4 + $0 % 2) }
    if isCut {
      try checkStrips()
    } else if ladder.isEmpty {
      _ = try small.sampler(coupling: coupling)
    } else {
      _ = try small.ladderSampler()
    }
    let isTwoState = model == .ising || (model == .potts && colours == 2), least = ladder.first ?? coupling
    if isTwoState && resolvedMove == .metropolis && least == 0 && field == 0 && !HypercubicLattice.lacksRoomForMetropolis(extents) {
      throw .invalid(
        parameter: "sampling.move",
        what: "metropolis turns every spin at every step where the coupling is 0, and never forgets its start; heat-bath serves there")
    }
  }

  /// The sampler of the study's parameters with coupling `coupling`.
  func sampler(coupling: Double) throws(StudyError) -> LatticeSampler {
    do throws(LatticeError) {
      if isSquareIsing {
        let lattice = try SquareLattice(rows: extents[0], columns: extents[1])
        if let sampler = try squareSampler(IsingModel(lattice, coupling: coupling, field: field)) { return sampler }
      } else {
        let lattice = try HypercubicLattice(extents)
        switch model {
        case .ising:
          let ising = try HypercubicIsing(lattice, coupling: coupling, field: field)
          if let sampler = try clusterSampler(ising, .ising(lattice)) { return sampler }
          if resolvedMove == .heatBath {
            return try .field(ising, .ising(lattice)) { () throws(LatticeError) in LocalHeatBath(ising) }
          }
        case .potts:
          let potts = try PottsModel(lattice, colours: colours, coupling: coupling)
          if let sampler = try clusterSampler(potts, .potts(lattice)) { return sampler }
          if resolvedMove == .heatBath {
            return try .field(potts, .potts(lattice)) { () throws(LatticeError) in LocalHeatBath(potts) }
          }
        case .xy:
          if let sampler = try clusterSampler(XYModel(lattice, coupling: coupling), .xy(lattice), countsSizes: false) { return sampler }
        case .phi4:
          let scalar = try ScalarPhi4Model(lattice, hopping: coupling, quartic: quartic)
          if resolvedMove == .hybrid { return try hybridSampler(scalar, .scalar(lattice)) }
          if resolvedMove == .metropolis || resolvedMove == .mixed,
            let sampler = try clusterSampler(scalar, .scalar(lattice), countsSizes: false)
          {
            return sampler
          }
        }
      }
    } catch {
      throw refusal(error)
    }
    throw .invalid(
      parameter: "sampling.move", what: "\(resolvedMove.rawValue) does not serve \(model.rawValue); \(Self.servingMoves(model))")
  }

  private func squareSampler(_ ising: IsingModel) throws(LatticeError) -> LatticeSampler? {
    let sites = Double(ising.lattice.sites)
    switch resolvedMove {
    case .metropolis: return try .ising(ising) { () throws(LatticeError) in try CheckerboardMetropolis(ising) }
    case .heatBath: return try .ising(ising) { () throws(LatticeError) in try CheckerboardHeatBath(ising) }
    case .swendsenWang:
      return try .ising(ising, own: [MoveObservable(name: Self.improved) { Double($0.clusterSquares) / sites }]) {
        () throws(LatticeError) in try SwendsenWang(ising, measuresClusters: true)
      }
    case .wolff:
      return try .ising(ising, own: [MoveObservable(name: Self.improved) { Double($0.clusterSize) }]) {
        () throws(LatticeError) in try Wolff(ising)
      }
    case .auto, .hybrid, .mixed: return nil
    }
  }

  /// The moves that all models of a value a site share. `countsSizes`: whether cluster sizes give the susceptibility.
  private func clusterSampler<Model: ClusterModel>(
    _ model: Model, _ measurement: FieldMeasurement<Model>, countsSizes: Bool = true
  ) throws(LatticeError) -> LatticeSampler? {
    let sites = Double(model.lattice.sites), width = width, clusters = clustersPerSweep
    switch resolvedMove {
    case .metropolis:
      return try .field(model, measurement) { () throws(LatticeError) in try LocalMetropolis(model, width: width) }
    case .swendsenWang:
      let own = countsSizes ? [MoveObservable<SwendsenWangCluster<Model>>(name: Self.improved) { Double($0.clusterSquares) / sites }] : []
      return try .field(model, measurement, own: own) { () throws(LatticeError) in try SwendsenWangCluster(model) }
    case .wolff:
      let own = [MoveObservable<WolffCluster<Model>>(name: countsSizes ? Self.improved : Self.clusterSize) { Double($0.clusterSize) }]
      return try .field(model, measurement, own: own) { () throws(LatticeError) in try WolffCluster(model) }
    case .mixed:
      return try .field(model, measurement) { () throws(LatticeError) in
        Then(try LocalMetropolis(model, width: width), Repeat(try WolffCluster(model), count: clusters))
      }
    case .auto, .heatBath, .hybrid: return nil
    }
  }

  private func hybridSampler(
    _ scalar: ScalarPhi4Model, _ measurement: FieldMeasurement<ScalarPhi4Model>
  ) throws(LatticeError) -> LatticeSampler {
    let (size, count) = (stepSize, stepCount)
    let own: [MoveObservable<HybridMonteCarlo>] = [
      MoveObservable(name: "acceptance") { $0.wasAccepted ? 1 : 0 },
      MoveObservable(name: "exponential_of_energy_change") { exponential(-$0.energyChange) },
    ]
    return try .field(scalar, measurement, own: own) { () throws(LatticeError) in
      try HybridMonteCarlo(scalar, stepSize: size, stepCount: count)
    }
  }

  /// Names of what moves tell: N <m^2> from cluster sizes, and the mean size where that is not it.
  static let improved = "susceptibility_improved", clusterSize = "cluster_size"

  /// An error of a lattice, a model or a move with the parameter that it is about.
  func refusal(_ error: LatticeError) -> StudyError {
    let parameter =
      switch error {
      case .tooSmall, .oddSize, .badShape, .tooManySites: hasExtents ? "lattice.extents" : "lattice.size"
      case .negativeCoupling, .nonFiniteCoupling, .unstableScalar: "model.coupling"
      case .coloursOutOfRange: "model.colours"
      case .badWidth: "sampling.width"
      case .fieldNotSupported: "model.field"
      }
    // What is about the move names it, and a move that serves.
    let what: String =
      switch error {
      case .fieldNotSupported, .negativeCoupling: "\(resolvedMove.rawValue): \(error); sampling.move = \(Self.localMoves(model)) serves"
      case .oddSize: "\(resolvedMove.rawValue): \(error)\(isCut ? "; lattice.strips = false takes odd ones too" : "")"
      case .tooSmall: "\(resolvedMove.rawValue): \(error)"
      default: error.description
      }
    return .invalid(parameter: parameter, what: what)
  }
  private static func localMoves(_ model: ModelName) -> String {
    switch model {
    case .ising, .potts: "metropolis or heat-bath"
    case .xy: "metropolis"
    case .phi4: "metropolis or hybrid"
    }
  }
  private static func servingMoves(_ model: ModelName) -> String {
    switch model {
    case .ising: "allowed: metropolis, heat-bath, swendsen-wang, wolff; in one or three and more dimensions mixed too"
    case .potts: "allowed: metropolis, heat-bath, swendsen-wang, wolff, mixed"
    case .xy: "allowed: metropolis, swendsen-wang, wolff, mixed"
    case .phi4: "allowed: metropolis, hybrid, mixed (clusters alone change signs only, so they are not ergodic)"
    }
  }

  /// What the coupling is called.
  var letter: String { model == .phi4 ? "kappa" : "K" }
  /// What a step of the move is called; Wolff clusters are counted as sweeps.
  var timeUnit: String { resolvedMove == .hybrid ? "trajectories" : resolvedMove == .mixed ? "steps" : "sweeps" }

  /// Why no power law of finite-size scaling is to be fitted; nil where there may be one.
  var withoutPowerLaw: String? {
    if let reason = withoutTransition { return reason }
    if model == .xy && extents.count == 2 { return "the transition is Kosterlitz and Thouless's, of which the helicity modulus speaks" }
    return nil
  }
  /// Why there is no critical point; nil where there may be one.
  var withoutTransition: String? {
    if extents.count == 1 { return "in one dimension there is no transition" }
    if field != 0 { return "in a field there is no transition" }
    if model == .phi4 && quartic == 0 { return "the free field has no transition short of where it loses its weight" }
    if model == .potts && extents.count == 2 && colours > 4 { return "the transition is of first order" }
    return nil
  }

  /// What is known of the transition.
  var criticalPoint: CriticalPoint? {
    if field != 0 { return nil }
    let dimensions = extents.count
    return switch model {
    case .ising: .ising(dimensions: dimensions)
    case .potts: .potts(colours: colours, dimensions: dimensions)
    case .xy: .xy(dimensions: dimensions)
    case .phi4: .scalarPhi4(quartic: quartic, dimensions: dimensions)
    }
  }
}
