import Glibc
import LatticeSystems
import Runtime
import Statistics

/// Points of a sweep that differ in size and coupling alone, and what finite-size scaling makes of them.
struct FiniteSizeScaling {
  /// One lattice size with its samples by rising coupling.
  struct Size {
    let size: Int, study: LatticeSweep, samples: [CouplingSample], names: [String]
    /// The samples combined, all of them and without each block; nil where reweighting cannot join them.
    let combined: [MultiHistogramReweighting]?
    /// Settings in which the moves of the family's points differ; nil where they are alike.
    let unequalMoves: String?

    init(_ study: LatticeSweep, _ samples: [CouplingSample], names: [String], unequalMoves: String?) {
      self.unequalMoves = unequalMoves
      (size, self.study, self.samples, self.names) = (study.extents[0], study, samples, names)
      let blocks = samples[0].energies.count
      guard samples.count >= 2, samples.allSatisfy({ $0.energies.count == blocks }) else { combined = nil; return }
      // A size whose couplings do not overlap has no continuous curves; its points are used all the same.
      func joined(without left: Int?, guess: [Double]?) throws(ReweightingError) -> MultiHistogramReweighting {
        let states = samples.map { sample in
          var sums = EnergySums.empty
          for (block, part) in sample.energies.enumerated() where block != left { sums.merge(part) }
          return SampledState(coupling: sample.coupling, sums: sums, inefficiency: sample.inefficiency)
        }
        return try MultiHistogramReweighting(states, guess: guess)
      }
      do throws(ReweightingError) {
        let whole = try joined(without: nil, guess: nil)
        var all = [whole]
        for block in 0..<blocks { all.append(try joined(without: block, guess: whole.freeEnergies)) }
        combined = all
      } catch { combined = nil }
    }

    /// Means of a row of common observables, with E^2, at any coupling within reach, without one block (index + 1) or of all
    /// (0); what else a row holds is not a number there, since it is not reweighted.
    func means(at coupling: Double, _ which: Int = 0) -> [Double]? {
      guard let combined, let averages = try? combined[which].averages(at: coupling) else { return nil }
      let row = [averages.energy] + averages.observables
      return row + [Double](repeating: .nan, count: names.count) + [averages.energyVariance + averages.energy * averages.energy]
    }
    /// A quantity of this name from means at a coupling.
    func value(_ name: String, at coupling: Double, _ which: Int = 0) -> Double {
      guard let means = means(at: coupling, which) else { return .nan }
      let quantities = LatticeQuantities(study, names: names, coupling: coupling)
      return quantities.all.first { $0.name == name }?.value(means) ?? .nan
    }
    /// The sampled values of a quantity with jackknife errors, by coupling.
    func points(_ name: String) -> [Estimate] {
      samples.map { sample in
        let quantities = LatticeQuantities(study, names: names, coupling: sample.coupling)
        guard let quantity = quantities.all.first(where: { $0.name == name }) else { return Estimate(value: .nan, error: .nan) }
        return sample.sums.jackknife { [quantity.value($0)] }[0]
      }
    }
    var couplings: [Double] { samples.map(\.coupling) }

    /// The same values with their covariance, `[points, points]`: chains of different couplings are independent, rungs of
    /// a ladder are not, so there it is the jackknife's over common blocks.
    func correlatedPoints(_ name: String) -> (values: [Double], covariance: [Double]) {
      let points = points(name), n = points.count, blocks = samples[0].sums.blocks
      // A covariance from few blocks is no better than none.
      if study.ladder.isEmpty || blocks < 2 * n {
        return (points.map(\.value), (0..<n * n).map { $0 / n == $0 % n ? points[$0 / n].error * points[$0 / n].error : 0 })
      }
      let all = samples.map { LatticeQuantities(study, names: names, coupling: $0.coupling) }
      return jackknifeCovariance(blocks: blocks) { (left: Int?) -> [Double] in
        samples.indices.map { k in
          guard let quantity = all[k].all.first(where: { $0.name == name }) else { return .nan }
          return quantity.value(samples[k].sums.means(without: left))
        }
      }
    }
  }

  /// A joint fit from a smallest size on.
  struct JointFit { let leastSize: Int, fit: ScalingFit }

  /// The study at any of the points, for what all share.
  let study: LatticeSweep
  let sizes: [Size]

  /// Other swept settings that all points of the family share.
  private let others: [(name: String, value: ParameterValue)]

  /// The family of these sizes, rising.
  init(_ sizes: [Size], others: [(name: String, value: ParameterValue)]) {
    self.others = others
    self.sizes = sizes.sorted { $0.size < $1.size }
    study = self.sizes[0].study
  }
  /// Whether there is anything to scale.
  var isScalable: Bool { sizes.count >= 2 && sizes.allSatisfy { $0.samples.count >= 3 } }

  /// "ising, d = 2, swendsen-wang".
  var label: String {
    var words = [study.model == .potts ? "potts q = \(study.colours)" : study.model.rawValue, "d = \(study.extents.count)"]
    if study.model == .phi4 { words.append("lambda = \(study.quartic)") }
    if study.field != 0 { words.append("B = \(study.field)") }
    words.append(study.resolvedMove.rawValue)
    return (words + others.map { "\($0.name) \($0.value.words)" }).joined(separator: ", ")
  }

  /// The same as part of names: "potts-3-2d-swendsen-wang".
  var slug: String {
    var words = [study.model.rawValue]
    if study.model == .potts { words.append("\(study.colours)") }
    if study.model == .phi4 { words.append("\(study.quartic)") }
    words.append("\(study.extents.count)d")
    if study.field != 0 { words.append("field-\(study.field)") }
    words.append(study.resolvedMove.rawValue)
    return (words + others.map { "\($0.name)-\($0.value.words)" }).joined(separator: "-")
  }

  /// Joint fits for each smallest size that leaves two sizes, the one asked for first, started at `middle`; and why there is
  /// none from other sizes on.
  func fits(_ quantity: ScalingQuantity, from middle: Double?) -> (found: [JointFit], refused: [(leastSize: Int, reason: String)]) {
    let wanted = sizes.first { $0.size >= study.leastSize }?.size ?? sizes[0].size
    let starts = [wanted] + sizes.dropLast().map(\.size).filter { $0 != wanted }
    var found: [JointFit] = [], refused: [(leastSize: Int, reason: String)] = []
    for least in starts {
      if least == sizes.last?.size {
        refused.append((least, "one size alone is left"))
        continue
      }
      do throws(FitError) {
        found.append(JointFit(leastSize: least, fit: try fit(quantity, leastSize: least, from: middle)))
      } catch { refused.append((least, error.words)) }
    }
    return (found, refused)
  }

  private func fit(_ quantity: ScalingQuantity, leastSize: Int, from middle: Double?) throws(FitError) -> ScalingFit {
    let data = points(quantity, of: sizes.filter { $0.size >= leastSize })
    let middle = middle ?? study.criticalPoint?.coupling.value ?? data.x.reduce(0, +) / Double(data.x.count)
    let guesses = [study.criticalPoint?.nu.map { 1 / $0.value }, 1, 1.5].compactMap { $0 }
    var best: ScalingFit?, failure = FitError.degenerate
    for guess in guesses {
      do throws(FitError) {
        let found = try ScalingFit(
          sizes: data.lengths, x: data.x, y: data.y, noise: data.noise, degree: study.degree, critical: middle, inverseNu: guess,
          omega: study.correctionExponent > 0 ? study.correctionExponent : nil, correctionDegree: study.correctionDegree)
        if best.map({ found.fit.chiSquared < $0.fit.chiSquared }) ?? true { best = found }
      } catch { failure = error }
    }
    guard let best else { throw failure }
    return best
  }

  /// All points of a quantity, size after size, with their covariance.
  private func points(
    _ quantity: ScalingQuantity, of sizes: [Size]
  ) -> (lengths: [Double], x: [Double], y: [Double], noise: DataNoise) {
    let found = sizes.map { $0.correlatedPoints(quantity.rawValue) }
    return (
      sizes.flatMap { size in size.couplings.map { _ in Double(size.size) } }, sizes.flatMap(\.couplings), found.flatMap(\.values),
      .covariance(Self.blockDiagonal(found.map(\.covariance)))
    )
  }

  /// The covariance of all sizes' points: different sizes are independent.
  private static func blockDiagonal(_ blocks: [[Double]]) -> [Double] {
    let counts = blocks.map { Int(Double($0.count).squareRoot().rounded()) }, n = counts.reduce(0, +)
    var matrix = [Double](repeating: 0, count: n * n), start = 0
    for (block, count) in zip(blocks, counts) {
      for i in 0..<count { for j in 0..<count { matrix[(start + i) * n + start + j] = block[i * count + j] } }
      start += count
    }
    return matrix
  }

  /// The collapse of the sampled points, started at the joint fit.
  func collapse(_ quantity: ScalingQuantity, from fit: ScalingFit) throws(CollapseError) -> DataCollapse {
    let start = DataCollapse.Parameters(critical: fit.critical.value, a: fit.inverseNu.value)
    let scale = DataCollapse.Parameters(critical: max(fit.critical.error, 1e-7), a: max(fit.inverseNu.error, 1e-3), b: 0)
    return try DataCollapse(scalingCurves(quantity), noise: points(quantity, of: sizes).noise, start: start, scale: scale)
  }
  /// The sampled points of a quantity as curves.
  func scalingCurves(_ quantity: ScalingQuantity) -> [ScalingCurve] {
    sizes.map { size in
      let points = size.points(quantity.rawValue)
      return ScalingCurve(size: Double(size.size), x: size.couplings, y: points.map(\.value), errors: points.map(\.error))
    }
  }
}
