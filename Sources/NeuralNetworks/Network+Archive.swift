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
    do throws(NetworkError) {
      var descriptions: [LayerDescription] = []
      for line in lines { descriptions.append(try LayerDescription(line)) }
      try self.init(input: FeatureShape(height: sizes[0], width: sizes[1], channels: sizes[2]), descriptions)
    } catch {
      throw .damaged(file: path + "/layers", reason: error.description)
    }
    for (index, layer) in layers.enumerated() {
      guard let (rows, columns) = layer.weightShape, let block = firstBlock(of: index) else { continue }
      parameters[block] = try archive.read(Scalar.self, count: rows * columns, at: "\(path)/layer\(index)/weights")
      parameters[block + 1] = try archive.read(Scalar.self, count: columns, at: "\(path)/layer\(index)/bias")
    }
  }
}
