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
      let steps = densitySteps(beta), length = time / Double(steps), every = max(1, steps / 80)
      var flow = RungeKuttaFlow(equation, stepSize: length, direction: point), last = equation.describe(point).freeEnergy
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
        // Early times are close to each other: where beta is large all is over soon.
        if state.step % every == 0 || state.step == steps || Double(state.step) * length > 1.04 * state.curve[state.curve.count - 3] {
          state.curve += [Double(state.step) * length, energy, point.moments[0]]
        }
      }
      state.moments = point.moments
      if state.step < steps { return .more(fraction: Double(state.step) / Double(steps), stage: "density") }
      return .done(recordDensity(state.curve, steps, beta, equation))
    } catch { throw .unitFailed("\(error)") }
  }

  /// Steps of `densityStep`, shorter where the fastest mode is faster: its rate is about L(L + 1) + 2 beta max(rho), and explicit
  /// steps need rate h < 2.7.
  func densitySteps(_ beta: Double) -> Int {
    let degree = 24.0, longest = min(densityStep, 2 / (degree * (degree + 1) + 4 * max(0, beta)))
    return max(2, Int((time / longest).rounded(.up)))
  }

  private func recordDensity(_ curve: [Double], _ steps: Int, _ beta: Double, _ equation: McKeanVlasov) -> Recording {
    var recording = Recording()
    let at: [(name: String, value: ParameterValue)] = [("flow", .text("density")), ("beta", .real(beta))]
    func put(_ name: String, _ value: Observable) { recording.record(at: at, name, value) }
    let rows = stride(from: 1, to: curve.count, by: 3), times = rows.map { curve[$0] }, energies = rows.map { curve[$0 + 1] }
    put("times", Observable(values: times, unit: "t"))
    put("free_energy", Observable(values: energies, unit: "nats"))
    put("mean_height", Observable(values: rows.map { curve[$0 + 2] }))
    put("rises", Observable(curve[0]))
    put("steps", Observable(Double(steps)))
    let rest: MeanField.Solution
    do throws(KahlerError) { rest = try MeanField(beta: beta, field: field).solve() } catch {
      for (name, unit) in [("free_energy_minimum", "nats"), ("mean_height_at_rest", "1"), ("rate", "1/t"), ("rate_exact", "1/t")] {
        put(name, Observable(.nan, unit: unit, reason: "no limit: \(error.description)"))
      }
      return recording
    }
    put("free_energy_minimum", Observable(rest.freeEnergy, unit: "nats"))
    put("mean_height_at_rest", Observable(rest.mean))
    // What of the density at rest the flow's polynomials cannot have.
    let beyond = rest.moments.indices.dropFirst(equation.degree + 1).map { Double(2 * $0 + 1) * abs(rest.moments[$0]) }.max() ?? 0
    put("left_out", Observable(beyond))
    // F - min F falls twice as fast as the slowest mode; faster modes are gone in the later half of what is seen of it.
    let seen = zip(times, energies).filter { $0.1 - rest.freeEnergy > 1e-9 && $0.1 - rest.freeEnergy < 1e-3 }
    let half = ((seen.first?.0 ?? 0) + (seen.last?.0 ?? 0)) / 2, late = seen.filter { $0.0 >= half }
    let narrow = "polynomials of degree \(equation.degree) do not follow so narrow a density"
    if beyond > 1e-6 {
      // The flow comes to a rest of its own, and min F is not where it goes.
      put("rate", Observable(.nan, unit: "1/t", reason: narrow))
    } else if let first = late.first, let end = late.last, end.0 > first.0 {
      let fall = log((first.1 - rest.freeEnergy) / (end.1 - rest.freeEnergy)) / (end.0 - first.0)
      put("rate", Observable(fall / 2, unit: "1/t"))
    } else {
      put("rate", Observable(.nan, unit: "1/t", reason: "F - min F is not seen between 1e-3 and 1e-9 nats"))
    }
    do throws(KahlerError) { put("rate_exact", Observable(try equation.slowestRate(near: rest), unit: "1/t")) } catch {
      put("rate_exact", Observable(.nan, unit: "1/t", reason: narrow))
    }
    return recording
  }
}
