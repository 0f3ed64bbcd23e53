extension LatticeConfiguration {
  /// The values' memory as whole words, the last one filled with zeros: what travels between ranks.
  public var words: [UInt64] {
    let values = sites
    var words = [UInt64](repeating: 0, count: (values.count * MemoryLayout<Value>.stride + 7) / 8)
    unsafe words.withUnsafeMutableBytes { to in unsafe values.withUnsafeBytes { unsafe to.copyMemory(from: $0) } }
    return words
  }
  /// The configuration whose `words` these are.
  public init(_ lattice: HypercubicLattice, words: [UInt64], replica: Int) {
    let bytes = lattice.sites * MemoryLayout<Value>.stride
    precondition(words.count == (bytes + 7) / 8, "words do not fit the lattice")
    let values = unsafe [Value](unsafeUninitializedCapacity: lattice.sites) { buffer, count in
      unsafe words.withUnsafeBytes {
        unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<bytes]))
      }
      count = lattice.sites
    }
    self.init(lattice, values: values, replica: replica)
  }
}
