import RandomStreams
import Testing

@Suite struct KnownAnswerTests {
  let pi: [UInt64] = [
    0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344, 0xa409_3822_299f_31d0, 0x082e_fa98_ec4e_6c89,
    0x4528_21e6_38d0_1377, 0xbe54_66cf_34e9_0c6c, 0xbe54_66cf_34e9_0c6c, 0xc0ac_29b7_c97c_50dd,
  ]

  @Test("Threefry-4x64-20 gives Random123's known answers") func threefry() {
    #expect(
      Threefry4x64.block(key: SIMD4(repeating: 0), counter: SIMD4(repeating: 0))
        == SIMD4(0x0921_8ebd_e6c8_5537, 0x5594_1f52_66d8_6105, 0x4bd2_5e16_2824_34dc, 0xee29_ec84_6bd2_e40b))
    #expect(
      Threefry4x64.block(key: SIMD4(repeating: ~0), counter: SIMD4(repeating: ~0))
        == SIMD4(0x29c2_4097_942b_ba1b, 0x0371_bbfb_0f6f_4e11, 0x3c23_1ffa_33f8_3a1c, 0xcd29_113f_de32_d168))
    #expect(
      Threefry4x64.block(key: SIMD4(pi[4..<8]), counter: SIMD4(pi[0..<4]))
        == SIMD4(0xa7e8_fde5_9165_1bd9, 0xbaaf_d0c3_0138_319b, 0x84a5_c1a7_29e6_85b9, 0x901d_406c_cebc_1ba4))
  }

  @Test("Philox-4x32-10 gives Random123's known answers") func philox() {
    #expect(
      Philox4x32.block(key: SIMD2(repeating: 0), counter: SIMD4<UInt32>(repeating: 0))
        == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    #expect(
      Philox4x32.block(key: SIMD2(repeating: ~0), counter: SIMD4<UInt32>(repeating: ~0))
        == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    #expect(
      Philox4x32.block(
        key: SIMD2(0xa409_3822, 0x299f_31d0), counter: SIMD4<UInt32>(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344))
        == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test("eight Threefry lanes are the eight blocks of their counters") func lanes() {
    let key = SIMD4(pi[0..<4])
    let (a, b, c, d) = Threefry4x64.lanes(key: key, first: 7, second: 11)
    for lane in 0..<8 {
      let block = Threefry4x64.block(key: key, counter: SIMD4(7, 11, UInt64(lane), 0))
      #expect(block == SIMD4(a[lane], b[lane], c[lane], d[lane]))
    }
  }

  @Test("xoshiro256++ gives the words of its published recurrence from state 1, 2, 3, 4") func xoshiro() {
    // First outputs of the reference implementation for this state (Blackman, Vigna; also rand_xoshiro's test).
    let expected: [UInt64] = [
      41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386, 9_228_616_714_210_784_205,
      9_973_669_472_204_895_162, 14_011_001_112_246_962_877, 12_406_186_145_184_390_807,
    ]
    var lanes = LaneGenerator(state: (1...4).flatMap { [UInt64](repeating: UInt64($0), count: 8) })
    for word in expected { #expect(lanes.next() == SIMD8(repeating: word)) }
  }
}

@Suite struct StreamTests {
  let streams = KeyedStreams(StreamKey.derive(seed: 1, study: "test", unit: "streams"))

  @Test("a place of use always gives the same words, and any other place gives different ones") func places() {
    func checkDistinct(_ streams: some Streams) {
      var seen: Set<[UInt64]> = []
      var places = 0
      for replica in [0, 1, 255, -1] {
        for step in [0, 1, 1 << 40] as [UInt64] {
          for site in [0, 1, 2, -1] {
            for purpose in [Purpose.initial, .proposal, .bond] {
              var one = streams.generator(replica: replica, step: step, site: site, purpose: purpose)
              var two = streams.generator(replica: replica, step: step, site: site, purpose: purpose)
              let words = (0..<9).map { _ in one.word() }
              #expect(words == (0..<9).map { _ in two.word() })
              seen.insert(words)
              var lanes = streams.lanes(replica: replica, step: step, site: site, purpose: purpose)
              let block = lanes.next()
              seen.insert((0..<8).map { block[$0] })
              places += 2
            }
          }
        }
      }
      #expect(seen.count == places)
    }
    checkDistinct(streams)
    checkDistinct(PhiloxStreams(streams.key))
  }

  @Test("keys differ where seed, study, unit or the border between them differ") func keys() {
    let keys: Set = [
      StreamKey.derive(seed: 1, study: "ab", unit: "c"), .derive(seed: 2, study: "ab", unit: "c"),
      .derive(seed: 1, study: "a", unit: "bc"), .derive(seed: 1, study: "ab", unit: "c\0"),
      .derive(seed: 1, study: "ab\0", unit: "c"), .derive(seed: 1, study: "", unit: "abc"),
      .derive(seed: 1, study: "abcdefgh", unit: ""), .derive(seed: 1, study: "", unit: "abcdefgh"),
    ]
    #expect(keys.count == 8)
    #expect(StreamKey.derive(seed: 1, study: "ab", unit: "c") == StreamKey.derive(seed: 1, study: "ab", unit: "c"))
  }

  @Test("a lane generator goes on from its saved state") func checkpoint() {
    var lanes = streams.lanes(replica: 0, step: 0, site: 0, purpose: .bond)
    _ = lanes.next()
    var copy = LaneGenerator(state: lanes.state)
    for _ in 0..<10 { #expect(copy.next() == lanes.next()) }
  }
}
