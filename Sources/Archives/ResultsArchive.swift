import CHDF5

/// Writes results with named dimensions, units and long names, as xarray, netCDF and h5py read them: an HDF5 file
/// whose dimensions are dimension scales (the HDF5 Dimension Scale Specification), attached to every array.
///
/// A dimension needs no declaration: its first use gives its length. An array whose only dimension has the array's
/// own name is the coordinate of that dimension. Memory and failures: as for `HDF5Writer`; nothing is on disk before `close()`.
///
///     var results = try ResultsArchive(path: "results.h5")
///     try results.write(name: "energy_per_site", longName: "energy per site", unit: "J",
///                       dimensions: [("chain", 4), ("draw", 1000)], values: energies)
///     try results.attribute("study", "lattice-sweep")
///     try results.close()
public struct ResultsArchive: ~Copyable {
  private var writer: HDF5Writer
  private var arrays: [(name: String, dimensions: [String])] = []
  /// In the order of first use, which is the order of the dimensions in the file.
  private var dimensions: [(name: String, length: Int)] = []

  /// An archive that `close()` puts at `path`.
  public init(path: String, compression: HDF5Writer.Compression = .none) throws(ArchiveError) {
    writer = try HDF5Writer(path: path, compression: compression)
  }

  /// Writes one array, row-major: the last dimension runs fastest. No dimensions: one number.
  ///
  /// Throws `.dimension` where a name stands for two lengths. An array written twice, with a dimension
  /// twice, or with another number of values than its dimensions hold is the caller's bug.
  /// - Parameters:
  ///   - name: in snake case, without "/"; not the name of a dimension unless it is that dimension's coordinate.
  ///   - longName: the attribute `long_name`, for axes and legends.
  ///   - unit: the attribute `units`, "1" for pure numbers.
  ///   - dimensions: names and lengths, slowest first.
  public mutating func write<E: ArchiveElement>(
    name: String, longName: String, unit: String, dimensions named: [(name: String, length: Int)], values: [E]
  ) throws(ArchiveError) {
    precondition(!name.contains("/"), "results lie in the root: \(name)")
    precondition(Set(named.map(\.name)).count == named.count, "\(name) has the same dimension twice, which xarray refuses")
    for dimension in named {
      precondition(!dimension.name.contains("/") && !dimension.name.isEmpty, "not a dimension: \(dimension.name)")
      if let known = dimensions.first(where: { $0.name == dimension.name }) {
        guard known.length == dimension.length else {
          throw .dimension(name: known.name, expected: known.length, found: dimension.length)
        }
      } else {
        dimensions.append(dimension)
      }
    }
    let dataset = try writer.writeDataset(values, shape: named.map(\.length), at: name)
    arrays.append((name, named.map(\.name)))
    try Self.attribute(of: dataset, "long_name", longName, file: writer.path)
    try Self.attribute(of: dataset, "units", unit, file: writer.path)
  }

  /// Writes an attribute of the whole file; once for each name.
  public mutating func attribute(_ name: String, _ text: String) throws(ArchiveError) {
    ch5_lock()
    defer { ch5_unlock() }
    guard let root = unsafe HDF5Identifier(H5Oopen(writer.file.raw, "/", ch5_default())) else { throw failure }
    try Self.attribute(of: root, name, text, file: writer.path)
  }

  /// Ties the arrays to their dimensions and puts the file in the place of the old one. Throws `.inputOutput` with
  /// the system's reason; the old file is then as it was.
  public consuming func close() throws(ArchiveError) {
    try attachDimensions()
    try writer.close()
  }

  private var failure: ArchiveError { .inputOutput(file: writer.path, reason: HDF5.reason) }

  private static func attribute(
    of object: borrowing HDF5Identifier, _ name: String, _ text: String, file: String
  ) throws(ArchiveError) {
    ch5_lock()
    defer { ch5_unlock() }
    guard unsafe ch5_write_text_attribute(object.raw, name, text) >= 0 else {
      throw .inputOutput(file: file, reason: HDF5.reason)
    }
  }

  private mutating func attachDimensions() throws(ArchiveError) {
    ch5_lock()
    defer { ch5_unlock() }
    for (index, dimension) in dimensions.enumerated() { try makeScale(dimension, number: index) }
    for array in arrays where array.dimensions != [array.name] {
      let dataset = try open(array.name)
      for (axis, dimension) in array.dimensions.enumerated() {
        let scale = try open(dimension)
        guard H5DSattach_scale(dataset.raw, scale.raw, CUnsignedInt(axis)) >= 0 else { throw failure }
      }
    }
  }

  /// Makes the coordinate of a dimension its scale; without one an empty scale, marked as netCDF-4 marks it.
  private mutating func makeScale(_ dimension: (name: String, length: Int), number: Int) throws(ArchiveError) {
    var label = dimension.name
    if let array = arrays.first(where: { $0.name == dimension.name }) {
      precondition(array.dimensions == [array.name], "\(array.name) is a dimension, and an array that is not its coordinate")
    } else {
      _ = try writer.writeDataset([Float](repeating: 0, count: dimension.length), shape: [dimension.length], at: dimension.name)
      let digits = String(dimension.length)
      label =
        "This is a netCDF dimension but not a netCDF variable."
        + String(repeating: " ", count: max(0, 10 - digits.count)) + digits
    }
    let scale = try open(dimension.name)
    guard unsafe H5DSset_scale(scale.raw, label) >= 0,
      unsafe ch5_write_int_attribute(scale.raw, "_Netcdf4Dimid", CInt(number)) >= 0
    else { throw failure }
  }

  private func open(_ name: String) throws(ArchiveError) -> HDF5Identifier {
    guard let dataset = unsafe HDF5Identifier(H5Dopen2(writer.file.raw, name, ch5_default())) else { throw failure }
    return dataset
  }
}
