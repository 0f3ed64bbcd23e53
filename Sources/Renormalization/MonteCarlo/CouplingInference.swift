internal import Glibc
internal import LinearAlgebra
public import Sampling
public import Statistics

/// The couplings of configurations by pseudo-likelihood: those K that make each spin likeliest given all others.
///
/// p(s_i | rest) = 1 / (1 + exp(-2 s_i sum_a K_a f_ia)), f_ia = dS_a / ds_i. ln of it, averaged over sites and samples, is concave in
/// K; where its gradient vanishes, <s_i f_ia> = <f_ia tanh(sum_b K_b f_ib)>, which is the identity of Callen that Swendsen's inverse
/// Monte Carlo renormalization solves: both find the same K. Newton's iteration; errors by the jackknife over stretches of samples.
///
/// Source: Besag 1975; Swendsen, PRL 52, 1165 (1984).
public struct CouplingInference: Sendable {
  /// The operators whose couplings are sought.
  public let operators: [SpinOperator]
  private let rows: Int, columns: Int
  /// For each operator the places, relative to a spin, of the other factors of each product that it is in.
  private let partners: [[[Int]]]

  /// Operators on a `.lattice` of one or two axes.
  public init(_ operators: [SpinOperator], sites: Configurations.Sites) throws(CoarseGrainingError) {
    switch sites {
    case .lattice(let shape) where shape.count == 1: (rows, columns) = (1, shape[0])
    case .lattice(let shape) where shape.count == 2: (rows, columns) = (shape[0], shape[1])
    case .lattice, .placed: throw .notALattice
    case .unplaced: throw .unplacedSites
    }
    self.operators = operators
    let (rows, columns) = (rows, columns)
    partners = operators.map { one in
      one.terms.flatMap { term in
        term.indices.compactMap { k -> [Int]? in
          let places = term.map {
            ($0.row - term[k].row + 8 * rows) % rows * columns + ($0.column - term[k].column + 8 * columns) % columns
          }
          // Spins that the torus brings onto each other are squared away; a spin met by a twin of its own is in no product.
          let odd = Set(places).filter { place in places.count { $0 == place } % 2 == 1 }
          guard odd.contains(0), places.firstIndex(of: 0) == k else { return nil }
          return odd.filter { $0 != 0 }.sorted()
        }
      }
    }
  }

  /// What a fit finds.
  public struct Result: Sendable, Equatable {
    /// K of each operator, not a number where the spins do not determine it; and what was asked for of them.
    public let couplings: [Estimate], derived: [Estimate]
    /// The pseudo-likelihood per spin, in nats: the logarithm of how likely a spin is given all others.
    public let logLikelihoodPerSpin: Double
  }

  /// Couplings from configurations, chains one after another, and the numbers that `derived` makes of them, with errors over `blocks`
  /// stretches.
  public func couplings(
    of configurations: Configurations, blocks: Int = 20, derived: ([Double]) -> [Double] = { _ in [] }
  ) -> Result {
    precondition(configurations.sites.count == rows * columns, "configurations of another lattice")
    let parts = SampleBlocks(samples: configurations.count, blocks: min(blocks, configurations.count))
    // How often each tuple of s_i f_ia was seen, by block: the fields are small integers, and few tuples occur.
    var tuples: [[Int8]: Int] = [:], list: [[Int8]] = []
    var seen = [[Int]](repeating: [], count: parts.blocks)
    for sample in 0..<configurations.count {
      let block = parts.block(of: sample)
      for site in 0..<rows * columns {
        let fields = fields(configurations, sample, site)
        let place: Int
        if let known = tuples[fields] {
          place = known
        } else {
          place = list.count
          tuples[fields] = place
          list.append(fields)
        }
        if seen[block].count <= place { seen[block] += [Int](repeating: 0, count: place + 1 - seen[block].count) }
        seen[block][place] += 1
      }
    }
    let counts = seen.map { $0 + [Int](repeating: 0, count: list.count - $0.count) }
    let all = list.indices.map { place in counts.reduce(0) { $0 + $1[place] } }
    var start = [Double](repeating: 0, count: operators.count), likelihood = Double.nan
    let estimates = jackknife(blocks: parts.blocks) { left -> [Double] in
      let weights = left.map { block in zip(all, counts[block]).map { $0 - $1 } } ?? all
      let (found, value) = fit(list, weights, from: start)
      if left == nil { (start, likelihood) = (found, value) }
      return found + derived(found)
    }
    let count = operators.count
    return Result(
      couplings: Array(estimates[..<count]), derived: Array(estimates[count...]), logLikelihoodPerSpin: likelihood)
  }

  /// s_i f_ia of a site.
  private func fields(_ configurations: Configurations, _ sample: Int, _ site: Int) -> [Int8] {
    let row = site / columns, column = site % columns, up = configurations[sample, site]
    return partners.map { terms in
      var sum = 0
      for term in terms {
        var equal = up
        for place in term {
          let y = (row + place / columns) % rows, x = (column + place % columns) % columns
          // A product of signs: down turns it.
          if !configurations[sample, y * columns + x] { equal.toggle() }
        }
        sum += equal ? 1 : -1
      }
      return Int8(clamping: sum)
    }
  }

  /// Newton's iteration, halved where it would climb down; with the value per spin.
  private func fit(_ tuples: [[Int8]], _ weights: [Int], from start: [Double]) -> ([Double], Double) {
    let count = operators.count, total = Double(weights.reduce(0, +))
    func value(_ k: [Double]) -> Double {
      var sum = 0.0
      for (tuple, weight) in zip(tuples, weights) where weight > 0 {
        var field = 0.0
        for a in 0..<count { field += k[a] * Double(tuple[a]) }
        sum -= Double(weight) * log1p(exp(-2 * field))
      }
      return sum / total
    }
    var k = start, best = value(k)
    for _ in 0..<60 {
      var gradient = [Double](repeating: 0, count: count), curvature = [Double](repeating: 0, count: count * count)
      for (tuple, weight) in zip(tuples, weights) where weight > 0 {
        var field = 0.0
        for a in 0..<count { field += k[a] * Double(tuple[a]) }
        let t = tanh(field), w = Double(weight) / total
        for a in 0..<count {
          gradient[a] += w * (1 - t) * Double(tuple[a])
          for b in 0..<count { curvature[a * count + b] += w * (1 - t * t) * Double(tuple[a]) * Double(tuple[b]) }
        }
      }
      guard let change = Linear.solve(curvature, order: count, right: gradient) else {
        return ([Double](repeating: .nan, count: count), .nan)
      }
      var step = 1.0, next = zip(k, change).map { $0 + $1 }, found = value(next)
      while !(found >= best - 1e-15), step > 1e-6 {
        step /= 2
        next = zip(k, change).map { $0 + step * $1 }
        found = value(next)
      }
      let moved = change.reduce(0) { max($0, abs($1)) } * step
      (k, best) = (next, found)
      if moved < 1e-12 { break }
    }
    return (k, best)
  }
}
