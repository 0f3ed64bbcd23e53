import BoltzmannMachines
import Glibc
import LatticeSystems
import RandomStreams
import Renormalization
import Runtime
import Sampling
import Statistics

/// What identifies a row of this study's results.
typealias Place = [(name: String, value: ParameterValue)]

extension DeepRenormalization {
  /// Distances at which coarse spins are compared, in fine lattice spacings.
  var distances: [Double] { [2, 4, 8, 16].filter { 2 * Int($0) <= size } }
  /// The test samples in blocks for error bars: whole chains where there are few.
  var blocks: SampleBlocks { SampleBlocks(samples: testConfigurations, blocks: testChains <= 64 ? testChains : 20) }

  /// A row: which coarse graining, after how many layers, how much longer its spacing is.
  func place(_ graining: String, layer: Int, scale: Double) -> Place {
    [("graining", .text(graining)), ("layer", .integer(layer)), ("scale", .real(scale))]
  }

  /// The measurements, one slice each.
  enum Measurement { case sampling, spins, blockSpins, fields(layer: Int), coarseSpins(layer: Int), freeEnergies, machineSamples, arrays }

  /// What a unit measures, in this order.
  func measurements(of unit: Unit) -> [Measurement] {
    if unit == .control { return [.fields(layer: 0), .arrays] }
    let layers = hidden.indices.flatMap { [Measurement.fields(layer: $0), .coarseSpins(layer: $0)] }
    return [.sampling, .spins, .blockSpins] + layers + [.freeEnergies, .machineSamples, .arrays]
  }

  /// Carries out one measurement. Every rank computes the same.
  func measure(_ measurement: Measurement, _ state: inout State, streams: StreamKey) throws {
    let isControl = state.machines.count == 1 && state.finishedRuns.isEmpty
    let test = latticeConfigurations(state, test: true)
    switch measurement {
    case .sampling: try recordSampling(state, into: &state.recording)
    case .spins:
      try recordSpins(test, graining: "spins", layer: 0, spacing: 1, into: &state.recording)
      state.recording.record(snapshot("snapshot_spins", test))
    case .blockSpins: try recordBlockSpins(test, streams: streams, into: &state.recording)
    case .fields(let index):
      let layer = try coarseGrainings(state.machines)[index]
      try recordFields(
        layer, layer: index + 1, graining: isControl ? "permuted_control" : "boltzmann", streams: streams, into: &state.recording)
    case .coarseSpins(let index):
      let layers = try coarseGrainings(state.machines)
      var coarse = test
      for below in 0...index {
        let source = KeyedStreams(StreamKey.derive(seed: streams.high, study: "\(streams.low)", unit: "coarse \(below)"))
        coarse = try layers[below].coarsen(coarse, firstSample: configurations, from: source)
      }
      try recordCoarse(coarse, fine: test, layer: layers[index], index: index, into: &state.recording)
    case .freeEnergies: try recordFreeEnergies(state, test: test, streams: streams, into: &state.recording)
    case .machineSamples: try recordModelSamples(state, into: &state.recording)
    case .arrays:
      recordCurves(state, prefix: isControl ? "control_" : "", into: &state.recording)
      recordWeights(state, prefix: isControl ? "control_" : "", into: &state.recording)
    }
  }

  /// The machines as coarse grainings, each above the one before.
  private func coarseGrainings(_ machines: [RestrictedBoltzmannMachine<Float>]) throws -> [BoltzmannLayer<Float>] {
    var layers = [try BoltzmannLayer(machines[0], on: [size, size])]
    for machine in machines.dropFirst() { layers.append(try BoltzmannLayer(machine, above: layers[layers.count - 1])) }
    return layers
  }

  // MARK: Spins

  /// The sampler against the exact torus: energy per site over all chains.
  private func recordSampling(_ state: State, into recording: inout Recording) throws {
    let model = try IsingModel(SquareLattice(size: size), coupling: coupling)
    let all = Configurations(count: configurations + testConfigurations, sites: .lattice([size, size]), words: state.recorded)
    let energies = (0..<all.count).map { Double(model.energy(all, $0)) / Double(sites) }
    let chains = (0..<trainingChains + testChains).map { Array(energies[$0 * perChain..<($0 + 1) * perChain]) }
    let series = try AutocorrelationTime(chains: chains)
    let exact = try KaufmanTorus(columns: size, rows: size, coupling: coupling)
    let at = place("spins", layer: 0, scale: 1)
    let tau = series.tau.value
    recording.record(at: at, "energy_per_site", Observable(series.mean.value, error: series.mean.error, tau: tau, unit: "J"))
    recording.record(at: at, "energy_per_site_exact", Observable(exact.energyPerSite, unit: "J"))
    recording.record(
      at: at, "energy_deviation", Observable((series.mean.value - exact.energyPerSite) / series.mean.error, unit: "standard errors"))
    recording.record(at: at, "log_partition_exact", Observable(exact.logPartition, unit: "nats"))
    recording.record(at: at, "log_partition_per_site_exact", Observable(exact.logPartitionPerSite, unit: "nats"))
    // Entropy of the law, S = ln Z + K <E>, exactly; independent fair spins miss ln 2 - S / N.
    let entropy = exact.logPartitionPerSite + coupling * exact.energyPerSite
    recording.record(at: at, "entropy_per_site_exact", Observable(entropy, unit: "nats"))
    recording.record(at: at, "kullback_leibler_per_site_of_independent_spins", Observable(log(2) - entropy, unit: "nats"))
    if chains.count > 1, perChain > 1 {
      recording.record(at: at, "potential_scale_reduction", Observable(try potentialScaleReduction(chains: chains)))
    }
  }

  /// Magnetisation, and correlation and information of pairs, of one kind of (coarse) spins.
  private func recordSpins(
    _ spins: Configurations, graining: String, layer: Int, spacing: Int, units: [Int]? = nil, into recording: inout Recording
  ) throws {
    let at = place(graining, layer: layer, scale: scale(of: spins))
    let magnetization = MagnetizationProbe(units: spins.sites.count, samples: blocks)
    var counts = magnetization.noCounts
    try magnetization.count(spins, firstSample: 0, into: &counts)
    let m = magnetization.result(counts)
    let series = (0..<testChains).map { chain in
      (0..<perChain).map { Double(abs(spins.magnetization(chain * perChain + $0))) / Double(spins.sites.count) }
    }
    let tau = try AutocorrelationTime(chains: series).tau.value
    recording.record(at: at, "abs_magnetization", Observable(m.absolute.value, error: m.absolute.error, tau: tau))
    recording.record(at: at, "magnetization_squared", Observable(m.square.value, error: m.square.error, tau: tau))

    let pairs = try PairProbe(sites: spins.sites, spacing: spacing, distances: distances, units: units, samples: blocks)
    var pairCounts = pairs.noCounts
    try pairs.count(spins, firstSample: 0, into: &pairCounts)
    let found = pairs.results(pairCounts)
    func observable(_ pick: (PairProbe.Result) -> Estimate, unit: String) -> Observable {
      let missing = found.contains { $0 == nil } ? "null where the coarse lattice has no pairs at that distance" : nil
      let estimates = found.map { $0.map(pick) ?? Estimate(value: .nan, error: .nan) }
      return Observable(values: estimates.map(\.value), errors: estimates.map(\.error), unit: unit, reason: missing)
    }
    recording.record(at: at, "distance", Observable(values: distances, unit: "sites"))
    recording.record(at: at, "correlation", observable(\.correlation, unit: "1"))
    recording.record(at: at, "mutual_information", observable(\.mutualInformation, unit: "nats"))
  }

  private func scale(of spins: Configurations) -> Double {
    (Double(sites) / Double(spins.sites.count)).squareRoot()
  }

  /// 2 x 2 majority and decimation, once and twice, beside the machines.
  private func recordBlockSpins(_ test: Configurations, streams: StreamKey, into recording: inout Recording) throws {
    let source = KeyedStreams(StreamKey.derive(seed: streams.high, study: "\(streams.low)", unit: "blocks"))
    let majority = try BlockMajority(block: 2).coarsen(test, firstSample: configurations, from: source)
    let decimated = try Decimation(block: 2).coarsen(test, firstSample: configurations, from: source)
    try recordSpins(majority, graining: "majority", layer: 1, spacing: 2, into: &recording)
    try recordSpins(decimated, graining: "decimation", layer: 1, spacing: 2, into: &recording)
    recording.record(snapshot("snapshot_majority", majority))

    // The neighbourhood of a block spin is its own block: centres in the middle of the plaquettes.
    let half = size / 2
    let centres = (0..<half * half).map { SIMD2(Float($0 / half * 2) + 0.5, Float($0 % half * 2) + 0.5) }
    let corners = (0..<half * half).map { SIMD2(Float($0 / half * 2), Float($0 % half * 2)) }
    for (name, spins, places) in [("majority", majority, centres), ("decimation", decimated, corners)] {
      let probe = try NeighbourhoodProbe(centres: places, shape: [size, size], pooled: true, samples: blocks)
      var counts = probe.noCounts
      try probe.count(coarse: spins, fine: test, firstSample: 0, into: &counts)
      recordInformation(probe.result(counts), at: place(name, layer: 1, scale: 2), into: &recording)
    }
    let majority4 = try BlockMajority(block: 2).coarsen(majority, firstSample: configurations, from: LaterSteps(source, by: 1))
    let decimated4 = try Decimation(block: 2).coarsen(decimated, firstSample: configurations, from: source)
    try recordSpins(majority4, graining: "majority", layer: 2, spacing: 4, into: &recording)
    try recordSpins(decimated4, graining: "decimation", layer: 2, spacing: 4, into: &recording)
  }

  private func recordInformation(_ found: NeighbourhoodProbe.Result, at: Place, into recording: inout Recording) {
    recording.record(at: at, "information_2x2", Observable(found.plaquette.value, error: found.plaquette.error, unit: "nats"))
    recording.record(at: at, "information_3x3", Observable(found.block.value, error: found.block.error, unit: "nats"))
  }

  /// A machine's coarse spins: everything that block spins are asked, on live units.
  private func recordCoarse(
    _ coarse: Configurations, fine: Configurations, layer: BoltzmannLayer<Float>, index: Int, into recording: inout Recording
  ) throws {
    let live = layer.fields.liveUnits
    guard live.count > 1 else { return }
    try recordSpins(coarse, graining: "boltzmann", layer: index + 1, spacing: 1, units: live, into: &recording)
    // Each unit has tables of its own; some hundred units, evenly chosen, tell the median as well as thousands.
    let most = 256, chosen = live.count <= most ? live : (0..<most).map { live[$0 * live.count / most] }
    let parts = SampleBlocks(samples: testConfigurations, blocks: min(blocks.blocks, 10))
    let probe = try NeighbourhoodProbe(centres: layer.centres, shape: [size, size], units: chosen, pooled: false, samples: parts)
    var counts = probe.noCounts
    try probe.count(coarse: coarse, fine: fine, firstSample: 0, into: &counts)
    recordInformation(probe.result(counts), at: place("boltzmann", layer: index + 1, scale: scale(of: coarse)), into: &recording)
    if index == 0 { recording.record(placedSnapshot("snapshot_boltzmann", coarse, layer: layer)) }
  }

  // MARK: Receptive fields

  private func recordFields(
    _ layer: BoltzmannLayer<Float>, layer number: Int, graining: String, streams: StreamKey, into recording: inout Recording
  ) throws {
    let fields = layer.fields
    let scale = (Double(sites) / Double(layer.machine.hidden)).squareRoot()
    let at = place(graining, layer: number, scale: scale)
    let source = KeyedStreams(StreamKey.derive(seed: streams.high, study: "\(streams.low)", unit: "null \(number)"))
    let null = fields.nullRadii(effective: layer.effectiveWeights, from: source)
    func record(_ name: String, _ estimate: Estimate, unit: String = "1") {
      recording.record(
        at: at, name,
        Observable(
          estimate.value, error: estimate.error.isFinite ? estimate.error : nil, unit: unit,
          reason: estimate.value.isFinite ? nil : "no live units"))
    }
    record("receptive_field_radius", fields.radius, unit: "sites")
    record("radius_over_null", fields.relativeRadius(nullRadii: null))
    record("participation_ratio", fields.participationRatio, unit: "sites")
    record("coherence", fields.coherence)
    record("center_spacing", fields.spacing, unit: "sites")
    record("center_spacing_variation", fields.spacingVariation)
    // Fractions of units: binomial errors, as if units were independent.
    for (name, fraction, count) in [
      ("dead_fraction", fields.deadFraction, fields.live.count),
      ("single_site_fraction", fields.singleSiteFraction, fields.liveUnits.count),
    ] {
      let isKnown = fraction.isFinite
      let error = isKnown ? (fraction * (1 - fraction) / Double(count)).squareRoot() : nil
      recording.record(at: at, name, Observable(fraction, error: error, reason: isKnown ? nil : "no live units"))
    }
    recording.record(tiling(layer, name: "tiling_\(graining)_layer_\(number)"))
    let units = layer.machine.hidden
    recording.record(
      ResultArray(
        name: "receptive_fields_\(graining)_layer_\(number)", longName: "effective weights of the hidden units of layer \(number)",
        unit: "1",
        dimensions: [("row", size), ("column", size), ("unit_\(graining)_\(number)", units)], values: layer.effectiveWeights))
    recording.record(
      ResultArray(
        name: "centers_\(graining)_layer_\(number)", longName: "centres of the receptive fields (row, column)", unit: "sites",
        dimensions: [("unit_\(graining)_\(number)", units), ("axis", 2)], values: layer.centres.flatMap { [Double($0.x), Double($0.y)] }))
  }

  /// For each site the unit that weighs it most, as a shade in [0, 1) that differs between neighbouring units.
  private func tiling(_ layer: BoltzmannLayer<Float>, name: String) -> ResultArray {
    let units = layer.machine.hidden, weights = layer.effectiveWeights
    let shades = (0..<sites).map { site -> Double in
      var strongest = 0
      for unit in 1..<max(units, 2) where unit < units && abs(weights[site * units + unit]) > abs(weights[site * units + strongest]) {
        strongest = unit
      }
      return (Double(strongest) * 0.618_033_988_749_895).truncatingRemainder(dividingBy: 1)
    }
    return ResultArray(
      name: name, longName: "shade of the unit that weighs each site most", unit: "1", dimensions: [("row", size), ("column", size)],
      values: shades)
  }
}
