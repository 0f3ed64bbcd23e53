import Glibc

/// The symbols of X sorted into clusters, and H(T) - beta I(T;Y) as a sum over clusters:
///
///     sum_t c(t) + const,   c = -p_t ln p_t - beta sum_y p_ty ln(p_ty / p_t),
///
/// so that what a move or a merger changes is told by the clusters that it touches.
struct HardPartition {
  private let law: JointLaw, beta: Double
  /// The cluster of each x.
  private(set) var assignment: [Int]
  /// The joint weights with each y, `[cluster, y]`, and the number of symbols and the cost of each cluster.
  private var joint: [Double], members: [Int], costs: [Double]

  /// - Parameter assignment: a cluster below `clusters` for each x.
  init(_ law: JointLaw, beta: Double, clusters: Int, assignment: [Int]) {
    self.law = law
    self.beta = beta
    self.assignment = assignment
    joint = [Double](repeating: 0, count: clusters * law.columns)
    members = [Int](repeating: 0, count: clusters)
    costs = [Double](repeating: 0, count: clusters)
    for (x, t) in assignment.enumerated() {
      members[t] += 1
      for y in 0..<law.columns { joint[t * law.columns + y] += law.probabilities[x * law.columns + y] }
    }
    for t in 0..<clusters { costs[t] = cost(t, 0, 0) }
  }

  /// The sum of all clusters' costs: the functional less beta H(Y).
  var cost: Double { costs.reduce(0, +) }
  private var columns: Int { law.columns }

  /// The cost of cluster t after `sign` times the weights from place `other` of `joint` (mergers) are added.
  private func cost(_ t: Int, _ sign: Double, _ other: Int) -> Double {
    var weight = 0.0, sum = 0.0
    for y in 0..<columns {
      let p = joint[t * columns + y] + sign * (sign == 0 ? 0 : joint[other + y])
      weight += p
      if p > 0 { sum += p * naturalLog(p) }
    }
    // -p ln p - beta (sum p_ty ln p_ty - p ln p).
    let own = weight > 0 ? weight * naturalLog(weight) : 0
    return (beta - 1) * own - beta * sum
  }
  /// The cost of cluster t with symbol x added (`sign` 1) or taken away (-1).
  private func cost(_ t: Int, with x: Int, _ sign: Double) -> Double {
    var weight = 0.0, sum = 0.0
    for y in 0..<columns {
      let p = max(0, joint[t * columns + y] + sign * law.probabilities[x * columns + y])
      weight += p
      if p > 0 { sum += p * naturalLog(p) }
    }
    let own = weight > 0 ? weight * naturalLog(weight) : 0
    return (beta - 1) * own - beta * sum
  }

  private mutating func recount(_ t: Int) {
    for y in 0..<columns { joint[t * columns + y] = 0 }
    for (x, cluster) in assignment.enumerated() where cluster == t {
      for y in 0..<columns { joint[t * columns + y] += law.probabilities[x * columns + y] }
    }
    costs[t] = cost(t, 0, 0)
  }
  private mutating func move(_ x: Int, to target: Int) {
    let from = assignment[x]
    assignment[x] = target
    members[from] -= 1
    members[target] += 1
    recount(from)
    recount(target)
  }
  private mutating func merge(_ a: Int, _ b: Int) {
    for x in assignment.indices where assignment[x] == b { assignment[x] = a }
    members[a] += members[b]
    members[b] = 0
    recount(a)
    recount(b)
  }

  /// Moves single symbols, to other clusters or to an empty one, and merges clusters, for as long as that lowers the cost.
  mutating func descend() {
    var changed = true
    while changed {
      changed = false
      for x in assignment.indices {
        let from = assignment[x], left = cost(from, with: x, -1) - costs[from]
        var best = -1e-13, target = -1, sawEmpty = false
        for t in members.indices where t != from {
          if members[t] == 0 {
            // All empty clusters are one.
            if sawEmpty || members[from] == 1 { continue }
            sawEmpty = true
          }
          let change = left + cost(t, with: x, 1) - costs[t]
          if change < best { (best, target) = (change, t) }
        }
        if target >= 0 {
          move(x, to: target)
          changed = true
        }
      }
      if let pair = bestMerger(), pair.change < -1e-13 {
        merge(pair.a, pair.b)
        changed = true
      }
    }
  }

  private func bestMerger() -> (a: Int, b: Int, change: Double)? {
    var best: (a: Int, b: Int, change: Double)?
    let filled = members.indices.filter { members[$0] > 0 }
    for (place, a) in filled.enumerated() {
      for b in filled[(place + 1)...] {
        let change = cost(a, 1, b * columns) - costs[a] - costs[b]
        if change < best?.change ?? .infinity { best = (a, b, change) }
      }
    }
    return best
  }

  /// The clusters merged pair by pair, at each step the pair that costs least, down to one: the best of all these partitions.
  func agglomerated() -> HardPartition {
    var now = self, best = self
    let count = members.count
    // What a merger of two changes; those of the merged one are told anew.
    var changes = [Double](repeating: .infinity, count: count * count)
    func tell(_ a: Int, _ b: Int) { changes[min(a, b) * count + max(a, b)] = now.cost(a, 1, b * now.columns) - now.costs[a] - now.costs[b] }
    let filled = members.indices.filter { members[$0] > 0 }
    for (place, a) in filled.enumerated() { for b in filled[(place + 1)...] { tell(a, b) } }
    for _ in 1..<max(1, filled.count) {
      guard let least = changes.indices.min(by: { changes[$0] < changes[$1] }), changes[least].isFinite else { break }
      let a = least / count, b = least % count
      now.merge(a, b)
      for t in 0..<count { changes[min(b, t) * count + max(b, t)] = .infinity }
      for t in filled where t != a && now.members[t] > 0 { tell(a, t) }
      if now.cost < best.cost { best = now }
    }
    return best
  }
}

extension InformationBottleneck {
  /// The deterministic kind's minimum as far as it is found: from what the iteration has come to, from everything in one cluster, from
  /// the solution before and from all of X merged pair by pair, each brought down by moves of single symbols and mergers.
  func bestPartition(_ found: BottleneckPoint, after previous: BottleneckPoint?) -> BottleneckPoint {
    let beta = found.beta
    func assignment(_ point: BottleneckPoint) -> [Int] {
      (0..<law.rows).map { x in
        let row = point.encoder[x * clusters..<(x + 1) * clusters]
        return (row.indices.max { row[$0] < row[$1] } ?? row.startIndex) - row.startIndex
      }
    }
    func partition(_ assignment: [Int]) -> HardPartition { HardPartition(law, beta: beta, clusters: clusters, assignment: assignment) }
    var starts = [partition(assignment(found)), partition([Int](repeating: 0, count: law.rows))]
    if let previous { starts.append(partition(assignment(previous))) }
    if clusters >= law.rows {
      starts.append(partition(Array(0..<law.rows)))
      starts.append(starts[starts.count - 1].agglomerated())
    }
    starts.append(starts[0].agglomerated())
    var best = starts[0]
    for var start in starts {
      start.descend()
      // What differs by rounding alone is no better.
      if start.cost < best.cost - 1e-11 { best = start }
    }
    guard best.assignment != assignment(found) else { return found }
    var iteration = BottleneckIteration(law, clusters: clusters), encoder = [Double](repeating: 0, count: law.rows * clusters)
    for (x, t) in best.assignment.enumerated() { encoder[x * clusters + t] = 1 }
    iteration.start(from: encoder)
    return point(iteration, beta, found.iterations, true)
  }
}
