import RandomStreams
import Runtime
import Statistics
import SymmetryGroups

extension MinimalOrbits {
  /// What may predict when and where a unit is learned.
  enum Predictor: String, CaseIterable {
    case orbitDimension = "orbit_dimension", softDimension = "soft_dimension", spanRank = "span_rank"
    case varianceExplained = "variance_explained"
    var words: String {
      switch self {
      case .orbitDimension: "orbit dimension"
      case .softDimension: "soft orbit dimension"
      case .spanRank: "principal rank of the orbit"
      case .varianceExplained: "variance explained"
      }
    }
  }
  /// What is predicted.
  enum Target: String, CaseIterable { case epoch, layer }

  /// Where a correlation stands.
  func place(shuffled: Bool, seed: Int, _ predictor: Predictor, _ target: Target) -> Place {
    network(shuffled: shuffled, seed: seed) + [("predictor", .text(predictor.rawValue)), ("target", .text(target.rawValue))]
  }
  /// Where a network's own numbers stand.
  func network(shuffled: Bool, seed: Int) -> Place {
    [("images", .text(shuffled ? "shuffled" : "shapes")), ("seed", .integer(seed))]
  }

  /// The first epoch at which a unit's values correlate with its last ones as `Criterion` asks.
  private func learned(_ state: State, _ unit: Int) -> Int {
    func values(_ epoch: Int) -> [Double] { (0..<probes).map { Double(state.activations[(epoch * probes + $0) * units + unit]) } }
    let last = values(epochs)
    return (0...epochs).first { abs(RankCorrelation.pearson(values($0), last)) >= Criterion.correlation } ?? epochs
  }

  func recordNetwork(_ state: State, shuffled: Bool, seed: Int, test: (Int) -> KeyedStreams) -> Recording {
    var recording = state.recording
    let generators = PlaneGroup.aff2.dimension, width = generators + 2
    let layerOf = layers.enumerated().flatMap { Array(repeating: Double($0 + 1), count: $1) }
    let live = (0..<units).filter { unit in
      let values = (0..<probes).map { Double(state.activations[(epochs * probes + $0) * units + unit]) }
      return Moments(values).variance > Criterion.constant
    }
    func spectrum(_ unit: Int) -> [Double] { Array(state.measured[unit * width..<unit * width + generators]) }
    let tau = Criterion.tangent
    func values(_ predictor: Predictor) -> [Double] {
      live.map { unit in
        switch predictor {
        case .orbitDimension: Double(spectrum(unit).count { $0 > tau })
        case .softDimension: spectrum(unit).reduce(0) { $0 + $1 * $1 / ($1 * $1 + tau * tau) }
        case .spanRank: state.measured[unit * width + generators]
        case .varianceExplained: state.measured[unit * width + generators + 1]
        }
      }
    }
    let epochsLearned = live.map { Double(learned(state, $0)) }, layersLearned = live.map { layerOf[$0] }
    let at = network(shuffled: shuffled, seed: seed), name = "\(shuffled ? "shuffled" : "shapes")_\(seed)"
    recording.record(at: at, "units", Observable(Double(live.count)))
    recording.record(at: at, "relative_error", Observable(state.errors[epochs]))
    var number = 0
    for predictor in Predictor.allCases {
      let x = values(predictor)
      for (target, y) in [(Target.epoch, epochsLearned), (.layer, layersLearned)] {
        let result = RankCorrelation.permutationTest(x, y, permutations: permutations, from: test(number))
        number += 1
        let place = place(shuffled: shuffled, seed: seed, predictor, target), n = Double(live.count)
        let isConstant = Set(x).count < 2 || Set(y).count < 2
        func record(_ name: String, _ rho: Double) {
          recording.record(
            at: place, name,
            isConstant
              ? Observable(.nan, reason: "the \(Set(x).count < 2 ? predictor.words : target.rawValue) is the same for all units")
              : Observable(rho, error: (1 - rho * rho) / max(1, n - 1).squareRoot()))
        }
        record("spearman", result.value)
        recording.record(at: place, "p_value_positive", Observable(result.upper))
        recording.record(at: place, "p_value", Observable(result.twoSided))
        if predictor != .varianceExplained {
          record("partial_given_variance_explained", RankCorrelation.partial(x, y, controlling: values(.varianceExplained)))
        }
        if predictor != .spanRank { record("partial_given_span_rank", RankCorrelation.partial(x, y, controlling: values(.spanRank))) }
      }
    }
    func array(_ what: String, _ longName: String, _ values: [Double]) {
      recording.record(
        ResultArray(name: "\(what)_\(name)", longName: longName, unit: "1", dimensions: [("unit_\(name)", live.count)], values: values))
    }
    for predictor in Predictor.allCases { array(predictor.rawValue, predictor.words, values(predictor)) }
    array("epoch_learned", "epoch at which a unit is learned", epochsLearned)
    array("layer", "layer of a unit", layersLearned)
    recording.record(
      ResultArray(
        name: "tangent_spectrum_\(name)", longName: "singular values of each unit's tangents under aff2", unit: "1",
        dimensions: [("unit_\(name)", live.count), ("generator", generators)], values: live.flatMap(spectrum)))
    recording.record(
      ResultArray(
        name: "relative_error_\(name)", longName: "relative squared error of the reconstruction", unit: "1",
        dimensions: [("epoch", epochs + 1)], values: state.errors))
    if seed == 1 { recordPictures(state, name, into: &recording) }
    return recording
  }

  /// Some images, and the weights of some units of the first layer.
  private func recordPictures(_ state: State, _ name: String, into recording: inout Recording) {
    guard let probes = state.scratch?.probes, let network = state.network else { return }
    let pixels = ShapeImages.pixels, side = ShapeImages.side, width = layers[0]
    let dimensions = [("pixel_row", side), ("pixel_column", side)]
    recording.record(
      ResultArray(
        name: "images_\(name)", longName: "images", unit: "1", dimensions: [("image", 16)] + dimensions,
        values: probes[..<(16 * pixels)].map(Double.init)))
    let weights = network.weights(0), shown = min(16, width)
    recording.record(
      ResultArray(
        name: "weights_\(name)", longName: "weights of units of the first layer", unit: "1",
        dimensions: [("shown_unit", shown)] + dimensions,
        values: (0..<shown).flatMap { unit in (0..<pixels).map { Double(weights[$0 * width + unit]) } }))
  }

  func recordSingle(_ state: State, shape: Int, images: [Float], points streams: KeyedStreams) -> Recording {
    var recording = Recording()
    let feature = PlaneFeature.shapes[shape], pixels = ShapeImages.pixels
    let at: Place = [("shape", .text(feature.name))]
    let reached = state.found.filter(\.isFinite), mean = Moments(reached)
    let missing = reached.count < seeds ? "\(seeds - reached.count) of \(seeds) seeds did not reach the error in \(epochs) epochs" : nil
    recording.record(
      at: at, "epochs_to_error",
      Observable(
        reached.isEmpty ? .nan : mean.mean, error: reached.count > 1 ? mean.standardError : nil, unit: "epochs", reason: missing))
    recording.record(at: at, "epochs_of_seeds", Observable(values: state.found, unit: "epochs", reason: missing))
    let spectrum = TangentSpectrum(feature, under: .aff2, points: ShadowVolumeSampler.points(400, from: streams))
    recording.record(at: at, "orbit_dimension", Observable(Double(spectrum.orbitDimension(threshold: 1e-6))))
    var columns = (0..<probes).map { k in images[k * pixels..<(k + 1) * pixels].map(Double.init) }
    for pixel in 0..<pixels {
      let mean = columns.reduce(0) { $0 + $1[pixel] } / Double(probes)
      for k in columns.indices { columns[k][pixel] -= mean }
    }
    let rank = principalRank(singularValues: singularValues(columns: columns), part: Criterion.span)
    recording.record(at: at, "principal_rank", Observable(Double(rank)))
    return recording
  }

  func recordVolumes(_ state: State, points: [SIMD2<Double>]) -> Recording {
    var recording = Recording()
    let width = 1 + Self.epsilons.count
    for (k, feature) in PlaneFeature.shapes.enumerated() {
      let at: Place = [("shape", .text(feature.name)), ("group", .text("gl2"))]
      let counts = state.volumes[k * width..<(k + 1) * width]
      let volume = ShadowVolume(draws: counts.first ?? 0, below: Array(counts.dropFirst()))
      let slope = volume.slope(0, 1, epsilons: Self.epsilons)
      let isKnown = slope.value.isFinite && slope.error.isFinite
      recording.record(
        at: at, "shadow_volume_slope",
        Observable(slope.value, error: isKnown ? slope.error : nil, reason: isKnown ? nil : "no draw came below the smaller epsilon"))
      recording.record(at: at, "draws_below", Observable(values: volume.below.map(Double.init)))
      for group in PlaneGroup.allCases {
        let spectrum = TangentSpectrum(feature, under: group, points: points)
        recording.record(at: at, "orbit_dimension_\(group.rawValue)", Observable(Double(spectrum.orbitDimension(threshold: 1e-6))))
      }
    }
    return recording
  }
}
