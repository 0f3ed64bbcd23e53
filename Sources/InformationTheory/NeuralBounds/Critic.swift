public import GradientFlows
public import LinearAlgebra
public import RandomStreams

/// What a neural bound scores pairs with.
public enum CriticKind: String, Sendable, CaseIterable {
  /// f(x, y) = g(x) . h(y): a batch costs two networks and one product.
  case separable
  /// f(x, y) = g(x, y): a batch of B costs B^2 evaluations, and no scalar product limits f.
  case joint
}

/// Scores f(x_i, y_j) of all pairs of a batch, `[batch, batch]`, and their gradient by the weights.
public struct Critic: Space, Sendable, Equatable {
  /// Which of the two.
  public let kind: CriticKind
  var first: Perceptron, second: Perceptron?
  let xDimension: Int, yDimension: Int

  /// Networks of two hidden layers of `hidden` units; a separable critic's meet in `embedding` numbers. All scores begin as zero,
  /// where every bound is zero.
  public init(_ kind: CriticKind, xDimension: Int, yDimension: Int, hidden: Int, embedding: Int, from streams: KeyedStreams) {
    self.kind = kind
    self.xDimension = xDimension
    self.yDimension = yDimension
    switch kind {
    case .separable:
      first = Perceptron(widths: [xDimension, hidden, hidden, embedding], silentEnd: false, from: streams, replica: 0)
      second = Perceptron(widths: [yDimension, hidden, hidden, embedding], silentEnd: true, from: streams, replica: 1)
    case .joint: first = Perceptron(widths: [xDimension + yDimension, hidden, hidden, 1], silentEnd: true, from: streams, replica: 0)
    }
  }
  public var blockCount: Int { first.blockCount + (second?.blockCount ?? 0) }
  public func role(of index: Int) -> BlockRole { index % 2 == 0 ? .weights : .biases }
  public subscript(block index: Int) -> [Float] {
    get { index < first.blockCount ? first.blocks[index] : second.map { $0.blocks[index - first.blockCount] } ?? [] }
    _modify {
      if index < first.blockCount {
        yield &first.blocks[index]
      } else {
        var block = second?.blocks[index - first.blockCount] ?? []
        second?.blocks[index - first.blockCount] = []
        yield &block
        second?.blocks[index - first.blockCount] = block
      }
    }
  }

  /// What a pass leaves for the gradient.
  struct Pass {
    var scores: [Float]
    var first: [[Float]], second: [[Float]]
  }

  func scores(_ x: [Float], _ y: [Float], batch: Int) -> Pass {
    guard let second else {
      var pairs: [Float] = []
      pairs.reserveCapacity(batch * batch * (xDimension + yDimension))
      for i in 0..<batch {
        for j in 0..<batch {
          pairs.append(contentsOf: x[i * xDimension..<(i + 1) * xDimension])
          pairs.append(contentsOf: y[j * yDimension..<(j + 1) * yDimension])
        }
      }
      let layers = first.forward(pairs, rows: batch * batch)
      return Pass(scores: layers[layers.count - 1], first: layers, second: [])
    }
    let left = first.forward(x, rows: batch), right = second.forward(y, rows: batch)
    let width = first.widths[first.widths.count - 1]
    var scores = [Float](repeating: 0, count: batch * batch)
    Linear.multiply(left[3], transposed: false, right[3], transposed: true, rows: batch, inner: width, columns: batch, into: &scores)
    return Pass(scores: scores, first: left, second: right)
  }

  func gradient(_ pass: Pass, slope: [Float], batch: Int, into gradient: inout Critic) {
    guard let second else {
      first.backward(pass.first, slope: slope, rows: batch * batch, into: &gradient.first)
      return
    }
    let width = first.widths[first.widths.count - 1]
    var left = [Float](repeating: 0, count: batch * width), right = left
    Linear.multiply(slope, pass.second[3], rows: batch, inner: batch, columns: width, into: &left)
    Linear.multiply(slope, transposed: true, pass.first[3], rows: batch, inner: batch, columns: width, into: &right)
    first.backward(pass.first, slope: left, rows: batch, into: &gradient.first)
    if var below = gradient.second {
      gradient.second = nil
      second.backward(pass.second, slope: right, rows: batch, into: &below)
      gradient.second = below
    }
  }
}
