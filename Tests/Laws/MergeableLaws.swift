public import Statistics

/// Checks the laws of `Mergeable` on `parts`, taken in their order:
///
/// - `empty` is neutral on the left and on the right of each part and of their total,
/// - merging is associative: every way to bracket up to six parts gives the same total, and so does every way to cut
///   a longer list into two and into three runs that are merged on their own first.
///
/// `equal` says what "the same" means: `==` where the type is exact, closeness within a stated tolerance where it
/// holds floating-point sums. Nothing is asked about the order of the parts: that is fixed by contract.
public func mergeLaws<Part: Mergeable>(_ parts: [Part], equal: (Part, Part) -> Bool) throws {
  func merged(_ parts: some Sequence<Part>) -> Part {
    var total = Part.empty
    for part in parts { total.merge(part) }
    return total
  }
  func pair(_ left: Part, _ right: Part) -> Part {
    var result = left
    result.merge(right)
    return result
  }
  let total = merged(parts)
  for (name, part) in parts.enumerated().map({ ("part \($0.offset)", $0.element) }) + [("the total", total)] {
    guard equal(pair(.empty, part), part) else { throw LawViolation("empty is not neutral on the left of \(name)") }
    guard equal(pair(part, .empty), part) else { throw LawViolation("empty is not neutral on the right of \(name)") }
  }
  guard equal(pair(.empty, .empty), .empty) else { throw LawViolation("empty merged with empty is not empty") }
  if parts.count <= 6 {
    for (index, other) in bracketings(parts, pair).enumerated() where !equal(other, total) {
      throw LawViolation("bracketing \(index) of \(parts.count) parts differs from the left fold: \(other) against \(total)")
    }
    return
  }
  for first in 0...parts.count {
    for second in first...parts.count {
      let other = pair(merged(parts[..<first]), pair(merged(parts[first..<second]), merged(parts[second...])))
      guard equal(other, total) else {
        throw LawViolation("runs cut at \(first) and \(second) of \(parts.count) differ from the left fold: \(other) against \(total)")
      }
    }
  }
}

/// The totals of all binary bracketings of `parts` (Catalan many), in order.
private func bracketings<Part>(_ parts: [Part], _ pair: (Part, Part) -> Part) -> [Part] {
  guard parts.count > 1 else { return parts }
  var totals: [Part] = []
  for cut in 1..<parts.count {
    let rights = bracketings(Array(parts[cut...]), pair)
    for left in bracketings(Array(parts[..<cut]), pair) {
      for right in rights { totals.append(pair(left, right)) }
    }
  }
  return totals
}
