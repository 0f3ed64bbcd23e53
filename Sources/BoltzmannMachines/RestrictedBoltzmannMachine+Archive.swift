public import Archives

extension RestrictedBoltzmannMachine: Checkpointable where Scalar: ArchiveElement {
  public static var formatVersion: Int { 1 }

  /// Writes `version`, `units` (0: 0/1, 1: +-1), `weights [visible, hidden]`, `visible_bias`, `hidden_bias`.
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(units.rawValue, at: path + "/units")
    try archive.write(weights, shape: [visible, hidden], at: path + "/weights")
    try archive.write(visibleBias, at: path + "/visible_bias")
    try archive.write(hiddenBias, at: path + "/hidden_bias")
  }

  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let code = try archive.scalar(UInt8.self, at: path + "/units")
    guard let units = UnitValues(rawValue: code) else {
      throw .damaged(file: path + "/units", reason: "\(code) stands for no unit values")
    }
    let (weights, shape) = try archive.read(Scalar.self, at: path + "/weights") as (values: [Scalar], shape: [Int])
    guard shape.count == 2 else { throw .shape(path: path + "/weights", expected: [0, 0], found: shape) }
    let a = try archive.read(Scalar.self, count: shape[0], at: path + "/visible_bias")
    let b = try archive.read(Scalar.self, count: shape[1], at: path + "/hidden_bias")
    self.init(units: units, visible: shape[0], hidden: shape[1], weights: weights, visibleBias: a, hiddenBias: b)
  }
}
