import Runtime

/// What a finished deep-renormalization run says about its layers, read from its folder: how many nats per site each map from
/// spins to hidden units loses.
struct LearnedLayers: Sendable {
  /// The folder, the lattice's side and 1/K.
  let folder: String, size: Int, temperature: Double
  /// After so many layers: lattice sites for each unit of the top layer, and D_KL(P || model) per site with its error.
  let losses: [(name: String, sitesPerUnit: Double, value: Double, error: Double?)]

  /// What is read of such a run; nothing where none is named.
  static func files(_ path: String) -> [String] {
    path.isEmpty ? [] : [RunFolder(path).resolvedStudy, RunFolder(path).results]
  }

  /// Reads `resolved.toml` and `results.json`.
  /// - Throws: `StudyError.data` naming the file and what is wrong with it, where the folder is not that of such a run.
  init(runFolder path: String) throws(StudyError) {
    let run = RunFolder(path)
    guard FileAccess.isFolder(run.path) else { throw .data(file: path, what: "there is no such folder (compare.run)") }
    let identity: (study: String, digest: String)?
    do { identity = try run.identity() } catch { throw .data(file: run.resolvedStudy, what: error.description) }
    guard let identity else {
      throw .data(file: path, what: "is not the folder of a run: it has no resolved.toml (compare.run)")
    }
    guard identity.study == DeepRenormalization.name else {
      throw .data(file: path, what: "holds a run of \(identity.study), not of \(DeepRenormalization.name) (compare.run)")
    }
    guard FileAccess.exists(run.results) else {
      throw .data(file: run.results, what: "is missing: the run is not finished; the same command again goes on with it")
    }
    let values: ParameterValues, results: JSON
    do { values = try StudyFile.resolve(path: run.resolvedStudy, catalogue: [StudyDescription(DeepRenormalization.self)]).values } catch {
      throw .data(file: run.resolvedStudy, what: error.description)
    }
    do { results = try JSON(parsing: try FileAccess.text(run.results)) } catch { throw .data(file: run.results, what: "\(error)") }
    folder = run.path
    size = values.integer("lattice.size")
    let coupling = values.real("lattice.coupling")
    guard coupling > 0 else {
      throw .data(file: run.resolvedStudy, what: "lattice.coupling = 0: nothing to compare at infinite temperature")
    }
    temperature = 1 / coupling
    let hidden = values.integers("layers.hidden"), sites = Double(size * size)
    func loss(_ graining: String, _ layer: Int, _ observable: String) -> (Double, Double?)? {
      for row in results["results"]?.elements ?? [] {
        guard row["at"]?["graining"]?.string == graining, row["at"]?["layer"]?.int == layer else { continue }
        if let found = row["observables"]?[observable], let value = found["value"]?.double { return (value, found["error"]?.double) }
      }
      return nil
    }
    var losses: [(name: String, sitesPerUnit: Double, value: Double, error: Double?)] = []
    if let (value, error) = loss("boltzmann", 1, "kullback_leibler_per_site") {
      losses.append(("first machine", sites / Double(hidden[0]), value, error))
    }
    if hidden.count > 1, let (value, error) = loss("boltzmann", hidden.count, "stack_kullback_leibler_per_site_bound") {
      losses.append(("whole stack, upper bound", sites / Double(hidden[hidden.count - 1]), value, error))
    }
    guard !losses.isEmpty else {
      throw .data(file: run.results, what: "holds no kullback_leibler_per_site of a layer: its stack's unit has failed")
    }
    self.losses = losses
  }
}
