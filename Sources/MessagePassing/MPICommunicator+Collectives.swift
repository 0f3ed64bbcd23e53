internal import CMessagePassing

extension MPICommunicator {
  public func barrier() throws(MessagePassingError) {
    var request = cmpi_request()
    try unsafe finish(&request, cmpi_ibarrier(handle, &request), "MPI_Ibarrier")
  }

  /// With `checksShapes`: all ranks are in the same collective with the same count, else an error that says who is not.
  private func agree(on call: String, count: Int) throws(MessagePassingError) {
    guard waiting.checksShapes else { return }
    var code = 0
    for byte in call.utf8 { code = 31 &* code &+ Int(byte) }
    let own = [code, count]
    var all = [Int](repeating: 0, count: 2 * size)
    try unsafe all.withUnsafeMutableBufferPointer { all throws(MessagePassingError) in
      try unsafe own.withUnsafeBufferPointer { own throws(MessagePassingError) in
        var request = cmpi_request()
        try unsafe finish(
          &request, cmpi_iallgather(own.baseAddress, all.baseAddress, 2, Int.datatype.mpi, handle, &request), "MPI_Iallgather")
      }
    }
    for other in 0..<size where all[2 * other] != code || all[2 * other + 1] != count {
      throw .shapeMismatch(
        call: call, rank: rank, count: count, otherRank: other, otherCount: all[2 * other] == code ? all[2 * other + 1] : nil)
    }
  }

  public func broadcast<E: MessageElement>(_ values: inout [E], from root: Int) throws(MessagePassingError) {
    try agree(on: "broadcast", count: values.count)
    let count = try count32(values.count)
    try unsafe values.withUnsafeMutableBufferPointer { buffer throws(MessagePassingError) in
      var request = cmpi_request()
      let started = unsafe cmpi_ibroadcast(buffer.baseAddress, count, E.datatype.mpi, Int32(root), handle, &request)
      try finish(&request, started, "MPI_Ibcast")
    }
  }

  public func allReduce<E: MessageElement>(_ values: inout [E], _ operation: Reduction) throws(MessagePassingError) {
    try agree(on: "allReduce", count: values.count)
    let count = try count32(values.count)
    try unsafe values.withUnsafeMutableBufferPointer { buffer throws(MessagePassingError) in
      var request = cmpi_request()
      let started = unsafe cmpi_iallreduce(buffer.baseAddress, count, E.datatype.mpi, operation.mpi, handle, &request)
      try finish(&request, started, "MPI_Iallreduce")
    }
  }

  public func allGather<E: MessageElement>(_ values: [E]) throws(MessagePassingError) -> [[E]] {
    let counts = try gatherCounts(values.count)
    let displacements = displacements(counts)
    let total = counts.reduce(0, +)
    let all = UnsafeMutablePointer<E>.allocate(capacity: max(1, total))
    defer { unsafe all.deallocate() }
    unsafe (all + displacements[rank]).initialize(from: values, count: values.count)
    try unsafe allGather(inPlace: all, counts: counts, displacements: displacements)
    return unsafe rows(all, counts)
  }

  public func gather<E: MessageElement>(_ values: [E], to root: Int) throws(MessagePassingError) -> [[E]] {
    let counts = try gatherCounts(values.count)
    let own = try count32(values.count)
    let counts32 = try counts32(counts)
    let displacements32 = try MessagePassing.counts32(displacements(counts))
    let all = UnsafeMutablePointer<E>.allocate(capacity: rank == root ? max(1, counts.reduce(0, +)) : 1)
    defer { unsafe all.deallocate() }
    try unsafe values.withUnsafeBufferPointer { buffer throws(MessagePassingError) in
      var request = cmpi_request()
      let started = unsafe cmpi_igatherv(
        buffer.baseAddress, own, all, counts32, displacements32, E.datatype.mpi, Int32(root), handle, &request)
      try finish(&request, started, "MPI_Igatherv")
    }
    return rank == root ? unsafe rows(all, counts) : []
  }

  public func exchange<E: MessageElement>(_ messages: [[E]]) throws(MessagePassingError) -> [[E]] {
    precondition(messages.count == size, "exchange takes one message per rank")
    let counts = messages.map(\.count)
    let receiveCounts = try exchangeCounts(counts)
    let flat = Array(messages.joined())
    let all = UnsafeMutablePointer<E>.allocate(capacity: max(1, receiveCounts.reduce(0, +)))
    defer { unsafe all.deallocate() }
    try unsafe flat.withUnsafeBufferPointer { buffer throws(MessagePassingError) in
      // An empty array may have no address; nothing is read from the stand-in.
      let send = unsafe buffer.baseAddress ?? UnsafePointer(all)
      try unsafe exchange(
        send: send, counts: counts, displacements: displacements(counts),
        receive: all, receiveCounts: receiveCounts, receiveDisplacements: displacements(receiveCounts))
    }
    return unsafe rows(all, receiveCounts)
  }

  public func exchange<E: MessageElement>(
    send: UnsafePointer<E>, counts: [Int], displacements: [Int],
    receive: UnsafeMutablePointer<E>, receiveCounts: [Int], receiveDisplacements: [Int]
  ) throws(MessagePassingError) {
    precondition(
      [counts, displacements, receiveCounts, receiveDisplacements].allSatisfy { $0.count == size },
      "exchange takes one count and one displacement per rank")
    let (sc, sd) = (try counts32(counts), try counts32(displacements))
    let (rc, rd) = (try counts32(receiveCounts), try counts32(receiveDisplacements))
    try unsafe withPointers(sc, sd, rc, rd) { sc, sd, rc, rd throws(MessagePassingError) in
      var request = cmpi_request()
      let started = unsafe cmpi_ialltoallv(send, sc, sd, receive, rc, rd, E.datatype.mpi, handle, &request)
      try finish(&request, started, "MPI_Ialltoallv")
    }
  }

  public func allGather<E: MessageElement>(
    inPlace buffer: UnsafeMutablePointer<E>, counts: [Int], displacements: [Int]
  ) throws(MessagePassingError) {
    precondition(counts.count == size && displacements.count == size, "one count and one displacement per rank")
    try agree(on: "allGather", count: counts.reduce(0) { 31 &* $0 &+ $1 })
    let (c, d) = (try counts32(counts), try counts32(displacements))
    try unsafe withPointers(c, d, [], []) { c, d, _, _ throws(MessagePassingError) in
      var request = cmpi_request()
      let started = unsafe cmpi_iallgatherv(buffer, c, d, E.datatype.mpi, handle, &request)
      try finish(&request, started, "MPI_Iallgatherv")
    }
  }

  /// Every rank's `count`, by rank.
  private func gatherCounts(_ count: Int) throws(MessagePassingError) -> [Int] {
    var all = [Int](repeating: 0, count: size)
    try unsafe all.withUnsafeMutableBufferPointer { buffer throws(MessagePassingError) in
      var own = count
      try unsafe withUnsafeMutablePointer(to: &own) { own throws(MessagePassingError) in
        var request = cmpi_request()
        let started = unsafe cmpi_iallgather(own, buffer.baseAddress, 1, CMPI_I64, handle, &request)
        try finish(&request, started, "MPI_Iallgather")
      }
    }
    return all
  }

  /// Tells rank r `counts[r]`; what each rank told this one.
  private func exchangeCounts(_ counts: [Int]) throws(MessagePassingError) -> [Int] {
    var all = [Int](repeating: 0, count: size)
    try unsafe all.withUnsafeMutableBufferPointer { buffer throws(MessagePassingError) in
      try unsafe counts.withUnsafeBufferPointer { counts throws(MessagePassingError) in
        var request = cmpi_request()
        let started = unsafe cmpi_ialltoall(counts.baseAddress, buffer.baseAddress, 1, CMPI_I64, handle, &request)
        try finish(&request, started, "MPI_Ialltoall")
      }
    }
    return all
  }
}

/// Where each of several runs begins when they stand one after the other.
func displacements(_ counts: [Int]) -> [Int] {
  var next = 0
  return counts.map { count in
    defer { next += count }
    return next
  }
}

/// Cuts `all` into arrays of the given counts.
private func rows<E>(_ all: UnsafeMutablePointer<E>, _ counts: [Int]) -> [[E]] {
  zip(displacements(counts), counts).map { start, count in
    unsafe Array(UnsafeBufferPointer(start: all + start, count: count))
  }
}

/// The four arrays' addresses, valid until `body` returns: MPI reads counts until a request is finished.
private func withPointers(
  _ a: [Int32], _ b: [Int32], _ c: [Int32], _ d: [Int32],
  _ body: (UnsafePointer<Int32>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) throws(MessagePassingError) -> Void
) throws(MessagePassingError) {
  try unsafe a.withUnsafeBufferPointer { a throws(MessagePassingError) in
    try unsafe b.withUnsafeBufferPointer { b throws(MessagePassingError) in
      try unsafe c.withUnsafeBufferPointer { c throws(MessagePassingError) in
        try unsafe d.withUnsafeBufferPointer { d throws(MessagePassingError) in
          try unsafe body(a.baseAddress, b.baseAddress, c.baseAddress, d.baseAddress)
        }
      }
    }
  }
}
