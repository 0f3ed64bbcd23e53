public import Archives

extension Network where Scalar == Float {
  /// The network for other programs: input "input", `[samples, channels, height, width]` or `[samples, features]`; outputs
  /// "outputs" and their softmax "probabilities". Dropout and the noise of bottlenecks, which only train, are left out.
  public func onnx(name: String) -> ONNXModel {
    if hasBottleneck { return withoutNoise().onnx(name: name) }
    var model = ONNXModel(name: name), value = "input", shape = input, isGrid = !input.isVector
    model.input("input", shape: isGrid ? [input.channels, input.height, input.width] : [input.count])
    for (index, layer) in layers.enumerated() {
      let name = "layer\(index)"
      switch layer {
      case .dense(let dense):
        Self.flatten(&model, &value, shape, &isGrid, name)
        guard let block = firstBlock(of: index) else { continue }
        model.constant(name + "/weights", parameters[block], shape: [dense.inputs, dense.outputs])
        model.constant(name + "/bias", parameters[block + 1], shape: [dense.outputs])
        model.add("Gemm", [value, name + "/weights", name + "/bias"], to: name)
        value = name
      case .convolution(let convolution):
        guard let block = firstBlock(of: index) else { continue }
        model.constant(
          name + "/weights", convolution.channelsFirst(parameters[block]),
          shape: [convolution.channels, convolution.input.channels, convolution.kernelHeight, convolution.kernelWidth])
        model.constant(name + "/bias", parameters[block + 1], shape: [convolution.channels])
        let padding = [Int](repeating: convolution.padding, count: 4)
        model.add("Conv", [value, name + "/weights", name + "/bias"], to: name, [("pads", .integers(padding))])
        value = name
      case .maxPooling(let pooling):
        let size = [pooling.size, pooling.size]
        model.add("MaxPool", [value], to: name, [("kernel_shape", .integers(size)), ("strides", .integers(size))])
        value = name
      case .flatten: Self.flatten(&model, &value, shape, &isGrid, name)
      case .dropout, .bottleneck: break
      }
      if layer.activation != .identity {
        model.add(layer.activation.operation, [value], to: name + "/activation")
        value = name + "/activation"
      }
      shape = layer.output
    }
    Self.flatten(&model, &value, shape, &isGrid, "end")
    model.add("Identity", [value], to: "outputs")
    model.add("Softmax", ["outputs"], to: "probabilities", [("axis", .integer(1))])
    model.output("outputs", shape: [output.count])
    model.output("probabilities", shape: [output.count])
    return model
  }

  /// A grid becomes a vector in this program's order, channels last.
  private static func flatten(_ model: inout ONNXModel, _ value: inout String, _ shape: FeatureShape, _ isGrid: inout Bool, _ name: String)
  {
    guard isGrid else { return }
    isGrid = false
    if shape.channels > 1 {
      model.add("Transpose", [value], to: name + "/channels-last", [("perm", .integers([0, 2, 3, 1]))])
      value = name + "/channels-last"
    }
    model.add("Flatten", [value], to: name + "/vector", [("axis", .integer(1))])
    value = name + "/vector"
  }
}

extension Activation {
  /// The operator's name.
  fileprivate var operation: String {
    switch self {
    case .identity: "Identity"
    case .relu: "Relu"
    case .tanh: "Tanh"
    case .sigmoid: "Sigmoid"
    }
  }
}

extension Convolution {
  /// `[kernelHeight][kernelWidth][input channels][channels]` as `[channels][input channels][kernelHeight][kernelWidth]`.
  fileprivate func channelsFirst(_ weights: [Float]) -> [Float] {
    let pixels = kernelHeight * kernelWidth, area = input.channels * channels
    var result: [Float] = []
    result.reserveCapacity(weights.count)
    for n in 0..<channels {
      for c in 0..<input.channels { for pixel in 0..<pixels { result.append(weights[pixel * area + c * channels + n]) } }
    }
    return result
  }
}
