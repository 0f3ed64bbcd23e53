internal import Glibc
internal import InformationTheory

/// A block V of 2 x 2 spins on the 6 x 6 Ising torus, the twelve spins around it summed out, and the environment E of the other
/// twenty, exactly.
///
/// V hears of E through twelve numbers alone: the eight spins straight across the ring, and the sums of two spins at its four corners.
/// So E counts as 256 x 81 classes, and what V's law says of the class it says of E.
/// V's bits: (0, 0), (0, 1), (1, 0), (1, 1), rows first. Source of the geometry: M. Koch-Janusz, Z. Ringel, Nature Physics 14, 578 (2018).
public struct BlockEnvironment: Sendable {
  /// P(V, class of E), `[16, 256 x 81]`; the spins across are the class's low eight bits.
  public let law: [Double]
  /// Classes of E.
  public static var classes: Int { 256 * 81 }
  /// The sites straight across the ring from V, as rows and columns from V's first site, in the order of their bits.
  public static let across = [(-2, 0), (-2, 1), (0, 3), (1, 3), (3, 1), (3, 0), (1, -2), (0, -2)]

  /// The law at coupling K.
  public init(coupling: Double) {
    let weights = Self.environments(coupling)
    var law = [Double](repeating: 0, count: 16 * Self.classes), total = 0.0
    for block in 0..<16 {
      let equal = [(0, 1), (0, 2), (1, 3), (2, 3)].count { block >> $0.0 & 1 == block >> $0.1 & 1 }
      let own = exp(coupling * Double(2 * equal - 4))
      for other in 0..<Self.classes {
        let weight = own * weights[other] * Self.ring(block, other, coupling)
        law[block * Self.classes + other] = weight
        total += weight
      }
    }
    self.law = law.map { $0 / total }
  }

  /// The weights of all environments of each class. The frame's sites go around from (-2, -2) along its first row.
  private static func environments(_ coupling: Double) -> [Double] {
    let acrossSites = [2, 3, 7, 8, 12, 13, 17, 18], corners = [(1, 19), (4, 6), (9, 11), (14, 16)]
    // Over the torus's edge: opposite sides of the frame are neighbours.
    var wraps: [(Int, Int)] = []
    for place in -2...3 {
      wraps.append((place + 2, 13 - place))
      wraps.append(((18 - place) % 20, place + 7))
    }
    var weights = [Double](repeating: 0, count: classes)
    for e in 0..<1 << 20 {
      let unlike = (e ^ (e >> 1 | (e & 1) << 19)).nonzeroBitCount + wraps.count { e >> $0.0 & 1 != e >> $0.1 & 1 }
      var place = 0
      for (bit, site) in acrossSites.enumerated() { place |= (e >> site & 1) << bit }
      var power = 256
      for (a, b) in corners {
        place += power * (e >> a & 1 + e >> b & 1)
        power *= 3
      }
      weights[place] += exp(coupling * Double(32 - 2 * unlike))
    }
    return weights
  }

  /// The sum over the twelve spins of the ring, in the fields of V and E.
  private static func ring(_ block: Int, _ other: Int, _ coupling: Double) -> Double {
    // Around the ring from (-1, -1): a corner, then two sites each with one spin of V and one across.
    let inner = [0, 1, 1, 3, 3, 2, 2, 0]
    var fields: [Double] = [], corners = other >> 8
    for side in 0..<4 {
      fields.append(Double(2 * (corners % 3) - 2))
      corners /= 3
      for site in 2 * side..<2 * side + 2 {
        let ups = (block >> inner[site] & 1) + (other >> site & 1)
        fields.append(Double(2 * ups - 2))
      }
    }
    let like = exp(coupling), unlike = exp(-coupling)
    // The product of bond times field around the ring.
    var (uu, ud, du, dd) = (1.0, 0.0, 0.0, 1.0)
    for field in fields {
      let up = exp(coupling * field), down = 1 / up
      let (a, b, c, d) = (uu * like + ud * unlike, uu * unlike + ud * like, du * like + dd * unlike, du * unlike + dd * like)
      (uu, ud, du, dd) = (a * up, b * down, c * up, d * down)
    }
    return uu + dd
  }

  /// I(V:E) in nats.
  public var blockInformation: Double { mutualInformation(ofJoint: law, rows: 16, columns: Self.classes) }
  /// P(V, the spins across), `[16, 256]`.
  public var acrossLaw: [Double] {
    var result = [Double](repeating: 0, count: 16 * 256)
    for block in 0..<16 { for other in 0..<Self.classes { result[block * 256 + other & 255] += law[block * Self.classes + other] } }
    return result
  }
  /// I(H:E) in nats of a coarse spin that is up with probability `rule[v]` for each of V's 16 states.
  public func information(_ rule: [Double]) -> Double { Self.information(rule, law) }
  /// The largest I(H:E) of maps V -> H that turn with all spins, by trying all 256.
  public var bestOddMap: Double {
    var best = 0.0
    for choice in 0..<256 {
      let half = (0..<8).map { Double(choice >> $0 & 1) }, other = half.reversed().map { 1 - $0 }
      best = max(best, information(half + other))
    }
    return best
  }

  /// I(H;Y) in nats from a joint law of V and Y, `[16, Y]`.
  public static func information(_ rule: [Double], _ law: [Double]) -> Double {
    let columns = law.count / 16
    var joint = [Double](repeating: 0, count: 2 * columns)
    for v in 0..<16 {
      for y in 0..<columns {
        joint[y] += rule[v] * law[v * columns + y]
        joint[columns + y] += (1 - rule[v]) * law[v * columns + y]
      }
    }
    return mutualInformation(ofJoint: joint, rows: 2, columns: columns)
  }
}

/// Coarse spins of a block of 2 x 2 spins, as the probability of +1 for each of its 16 states.
public enum BlockRule {
  /// The sign of the sum; where it is zero one of the four spins, drawn at random.
  public static let majority: [Double] = (0..<16).map { v in
    let up = v.nonzeroBitCount
    return up == 2 ? 0.5 : up > 2 ? 1 : 0
  }
  /// The sign of the sum; where it is zero the first spin.
  public static let majorityFirstTie: [Double] = (0..<16).map { v in v.nonzeroBitCount == 2 ? Double(v & 1) : v.nonzeroBitCount > 2 ? 1 : 0
  }
  /// The first spin.
  public static let decimation: [Double] = (0..<16).map { Double($0 & 1) }
  /// Up with probability 1/(1 + exp(-2 lambda M)), M the sum of the block.
  public static func logistic(_ lambda: Double) -> [Double] {
    (0..<16).map { v in 1 / (1 + exp(-2 * lambda * Double(2 * v.nonzeroBitCount - 4))) }
  }
}
