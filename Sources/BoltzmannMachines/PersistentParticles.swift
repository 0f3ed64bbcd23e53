public import Archives
import Glibc
import RandomStreams
import Sampling

/// Where the negative phase of training starts its Gibbs steps.
public enum NegativePhase: Sendable, Equatable {
  /// At the data of the mini-batch: contrastive divergence.
  case data
  /// Where the last step left them, one particle for each slot of the mini-batch: persistent contrastive divergence
  /// (T. Tieleman, ICML 2008). The rate has to be small, about 0.01 and falling.
  case persistent
  /// The same with a ladder of so many tempered machines for each slot, at positions 1, ..., 0 of the path of
  /// `AnnealedBoltzmannMachine`; neighbours trade places after each step, and the machine itself is the first rung
  /// (G. Desjardins et al., AISTATS 2010). At least 2.
  case tempered(Int)

  /// Particles for each slot.
  public var rungs: Int {
    switch self {
    case .data: 0
    case .persistent: 1
    case .tempered(let rungs): rungs
    }
  }
}

/// The particles of a persistent negative phase: visible states by rung and slot, indexed globally.
public struct PersistentParticles: Sendable, Equatable {
  /// `[rungs][slots][words]`, the machine's own rung first.
  public var words: [[UInt64]]
}

extension PersistentParticles: Checkpointable {
  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(words.count, at: path + "/rungs")
    for (rung, words) in words.enumerated() { try archive.write(words, at: "\(path)/rung\(rung)") }
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    words = []
    for rung in 0..<(try archive.scalar(Int.self, at: path + "/rungs")) {
      words.append(try archive.read(UInt64.self, count: nil, at: "\(path)/rung\(rung)"))
    }
  }
}

/// One rank's particles of a ladder of tempered machines.
struct TemperedParticles: Sendable {
  /// By rung, the slots of this rank.
  var rungs: [Configurations]
  let firstSlot: Int
  let key: StreamKey

  /// The position of a rung on the path: 1 for the machine itself, 0 for free units.
  func position(_ rung: Int) -> Double { 1 - Double(rung) / Double(rungs.count - 1) }

  private func streams(_ rung: Int) -> KeyedStreams {
    KeyedStreams(StreamKey.derive(seed: key.high, study: "\(key.low)", unit: "particles \(rung)"))
  }

  /// `sweeps` times: a Gibbs step on every rung, then trades between neighbours, of even rungs and of odd ones in turn.
  mutating func step(_ machine: RestrictedBoltzmannMachine<Float>, at step: UInt64, sweeps: Int) {
    let model = AnnealedBoltzmannMachine(machine)
    var states = rungs.map { model.replicas(at: $0, firstReplica: firstSlot) }
    for sweep in 0..<sweeps {
      let now = step &* UInt64(sweeps) &+ UInt64(sweep)
      for rung in states.indices {
        var kernel = model.kernel(at: position(rung))
        kernel.step(&states[rung], at: now, from: streams(rung))
      }
      for lower in stride(from: Int(now & 1), to: states.count - 1, by: 2) { trade(lower, &states, model, now) }
    }
    rungs = states.map(\.configurations)
  }

  /// Each slot's particles at `lower` and the rung above change places with probability min(1, p_a(y) p_b(x) / (p_a(x) p_b(y))).
  private func trade(
    _ lower: Int, _ states: inout [VisibleReplicas<Float>], _ model: AnnealedBoltzmannMachine<Float>, _ step: UInt64
  ) {
    let a = position(lower), b = position(lower + 1)
    let up = model.logRatio(states[lower], from: a, to: b), down = model.logRatio(states[lower + 1], from: b, to: a)
    let hidden = states[lower].fields.count / max(1, up.count), words = states[lower].configurations.wordsPerConfiguration
    for row in up.indices {
      var choices = streams(lower).generator(replica: firstSlot + row, step: step, site: lower, purpose: .exchange)
      guard choices.bernoulli(exp(min(0, up[row] + down[row]))) else { continue }
      for k in row * words..<(row + 1) * words {
        let other = states[lower + 1].configurations.words[k]
        states[lower + 1].configurations.words[k] = states[lower].configurations.words[k]
        states[lower].configurations.words[k] = other
      }
      for k in row * hidden..<(row + 1) * hidden {
        let other = states[lower + 1].fields[k]
        states[lower + 1].fields[k] = states[lower].fields[k]
        states[lower].fields[k] = other
      }
    }
  }
}
