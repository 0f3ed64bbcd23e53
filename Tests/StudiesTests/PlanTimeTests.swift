import Glibc
import LinearAlgebra
import MessagePassing
import RandomStreams
import Runtime
import Studies
import Testing

/// What a plan says a unit takes against what it takes, both in processor time of this thread.
@Suite("Planned times", .serialized) struct PlanTimeTests {
  private static func seconds() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }

  /// Operations per second of a large product, as `renorm plan` measures it.
  private static func products() -> Double {
    let n = 1024, a = [Float](repeating: 0.5, count: n * n)
    var c = [Float](repeating: 0, count: n * n), times: [Double] = []
    for _ in 0..<5 {
      let begin = seconds()
      Linear.multiply(a, a, rows: n, inner: n, columns: n, into: &c)
      times.append(seconds() - begin)
    }
    return 2 * Double(n * n * n) / times.sorted()[2]
  }

  @Test(
    "A network's plan is right within a factor of three, whether its layers are small or large",
    arguments: [
      // That of cluster/studies/classifier.toml: small convolutions are far from the rate of large products.
      (["convolution 3x3x8 relu", "max-pool 2", "dense 32 relu", "dense 2"], 2), (["dense 32 relu", "dense 2"], 20),
      (["dense 512 relu", "dense 256 relu", "dense 2"], 2),
      (["convolution 3x3x32 relu", "convolution 3x3x64 relu", "max-pool 2", "dense 128 relu", "dense 2"], 1),
    ])
  func classifier(layers: [String], epochs: Int) throws {
    let text = """
      study = "classifier"
      data = { source = "ising", train = 4000, test = 100 }
      network.layers = \(layers)
      training = { networks = 1, epochs = \(epochs) }
      """
    let resolved = try StudyFile.resolve(text: text, file: "(test)", catalogue: [StudyDescription(Classifier.self)])
    let study = try Classifier(resolved.values), unit = study.plan()[0], key = StreamKey(high: 83, low: 89)
    var state = try study.begin(unit.unit, streams: key)
    let begin = Self.seconds()
    while true { if case .done = try study.advance(&state, of: unit.unit, streams: key, on: SoloCommunicator()) { break } }
    let ratio = unit.operations / Self.products() / (Self.seconds() - begin)
    #expect((1.0 / 3...3).contains(ratio), "predicted over measured: \(ratio)")
  }
}
