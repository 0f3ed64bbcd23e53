import Glibc
public import Runtime

/// What the shipped studies of handwritten digits find, on the files that RENORM_DATA names: C8.
public enum DigitsKnownValues {
  public static let checks: [Check] = [
    Check("C8", .study) {
      [try classifier("digits", "784-512-256-10", 0.963), try classifier("digits-convolutional", "convolutional", 0.982)]
    },
    Check("C8", .study) { [try likelihood()] }, Check("C8", .study) { [try fineTuning()] },
  ]

  private static let files =
    "[data]\nsource = \"files\"\nchannels = [\"t10k-images-idx3-ubyte.gz\"]\nlabels = \"t10k-labels-idx1-ubyte.gz\"\n"
  /// The settings of study files in cluster/studies, by name; a test holds them to these files.
  public static let studies: [String: String] = [
    "digits": """
    study = "classifier"
    \(files)
    [network]
    layers = ["dense 512 relu", "dropout 0.2", "dense 256 relu", "dropout 0.2", "dense 10"]
    [training]
    epochs = 30
    """,
    "digits-convolutional": """
    study = "classifier"
    \(files)
    [network]
    layers = ["convolution 3x3x32 relu", "convolution 3x3x64 relu", "max-pool 2", "dropout 0.25", "dense 128 relu", "dropout 0.5", "dense 10"]
    [training]
    epochs = 15
    """,
    "digits-boltzmann": """
    study = "boltzmann"
    [data]
    source = "files"
    channels = ["t10k-images-idx3-ubyte.gz"]
    [machine]
    hidden = [500]
    initial_width = 0.01
    [training]
    method = "persistent"
    gibbs_steps = 5
    epochs = [150]
    batch = 128
    learning_rate = 0.02
    decay = 1e-4
    [annealing]
    temperatures = 10_000
    replicas = 300
    schedule = "dense"
    """,
    "digits-fine-tuned": """
    study = "boltzmann"
    \(files)
    [machine]
    hidden = [500, 500]
    initial_width = 0.01
    [training]
    method = "contrastive"
    epochs = [30, 30]
    batch = 128
    learning_rate = 0.05
    decay = 1e-4
    [annealing]
    temperatures = 6000
    replicas = 400
    schedule = "dense"
    [fine_tuning]
    labels = 500
    """,
  ]

  /// The report of a study; throws `LeftOut` without the files.
  private static func report<S: Study>(_ study: S.Type, _ name: String) throws -> Report {
    let images = "t10k-images-idx3-ubyte.gz", labels = "t10k-labels-idx1-ubyte.gz"
    for file in [images, labels] where !FileAccess.exists(DataFiles.path(file)) {
      throw LeftOut("\(name): RENORM_DATA names no folder with \(file)")
    }
    return try StudyInProcess.report(of: study, studies[name] ?? "")
  }

  private static func classifier(_ name: String, _ what: String, _ least: Double) throws -> KnownValue {
    let found = try report(Classifier.self, name).derived("mean_test_accuracy")
    return KnownValue(
      "handwritten digits, \(what) network: test accuracy, mean of three", expected: least, found: found.value, error: found.error, .atLeast
    )
  }

  private static func likelihood() throws -> KnownValue {
    let observables = try report(BoltzmannStudy.self, "digits-boltzmann").rows.flatMap(\.observables)
    let found = observables.first { $0.name == "test_log_likelihood" }?.observable
    return KnownValue(
      "handwritten digits, Boltzmann machine of 500 hidden units: mean ln p of test images", expected: -98,
      found: found?.values[0] ?? .nan, error: found?.errors?[0], .atLeast)
  }

  private static func fineTuning() throws -> KnownValue {
    let rows = try report(BoltzmannStudy.self, "digits-fine-tuned").rows
    let found = ["fine-tuned", "random-weights"].map { start in
      rows.first { $0.at.contains { $0.name == "classifier" && $0.value == .text(start) } }?.observables[0].observable
    }
    guard let tuned = found[0], let random = found[1] else {
      return KnownValue("handwritten digits, 500 labels: a stack beside random weights", expected: 0, found: .nan, .atLeast)
    }
    let gain = tuned.values[0] - random.values[0], error = hypot(tuned.errors?[0] ?? .nan, random.errors?[0] ?? .nan)
    return KnownValue(
      "handwritten digits, 500 labels: gain of accuracy by a stack over random weights, less two errors", expected: 0,
      found: gain - 2 * error, error: error, .atLeast)
  }
}
