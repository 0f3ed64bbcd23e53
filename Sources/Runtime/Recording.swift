public import Archives
public import Statistics

/// Rows of observables and named arrays as a unit's partial result: what most studies need, already checkpointable.
public struct Recording: Mergeable, Checkpointable, Sendable {
  /// The rows, in the order in which they were first recorded.
  public private(set) var rows: [ResultRow] = []
  /// The arrays, in the order in which they were recorded.
  public private(set) var arrays: [ResultArray] = []
  /// Nothing recorded.
  public init() {}
  public static var empty: Recording { Recording() }

  /// Appends the other's rows and arrays: units are merged in plan order.
  public mutating func merge(_ other: Recording) {
    rows += other.rows
    arrays += other.arrays
  }

  /// Adds an observable to the row at `at`, which comes into being with its first observable.
  public mutating func record(at: [(name: String, value: ParameterValue)], _ name: String, _ observable: Observable) {
    if let row = rows.firstIndex(where: { same($0.at, at) }) {
      rows[row].observables.append((name, observable))
    } else {
      rows.append(ResultRow(at: at, observables: [(name, observable)]))
    }
  }
  /// Adds an array; its name is unique within the recording.
  public mutating func record(_ array: ResultArray) { arrays.append(array) }

  /// The observable of that name in the first row whose `at` contains all pairs of `at`.
  public func observable(_ name: String, at: [(name: String, value: ParameterValue)]) -> Observable? {
    for row in rows where at.allSatisfy({ pair in row.at.contains { $0.name == pair.name && $0.value == pair.value } }) {
      if let found = row.observables.first(where: { $0.name == name }) { return found.observable }
    }
    return nil
  }
  /// The array of that name.
  public func array(_ name: String) -> ResultArray? { arrays.first { $0.name == name } }

  private func same(_ a: [(name: String, value: ParameterValue)], _ b: [(name: String, value: ParameterValue)]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0.name == $1.name && $0.value == $1.value }
  }

  // MARK: Checkpointable

  public static var formatVersion: Int { 1 }

  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.write([Self.formatVersion, rows.count, arrays.count], at: "\(path)/counts")
    for (i, row) in rows.enumerated() {
      let here = "\(path)/row\(i)"
      try archive.write(row.at.map { "\($0.name)\t\(encoded($0.value))" }.joined(separator: "\n"), at: "\(here)/at")
      try archive.write(row.observables.map(\.name).joined(separator: "\n"), at: "\(here)/names")
      for (j, (_, observable)) in row.observables.enumerated() {
        // As bit patterns: a value may be missing (not a number), and `--debug` takes such numbers for faults.
        try archive.write(observable.values.map(\.bitPattern), at: "\(here)/\(j)/values")
        try archive.write((observable.errors ?? []).map(\.bitPattern), at: "\(here)/\(j)/errors")
        let flags = [
          observable.isScalar ? 1 : 0, observable.errors == nil ? 0 : 1, observable.tau == nil ? 0 : 1, observable.reason == nil ? 0 : 1,
        ]
        try archive.write(flags, at: "\(here)/\(j)/flags")
        try archive.write(observable.tau ?? 0, at: "\(here)/\(j)/tau")
        try archive.write("\(observable.unit)\n\(observable.reason ?? "")", at: "\(here)/\(j)/text")
      }
    }
    for (i, array) in arrays.enumerated() {
      let here = "\(path)/array\(i)"
      let text = [array.name, array.longName, array.unit] + array.dimensions.map(\.name)
      try archive.write(text.joined(separator: "\n"), at: "\(here)/text")
      try archive.write(array.values, shape: array.dimensions.map(\.length), at: "\(here)/values")
    }
  }

  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    let counts = try archive.read(Int.self, count: 3, at: "\(path)/counts")
    guard counts[0] == Self.formatVersion else { throw .version(of: path, found: counts[0], supported: Self.formatVersion) }
    for i in 0..<counts[1] {
      let here = "\(path)/row\(i)"
      let at = try archive.text(at: "\(here)/at").split(separator: "\n").map { line in
        let fields = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
        return (name: String(fields[0]), value: decoded(String(fields[1])))
      }
      var row = ResultRow(at: at)
      for (j, name) in try archive.text(at: "\(here)/names").split(separator: "\n").enumerated() {
        let values = try archive.read(UInt64.self, count: nil, at: "\(here)/\(j)/values").map { Double(bitPattern: $0) }
        let errors = try archive.read(UInt64.self, count: nil, at: "\(here)/\(j)/errors").map { Double(bitPattern: $0) }
        let flags = try archive.read(Int.self, count: 4, at: "\(here)/\(j)/flags")
        let text = try archive.text(at: "\(here)/\(j)/text").split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        var observable = Observable(
          values: values, errors: flags[1] == 1 ? errors : nil, unit: String(text[0]),
          reason: flags[3] == 1 ? String(text[1]) : nil)
        observable.isScalar = flags[0] == 1
        let tau = try archive.scalar(Double.self, at: "\(here)/\(j)/tau")
        observable.tau = flags[2] == 1 ? tau : nil
        row.observables.append((String(name), observable))
      }
      rows.append(row)
    }
    for i in 0..<counts[2] {
      let text = try archive.text(at: "\(path)/array\(i)/text").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      let (values, shape) = try archive.read(Double.self, at: "\(path)/array\(i)/values") as (values: [Double], shape: [Int])
      let dimensions = zip(text[3...], shape).map { (name: $0, length: $1) }
      arrays.append(ResultArray(name: text[0], longName: text[1], unit: text[2], dimensions: dimensions, values: values))
    }
  }
}

/// A parameter value of a row as text with its type in front; rows are identified by scalars only.
private func encoded(_ value: ParameterValue) -> String {
  switch value {
  case .integer(let number): "i\(number)"
  case .real(let number): "r\(number)"
  case .flag(let flag): "f\(flag ? 1 : 0)"
  case .text(let text): "t\(text)"
  case .integers, .reals, .texts: preconditionFailure("a row of results is identified by scalars")
  }
}

private func decoded(_ text: String) -> ParameterValue {
  let rest = String(text.dropFirst())
  switch text.first {
  case "i": return .integer(Int(rest) ?? 0)
  case "r": return .real(Double(rest) ?? .nan)
  case "f": return .flag(rest == "1")
  default: return .text(rest)
  }
}
