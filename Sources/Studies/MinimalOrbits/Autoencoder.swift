import Archives
import Glibc
import GradientFlows
import LinearAlgebra
import MessagePassing
import RandomStreams

/// A feed-forward network with tanh units and linear outputs, trained to give back its inputs.
struct Autoencoder: Space, Equatable {
  /// Units of each layer from the inputs to the outputs, the same from both ends.
  let widths: [Int]
  /// Weights `[widths[k], widths[k + 1]]`, row-major, and biases `[widths[k + 1]]`, alternating.
  private var blocks: [[Float]]

  /// Layers `hidden` from the inputs to the narrowest, and back. Weights are normal with variance 1 / inputs, biases
  /// zero; row i of matrix k draws from (replica k, step 0, site i, `.weights`).
  init(inputs: Int, hidden: [Int], from streams: KeyedStreams) {
    let widths = [inputs] + hidden + hidden.dropLast().reversed() + [inputs]
    self.widths = widths
    blocks = (0..<widths.count - 1).flatMap { k -> [[Float]] in
      let deviation = 1 / Double(widths[k]).squareRoot()
      var weights: [Float] = []
      for i in 0..<widths[k] {
        var choices = streams.generator(replica: k, step: 0, site: i, purpose: .weights)
        for _ in 0..<widths[k + 1] { weights.append(Float(deviation * choices.normal())) }
      }
      return [weights, [Float](repeating: 0, count: widths[k + 1])]
    }
  }

  /// How many matrices there are, and how many layers from the inputs to the narrowest.
  var matrices: Int { widths.count - 1 }
  var encoderLayers: Int { matrices / 2 }
  func weights(_ k: Int) -> [Float] { blocks[2 * k] }

  var blockCount: Int { blocks.count }
  func role(of index: Int) -> BlockRole { index.isMultiple(of: 2) ? .weights : .biases }
  subscript(block index: Int) -> [Float] {
    get { blocks[index] }
    _modify { yield &blocks[index] }
  }

  /// The outputs of each layer for `count` inputs, inputs first, `[count, width]` each; only the first `layers` of them
  /// where that is given.
  func activations(_ inputs: [Float], count: Int, layers: Int? = nil) -> [[Float]] {
    var all = [inputs]
    for k in 0..<(layers ?? matrices) {
      var outputs: [Float] = []
      outputs.reserveCapacity(count * widths[k + 1])
      for _ in 0..<count { outputs += blocks[2 * k + 1] }
      Linear.multiply(all[k], blocks[2 * k], rows: count, inner: widths[k], columns: widths[k + 1], beta: 1, into: &outputs)
      if k + 1 < matrices { for i in outputs.indices { outputs[i] = tanhf(outputs[i]) } }
      all.append(outputs)
    }
    return all
  }

  /// The derivatives of the encoder's units along tangents of the inputs, `[inputs, tangents, width]` for each layer:
  /// `tangents: [inputs, tangents, widths[0]]`, `activations` those of the inputs.
  func derivatives(_ tangents: [Float], each: Int, activations: [[Float]], count: Int) -> [[Float]] {
    var all: [[Float]] = [], current = tangents
    for k in 0..<encoderLayers {
      let width = widths[k + 1]
      var next = [Float](repeating: 0, count: count * each * width)
      Linear.multiply(current, blocks[2 * k], rows: count * each, inner: widths[k], columns: width, into: &next)
      for i in 0..<count {
        for a in 0..<each {
          for j in 0..<width {
            let value = activations[k + 1][i * width + j]
            next[(i * each + a) * width + j] *= 1 - value * value
          }
        }
      }
      all.append(next)
      current = next
    }
    return all
  }

  /// sum |x - reconstruction|^2 / sum |x|^2.
  func relativeError(_ inputs: [Float], count: Int) -> Double {
    let outputs = activations(inputs, count: count)[matrices]
    var miss = 0.0, total = 0.0
    for (x, y) in zip(inputs, outputs) {
      miss += Double((x - y) * (x - y))
      total += Double(x * x)
    }
    return miss / total
  }
}

extension Autoencoder: Checkpointable {
  static var formatVersion: Int { 1 }
  func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(widths, at: path + "/widths")
    for (index, block) in blocks.enumerated() { try archive.write(block, at: path + "/block\(index)") }
  }
  init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    widths = try archive.read(Int.self, count: nil, at: path + "/widths")
    blocks = []
    for index in 0..<2 * (widths.count - 1) { blocks.append(try archive.read(Float.self, count: nil, at: path + "/block\(index)")) }
  }
}

/// Minus the gradient of 1/2 <(x - reconstruction)^2> over pixels and a mini-batch. An epoch goes through a keyed
/// permutation of the images; the images of a batch are summed by one rank.
struct ReconstructionGradient: DirectionField {
  let images: [Float], count: Int, batch: Int
  private let streams: KeyedStreams
  private var order: (epoch: UInt64, permutation: [Int])?

  init(_ images: [Float], count: Int, batch: Int, from streams: KeyedStreams) {
    self.images = images
    self.count = count
    self.batch = batch
    self.streams = streams
  }
  /// Mini-batches of an epoch.
  var batchesPerEpoch: Int { count / batch }

  mutating func direction(
    at point: Autoencoder, step: UInt64, on team: borrowing some Communicator & ~Copyable, into direction: inout Autoencoder
  ) throws(MessagePassingError) {
    let inputs = gather(step), layers = point.activations(inputs, count: batch)
    let scale = 1 / Float(batch * point.widths[0])
    var delta = zip(inputs, layers[point.matrices]).map { ($0 - $1) * scale }
    for k in stride(from: point.matrices - 1, through: 0, by: -1) {
      let (rows, columns) = (point.widths[k], point.widths[k + 1])
      Linear.multiply(
        layers[k], transposed: true, delta, rows: rows, inner: batch, columns: columns, into: &direction[block: 2 * k])
      var sums = [Float](repeating: 0, count: columns)
      for i in 0..<batch { for j in 0..<columns { sums[j] += delta[i * columns + j] } }
      direction[block: 2 * k + 1] = sums
      guard k > 0 else { break }
      var below = [Float](repeating: 0, count: batch * rows)
      Linear.multiply(
        delta, transposed: false, point.weights(k), transposed: true, rows: batch, inner: columns, columns: rows, into: &below)
      for i in below.indices { below[i] *= 1 - layers[k][i] * layers[k][i] }
      delta = below
    }
  }

  private mutating func gather(_ step: UInt64) -> [Float] {
    let epoch = step / UInt64(batchesPerEpoch), first = Int(step % UInt64(batchesPerEpoch)) * batch
    if order?.epoch != epoch {
      var choices = streams.generator(replica: 0, step: epoch, site: 0, purpose: .batch)
      order = (epoch, choices.permutation(count: count))
    }
    guard let permutation = order?.permutation else { return [] }
    let width = images.count / count
    return permutation[first..<first + batch].flatMap { images[$0 * width..<($0 + 1) * width] }
  }
}
