internal import Glibc

/// Exact information of a coarse spin about its environment, by summing over all states: a 2x2 block V of the 6x6 Ising torus, the ring
/// of twelve sites around it (the buffer) summed out, and the other twenty as environment E.
///
/// I(H : E) of any law p(h = +1 | v) of the block; I(V : E), which bounds it. Nats.
public struct ExactBlockInformation: Sendable {
  /// I(V : E).
  public let blockInformation: Double
  /// I(H : E) of each law that was asked for.
  public let informations: [Double]

  /// The torus at coupling K. `laws` give p(h = +1) for each of the 16 states of the block, whose bits 0 ... 3 are its sites in rows.
  /// 2^24 transfer products of the ring: about a second.
  public init(torusCoupling coupling: Double, laws: [[Double]]) {
    // Sites of the torus are 6y + x; the block is x, y in {2, 3}, the ring the rest of 1 ... 4.
    let block = [(2, 2), (2, 3), (3, 2), (3, 3)]
    let ring = [(1, 1), (1, 2), (1, 3), (1, 4), (2, 4), (3, 4), (4, 4), (4, 3), (4, 2), (4, 1), (3, 1), (2, 1)]
    var outer: [(Int, Int)] = []
    for y in 0..<6 { for x in 0..<6 where [y, x].contains(0) || [y, x].contains(5) { outer.append((y, x)) } }
    func near(_ a: (Int, Int), _ b: (Int, Int)) -> Bool {
      let dy = (a.0 - b.0 + 6) % 6, dx = (a.1 - b.1 + 6) % 6
      return (dy == 0 && (dx == 1 || dx == 5)) || (dx == 0 && (dy == 1 || dy == 5))
    }
    let bonds = outer.indices.flatMap { i in (0..<i).filter { near(outer[i], outer[$0]) }.map { (i, $0) } }
    // Which spins of E, and of V, each ring site touches, as masks.
    func mask(_ site: (Int, Int), _ sites: [(Int, Int)]) -> Int {
      var mask = 0
      for (k, other) in sites.enumerated() where near(site, other) { mask |= 1 << k }
      return mask
    }
    let outerMasks = ring.map { mask($0, outer) }, blockMasks = ring.map { mask($0, block) }
    let blockWeights = (0..<16).map { v -> Double in
      // The block's own four bonds.
      var sum = 0
      for (i, j) in [(0, 1), (2, 3), (0, 2), (1, 3)] { sum += (v >> i ^ v >> j) & 1 == 0 ? 1 : -1 }
      return exp(coupling * Double(sum))
    }
    // Boltzmann factors of a ring site by its field -3 ... 3, and of a bond.
    let factors = (-3...3).map { exp(coupling * Double($0)) }, alike = exp(coupling), unlike = exp(-coupling)

    var total = 0.0, pV = [Double](repeating: 0, count: 16), entropyJoint = 0.0, entropyE = 0.0
    var pH = [Double](repeating: 0, count: laws.count), entropyHE = [Double](repeating: 0, count: laws.count)
    func surprise(_ p: Double) -> Double { p > 0 ? -p * log(p) : 0 }
    var joint = [Double](repeating: 0, count: 16), fields = [Int](repeating: 0, count: 12)
    for e in 0..<1 << 20 {
      var sum = 0
      for (i, j) in bonds { sum += (e >> i ^ e >> j) & 1 == 0 ? 1 : -1 }
      let own = exp(coupling * Double(sum))
      for k in 0..<12 {
        let mask = outerMasks[k]
        fields[k] = 2 * (e & mask).nonzeroBitCount - mask.nonzeroBitCount
      }
      var all = 0.0
      for v in 0..<16 {
        // The trace of the product of the ring's twelve matrices, two columns at once.
        var a = (1.0, 0.0), b = (0.0, 1.0)
        for k in 0..<12 {
          let mask = blockMasks[k], field = fields[k] + 2 * (v & mask).nonzeroBitCount - mask.nonzeroBitCount
          let up = factors[field + 3], down = factors[3 - field]
          a = ((a.0 * alike + a.1 * unlike) * up, (a.0 * unlike + a.1 * alike) * down)
          b = ((b.0 * alike + b.1 * unlike) * up, (b.0 * unlike + b.1 * alike) * down)
        }
        joint[v] = (a.0 + b.1) * own * blockWeights[v]
        all += joint[v]
      }
      total += all
      entropyE += surprise(all)
      for v in 0..<16 {
        pV[v] += joint[v]
        entropyJoint += surprise(joint[v])
      }
      for (k, law) in laws.enumerated() {
        var up = 0.0
        for v in 0..<16 { up += joint[v] * law[v] }
        pH[k] += up
        entropyHE[k] += surprise(up) + surprise(all - up)
      }
    }
    // H of weights w that sum to Z: (sum of -w ln w) / Z + ln Z.
    let z = total, hE = entropyE / z + log(z)
    func entropy(_ sum: Double) -> Double { sum / z + log(z) }
    blockInformation = entropy(pV.reduce(0) { $0 + surprise($1) }) + hE - entropy(entropyJoint)
    informations = laws.indices.map { k in
      entropy(surprise(pH[k]) + surprise(z - pH[k])) + hE - entropy(entropyHE[k])
    }
  }
}
