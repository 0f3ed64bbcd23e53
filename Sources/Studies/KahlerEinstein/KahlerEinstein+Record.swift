import Glibc
import KahlerGeometry
import Runtime
import Sampling
import Statistics

extension KahlerEinstein {
  /// What a finished gas has come to.
  func record(_ state: State, _ unit: Unit, _ gas: SphereGas) throws(StudyError) -> Recording {
    var recording = Recording()
    let at = place(unit), n = Double(gas.points)
    func put(_ name: String, _ value: Observable) { recording.record(at: at, name, value) }
    func chainsOf(_ value: ([Double]) -> Double) -> [[Double]] {
      let width = Quantity.allCases.count, rows = state.series.count / width
      var all = [[Double]](repeating: [], count: chains)
      for row in 0..<rows { all[row % chains].append(value(Array(state.series[row * width..<(row + 1) * width]))) }
      return all
    }
    func series(_ value: ([Double]) -> Double) throws(StudyError) -> AutocorrelationTime {
      do throws(SeriesError) { return try AutocorrelationTime(chains: chainsOf(value)) } catch { throw .unitFailedOnAllRanks("\(error)") }
    }
    /// A mean beside its exact value, and how many of its errors lie between.
    func compare(_ name: String, _ found: AutocorrelationTime, exact: Double?) {
      let reason = found.isReliable ? nil : "the chains together are shorter than 1000 autocorrelation times: the error may be too small"
      put(name, Observable(found.mean.value, error: found.mean.error, tau: found.tau.value, reason: reason))
      guard let exact else { return }
      put(name + "_exact", Observable(exact))
      put(name + "_z", Self.pull(found.mean.value - exact, found.mean.error))
    }
    func column(_ q: Quantity) throws(StudyError) -> AutocorrelationTime { try series { $0[q.rawValue] } }
    func agreement(_ q: Quantity) throws(StudyError) -> Observable {
      do throws(SeriesError) { return Observable(try potentialScaleReduction(chains: chainsOf { $0[q.rawValue] })) } catch {
        throw .unitFailedOnAllRanks("\(error)")
      }
    }

    switch unit {
    case .sphere(_, let beta, let field):
      let free = field == 0, determinantal = abs(gas.pairExponent - 2) < 1e-12
      for (l, q) in [Quantity.s1, .s2, .s3, .s4].enumerated() {
        let exact =
          !free
          ? nil
          : l == 0
            ? ExactSphereGas.momentum(beta: beta)
            : determinantal ? ExactSphereGas.structureFactorAtTwo(points: gas.points, degree: l + 1) : nil
        compare("structure_factor_\(l + 1)", try column(q), exact: exact)
        if free {
          put("structure_factor_\(l + 1)_limit", Observable(ExactSphereGas.meanFieldStructureFactor(beta: beta, degree: l + 1)))
        }
      }
      put("r_hat", try agreement(.s1))
      compare("mean_height", try column(.height), exact: free ? 0 : nil)
      if !free {
        // (2 + 2 beta) <z> + a <1 - z^2> = 0 at every N; without field that is <z> = 0 again.
        compare(
          "ward_identity", try series { (2 + 2 * beta) * $0[Quantity.height.rawValue] + field * $0[Quantity.transverse.rawValue] }, exact: 0
        )
      }
      recordLimit(state, beta, field, put)
      recordPartition(state, gas, exact: exactLogPartition(gas), put)
    case .weighted(let index, let points):
      let line = try self.line(index, points)
      compare("log_modulus", try column(.logModulus), exact: line.meanLogModulus / n)
      put("r_hat", try agreement(.logModulus))
      put("log_modulus_limit", Observable(try limit(index) { $0.meanLogModulus / Double($0.points) }))
      let threshold = WeightedProjectiveLine.gibbsThreshold(weights: lines[index], points: points)
      put(
        "gibbs_threshold",
        threshold.isFinite ? Observable(threshold) : Observable(.nan, reason: "log canonical: every positive power can be normalised"))
      recordPartition(state, gas, exact: line.logSpherePartition, put)
    case .toric, .given: break
    }
    try recordRungs(state, unit, put)
    if let configuration = state.ladders.first?.state(atRung: rungs - 1) {
      recording.record(
        ResultArray(
          name: "points_\(label(unit))", longName: "the last configuration of the first chain", unit: "1",
          dimensions: [("point_\(label(unit))", gas.points), ("component", 3)],
          values: configuration.vectors(of: 0).flatMap { [$0.x, $0.y, $0.z] }))
    }
    return recording
  }

  /// Errors between a value and what it should be; none where there is no error.
  static func pull(_ difference: Double, _ error: Double) -> Observable {
    error > 0 ? Observable(difference / error) : Observable(.nan, reason: "the mean has no error")
  }

  /// <z>, the law of z and the free energy of the limit; where that cannot be had the samples stay without it.
  private func recordLimit(_ state: State, _ beta: Double, _ field: Double, _ put: (String, Observable) -> Void) {
    var counts = [Double](repeating: 0, count: Self.bins)
    for (k, count) in state.heights.enumerated() { counts[k % Self.bins] += count }
    let total = counts.reduce(0, +), bins = Double(Self.bins)
    put("density", Observable(values: counts.map { $0 / total * bins }))
    let limit: MeanField, solution: MeanField.Solution
    do throws(KahlerError) {
      limit = try MeanField(beta: beta, field: field)
      solution = try limit.solve()
    } catch {
      for name in ["mean_height_limit", "free_energy_limit", "kolmogorov_distance", "wasserstein_distance", "density_limit"] {
        put(name, Observable(.nan, unit: name.hasPrefix("free") ? "nats" : "1", reason: "no limit: \(error.description)"))
      }
      return
    }
    put("mean_height_limit", Observable(solution.mean))
    put("free_energy_limit", Observable(solution.freeEnergy, unit: "nats"))
    let law = limit.law(of: solution), edges = (0...Self.bins).map { -1 + 2 * Double($0) / bins }
    var below = 0.0, largest = 0.0, between = 0.0
    for bin in 0..<Self.bins - 1 {
      below += counts[bin] / total
      let apart = abs(below - Self.interpolate(law, at: edges[bin + 1]))
      largest = max(largest, apart)
      between += apart * 2 / bins
    }
    put("kolmogorov_distance", Observable(largest))
    put("wasserstein_distance", Observable(between))
    // Averages over the same bins, by Simpson's rule.
    let density = (t: law.t, probability: solution.density)
    let averages = (0..<Self.bins).map { (bin: Int) -> Double in
      let ends = Self.interpolate(density, at: edges[bin]) + Self.interpolate(density, at: edges[bin + 1])
      return (ends + 4 * Self.interpolate(density, at: (edges[bin] + edges[bin + 1]) / 2)) / 6
    }
    put("density_limit", Observable(values: averages))
  }
  /// Linear between the nodes.
  private static func interpolate(_ law: (t: [Double], probability: [Double]), at t: Double) -> Double {
    guard let after = law.t.firstIndex(where: { $0 >= t }), after > 0 else { return law.probability[t < 0 ? 0 : law.t.count - 1] }
    let part = (t - law.t[after - 1]) / (law.t[after] - law.t[after - 1])
    return law.probability[after - 1] + part * (law.probability[after] - law.probability[after - 1])
  }

  private func recordPartition(_ state: State, _ gas: SphereGas, exact: Double?, _ put: (String, Observable) -> Void) {
    var found: [(name: String, value: Estimate)] = []
    if annealingReplicas > 0 {
      let annealed = AnnealedImportanceSampling(gas, schedule: .linear(steps: annealingSteps)).estimate(state.logWeights)
      found.append(("annealed", annealed.logPartition))
      put("annealing_effective_replicas", Observable(annealed.effectiveSampleSize))
    }
    if integrationNodes > 0 { found.append(("integrated", integration(gas).estimate(state.integrals))) }
    for (name, value) in found {
      put("log_partition_" + name, Observable(value.value, error: value.error, unit: "nats"))
      if let exact { put("log_partition_\(name)_z", Self.pull(value.value - exact, value.error)) }
    }
    if let exact { put("log_partition_exact", Observable(exact, unit: "nats")) }
  }
  private func exactLogPartition(_ gas: SphereGas) -> Double? {
    if gas.pairExponent == 0 { return gas.field == 0 ? 0 : Double(gas.points) * log(sinh(gas.field) / gas.field) }
    guard gas.field == 0 else { return nil }
    if gas.points == 2 { return ExactSphereGas.logPartitionOfTwo(pairExponent: gas.pairExponent) }
    if gas.points == 3 && gas.pairExponent > -1.2 { return ExactSphereGas.logPartitionOfThree(pairExponent: gas.pairExponent) }
    return abs(gas.pairExponent - 2) < 1e-12 ? ExactSphereGas.logPartitionAtTwo(points: gas.points) : nil
  }

  func line(_ index: Int, _ points: Int) throws(StudyError) -> WeightedProjectiveLine {
    do throws(KahlerError) { return try WeightedProjectiveLine(weights: lines[index], points: points) } catch {
      throw .unitFailedOnAllRanks(error.description)
    }
  }
  /// The limit of an exact quantity from N = 64, 128 and 256, corrections in 1/N and 1/N^2 taken out.
  func limit(_ index: Int, _ value: (WeightedProjectiveLine) -> Double) throws(StudyError) -> Double {
    let a = value(try line(index, 64)), b = value(try line(index, 128)), c = value(try line(index, 256))
    return (4 * (2 * c - b) - (2 * b - a)) / 3
  }

  /// About a second of a polygon's work: what is known of it without, then its balanced metrics, level after level.
  func advancePolygon(_ state: inout State, _ name: String, _ polygon: ReflexivePolygon) throws(StudyError) -> Advance<Recording> {
    let at: [(name: String, value: ParameterValue)] = [("process", .text("toric")), ("surface", .text(name))]
    let b = polygon.barycentre
    if state.polygon.rows.isEmpty {
      state.polygon.record(at: at, "area", Observable(polygon.area))
      state.polygon.record(at: at, "barycentre", Observable(values: [b.x, b.y]))
      state.polygon.record(at: at, "greatest_ricci_bound", Observable(polygon.greatestRicciBound))
    }
    guard b == .zero, state.level < levels.count else { return .done(state.polygon) }
    let k = levels[state.level]
    var iteration = BalancedIteration(polygon, level: k, logH: state.logH, iterations: state.iterations)
    do throws(KahlerError) {
      if let metric = try iteration.advance(max(1, Int(1e9 / iteration.cost))) {
        let here = at + [("level", .integer(k))]
        state.polygon.record(at: here, "density_at_origin", Observable(metric.densityAtOrigin))
        state.polygon.record(at: here, "mean_square_gradient", Observable(metric.meanSquareGradient))
        state.polygon.record(at: here, "sections", Observable(Double(metric.points.count)))
        state.polygon.record(at: here, "iterations", Observable(Double(metric.iterations)))
        (state.level, state.logH, state.iterations) = (state.level + 1, [], 0)
      } else {
        (state.logH, state.iterations) = (iteration.logH, iteration.iterations)
      }
    } catch { throw .unitFailed(error.description) }
    return .more(fraction: Double(state.level) / Double(levels.count), stage: "balanced metric of level \(k)")
  }

  /// What identifies a unit's row.
  func place(_ unit: Unit) -> [(name: String, value: ParameterValue)] {
    switch unit {
    case .sphere(let n, let beta, let field):
      [("process", .text("sphere")), ("points", .integer(n)), ("beta", .real(beta)), ("field", .real(field))]
    case .weighted(let line, let n): [("process", .text("weighted")), ("weights", .text(title(line))), ("points", .integer(n))]
    case .toric(let name, _): [("process", .text("toric")), ("surface", .text(name))]
    case .given(let file): [("process", .text("given")), ("file", .text(file))]
    }
  }
  func title(_ line: Int) -> String { Self.title(lines[line]) }
  static func title(_ weights: [Double]) -> String {
    weights.map { "\(Double(Int(($0 * 1000).rounded())) / 1000)" }.joined(separator: ", ")
  }
  func label(_ unit: Unit) -> String {
    switch unit {
    case .sphere(let n, let beta, let field): "sphere_n\(n)_beta\(Self.word(beta))_field\(Self.word(field))"
    case .weighted(let line, let n): "weighted\(line)_n\(n)"
    case .toric(let name, _): "toric_\(name)"
    case .given(let file): "given\(givenFiles.firstIndex(of: file) ?? 0)"
    }
  }
}
