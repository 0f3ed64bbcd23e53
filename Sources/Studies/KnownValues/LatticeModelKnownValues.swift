import Glibc
import LatticeSystems
import RandomStreams
public import Runtime
import Sampling
import Statistics

/// Known values of the models beyond the packed Ising one, exactly and by every move: A5 to A10, C-7 to C-9 of the
/// phi^4 table.
public enum LatticeModelKnownValues {
  /// All checks of this table.
  public static let checks: [Check] = [
    Check("A5", .fast) { try magnetizationSmall() },
    Check("A5", .slow) { try magnetizationExact() },
    Check("A5", .slow) { try magnetizationSampled() },
    Check("A6", .fast) { try correlationLengths() },
    Check("A6", .slow) { try crossings() },
    Check("A7", .fast) { try cubeExact() },
    Check("A7", .slow) { try cubeSampled() },
    Check("A7", .slow) { try cubePartition() },
    Check("A8", .fast) { try pottsExact() },
    Check("A8", .fast) { pottsTransfer() },
    Check("A8", .slow) { try pottsSampled() },
    Check("A8", .slow) { try pottsPartition() },
    Check("A9", .slow) { try xySampled() },
    Check("A9", .slow) { try xyPartition() },
    Check("A10", .fast) { try freeField() },
    Check("A10", .slow) { try scalarSampled() },
    Check("C-7", .slow) { scalarExact() },
    Check("C-7", .slow) { try scalarPlane() },
    Check("C-8", .slow) { scalarExactOrdered() },
    Check("C-8", .slow) { try scalarPlaneOrdered() },
    Check("C-9", .fast) { try freeFieldCube() },
  ]

  static func streams(_ unit: String) -> KeyedStreams {
    KeyedStreams(StreamKey.derive(seed: 1, study: "known-values", unit: unit))
  }

  /// Means of `measure` over sweeps of `kernel` on independent chains, half of them from a hot and half from a cold
  /// start, and the quantities formed of the means, with jackknife errors over the chains.
  static func sample<Model: LatticeModel>(
    _ model: Model, _ kernel: some MarkovKernel<LatticeConfiguration<Model.Value>>, unit: String, chains: Int = 40,
    sweeps: Int, of quantities: ([Double]) -> [Double] = { $0 }, _ measure: ([Model.Value]) -> [Double]
  ) -> [Estimate] {
    var kernel = kernel, sums: BlockSums?
    let streams = streams(unit)
    for replica in 0..<chains {
      var chain = LatticeChain(
        replica % 2 == 0
          ? LatticeConfiguration(hot: model, replica: replica, from: streams) : LatticeConfiguration(cold: model, replica: replica))
      chain.advance(sweeps: max(200, sweeps / 50), with: &kernel, from: streams)
      for _ in 0..<sweeps {
        chain.advance(sweeps: 1, with: &kernel, from: streams)
        let sample = measure(chain.configuration.values)
        if sums == nil { sums = BlockSums(observables: sample.count, blocks: chains) }
        sums!.add(sample, to: replica)
      }
    }
    return sums!.jackknife(quantities)
  }

  /// Estimates against expectations, 4 sigma each.
  static func compare(
    _ what: String, _ names: [String], _ expected: [Double], _ found: [Estimate], largestErrors: [Double]
  ) -> [KnownValue] {
    names.indices.map {
      KnownValue(
        "\(names[$0]) of \(what)", expected: expected[$0], found: found[$0].value, error: found[$0].error,
        .sigmas(4, largestError: largestErrors[$0]))
    }
  }
  /// Numbers against expectations, one tolerance.
  static func compare(
    _ what: String, _ names: [String], _ expected: [Double], _ found: [Double], within tolerance: Double
  ) -> [KnownValue] {
    names.indices.map { KnownValue("\(names[$0]) of \(what)", expected: expected[$0], found: found[$0], .absolute(tolerance)) }
  }
}
