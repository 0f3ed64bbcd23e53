/// The orbit of a point with, for each of its points, an element that leads there from the first one.
public struct Orbit<Point: Hashable, Element> {
  /// The points in the order of discovery.
  public let points: [Point]
  /// `transversal[k]` moves `points[0]` to `points[k]`.
  public let transversal: [Element]
}

extension GroupAction where Point: Hashable {
  /// The orbit of `point`, by breadth-first search over the generators: as many actions as orbit length times generators.
  public func orbit(of point: Point) -> Orbit<Point, Element> {
    var points = [point], transversal = [identity], seen: Set<Point> = [point], next = 0
    while next < points.count {
      for generator in generators {
        let image = image(of: points[next], under: generator)
        if seen.insert(image).inserted {
          points.append(image)
          transversal.append(product(transversal[next], generator))
        }
      }
      next += 1
    }
    return Orbit(points: points, transversal: transversal)
  }

  /// The orbits that `points` fall into, in the order of their first points.
  public func orbits(of points: some Sequence<Point>) -> [[Point]] {
    var seen: Set<Point> = [], orbits: [[Point]] = []
    for point in points where !seen.contains(point) {
      let orbit = orbit(of: point).points
      seen.formUnion(orbit)
      orbits.append(orbit)
    }
    return orbits
  }

  /// Generators of the stabilizer of `point`: U(x) s U(x^s)^-1 over the orbit (Schreier's lemma), without repetitions
  /// and without the identity.
  public func stabilizerGenerators(of point: Point) -> [Element] {
    let orbit = orbit(of: point)
    var place: [Point: Int] = [:], found: [Element] = [], seen: Set<Element> = [identity]
    for (index, point) in orbit.points.enumerated() { place[point] = index }
    for (index, x) in orbit.points.enumerated() {
      for generator in generators {
        guard let target = place[image(of: x, under: generator)] else { preconditionFailure("orbits are closed") }
        let element = product(product(orbit.transversal[index], generator), inverse(orbit.transversal[target]))
        if seen.insert(element).inserted { found.append(element) }
      }
    }
    return found
  }
}
