/// Loads sixteen floats that may stand at any address.
@inlinable @inline(__always)
public func loadLanes(_ pointer: UnsafePointer<Float>) -> SIMD16<Float> {
  unsafe UnsafeRawPointer(pointer).loadUnaligned(as: SIMD16<Float>.self)
}

/// Stores sixteen floats at any address.
@inlinable @inline(__always)
public func storeLanes(_ lanes: SIMD16<Float>, _ pointer: UnsafeMutablePointer<Float>) {
  unsafe UnsafeMutableRawPointer(pointer).storeBytes(of: lanes, as: SIMD16<Float>.self)
}

/// Loads `count` < 16 floats and zeros, without touching memory past them.
@inlinable @inline(never)
public func loadLanes(_ pointer: UnsafePointer<Float>, count: Int) -> SIMD16<Float> {
  var lanes = SIMD16<Float>()
  for k in 0..<count { lanes[k] = unsafe pointer[k] }
  return lanes
}

/// Stores the first `count` < 16 lanes.
@inlinable @inline(never)
public func storeLanes(_ lanes: SIMD16<Float>, _ pointer: UnsafeMutablePointer<Float>, count: Int) {
  for k in 0..<count { unsafe pointer[k] = lanes[k] }
}

/// Loads up to sixteen floats, none for a `count` below 1, and zeros.
@inline(__always)
func loadLanes(_ pointer: UnsafePointer<Float>, upTo count: Int) -> SIMD16<Float> {
  unsafe count >= 16 ? loadLanes(pointer) : loadLanes(pointer, count: max(0, count))
}

/// Stores up to sixteen lanes.
@inline(__always)
func storeLanes(_ lanes: SIMD16<Float>, _ pointer: UnsafeMutablePointer<Float>, upTo count: Int) {
  if count >= 16 { unsafe storeLanes(lanes, pointer) } else { unsafe storeLanes(lanes, pointer, count: count) }
}

/// Memory for a kernel's tables, aligned to cache lines and freed with its owner.
@safe struct KernelMemory: ~Copyable {
  let bytes: UnsafeMutableRawPointer

  init(byteCount: Int) {
    unsafe bytes = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
  }
  deinit { unsafe bytes.deallocate() }
}
