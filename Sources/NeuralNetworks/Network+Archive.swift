public import Archives

extension Network: Checkpointable {
  public static var formatVersion: Int { 1 }

  /// Writes `version`, `input` (height, width, channels), `layers` (their descriptions, one a line), and for each layer l
  /// with parameters `layer<l>/weights [rows, columns]` and `layer<l>/bias`.
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write([input.height, input.width, input.channels], at: path + "/input")
    try archive.write(descriptions.map(\.description).joined(separator: "\n"), at: path + "/layers")
    for (index, layer) in layers.enumerated() {
      guard let (rows, columns) = layer.weightShape, let block = firstBlock(of: index) else { continue }
      try archive.write(parameters[block], shape: [rows, columns], at: "\(path)/layer\(index)/weights")
      try archive.write(parameters[block + 1], at: "\(path)/layer\(index)/bias")
    }
  }

  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let sizes = try archive.read(Int.self, count: 3, at: path + "/input")
    guard sizes.allSatisfy({ $0 > 0 }) else { throw .damaged(file: path + "/input", reason: "\(sizes) is no shape") }
    let lines = try archive.text(at: path + "/layers").split(separator: "\n").map(String.init)
    input = FeatureShape(height: sizes[0], width: sizes[1], channels: sizes[2])
    do throws(NetworkError) {
      var read: [LayerDescription] = []
      for line in lines { read.append(try LayerDescription(line)) }
      descriptions = read
      layers = try Self.layers(read, on: input)
    } catch {
      throw .damaged(file: path + "/layers", reason: error.description)
    }
    // Nothing is made as large as the lines say before as much has been read.
    parameters = []
    for (index, layer) in layers.enumerated() {
      guard let (rows, columns) = layer.weightShape else { continue }
      parameters.append(try archive.read(Scalar.self, count: rows * columns, at: "\(path)/layer\(index)/weights"))
      parameters.append(try archive.read(Scalar.self, count: columns, at: "\(path)/layer\(index)/bias"))
    }
  }
}
