/// The paths an archive has given away: arrays are leaves, groups are what lies between. It makes the in-memory
/// archive refuse exactly what HDF5 refuses.
struct ArchivePaths: Sendable {
  private var arrays: Set<String> = []
  private var groups: Set<String> = []

  /// Without empty parts: "/a//b" is "a/b". Parts named "." and zero bytes have another meaning in HDF5.
  static func canonical(_ path: String) -> String {
    let parts = path.split(separator: "/")
    precondition(!parts.isEmpty, "an array needs a name")
    precondition(!parts.contains(".") && !path.utf8.contains(0), "not a path inside an archive: \(path)")
    return parts.joined(separator: "/")
  }

  /// Takes a canonical path for an array. A path used twice, or as array and as group, is the caller's bug.
  mutating func claim(_ path: String) {
    precondition(!groups.contains(path), "\(path) is a group already")
    precondition(arrays.insert(path).inserted, "\(path) is written twice")
    var group = path[...]
    while let slash = group.lastIndex(of: "/") {
      group = group[..<slash]
      precondition(!arrays.contains(String(group)), "\(group) is an array already")
      groups.insert(String(group))
    }
  }

  /// Gives back the path of an array; groups stay.
  mutating func release(_ path: String) { arrays.remove(path) }
}

/// The number of elements of a shape (the empty product is 1); nil where it, times `width`, does not fit into Int.
func elementCount(of shape: [Int], width: Int = 1) -> Int? {
  if shape.contains(0) { return 0 }
  var bytes = width
  for length in shape {
    let (product, overflow) = bytes.multipliedReportingOverflow(by: length)
    if overflow || length < 0 { return nil }
    bytes = product
  }
  return bytes / width
}
