public import RandomStreams

/// Streams that walk every branch of an algorithm's decisions, depth first, so that its exact distribution is found
/// by running it once for each leaf.
///
/// A place of use may be asked for once in a run: asked twice, production would repeat its decisions while the walk
/// would take them as independent. `enumerate` throws where that happens.
public struct BranchingStreams: Streams, Sendable {
  private let tape: Tape
  private init(_ tape: Tape) { self.tape = tape }

  /// Runs `body` on every branch; it gets the streams and returns a result, which `leaf` gets with its probability.
  public static func enumerate<Result>(
    _ body: (BranchingStreams) -> Result, leaf: (Result, Double) -> Void
  ) throws(LawViolation) {
    let tape = Tape()
    repeat {
      tape.branch.rewind()
      let result = body(BranchingStreams(tape))
      if let place = tape.branch.repeated { throw LawViolation("the place of use \(place) is asked for twice in one step") }
      guard tape.branch.isComplete else { throw LawViolation("the same decisions lead to different questions: hidden randomness or state") }
      leaf(result, tape.branch.probability)
    } while tape.branch.advance()
  }

  public func generator(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> BranchingGenerator {
    tape.branch.visit(Place(replica: replica, step: step, site: site, purpose: purpose))
    return BranchingGenerator(tape: tape)
  }

  /// One place of use.
  struct Place: Hashable { var replica: Int, step: UInt64, site: Int, purpose: Purpose }
}

/// Decisions of one branch.
public struct BranchingGenerator: RandomChoices {
  let tape: Tape
  /// Never called by a kernel that a law kit can enumerate.
  public mutating func word() -> UInt64 { preconditionFailure("a word has 2^64 branches: ask for a decision") }
  public mutating func bernoulli(_ probability: Double) -> Bool {
    if probability <= 0 { return false }
    if probability >= 1 { return true }
    return tape.branch.decide(probability)
  }
  public mutating func index(below count: Int) -> Int {
    precondition(count >= 1, "an index needs a range")
    if count == 1 { return 0 }
    return tape.branch.choose(below: count)
  }
}

/// The branch being walked, shared by the streams and generators of a walk; one walk at a time uses it.
final class Tape: @unchecked Sendable {
  // A value of its own, so that a decision is one access of the class, which is checked at run time.
  var branch = Branch()
}

/// The choices made so far and how many there were of each.
struct Branch {
  private var choices: [(chosen: Int32, count: Int32)] = []
  private var position = 0
  private var places: [BranchingStreams.Place] = []
  private(set) var probability = 1.0
  private var isConsistent = true
  private(set) var repeated: BranchingStreams.Place?

  mutating func rewind() {
    position = 0
    probability = 1
    places.removeAll(keepingCapacity: true)
  }
  mutating func visit(_ place: BranchingStreams.Place) {
    if places.contains(place) { repeated = place }
    places.append(place)
  }
  /// True on one branch, with this probability, and false on the other.
  mutating func decide(_ probability: Double) -> Bool {
    let chosen = next(of: 2) == 1
    self.probability *= chosen ? probability : 1 - probability
    return chosen
  }
  /// One of `count` equally likely branches.
  mutating func choose(below count: Int) -> Int {
    probability *= 1 / Double(count)
    return Int(next(of: Int32(count)))
  }
  private mutating func next(of count: Int32) -> Int32 {
    if position == choices.count { choices.append((0, count)) }
    let choice = choices[position]
    if choice.count != count { isConsistent = false }
    position += 1
    return choice.chosen
  }
  /// Whether the run asked exactly the questions on the tape.
  var isComplete: Bool { isConsistent && position == choices.count }
  /// Moves to the next branch; false after the last.
  mutating func advance() -> Bool {
    while let last = choices.last {
      if last.chosen + 1 < last.count {
        choices[choices.count - 1].chosen += 1
        return true
      }
      choices.removeLast()
    }
    return false
  }
}
