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
      tape.rewind()
      let result = body(BranchingStreams(tape))
      if let place = tape.repeated { throw LawViolation("the place of use \(place) is asked for twice in one step") }
      guard tape.isComplete else { throw LawViolation("the same decisions lead to different questions: hidden randomness or state") }
      leaf(result, tape.probability)
    } while tape.advance()
  }

  public func generator(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> BranchingGenerator {
    tape.visit(Place(replica: replica, step: step, site: site, purpose: purpose))
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
    let chosen = tape.choose(below: 2) == 1
    tape.multiply(chosen ? probability : 1 - probability)
    return chosen
  }
  public mutating func index(below count: Int) -> Int {
    precondition(count >= 1, "an index needs a range")
    if count == 1 { return 0 }
    tape.multiply(1 / Double(count))
    return tape.choose(below: count)
  }
}

/// The branch being walked: the choices made so far and how many there were of each. One walk at a time uses it.
final class Tape: @unchecked Sendable {
  private var choices: [(chosen: Int, count: Int)] = []
  private var position = 0
  private var places: [BranchingStreams.Place] = []
  private(set) var probability = 1.0
  private var isConsistent = true
  private(set) var repeated: BranchingStreams.Place?

  func rewind() {
    position = 0
    probability = 1
    places.removeAll(keepingCapacity: true)
  }
  func visit(_ place: BranchingStreams.Place) {
    if places.contains(place) { repeated = place }
    places.append(place)
  }
  func choose(below count: Int) -> Int {
    if position == choices.count { choices.append((0, count)) }
    let choice = choices[position]
    if choice.count != count { isConsistent = false }
    position += 1
    return choice.chosen
  }
  func multiply(_ factor: Double) { probability *= factor }
  /// Whether the run asked exactly the questions on the tape.
  var isComplete: Bool { isConsistent && position == choices.count }
  /// Moves to the next branch; false after the last.
  func advance() -> Bool {
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
