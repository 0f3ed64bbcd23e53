import Archives
import Foundation
import Laws
import NeuralNetworks
import RandomStreams
import Sampling
import Testing

/// A folder for a test's files.
private final class Folder {
  let path = NSTemporaryDirectory() + "data-\(UUID().uuidString)"
  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func write(_ bytes: [UInt8], _ name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    return path + "/" + name
  }
}

/// Two images of 2 x 3 bytes as IDX.
private let images: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3] + [0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255]
private let labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 2, 1, 0]

private func npy(_ description: String, _ shape: String, _ data: [UInt8], order: String = "False") -> [UInt8] {
  var head = "{'descr': '\(description)', 'fortran_order': \(order), 'shape': (\(shape)), }"
  while (10 + head.utf8.count + 1) % 64 != 0 { head += " " }
  head += "\n"
  return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(head.utf8.count & 255), UInt8(head.utf8.count >> 8)] + Array(head.utf8) + data
}

private func bytes<T>(_ values: [T]) -> [UInt8] { unsafe values.withUnsafeBytes { unsafe [UInt8]($0) } }

struct DataTests {
  @Test("IDX files are read plain and packed, and give images with labels")
  func idx() throws {
    let folder = try Folder(), plain = try folder.write(images, "images"), labelFile = try folder.write(labels, "labels")
    let array = try NumericArray(reading: plain)
    #expect(array.shape == [2, 2, 3] && array.values == [0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255])
    let packed = try Laws.run(URL(fileURLWithPath: "/bin/gzip"), ["-k", plain], timeout: 10)
    try #require(packed.status == 0)
    #expect(try NumericArray(reading: plain + ".gz").values == array.values)
    let set = try SampleSet(channels: [("pixel", array)], labels: NumericArray(reading: labelFile), scale: 255)
    #expect(set.count == 2 && set.shape == FeatureShape(height: 2, width: 3, channels: 1) && set.labels == [1, 0])
    #expect(set.features[11] == 1 && set.configurations(above: 0.5).words == [0, 63])
    #expect(set.slice(1..<2).labels == [0] && set.slice(1..<2).features.count == 6)

    // Packed data that end in their middle, and damaged ones.
    let whole = try Data(contentsOf: URL(fileURLWithPath: plain + ".gz"))
    try whole.prefix(whole.count - 9).write(to: URL(fileURLWithPath: plain + "-cut.gz"))
    let cut = #expect(throws: DataFileError.self) { _ = try NumericArray(reading: plain + "-cut.gz") }
    #expect(cut?.description.contains("truncated") == true, "\(cut?.description ?? "")")
    var damaged = [UInt8](whole)
    damaged[damaged.count - 6] ^= 1
    let bad = try folder.write(damaged, "damaged.gz")
    let error = #expect(throws: DataFileError.self) { _ = try NumericArray(reading: bad) }
    #expect(error?.description.contains("cannot be unpacked") == true, "\(error?.description ?? "")")
  }

  @Test("NPY files of several types are read; HDF5 datasets too")
  func npyAndHDF5() throws {
    let folder = try Folder()
    let single = try folder.write(npy("<f4", "2, 2", bytes([Float(1), 2, 3, -4.5])), "f4.npy")
    #expect(try NumericArray(reading: single) == NumericArray(shape: [2, 2], values: [1, 2, 3, -4.5], file: single))
    let wide = try folder.write(npy("<f8", "3,", bytes([0.25, -1e3, 7])), "f8.npy")
    #expect(try NumericArray(reading: wide).values == [0.25, -1000, 7])
    let integers = try folder.write(npy("<i2", "2,", bytes([Int16(-3), 300])), "i2.npy")
    #expect(try NumericArray(reading: integers).values == [-3, 300])
    let flags = try folder.write(npy("|b1", "2,", [1, 0]), "b1.npy")
    #expect(try NumericArray(reading: flags).values == [1, 0])

    var writer = try HDF5Writer(path: "scene")
    try writer.write([UInt8](0..<12), shape: [2, 2, 3], at: "sensors/camera")
    try writer.write((0..<12).map { 0.5 * Double($0) }, shape: [2, 2, 3], at: "sensors/lidar")
    try writer.write([1, 0], at: "labels")
    let scene = try folder.write(writer.image(), "scene.h5")
    let camera = try NumericArray(reading: scene + ":sensors/camera"), lidar = try NumericArray(reading: scene + ":sensors/lidar")
    let set = try SampleSet(channels: [("camera", camera), ("lidar", lidar)], labels: NumericArray(reading: scene + ":labels"), classes: 3)
    #expect(set.shape == FeatureShape(height: 2, width: 3, channels: 2) && set.channelNames == ["camera", "lidar"])
    #expect(set.features[..<4] == [0, 0, 1, 0.5] && set.targets == .classes([1, 0], of: 3))
  }

  @Test("What cannot be used is one clear line that names the file")
  func refused() throws {
    let folder = try Folder()
    func says(_ words: String, _ bytes: [UInt8], _ name: String = "file") throws {
      let file = try folder.write(bytes, name)
      let error = #expect(throws: DataFileError.self) { _ = try NumericArray(reading: file) }
      let line = error?.description ?? ""
      #expect(line.contains(words) && line.hasPrefix(file) && !line.contains("\n"), "\(words) in: \(line)")
    }
    try says("truncated: its head promises 12 bytes of numbers, 11 are there", images.dropLast())
    try says("promises 12 bytes of numbers, but 13 are there", images + [0])
    try says("no IDX, NPY or HDF5 file", [1, 2, 3, 4, 5])
    try says("it is empty", [])
    try says("truncated", [0, 0, 8, 3, 0, 0])
    try says("the number at [1, 0] is nan", npy("<f4", "2, 2", bytes([Float(1), 2, .nan, 4])))
    try says("is inf", npy("<f8", "1,", bytes([Double.infinity])))
    try says("Fortran order", npy("<f4", "1, 1", bytes([Float(1)]), order: "True"))
    try says("elements of type >f4", npy(">f4", "1,", bytes([Float(1)])))
    try says("elements of type <c8", npy("<c8", "1,", bytes([1.0])))
    try says("truncated", npy("<f4", "3,", bytes([Float(1), 2])))
    var writer = try HDF5Writer(path: "file")
    try writer.write([1.0, .nan], at: "x")
    let image = try writer.image()
    try says("name the dataset", image, "numbers.h5")
    let file = folder.path + "/numbers.h5"
    for (dataset, words) in [("x", "not finite"), ("y", "it has no dataset y")] {
      let error = #expect(throws: DataFileError.self) { _ = try NumericArray(reading: "\(file):\(dataset)") }
      #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
    let missing = #expect(throws: DataFileError.self) { _ = try NumericArray(reading: folder.path + "/nothing") }
    #expect(missing?.description.contains("No such file") == true)
    let damaged = try folder.write(Array(image.prefix(200)), "damaged.h5")
    #expect(throws: DataFileError.self) { _ = try NumericArray(reading: damaged + ":x") }
  }

  @Test("Channels, labels and samples that do not fit each other are refused")
  func mismatches() throws {
    let two = NumericArray(shape: [2, 2, 2], values: [Float](repeating: 0, count: 8), file: "two")
    let three = NumericArray(shape: [3, 2, 2], values: [Float](repeating: 0, count: 12), file: "three")
    func says(_ words: String, _ channels: [(name: String, array: NumericArray)], _ labels: [Float], classes: Int? = nil) {
      let error = #expect(throws: DataFileError.self) {
        _ = try SampleSet(channels: channels, labels: NumericArray(shape: [labels.count], values: labels, file: "labels"), classes: classes)
      }
      #expect(error?.description.contains(words) == true, "\(words) in: \(error?.description ?? "")")
    }
    says("samples and grid must be the same", [("a", two), ("b", three)], [0, 1])
    says("labels of shape [3] for 2 samples", [("a", two)], [0, 1, 1])
    says("label 1 is 0.5", [("a", two)], [0, 0.5])
    says("label 0 is -1", [("a", two)], [-1, 0])
    says("label 1 is 4, but there are 3 classes", [("a", two)], [0, 4], classes: 3)
    says("images are", [("a", NumericArray(shape: [2], values: [0, 0], file: "flat"))], [0, 1])
  }

  @Test("Lattice configurations are a data set of +-1")
  func lattice() {
    var spins = Configurations(count: 2, sites: .lattice([2, 3]))
    spins[0, 0] = true
    spins[1, 5] = true
    let set = SampleSet(spins, classes: [0, 1], of: 2)
    #expect(set.shape == FeatureShape(height: 2, width: 3, channels: 1) && set.features[..<6] == [1, -1, -1, -1, -1, -1])
    #expect(set.configurations(above: 0).words == spins.words)
  }

  @Test(
    "A network exported to ONNX gives onnxruntime the same outputs",
    .enabled(if: PythonReader.has("onnxruntime", "numpy"), "no onnxruntime here"),
    arguments: [
      ["dense 7 tanh", "dropout 0.5", "dense 4 sigmoid", "dense 3"],
      ["convolution 3x2x4 padding 1 relu", "max-pool 2", "convolution 2x2x5 tanh", "flatten", "dense 6 relu", "dense 3"],
    ])
  func onnx(layers: [String]) throws {
    let folder = try Folder(), shape = FeatureShape(height: 6, width: 5, channels: 2)
    let network = try network(shape, layers).converted(to: Float.self), data = samples(5, shape, classes: 3)
    let model = try folder.write(network.onnx(name: "test").bytes, "model.onnx")
    let expected = try network.outputs(for: data)
    let input = try folder.write(npy("<f4", "5, 6, 5, 2", bytes(data.features)), "input.npy")
    let output = try folder.write(npy("<f4", "5, 3", bytes(expected)), "output.npy")
    let program = """
      import sys, numpy, onnxruntime
      session = onnxruntime.InferenceSession(sys.argv[1])
      x = numpy.load(sys.argv[2]).transpose(0, 3, 1, 2).copy()
      outputs, probabilities = session.run(None, {"input": x})
      assert outputs.shape == (5, 3), outputs.shape
      assert abs(outputs - numpy.load(sys.argv[3])).max() < 1e-5
      assert abs(probabilities.sum(1) - 1).max() < 1e-6
      """
    let end = try PythonReader.run(program, model, input, output)
    #expect(end.status == 0, "\(end.output)")
  }
}
