import Runtime
import Testing

@Suite("Order of units and sizes of teams") struct ScheduleTests {
  func plan(_ operations: [Double], _ team: TeamSize = .all, bytes: Double = 0, shared: Double = 0, pieces: Int? = nil) -> Plan {
    Plan(
      units: operations.enumerated().map {
        Plan.Unit(
          label: "u\($0)", team: team, operations: $1, bytesPerRank: bytes, sharedBytes: shared,
          sharing: pieces == nil ? [] : [SharedWork(operations: $1, pieces: pieces)])
      })
  }
  func schedule(_ plan: Plan, _ workers: Int, ranksPerTeam: Int? = nil, memory: Double? = nil) -> Schedule {
    Schedule(plan, chosen: Array(plan.units.indices), workers: workers, ranksPerTeam: ranksPerTeam, memoryPerRank: memory)
  }

  /// The predicted time in units of one operation.
  func seconds(_ schedule: Schedule) -> Double { 116e9 * schedule.seconds }

  @Test("units of one rank go by length, in plan order among equals, and end when longest first ends by hand")
  func longestFirst() {
    let found = schedule(plan([3, 7, 2, 7, 5, 1], .one), 2)
    #expect(found.entries.map(\.unit) == [1, 3, 4, 0, 2, 5] && found.entries.allSatisfy { $0.ranks == 1 })
    // 7 7 | 5 3 | 2 then 1 on the rank that is free at 10: 12 and 13.
    #expect(abs(seconds(found) - 13) < 1e-9)
  }

  @Test("as many units as ranks get one each; one unit gets all ranks; three on two ranks are shared")
  func teams() {
    #expect(schedule(plan([5, 5]), 2).entries.map(\.ranks) == [1, 1])
    #expect(schedule(plan([5]), 7).entries.map(\.ranks) == [7])
    #expect(schedule(plan([5], .upTo(3)), 7).entries.map(\.ranks) == [3])
    #expect(schedule(plan([5, 5, 5]), 2).entries.map(\.ranks) == [2, 2, 2])
    #expect(schedule(plan([Double](repeating: 5, count: 40)), 4).entries.allSatisfy { $0.ranks == 1 })
  }

  @Test("a unit as long as all others together gets a team, and comes first")
  func mixed() throws {
    let found = schedule(plan([1, 1, 1, 1, 1, 1, 1, 1, 12]), 4), first = try #require(found.entries.first)
    #expect(first.unit == 8 && first.ranks > 1)
    #expect(found.entries.dropFirst().allSatisfy { $0.ranks == 1 })
    #expect(seconds(found) < 8)
  }

  @Test("a unit that does not fit beside others gets the ranks among which it does; what the user sets is taken")
  func memory() {
    #expect(schedule(plan([5, 5, 5, 5], shared: 80), 4, memory: 40).entries.map(\.ranks) == [2, 2, 2, 2])
    #expect(schedule(plan([5, 5, 5, 5], bytes: 50), 4, memory: 40).entries.map(\.ranks) == [4, 4, 4, 4])
    #expect(schedule(plan([5, 5, 5, 5], shared: 1e300), 4, memory: 40).entries.map(\.ranks) == [4, 4, 4, 4])
    #expect(schedule(plan([5, 5, 5, 5]), 4, ranksPerTeam: 3).entries.map(\.ranks) == [3, 3, 3, 3])
    #expect(schedule(plan([5, 5], .one), 4, ranksPerTeam: 3).entries.map(\.ranks) == [1, 1])
  }

  @Test("a team is no larger than its messages let it be")
  func messages() throws {
    // A second of work between a million reductions: a hundred ranks would wait for 20 us each time and compute for 0.01.
    let unit = Plan.Unit(
      label: "u", team: .all, operations: 116e9, bytesPerRank: 0, sharing: [SharedWork(operations: 116e9).reducing(1e6, bytes: 8e6)])
    let ranks = try #require(schedule(Plan(units: [unit]), 100).entries.first).ranks
    #expect(ranks < 8, "\(ranks)")
  }

  @Test("no more ranks than pieces; without work, or without units, nothing is divided by")
  func pieces() {
    #expect(schedule(plan([5], pieces: 8), 64).entries.map(\.ranks) == [8])
    #expect(schedule(plan([0, 0]), 3).seconds == 0)
    #expect(schedule(plan([]), 3).entries.isEmpty)
  }

  @Test("every schedule of some 300 is between its lower bounds and one rank alone, and has each unit once")
  func bounds() {
    var state: UInt64 = 5
    func random(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state &>> 33) % UInt64(count))
    }
    for _ in 0..<300 {
      let operations = (0..<1 + random(30)).map { _ in Double(1 + random(1000)) }, workers = 1 + random(20)
      let plan = plan(operations, [.one, .upTo(1 + random(9)), .all][random(3)]), found = schedule(plan, workers)
      let whole = operations.reduce(0, +)
      #expect(found.entries.map(\.unit).sorted() == Array(operations.indices))
      #expect(seconds(found) >= whole / Double(workers) - 1e-9 && seconds(found) <= whole + 1e-9)
      #expect(found.entries.map(\.ranks) == found.entries.map(\.ranks).sorted(by: >))
      if plan.units[0].team == .one {
        // Graham: longest first on m ranks is at most 4/3 - 1/(3m) of the best, which is at least these bounds.
        let best = max(whole / Double(workers), operations.max() ?? 0)
        // The best itself may be longer than the bounds: twice is safe for every list (Graham 1966).
        #expect(seconds(found) <= 2 * best + 1e-9)
      }
    }
  }
}
