public import Archives
internal import Glibc
public import LinearAlgebra
public import RandomStreams

/// A ternary MERA of the critical transverse-field Ising chain, H = -sum (Z Z + X) at h = J = 1: one transitional layer from
/// spins to bond dimension chi, then one layer repeated for ever.
///
/// `sweep` lowers the energy layer by layer. Tensors without symmetry often end in a false fixed point (an error of about 1e-3, no
/// conformal spectrum) that breaks the one of the chain, so all tensors conserve the parity prod X: an index is even or odd as its
/// number is, spins are in the eigenstates of X. Reach a larger chi from a converged smaller one (`grown`).
///
/// Source: Evenbly, Vidal, Phys. Rev. B 79, 144108 (2009); scaling dimensions: Pfeifer, Evenbly, Vidal, Phys. Rev. A 79,
/// 040301 (2009).
public struct ScaleInvariantMERA: Sendable, Equatable {
  /// chi.
  public let bondDimension: Int
  /// The layer of spins, and the one that is repeated.
  public internal(set) var transitional: TernaryLayer, scaleInvariant: TernaryLayer
  /// The two-site state between equal layers, `[chi, chi, chi, chi]`, trace 1: the fixed point of the descent, as far as reached.
  public internal(set) var state: [Double]
  /// The energy as the last sweep saw it, between its updates (an upper bound once the state has settled: `settle`), and how
  /// many sweeps there were.
  public internal(set) var energyPerSite = Double.nan, sweeps = 0
  /// Where the layers stood a sweep ago, and for how many sweeps they have gone on without a rise of the energy: their momentum.
  var before: (transitional: TernaryLayer, scaleInvariant: TernaryLayer), pace = 0

  /// Bond dimensions that the transitional layer of three spins can feed.
  public static let bondDimensions = 2...8
  /// h - lambda_max: two sites' share of H, shifted to be negative.
  static let (bondHamiltonian, shift): ([Double], Double) = {
    // -(Z Z + (X 1 + 1 X) / 2) on (s, t; S, T), in the eigenstates of X: Z flips both spins, X is +1 for the even 0, -1 for 1.
    var h = [Double](repeating: 0, count: 16)
    for s in 0..<2 {
      for t in 0..<2 {
        let row = 4 * (2 * s + t)
        h[row + 2 * (1 - s) + 1 - t] -= 1
        h[row + 2 * s + t] -= Double(1 - s - t)
      }
    }
    // Two sites with half the field each have the energies -+sqrt(J^2 + h^2) and -+J.
    let largest = 2.0.squareRoot()
    for i in 0..<4 { h[i * 4 + i] -= largest }
    return (h, largest)
  }()

  /// Random tensors that conserve parity. - Throws: `DecompositionError`, where LAPACK gives up.
  public init(bondDimension chi: Int, from choices: inout some RandomChoices) throws(DecompositionError) {
    precondition(Self.bondDimensions.contains(chi), "the transitional layer feeds at most 8")
    bondDimension = chi
    transitional = try TernaryLayer(lower: 2, upper: chi, from: &choices)
    scaleInvariant = try TernaryLayer(lower: chi, upper: chi, from: &choices)
    before = (transitional, scaleInvariant)
    state = Self.mixed(chi)
  }

  private init(transitional: TernaryLayer, scaleInvariant: TernaryLayer, state: [Double]) {
    bondDimension = scaleInvariant.lower
    self.transitional = transitional
    self.scaleInvariant = scaleInvariant
    self.state = state
    before = (transitional, scaleInvariant)
  }

  public static func == (one: ScaleInvariantMERA, other: ScaleInvariantMERA) -> Bool {
    one.packed.map(\.bitPattern) == other.packed.map(\.bitPattern)
  }

  private static func mixed(_ chi: Int) -> [Double] {
    let n = chi * chi
    return (0..<n * n).map { $0 / n == $0 % n ? 1 / Double(n) : 0 }
  }

  /// The tensors embedded in larger ones with normal noise of this width, made isometric again.
  /// - Throws: `DecompositionError`, where LAPACK gives up.
  public func grown(
    to chi: Int, noise: Double = 0.02, from choices: inout some RandomChoices
  ) throws(DecompositionError) -> ScaleInvariantMERA {
    precondition(chi >= bondDimension && Self.bondDimensions.contains(chi), "a larger bond dimension")
    func embedded(_ tensor: [Double], _ old: [Int], _ new: [Int], identity: Bool) throws(DecompositionError) -> [Double] {
      let inner = new[0] * new[1] * (new.count == 4 && !identity ? new[2] : 1), columns = new.reduce(1, *) / inner
      var larger = (0..<inner * columns).map { _ in noise * choices.normal() }
      TernaryLayer.keepEven(&larger, lower: new[0], upper: new[3])
      // A disentangler leaves the new directions alone.
      if identity { for i in 0..<inner where i / new[1] >= old[0] || i % new[1] >= old[1] { larger[i * columns + i] += 1 } }
      for (i, value) in tensor.enumerated() {
        var rest = i, place = 0, scale = 1
        for axis in (0..<4).reversed() {
          place += rest % old[axis] * scale
          rest /= old[axis]
          scale *= new[axis]
        }
        larger[place] += value
      }
      return try TernaryLayer.polar(larger, rows: inner, columns: columns)
    }
    let old = bondDimension
    let w0 = try embedded(transitional.isometry, [2, 2, 2, old], [2, 2, 2, chi], identity: false)
    let w = try embedded(scaleInvariant.isometry, [old, old, old, old], [chi, chi, chi, chi], identity: false)
    let u = try embedded(scaleInvariant.disentangler, [old, old, old, old], [chi, chi, chi, chi], identity: true)
    var rho = [Double](repeating: 0, count: chi * chi * chi * chi)
    for i in 0..<old * old * old * old {
      let (a, b, c, d) = (i / (old * old * old), i / (old * old) % old, i / old % old, i % old)
      rho[((a * chi + b) * chi + c) * chi + d] = state[i]
    }
    return ScaleInvariantMERA(
      transitional: TernaryLayer(lower: 2, upper: chi, isometry: w0, disentangler: transitional.disentangler),
      scaleInvariant: TernaryLayer(lower: chi, upper: chi, isometry: w, disentangler: u), state: rho)
  }

  /// The plans of both layers: make them once for each chi.
  public final class Networks {
    let transitional: TernaryNetworks, scaleInvariant: TernaryNetworks
    /// For bond dimension chi.
    public init(bondDimension chi: Int) {
      let workspace = ContractionWorkspace()
      transitional = TernaryNetworks(lower: 2, upper: chi, workspace: workspace)
      scaleInvariant = TernaryNetworks(lower: chi, upper: chi, workspace: workspace)
    }
    /// Multiplications of a sweep of the repeated layer: 3 descents, 2 ascents, 2 environments of u and of w.
    public var multiplicationsPerSweep: Double {
      let m = scaleInvariant.multiplications
      return 3 * m.descent + 2 * m.ascent + 2 * (m.disentangler + m.isometry)
    }
    /// The contraction plans of the repeated layer in words.
    public var costs: [String] { scaleInvariant.costs }
  }
}

extension ScaleInvariantMERA: Checkpointable {
  public static var formatVersion: Int { 2 }

  /// All numbers in one array, for messages and archives: sweeps, energy and pace, the tensors now and a sweep ago, the state.
  public var packed: [Double] {
    var numbers = [Double(bondDimension), Double(sweeps), Double(pace), energyPerSite]
    for layer in [transitional, scaleInvariant, before.transitional, before.scaleInvariant] {
      numbers += layer.isometry
      numbers += layer.disentangler
    }
    return numbers + state
  }
  /// The numbers of `packed` for this bond dimension.
  public static func packedCount(bondDimension chi: Int) -> Int { 4 + 2 * (8 * chi + 16) + 5 * chi * chi * chi * chi }
  /// What `packed` gave.
  public init(packed numbers: [Double]) {
    let chi = Int(numbers[0]), fourth = chi * chi * chi * chi
    precondition(numbers.count == Self.packedCount(bondDimension: chi), "packed numbers of a MERA")
    var rest = numbers[4...]
    func take(_ count: Int) -> [Double] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    func layer(lower: Int) -> TernaryLayer {
      let w = take(lower * lower * lower * chi), u = take(lower * lower * lower * lower)
      return TernaryLayer(lower: lower, upper: chi, isometry: w, disentangler: u)
    }
    let spins = layer(lower: 2), repeated = layer(lower: chi), earlier = (layer(lower: 2), layer(lower: chi))
    self.init(transitional: spins, scaleInvariant: repeated, state: take(fourth))
    before = earlier
    (sweeps, pace, energyPerSite) = (Int(numbers[1]), Int(numbers[2]), numbers[3])
  }

  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    // As bit patterns: before the first sweep the energy is not a number.
    try archive.write(packed.map(\.bitPattern), at: path + "/numbers")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let numbers = try archive.read(UInt64.self, count: nil, at: path + "/numbers").map { Double(bitPattern: $0) }
    let chi = numbers.first.map { $0 >= 2 && $0 <= 8 ? Int($0) : 0 } ?? 0
    guard chi > 0, numbers.count == Self.packedCount(bondDimension: chi) else {
      throw .shape(path: path + "/numbers", expected: [Self.packedCount(bondDimension: max(2, chi))], found: [numbers.count])
    }
    self.init(packed: numbers)
  }
}
