public import Sampling

/// What is measured on packed Ising configurations, one number for each configuration and in their order.
public struct SpinObservables: Sendable {
  /// The model whose energy is meant.
  public let model: IsingModel
  /// Observables of configurations on the model's lattice.
  public init(_ model: IsingModel) { self.model = model }
  private var sites: Double { Double(model.lattice.sites) }

  /// e = E / N in units of J.
  public func energyPerSite(_ batch: Configurations) -> [Double] {
    (0..<batch.count).map { Double(model.energy(batch, $0)) / sites }
  }
  /// m = M / N.
  public func magnetization(_ batch: Configurations) -> [Double] {
    (0..<batch.count).map { Double(batch.magnetization($0)) / sites }
  }
  /// |m|.
  public func absMagnetization(_ batch: Configurations) -> [Double] { magnetization(batch).map(abs) }
  /// m^2.
  public func squaredMagnetization(_ batch: Configurations) -> [Double] { magnetization(batch).map { $0 * $0 } }

  /// C(r) = mean over sites and both axes of s_x s_(x + r), 0 <= r < both extents.
  public func correlation(_ batch: Configurations, distance r: Int) -> [Double] {
    let lattice = model.lattice, w = batch.wordsPerConfiguration
    precondition(w == lattice.words, "configurations do not fit the lattice")
    precondition(r >= 0 && r < min(lattice.rows, lattice.columns), "a distance below the extents")
    return (0..<batch.count).map { c in
      let spins = Array(batch.words[c * w..<(c + 1) * w])
      let across = model.packed.displaced(spins, rows: 0, columns: r), down = model.packed.displaced(spins, rows: r, columns: 0)
      let unlike = spins.indices.reduce(0) {
        $0 + (spins[$1] ^ across[$1]).nonzeroBitCount + (spins[$1] ^ down[$1]).nonzeroBitCount
      }
      return 1 - Double(unlike) / sites
    }
  }
}
