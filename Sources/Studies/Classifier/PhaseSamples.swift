import LatticeSystems
import MessagePassing
import NeuralNetworks
import RandomStreams
import Runtime
import Sampling

/// Configurations of the Ising model at several couplings with their phase as class: 1 where K is above its critical value.
struct PhaseSamples {
  let size: Int, couplings: [Double], warmUp: Int, interval: Int

  /// The critical coupling, ln(1 + sqrt 2) / 2.
  static let critical = 0.440686793509772

  static let table = ParameterTable(
    "lattice", "for source = \"ising\": Swendsen-Wang chains on a torus, class 1 where K is above its critical value",
    [
      Parameter("size", .integer(16), .integers(4...512), unit: "sites", "sites along each axis; even"),
      Parameter(
        "couplings", .reals([0.34, 0.37, 0.4, 0.42, 0.46, 0.48, 0.51, 0.54]), .reals(0.01...2), unit: "1",
        "K of the samples, in turn; on both sides of 0.4407"),
      Parameter("warm_up", .integer(100), .integers(0...1_000_000), unit: "sweeps", "left out at the start of each chain"),
      Parameter("interval", .integer(5), .integers(1...100_000), unit: "sweeps", "between recorded configurations"),
    ])

  init(size: Int, couplings: [Double], warmUp: Int, interval: Int) {
    (self.size, self.couplings, self.warmUp, self.interval) = (size, couplings, warmUp, interval)
  }
  init(_ parameters: ParameterValues) {
    size = parameters.integer("lattice.size")
    couplings = parameters.reals("lattice.couplings")
    warmUp = parameters.integer("lattice.warm_up")
    interval = parameters.integer("lattice.interval")
  }

  func check() throws(StudyError) {
    if size % 2 != 0 { throw .invalid(parameter: "lattice.size", what: "\(size) is odd") }
    let above = couplings.count { $0 > Self.critical }
    if above == 0 || above == couplings.count {
      throw .invalid(
        parameter: "lattice.couplings", what: "there must be some below and some above the critical 0.4407, e.g. [0.40, 0.48]")
    }
  }

  /// Spins of all samples of one coupling among `count` samples, of which sample s belongs to coupling s mod couplings: chains
  /// of 50 configurations, each by one rank.
  func spins(
    of coupling: Int, among count: Int, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws -> [UInt64] {
    let lattice = try SquareLattice(size: size), count = (count - coupling + couplings.count - 1) / couplings.count,
      chains = (count + 49) / 50
    var kernel = try SwendsenWang(IsingModel(lattice, coupling: couplings[coupling])), found: [UInt64] = []
    let source = KeyedStreams(streams.use("lattice", coupling))
    for chain in team.share(of: chains) {
      var configuration = IsingConfiguration(hot: lattice, replica: chain, from: source)
      for sweep in 0..<warmUp + min(50, count - 50 * chain) * interval {
        kernel.step(&configuration, at: UInt64(sweep), from: source)
        if sweep >= warmUp, (sweep - warmUp + 1) % interval == 0 { found += configuration.spins }
      }
    }
    return try team.allGather(found).flatMap { $0 }
  }

  /// `count` samples of the spins of all couplings.
  func samples(_ spins: [[UInt64]], count: Int) -> SampleSet {
    let words = (size * size + 63) / 64
    var all: [UInt64] = []
    all.reserveCapacity(count * words)
    for s in 0..<count {
      let place = s / couplings.count
      all += spins[s % couplings.count][place * words..<(place + 1) * words]
    }
    return SampleSet(
      Configurations(count: count, sites: .lattice([size, size]), words: all),
      classes: (0..<count).map { couplings[$0 % couplings.count] > Self.critical ? 1 : 0 }, of: 2)
  }
}
