import Glibc
import MessagePassing

/// A violated claim ends the job with status 1 and says which rank saw it.
func claim(_ holds: Bool, _ what: @autoclosure () -> String, line: Int = #line) {
  if holds { return }
  complain("claim violated at line \(line): \(what())")
  MPIWorld.abort(code: 1)
}

/// The claim that two values are equal.
func equal<T: Equatable>(_ found: T, _ expected: T, _ what: String, line: Int = #line) {
  claim(found == expected, "\(what): found \(found), expected \(expected)", line: line)
}

/// The claim that `body` throws an error of an MPI class.
func expectClass(_ errorClass: Int, _ what: String, line: Int = #line, _ body: () throws(MessagePassingError) -> Void) {
  do {
    try body()
    claim(false, "\(what): nothing thrown", line: line)
  } catch { equal(error.errorClass, errorClass, "\(what): \(error)", line: line) }
}

func complain(_ text: String) {
  let line = text + "\n"
  _ = unsafe line.withCString { unsafe write(2, $0, strlen($0)) }
}

func say(_ text: String) {
  let line = text + "\n"
  _ = unsafe line.withCString { unsafe write(1, $0, strlen($0)) }
}

/// 64-bit FNV-1a over the bit patterns, in order.
struct BitHash {
  var value: UInt64 = 0xcbf2_9ce4_8422_2325
  mutating func add(_ bits: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      value = (value ^ ((bits >> shift) & 255)) &* 0x100_0000_01b3
    }
  }
}

/// A number in (-1, 1) with all bits of its significand in use, a function of its index alone (splitmix64), of very uneven magnitude.
func noise(_ index: Int) -> Double {
  var z = UInt64(truncatingIfNeeded: index) &* 0x9e37_79b9_7f4a_7c15 &+ 0x1234_5678
  z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
  z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
  z ^= z >> 31
  let unit = Double(Int64(bitPattern: z) >> 11) / 4_503_599_627_370_496
  return unit / Double(1 << (z & 15))
}
