/// A finite group given by generators that moves the points of a set.
///
/// Laws (kit `groupActionLaws`), with `product(a, b)` meaning first a, then b:
///
///     identity moves nothing;   acting by a and then by b is acting by product(a, b);   a and inverse(a) undo each other.
///
/// Orbits, stabilizers and the shadow stabilizer of any feature are written once, over this.
public protocol GroupAction: Sendable {
  associatedtype Element: Hashable & Sendable
  associatedtype Point
  /// Elements whose products give the group.
  var generators: [Element] { get }
  /// The neutral element.
  var identity: Element { get }
  /// First `a`, then `b`.
  func product(_ a: Element, _ b: Element) -> Element
  /// The element that undoes `element`.
  func inverse(_ element: Element) -> Element
  /// Moves a point.
  func act(_ element: Element, on point: inout Point)
}

extension GroupAction {
  /// The image of a point.
  @inlinable public func image(of point: Point, under element: Element) -> Point {
    var result = point
    act(element, on: &result)
    return result
  }

  /// All elements, the identity first, by breadth-first search over the generators; nil above `limit` elements.
  public func elements(limit: Int = 1_000_000) -> [Element]? {
    var found = [identity], seen: Set<Element> = [identity], next = 0
    while next < found.count {
      for generator in generators {
        let element = product(found[next], generator)
        if seen.insert(element).inserted { found.append(element) }
      }
      guard found.count <= limit else { return nil }
      next += 1
    }
    return found
  }

  /// R(F)(x) = 1/|G| sum over g of F(g x), the projection of a function onto the invariant ones (Reynolds operator);
  /// `elements` are all elements of the group.
  public func average(_ feature: (Point) -> Double, at point: Point, over elements: [Element]) -> Double {
    elements.reduce(0) { $0 + feature(image(of: point, under: $1)) } / Double(elements.count)
  }
}
