public import Archives
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
  public typealias State = IsingReplicas<Move.State>
  public typealias Kernel = IsingReplicasMove<Move>
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

  public func start(replicas: Int, firstReplica: Int, from streams: some Streams) -> IsingReplicas<Move.State> {
    IsingReplicas(
      (firstReplica..<firstReplica + replicas).map { replica in
        accepted { () throws(LatticeError) in
          try Move.State(IsingConfiguration(hot: model.lattice, replica: replica, from: streams))
        }
      })
  }

  public func kernel(at position: Double) -> IsingReplicasMove<Move> {
    IsingReplicasMove(
      accepted { () throws(LatticeError) in
        try Move(annealing: IsingModel(model.lattice, coupling: position * model.coupling, field: position * model.field))
      })
  }

  public func logRatio(_ state: IsingReplicas<Move.State>, from a: Double, to b: Double) -> [Double] {
    state.replicas.map { (b - a) * logWeight($0) }
  }
  public func logDerivative(_ state: IsingReplicas<Move.State>, at position: Double) -> [Double] {
    state.replicas.map(logWeight)
  }

  private func logWeight(_ spins: Move.State) -> Double {
    let energy = -model.coupling * Double(spins.energy(of: model))
    return model.field == 0 ? energy : energy + model.field * Double(spins.magnetization(of: model))
  }
  /// What `init` has tried cannot be refused later: a smaller coupling of the same sign on the same lattice.
  private func accepted<T>(_ body: () throws(LatticeError) -> T) -> T {
    do { return try body() } catch { preconditionFailure("refused on the path: \(error)") }
  }
}

/// Replicas of one lattice, each with its global number.
public struct IsingReplicas<Spins: IsingSpins>: Sendable, Equatable {
  /// The replicas, in the order of their numbers.
  public var replicas: [Spins]
  /// A batch of replicas.
  public init(_ replicas: [Spins]) { self.replicas = replicas }
}

extension IsingReplicas: Checkpointable {
  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    let packed = replicas.map(\.packed)
    try archive.write(packed.first?.lattice.shape ?? [0, 0], at: path + "/shape")
    try archive.write(packed.map(\.replica), at: path + "/replicas")
    try archive.write(packed.flatMap(\.spins), at: path + "/spins")
  }
  /// Throws `damaged` where the shape is not a lattice that the layout holds, or the spins do not fit it.
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let numbers = try archive.read(Int.self, count: nil, at: path + "/replicas")
    guard !numbers.isEmpty else { self.init([]); return }
    let shape = try archive.read(Int.self, count: 2, at: path + "/shape")
    do {
      let lattice = try SquareLattice(rows: shape[0], columns: shape[1]), words = lattice.words
      let spins = try archive.read(UInt64.self, count: numbers.count * words, at: path + "/spins")
      let tail = PackedLattice.lowBits(lattice.sites - 64 * (words - 1))
      var replicas: [Spins] = []
      for (index, number) in numbers.enumerated() {
        let own = Array(spins[index * words..<(index + 1) * words])
        guard own[words - 1] & ~tail == 0 else { throw ArchiveError.damaged(file: path, reason: "spins past the last site") }
        replicas.append(try Spins(IsingConfiguration(lattice, spins: own, replica: number)))
      }
      self.init(replicas)
    } catch let error as ArchiveError {
      throw error
    } catch {
      throw .damaged(file: path, reason: "\(error)")
    }
  }
}

/// A move applied to each replica in turn; a replica's randomness comes from its own number.
public struct IsingReplicasMove<Move: IsingMove>: MarkovKernel {
  /// The move.
  public var move: Move
  /// `move` on every replica.
  public init(_ move: Move) { self.move = move }
  @inlinable public mutating func step(_ state: inout IsingReplicas<Move.State>, at step: UInt64, from streams: some Streams) {
    for index in state.replicas.indices { move.step(&state.replicas[index], at: step, from: streams) }
  }
}
