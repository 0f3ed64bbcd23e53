extension StreamKey {
  /// The key of one unit of work: a hash of master seed, study name and the unit's canonical text.
  ///
  /// The input is written as words, injectively: seed; byte count and bytes of `study`, little endian, padded with
  /// zeros to whole words; the same for `unit`; the number of words so far. They are absorbed four at a time by
  /// h <- Threefry_h(m) xor m (Matyas-Meyer-Oseas), h_0 = 0; the key is the first two words of h. Two different
  /// inputs share a key with probability 2^-128.
  public static func derive(seed: UInt64, study: String, unit: String) -> StreamKey {
    var words = [seed]
    for text in [study, unit] {
      let bytes = Array(text.utf8)
      words.append(UInt64(bytes.count))
      for start in stride(from: 0, to: bytes.count, by: 8) {
        let end = min(start + 8, bytes.count)
        words.append(bytes[start..<end].reversed().reduce(0) { $0 << 8 | UInt64($1) })
      }
    }
    words.append(UInt64(words.count))
    while words.count % 4 != 0 { words.append(0) }
    var hash = SIMD4<UInt64>()
    for start in stride(from: 0, to: words.count, by: 4) {
      let message = SIMD4(words[start..<start + 4])
      hash = Threefry4x64.block(key: hash, counter: message) ^ message
    }
    return StreamKey(high: hash[0], low: hash[1])
  }
}
