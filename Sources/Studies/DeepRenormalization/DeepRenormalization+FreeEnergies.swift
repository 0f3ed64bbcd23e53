import BoltzmannMachines
import Glibc
import LatticeSystems
import RandomStreams
import Renormalization
import Runtime
import Sampling
import Statistics

extension DeepRenormalization {
  /// ln Z by annealing beside the exact torus; the variational map of the first layer; the bound of the stack.
  func recordFreeEnergies(_ state: State, test: Configurations, streams: StreamKey, into recording: inout Recording) throws {
    let exact = try KaufmanTorus(columns: size, rows: size, coupling: coupling)
    let model = try IsingModel(SquareLattice(size: size), coupling: coupling)
    var enumerated = state.exact[...]
    var top = Estimate(value: .nan, error: .nan)
    var inputs = test
    for (index, machine) in state.machines.enumerated() {
      let at = place("boltzmann", layer: index + 1, scale: (Double(sites) / Double(hidden[index])).squareRoot())
      let start = AnnealedBoltzmannMachine(machine).startLogPartition
      let runs = (0..<2).map { AnnealedEstimate(logWeights: state.finishedRuns[2 * index + $0], startLogPartition: start, reverse: false) }
      let both = AnnealedEstimate(
        logWeights: state.finishedRuns[2 * index] + state.finishedRuns[2 * index + 1], startLogPartition: start, reverse: false)
      let difference = abs(runs[0].logPartition.value - runs[1].logPartition.value)
      // The delta-method error of a small effective sample is too small; half the difference of the runs is another.
      top = Estimate(value: both.logPartition.value, error: max(both.logPartition.error, difference / 2))
      recording.record(at: at, "log_partition", Observable(top.value, error: top.error, unit: "nats"))
      recording.record(
        at: at, "log_partition_runs",
        Observable(values: runs.map(\.logPartition.value), errors: runs.map(\.logPartition.error), unit: "nats"))
      recording.record(
        at: at, "log_partition_run_difference",
        Observable(difference, error: hypot(runs[0].logPartition.error, runs[1].logPartition.error), unit: "nats"))
      recording.record(at: at, "effective_sample_size", Observable(values: runs.map(\.effectiveSampleSize), unit: "replicas"))
      recording.record(at: at, "log_partition_lower_bound", Observable(both.bound.value, error: both.bound.error, unit: "nats"))
      if min(visible(index), hidden[index]) <= exactUpTo, let value = enumerated.popFirst() {
        recording.record(at: at, "log_partition_enumerated", Observable(value, unit: "nats"))
        top = Estimate(value: value, error: 0)
      }
      if index > 0 {
        inputs = state.machines[index - 1].sampleHidden(
          of: inputs, firstRow: configurations, step: 0,
          from: KeyedStreams(StreamKey.derive(seed: streams.high, study: "\(streams.low)", unit: "states \(index)")))
      }
      let energies = machine.freeEnergy(of: inputs)
      let likelihood = blocks.mean(of: energies.map { -$0 - top.value })
      recording.record(at: at, "log_likelihood", Observable(likelihood.value, error: hypot(likelihood.error, top.error), unit: "nats"))
      if index == 0 {
        let map = SampledVariationalMap(
          energies: (0..<test.count).map { coupling * Double(model.energy(test, $0)) }, machineEnergies: energies,
          logPartition: exact.logPartition, modelLogPartition: top, blocks: blocks.blocks)
        recordMap(map, at: at, into: &recording)
      }
    }
    if state.machines.count > 1 {
      let stack = try DeepBeliefNetwork(state.machines)
      let source = KeyedStreams(StreamKey.derive(seed: streams.high, study: "\(streams.low)", unit: "bound"))
      let bound = blocks.mean(of: stack.boundSamples(of: test, topLogPartition: top.value, firstRow: configurations, from: source))
      let at = place("boltzmann", layer: state.machines.count, scale: (Double(sites) / Double(hidden[hidden.count - 1])).squareRoot())
      recording.record(at: at, "stack_log_likelihood_bound", Observable(bound.value, error: hypot(bound.error, top.error), unit: "nats"))
      // The most that any model can reach on this law: minus its entropy, -K <E> - ln Z exactly.
      let best = -coupling * exact.energyPerSite * Double(sites) - exact.logPartition
      recording.record(at: at, "stack_log_likelihood_limit", Observable(best, unit: "nats"))
      recording.record(
        at: at, "stack_kullback_leibler_per_site_bound",
        Observable((best - bound.value) / Double(sites), error: hypot(bound.error, top.error) / Double(sites), unit: "nats"))
    }
  }

  private func recordMap(_ map: SampledVariationalMap, at: Place, into recording: inout Recording) {
    func record(_ name: String, _ e: Estimate, over divisor: Double = 1, unit: String = "nats") {
      recording.record(at: at, name, Observable(e.value / divisor, error: e.error / divisor, unit: unit))
    }
    record("free_energy_difference", map.freeEnergyDifference)
    record("kullback_leibler", map.kullbackLeibler)
    record("kullback_leibler_per_site", map.kullbackLeibler, over: Double(sites))
    record("mean_log_x", map.meanLogX)
    record("log_x_deviation", map.deviationOfLogX)
  }

  /// The machine's own samples, next to the data's: energy and magnetisation; chains are independent.
  func recordModelSamples(_ state: State, into recording: inout Recording) throws {
    let model = try IsingModel(SquareLattice(size: size), coupling: coupling)
    let samples = Configurations(count: modelChains, sites: .lattice([size, size]), words: state.modelWords)
    let energies = Moments((0..<modelChains).map { Double(model.energy(samples, $0)) / Double(sites) })
    let magnetizations = Moments((0..<modelChains).map { Double(abs(samples.magnetization($0))) / Double(sites) })
    let at = place("machine_samples", layer: 1, scale: 1)
    recording.record(at: at, "energy_per_site", Observable(energies.mean, error: energies.standardError, unit: "J"))
    recording.record(at: at, "abs_magnetization", Observable(magnetizations.mean, error: magnetizations.standardError))
    recording.record(snapshot("snapshot_machine", samples))
  }
}
