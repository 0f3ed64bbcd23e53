import Glibc
import MessagePassing

/// Each collective against arithmetic on known data, with counts that differ between ranks.
func collectives(_ c: borrowing some Communicator & ~Copyable) throws {
  let (rank, size) = (c.rank, c.size)
  for root in 0..<size {
    var values = rank == root ? [Double(root), -1.5, 3] : [0, 0, 0]
    try c.broadcast(&values, from: root)
    equal(values, [Double(root), -1.5, 3], "broadcast from \(root)")
    let gathered = try c.gather([Int](repeating: rank, count: rank), to: root)
    equal(gathered, rank == root ? (0..<size).map { [Int](repeating: $0, count: $0) } : [], "gather to \(root)")
  }
  var sums = [rank, 1, -rank * rank]
  try c.allReduce(&sums, .sum)
  equal(sums, [size * (size - 1) / 2, size, -(size - 1) * size * (2 * size - 1) / 6], "sum")
  var least = [Float(rank) - 2, 7]
  try c.allReduce(&least, .minimum)
  equal(least, [-2, 7], "minimum")
  var most: [Int32] = [Int32(rank), -Int32(rank)]
  try c.allReduce(&most, .maximum)
  equal(most, [Int32(size) - 1, 0], "maximum")
  var bits: [UInt64] = [1 << UInt64(rank)]
  try c.allReduce(&bits, .bitwiseOr)
  equal(bits, [(1 << UInt64(size)) - 1], "bitwise or")
  let all = try c.allGather([UInt8](repeating: UInt8(rank), count: 2 * (size - rank) - 2))
  equal(all, (0..<size).map { [UInt8](repeating: UInt8($0), count: 2 * (size - $0) - 2) }, "all gather of uneven counts")
  equal(try c.allGather([Double]()), [[Double]](repeating: [], count: size), "all gather of nothing")
  let sent = try c.exchange((0..<size).map { [Int](repeating: 100 * rank + $0, count: rank + $0) })
  equal(sent, (0..<size).map { [Int](repeating: 100 * $0 + rank, count: rank + $0) }, "exchange of uneven counts")
  var none: [Float] = []
  try c.allReduce(&none, .sum)
  try c.barrier()
  var pending = try c.immediateAllReduce([1.0, Double(rank)], .sum)
  _ = try pending.isFinished()
  equal(try pending.wait(), [Double(size), Double(size * (size - 1) / 2)], "immediate all reduce")
}

/// Messages round a ring, of lengths the receiver does not know, and probes.
func messages(_ c: borrowing MPICommunicator) throws {
  guard c.size > 1 else { return }
  let next = (c.rank + 1) % c.size, previous = (c.rank + c.size - 1) % c.size
  let send = try c.immediateSend([Float](repeating: Float(c.rank), count: 1000 + c.rank), to: next, tag: 3)
  let (values, source) = try c.receive(Float.self, from: nil, tag: 3, atMost: 1 << 20)
  equal(source, previous, "sender")
  equal(values, [Float](repeating: Float(previous), count: 1000 + previous), "message of unknown length")
  equal(try send.wait().count, 1000 + c.rank, "what was sent")

  let receive = try c.immediateReceive(Int.self, count: 10, from: previous, tag: 4)
  try c.send([c.rank, 5], to: next, tag: 4)
  equal(try receive.wait(), [previous, 5], "a shorter message than the buffer")

  equal(try c.probe(from: nil, tag: 99), nil, "nothing to probe")
  try c.send([UInt8](), to: next, tag: 5)
  while try c.probe(from: previous, tag: 5) == nil {}
  equal(try c.receive(UInt8.self, from: previous, tag: 5, atMost: 1 << 20).values, [], "an empty message")
  // Two megabytes: beyond every eager limit.
  let large = (0..<250_000).map { noise($0 + c.rank) }
  let sending = try c.immediateSend(large, to: next, tag: 6)
  equal(
    try c.receive(Double.self, from: previous, tag: 6, atMost: 1 << 20).values, (0..<250_000).map { noise($0 + previous) }, "large message")
  _ = try sending.wait()
  let given = try c.immediateReceive(Int.self, count: 1, from: previous, tag: 1000)
  equal(try given.cancel(), false, "a cancelled receive")
}

func splits(_ c: borrowing MPICommunicator) throws {
  let parity = c.rank % 2
  guard let half = try c.split(color: parity, key: -c.rank) else { return claim(false, "a half") }
  equal(half.size, (c.size + 1 - parity) / 2, "size of a half")
  equal(half.rank, half.size - 1 - c.rank / 2, "order by descending rank")
  try collectives(half)
  let evens = try c.split(color: parity == 0 ? 7 : nil, key: 0)
  claim((evens == nil) == (parity == 1), "no color, no communicator")
  let copy = try c.duplicate()
  equal(copy.size, c.size, "size of a duplicate")
  if c.size > 1 {
    if c.rank == 0 { try copy.send([1], to: 1, tag: 0) }
    if c.rank == 1 {
      while try copy.probe(from: 0, tag: 0) == nil {}
      equal(try c.probe(from: 0, tag: 0), nil, "a duplicate's messages are its own")
      equal(try copy.receive(Int.self, from: 0, tag: 0, atMost: 1 << 20).values, [1], "message on the duplicate")
    }
  }
  let host = try c.splitByHost()
  let names = try c.allGather(Array(c.processorName.utf8))
  equal(host.size, names.filter { $0 == names[c.rank] }.count, "ranks on this host")
  // More communicators than a library has room for, if they were not freed.
  guard let alone = try c.split(color: c.rank, key: 0) else { return claim(false, "a group of one") }
  for _ in 0..<3000 { equal(try alone.duplicate().size, 1, "size of a duplicate of one") }
}

func grid(_ c: borrowing MPICommunicator) throws {
  let grid = ProcessGrid(over: c, axes: 2)
  equal(grid.dimensions.reduce(1, *), c.size, "ranks on the grid")
  equal(grid.rank(at: grid.coordinates), c.rank, "coordinates and back")
  for axis in 0..<2 {
    let (source, destination) = grid.shift(axis: axis, by: 1)
    let sending = try c.immediateSend(grid.coordinates, to: destination, tag: axis)
    var expected = grid.coordinates
    expected[axis] = (expected[axis] + grid.dimensions[axis] - 1) % grid.dimensions[axis]
    equal(try c.receive(Int.self, from: source, tag: axis, atMost: 1 << 20).values, expected, "neighbour along axis \(axis)")
    _ = try sending.wait()
  }
}

func errors(_ c: borrowing MPICommunicator) throws {
  expectClass(6, "a rank outside the group") { () throws(MessagePassingError) in try c.send([1], to: c.size, tag: 0) }
  do throws(MessagePassingError) {
    _ = try c.immediateReceive(UInt8.self, count: Int(Int32.max) + 1, from: 0, tag: 0).wait()
    claim(false, "a buffer beyond 32 bits was accepted")
  } catch { equal(error, .tooLong(elements: Int(Int32.max) + 1), "beyond 32 bits") }
  if c.size > 1 {
    if c.rank == 0 { try c.send([1, 2, 3], to: 1, tag: 1) }
    if c.rank == 1 {
      let short = try c.immediateReceive(Int.self, count: 2, from: 0, tag: 1)
      do throws(MessagePassingError) {
        _ = try short.wait()
        claim(false, "a truncated message was accepted")
      } catch {
        equal(error.errorClass, 15, "truncation: \(error)")
        if case .truncated(2, _) = error {} else { claim(false, "truncation: \(error)") }
      }
    }
    if c.rank == 0 { try c.send([UInt8](repeating: 1, count: 7), to: 1, tag: 2) }
    if c.rank == 1 {
      expectClass(3, "seven bytes as doubles") { () throws(MessagePassingError) in
        _ = try c.receive(Double.self, from: 0, tag: 2, atMost: 1 << 20)
      }
    }
  }
  try c.barrier()
}

/// What a hook counts, and the communicator of its own that it listens on.
private final class Listener {
  var calls = 0, inside = 0
  let communicator: MPICommunicator
  init(_ communicator: consuming MPICommunicator) { self.communicator = communicator }

  func listen() throws {
    calls += 1
    inside += 1
    claim(inside == 1, "the hook is not called from within itself")
    if try communicator.probe(from: nil, tag: 0) != nil {
      // A wait inside the hook: the second message comes a little later than the first.
      let first = try communicator.receive(Int.self, from: nil, tag: 0, atMost: 1 << 20)
      let second = try communicator.receive(Int.self, from: first.source, tag: 1, atMost: 1 << 20)
      try communicator.send([first.values[0] + second.values[0]], to: first.source, tag: 2)
    }
    inside -= 1
  }
}

/// While the last rank is late for a barrier, the hooks of the others run, and may themselves wait on a communicator of their own.
func waits(_ world: borrowing MPIWorld) throws {
  let (rank, size) = (world.communicator.rank, world.communicator.size)
  let listener = Listener(try world.communicator.duplicate())
  world.whileWaiting = {
    do { try listener.listen() } catch { claim(false, "\(error)") }
  }
  let start = now()
  if rank == size - 1 {
    for peer in 0..<size - 1 { try listener.communicator.send([1], to: peer, tag: 0) }
    // Late by computing: a rank that waits would call its own hook. Meanwhile the hooks of the others wait for their second message.
    while now() < start + 0.2 {}
    for peer in 0..<size - 1 { try listener.communicator.send([10], to: peer, tag: 1) }
    // Nobody else can pass the barrier before all hooks have answered.
    for peer in 0..<size - 1 { while try listener.communicator.probe(from: peer, tag: 2) == nil {} }
  }
  try world.communicator.barrier()
  let elapsed = now() - start
  world.whileWaiting = nil
  if rank == size - 1 {
    for peer in 0..<size - 1 {
      equal(try listener.communicator.receive(Int.self, from: peer, tag: 2, atMost: 1 << 20).values, [11], "answer of a hook")
    }
  } else {
    claim(listener.calls >= 1 && Double(listener.calls) <= elapsed / 0.05 + 1, "hook called \(listener.calls) times in \(elapsed) s")
  }
}

private func now() -> Double {
  var time = timespec()
  _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

/// Sums over several trees and lengths; the hash of all their bits must not depend on the number of ranks.
func reduction(_ c: borrowing some Communicator & ~Copyable) throws {
  var hash = BitHash()
  for (shards, length) in [(8, 1000), (8, 3), (1, 100), (5, 40_000), (13, 77), (16, 0)] {
    let tree = ShardTree(shards: shards, ranks: c.size)
    let floats = try reduced(Float.self, tree, length, c), doubles = try reduced(Double.self, tree, length, c)
    for x in floats { hash.add(UInt64(x.bitPattern)) }
    for x in doubles { hash.add(x.bitPattern) }
    let rows = tree.shards(of: c.rank).map { shard in (0..<5).map { noise(shard * 5 + $0) } }
    for x in try treeSum(leaves: rows, tree: tree, on: c) { hash.add(x.bitPattern) }
  }
  let all = try c.allGather([hash.value])
  claim(all.allSatisfy { $0 == [hash.value] }, "all ranks hold the same bits")
  if c.rank == 0 { say("hash \(hash.value)") }
}

/// The reducer's sum of rows of noise, checked against `treeSum` of the same rows.
private func reduced<Scalar: ShardScalar>(
  _ type: Scalar.Type, _ tree: ShardTree, _ length: Int, _ c: borrowing some Communicator & ~Copyable
) throws -> [Scalar] {
  func row(_ shard: Int) -> [Scalar] { (0..<length).map { Scalar(noise(shard &* 1_000_003 &+ $0)) } }
  let partials = tree.subtrees(of: c.rank).flatMap { ShardTree.sum($0.map(row)) }
  var result = [Scalar](repeating: .nan, count: length)
  let reducer = ShardReducer<Scalar>(tree: tree, rank: c.rank, length: length)
  for _ in 0..<2 {
    try unsafe partials.withUnsafeBufferPointer { partials in
      try unsafe result.withUnsafeMutableBufferPointer { result in
        let nothing = UnsafeMutablePointer<Scalar>.allocate(capacity: 1)
        defer { unsafe nothing.deallocate() }
        try unsafe reducer.reduce(
          partials: partials.baseAddress ?? UnsafePointer(nothing), into: result.baseAddress ?? nothing, on: c)
      }
    }
  }
  // The same with parts that are sent on their way one after the other, the last ones first, twice.
  let early = ShardReducer<Scalar>(tree: tree, rank: c.rank, length: length)
  for _ in 0..<2 {
    for (i, x) in partials.enumerated() { unsafe early.partials[i] = x }
    for part in [length / 2..<length - length / 5, length / 7..<length / 3] { try early.begin(part, on: c) }
    try early.reduce(on: c)
    equal((0..<length).map { unsafe early.total[$0] }, result, "sums in parts and at once")
  }
  // The same through memory that the ranks of one host share, twice: rows and totals must not be mixed up.
  let sharing = ShardReducer<Scalar>(tree: tree, rank: c.rank, length: length)
  try sharing.share(on: c)
  for _ in 0..<2 {
    for (i, x) in partials.enumerated() { unsafe sharing.partials[i] = x }
    try sharing.reduce(on: c)
    equal((0..<length).map { unsafe sharing.total[$0] }, result, "sums through shared memory and through messages")
  }
  if length <= 1000 {
    equal(result, try treeSum(leaves: tree.shards(of: c.rank).map(row), tree: tree, on: c), "reducer and treeSum")
  }
  return result
}

/// With checks on, ranks that pass different counts, or meet in different collectives, are told apart instead of waiting.
func shapes(_ world: borrowing MPIWorld) throws {
  world.checksShapes = true
  try mismatches(world.communicator)
}

private func mismatches(_ c: borrowing MPICommunicator) throws {
  var fine = [c.rank]
  try c.allReduce(&fine, .sum)
  if c.size == 1 { return }
  var uneven = [Int](repeating: 0, count: c.rank == 0 ? 2 : 3)
  let first = refusal { () throws(MessagePassingError) in try c.allReduce(&uneven, .sum) }
  claim(first.map { [$0.count, $0.otherCount] } == [uneven.count, 5 - uneven.count], "an uneven reduction names both counts")
  let second = refusal { () throws(MessagePassingError) in
    if c.rank == 0 { try c.broadcast(&fine, from: 0) } else { try c.allReduce(&fine, .sum) }
  }
  claim(second != nil && second?.otherCount == nil, "different collectives are refused")
}

/// The counts of the mismatch that a collective throws; nil where it throws none.
private func refusal(_ body: () throws(MessagePassingError) -> Void) -> (count: Int, otherCount: Int?)? {
  do throws(MessagePassingError) { try body() } catch {
    if case .shapeMismatch(_, _, let count, _, let otherCount) = error { return (count, otherCount) }
  }
  return nil
}

/// Drops a request that is not finished.
func dropped(_ c: borrowing MPICommunicator) throws {
  let request = try c.immediateReceive(Int.self, count: 1, from: c.rank, tag: 0)
  _ = consume request
}

/// The last rank gives up while the others wait for it.
func aborts(_ c: borrowing MPICommunicator) throws {
  if c.rank == c.size - 1 { MPIWorld.abort(code: 42) }
  try c.barrier()
}

/// Prints each rank's host, and how many ranks share memory with it.
func hosts(_ c: borrowing MPICommunicator) throws {
  let host = try c.splitByHost()
  let lines = try c.gather(Array("rank \(c.rank) host \(c.processorName) shared \(host.size)".utf8), to: 0)
  for line in lines { say(String(decoding: line, as: UTF8.self)) }
}

/// Prints microseconds per call; no claim.
func latency(_ c: borrowing MPICommunicator) throws {
  func measure(_ what: String, _ calls: Int, _ body: () throws -> Void) throws {
    for _ in 0..<calls / 10 { try body() }
    let start = ContinuousClock.now
    for _ in 0..<calls { try body() }
    let time = ContinuousClock.now - start
    if c.rank == 0 {
      say(
        "\(what): \(Double(time.components.attoseconds) * 1e-12 / Double(calls) + 1e6 * Double(time.components.seconds) / Double(calls)) us"
      )
    }
  }
  var one = [1.0]
  try measure("barrier", 20_000) { try c.barrier() }
  try measure("allReduce of 1 double", 20_000) { try c.allReduce(&one, .minimum) }
  for length in [1000, 262_144, 1_000_000] {
    var many = [Float](repeating: 1, count: length)
    try measure("allReduce of \(length) floats", 200) { try c.allReduce(&many, .minimum) }
    let tree = ShardTree(shards: 8, ranks: c.size)
    let partials = [Float](repeating: 1, count: length * tree.subtrees(of: c.rank).count)
    let reducer = ShardReducer<Float>(tree: tree, rank: c.rank, length: length)
    let sharing = ShardReducer<Float>(tree: tree, rank: c.rank, length: length)
    try sharing.share(on: c)
    try measure("the same through shared memory", 200) { try sharing.reduce(on: c) }
    try measure("ShardReducer of \(length) floats, \(tree.subtrees(of: c.rank).count) subtrees", 200) {
      try unsafe partials.withUnsafeBufferPointer { partials in
        try unsafe many.withUnsafeMutableBufferPointer { many in
          try unsafe reducer.reduce(partials: partials.baseAddress!, into: many.baseAddress!, on: c)
        }
      }
    }
  }
}
