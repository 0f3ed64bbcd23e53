import BoltzmannMachines
import LatticeSystems
import NeuralNetworks
import RandomStreams
import Renormalization
import Runtime
import Sampling
import Statistics

extension BoltzmannFlow {
  /// Equilibrium configurations of a temperature, or the same with the sites of each permuted.
  static func at(_ kind: String, _ temperature: Double) -> [(name: String, value: ParameterValue)] {
    [("sample", .text(kind)), ("temperature", .real(temperature))]
  }
  /// A flow of a machine from a temperature after some steps.
  func at(_ machine: Int, _ start: Int, _ step: Int) -> [(name: String, value: ParameterValue)] {
    [("machine", .text(machines[machine].rawValue)), ("start", .real(temperatures[start])), ("step", .integer(step))]
  }

  private func thermometers(_ state: State) -> [TemperatureReader] {
    state.networks.map { TemperatureReader($0, temperatures: temperatures) }
  }
  private func record(
    _ name: String, _ estimate: Estimate, _ unit: String, at: [(name: String, value: ParameterValue)], _ all: inout Recording
  ) {
    all.record(at: at, name, Observable(estimate.value, error: estimate.error, unit: unit))
  }

  /// What thermometers, energy and magnetization say of independent configurations.
  private func measure(
    _ spins: Configurations, _ readers: [TemperatureReader], at: [(name: String, value: ParameterValue)], into all: inout Recording
  ) throws {
    let readings = try readers.map { try $0.readings(spins) }
    // Of one configuration: the mean over networks, whose own spread stands beside it.
    let means = (0..<spins.count).map { row in readings.reduce(0.0) { $0 + $1[row] } / Double(readers.count) }
    record("reading", Estimate(meanOf: means), "J/k", at: at, &all)
    let scatter = jackknife(blocks: means.count) { left in
      [Moments(means.indices.filter { $0 != left }.map { means[$0] }).variance.squareRoot()]
    }[0]
    record("reading_scatter", scatter, "J/k", at: at, &all)
    let networks = readings.map { Moments($0).mean }
    all.record(
      at: at, "readings_of_networks", Observable(values: networks, errors: readings.map { Estimate(meanOf: $0).error }, unit: "J/k"))
    let model = try IsingModel(SquareLattice(size: size), coupling: 1), sites = Double(size * size)
    let energy = Estimate(meanOf: (0..<spins.count).map { Double(model.energy(spins, $0)) / sites })
    record("energy_per_site", energy, "J", at: at, &all)
    record(
      "abs_magnetization", Estimate(meanOf: (0..<spins.count).map { Double(abs(spins.magnetization($0))) / sites }), "1", at: at, &all)
    let temperature = try self.temperature(energy)
    let reason =
      temperature.value.isFinite
      ? nil
      : energy.value < -1
        ? "all are ground states, as at any temperature low enough" : "no temperature below 1000 has so high an energy"
    all.record(at: at, "temperature_of_energy", Observable(temperature.value, error: temperature.error, unit: "J/k", reason: reason))
  }

  /// The temperature at which the torus has this energy: the thermometer that equilibrium itself is.
  private func temperature(_ energy: Estimate) throws -> Estimate {
    func torus(_ t: Double) throws -> KaufmanTorus { try KaufmanTorus(columns: size, rows: size, coupling: 1 / t) }
    var low = 0.2, high = 1000.0
    // Of ground states alone the temperature could be any that leaves no spin turned.
    guard energy.value > -2, energy.value < (try torus(high).energyPerSite) else { return Estimate(value: .nan, error: .nan) }
    for _ in 0..<60 {
      let middle = (low * high).squareRoot()
      if try torus(middle).energyPerSite < energy.value { low = middle } else { high = middle }
    }
    // de/dT = c.
    let heat = try torus(high).specificHeat
    return Estimate(value: high, error: energy.error / heat)
  }

  /// Test configurations of every temperature, and the same with their sites permuted.
  func measureThermometers(_ state: State, _ streams: StreamKey, into all: inout Recording) throws {
    let readers = thermometers(state)
    for (place, temperature) in temperatures.enumerated() {
      let spins = data(state, [place], test: true)
      try measure(spins, readers, at: Self.at("equilibrium", temperature), into: &all)
      var permuted = Configurations(count: spins.count, sites: spins.sites)
      let source = KeyedStreams(streams.use("permutation", place))
      for row in 0..<spins.count {
        let order = SitePermutation(sites: size * size, from: LaterSteps(source, by: UInt64(row)))
        permuted.words.replaceSubrange(
          row * words..<(row + 1) * words, with: try order.coarsen(spins.slice(row..<row + 1), firstSample: row, from: source).words)
      }
      try measure(permuted, readers, at: Self.at("permuted", temperature), into: &all)
    }
  }

  /// A look at the flow under way, start by start.
  func look(_ state: inout State, _ machine: Int) throws {
    let readers = thermometers(state)
    for (place, start) in starts.enumerated() {
      let spins = Configurations(
        count: replicas, sites: .lattice([size, size]), words: Array(state.flow[place * replicas * words..<(place + 1) * replicas * words]))
      try measure(spins, readers, at: at(machine, start, state.step), into: &state.recording)
    }
  }

  /// A configuration at the end, and the machine's weights.
  func recordEnd(_ state: inout State, _ number: Int, _ machine: RestrictedBoltzmannMachine<Float>) {
    let name = machines[number].rawValue
    for place in starts.indices {
      let spins = Configurations(count: starts.count * replicas, sites: .lattice([size, size]), words: state.flow)
      let shown = (0..<size * size).map { spins[place * replicas, $0] ? 1.0 : -1 }
      state.recording.record(
        ResultArray(
          name: "end_\(name)_\(place)", longName: "a configuration at the end of the flow", unit: "1",
          dimensions: [("row", size), ("column", size)], values: shown))
    }
    state.recording.record(
      ResultArray(
        name: "weights_\(name)", longName: "weights of the machine", unit: "1",
        dimensions: [("site", size * size), ("hidden", hidden)], values: machine.weights.map(Double.init)))
  }
}
