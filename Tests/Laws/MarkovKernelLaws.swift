import Glibc
import RandomStreams
public import Sampling

/// The exact transition probabilities T(s -> s') from one state, by enumeration of the kernel's decisions; states are
/// known by the injective number that `index` gives them.
public func transitions<Kernel: MarkovKernel>(
  of kernel: Kernel, from state: Kernel.State, at step: UInt64 = 0, index: (Kernel.State) -> Int
) throws(LawViolation) -> [Int: Double] {
  var kernel = kernel
  var row: [Int: CompensatedSum] = [:], total = CompensatedSum()
  try BranchingStreams.enumerate { streams in
    var next = state
    kernel.step(&next, at: step, from: streams)
    return index(next)
  } leaf: { target, probability in
    row[target, default: CompensatedSum()].add(probability)
    total.add(probability)
  }
  guard abs(total.value - 1) <= 1e-13 else { throw LawViolation("the branches' probabilities add up to \(total.value)") }
  return row.mapValues(\.value)
}

/// A sum of millions of small terms to full precision (Neumaier 1974).
struct CompensatedSum {
  private var sum = 0.0, lost = 0.0
  var value: Double { sum + lost }
  mutating func add(_ term: Double) {
    let next = sum + term
    lost += abs(sum) >= abs(term) ? (sum - next) + term : (term - next) + sum
    sum = next
  }
}

/// The law of `MarkovKernel`: pT = p exactly, p(s) proportional to exp(`logWeight`), on `states`, a set that the kernel
/// does not leave. `index` numbers the states 0 ..< states.count in their order. Throws where some state's
/// probability changes by more than `tolerance` times itself.
public func stationarityLaw<Kernel: MarkovKernel>(
  _ kernel: Kernel, states: [Kernel.State], logWeight: (Kernel.State) -> Double, index: (Kernel.State) -> Int,
  at step: UInt64 = 0, tolerance: Double = 1e-12
) throws(LawViolation) {
  let logs = states.map(logWeight), largest = logs.max() ?? 0
  let weights = logs.map { exp($0 - largest) }
  var image = [CompensatedSum](repeating: CompensatedSum(), count: states.count)
  for (number, state) in states.enumerated() {
    guard index(state) == number else { throw LawViolation("state \(number) is numbered \(index(state))") }
    for (target, probability) in try transitions(of: kernel, from: state, at: step, index: index) {
      guard image.indices.contains(target) else { throw LawViolation("the kernel leaves the states, to \(target)") }
      image[target].add(weights[number] * probability)
    }
  }
  for (number, weight) in weights.enumerated() {
    let found = image[number].value
    guard abs(found - weight) <= tolerance * weight else {
      throw LawViolation("state \(number): p = \(weight), pT = \(found), ratio - 1 = \(found / weight - 1)")
    }
  }
}

/// Irreducible and aperiodic: from every state every other is reached, after any large number of steps. Without it the stationary law is not
/// the only one, and averages depend on the start. `index` numbers the states 0 ..< states.count in their order.
public func ergodicityLaw<Kernel: MarkovKernel>(
  _ kernel: Kernel, states: [Kernel.State], index: (Kernel.State) -> Int, at step: UInt64 = 0
) throws(LawViolation) {
  var forth: [[Int]] = [], back = [[Int]](repeating: [], count: states.count)
  for (number, state) in states.enumerated() {
    let row = try transitions(of: kernel, from: state, at: step, index: index).filter { $0.value > 0 }.map(\.key)
    forth.append(row)
    for target in row { back[target].append(number) }
  }
  // Distances from state 0; the period is the greatest common divisor of d(i) + 1 - d(j) over all moves i -> j.
  func distances(_ edges: [[Int]]) -> [Int?] {
    var found = [Int?](repeating: nil, count: edges.count), queue = [0], next = 0
    found[0] = 0
    while next < queue.count {
      let here = queue[next], distance = found[here] ?? 0
      next += 1
      for target in edges[here] where found[target] == nil {
        found[target] = distance + 1
        queue.append(target)
      }
    }
    return found
  }
  let reached = distances(forth)
  if let lost = reached.firstIndex(of: nil) { throw LawViolation("state \(lost) is never reached from state 0") }
  if let lost = distances(back).firstIndex(of: nil) { throw LawViolation("state 0 is never reached from state \(lost)") }
  var period = 0
  for (i, row) in forth.enumerated() {
    for j in row {
      var a = period, b = abs((reached[i] ?? 0) + 1 - (reached[j] ?? 0))
      while b != 0 { (a, b) = (b, a % b) }
      period = a
    }
  }
  guard period == 1 else { throw LawViolation("the chain comes back to a state after multiples of \(period) steps only") }
}

/// Detailed balance p(s) T(s -> s') = p(s') T(s' -> s) for all pairs of `states`, which may be a part of all states.
/// Stronger than stationarity: single-site and cluster moves satisfy it, sweeps over sites in order do not.
public func detailedBalanceLaw<Kernel: MarkovKernel>(
  _ kernel: Kernel, states: [Kernel.State], logWeight: (Kernel.State) -> Double, index: (Kernel.State) -> Int,
  at step: UInt64 = 0, tolerance: Double = 1e-12
) throws(LawViolation) {
  var rows: [[Int: Double]] = []
  for state in states { rows.append(try transitions(of: kernel, from: state, at: step, index: index)) }
  let logs = states.map(logWeight), numbers = states.map(index)
  for i in states.indices {
    for j in 0..<i {
      let forth = rows[i][numbers[j]] ?? 0, back = rows[j][numbers[i]] ?? 0
      let expected = exp(logs[i] - logs[j]) * forth
      guard abs(expected - back) <= tolerance * max(expected, back) else {
        throw LawViolation("states \(numbers[i]) and \(numbers[j]): T = \(forth) and \(back), weight ratio \(exp(logs[i] - logs[j]))")
      }
    }
  }
}
