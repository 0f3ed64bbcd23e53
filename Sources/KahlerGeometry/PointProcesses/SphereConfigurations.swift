public import Archives

/// A batch of configurations of N points on the unit sphere of R^3, as coordinates by component.
public struct SphereConfigurations: Sendable, Equatable, Checkpointable {
  /// N; how many configurations; the global index of the first.
  public let points: Int, replicas: Int, firstReplica: Int
  /// N rounded up to a multiple of eight. The places beyond N stand at the centre of the sphere, at distance 1 from every
  /// point of it, so that sums of logarithms of distances may run over them.
  public let stride: Int
  /// `[replicas, 3, stride]`: x, y and z of each configuration.
  public internal(set) var coordinates: [Double]
  /// ln p_1 of each configuration up to its normalisation, kept up to date by the moves of the gas that made them.
  public internal(set) var logWeights: [Double]

  /// Configurations with all points at the centre, to be filled.
  @usableFromInline init(emptyWith points: Int, replicas: Int, firstReplica: Int) {
    self.points = points
    self.replicas = replicas
    self.firstReplica = firstReplica
    stride = (points + 7) / 8 * 8
    coordinates = [Double](repeating: 0, count: 3 * stride * replicas)
    logWeights = [Double](repeating: 0, count: replicas)
  }

  /// One configuration at given unit vectors.
  /// - Throws: `offSphere` where a length differs from 1 by more than 1e-9, `coincidentPoints`.
  public init(_ vectors: [SIMD3<Double>], firstReplica: Int = 0) throws(KahlerError) {
    self.init(emptyWith: vectors.count, replicas: 1, firstReplica: firstReplica)
    for (i, v) in vectors.enumerated() {
      guard abs((v * v).sum() - 1) <= 1e-9 else { throw .offSphere(point: i) }
      self[0, i] = v
    }
    // Equal points are neighbours in the lexical order.
    let order = vectors.indices.sorted { (vectors[$0].x, vectors[$0].y, vectors[$0].z) < (vectors[$1].x, vectors[$1].y, vectors[$1].z) }
    for (a, b) in zip(order, order.dropFirst()) where vectors[a] == vectors[b] {
      throw .coincidentPoints(first: min(a, b), second: max(a, b))
    }
  }

  /// Point `index` of configuration `replica`.
  public internal(set) subscript(replica: Int, index: Int) -> SIMD3<Double> {
    get {
      let at = 3 * stride * replica + index
      return SIMD3(coordinates[at], coordinates[at + stride], coordinates[at + 2 * stride])
    }
    set {
      let at = 3 * stride * replica + index
      coordinates[at] = newValue.x
      coordinates[at + stride] = newValue.y
      coordinates[at + 2 * stride] = newValue.z
    }
  }

  /// The points of one configuration.
  public func vectors(of replica: Int) -> [SIMD3<Double>] { (0..<points).map { self[replica, $0] } }

  /// The configurations of several batches, one after the other.
  public init(joining parts: [SphereConfigurations]) {
    precondition(!parts.isEmpty && parts.allSatisfy { $0.points == parts[0].points }, "batches of equally many points")
    self.init(emptyWith: parts[0].points, replicas: parts.reduce(0) { $0 + $1.replicas }, firstReplica: parts[0].firstReplica)
    coordinates = parts.flatMap(\.coordinates)
    logWeights = parts.flatMap(\.logWeights)
  }
  /// The configurations `range` of this batch, counted from its first.
  public func slice(_ range: Range<Int>) -> SphereConfigurations {
    var part = SphereConfigurations(emptyWith: points, replicas: range.count, firstReplica: firstReplica + range.lowerBound)
    part.coordinates = Array(coordinates[3 * stride * range.lowerBound..<3 * stride * range.upperBound])
    part.logWeights = Array(logWeights[range])
    return part
  }
  /// The same batch with other numbers in it: what comes back from other ranks.
  public init(like other: SphereConfigurations, coordinates: [Double], logWeights: [Double]) {
    precondition(coordinates.count == other.coordinates.count && logWeights.count == other.replicas, "a batch of the same shape")
    self = other
    self.coordinates = coordinates
    self.logWeights = logWeights
  }

  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write([points, replicas, firstReplica], at: path + "/counts")
    try archive.write(coordinates, at: path + "/coordinates")
    try archive.write(logWeights, at: path + "/log_weights")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let counts = try archive.read(Int.self, count: 3, at: path + "/counts")
    guard counts[0] >= 1, counts[1] >= 0 else { throw .damaged(file: path, reason: "\(counts[1]) configurations of \(counts[0]) points") }
    self.init(emptyWith: counts[0], replicas: counts[1], firstReplica: counts[2])
    coordinates = try archive.read(Double.self, count: coordinates.count, at: path + "/coordinates")
    logWeights = try archive.read(Double.self, count: replicas, at: path + "/log_weights")
  }
}
