import GradientFlows
public import MessagePassing
public import RandomStreams
public import Runtime
import Statistics
import SymmetryGroups

/// Uses of randomness within a unit that must not meet.
private enum StreamUse: String { case images, weights, batches, transformations, points, test }

extension StreamKey {
  fileprivate func derived(_ use: StreamUse, _ index: Int = 0) -> KeyedStreams {
    KeyedStreams(StreamKey.derive(seed: high, study: "\(low)", unit: "\(use.rawValue) \(index)"))
  }
}

extension MinimalOrbits {
  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    do throws(MessagePassingError) {
      switch unit {
      case .shadowVolumes: return try sampleVolumes(&state, streams: streams, on: team)
      case .network(let shuffled, let seed): return try advanceNetwork(&state, shuffled: shuffled, seed: seed, streams: streams, on: team)
      case .single(let shape): return try advanceSingle(&state, shape: shape, streams: streams, on: team)
      }
    } catch { throw .communication(error) }
  }

  // MARK: Training

  /// The images of a unit's network, the network at its start.
  private func start(_ state: inout State, _ shapes: [PlaneFeature], shuffled: Bool, hidden: [Int], run: Int, streams: StreamKey) {
    if state.scratch == nil {
      let source = ShapeImages(shapes, permuted: shuffled, from: streams.derived(.images, run))
      let gradient = ReconstructionGradient(
        source.images(0..<images), count: images, batch: batch, from: streams.derived(.batches, run))
      state.scratch = State.Scratch(gradient: gradient, probes: source.images(images..<images + probes))
    }
    if state.network == nil {
      state.network = Autoencoder(inputs: ShapeImages.pixels, hidden: hidden, from: streams.derived(.weights, run))
      state.rule = Momentum(rate: Float(learningRate), momentum: Float(momentum))
      state.step = 0
    }
  }

  /// Some steps of gradient descent.
  private func train(_ state: inout State, steps: Int, on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) {
    guard let scratch = state.scratch, var network = state.network.take() else { preconditionFailure("training has begun") }
    var flow = GradientFlow(scratch.gradient, rule: state.rule, direction: network)
    for _ in 0..<steps {
      try flow.step(&network, at: state.step, on: team)
      state.step += 1
    }
    state.network = network
    state.rule = flow.rule
    state.scratch?.gradient = flow.field
  }

  private func advanceNetwork(
    _ state: inout State, shuffled: Bool, seed: Int, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> Advance<Recording> {
    start(&state, PlaneFeature.shapes, shuffled: shuffled, hidden: layers, run: 0, streams: streams)
    guard let probeImages = state.scratch?.probes else { preconditionFailure("set above") }
    var curves: [CurvePoint] = []
    if state.errors.count <= epochs {
      // Ten epochs are a slice; the first begins with the untrained network.
      let end = min(epochs, state.errors.count + 9)
      while state.errors.count <= end, let network = state.network {
        if !state.errors.isEmpty { try train(&state, steps: images / batch, on: team) }
        let current = state.network ?? network
        let values = current.activations(probeImages, count: probes, layers: layers.count)
        for image in 0..<probes {
          for (k, width) in layers.enumerated() { state.activations += values[k + 1][image * width..<(image + 1) * width] }
        }
        state.errors.append(current.relativeError(probeImages, count: probes))
        curves.append(CurvePoint("relative_error", step: state.errors.count - 1, value: state.errors[state.errors.count - 1]))
      }
      let part = Double(state.errors.count) / Double(epochs + 1)
      return .more(fraction: 0.7 * part, stage: "training", curves: curves)
    }
    let width = PlaneGroup.aff2.dimension + 2, done = state.measured.count / width
    if done < units {
      for unit in done..<min(units, done + 16) { state.measured += measure(unit, &state, streams: streams) }
      return .more(fraction: 0.7 + 0.3 * Double(done) / Double(units), stage: "measuring orbits")
    }
    return .done(recordNetwork(state, shuffled: shuffled, seed: seed, test: { streams.derived(.test, $0) }))
  }

  // MARK: Measuring units

  /// A unit's layer and its place there.
  private func place(of unit: Int) -> (layer: Int, index: Int) {
    var layer = 0, index = unit
    while index >= layers[layer] {
      index -= layers[layer]
      layer += 1
    }
    return (layer, index)
  }

  /// The singular values of a unit's tangents, the principal rank of its orbit, the variance of the images that it explains.
  private func measure(_ unit: Int, _ state: inout State, streams: StreamKey) -> [Double] {
    prepareMeasures(&state, streams: streams)
    guard let scratch = state.scratch, let final = scratch.final, let derivatives = scratch.derivatives, let orbits = scratch.orbits
    else { preconditionFailure("prepared above") }
    let (layer, index) = place(of: unit), width = layers[layer], generators = PlaneGroup.aff2.dimension
    let values = (0..<probes).map { Double(final[layer + 1][$0 * width + index]) }
    let spectrum = TangentSpectrum(
      derivatives: (0..<generators).map { a in (0..<probes).map { Double(derivatives[layer][($0 * generators + a) * width + index]) } },
      values: values)
    let transformations = Criterion.transformations, count = Criterion.orbitImages
    var columns = (0..<transformations).map { k in (0..<count).map { Double(orbits[layer][(k * count + $0) * width + index]) } }
    for image in 0..<count {
      let mean = columns.reduce(0) { $0 + $1[image] } / Double(transformations)
      for k in columns.indices { columns[k][image] -= mean }
    }
    let rank = principalRank(singularValues: singularValues(columns: columns), part: Criterion.span)
    return spectrum.singularValues + [Double(rank), explained(values, scratch.probes)]
  }

  /// The part of the images' variance that regression on one feature explains: sum of cov^2 / (Var F sum of Var x).
  private func explained(_ values: [Double], _ images: [Float]) -> Double {
    let n = Double(values.count), mean = values.reduce(0, +) / n, pixels = ShapeImages.pixels
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
    var covered = 0.0, total = 0.0
    for pixel in 0..<pixels {
      var sum = 0.0, squares = 0.0, product = 0.0
      for k in values.indices {
        let x = Double(images[k * pixels + pixel])
        sum += x
        squares += x * x
        product += (values[k] - mean) * x
      }
      covered += product / n * (product / n)
      total += squares / n - sum / n * (sum / n)
    }
    return variance > 0 ? covered / (variance * total) : 0
  }

  /// The trained encoder on the probe images, along their tangents, and on transformed images `[transformations, images]`.
  private func prepareMeasures(_ state: inout State, streams: StreamKey) {
    guard let network = state.network, let scratch = state.scratch, scratch.final == nil else { return }
    let pixels = ShapeImages.pixels, images = scratch.probes
    let final = network.activations(images, count: probes, layers: layers.count)
    let tangents = (0..<probes).flatMap { ShapeImages.tangents(images[$0 * pixels..<($0 + 1) * pixels]).flatMap { $0 } }
    state.scratch?.derivatives = network.derivatives(tangents, each: PlaneGroup.aff2.dimension, activations: final, count: probes)
    let source = streams.derived(.transformations)
    let moved = (0..<Criterion.transformations).flatMap { k in
      (0..<Criterion.orbitImages).flatMap { ShapeImages.moved(images[$0 * pixels..<($0 + 1) * pixels], by: k, from: source) }
    }
    let orbits = network.activations(moved, count: Criterion.transformations * Criterion.orbitImages, layers: layers.count)
    state.scratch?.orbits = Array(orbits.dropFirst())
    state.scratch?.final = final
  }

  // MARK: One shape alone

  /// Networks of one layer on one shape: the epochs to the error, looked at after every other step.
  private func advanceSingle(
    _ state: inout State, shape: Int, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> Advance<Recording> {
    let perEpoch = images / batch
    start(&state, [PlaneFeature.shapes[shape]], shuffled: false, hidden: [layers[0]], run: state.seed, streams: streams)
    guard let probeImages = state.scratch?.probes else { preconditionFailure("set above") }
    for _ in 0..<400 {
      guard let network = state.network else { preconditionFailure("set above") }
      let reached = network.relativeError(probeImages, count: probes) <= Criterion.error
      if reached || state.step >= UInt64(epochs * perEpoch) {
        state.found.append(reached ? Double(state.step) / Double(perEpoch) : .nan)
        state.seed += 1
        if state.seed == seeds { return .done(recordSingle(state, shape: shape, images: probeImages, points: streams.derived(.points))) }
        state.network = nil
        state.scratch = nil
        break
      }
      try train(&state, steps: 2, on: team)
    }
    return .more(fraction: Double(state.seed) / Double(seeds), stage: "training on one shape, seed \(state.seed + 1)")
  }

  // MARK: Shadow volumes

  /// The epsilons of the slope, and the half width of the coefficients.
  static let epsilons = [0.025, 0.05], delta = 0.3

  private func sampleVolumes(
    _ state: inout State, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> Advance<Recording> {
    let shapes = PlaneFeature.shapes, width = 1 + Self.epsilons.count
    let points = ShadowVolumeSampler.points(400, from: streams.derived(.points))
    let finished = (0..<shapes.count).prefix(while: { state.volumes.count > $0 * width && state.volumes[$0 * width] == draws }).count
    if state.volumes.isEmpty { state.volumes = [Int](repeating: 0, count: shapes.count * width) }
    guard finished < shapes.count else { return .done(recordVolumes(state, points: points)) }
    let sampler = ShadowVolumeSampler(shapes[finished], under: .gl2, points: points, delta: Self.delta, epsilons: Self.epsilons)
    let first = state.volumes[finished * width], count = min(draws - first, 1_000_000)
    let mine = first + count * team.rank / team.size..<first + count * (team.rank + 1) / team.size
    let part = sampler.sample(mine, from: streams.derived(.transformations, finished))
    var counts = [part.draws] + part.below
    try team.allReduce(&counts, .sum)
    for k in counts.indices { state.volumes[finished * width + k] += counts[k] }
    return .more(fraction: Double(finished) / Double(shapes.count), stage: "volume of the \(shapes[finished].name)'s shadow stabilizer")
  }
}
