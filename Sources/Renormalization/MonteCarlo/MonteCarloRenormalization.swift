internal import Glibc
public import Sampling
public import Statistics

/// Monte Carlo renormalization after Swendsen: operators measured on each configuration and on its coarse grainings, step after step;
/// the linearised transformation of each step, its eigenvalues, and matching of lattices.
///
/// Counts are integers by blocks of samples, so that ranks and chains merge to the same bits. For each level: the sums S, the products
/// of two operators of one sector, those with the level before, and those of the even ones with nearest neighbours before any step.
/// Errors are by the jackknife through T to the exponents.
///
/// Source: Swendsen, PRL 42, 859 (1979).
public struct MonteCarloRenormalization: Sendable {
  /// The operators of each sector, in the order in which a growing set takes them.
  public let even: [SpinOperator], odd: [SpinOperator]
  /// The lattices before any step and after each, and b of a step.
  public let shapes: [[Int]], scale: Int
  /// How the samples fall into blocks.
  public let samples: SampleBlocks

  private var sums: [OperatorSums]
  private var now: [Int], before: [Int]
  /// Integers of a level in a block, and where they begin: sums, squares of each sector, crosses of each sector, with the energy.
  private let width: Int, squareStarts: [Int], crossStarts: [Int], energyStart: Int

  /// - Parameters:
  ///   - shape: the fine lattice, one axis or two; `steps`: how often it is coarse grained by `scale`.
  ///   - even, odd: operators; the first even one is the energy that lattices are matched by.
  /// - Throws: `incommensurate` where the lattice cannot be coarse grained so often.
  public init(
    shape: [Int], scale: Int, steps: Int, even: [SpinOperator], odd: [SpinOperator], samples: SampleBlocks
  ) throws(CoarseGrainingError) {
    precondition(even.allSatisfy(\.isEven) && odd.allSatisfy { !$0.isEven }, "operators in their sectors")
    var shapes = [shape]
    for _ in 0..<steps {
      for size in shapes[shapes.count - 1] where size % scale != 0 { throw .incommensurate(size: size, block: scale) }
      shapes.append(shapes[shapes.count - 1].map { $0 / scale })
    }
    self.shapes = shapes
    self.scale = scale
    self.even = even
    self.odd = odd
    self.samples = samples
    var sums: [OperatorSums] = []
    for shape in shapes { sums.append(try OperatorSums(even + odd, sites: .lattice(shape))) }
    self.sums = sums
    let (e, o) = (even.count, odd.count)
    squareStarts = [e + o, e + o + e * e]
    crossStarts = [e + o + e * e + o * o, e + o + 2 * e * e + o * o]
    energyStart = e + o + 2 * e * e + 2 * o * o
    width = energyStart + e
    now = [Int](repeating: 0, count: e + o)
    before = now
    energies = [0]
  }
  private var energies: [Int]

  /// Counts before any sample: per block how many there were, and the integers of each level.
  public var noCounts: BlockedCounts { BlockedCounts(blocks: samples.blocks, width: 1 + shapes.count * width) }

  /// The largest |S_a S_b| times the samples of a block, which is to stay below 2^63.
  public var largestCount: Double {
    let most = Double((even + odd).map(\.terms.count).max() ?? 1) * Double(shapes[0].reduce(1, *))
    return most * most * Double((samples.samples + samples.blocks - 1) / samples.blocks)
  }

  /// Adds samples: `levels[n]` holds the configurations after n steps, which are the global samples from `firstSample` on.
  public mutating func count(
    _ levels: [Configurations], firstSample: Int, into counts: inout BlockedCounts
  ) throws(CoarseGrainingError) {
    precondition(levels.count == shapes.count, "one batch for each level")
    for (level, configurations) in levels.enumerated() where configurations.sites.count != shapes[level].reduce(1, *) {
      throw .sizeMismatch(expected: shapes[level].reduce(1, *), found: configurations.sites.count)
    }
    for row in 0..<levels[0].count {
      let base = begin(firstSample + row, &counts)
      for level in shapes.indices {
        swap(&now, &before)
        for k in now.indices { now[k] = 0 }
        sums[level].add(levels[level], row, to: &now)
        accumulate(&counts.values, base, level)
      }
    }
  }
  /// Adds the global sample `sample` of which the operators' sums are known, the even ones before the odd, level by level.
  public mutating func count(sums: [[Int]], sample: Int, into counts: inout BlockedCounts) {
    precondition(sums.count == shapes.count && sums.allSatisfy { $0.count == now.count }, "all operators at each level")
    let base = begin(sample, &counts)
    for level in shapes.indices {
      before = now
      now = sums[level]
      accumulate(&counts.values, base, level)
    }
  }
  private func begin(_ sample: Int, _ counts: inout BlockedCounts) -> Int {
    let base = samples.block(of: sample) * counts.width
    counts.values[base] += 1
    return base
  }

  private mutating func accumulate(_ values: inout [Int], _ start: Int, _ level: Int) {
    let base = start &+ 1 &+ level &* width, hasBefore = level > 0
    if level == 0 { energies[0] = now.first ?? 0 }
    for k in now.indices { values[base &+ k] &+= now[k] }
    var first = 0
    for (sector, count) in [even.count, odd.count].enumerated() {
      let square = base &+ squareStarts[sector], cross = base &+ crossStarts[sector]
      for g in 0..<count {
        let s = now[first &+ g]
        for b in 0..<count { values[square &+ g &* count &+ b] &+= s &* now[first &+ b] }
        if hasBefore { for b in 0..<count { values[cross &+ g &* count &+ b] &+= s &* before[first &+ b] } }
      }
      first &+= count
    }
    for g in even.indices { values[base &+ energyStart &+ g] &+= now[g] &* energies[0] }
  }

  // MARK: results

  /// One sector of one step, for a growing set of operators.
  public struct Sector: Sendable, Equatable {
    /// For 1, 2, ... operators: y = ln lambda / ln b of the largest eigenvalue, and of the second (not a number for one operator).
    public let exponents: [Estimate], secondExponents: [Estimate]
    /// T of all operators, `[operators, operators]`.
    public let matrix: [Double]
  }
  /// What a step from level n to n + 1 gives.
  public struct Step: Sendable, Equatable {
    /// n + 1, and the lattice before the step.
    public let step: Int, shape: [Int]
    public let even: Sector, odd: Sector
  }
  /// What a level shows.
  public struct Level: Sendable, Equatable {
    /// The lattice.
    public let shape: [Int]
    /// <S> per site of the even operators, <M^2> per site squared, and the response d<S>/dK per site of the even operators to the
    /// nearest-neighbour coupling before any step.
    public let even: [Estimate], squaredMagnetization: Estimate, responses: [Estimate]
  }

  /// All steps.
  public func steps(_ counts: BlockedCounts) -> [Step] {
    (1..<shapes.count).map { step in
      Step(step: step, shape: shapes[step - 1], even: sector(counts, step, 0), odd: sector(counts, step, 1))
    }
  }
  /// How much larger the errors of all exponents are with blocks `factor` times as long, as a geometric mean: near 1 where blocks are long
  /// beside the autocorrelation times, above it where they are too short for errors to be believed. Not a number for fewer than eight of
  /// the longer blocks.
  public func errorGrowth(_ counts: BlockedCounts, factor: Int) -> Double {
    guard counts.blocks % factor == 0, counts.blocks / factor >= 8 else { return .nan }
    let longer = counts.merged(factor)
    func errors(_ counts: BlockedCounts) -> [Double] {
      steps(counts).flatMap { $0.even.exponents + $0.odd.exponents }.map(\.error)
    }
    let ratios = zip(errors(counts), errors(longer)).filter { $0 > 0 && $1 > 0 && ($0 + $1).isFinite }.map { log($1 / $0) }
    return ratios.isEmpty ? .nan : exp(ratios.reduce(0, +) / Double(ratios.count))
  }
  /// All levels, the first before any step.
  public func levels(_ counts: BlockedCounts) -> [Level] {
    shapes.indices.map { level in
      let count = even.count, found = jackknifed(counts) { values($0, level) }
      return Level(
        shape: shapes[level], even: Array(found[..<count]), squaredMagnetization: found[2 * count],
        responses: Array(found[count..<2 * count]))
    }
  }
  /// Per site, from totals: <S> of the even operators, their responses, <M^2> over the sites.
  func values(_ sums: [Double], _ level: Int) -> [Double] {
    let sites = Double(shapes[level].reduce(1, *)), count = even.count, start = 1 + level * width
    let n = sums[0], energy = sums[1] / n
    var values = (0..<count).map { sums[start + $0] / n / sites }
    for k in 0..<count { values.append((sums[start + energyStart + k] / n - sums[start + k] / n * energy) / sites) }
    values.append(odd.isEmpty ? .nan : sums[start + squareStarts[1]] / n / (sites * sites))
    return values
  }

  /// Errors by the jackknife from totals in floating point: the blocks' integers are exact, but of a lattice of 64 million spins a few
  /// hundred squares would overflow their sum.
  func jackknifed(_ counts: BlockedCounts, _ quantities: ([Double]) -> [Double]) -> [Estimate] {
    let all = total(counts)
    return jackknife(blocks: counts.blocks) { left in
      guard let left else { return quantities(all) }
      var rest = all
      for i in 0..<counts.width { rest[i] -= Double(counts.values[left * counts.width + i]) }
      return quantities(rest)
    }
  }
  func total(_ counts: BlockedCounts) -> [Double] {
    var sum = [Double](repeating: 0, count: counts.width)
    for block in 0..<counts.blocks { for i in 0..<counts.width { sum[i] += Double(counts.values[block * counts.width + i]) } }
    return sum
  }

  /// The moments of a step in a sector (0: even), from totals.
  private func moments(_ sums: [Double], _ step: Int, _ sector: Int) -> OperatorMoments {
    let count = sector == 0 ? even.count : odd.count, first = sector == 0 ? 0 : even.count
    let n = sums[0], coarse = 1 + step * width, fine = coarse - width
    var moments = OperatorMoments(operators: count, isEven: sector == 0)
    for k in 0..<count {
      moments.coarse[k] = sums[coarse + first + k] / n
      moments.fine[k] = sums[fine + first + k] / n
    }
    for k in 0..<count * count {
      moments.square[k] = sums[coarse + squareStarts[sector] + k] / n
      moments.cross[k] = sums[coarse + crossStarts[sector] + k] / n
    }
    return moments
  }

  private func sector(_ counts: BlockedCounts, _ step: Int, _ sector: Int) -> Sector {
    let count = sector == 0 ? even.count : odd.count, unit = log(Double(scale))
    let found = jackknifed(counts) { sums in
      let moments = moments(sums, step, sector)
      let values = (0..<count).map { moments.eigenvalues(first: $0 + 1) }
      return values.map { log($0[0]) / unit } + values.map { $0.count > 1 ? log($0[1]) / unit : .nan }
    }
    let matrix = moments(total(counts), step, sector).matrix(first: count) ?? [Double](repeating: .nan, count: count * count)
    return Sector(exponents: Array(found[..<count]), secondExponents: Array(found[count...]), matrix: matrix)
  }
}
