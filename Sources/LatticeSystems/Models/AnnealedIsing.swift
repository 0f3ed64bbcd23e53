public import RandomStreams
public import Sampling

/// A move of the Ising model that can be made for any coupling.
public protocol IsingMove: MarkovKernel where State: IsingSpins {
  /// The move for `model`; refuses models that it does not serve.
  init(annealing model: IsingModel) throws(LatticeError)
}

extension SwendsenWang: IsingMove {
  public init(annealing model: IsingModel) throws(LatticeError) { try self.init(model) }
}
extension CheckerboardSweep: IsingMove {
  public init(annealing model: IsingModel) throws(LatticeError) { try self.init(model) }
}

/// The path of an Ising model from infinite temperature: ln p_l = l (K sum s s' + B sum s), ln Z_0 = N ln 2.
///
/// The move is Swendsen-Wang (in detailed balance) or the checkerboard heat bath, a stationary sweep that is not, so that
/// annealing in reverse bounds nothing with it. Checkerboard Metropolis is periodic at l = 0.
public struct AnnealedIsing<Move: IsingMove>: Annealable {
  public typealias State = LatticeReplicas<Move.State>
  public typealias Kernel = ReplicasMove<Move>
  /// The model at the end of the path.
  public let model: IsingModel

  /// The path to `model`; throws what the move or its layout refuses.
  public init(_ model: IsingModel) throws(LatticeError) {
    self.model = model
    _ = try Move(annealing: model)
    _ = try Move(annealing: IsingModel(model.lattice, coupling: 0))
    _ = try Move.State(IsingConfiguration(cold: model.lattice, replica: 0))
  }

  public var startLogPartition: Double { Double(model.lattice.sites) * 0.693_147_180_559_945_3 }

  public func start(replicas: Int, firstReplica: Int, from streams: some Streams) -> LatticeReplicas<Move.State> {
    LatticeReplicas(
      (firstReplica..<firstReplica + replicas).map { replica in
        accepted { () throws(LatticeError) in
          try Move.State(IsingConfiguration(hot: model.lattice, replica: replica, from: streams))
        }
      })
  }

  public func kernel(at position: Double) -> ReplicasMove<Move> {
    ReplicasMove(
      accepted { () throws(LatticeError) in
        try Move(annealing: IsingModel(model.lattice, coupling: position * model.coupling, field: position * model.field))
      })
  }

  public func logRatio(_ state: LatticeReplicas<Move.State>, from a: Double, to b: Double) -> [Double] {
    state.replicas.map { (b - a) * logWeight($0) }
  }
  public func logDerivative(_ state: LatticeReplicas<Move.State>, at position: Double) -> [Double] {
    state.replicas.map(logWeight)
  }

  private func logWeight(_ spins: Move.State) -> Double {
    let energy = -model.coupling * Double(spins.energy(of: model))
    return model.field == 0 ? energy : energy + model.field * Double(spins.magnetization(of: model))
  }
}
