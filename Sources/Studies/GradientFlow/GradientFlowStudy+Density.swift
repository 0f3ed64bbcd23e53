import Glibc
import GradientFlows
import KahlerGeometry
import MessagePassing
import Runtime

extension GradientFlowStudy {
  /// Some more steps of the density's flow; at the end its free energy all along, and the rate at which it came to rest.
  func density(_ state: inout State, _ beta: Double) throws(StudyError) -> Advance<Recording> {
    do {
      let equation = try McKeanVlasov(beta: beta, field: field)
      var point = state.moments.isEmpty ? equation.start(first: firstMoment) : DensityMoments(state.moments)
      var flow = RungeKuttaFlow(equation, stepSize: densityStep, direction: point), last = equation.describe(point).freeEnergy
      let steps = max(2, Int((time / densityStep).rounded())), every = max(1, steps / 80)
      // Of each time noted: t, F, <z>; in front the number of steps at which F rose.
      if state.curve.isEmpty { state.curve = [0, 0, last, point.moments[0]] }
      let end = min(steps, state.step + 20_000)
      while state.step < end {
        try flow.step(&point, at: UInt64(state.step), on: SoloCommunicator())
        state.step += 1
        let energy = equation.describe(point).freeEnergy
        // Rounding alone moves the sum near its minimum.
        if energy > last + 1e-13 { state.curve[0] += 1 }
        last = energy
        if state.step % every == 0 || state.step == steps {
          state.curve += [Double(state.step) * densityStep, energy, point.moments[0]]
        }
      }
      state.moments = point.moments
      if state.step < steps { return .more(fraction: Double(state.step) / Double(steps), stage: "density") }
      return .done(try recordDensity(state.curve, steps, beta, equation))
    } catch { throw .unitFailed("\(error)") }
  }

  private func recordDensity(_ curve: [Double], _ steps: Int, _ beta: Double, _ equation: McKeanVlasov) throws(KahlerError) -> Recording {
    var recording = Recording()
    let at: [(name: String, value: ParameterValue)] = [("flow", .text("density")), ("beta", .real(beta))]
    func put(_ name: String, _ value: Observable) { recording.record(at: at, name, value) }
    let rows = stride(from: 1, to: curve.count, by: 3), times = rows.map { curve[$0] }, energies = rows.map { curve[$0 + 1] }
    let rest = try MeanField(beta: beta, field: field).solve()
    put("times", Observable(values: times, unit: "t"))
    put("free_energy", Observable(values: energies, unit: "nats"))
    put("mean_height", Observable(values: rows.map { curve[$0 + 2] }))
    put("free_energy_minimum", Observable(rest.freeEnergy, unit: "nats"))
    put("mean_height_at_rest", Observable(rest.mean))
    put("rises", Observable(curve[0]))
    put("steps", Observable(Double(steps)))
    // F - min F falls twice as fast as the slowest mode; faster modes are gone in the later half of what is seen of it.
    let seen = zip(times, energies).filter { $0.1 - rest.freeEnergy > 1e-9 && $0.1 - rest.freeEnergy < 1e-3 }
    let late = seen.suffix(max(2, seen.count / 2))
    if let first = late.first, let end = late.last, end.0 > first.0 {
      let fall = log((first.1 - rest.freeEnergy) / (end.1 - rest.freeEnergy)) / (end.0 - first.0)
      put("rate", Observable(fall / 2, unit: "1/t"))
    } else {
      put("rate", Observable(.nan, unit: "1/t", reason: "followed for too short a time"))
    }
    put("rate_exact", Observable(try equation.slowestRate(near: rest), unit: "1/t"))
    return recording
  }
}
