import Glibc

/// Memory that all ranks of a communicator on one host see, for exchanges that would otherwise be copied twice.
///
/// It has no name once it exists (the name is removed as soon as all ranks have it open), so nothing is left behind
/// however a rank ends. Who writes where and when is the user's affair: a barrier between one rank's write and
/// another's read.
@safe public final class SharedMemory {
  /// The first byte; the contents start as zeros.
  public let start: UnsafeMutableRawPointer
  /// How many bytes there are.
  public let bytes: Int

  private init(_ start: UnsafeMutableRawPointer, bytes: Int) {
    unsafe self.start = unsafe start
    self.bytes = bytes
  }

  deinit { unsafe munmap(start, bytes) }

  /// Memory of `bytes > 0` bytes for all ranks of `communicator`, which call this together; nil on all of them where
  /// they are not on one host, or the host has no room for it.
  public static func make(bytes: Int, on communicator: borrowing some Communicator & ~Copyable) throws(MessagePassingError) -> SharedMemory?
  {
    precondition(bytes > 0, "shared memory has a size")
    let here = try communicator.splitByHost()
    var onOneHost = [here.size == communicator.size ? 1 : 0]
    try communicator.allReduce(&onOneHost, .minimum)
    if onOneHost[0] == 0 { return nil }

    // The first rank makes it and reserves its pages: a page that turns out not to be there would kill a rank later.
    var name = Array("/renorm-\(getpid())-\(UInt64(bitPattern: Int64(time(nil))))-\(UInt32.random(in: 0...UInt32.max))".utf8)
    var file: Int32 = -1
    if communicator.rank == 0 {
      unsafe file = shm_open(String(decoding: name, as: UTF8.self), O_RDWR | O_CREAT | O_EXCL, 0o600)
      if file >= 0, posix_fallocate(file, 0, off_t(bytes)) != 0 {
        close(file)
        unsafe shm_unlink(String(decoding: name, as: UTF8.self))
        file = -1
      }
    }
    var length = [file >= 0 ? name.count : 0]
    try communicator.broadcast(&length, from: 0)
    if length[0] == 0 { return nil }
    if communicator.rank != 0 { name = [UInt8](repeating: 0, count: length[0]) }
    try communicator.broadcast(&name, from: 0)
    if communicator.rank != 0 { unsafe file = shm_open(String(decoding: name, as: UTF8.self), O_RDWR, 0) }
    let mapped = unsafe file >= 0 ? mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED
    if file >= 0 { close(file) }
    var works = [unsafe mapped == MAP_FAILED ? 0 : 1]
    try communicator.allReduce(&works, .minimum)
    if communicator.rank == 0 { unsafe shm_unlink(String(decoding: name, as: UTF8.self)) }
    guard let start = unsafe mapped, unsafe start != MAP_FAILED else { return nil }
    let memory = unsafe SharedMemory(start, bytes: bytes)
    return works[0] == 1 ? memory : nil
  }
}
