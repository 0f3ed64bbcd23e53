/// A model in the Open Neural Network Exchange format (onnx.ai, IR version 8, operator set 17): nodes in order of
/// evaluation, constants in single precision, one input and named outputs of any number of rows.
///
/// Written field by field after onnx.proto; the fields used are a dozen, so no generated code is needed.
public struct ONNXModel: Sendable {
  /// A value of an operator's attribute.
  public enum Attribute: Sendable {
    case integer(Int), integers([Int]), real(Float)
  }

  private let name: String
  private var nodes: [UInt8] = [], constants: [UInt8] = [], inputs: [UInt8] = [], outputs: [UInt8] = []

  /// A model without nodes.
  public init(name: String) { self.name = name }

  /// Adds an operator ("Gemm", "Relu", ...) between named values.
  public mutating func add(
    _ operation: String, _ inputs: [String], to output: String, _ attributes: [(name: String, value: Attribute)] = []
  ) {
    var node: [UInt8] = []
    for input in inputs { node.field(1, input) }
    node.field(2, output)
    node.field(3, output + "/node")
    node.field(4, operation)
    for (name, value) in attributes {
      var attribute: [UInt8] = []
      attribute.field(1, name)
      switch value {
      case .real(let number):
        attribute.key(2, 5)
        attribute.append(number)
        attribute.field(20, 1)
      case .integer(let number):
        attribute.field(3, number)
        attribute.field(20, 2)
      case .integers(let numbers):
        for number in numbers { attribute.field(8, number) }
        attribute.field(20, 7)
      }
      node.field(5, attribute)
    }
    nodes.field(1, node)
  }

  /// Adds a constant array under a name.
  public mutating func constant(_ name: String, _ values: [Float], shape: [Int]) {
    precondition(values.count == shape.reduce(1, *), "values fill the shape")
    var tensor: [UInt8] = []
    for length in shape { tensor.field(1, length) }
    tensor.field(2, 1)
    tensor.field(8, name)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * values.count)
    for value in values { bytes.append(value) }
    tensor.field(9, bytes)
    constants.field(5, tensor)
  }

  /// Declares the input or an output, of shape `[any number, shape...]`.
  public mutating func input(_ name: String, shape: [Int]) { inputs.field(11, Self.value(name, shape)) }
  public mutating func output(_ name: String, shape: [Int]) { outputs.field(12, Self.value(name, shape)) }

  private static func value(_ name: String, _ shape: [Int]) -> [UInt8] {
    var lengths: [UInt8] = [], rows: [UInt8] = []
    rows.field(2, "samples")
    lengths.field(1, rows)
    for length in shape {
      var dimension: [UInt8] = []
      dimension.field(1, length)
      lengths.field(1, dimension)
    }
    var tensor: [UInt8] = [], type: [UInt8] = [], value: [UInt8] = []
    tensor.field(1, 1)
    tensor.field(2, lengths)
    type.field(1, tensor)
    value.field(1, name)
    value.field(2, type)
    return value
  }

  /// The file's bytes.
  public var bytes: [UInt8] {
    var graph = nodes
    graph.field(2, name)
    graph += constants + inputs + outputs
    var operators: [UInt8] = [], model: [UInt8] = []
    operators.field(1, "")
    operators.field(2, 17)
    model.field(1, 8)
    model.field(2, "renorm")
    model.field(7, graph)
    model.field(8, operators)
    return model
  }
}

/// Fields of the protobuf wire format.
extension [UInt8] {
  fileprivate mutating func key(_ number: Int, _ type: Int) { variable(UInt64(number << 3 | type)) }
  fileprivate mutating func variable(_ value: UInt64) {
    var rest = value
    while rest >= 128 {
      append(UInt8(truncatingIfNeeded: rest) | 128)
      rest >>= 7
    }
    append(UInt8(rest))
  }
  fileprivate mutating func append(_ number: Float) {
    for shift in stride(from: UInt32(0), to: 32, by: 8) { append(UInt8(truncatingIfNeeded: number.bitPattern >> shift)) }
  }
  fileprivate mutating func field(_ number: Int, _ value: Int) {
    key(number, 0)
    variable(UInt64(bitPattern: Int64(value)))
  }
  fileprivate mutating func field(_ number: Int, _ bytes: [UInt8]) {
    key(number, 2)
    variable(UInt64(bytes.count))
    append(contentsOf: bytes)
  }
  fileprivate mutating func field(_ number: Int, _ text: String) { field(number, Array(text.utf8)) }
}
