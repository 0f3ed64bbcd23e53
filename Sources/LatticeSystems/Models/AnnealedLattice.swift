import Glibc
public import RandomStreams
public import Sampling

/// A lattice model whose sites can be cut loose from each other: ln p_l(x) = ln p_0(x) + l C(x), where p_0 is a product
/// over sites that can be drawn from and normalised, and l = 1 is the model itself.
public protocol CoupledModel: LatticeModel {
  /// C(x), all that couples sites to each other or to a field.
  func coupledLogWeight(_ values: [Value]) -> Double
  /// The model with C multiplied by `factor`, 0 ... 1.
  func scaled(by factor: Double) -> Self
  /// ln Z_0 of one site.
  var freeLogPartition: Double { get }
  /// A value of one site drawn from p_0.
  func freeValue(from choices: inout some RandomChoices) -> Value
}

extension HypercubicIsing: CoupledModel {
  public func coupledLogWeight(_ values: [Int8]) -> Double { logWeight(values) }
  public func scaled(by factor: Double) -> Self {
    accepted { () throws(LatticeError) in try Self(lattice, coupling: factor * coupling, field: factor * field) }
  }
  /// ln 2.
  public var freeLogPartition: Double { log(2) }
  public func freeValue(from choices: inout some RandomChoices) -> Int8 { hotValue(from: &choices) }
}

extension PottsModel: CoupledModel {
  public func coupledLogWeight(_ values: [UInt8]) -> Double { logWeight(values) }
  public func scaled(by factor: Double) -> Self {
    accepted { () throws(LatticeError) in try Self(lattice, colours: colours, coupling: factor * coupling) }
  }
  /// ln q.
  public var freeLogPartition: Double { log(Double(colours)) }
  public func freeValue(from choices: inout some RandomChoices) -> UInt8 { hotValue(from: &choices) }
}

extension XYModel: CoupledModel {
  public func coupledLogWeight(_ values: [SIMD2<Double>]) -> Double { logWeight(values) }
  public func scaled(by factor: Double) -> Self {
    accepted { () throws(LatticeError) in try Self(lattice, coupling: factor * coupling) }
  }
  /// 0: the measure is dt / 2 pi.
  public var freeLogPartition: Double { 0 }
  public func freeValue(from choices: inout some RandomChoices) -> SIMD2<Double> { hotValue(from: &choices) }
}

/// The path scales kappa; every site keeps its potential.
extension ScalarPhi4Model: CoupledModel {
  public func coupledLogWeight(_ values: [Double]) -> Double { 2 * hopping * neighbourSum(values) }
  public func scaled(by factor: Double) -> Self {
    accepted { () throws(LatticeError) in try Self(lattice, hopping: factor * hopping, quartic: quartic) }
  }
  /// ln of the integral of exp(-phi^2 - lambda (phi^2 - 1)^2), by the trapezoid rule, which for such functions converges
  /// faster than any power of its step; the step resolves wells of width 1 / sqrt(8 lambda).
  public var freeLogPartition: Double {
    // exp(-49) is all that lies beyond |phi| = 7.
    let steps = Int((70 * (1 + quartic).squareRoot()).rounded(.up)), step = 7 / Double(steps)
    let half = (1...steps).reduce(0) { $0 + exp(-potential(step * Double($1))) }
    return log(step * (2 * half + exp(-potential(0))))
  }
  /// Normal numbers of variance 1/2, accepted with probability exp(-lambda (phi^2 - 1)^2): for large lambda some
  /// 2 sqrt(lambda) tries.
  public func freeValue(from choices: inout some RandomChoices) -> Double {
    while true {
      let phi = 0.5.squareRoot() * choices.normal()
      if choices.bernoulli(exp(phi * phi - potential(phi))) { return phi }
    }
  }
}

/// The path of any lattice model from independent sites, moved by any kernel that can be made for each coupling on it:
/// annealed importance sampling, thermodynamic integration and replica exchange serve all models through this one type.
/// For the bit-sliced square Ising lattice `AnnealedIsing` is the fast road.
///
/// Metropolis of discrete values is periodic at position 0, where no kernel of a path need be asked for: importance
/// sampling and Gauss-Legendre nodes do not. Annealing in reverse bounds nothing with local sweeps, which are not in
/// detailed balance.
public struct AnnealedLattice<Model: CoupledModel, Move: MarkovKernel<LatticeConfiguration<Model.Value>>>: Annealable {
  public typealias State = LatticeReplicas<LatticeConfiguration<Model.Value>>
  public typealias Kernel = ReplicasMove<Move>
  /// The model at the end of the path.
  public let model: Model
  private let move: @Sendable (Model) throws(LatticeError) -> Move

  /// The path to `model`, moved by what `move` makes for each model on it; throws what `move` refuses at either end.
  public init(_ model: Model, move: @escaping @Sendable (Model) throws(LatticeError) -> Move) throws(LatticeError) {
    self.model = model
    self.move = move
    _ = try move(model)
    _ = try move(model.scaled(by: 0))
  }

  public var startLogPartition: Double { Double(model.lattice.sites) * model.freeLogPartition }

  /// Replica r from its own stream at step 0 with purpose `initial`.
  public func start(replicas: Int, firstReplica: Int, from streams: some Streams) -> State {
    State(
      (firstReplica..<firstReplica + replicas).map { replica in
        var choices = streams.generator(replica: replica, step: 0, site: 0, purpose: .initial)
        return LatticeConfiguration(
          model.lattice, values: (0..<model.lattice.sites).map { _ in model.freeValue(from: &choices) }, replica: replica)
      })
  }

  public func kernel(at position: Double) -> ReplicasMove<Move> {
    ReplicasMove(accepted { () throws(LatticeError) in try move(model.scaled(by: position)) })
  }

  public func logRatio(_ state: State, from a: Double, to b: Double) -> [Double] {
    state.replicas.map { (b - a) * model.coupledLogWeight($0.values) }
  }
  public func logDerivative(_ state: State, at position: Double) -> [Double] {
    state.replicas.map { model.coupledLogWeight($0.values) }
  }
}
