import Glibc
import LatticeSystems
import Runtime
import Statistics

extension LatticeSweep {
  /// What identifies the rows of this point.
  func place(coupling: Double) -> [(name: String, value: ParameterValue)] {
    var at: [(name: String, value: ParameterValue)] = [("model", .text(model.rawValue))]
    if Set(extents).count == 1 {
      at.append(("size", .integer(extents[0])))
      if extents.count != 2 { at.append(("dimensions", .integer(extents.count))) }
    } else {
      at.append(("shape", .text(extents.map(String.init).joined(separator: "x"))))
    }
    at.append((model == .phi4 ? "hopping" : "coupling", .real(coupling)))
    if model == .potts { at.append(("colours", .integer(colours))) }
    if model == .phi4 { at.append(("quartic", .real(quartic))) }
    if field != 0 { at.append(("field", .real(field))) }
    at.append(("move", .text(resolvedMove.rawValue)))
    return at
  }

  /// All that the series of a finished unit say. It is computed alike on all ranks.
  func analysis(_ state: State, _ sampler: LatticeSampler?, names: [String]) throws(StudyError) -> Partial {
    var partial = Partial()
    do {
      let rungs = max(1, ladder.count)
      for rung in 0..<rungs {
        let coupling = ladder.isEmpty ? coupling : ladder[rung]
        let series = stride(from: rung, to: state.series.count, by: rungs).map { state.series[$0] }
        let rows = try RowAnalysis(self, names: names, coupling: coupling, series: series)
        partial.samples.append(rows.sample)
        let at = place(coupling: coupling)
        for (name, observable) in try rows.observables() { partial.recording.record(at: at, name, observable) }
        if keepsSeries { rows.recordSeries(in: &partial.recording, rung: ladder.isEmpty ? nil : rung) }
      }
      if !ladder.isEmpty { recordExchanges(state, in: &partial.recording) }
    } catch {
      throw .unitFailedOnAllRanks("the series cannot be analysed: \(error)")
    }
    if let sampler, extents.count == 2, sites <= 1 << 22 { partial.recording.record(picture(sampler.picture(state.chains[0]))) }
    return partial
  }

  /// The last configuration of the first chain, at most 128 x 128 of it.
  private func picture(_ values: [Double]) -> ResultArray {
    let rows = min(extents[0], 128), columns = min(extents[1], 128)
    let part = (0..<rows).flatMap { y in values[y * extents[1]..<y * extents[1] + columns] }
    return ResultArray(
      name: "snapshot", longName: "last configuration of the first chain, \(rows) x \(columns) of it", unit: "1",
      dimensions: [("row_\(rows)", rows), ("column_\(columns)", columns)], values: part)
  }
}

/// The series of one lattice at one coupling, put through the whole chain of analysis: warm-up, autocorrelation, blocks.
struct RowAnalysis {
  let study: LatticeSweep, names: [String], coupling: Double
  /// Rows of each chain after the warm-up, and how many of them.
  private let chains: [[Double]], length: Int
  private let warmUp: WarmUp?, discarded: Int, width: Int
  private let energy: AutocorrelationTime, square: AutocorrelationTime
  /// The sums over blocks.
  private(set) var sample: CouplingSample

  /// Throws where a number is not finite.
  init(_ study: LatticeSweep, names: [String], coupling: Double, series: [[Double]]) throws {
    (self.study, self.names, self.coupling) = (study, names, coupling)
    let width = CommonObservable.allCases.count + names.count
    self.width = width
    func column(_ rows: [Double], _ k: Int, from first: Int = 0) -> [Double] {
      stride(from: first * width + k, to: rows.count, by: width).map { rows[$0] }
    }
    let all = series.first.map { $0.count / width } ?? 0
    var settled: WarmUp?, cut = 0
    // Shorter series show no transient; their errors say enough.
    if all >= 60 {
      let starts = study.start == "both" && study.ladder.isEmpty && series.count > 1 ? [0, 1] : [0]
      for k in [CommonObservable.energy.rawValue, CommonObservable.squaredMagnetization.rawValue] {
        let groups = starts.map { start in
          series.indices.filter { starts.count == 1 || $0 % 2 == start }.map { column(series[$0], k) }
        }
        let found = try WarmUp(groups: groups)
        // The first complaint stays.
        if settled?.isSettled ?? true { settled = found }
        cut = max(cut, found.discard)
      }
    }
    warmUp = settled
    // Whole blocks at the end of each chain.
    let perChain = study.blocks / series.count, blockLength = (all - cut) / perChain
    guard blockLength > 0 else { throw SeriesError.tooFewSamples(chain: 0, found: all - cut, required: perChain) }
    length = blockLength * perChain
    let first = all - length
    discarded = first
    chains = series.map { Array($0[(first * width)...]) }
    energy = try AutocorrelationTime(chains: series.map { column($0, CommonObservable.energy.rawValue, from: first) })
    square = try AutocorrelationTime(chains: series.map { column($0, CommonObservable.squaredMagnetization.rawValue, from: first) })
    sample = Self.sums(
      chains, study, width: width, blockLength: blockLength, coupling: coupling, inefficiency: max(1, 2 * energy.tau.value))
    let sweep = self.sweep
    func inSweeps(_ series: AutocorrelationTime) -> Estimate? {
      series.windowClosed ? Estimate(value: series.tau.value * sweep, error: series.tau.error * sweep) : nil
    }
    sample.time = inSweeps(energy)
    sample.magnetizationTime = inSweeps(square)
  }

  /// Sweeps from one row to the next; N / <|C|> Wolff clusters are one.
  private var sweep: Double {
    let steps = Double(study.interval)
    guard study.resolvedMove == .wolff, let k = names.firstIndex(where: { $0 == LatticeSweep.improved || $0 == LatticeSweep.clusterSize })
    else {
      return steps
    }
    let size = sample.sums.jackknife { [$0[CommonObservable.allCases.count + k]] }[0].value
    return steps * size / Double(study.sites)
  }

  /// Means of the blocks: the row, and E^2 behind it.
  private static func sums(
    _ chains: [[Double]], _ study: LatticeSweep, width: Int, blockLength: Int, coupling: Double, inefficiency: Double
  ) -> CouplingSample {
    let perChain = study.blocks / chains.count
    var sums = BlockSums(observables: width + 1, blocks: study.blocks)
    // Continuous energies on a grid of a hundredth of their spread or less, so that reweighting has few of them.
    let grid = study.model == .xy || study.model == .phi4 ? Double(study.sites).squareRoot() / 64 : 0
    let energies = chains.indices.flatMap { chain in
      (0..<perChain).map { block -> EnergySums in
        var histogram: [Double: [Double]] = [:]
        for row in block * blockLength..<(block + 1) * blockLength {
          let values = Array(chains[chain][row * width..<(row + 1) * width]), energy = values[0]
          sums.add(values + [energy * energy], to: chain * perChain + block)
          let bin = grid > 0 ? (energy / grid).rounded() * grid : energy
          let old = histogram[bin] ?? [Double](repeating: 0, count: 5)
          histogram[bin] = [old[0] + 1, old[1] + values[1], old[2] + values[2], old[3] + values[3], old[4] + values[4]]
        }
        let bins = histogram.sorted { $0.key < $1.key }
        return EnergySums(energies: bins.map(\.key), counts: bins.map { Int($0.value[0]) }, sums: bins.flatMap { $0.value[1...] })
      }
    }
    return CouplingSample(coupling: coupling, inefficiency: inefficiency, sums: sums, energies: energies)
  }

  private func column(_ k: Int) -> [[Double]] { chains.map { rows in stride(from: k, to: rows.count, by: width).map { rows[$0] } } }

  /// The rows' observables with errors, in the order of the results.
  func observables() throws -> [(String, Observable)] {
    let quantities = LatticeQuantities(study, names: names, coupling: coupling)
    let found = sample.sums.jackknife { quantities.values($0) }
    let trouble = reliability
    var result: [(String, Observable)] = []
    for (place, quantity) in quantities.all.enumerated() {
      var observable = Observable(found[place].value, error: found[place].error, unit: quantity.unit, reason: trouble)
      // Means have the error of their own autocorrelation time; the jackknife checks it.
      if let k = quantity.column {
        let series = try AutocorrelationTime(chains: column(k))
        let error = series.mean.error * quantity.scale
        if error.isFinite {
          observable.errors = [error]
          observable.tau = series.tau.value
        } else {
          observable.reason = trouble ?? "neighbouring rows alternate: no autocorrelation time, the error is that of blocks"
        }
        if trouble == nil, error.isFinite, !series.isReliable {
          observable.reason = "rows / tau of this series is below 1000: its error may be too small"
        }
      }
      if quantity.name.hasPrefix("correlation_length"), !(observable.values[0] >= 0) {
        observable = Observable(
          .nan, unit: quantity.unit,
          reason: observable.values[0].isNaN
            ? "nothing fluctuates at the lowest momentum"
            : "at the lowest momentum fluctuations are not below those at zero: they do not fall off with a length")
      }
      result.append((quantity.name, observable))
    }
    return result + exact(result, quantities) + (try times(found, quantities))
  }

  /// Why the errors may be too small; nil where nothing speaks against them.
  private var reliability: String? {
    if energy.variance == 0 {
      return "the energy is the same in all rows: either the state is frozen, or the move is (a smaller step_size or width, another start)"
    }
    if let warmUp, !warmUp.isSettled {
      return
        "not settled: drift \(rounded(warmUp.drift)), hot against cold \(rounded(warmUp.disagreement)) standard errors after \(warmUp.discard) rows; more measurements or a longer warm-up are needed"
    }
    let slowest = energy.tau.value > square.tau.value ? energy : square
    if !slowest.windowClosed { return "the window of an autocorrelation time did not close; more measurements are needed" }
    if !slowest.isReliable {
      return
        "rows / tau = \(Int(Double(slowest.count) / slowest.tau.value)), below 1000: the errors may be too small; more measurements are needed"
    }
    return nil
  }

  /// Exact values of the same lattice with the deviation in standard errors, those that stand beside the value.
  private func exact(_ found: [(name: String, value: Observable)], _ quantities: LatticeQuantities) -> [(String, Observable)] {
    quantities.exact.flatMap { name, value -> [(String, Observable)] in
      guard let shown = found.first(where: { $0.name == name })?.value else { return [] }
      return [
        (name + "_exact", Observable(value, unit: shown.unit)),
        (name + "_deviation", Observable((shown.values[0] - value) / (shown.errors?[0] ?? .nan), unit: "standard errors")),
      ]
    }
  }

  /// Autocorrelation times in the move's own time, and the cross-checks of the errors.
  private func times(_ found: [Estimate], _ quantities: LatticeQuantities) throws -> [(String, Observable)] {
    let sweep = sweep
    func time(_ series: AutocorrelationTime) -> Observable {
      Observable(
        series.tau.value * sweep, error: series.tau.error * sweep, unit: study.timeUnit,
        reason: series.windowClosed ? nil : "the window did not close")
    }
    let energies = column(CommonObservable.energy.rawValue), scale = 1 / Double(study.sites)
    var result: [(String, Observable)] = [
      ("autocorrelation_time_energy", time(energy)), ("autocorrelation_time_squared_magnetization", time(square)),
      ("energy_error_by_blocks", Observable(found[0].error, unit: energyUnit)),
    ]
    if let plateau = try binning(chains: energies).last {
      result.append(("energy_error_by_binning", Observable(plateau.error * scale, unit: energyUnit)))
    }
    if energies.count > 1 {
      let reduction = try potentialScaleReduction(chains: energies)
      result.append(
        ("potential_scale_reduction", Observable(reduction, reason: reduction > 1.01 ? "above 1.01: the chains do not agree yet" : nil)))
    }
    result.append(("rows_discarded", Observable(Double(discarded), unit: "rows")))
    return result
  }

  private var energyUnit: String { study.model == .phi4 ? "1" : "J" }
  private func rounded(_ value: Double) -> String { written(value, nil, digits: 2) }

  /// The series as arrays over chain and draw.
  func recordSeries(in recording: inout Recording, rung: Int?) {
    let labels = ["energy", "abs_magnetization", "squared_magnetization"]
    for (k, label) in labels.enumerated() {
      recording.record(
        ResultArray(
          name: "series_\(label)" + (rung.map { "_rung_\($0)" } ?? ""),
          longName: "\(label.replacing("_", with: " ")) of each row, warm-up cut off", unit: k == 0 ? energyUnit : "1",
          dimensions: [("chain_\(chains.count)", chains.count), ("draw_\(length)", length)], values: column(k).flatMap { $0 }))
    }
  }
}
