import LinearAlgebra
import RandomStreams

/// Sixteen bits, bit l set with probability 1 / (1 + e^-y_l), from sixteen 32-bit uniform numbers.
///
/// With q = e^-|y| / (1 + e^-|y|), the probability of the rarer value, a number u below q turns the sign of y round.
/// u = (k + 1/2) 2^-32 is rounded to single precision, so that rare flips keep their relative accuracy down to 2^-32.
@inline(__always) private func bernoulliBits(_ y: SIMD16<Float>, _ random: SIMD8<UInt64>) -> UInt64 {
  typealias V = SIMD16<Float>
  let words = unsafe unsafeBitCast(random, to: SIMD16<Int32>.self)
  // Signed words: their conversion is one instruction; 1/2 moves [-1/2, 1/2) to [0, 1).
  let high = words &>> 8, low = words & SIMD16(repeating: 255)
  let u = V(high &+ SIMD16(repeating: 1 << 23)) * V(repeating: 0x1p-24) + (V(low) + V(repeating: 0.5)) * V(repeating: 0x1p-32)
  let isPositive = y .> V(repeating: 0)
  let e = Elementwise.exp(y.replacing(with: V(repeating: 0) - y, where: isPositive))
  let turns = (u * (V(repeating: 1) + e)) .< e
  let places = SIMD16<UInt32>(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)
  let none = SIMD16<UInt32>(repeating: 0)
  let signs = none.replacing(with: places, where: isPositive), flips = none.replacing(with: places, where: turns)
  return UInt64((signs ^ flips).wrappedSum())
}

/// Draws bit i of `count` with probability 1 / (1 + e^-y_i), y_i = scale * fields[i] + offsets[i], into
/// ceil(count / 64) words of `output`; bits past `count` are zero. One call of `lanes` for each 16 bits.
@inline(never) func sampleBits(
  _ fields: UnsafePointer<Float>, count: Int, scale: Float, offsets: UnsafePointer<Float>?, lanes: inout LaneGenerator,
  into output: UnsafeMutablePointer<UInt64>
) {
  typealias V = SIMD16<Float>
  let factor = V(repeating: scale)
  var index = 0, word = 0
  while index < count {
    var bits: UInt64 = 0
    let end = min(index &+ 64, count)
    var place: UInt64 = 0
    while index < end {
      var y = V(repeating: 0)
      if index &+ 16 <= count {
        y = unsafe UnsafeRawPointer(fields + index).loadUnaligned(as: V.self) * factor
        if let offsets = unsafe offsets { y += unsafe UnsafeRawPointer(offsets + index).loadUnaligned(as: V.self) }
      } else {
        for lane in 0..<(count &- index) {
          let offset = unsafe offsets.map { unsafe $0[index &+ lane] } ?? 0
          y[lane] = unsafe fields[index &+ lane] * scale + offset
        }
      }
      bits |= bernoulliBits(y, lanes.next()) &<< place
      place &+= 16
      index &+= 16
    }
    unsafe output[word] = count &- (word &* 64) >= 64 ? bits : bits & ((1 &<< UInt64(count &- word &* 64)) &- 1)
    word &+= 1
  }
}

/// Draws the bits of a layer for each of `rows` replicas: bit i of row r with probability 1 / (1 + e^-y),
/// y = scale * fields[r, i] + offsets[i] (no offsets: 0). Row r uses the randomness of replica `firstReplica + r` at
/// `step` for `purpose`, so it does not depend on the batch.
///
/// Streams whose lanes are `LaneGenerator`s drive the single-precision kernel; others are asked for each decision.
func sampleRows<Scalar: DenseScalar, Source: Streams>(
  _ fields: [Scalar], rows: Int, count: Int, scale: Double, offsets: [Double], firstReplica: Int, step: UInt64,
  purpose: Purpose, from streams: Source
) -> [UInt64] {
  let words = (count + 63) / 64
  var output = [UInt64](repeating: 0, count: rows * words)
  if Source.Lanes.self == LaneGenerator.self, let fields = singlePrecision(fields) {
    let offsets = offsets.map { Float($0) }
    unsafe output.withUnsafeMutableBufferPointer { output in
      unsafe fields.withUnsafeBufferPointer { fields in
        unsafe offsets.withUnsafeBufferPointer { offsets in
          guard let output = output.baseAddress, let fields = fields.baseAddress else { return }
          for row in 0..<rows {
            guard var lanes = streams.lanes(replica: firstReplica + row, step: step, site: 0, purpose: purpose) as? LaneGenerator
            else { preconditionFailure("lanes are of their declared type") }
            unsafe sampleBits(
              fields + row * count, count: count, scale: Float(scale), offsets: offsets.isEmpty ? nil : offsets.baseAddress,
              lanes: &lanes, into: output + row * words)
          }
        }
      }
    }
    return output
  }
  for row in 0..<rows {
    var choices = streams.generator(replica: firstReplica + row, step: step, site: 0, purpose: purpose)
    for i in 0..<count {
      let y = scale * Double(fields[row * count + i]) + (offsets.isEmpty ? 0 : offsets[i])
      if choices.bernoulli(logistic(y)) { output[row * words + i / 64] |= 1 << UInt64(i % 64) }
    }
  }
  return output
}
