import BigInt
import Glibc
import LatticeSystems
public import Runtime
import SymmetryGroups

extension LatticeOrbits {
  /// Thermodynamics of the orbits at one coupling.
  private struct Thermodynamics {
    /// ln Z, <E>, <|M|>; -sum of p ln p over orbits, <ln length>, <1 / length>.
    var logPartition = 0.0, energy = 0.0, magnetization = 0.0, orbitEntropy = 0.0, degeneracy = 0.0, fixing = 0.0
    /// The weight of the orbits of each length.
    var byLength: [Double]
  }

  /// Sums over the table of counts: an orbit of energy E and length n has the weight n exp(-K E) / Z.
  private func thermodynamics(_ counts: [Int], coupling: Double) -> Thermodynamics {
    var result = Thermodynamics(byLength: lengths.map { _ in 0 })
    let ground = Double(bonds) * coupling
    /// (count, length, energy, |M|, ln of the weight of one orbit over exp(ground)).
    var terms: [(count: Double, place: Int, length: Double, energy: Double, magnetization: Double, log: Double)] = []
    for (k, length) in lengths.enumerated() {
      for unsatisfied in 0...bonds {
        for m in 0...sites {
          let count = counts[(k * (bonds + 1) + unsatisfied) * (sites + 1) + m]
          guard count > 0 else { continue }
          let energy = Double(2 * unsatisfied - bonds)
          terms.append((Double(count), k, Double(length), energy, Double(m), log(Double(length)) - coupling * energy - ground))
        }
      }
    }
    let z = terms.reduce(0) { $0 + $1.count * exp($1.log) }
    result.logPartition = log(z) + ground
    for term in terms {
      let orbit = exp(term.log) / z, weight = term.count * orbit
      result.energy += weight * term.energy
      result.magnetization += weight * term.magnetization
      result.orbitEntropy -= weight * (term.log - log(z))
      result.degeneracy += weight * log(term.length)
      result.fixing += weight / term.length
      result.byLength[term.place] += weight
    }
    return result
  }

  /// Everything measured, from the finished counts.
  func record(_ state: State) throws(StudyError) -> Recording {
    var recording = Recording()
    let order = permutations.count * (withFlip ? 2 : 1)
    let burnside = withFlip ? BurnsideCount.spinsWithFlip(under: permutations) : BurnsideCount.colourings(2, under: permutations)
    let perLength = lengths.indices.map { k in
      state.counts[k * (bonds + 1) * (sites + 1)..<(k + 1) * (bonds + 1) * (sites + 1)].reduce(0, +)
    }
    guard BigUInt(perLength.reduce(0, +)) == burnside else {
      throw .fault("\(perLength.reduce(0, +)) orbits were found where Burnside's lemma counts \(burnside)")
    }
    let all: [(String, ParameterValue)] = [("group", .text(groupWords))]
    recording.record(at: all, "order", Observable(Double(order)))
    recording.record(at: all, "configurations", Observable(Double(UInt64(1) << UInt64(sites))))
    recording.record(at: all, "orbits", Observable(Double(perLength.reduce(0, +))))
    recording.record(at: all, "orbits_by_burnside", Observable(Double(burnside)))
    let results = couplings.map { thermodynamics(state.counts, coupling: $0) }
    for (k, length) in lengths.enumerated() where perLength[k] > 0 {
      let at: [(String, ParameterValue)] = [("orbit_length", .integer(length))]
      recording.record(at: at, "orbits", Observable(Double(perLength[k])))
      recording.record(at: at, "configurations", Observable(Double(perLength[k] * length)))
      recording.record(at: at, "weight", Observable(values: results.map { $0.byLength[k] }))
    }
    for (coupling, result) in zip(couplings, results) {
      let at: [(String, ParameterValue)] = [("coupling", .real(coupling))], n = Double(sites)
      func record(_ name: String, _ value: Double, _ unit: String = "1") { recording.record(at: at, name, Observable(value, unit: unit)) }
      record("log_partition_per_site", result.logPartition / n, "nats")
      do throws(ExactSolutionError) {
        record(
          "log_partition_per_site_exact", try KaufmanTorus(columns: columns, rows: rows, coupling: coupling).logPartitionPerSite, "nats")
      } catch { throw .unitFailed("the exact torus: \(error)") }
      record("energy_per_site", result.energy / n, "J")
      record("abs_magnetization", result.magnetization / n)
      record("entropy_per_site", (result.logPartition + coupling * result.energy) / n, "nats")
      record("orbit_entropy_per_site", result.orbitEntropy / n, "nats")
      record("mean_log_orbit_length_per_site", result.degeneracy / n, "nats")
      record("mean_log_orbit_length", result.degeneracy, "nats")
      record("fixing_probability", result.fixing)
    }
    recording.record(
      ResultArray(
        name: "orbit_counts", longName: "orbits by length, unsatisfied bonds and |magnetization|", unit: "1",
        dimensions: [("length", lengths.count), ("unsatisfied_bonds", bonds + 1), ("abs_magnetization", sites + 1)],
        values: state.counts.map(Double.init)))
    recording.record(
      ResultArray(
        name: "length", longName: "orbit length", unit: "1", dimensions: [("length", lengths.count)], values: lengths.map(Double.init)))
    let pairs = stride(from: 0, to: state.examples.count, by: 2).map { (state.examples[$0], state.examples[$0 + 1]) }
    recording.record(
      ResultArray(
        name: "examples", longName: "first configurations of each orbit length", unit: "1",
        dimensions: [("example", pairs.count), ("row", rows), ("column", columns)],
        values: pairs.flatMap { _, word in (0..<sites).map { word >> UInt64($0) & 1 == 1 ? 1.0 : -1 } }))
    recording.record(
      ResultArray(
        name: "example_length", longName: "orbit length of each example", unit: "1", dimensions: [("example", pairs.count)],
        values: pairs.map { Double($0.0) }))
    return recording
  }

  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    let title = "Orbits of the \(rows) x \(columns) Ising torus"
    guard let found = results.first?.partial else {
      return Report(title: title, abstract: "The unit failed; there is nothing to report.", rows: [], derived: [], sections: [], arrays: [])
    }
    let abstract =
      "All 2^\(sites) configurations of the \(rows) x \(columns) torus sorted into the orbits of \(groupWords), a group of "
      + "\(permutations.count * (withFlip ? 2 : 1)) elements, with their energies. All numbers are exact; their count is checked against Burnside's lemma."
    return Report(
      title: title, abstract: abstract, rows: found.rows, derived: [], sections: [summary(found), weights(found), pictures(found)],
      arrays: found.arrays)
  }

  private func value(_ found: Recording, _ coupling: Double, _ name: String) -> Double {
    found.observable(name, at: [("coupling", .real(coupling))])?.values[0] ?? .nan
  }
  /// The coupling nearest to a wanted one.
  private func nearest(_ wanted: Double) -> Double { couplings.min { abs($0 - wanted) < abs($1 - wanted) } ?? 0 }
  private func lengthRows(_ found: Recording) -> [(length: Int, row: ResultRow)] {
    found.rows.compactMap { row in
      if case .integer(let length)? = row.at.first(where: { $0.name == "orbit_length" })?.value { return (length, row) }
      return nil
    }
  }

  /// Three digits, with a power of ten where a number is very small.
  private func brief(_ value: Double) -> String {
    guard value > 0, value < 1e-3 else { return written(value, nil, digits: 3) }
    let power = log10(value).rounded(.down)
    return "\(written(value / pow(10, power), nil, digits: 3))e\(Int(power))"
  }

  private func summary(_ found: Recording) -> ReportSection {
    let orbits = found.observable("orbits", at: [("group", .text(groupWords))])?.values[0] ?? .nan
    let misses = couplings.map { abs(value(found, $0, "log_partition_per_site") - value(found, $0, "log_partition_per_site_exact")) }
    let critical = nearest(SquareIsing.criticalCoupling)
    let table = lengthRows(found).map { length, row in
      let values = row.observables.map(\.observable)
      return [
        "\(length)", "\(Int(values[0].values[0]))", "\(Int(values[1].values[0]))",
        brief(values[2].values[couplings.firstIndex(of: critical) ?? 0]),
      ]
    }
    return ReportSection(
      "What was found",
      [
        .text(
          "\(Int(orbits)) orbits, as Burnside's lemma counts. ln Z from the orbits agrees with the exact solution of the torus "
            + "(Kaufman) within \(brief(misses.max() ?? .nan)) per site at every coupling."),
        .text(
          "A configuration drawn by its Boltzmann weight is fixed by a random element of the group with probability "
            + Set([couplings[0], critical, couplings[couplings.count - 1]]).sorted().map {
              "\(brief(value(found, $0, "fixing_probability"))) at K = \(written($0, nil, digits: 5))"
            }.joined(separator: ", ") + ": the mean of one over the length of its orbit."
        ),
        .table(
          ReportTable(
            caption:
              "Orbits by length, with the Boltzmann weight of all orbits of that length at K = \(written(critical, nil, digits: 5)).",
            header: ["length", "orbits", "configurations", "weight"], rows: table)),
      ])
  }

  /// The part of the orbits that are as long as the group, in words.
  private func full(_ rows: [(length: Int, row: ResultRow)]) -> String {
    let order = permutations.count * (withFlip ? 2 : 1), counts = rows.map { $0.row.observables[0].observable.values[0] }
    let longest = zip(rows, counts).filter { $0.0.length == order }.reduce(0) { $0 + $1.1 }
    return longest == 0 ? "none" : "\(written(100 * longest / counts.reduce(0, +), nil, digits: 3)) %"
  }

  private func weights(_ found: Recording) -> ReportSection {
    let rows = lengthRows(found), x = rows.map { Double($0.length) }
    let number = Curve("orbits", x: x, y: rows.map { $0.row.observables[0].observable.values[0] })
    let chosen = Array(Set([0, 0.3, SquareIsing.criticalCoupling, 0.6].map(nearest))).sorted()
    let curves = chosen.map { k in
      let place = couplings.firstIndex(of: k) ?? 0
      return Curve("K = \(written(k, nil, digits: 3))", x: x, y: rows.map { $0.row.observables[2].observable.values[place] })
    }
    func curve(_ label: String, _ name: String) -> Curve {
      Curve(label, x: couplings, y: couplings.map { value(found, $0, name) }, style: .line)
    }
    let entropies = [
      curve("entropy", "entropy_per_site"), curve("entropy over orbits", "orbit_entropy_per_site"),
      curve("mean ln length", "mean_log_orbit_length_per_site"),
    ]
    return ReportSection(
      "Lengths and weights",
      [
        .figure(
          Figure(
            name: "orbit-lengths", title: "Number of orbits by length",
            caption: "How many orbits there are of each length; \(full(rows)) of them are as long as the group has elements.",
            content: .curves([number], xLabel: "orbit length", yLabel: "orbits", logX: true, logY: true))),
        .figure(
          Figure(
            name: "orbit-weights", title: "Boltzmann weight by orbit length",
            caption:
              "The weight of all orbits of a length at several couplings.",
            content: .curves(curves, xLabel: "orbit length", yLabel: "weight", logX: true, logY: true))),
        .figure(
          Figure(
            name: "entropies", title: "The entropy and its two parts",
            caption:
              "The entropy per site is the entropy of the law of orbits plus the mean logarithm of their length: what a description up to symmetry needs, and what it leaves out.",
            content: .curves(entropies, xLabel: "K", yLabel: "nats per site", logX: false, logY: false))),
      ])
  }

  private func pictures(_ found: Recording) -> ReportSection {
    guard let examples = found.array("examples"), let sizes = found.array("example_length") else {
      return ReportSection("Smallest orbits", [])
    }
    let most = min(24, sizes.values.count)
    let maps = (0..<most).map { k in
      Heatmap(
        title: "\(Int(sizes.values[k]))", rows: rows, columns: columns, values: Array(examples.values[k * sites..<(k + 1) * sites]),
        palette: .binary)
    }
    return ReportSection(
      "Smallest orbits",
      [
        .figure(
          Figure(
            name: "smallest-orbits", title: "Configurations of the smallest orbits",
            caption:
              "The canonical forms (least as a binary number) of up to \(Self.exampleLimit) orbits of each length, shortest first; above each the length.",
            content: .heatmaps(maps, perRow: 8)))
      ])
  }
}
