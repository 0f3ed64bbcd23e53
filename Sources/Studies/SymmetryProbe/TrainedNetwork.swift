import NeuralNetworks
import RandomStreams
import Runtime
import SymmetryGroups

/// A network of a `classifier` run, its units as functions of images or spins, at every epoch that the run has kept.
struct TrainedNetwork: ProbedModel {
  let study = Classifier.name, digest: String, words: String
  private let shape: FeatureShape
  /// By epoch; the last one is the trained network.
  private let snapshots: [Classifier.KeptNetwork]
  /// Layers with units of their own: all but dropout and flattening.
  private let places: [Int]
  /// Test images; or the lattice's couplings in turn.
  private let images: SampleSet?, couplings: [Double]

  var rows: Int { shape.height }
  var columns: Int { shape.width }
  var site: String { images == nil ? "spin" : "pixel" }
  var limit: Int? { images?.count }
  private var trained: Network<Float> { snapshots[snapshots.count - 1].network }
  var layers: [ProbedLayer] {
    places.map { ProbedLayer(units: trained.layers[$0].output.count, epochs: snapshots.map(\.epoch)) }
  }
  func operations(upTo layer: Int) -> Double { trained.layers[...places[layer]].reduce(0) { $0 + $1.operations } }

  /// Network `number` of a finished run, and the data it was tested on.
  init(_ folder: RunFolder, digest: String, parameters: ParameterValues, number: Int) throws(StudyError) {
    let count = parameters.integer("training.networks"), file = "\(folder.models)/network-\(number).h5"
    guard number <= count else {
      throw .invalid(parameter: "model.network", what: "\(number), but the run has trained \(count)")
    }
    guard FileAccess.exists(file) else {
      throw .data(file: folder.path, what: "it holds no models/network-\(number).h5 (did this network's unit fail?)")
    }
    let snapshots = try ModelExport.snapshots(file), descriptions = snapshots[0].network.descriptions
    self.snapshots = snapshots
    self.digest = digest
    shape = snapshots[0].network.input
    places = descriptions.indices.filter { place in
      switch descriptions[place] {
      case .dropout, .flatten, .bottleneck: false
      default: true
      }
    }
    let data: String
    if parameters.text("data.source") == "files" {
      let all = try Classifier.readFiles(parameters)
      images = all.slice(max(0, all.count - parameters.integer("data.test"))..<all.count)
      couplings = []
      data = "images of \(shape)"
    } else {
      images = nil
      couplings = parameters.reals("lattice.couplings")
      data = "the \(shape.height) x \(shape.width) Ising model at \(couplings.count) couplings"
    }
    if let images, images.shape != shape {
      throw .data(file: folder.path, what: "the network sees \(shape), the data files now hold \(images.shape)")
    }
    let layers = places.enumerated().map { "\($0 + 1) \(descriptions[$1])" }.joined(separator: ", ")
    words = "network \(number) of \(count) (layers: \(layers)) trained by \(Classifier.name) (digest \(digest)) on \(data)"
  }

  func features(
    of unit: SymmetryProbe.Unit, samples: Int, warmUp: Int, from source: KeyedStreams
  ) throws(StudyError) -> ProbedFeatures {
    let set = try self.samples(samples, warmUp: warmUp, from: source), shape = shape
    switch unit {
    case .references:
      // In the middle, where images have something to show.
      let sites = [(0, 0), (0, 1), (1, 0), (1, 1)].map {
        (shape.height / 2 + $0.0) % shape.height * shape.width + (shape.width / 2 + $0.1) % shape.width
      }
      return { permutation in
        let set = set.moved(by: permutation)
        func value(_ sample: Int, _ site: Int) -> Double {
          let first = sample * shape.count + site * shape.channels
          return set.features[first..<first + shape.channels].reduce(0) { $0 + Double($1) } / Double(shape.channels)
        }
        return (0..<set.count).flatMap { sample in
          [value(sample, sites[0]), sites.reduce(0) { $0 + value(sample, $1) } / Double(sites.count)]
        }
      }
    case .layer(let index, let snapshot):
      let whole = snapshots[snapshot].network, last = places[index]
      do throws(NetworkError) {
        // The network up to this layer.
        var network = try Network<Float>(input: shape, Array(whole.descriptions[...last]))
        network.parameters = Array(whole.parameters.prefix(network.parameters.count))
        let cut = network
        return { permutation in
          do throws(NetworkError) { return try cut.outputs(for: set.moved(by: permutation)).map(Double.init) } catch {
            preconditionFailure("the samples have the network's shape: \(error)")
          }
        }
      } catch { throw .unitFailed(error.description) }
    }
  }

  /// Test images, the first ones; or configurations of all couplings in turn.
  private func samples(_ count: Int, warmUp: Int, from source: KeyedStreams) throws(StudyError) -> SampleSet {
    if let images { return images.slice(0..<min(count, images.count)) }
    let drawn = (0..<count).map { couplings[$0 % couplings.count] }
    let spins = try IsingSamples.drawn(size: shape.height, couplings: drawn, warmUp: warmUp, from: source)
    return SampleSet(spins, classes: [Int](repeating: 0, count: count), of: 2)
  }
}

extension SampleSet {
  /// Every pixel, with all its channels, at the image of its place; nil moves none.
  fileprivate func moved(by permutation: Permutation?) -> SampleSet {
    guard let permutation else { return self }
    let channels = shape.channels, sites = shape.height * shape.width
    var moved = features
    for sample in 0..<count {
      let first = sample &* shape.count
      for site in 0..<sites {
        let from = first &+ site &* channels, to = first &+ permutation[site] &* channels
        for c in 0..<channels { moved[to &+ c] = features[from &+ c] }
      }
    }
    return SampleSet(shape: shape, channelNames: channelNames, features: moved, targets: targets)
  }
}
