import Archives
import BoltzmannMachines
import Foundation
import Laws
import NeuralNetworks
import Oracles
import RandomStreams
import Runtime
import Studies
import Testing

/// Files of weights that no checksum vouches for: read in a child process, so that damage is a message.
@Suite("Model files of unknown origin") struct ModelFileTests {
  private static let streams = KeyedStreams(StreamKey(high: 71, low: 73))

  /// Files as studies write them: a network, two machines, one with real visible units.
  private static func files() throws -> [[UInt8]] {
    let layers = try ["convolution 3x3x4 relu", "max-pool 2", "dense 8 relu", "dense 2"].map { try LayerDescription($0) }
    var network = try HDF5Writer(path: "network"), machines = try HDF5Writer(path: "machines"), gaussian = try HDF5Writer(path: "gaussian")
    try Network<Float>(input: FeatureShape(height: 8, width: 8, channels: 1), layers, from: streams).save(to: &network, at: "network")
    for (layer, (below, above)) in [(9, 4), (4, 2)].enumerated() {
      try RestrictedBoltzmannMachine<Float>(
        units: .zeroOne, visible: below, hidden: above, weights: [Float](repeating: 0.5, count: below * above),
        visibleBias: [Float](repeating: 0, count: below), hiddenBias: [Float](repeating: 0, count: above)
      ).save(to: &machines, at: "machine\(layer)")
    }
    try GaussianBoltzmannMachine(
      visible: 3, hidden: 2, weights: [1, 2, 3, 4, 5, 6], visibleMean: [0, 0, 0], hiddenBias: [0, 0], deviations: [1, 2, 3]
    ).save(to: &gaussian, at: "gaussian")
    return [try network.image(), try machines.image(), try gaussian.image()]
  }

  @Test("changed anywhere, they are read or refused in one line that names them; nothing crashes", arguments: [0, 1, 2])
  func mutated(kind: Int) throws {
    let folder = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    let path = "\(folder)/model-\(UUID().uuidString).h5", whole = try Self.files()[kind]
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(whole).write(to: URL(fileURLWithPath: path))
    let expected = try ModelExport.onnx(path, name: "model")
    #expect(expected.count > 200)
    var mutations = Mutations(of: [whole], words: ["dense 2147483647", "9223372036854775807", "4294967296"], seed: 79 + UInt64(kind))
    var read = 0
    for _ in 0..<250 {
      try Data(mutations.next()).write(to: URL(fileURLWithPath: path))
      do throws(StudyError) {
        if try ModelExport.onnx(path, name: "model").isEmpty { Issue.record("no bytes of a file that was read") }
        read += 1
      } catch {
        guard case .data(path, let what) = error, !what.utf8.contains(10) else {
          Issue.record("not one line about the file: \(error)")
          continue
        }
      }
    }
    #expect(read > 10 && read < 240, "\(read)")
  }

  @Test("what crashes its reader is an error of the reader's caller") func crash() throws {
    let path = NSTemporaryDirectory() + "model-\(UUID().uuidString).h5"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(try Self.files()[0]).write(to: URL(fileURLWithPath: path))
    do throws(ArchiveError) {
      _ = try Checksums.archive(of: path) { (_, _) throws(ArchiveError) in abort() }
      Issue.record("nothing was thrown")
    } catch {
      #expect(error == .damaged(file: path, reason: "the process that read it crashed (signal 6)"))
    }
    do throws(ArchiveError) {
      _ = try Checksums.archive(of: path) { (reader, taken) throws(ArchiveError) in
        try taken.write(try reader.read(Float.self, at: "network/nothing"), at: "a")
      }
      Issue.record("nothing was thrown")
    } catch { #expect(error == .missing(path: "network/nothing")) }
  }
}
