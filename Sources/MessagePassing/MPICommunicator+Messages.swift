internal import CMessagePassing

extension MPICommunicator {
  public func send<E: MessageElement>(_ values: [E], to rank: Int, tag: Int) throws(MessagePassingError) {
    let count = try count32(values.count)
    try unsafe values.withUnsafeBufferPointer { buffer throws(MessagePassingError) in
      var request = cmpi_request()
      let started = unsafe cmpi_isend(buffer.baseAddress, count, E.datatype.mpi, Int32(rank), Int32(tag), handle, &request)
      try finish(&request, started, "MPI_Isend")
    }
  }

  public func receive<E: MessageElement>(
    _ type: E.Type, from rank: Int?, tag: Int, atMost limit: Int
  ) throws(MessagePassingError) -> (values: [E], source: Int) {
    // A matched probe takes the message out of the queue: nobody else, not even the hook, can receive it in between.
    var message = cmpi_message()
    var status = cmpi_status()
    var found: Int32 = 0
    var fruitless = 0
    do {
      defer { waiting.hasEnded(fruitless) }
      while true {
        let code = unsafe cmpi_improbe(source(rank), Int32(tag), handle, &found, &message, &status)
        try check(code, "MPI_Improbe")
        if found != 0 { break }
        waiting.pause(&fruitless)
      }
    }
    let bytes = Int(status.bytes), stride = MemoryLayout<E>.stride
    let count = try count32(bytes / stride)
    guard count <= limit else { throw .truncated(expected: limit, found: Int(count)) }
    let buffer = UnsafeMutablePointer<E>.allocate(capacity: Int(count) + 1)
    defer { unsafe buffer.deallocate() }
    // A message of another element type is received as bytes all the same, so that it does not stay matched for ever.
    let whole = bytes % stride == 0
    let bytes32 = whole ? 0 : try count32(bytes)
    var request = cmpi_request()
    let started =
      unsafe whole
      ? cmpi_imreceive(buffer, count, E.datatype.mpi, &message, &request)
      : cmpi_imreceive(buffer, bytes32, CMPI_U8, &message, &request)
    try finish(&request, started, "MPI_Imrecv")
    guard whole else {
      throw .failed(
        call: "MPI_Imrecv", errorClass: Int(cmpi_error_class_of_type()),
        text: "a message of \(bytes) bytes is no whole number of \(E.self)")
    }
    return unsafe (Array(UnsafeBufferPointer(start: buffer, count: Int(count))), Int(status.source))
  }

  public func probe(from rank: Int?, tag: Int) throws(MessagePassingError) -> Int? {
    var found: Int32 = 0
    var status = cmpi_status()
    try unsafe check(cmpi_iprobe(source(rank), Int32(tag), handle, &found, &status), "MPI_Iprobe")
    return found == 0 ? nil : Int(status.source)
  }

  public func immediateSend<E: MessageElement>(
    _ values: [E], to rank: Int, tag: Int
  ) throws(MessagePassingError) -> Request<E> {
    let count = try count32(values.count)
    var request = Request(finished: values)
    request.result = .everything
    try unsafe request.start("MPI_Isend", waiting) { buffer, handle in
      unsafe cmpi_isend(buffer, count, E.datatype.mpi, Int32(rank), Int32(tag), self.handle, &handle)
    }
    return request
  }

  public func immediateReceive<E: MessageElement>(
    _ type: E.Type, count: Int, from rank: Int?, tag: Int
  ) throws(MessagePassingError) -> Request<E> {
    let count32 = try count32(count)
    var request = Request<E>(capacity: count)
    request.result = .received
    try unsafe request.start("MPI_Irecv", waiting) { buffer, handle in
      unsafe cmpi_ireceive(buffer, count32, E.datatype.mpi, source(rank), Int32(tag), self.handle, &handle)
    }
    return request
  }

  public func immediateAllReduce<E: MessageElement>(
    _ values: [E], _ operation: Reduction
  ) throws(MessagePassingError) -> Request<E> {
    let count = try count32(values.count)
    var request = Request(finished: values)
    request.result = .everything
    try unsafe request.start("MPI_Iallreduce", waiting) { buffer, handle in
      unsafe cmpi_iallreduce(buffer, count, E.datatype.mpi, operation.mpi, self.handle, &handle)
    }
    return request
  }
}

/// A rank, or whoever sends.
private func source(_ rank: Int?) -> Int32 { rank.map { Int32($0) } ?? cmpi_any_source }
