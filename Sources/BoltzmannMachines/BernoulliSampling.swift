import LinearAlgebra
import RandomStreams

/// Where the rows of a batch draw from: row r from the place (replica: `firstRow + r`, `step`, `site`, `purpose`), so
/// that it does not depend on the batch.
struct RowPlaces: Sendable {
  var firstRow: Int
  var step: UInt64
  var site = 0
  var purpose: Purpose
}

/// Draws the bits of a layer for each of `rows` replicas: bit i of row r with probability 1 / (1 + e^-y),
/// y = scale * fields[r, i] + offsets[i] (no offsets: 0), into ceil(count / 64) words per row; bits past `count` are 0.
///
/// In single precision, streams whose lanes are `LaneGenerator`s drive the vector kernel; others are asked for each
/// decision, unit by unit in order, which a law kit can enumerate.
func sampleRows<Scalar: DenseScalar, Source: Streams>(
  _ fields: UnsafePointer<Scalar>, rows: Int, count: Int, scale: Scalar, offsets: [Scalar] = [],
  at places: RowPlaces, from streams: Source, into output: UnsafeMutablePointer<UInt64>
) {
  precondition(offsets.isEmpty || offsets.count == count, "an offset for each unit")
  let words = (count + 63) / 64
  if Source.Lanes.self == LaneGenerator.self, Scalar.self == Float.self {
    let fields = unsafe UnsafeRawPointer(fields).assumingMemoryBound(to: Float.self)
    unsafe offsets.withUnsafeBytes { offsets in
      let offsets = unsafe offsets.isEmpty ? nil : offsets.baseAddress?.assumingMemoryBound(to: Float.self)
      for row in 0..<rows {
        let lanes = streams.lanes(replica: places.firstRow + row, step: places.step, site: places.site, purpose: places.purpose)
        unsafe sampleBits(
          fields + row * count, count: count, scale: Float(scale), offsets: offsets,
          // Known to be of this type; a cast would box it.
          from: unsafeBitCast(lanes, to: LaneGenerator.self), into: output + row * words)
      }
    }
    return
  }
  for row in 0..<rows {
    var choices = streams.generator(replica: places.firstRow + row, step: places.step, site: places.site, purpose: places.purpose)
    for word in 0..<words { unsafe output[row * words + word] = 0 }
    for i in 0..<count {
      let y = unsafe scale * fields[row * count + i] + (offsets.isEmpty ? 0 : offsets[i])
      if choices.bernoulli(Elementwise.sigmoid(Double(y))) { unsafe output[row * words + i / 64] |= 1 << UInt64(i % 64) }
    }
  }
}

/// One row of `sampleRows`; one call of `lanes` for each 16 bits.
@inline(never) private func sampleBits(
  _ fields: UnsafePointer<Float>, count: Int, scale: Float, offsets: UnsafePointer<Float>?, from lanes: LaneGenerator,
  into output: UnsafeMutablePointer<UInt64>
) {
  var lanes = lanes, unit = 0
  while unit < count {
    var low = SIMD16<UInt32>(), high = low
    // The tail has code of its own: a vector that comes from either of two branches is taken apart.
    if unit &+ 64 <= count {
      for part in 0..<4 {
        let first = unit &+ 16 &* part
        var y = unsafe loadLanes(fields + first) * scale
        if let offsets = unsafe offsets { y += unsafe loadLanes(offsets + first) }
        let chosen = bernoulli(y, lanes.next(), places: part & 1 == 0 ? lowerPlaces : lowerPlaces &<< 16)
        if part < 2 { low |= chosen } else { high |= chosen }
      }
    } else {
      for part in 0..<(count &- unit &+ 15) / 16 {
        let first = unit &+ 16 &* part, width = min(16, count &- first)
        var y = unsafe loadLanes(fields + first, count: width) * scale
        if let offsets = unsafe offsets { y += unsafe loadLanes(offsets + first, count: width) }
        let chosen = bernoulli(y, lanes.next(), places: part & 1 == 0 ? lowerPlaces : lowerPlaces &<< 16)
        if part < 2 { low |= chosen } else { high |= chosen }
      }
    }
    let packed = UInt64(low.wrappedSum()) | UInt64(high.wrappedSum()) &<< 32
    unsafe output[unit &>> 6] = count &- unit < 64 ? packed & ((1 &<< UInt64(count &- unit)) &- 1) : packed
    unit &+= 64
  }
}

/// Lane l is `places[l]` with probability 1 / (1 + e^-y_l), else 0.
///
/// With q = decay / (1 + decay), decay = e^-|y|, the probability of the rarer value, a number u below q turns the sign of y round.
/// u = (k + 1/2) 2^-32, k a 32-bit word, is rounded to single precision, so that rare flips keep their relative accuracy
/// down to 2^-32; below q = 2^-33 there are none.
@inline(__always) private func bernoulli(
  _ y: SIMD16<Float>, _ random: SIMD8<UInt64>, places: SIMD16<UInt32>
) -> SIMD16<UInt32> {
  typealias V = SIMD16<Float>
  let decay = Elementwise.decay(y)
  let words = unsafe unsafeBitCast(random, to: SIMD16<UInt32>.self)
  // The 9 upper and 23 lower bits as the last bits of numbers of 2^23: the library's conversion is a call.
  let exponent = SIMD16<UInt32>(repeating: Float(0x1p23).bitPattern)
  let upper = unsafe unsafeBitCast((words &>> 23) | exponent, to: V.self) - V(repeating: 0x1p23)
  let lower = unsafe unsafeBitCast((words & SIMD16(repeating: 0x7F_FFFF)) | exponent, to: V.self) - V(repeating: 0x1p23 - 0.5)
  let left = lower.addingProduct(upper, V(repeating: 0x1p23)) * (V(repeating: 1) + decay), right = decay * V(repeating: 0x1p32)
  let isNegative = unsafe unsafeBitCast(unsafeBitCast(y, to: SIMD16<Int32>.self) &>> 31, to: SIMD16<UInt32>.self)
  return (places & ~isNegative) ^ SIMD16<UInt32>(repeating: 0).replacing(with: places, where: left .< right)
}

/// Bits 0 to 15, one in each lane.
@inline(__always) private var lowerPlaces: SIMD16<UInt32> {
  SIMD16<UInt32>(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)
}
