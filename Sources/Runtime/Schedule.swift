/// In what order and by how many ranks the units of a run are worked on.
///
/// Units that ask for more ranks than one need not get them: while every rank has a unit of its own, none waits for another. The rule:
/// no unit is to take longer than some time m, and gets as many ranks as that takes, at most those that it asks for and at least those that
/// its memory needs. Of several m, from the longest unit's time on one rank downwards by factors of the square root of two, the one with the
/// shortest predicted run is taken. Then the largest teams come first and among equal teams the longest units: a team that meets a
/// smaller one's unit divides for good, so teams need not wait for each other to come together. Results do not depend on any of it.
public struct Schedule: Equatable, Sendable {
  /// A unit by plan index, and its ranks.
  public struct Entry: Equatable, Sendable { public let unit: Int, ranks: Int }
  /// The units in the order in which they are handed out.
  public let entries: [Entry]
  /// The predicted time of the run in seconds, by constants as they often are.
  public let seconds: Double

  /// The schedule of some units of a plan.
  ///
  /// - Parameters:
  ///   - chosen: the units of the plan that are left to do.
  ///   - workers: ranks that compute.
  ///   - ranksPerTeam: what the user has set, which is then what every unit that can be shared gets.
  ///   - memoryPerRank: bytes, nil where teams are not bound by it.
  public init(_ plan: Plan, chosen: [Int], workers: Int, ranksPerTeam: Int?, memoryPerRank: Double?) {
    let choices = chosen.map { index in
      TeamChoice(
        plan.units[index], unit: index, asked: Plan.teamSize(plan.units[index].team, ranks: workers, override: ranksPerTeam),
        memoryPerRank: memoryPerRank, isSet: ranksPerTeam != nil)
    }
    func entries(within most: Double) -> [Entry] {
      choices.map { Entry(unit: $0.unit, ranks: $0.ranks(within: most)) }.sorted { one, other in
        if one.ranks != other.ranks { return one.ranks > other.ranks }
        let a = plan.units[one.unit].operations, b = plan.units[other.unit].operations
        return a != b ? a > b : one.unit < other.unit
      }
    }
    let longest = chosen.map { plan.units[$0].time(ranks: 1) }.max() ?? 0
    var best = entries(within: longest), time = Self.time(best, workers: workers) { plan.units[$0].time(ranks: $1) }
    var most = longest, known = best
    for _ in 0..<(ranksPerTeam == nil ? 40 : 0) where longest > 0 {
      most /= 2.0.squareRoot()
      let next = entries(within: most)
      if next == known { continue }
      known = next
      let taken = Self.time(next, workers: workers) { plan.units[$0].time(ranks: $1) }
      // Smaller teams are surer: a larger one must gain something.
      if taken < 0.98 * time { (best, time) = (next, taken) }
    }
    self.entries = best
    seconds = time
  }

  /// When the last unit ends, where each takes `duration(unit, ranks)`: a team that has nothing to do takes the next unit, or divides
  /// where that wants fewer ranks.
  static func time(_ entries: [Entry], workers: Int, duration: (Int, Int) -> Double) -> Double {
    var teams = TeamQueue(first: .init(free: 0, ranks: workers)), end = 0.0
    for entry in entries {
      var team = teams.takeFirst()
      while team.ranks > entry.ranks {
        for part in Self.parts(of: team.ranks, each: entry.ranks) { teams.add(.init(free: team.free, ranks: part)) }
        team = teams.takeFirst()
      }
      team.free += max(0, duration(entry.unit, team.ranks))
      end = max(end, team.free)
      teams.add(team)
    }
    return end
  }

  /// A team of `ranks` divided into teams of `each`, the last of which may be smaller.
  static func parts(of ranks: Int, each: Int) -> [Int] {
    stride(from: 0, to: ranks, by: each).map { min(each, ranks - $0) }
  }
}

/// The teams that a unit may get, with the time on each.
private struct TeamChoice {
  let unit: Int
  private var sizes: [Int] = [], times: [Double] = []

  /// Every size up to 16, then steps of a quarter, up to what the unit asks for. With `isSet` only that.
  init(_ planned: Plan.Unit, unit: Int, asked: Int, memoryPerRank: Double?, isSet: Bool) {
    self.unit = unit
    var size = isSet ? asked : Self.least(planned, of: asked, memoryPerRank: memoryPerRank)
    while true {
      sizes.append(size)
      times.append(planned.time(ranks: size))
      if size == asked { break }
      size = min(asked, size < 16 ? size + 1 : size * 5 / 4)
    }
  }

  /// The fewest ranks among which a unit fits into memory.
  private static func least(_ unit: Plan.Unit, of asked: Int, memoryPerRank: Double?) -> Int {
    guard let memory = memoryPerRank, unit.bytes(ranks: 1) > memory else { return 1 }
    guard unit.bytesPerRank < memory else { return asked }
    return Int(max(1, min(Double(asked), (unit.sharedBytes / (memory - unit.bytesPerRank)).rounded(.up))))
  }

  /// The fewest ranks that are through in the time `most`, or else those that are through first.
  func ranks(within most: Double) -> Int {
    if let place = times.firstIndex(where: { $0 <= most }) { return sizes[place] }
    return sizes[times.indices.min { times[$0] < times[$1] } ?? 0]
  }
}

/// Teams by the time at which they are free, the larger first among equals.
private struct TeamQueue {
  struct Team {
    var free: Double, ranks: Int
    func comes(before other: Team) -> Bool { free != other.free ? free < other.free : ranks > other.ranks }
  }
  /// A binary heap: every team comes before the two below it.
  private var heap: [Team]
  init(first: Team) { heap = [first] }

  mutating func add(_ team: Team) {
    heap.append(team)
    var place = heap.count - 1
    while place > 0, heap[place].comes(before: heap[(place - 1) / 2]) {
      heap.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }
  /// There is always one: each that is taken comes back.
  mutating func takeFirst() -> Team {
    let first = heap[0], last = heap.removeLast()
    guard !heap.isEmpty else { return first }
    heap[0] = last
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2] where child < heap.count && heap[child].comes(before: heap[least]) { least = child }
      if least == place { return first }
      heap.swapAt(place, least)
      place = least
    }
  }
}
