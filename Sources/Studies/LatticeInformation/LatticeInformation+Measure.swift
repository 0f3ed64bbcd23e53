import InformationTheory
import Renormalization
import Runtime
import Statistics

extension LatticeInformation {
  /// Coarse spins of a block that are compared.
  static let rules: [(name: String, rule: [Double])] = [
    ("majority", BlockRule.majority), ("majority-first-tie", BlockRule.majorityFirstTie), ("decimation", BlockRule.decimation),
  ]
  /// The torus on which distances are exact.
  static let exactSize = 8

  private func curveArrays(_ values: [Double], _ label: String, into recording: inout Recording) {
    recording.record(
      ResultArray(
        name: "bottleneck_\(label)", longName: "I(T;V) and I(T;E) along the bottleneck, T of 16 and of 2 symbols", unit: "nats",
        dimensions: [("symbols", 2), ("beta", points), ("information", 2)], values: values))
  }

  /// All that is known exactly at a coupling.
  func exact(_ coupling: Double, _ environment: BlockEnvironment, _ curve: [Double]) -> Recording {
    var recording = Recording()
    func at(_ what: String, _ more: [(name: String, value: ParameterValue)] = []) -> [(name: String, value: ParameterValue)] {
      [("source", .text(what)), ("coupling", .real(coupling))] + more
    }
    func record(_ at: [(name: String, value: ParameterValue)], _ name: String, _ value: Double) {
      recording.record(at: at, name, Observable(value, unit: "nats"))
    }
    let torus = TorusInformation(size: Self.exactSize, coupling: coupling)
    for distance in 1...Self.exactSize / 2 {
      let here = at("exact-torus", [("size", .integer(Self.exactSize)), ("distance", .integer(distance))])
      record(here, "row_information", torus.rows(distance: distance))
      record(here, "spin_information", torus.spins(distance: distance))
      if distance >= 2 { record(here, "block_information", torus.blocks(distance: distance)) }
    }
    for width in 3...circumference {
      record(
        at("exact-cylinder", [("circumference", .integer(width))]), "half_information",
        CylinderInformation.halves(circumference: width, coupling: coupling))
    }
    let across = environment.acrossLaw
    let whole = at("exact-environment")
    record(whole, "block_environment_information", environment.blockInformation)
    record(whole, "block_across_information", mutualInformation(ofJoint: across, rows: 16, columns: 256))
    record(whole, "block_entropy", entropy(ofProbabilities: (0..<16).map { v in across[v * 256..<(v + 1) * 256].reduce(0, +) }))
    record(whole, "best_odd_map", environment.bestOddMap)
    for (name, rule) in Self.rules {
      let here = at("exact-environment", [("rule", .text(name))])
      record(here, "environment_information", environment.information(rule))
      record(here, "across_information", BlockEnvironment.information(rule, across))
      record(here, "own_block_information", Self.ownBlock(rule, across))
    }
    curveArrays(curve, "exact_\(label(coupling))", into: &recording)
    return recording
  }

  /// I(h;V) of a rule, V's law from P(V, E).
  private static func ownBlock(_ rule: [Double], _ law: [Double]) -> Double {
    let columns = law.count / 16
    let identity = (0..<256).map { cell in
      cell / 16 == cell % 16 ? law[cell % 16 * columns..<(cell % 16 + 1) * columns].reduce(0, +) : 0
    }
    return BlockEnvironment.information(rule, identity)
  }

  /// The coupling's place among all, for names of arrays.
  func label(_ coupling: Double) -> String { "k\((couplings.firstIndex(of: coupling) ?? 0) + 1)" }

  /// All that was counted of a sampled lattice.
  func measured(_ state: State, _ size: Int, _ coupling: Double) throws -> Recording {
    var recording = Recording()
    let base: [(name: String, value: ParameterValue)] = [
      ("source", .text("sampled")), ("size", .integer(size)), ("coupling", .real(coupling)),
    ]
    func record(_ at: [(name: String, value: ParameterValue)], _ name: String, _ found: Estimate) {
      recording.record(at: at, name, Observable(found.value, error: found.error, unit: "nats"))
    }
    let distances = used(size), pairs = BlockPairProbe(rows: size, columns: size, distances: distances)
    for (distance, found) in zip(distances, pairs.informations(blocked(state, size, 0..<pairs.width))) {
      let here = base + [("distance", .integer(distance))]
      record(here, "block_information", found.blocks)
      record(here, "spin_information", found.spins)
    }
    for (level, extent) in levels(size).enumerated() {
      let probe = EnvironmentProbe(rows: extent, columns: extent), counts = blocked(state, size, level: level)
      let whole = probe.wholeBlock(counts), here = base + [("level", .integer(level + 1))]
      record(here, "block_across_information", whole.environment)
      record(here, "block_entropy", whole.entropy)
      for (name, rule) in Self.rules {
        let found = probe.informations(counts, rule: rule), there = here + [("rule", .text(name))]
        record(there, "own_block_information", found.block)
        record(there, "across_information", found.environment)
        // As the bottleneck's curve: of the counts as they are.
        let law = EnvironmentProbe.law(counts.total())
        recording.record(at: there, "own_block_plug_in", Observable(Self.ownBlock(rule, law), unit: "nats"))
        recording.record(at: there, "across_plug_in", Observable(BlockEnvironment.information(rule, law), unit: "nats"))
      }
      recording.record(
        ResultArray(
          name: "bottleneck_errors_l\(size)_\(label(coupling))_level\(level + 1)",
          longName: "jackknife error of I(T;E) at the same I(T;V) along the bottleneck, T of 16 symbols", unit: "nats",
          dimensions: [("beta", points)], values: Array(state.errors[points * level..<points * (level + 1)])))
      curveArrays(
        Array(state.curves[4 * points * level..<4 * points * (level + 1)]), "l\(size)_\(label(coupling))_level\(level + 1)",
        into: &recording)
    }
    let first = 256 * distances.count + 4096 * levels(size).count
    for layer in 0..<stackLayers(size) {
      let extent = levels(size)[layer], start = first + 8192 * layer
      let probe = EnvironmentProbe(rows: extent, columns: extent, origins: [0])
      let counts = blocked(state, size, start..<start + 8192)
      let found = probe.unitInformations(counts), plain = EnvironmentProbe.unitPlugIn(counts.total())
      let here = base + [("level", .integer(layer + 1)), ("rule", .text("stack"))]
      record(here, "own_block_information", found.block)
      record(here, "across_information", found.environment)
      recording.record(at: here, "own_block_plug_in", Observable(plain.block, unit: "nats"))
      recording.record(at: here, "across_plug_in", Observable(plain.environment, unit: "nats"))
    }
    return recording
  }
}
