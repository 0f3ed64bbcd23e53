public import SymmetryGroups

/// The laws of `GroupAction` on `points`, for all pairs of `elements`:
/// - the identity moves nothing and is neutral;
/// - acting by a and then by b is acting by product(a, b);
/// - an element and its inverse undo each other.
///
/// - Throws: the first violation found.
public func groupActionLaws<Action: GroupAction>(
  _ action: Action, elements: [Action.Element], points: [Action.Point]
) throws(LawViolation) where Action.Point: Equatable {
  func hold(_ law: Bool, _ words: @autoclosure () -> String) throws(LawViolation) { if !law { throw LawViolation(words()) } }
  for point in points { try hold(action.image(of: point, under: action.identity) == point, "the identity moves \(point)") }
  for a in elements {
    try hold(action.product(a, action.identity) == a, "\(a) times the identity is another element")
    try hold(action.product(action.identity, a) == a, "the identity times \(a) is another element")
    try hold(action.product(a, action.inverse(a)) == action.identity, "\(a) times its inverse is not the identity")
    try hold(action.product(action.inverse(a), a) == action.identity, "the inverse times \(a) is not the identity")
    for b in elements {
      let both = action.product(a, b)
      for point in points {
        let one = action.image(of: action.image(of: point, under: a), under: b)
        try hold(one == action.image(of: point, under: both), "\(a), then \(b), is not their product on \(point)")
      }
    }
  }
}
