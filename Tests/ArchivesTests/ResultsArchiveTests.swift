import Archives
import Laws
import Testing

/// energies[chain, draw] = chain + draw / 8, which floats hold exactly.
private let energies = (0..<3).flatMap { chain in (0..<5).map { Double(chain) + Double($0) / 8 } }

private func writeResults(to path: String, compression: HDF5Writer.Compression = .none) throws {
  var results = try ResultsArchive(path: path, compression: compression)
  try results.write(
    name: "energy_per_site", longName: "energy per site", unit: "J", dimensions: [("chain", 3), ("draw", 5)],
    values: energies)
  try results.write(
    name: "transfer", longName: "transfer matrix", unit: "1", dimensions: [("row", 3), ("chain", 3)],
    values: (0..<9).map { Float($0) })
  try results.write(name: "draw", longName: "sweep", unit: "1", dimensions: [("draw", 5)], values: [0, 10, 20, 30, 40])
  try results.write(name: "critical_coupling", longName: "K_c", unit: "1", dimensions: [], values: [0.4407])
  try results.write(name: "nothing", longName: "no draws", unit: "1", dimensions: [("none", 0)], values: [Double]())
  try results.attribute("study", "lattice-sweep β")
  try results.attribute("format", "1")
  try results.close()
}

@Suite struct ResultsArchiveTests {
  @Test("Results are an HDF5 file that our reader opens")
  func ours() throws {
    let scratch = try Scratch()
    try writeResults(to: scratch.file("results.h5"))
    let reader = try HDF5Reader(path: scratch.file("results.h5"))
    let found = try reader.read(Double.self, at: "energy_per_site") as (values: [Double], shape: [Int])
    #expect(found.values == energies && found.shape == [3, 5])
    #expect(try names(in: scratch.path) == ["results.h5"])
  }

  @Test("A dimension name with two lengths is refused with both")
  func lengths() throws {
    var results = try ResultsArchive(path: "never-written.h5")
    try results.write(name: "a", longName: "a", unit: "1", dimensions: [("draw", 2)], values: [1.0, 2])
    do throws(ArchiveError) {
      try results.write(name: "b", longName: "b", unit: "1", dimensions: [("draw", 3)], values: [1.0, 2, 3])
      Issue.record("two lengths were accepted")
    } catch {
      #expect(error == .dimension(name: "draw", expected: 2, found: 3))
    }
  }

  @Test(
    "xarray opens results with named dimensions, coordinates, units and attributes",
    .enabled(if: PythonReader.has("xarray", "h5netcdf"), "no xarray with h5netcdf in .venv"), arguments: [false, true])
  func xarray(packed: Bool) throws {
    let scratch = try Scratch()
    try writeResults(to: scratch.file("results.h5"), compression: packed ? .deflate(above: 0) : .none)
    let read = try PythonReader.run(
      """
      import sys, warnings
      warnings.simplefilter("error")
      import xarray
      d = xarray.open_dataset(sys.argv[1], engine="h5netcdf")
      e = d["energy_per_site"]
      assert e.dims == ("chain", "draw") and e.shape == (3, 5), e
      assert e.attrs == {"units": "J", "long_name": "energy per site"}, e.attrs
      assert all(float(e[c, t]) == c + t / 8 for c in range(3) for t in range(5))
      assert list(d.coords) == ["draw"] and d["draw"].values.tolist() == [0, 10, 20, 30, 40], d
      assert float(e.sel(draw=20, chain=1)) == 1.25
      assert d.sizes["chain"] == 3 and d.sizes["none"] == 0, d.sizes
      assert sorted(d.data_vars) == ["critical_coupling", "energy_per_site", "nothing", "transfer"], d
      assert float(d["critical_coupling"]) == 0.4407 and d["critical_coupling"].dims == ()
      assert d["nothing"].dims == ("none",)
      assert d.attrs == {"study": "lattice-sweep \\u03b2", "format": "1"}, d.attrs
      print("read", end="")
      """, scratch.file("results.h5"))
    #expect(read.status == 0 && read.output == "read", "\(read.output)")
  }

  @Test("h5py finds the dimension scales of results", .enabled(if: PythonReader.has("h5py"), "no h5py in .venv"))
  func h5py() throws {
    let scratch = try Scratch()
    try writeResults(to: scratch.file("results.h5"))
    let read = try PythonReader.run(
      """
      import sys, h5py
      with h5py.File(sys.argv[1]) as f:
          e = f["energy_per_site"]
          assert e.shape == (3, 5) and e.dtype == "<f8" and e[2, 4] == 2.5
          assert [d[0].name for d in e.dims] == ["/chain", "/draw"]
          assert f["draw"].is_scale and f["chain"].is_scale and not e.is_scale
          assert len(f["chain"].attrs["REFERENCE_LIST"]) == 2
          assert e.attrs["units"] == "J" and f.attrs["study"] == "lattice-sweep \\u03b2"
      print("read", end="")
      """, scratch.file("results.h5"))
    #expect(read.status == 0 && read.output == "read", "\(read.output)")
  }

  @Test(
    "h5py opens a state file behind its block, and plain and packed archives",
    .enabled(if: PythonReader.has("h5py"), "no h5py in .venv"))
  func h5pyStates() throws {
    let scratch = try Scratch()
    try CheckpointFile.write(to: scratch.file("state.h5"), digest: "study-a") { (writer) throws(ArchiveError) in
      try writer.write(energies, shape: [3, 5], at: "state/energies")
      try writer.write([UInt64.max, 1], at: "state/words")
    }
    var writer = try HDF5Writer(path: scratch.file("packed.h5"), compression: .deflate(level: 9, above: 0))
    try writer.write(energies, shape: [3, 5], at: "state/energies")
    try writer.write([UInt64.max, 1], at: "state/words")
    try writer.close()
    let read = try PythonReader.run(
      """
      import sys, h5py
      for path, block in zip(sys.argv[1:], (512, 0)):
          with h5py.File(path) as f:
              assert f.userblock_size == block
              assert f["state/energies"].shape == (3, 5) and f["state/energies"][2, 4] == 2.5
              assert f["state/words"][:].tolist() == [2**64 - 1, 1]
              assert f["state/words"].compression == (None if block else "gzip")
      print("read", end="")
      """, scratch.file("state.h5"), scratch.file("packed.h5"))
    #expect(read.status == 0 && read.output == "read", "\(read.output)")
  }
}
