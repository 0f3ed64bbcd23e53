import Archives
import Glibc
import LatticeSystems
import MessagePassing
import RandomStreams

private let streams = KeyedStreams(StreamKey(high: 51, low: 52))

/// Sweeps of lattices on strips against the same sweeps of whole lattices; prints a hash of all states and measurements,
/// which must not depend on the number of ranks.
func strips(_ c: borrowing some Communicator & ~Copyable) throws {
  var hash = BitHash()
  // One band, bands of 64 and of 8 rows, last groups of two, four and six rows, fewer bands than ranks, bits that fill no word,
  // words of two lengths.
  for (rows, columns) in [
    (2, 2), (4, 4), (6, 10), (8, 32), (18, 64), (30, 1026), (146, 64), (44, 134), (2, 4096), (30, 4096), (76, 4096), (26, 4108),
  ] {
    let lattice = try SquareLattice(rows: rows, columns: columns)
    for (coupling, field) in [(0.44, 0.0), (-0.3, 0.0), (0.4, 0.15)] {
      try sweeps(MetropolisRule.self, lattice, coupling, field, &hash, c)
      try sweeps(HeatBathRule.self, lattice, coupling, field, &hash, c)
    }
    try resumed(lattice, &hash, c)
  }
  if c.rank == 0 { say("hash \(hash.value)") }
}

/// Three sweeps and two more are the whole lattice's five; what is measured is what the packed spins say.
private func sweeps<Rule: SpinRule>(
  _ rule: Rule.Type, _ lattice: SquareLattice, _ coupling: Double, _ field: Double, _ hash: inout BitHash,
  _ c: borrowing some Communicator & ~Copyable
) throws {
  let model = try IsingModel(lattice, coupling: coupling, field: field)
  var whole = try CheckerboardConfiguration(IsingConfiguration(hot: lattice, replica: 3, from: streams))
  var strip = CheckerboardStrip(whole, steps: 7)
  var kernel = try CheckerboardSweep<Rule>(model)
  for step in 7..<12 as Range<UInt64> { kernel.step(&whole, at: step, from: streams) }
  let sweep = try StripSweep<Rule>(lattice, coupling: coupling, field: field)
  try sweep.advance(&strip, sweeps: 3, from: streams, on: c)
  try sweep.advance(&strip, sweeps: 2, from: streams, on: c)
  let measured = try strip.measure(on: c), spins = whole.packed.spins
  equal(measured.energy, model.energy(spins), "energy of \(lattice.shape)")
  equal(measured.energy, whole.energy, "energy of \(lattice.shape) by colours")
  equal(measured.magnetization, model.magnetization(spins), "magnetization of \(lattice.shape)")
  let sums = whole.packed.planeSums(of: model)
  claim(measured.rowSums == sums.rows && measured.columnSums == sums.columns, "sums of rows and columns of \(lattice.shape)")
  try strip.gather(on: c)
  if c.rank == 0 { claim(strip.whole == whole, "\(lattice.shape) on \(c.size) strips is the whole lattice") }
  hash.add(measured)
  for word in spins { hash.add(word) }
}

/// Swendsen-Wang on strips against the same steps of the whole lattice; prints a hash of all states and measurements,
/// which must not depend on the number of ranks.
func stripClusters(_ c: borrowing some Communicator & ~Copyable) throws {
  var hash = BitHash()
  // One piece, cuts between rows, cuts inside rows with and without a last word that is not full, a row of two pieces.
  for (rows, columns) in [(3, 3), (33, 31), (256, 256), (64, 4096), (200, 1000), (301, 331), (7, 40_000), (5, 32768)] {
    let lattice = try SquareLattice(rows: rows, columns: columns)
    // Few bonds, many clusters of all sizes, one cluster that closes around the torus.
    for coupling in [0.2, 0.44, 1.5] { try clusterSteps(lattice, coupling, &hash, c) }
    try resumedClusters(lattice, &hash, c)
  }
  if c.rank == 0 { say("hash \(hash.value)") }
}

/// A step and two more are the whole lattice's three.
private func clusterSteps(
  _ lattice: SquareLattice, _ coupling: Double, _ hash: inout BitHash, _ c: borrowing some Communicator & ~Copyable
) throws {
  let model = try IsingModel(lattice, coupling: coupling)
  var whole = IsingConfiguration(hot: lattice, replica: 3, from: streams)
  var strip = IsingStrip(whole, steps: 7)
  var kernel = try SwendsenWang(model, measuresClusters: true)
  var move = try StripSwendsenWang(lattice, coupling: coupling, measuresClusters: true)
  for step in 7..<10 as Range<UInt64> {
    kernel.step(&whole, at: step, from: streams)
    if step == 8 { continue }
    try move.advance(&strip, steps: step == 7 ? 1 : 2, from: streams, on: c)
    equal(move.clusterSquares, kernel.clusterSquares, "sum of |C|^2 of \(lattice.shape) at K = \(coupling)")
    hash.add(UInt64(move.clusterSquares))
  }
  let measured = try strip.measure(on: c), sums = whole.planeSums(of: model)
  equal(measured.energy, model.energy(whole.spins), "energy of \(lattice.shape)")
  equal(measured.magnetization, model.magnetization(whole.spins), "magnetization of \(lattice.shape)")
  claim(measured.rowSums == sums.rows && measured.columnSums == sums.columns, "sums of rows and columns of \(lattice.shape)")
  try strip.gather(on: c)
  if c.rank == 0 { claim(strip.whole == whole, "\(lattice.shape) at K = \(coupling) on \(c.size) strips is the whole lattice") }
  hash.add(measured)
  for word in whole.spins { hash.add(word) }
}

/// As `resumed`, with Swendsen-Wang.
private func resumedClusters(_ lattice: SquareLattice, _ hash: inout BitHash, _ c: borrowing some Communicator & ~Copyable) throws {
  var move = try StripSwendsenWang(lattice, coupling: 0.42)
  var strip = IsingStrip(hot: lattice, replica: 1, from: streams, on: c)
  try move.advance(&strip, steps: 1, from: streams, on: c)
  try strip.gather(on: c)
  let bytes = try broadcast(strip, on: c)
  try move.advance(&strip, steps: 1, from: streams, on: c)
  try strip.gather(on: c)
  let expected = try broadcast(strip, on: c)
  for word in expected { hash.add(UInt64(word)) }
  for size in 1..<c.size + 1 {
    guard let team = try c.split(color: c.rank / size, key: c.rank) else { return claim(false, "a team") }
    var again = try IsingStrip(from: MemoryArchive(bytes: bytes), at: "strip")
    try move.advance(&again, steps: 1, from: streams, on: team)
    try again.gather(on: team)
    claim(try broadcast(again, on: team) == expected, "\(lattice.shape) goes on on \(team.size) ranks")
  }
}

/// A hot start that is gathered, saved, and taken up by teams of all smaller sizes goes on as on one team.
private func resumed(_ lattice: SquareLattice, _ hash: inout BitHash, _ c: borrowing some Communicator & ~Copyable) throws {
  let sweep = try StripMetropolis(lattice, coupling: 0.42)
  var strip = try CheckerboardStrip(hot: lattice, replica: 1, from: streams, on: c)
  try sweep.advance(&strip, sweeps: 2, from: streams, on: c)
  try strip.gather(on: c)
  let bytes = try broadcast(strip, on: c)
  try sweep.advance(&strip, sweeps: 2, from: streams, on: c)
  try strip.gather(on: c)
  let expected = try broadcast(strip, on: c)
  for word in expected { hash.add(UInt64(word)) }
  for size in 1..<c.size + 1 {
    guard let team = try c.split(color: c.rank / size, key: c.rank) else { return claim(false, "a team") }
    var again = try CheckerboardStrip(from: MemoryArchive(bytes: bytes), at: "strip")
    try sweep.advance(&again, sweeps: 2, from: streams, on: team)
    try again.gather(on: team)
    // A strip may be gathered twice, and go on after it.
    try again.gather(on: team)
    claim(try broadcast(again, on: team) == expected, "\(lattice.shape) goes on on \(team.size) ranks")
  }
}

/// A measurement, no test: a lattice of 65536 x 65536 sites is swept, measured, saved to a file of the working folder and
/// taken up again as the runtime does it; prints times and each rank's largest memory.
func largeStrip(_ c: borrowing some Communicator & ~Copyable) throws {
  let lattice = try SquareLattice(size: 65536), path = "large-strip.h5"
  let sweep = try StripMetropolis(lattice, coupling: 0.4)
  var strip = try CheckerboardStrip(hot: lattice, replica: 0, from: streams, on: c)
  var begin = seconds()
  func note(_ what: String) throws {
    try c.barrier()
    let memory = try c.gather([peakMegabytes()], to: 0).map { $0[0] }
    if c.rank == 0 { say("\(what): \((10 * (seconds() - begin)).rounded() / 10) s, largest memory by rank \(memory) MB") }
    begin = seconds()
  }
  try note("start")
  try sweep.advance(&strip, sweeps: 4, from: streams, on: c)
  try note("4 sweeps")
  let before = try strip.measure(on: c)
  try note("measurement")
  try strip.gather(on: c)
  try note("gathering")
  if c.rank == 0 {
    let whole = strip
    try CheckpointFile.write(to: path, digest: "large") { (writer: inout HDF5Writer) throws(ArchiveError) in
      try whole.save(to: &writer, at: "state")
    }
  }
  try note("saving")
  strip = try CheckerboardStrip(cold: SquareLattice(size: 2), replica: 0, on: c)
  var bytes: [[UInt8]] = [[]]
  if c.rank == 0 {
    let state = try CheckerboardStrip(from: CheckpointFile.read(path: path, digest: "large").reader, at: "state")
    _ = unsafe unlink(path)
    if c.size == 1 {
      strip = state
    } else {
      var memory = MemoryArchive()
      try state.save(to: &memory, at: "state")
      bytes = [memory.bytes]
    }
  }
  if c.size > 1 {
    var count = [bytes[0].count]
    try c.broadcast(&count, from: 0)
    if c.rank != 0 { bytes = [[UInt8](repeating: 0, count: count[0])] }
    try c.broadcast(&bytes[0], from: 0)
    strip = try CheckerboardStrip(from: MemoryArchive(bytes: bytes[0]), at: "state")
  }
  try note("taking up")
  claim(try strip.measure(on: c) == before, "what is taken up is what was saved")
  try sweep.advance(&strip, sweeps: 2, from: streams, on: c)
  try note("measurement and 2 sweeps")
}

private func peakMegabytes() -> Int {
  var usage = rusage()
  _ = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return Int(usage.ru_maxrss) / 1024
}
private func seconds() -> Double {
  var time = timespec()
  _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

/// The first rank's state as bytes, on all ranks.
private func broadcast(_ state: some Checkpointable, on c: borrowing some Communicator & ~Copyable) throws -> [UInt8] {
  var archive = MemoryArchive()
  if c.rank == 0 { try state.save(to: &archive, at: "strip") }
  let bytes = try c.gather(archive.bytes, to: 0)
  var count = [bytes.first?.count ?? 0]
  try c.broadcast(&count, from: 0)
  var all = bytes.first ?? [UInt8](repeating: 0, count: count[0])
  try c.broadcast(&all, from: 0)
  return all
}

extension BitHash {
  mutating func add(_ measured: LatticeMeasurement) {
    add(UInt64(bitPattern: Int64(measured.energy)))
    add(UInt64(bitPattern: Int64(measured.magnetization)))
    for sum in measured.rowSums + measured.columnSums { add(sum.bitPattern) }
  }
}
