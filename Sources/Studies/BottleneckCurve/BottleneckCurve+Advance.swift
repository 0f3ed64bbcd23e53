public import Archives
public import InformationTheory
public import MessagePassing
public import RandomStreams
public import Runtime

extension BottleneckCurve {
  /// The points found and the encoder of the last.
  public struct State: Checkpointable {
    var points: [BottleneckPoint] = []

    init() {}
    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write(points.flatMap { [$0.beta, $0.compression, $0.relevance, $0.entropy] }, at: path + "/values")
      try archive.write(points.flatMap { [$0.clusters, $0.iterations, $0.isConverged ? 1 : 0] }, at: path + "/counts")
      try archive.write(points.last?.encoder ?? [], at: path + "/encoder")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      let values = try archive.read(Double.self, count: nil, at: path + "/values")
      let counts = try archive.read(Int.self, count: nil, at: path + "/counts")
      let encoder = try archive.read(Double.self, count: nil, at: path + "/encoder")
      let last = values.count / 4 - 1
      for i in 0..<values.count / 4 {
        let v = values[4 * i..<4 * i + 4], c = counts[3 * i..<3 * i + 3]
        points.append(
          BottleneckPoint(
            beta: v[4 * i], compression: v[4 * i + 1], relevance: v[4 * i + 2], entropy: v[4 * i + 3], clusters: c[3 * i],
            encoder: i == last ? encoder : [], iterations: c[3 * i + 1], isConverged: c[3 * i + 2] == 1))
      }
    }
  }

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    let bottleneck = InformationBottleneck(
      law, clusters: clusters, kind: unit, restarts: restarts, tolerance: tolerance, maximumSteps: 20_000)
    let source = KeyedStreams(streams)
    // A few points for each slice: some hundred milliseconds of small laws.
    let last = min(betas.count, state.points.count + max(1, 200_000 / (law.rows * clusters * max(1, restarts))))
    while state.points.count < last {
      let place = state.points.count
      state.points.append(bottleneck.solve(beta: betas[place], place: place, after: state.points.last, from: source))
    }
    if last < betas.count { return .more(fraction: Double(last) / Double(betas.count), stage: "beta = \(betas[last])") }
    return .done(record(state.points, unit))
  }

  private func record(_ points: [BottleneckPoint], _ kind: Unit) -> Recording {
    var recording = Recording()
    for point in points {
      let at: [(name: String, value: ParameterValue)] = [("bottleneck", .text(kind.rawValue)), ("beta", .real(point.beta))]
      let reason = point.isConverged ? nil : "the iteration did not come to rest"
      recording.record(at: at, "compression", Observable(point.compression, unit: "nats", reason: reason))
      recording.record(at: at, "relevance", Observable(point.relevance, unit: "nats", reason: reason))
      recording.record(at: at, "representation_entropy", Observable(point.entropy, unit: "nats", reason: reason))
      recording.record(at: at, "clusters", Observable(Double(point.clusters)))
      recording.record(at: at, "iterations", Observable(Double(point.iterations)))
    }
    if let encoder = points.last?.encoder {
      recording.record(
        ResultArray(
          name: "encoder_\(kind.rawValue)", longName: "q(t|x) at the largest beta", unit: "1",
          dimensions: [("x", law.rows), ("t", clusters)], values: encoder))
    }
    return recording
  }
}
