import RandomStreams
import Sampling
import Testing

/// Writes down the steps that it is given, under its name.
private struct Recorder: MarkovKernel {
  let name: String
  func step(_ state: inout [String: [UInt64]], at step: UInt64, from streams: some Streams) { state[name, default: []].append(step) }
}

@Suite("Composed kernels")
struct CompositionTests {
  @Test("no two parts ever get the same step, however they are nested, and no part gets a step twice")
  func stepsAreDistinct() {
    let (a, b, c, d) = (Recorder(name: "a"), Recorder(name: "b"), Recorder(name: "c"), Recorder(name: "d"))
    var kernel = Then(Repeat(Then(a, Repeat(b, count: 3)), count: 2), Repeat(Then(c, d), count: 5))
    var seen: [String: [UInt64]] = [:]
    let streams = KeyedStreams(StreamKey(high: 1, low: 2))
    for step in 0..<100 as Range<UInt64> { kernel.step(&seen, at: step, from: streams) }
    let all = seen.values.flatMap { $0 }
    #expect(seen.mapValues(\.count) == ["a": 200, "b": 600, "c": 500, "d": 500])
    #expect(Set(all).count == all.count)
  }
}
