/// A layer as one writes it down, before it is known what enters:
///
///     dense 128 relu            all inputs with 128 outputs; relu, tanh, sigmoid or identity (also if nothing is said)
///     convolution 3x3x32 relu   32 filters of 3 x 3 pixels; "convolution 3x3x32 padding 1 relu" with zeros around
///     max-pool 2                the largest value in windows of 2 x 2 pixels
///     flatten                   a grid becomes a vector (row, column, channel)
///     dropout 0.5               zero with probability 0.5 while training
///     bottleneck                a noisy code with a price, half as many numbers as the dense layer below gives it
public enum LayerDescription: Sendable, Equatable, CustomStringConvertible {
  case dense(Int, Activation)
  case convolution(height: Int, width: Int, channels: Int, padding: Int = 0, Activation)
  case maxPooling(Int)
  case flatten
  case dropout(Double)
  case bottleneck

  /// Reads the form above; throws `NetworkError.unreadable`.
  public init(_ text: String) throws(NetworkError) {
    var words = text.split(separator: " ").map(String.init)
    func fail(_ hint: String) -> NetworkError { .unreadable(layer: text, hint: hint) }
    guard !words.isEmpty else { throw fail("for example \"dense 128 relu\"") }
    let kind = words.removeFirst()
    var activation = Activation.identity
    if kind == "dense" || kind == "convolution", let last = words.last, let found = Activation(rawValue: last) {
      activation = found
      words.removeLast()
    }
    let functions = Activation.allCases.map(\.rawValue).joined(separator: ", ")
    switch kind {
    case "dense":
      guard words.count == 1, let outputs = Int(words[0]), outputs > 0 else {
        throw fail("write \"dense 128 relu\": a number of units, then \(functions) or nothing")
      }
      self = .dense(outputs, activation)
    case "convolution":
      var padding = 0
      if words.count == 3, words[1] == "padding", let zeros = Int(words[2]), zeros >= 0 {
        padding = zeros
        words.removeLast(2)
      }
      let sizes = words.first?.split(separator: "x").compactMap { Int($0) } ?? []
      guard words.count == 1, sizes.count == 3, sizes.allSatisfy({ $0 > 0 }) else {
        throw fail("write \"convolution 3x3x32 relu\" or \"convolution 3x3x32 padding 1 relu\": height x width x channels")
      }
      self = .convolution(height: sizes[0], width: sizes[1], channels: sizes[2], padding: padding, activation)
    case "max-pool":
      guard words.count == 1, let size = Int(words[0]), size > 1 else { throw fail("write \"max-pool 2\": a window of at least 2") }
      self = .maxPooling(size)
    case "flatten":
      guard words.isEmpty else { throw fail("write \"flatten\" alone") }
      self = .flatten
    case "dropout":
      guard words.count == 1, let rate = Double(words[0]), rate >= 0, rate < 1 else {
        throw fail("write \"dropout 0.5\": a rate in [0, 1)")
      }
      self = .dropout(rate)
    case "bottleneck":
      guard words.isEmpty else { throw fail("write \"bottleneck\" alone; training.rate_price is its price") }
      self = .bottleneck
    default: throw fail("a layer is dense, convolution, max-pool, flatten, dropout or bottleneck")
    }
  }

  public var description: String {
    func with(_ activation: Activation) -> String { activation == .identity ? "" : " \(activation.rawValue)" }
    return switch self {
    case .dense(let outputs, let activation): "dense \(outputs)\(with(activation))"
    case .convolution(let height, let width, let channels, let padding, let activation):
      "convolution \(height)x\(width)x\(channels)\(padding == 0 ? "" : " padding \(padding)")\(with(activation))"
    case .maxPooling(let size): "max-pool \(size)"
    case .flatten: "flatten"
    case .dropout(let rate): "dropout \(rate)"
    case .bottleneck: "bottleneck"
    }
  }
}

/// Why a network cannot be built or used.
public enum NetworkError: Error, Equatable, Sendable, CustomStringConvertible {
  /// No layers were given.
  case noLayers
  /// The text describes no layer.
  case unreadable(layer: String, hint: String)
  /// Layer `layer` (from 1) cannot stand on what enters it.
  case doesNotFit(layer: Int, description: String, input: FeatureShape, what: String)
  /// The last layer does not suit the loss or the data.
  case lastLayer(what: String)
  /// The samples have another shape than the network's input.
  case input(expected: FeatureShape, found: FeatureShape)

  public var description: String {
    switch self {
    case .noLayers: "a network needs at least one layer"
    case .unreadable(let layer, let hint): "\"\(layer)\" describes no layer: \(hint)"
    case .doesNotFit(let layer, let description, let input, let what): "layer \(layer), \(description), on \(input): \(what)"
    case .lastLayer(let what): "the last layer: \(what)"
    case .input(let expected, let found): "the network takes samples of \(expected), not of \(found)"
    }
  }
}

/// A layer that knows what enters it: its kind as a value with explicit ways forward and backward.
public enum Layer: Sendable, Equatable {
  case dense(Dense)
  case convolution(Convolution)
  case maxPooling(MaxPooling)
  case flatten(FeatureShape)
  case dropout(Dropout)
  case bottleneck(Bottleneck)

  /// The layer that `description` means on `input`, the output of `below`; `number`, from 1, is for the error, thrown where it
  /// does not fit.
  init(_ description: LayerDescription, on input: FeatureShape, below: Layer?, number: Int) throws(NetworkError) {
    func fail(_ what: String) -> NetworkError {
      .doesNotFit(layer: number, description: description.description, input: input, what: what)
    }
    switch description {
    case .dense(let outputs, let activation):
      // A grid is taken as the vector it is stored as.
      self = .dense(Dense(inputs: input.count, outputs: outputs, activation: activation))
    case .convolution(let height, let width, let channels, let padding, let activation):
      if input.isVector { throw fail("it needs a grid of pixels") }
      guard height <= input.height + 2 * padding, width <= input.width + 2 * padding else {
        throw fail("the window is larger than the grid with its padding")
      }
      guard padding < height, padding < width else { throw fail("padding of \(padding) needs a window of at least \(padding + 1)") }
      self = .convolution(
        Convolution(
          input: input, kernelHeight: height, kernelWidth: width, padding: padding, channels: channels, activation: activation))
    case .maxPooling(let size):
      if input.isVector { throw fail("it needs a grid of pixels") }
      guard size <= input.height, size <= input.width else { throw fail("the window is larger than the grid") }
      self = .maxPooling(MaxPooling(input: input, size: size))
    case .flatten: self = .flatten(input)
    case .dropout(let rate): self = .dropout(Dropout(input: input, rate: rate))
    case .bottleneck:
      guard case .dense(let dense) = below, dense.activation == .identity, dense.outputs % 2 == 0 else {
        throw fail("it needs a dense layer without a function and with an even number of units below: means, then log-variances")
      }
      self = .bottleneck(Bottleneck(codes: dense.outputs / 2))
    }
  }

  /// What enters and what leaves.
  public var input: FeatureShape {
    switch self {
    case .dense(let layer): .vector(layer.inputs)
    case .convolution(let layer): layer.input
    case .maxPooling(let layer): layer.input
    case .flatten(let shape): shape
    case .dropout(let layer): layer.input
    case .bottleneck(let layer): .vector(2 * layer.codes)
    }
  }
  public var output: FeatureShape {
    switch self {
    case .dense(let layer): .vector(layer.outputs)
    case .convolution(let layer): layer.output
    case .maxPooling(let layer): layer.output
    case .flatten(let shape): .vector(shape.count)
    case .dropout(let layer): layer.input
    case .bottleneck(let layer): .vector(layer.codes)
    }
  }
  /// f, for layers f(Wx + b); the identity for others.
  public var activation: Activation {
    switch self {
    case .dense(let layer): layer.activation
    case .convolution(let layer): layer.activation
    case .maxPooling, .flatten, .dropout, .bottleneck: .identity
    }
  }
  /// Rows and columns of W (as many as b has components), for layers f(Wx + b).
  public var weightShape: (rows: Int, columns: Int)? {
    switch self {
    case .dense(let layer): (layer.inputs, layer.outputs)
    case .convolution(let layer): (layer.window, layer.channels)
    case .maxPooling, .flatten, .dropout, .bottleneck: nil
    }
  }
  /// Floating-point operations of one sample forward.
  public var operations: Double {
    switch self {
    case .dense(let layer): 2 * Double(layer.inputs) * Double(layer.outputs)
    case .convolution(let layer): 2 * Double(layer.window) * Double(layer.output.count)
    case .maxPooling, .flatten, .dropout, .bottleneck: 0
    }
  }
}
