import RandomStreams

extension StreamKey {
  /// The key of one use of randomness within a unit: the replicas of one chain of use must not meet those of another under
  /// the same key. A hash of this key's words, the use's name and its number.
  func use(_ name: String, _ index: Int = 0) -> StreamKey {
    StreamKey.derive(seed: high, study: "\(low)", unit: "\(name) \(index)")
  }
}
