import Archives
import RandomStreams
import Runtime
import SymmetryGroups

/// A layer of a trained model: how many units it has, and the epochs at which it can be looked at, the last one being the
/// trained layer.
struct ProbedLayer: Sendable {
  let units: Int, epochs: [Int]
}

/// The values `[samples, features]`, row-major, of some features on samples whose sites are moved by a permutation; nil: as
/// they are.
typealias ProbedFeatures = @Sendable (Permutation?) -> [Double]

/// A trained model whose units can be probed: features of spins or pixels on a lattice.
protocol ProbedModel: Sendable {
  /// The study that trained it, and the digest of that run.
  var study: String { get }
  var digest: String { get }
  /// The lattice, or the image.
  var rows: Int { get }
  var columns: Int { get }
  /// What it is and what it was trained on, and what the two known features are features of: for the page.
  var words: String { get }
  var site: String { get }
  /// From the samples upwards.
  var layers: [ProbedLayer] { get }
  /// The most samples there are; nil: as many as are wanted.
  var limit: Int? { get }
  /// Floating-point operations of one sample up to layer `layer`.
  func operations(upTo layer: Int) -> Double
  /// All units of a layer, or the two known features (one site, the mean of a 2 x 2 block), on samples of its own data.
  func features(
    of unit: SymmetryProbe.Unit, samples: Int, warmUp: Int, from source: KeyedStreams
  ) throws(StudyError) -> ProbedFeatures
}

/// The one place where another kind of trained model is plugged in: a case of `read`.
enum TrainedModel {
  /// What is read of the run in `path`; nothing where none is named.
  static func files(_ path: String, network: Int) -> [String] {
    let folder = RunFolder(path), model = "\(folder.models)/network-\(network).h5"
    return path.isEmpty ? [] : [folder.resolvedStudy, folder.resultsArchive] + (FileAccess.exists(model) ? [model] : [])
  }

  /// The model that the run in `path` has trained; of several networks number `network`.
  /// - Throws: `data` with what is wrong: no run, not finished, or a study that trains nothing to be probed here.
  static func read(_ path: String, network: Int) throws(StudyError) -> any ProbedModel {
    let folder = RunFolder(path)
    func refuse(_ what: String) -> StudyError { .data(file: folder.path, what: what) }
    guard FileAccess.exists(folder.path) else { throw refuse("no such folder") }
    let identity: (study: String, digest: String)?
    do throws(FileFault) { identity = try folder.identity() } catch { throw refuse(error.description) }
    guard let identity else { throw refuse("it is not the folder of a run") }
    let names = [DeepRenormalization.name, Classifier.name]
    guard names.contains(identity.study) else {
      throw refuse(
        "the study \(identity.study) trains no model that can be probed: a run of \(names.joined(separator: " or ")) is needed")
    }
    guard FileAccess.exists(folder.results), FileAccess.exists(folder.resultsArchive) else {
      throw refuse("the run is not complete, so it holds no trained model yet (renorm status tells how far it is)")
    }
    do throws(ArchiveError) { try Checksums.check(folder.resolvedStudy) } catch {
      throw .data(file: folder.resolvedStudy, what: error.description)
    }
    let values: ParameterValues
    let catalogue = [StudyDescription(DeepRenormalization.self), StudyDescription(Classifier.self)]
    do throws(StudyFileError) { values = try StudyFile.resolve(path: folder.resolvedStudy, catalogue: catalogue).values } catch {
      throw .data(file: folder.resolvedStudy, what: error.description)
    }
    if identity.study == Classifier.name {
      return try TrainedNetwork(folder, digest: identity.digest, parameters: values, number: network)
    }
    guard network == 1 else {
      throw .invalid(parameter: "model.network", what: "\(network), but a run of \(identity.study) trains one stack")
    }
    return try TrainedStack(folder, digest: identity.digest, parameters: values)
  }
}
