import Glibc
import LinearAlgebra
import TensorNetworks
import Testing

/// The chain of a few sites by diagonalising its Hamiltonian.
struct DiagonalizedChain {
  let sites: Int, energy: Double, state: [Double]
  init(sites: Int, coupling: Double, field: Double) throws {
    let n = 1 << sites
    var h = [Double](repeating: 0, count: n * n)
    for s in 0..<n {
      for i in 0..<sites {
        let equal = (s >> i ^ s >> ((i + 1) % sites)) & 1 == 0
        h[s * n + s] -= equal ? coupling : -coupling
        h[s * n + (s ^ 1 << i)] -= field
      }
    }
    let eigen = try Linear.symmetricEigen(h, order: n)
    self.sites = sites
    energy = eigen.values[0]
    state = Array(eigen.vectors[..<n])
  }
  func z(_ i: Int, _ j: Int) -> Double {
    state.indices.reduce(0) { $0 + state[$1] * state[$1] * (($1 >> i ^ $1 >> j) & 1 == 0 ? 1 : -1) }
  }
  func x(_ sites: [Int]) -> Double {
    let flip = sites.reduce(0) { $0 | 1 << $1 }
    return state.indices.reduce(0) { $0 + state[$1] * state[$1 ^ flip] }
  }
  func entropy(_ length: Int) throws -> Double {
    let values = try Linear.singularValues(state, rows: state.count >> length, columns: 1 << length).values
    return values.reduce(0) { $0 - ($1 > 1e-14 ? $1 * $1 * log($1 * $1) : 0) }
  }
}

struct TransverseFieldChainTests {
  @Test("A ring of 8 sites is that of exact diagonalisation", arguments: [0.4, 1, 1.7])
  func ring(field: Double) throws {
    let exact = try DiagonalizedChain(sites: 8, coupling: 1.3, field: 1.3 * field)
    let chain = try TransverseFieldChain(coupling: 1.3, field: 1.3 * field, sites: 8)
    #expect(abs(chain.energyPerSite * 8 - exact.energy) < 1e-11)
    #expect(abs(chain.transverseMagnetization - exact.x([3])) < 1e-11)
    for r in 1...4 {
      #expect(abs(try chain.orderCorrelation(distance: r) - exact.z(0, r)) < 1e-11)
      #expect(abs(try chain.transverseCorrelation(distance: r) - (exact.x([0, r]) - exact.x([0]) * exact.x([r]))) < 1e-11)
    }
    for length in 1...7 { #expect(abs(try chain.blockEntropy(length: length) - exact.entropy(length)) < 1e-11) }
    #expect(abs(try chain.blockEntropy(length: 8)) < 1e-7)
  }

  @Test("At the critical point g(r) = -2 / (pi (2r - 1)) and the energy is -4/pi")
  func critical() throws {
    let chain = try TransverseFieldChain(field: 1), g = chain.correlations(-200...200)
    for (i, r) in (-200...200).enumerated() { #expect(abs(g[i] + 2 / (Double.pi * Double(2 * r - 1))) < 1e-13) }
    #expect(abs(chain.energyPerSite + 4 / Double.pi) < 1e-14 && chain.correlationLength == .infinity)
  }

  @Test("The infinite line is the limit of long rings where they are gapped", arguments: [0, 0.5, 0.95, 1.3])
  func limit(field: Double) throws {
    let line = try TransverseFieldChain(field: field), ring = try TransverseFieldChain(field: field, sites: 2000)
    #expect(abs(line.energyPerSite - ring.energyPerSite) < 1e-12)
    #expect(largestDifference(line.correlations(-20...20), ring.correlations(-20...20)) < 1e-12)
    #expect(abs(try line.blockEntropy(length: 12) - ring.blockEntropy(length: 12)) < 1e-10)
  }

  @Test("Blocks longer than the ring, odd rings and negative fields are refused with their numbers")
  func refusals() throws {
    let ring = try TransverseFieldChain(field: 1, sites: 16)
    #expect(throws: ChainError.lengthOutOfRange(17, allowed: 1...16)) { try ring.blockEntropy(length: 17) }
    #expect(throws: ChainError.lengthOutOfRange(9, allowed: 1...8)) { try ring.orderCorrelation(distance: 9) }
    #expect(throws: ChainError.ringOutOfRange(7)) { try TransverseFieldChain(field: 1, sites: 7) }
    #expect(throws: ChainError.couplingOutOfRange(coupling: 1, field: -1)) { try TransverseFieldChain(field: -1) }
  }
}

struct NetworkGraphTests {
  @Test("A cut through the tree of 8 sites is the smallest over all ways to put its 7 tensors on two sides")
  func bruteForce() throws {
    let graph = try NetworkGraph(.tree, sites: 8)
    #expect(graph.nodes == 7)
    // Tensors 0 ... 3 hold two sites each, 4 and 5 two of those, 6 both.
    let bonds = [(0, 4), (1, 4), (2, 5), (3, 5), (4, 6), (5, 6)]
    for length in 1...7 {
      for start in 0..<8 {
        var least = Int.max
        for sides in 0..<128 {
          var cut = bonds.count { (sides >> $0.0 ^ sides >> $0.1) & 1 == 1 }
          for site in 0..<8 { cut += (sides >> (site / 2) & 1) != ((site - start + 8) % 8 < length ? 1 : 0) ? 1 : 0 }
          least = min(least, cut)
        }
        #expect(try graph.minimalCut(start: start, length: length) == least)
      }
    }
  }

  @Test("A block and the rest of the ring are separated by the same cut", arguments: NetworkGraph.Kind.allCases)
  func complement(kind: NetworkGraph.Kind) throws {
    let sites = kind == .ternary ? 27 : 32, graph = try NetworkGraph(kind, sites: sites)
    for length in [1, 5, 8, 13] {
      for start in 0..<sites {
        let one = try graph.minimalCut(start: start, length: length)
        #expect(try one == graph.minimalCut(start: (start + length) % sites, length: sites - length))
        #expect(one <= length)
      }
    }
    #expect(try graph.minimalCut(start: 3, length: sites) == 0)
  }

  @Test("A network ended after its first layers has cuts that stop growing")
  func ended() throws {
    let whole = try NetworkGraph(.binary, sites: 128), short = try NetworkGraph(.binary, sites: 128, endingAfter: 2)
    #expect(short.layers == 2 && whole.layers == 6)
    let cuts = try [8, 16, 32, 64].map { try short.minimalCuts(length: $0).max() ?? 0 }
    #expect(cuts[1] == cuts[2] && cuts[2] == cuts[3])
    #expect(try (whole.minimalCuts(length: 64).max() ?? 0) > cuts[3])
    for length in [1, 3, 10] {
      for start in 0..<16 { #expect(try short.minimalCut(start: start, length: length) <= whole.minimalCut(start: start, length: length)) }
    }
  }

  @Test("Sizes that are no powers and blocks longer than the network are refused")
  func refusals() throws {
    #expect(throws: GeometryError.sitesOutOfRange(48, block: 2)) { try NetworkGraph(.binary, sites: 48) }
    #expect(throws: GeometryError.sitesOutOfRange(3, block: 3)) { try NetworkGraph(.ternary, sites: 3) }
    let graph = try NetworkGraph(.tree, sites: 8)
    #expect(throws: GeometryError.blockOutOfRange(length: 9, allowed: 1...8)) { try graph.minimalCut(start: 0, length: 9) }
  }
}
