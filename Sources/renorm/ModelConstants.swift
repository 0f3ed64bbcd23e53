import Archives
import Glibc
import MessagePassing
import Runtime
import Studies

/// The constants of the scaling model, measured on this machine, with the words that say so.
struct ModelConstants {
  let model: ScalingModel
  /// One line for each.
  let lines: [String]

  /// - Parameters: links as measured, nil where the launch has none; `network` is what the user says, in microseconds and GB/s.
  init(
    host: ScalingModel.Link?, network: ScalingModel.Link?, latency: Double?, bandwidth: Double?, ranksPerHost: Int
  ) throws {
    let products = ReferenceRates.sgemm(size: 1024, repeats: 3), flips = try ReferenceRates.flips()
    let disk = Self.disk()
    var between = network ?? ScalingModel.usual.network, how = network == nil ? "assumed" : "measured"
    if let latency { between.latency = 1e-6 * latency; between.gap = min(between.gap, between.latency) }
    if let bandwidth { between.perByte = 1e-9 / bandwidth }
    if latency != nil || bandwidth != nil { how = "as given" }
    model = ScalingModel(
      products: products, spins: flips * ReferenceRates.operationsPerFlip, host: host ?? ScalingModel.usual.host, network: between,
      checkpoint: disk?.small ?? ScalingModel.usual.checkpoint, checkpointPerByte: disk?.perByte ?? ScalingModel.usual.checkpointPerByte,
      ranksPerHost: ranksPerHost)
    func words(_ link: ScalingModel.Link, _ how: String) -> String {
      "\(Shown.number(1e6 * link.latency, digits: 2)) us, \(Shown.number(1e6 * link.gap, digits: 2)) us for each further one, "
        + "\(Shown.scaled(1 / link.perByte))B/s (\(how))"
    }
    lines = [
      "matrix products  \(Shown.scaled(products))operations/s of one core (sgemm 1024)",
      "spins            \(Shown.number(flips / 1e9, digits: 3)) flips/ns of one core (checkerboard Metropolis 4096x4096)",
      "messages         on one host \(words(model.host, host == nil ? "assumed; mpirun -n 2 renorm plan measures" : "measured"))",
      "                 between hosts \(words(between, how == "assumed" ? "assumed; --latency, --bandwidth, or mpirun over hosts" : how))",
      "checkpoints      "
        + (disk.map { "\(Shown.number(1e3 * $0.small, digits: 2)) ms and \(Shown.scaled(1 / $0.perByte))B/s in this folder" }
          ?? "10 ms and 500 MB/s (assumed: this folder cannot be written)"),
      "hosts            \(ranksPerHost) ranks each (--ranks-per-host)",
    ]
  }

  /// A small state file and one of 16 MB, written as a run writes them; nil where this folder cannot be written.
  private static func disk() -> (small: Double, perByte: Double)? {
    let path = ".renorm-plan-\(getpid()).h5"
    defer {
      unsafe unlink(path)
      unsafe unlink(CheckpointFile.previous(of: path))
    }
    func seconds(_ count: Int) -> Double? {
      let values = [Double](repeating: 1.5, count: count), begin = monotonicSeconds()
      do throws(ArchiveError) {
        try CheckpointFile.write(to: path, digest: "plan") { (writer: inout HDF5Writer) throws(ArchiveError) in
          try writer.write(values, shape: [count], at: "values")
        }
      } catch { return nil }
      return monotonicSeconds() - begin
    }
    guard let small = [seconds(1), seconds(1), seconds(1)].compactMap({ $0 }).min(), let large = seconds(1 << 21) else { return nil }
    return (small, max(1e-12, (large - small) / 16_777_216))
  }
}
