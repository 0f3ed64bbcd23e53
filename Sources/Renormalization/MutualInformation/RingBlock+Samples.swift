public import RandomStreams

extension RingBlock {
  /// Independent samples of a block with `reach` spins on both sides beyond `buffer` spins, on a ring of `sites` spins: what a filter of the
  /// block's spins is trained on. The block's spins are the first bits of a window of 2 x 2.
  public func samples(sites: Int, buffer: Int, reach: Int, count: Int, from streams: KeyedStreams) -> EnvironmentSamples {
    let length = block + 2 * (buffer + reach), first = reach + buffer
    precondition(block <= 4 && reach >= 1 && 2 * reach <= 64 && length <= sites, "spins that there are")
    var windows: [UInt16] = [], environments: [UInt64] = []
    for sample in 0..<count {
      var draws = streams.series(replica: sample, step: 0, site: 0, purpose: .initial), state: UInt16 = 0, around: UInt64 = 0
      let start = draws.accepts(0.5)
      var last = start
      for k in 0..<length {
        if k > 0 {
          // Given the spin before and the first one, which the rest of the ring leads back to.
          let back = ends(sites - k), one = ends(1)
          let same = one.alike * (last == start ? back.alike : back.unlike), other = one.unlike * (last == start ? back.unlike : back.alike)
          if !draws.accepts(same / (same + other)) { last.toggle() }
        }
        guard last else { continue }
        if k < reach { around |= 1 << UInt64(k) }
        if k >= length - reach { around |= 1 << UInt64(k - length + 2 * reach) }
        if (first..<first + block).contains(k) { state |= 1 << UInt16(k - first) }
      }
      windows.append(state)
      environments.append(around)
    }
    return EnvironmentSamples(ringBlocks: windows, environments: environments, width: 2 * reach)
  }
}
