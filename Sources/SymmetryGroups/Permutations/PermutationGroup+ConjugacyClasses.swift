extension PermutationGroup {
  /// One class {h^-1 g h : h in G}.
  public struct ConjugacyClass: Sendable {
    /// The first of the class in the order of `elements`.
    public let representative: Permutation
    /// How many elements it has.
    public let size: Int
    /// The order of its elements.
    public var elementOrder: Int { representative.order }
  }

  /// All classes, that of the identity first: the orbits of g -> h^-1 g h, followed along the generators.
  ///
  /// Elements are known by their place in the chain, so that no element is stored or looked up: |G| times the number of
  /// generators conjugations and siftings, 8 bytes of memory for each element.
  /// - Throws: `groupTooLarge` above `limit` elements.
  public func conjugacyClasses(limit: Int = 1_000_000) throws(PermutationError) -> [ConjugacyClass] {
    let count = try count(upTo: limit)
    var seen = [Bool](repeating: false, count: count), classes: [ConjugacyClass] = []
    var work: [Int32] = []
    for (index, element) in elements.enumerated() where !seen[index] {
      seen[index] = true
      // Elements of the class whose conjugates have not been looked at.
      var waiting = [element], size = 1
      while let g = waiting.popLast() {
        for generator in generators {
          let conjugate = g.conjugated(by: generator)
          guard let place = self.index(of: conjugate, &work) else {
            preconditionFailure("a conjugate by a generator is an element")
          }
          if !seen[place] {
            seen[place] = true
            size += 1
            waiting.append(conjugate)
          }
        }
      }
      classes.append(ConjugacyClass(representative: element, size: size))
    }
    return classes
  }
}
