import LatticeSystems
import RandomStreams
import Renormalization
import Sampling

/// The coarse grainings that are compared, by name.
enum CoarseRule: String, CaseIterable, Sendable {
  case majority
  case cornerMajority = "majority-corner"
  case decimation
  case likelihood = "likelihood-filter"
  case likelihoodSampled = "likelihood-filter-sampled"
  case spread = "spread-filter"
  case spreadSampled = "spread-filter-sampled"
  case information = "information-filter"
  case neuralInformation = "neural-information-filter"
  case wideInformation = "wide-information-filter"
  case network = "network-layer"
  case untied = "untied-machine"
  case random = "random-filter"
  case permuted = "permuted-majority"

  /// What is trained, if anything.
  var objective: FilterObjective? {
    switch self {
    case .likelihood, .likelihoodSampled: .contrastiveDivergence
    case .spread, .spreadSampled: .logXSpread
    case .information, .wideInformation: .environment
    case .neuralInformation: .neuralEnvironment
    case .network: .phases
    case .majority, .cornerMajority, .decimation, .untied, .random, .permuted: nil
    }
  }
  /// Whether it is a filter, and how its spins are chosen.
  var choice: TiedFilter.Choice? {
    switch self {
    case .majority, .cornerMajority, .decimation, .untied, .permuted: nil
    case .likelihood, .spread, .information, .neuralInformation, .wideInformation, .network, .random: .mostProbable
    case .likelihoodSampled, .spreadSampled: .sampled
    }
  }
  /// Whether it learns from data.
  var isLearned: Bool { objective != nil || self == .untied }
  /// Controls that are to fail.
  var isControl: Bool { self == .random || self == .permuted }

  /// What the report says it is.
  var meaning: String {
    switch self {
    case .majority: "majority of 2 x 2, a tie by a spin that a coin chooses"
    case .cornerMajority: "majority of 2 x 2, a tie by the corner's spin"
    case .decimation: "the corner's spin"
    case .likelihood: "4 x 4 filter of a Boltzmann machine, contrastive divergence; signs"
    case .likelihoodSampled: "4 x 4 filter of a Boltzmann machine, contrastive divergence, trained anew; h drawn from p(h | v)"
    case .spread: "4 x 4 filter trained for the least spread of ln X; signs"
    case .spreadSampled: "4 x 4 filter trained anew for the least spread of ln X; h drawn from p(h | v)"
    case .information: "2 x 2 filter trained for I(h : environment); signs"
    case .neuralInformation: "2 x 2 filter trained for I(h : environment) through a critic network (InfoNCE); signs"
    case .wideInformation: "4 x 4 filter trained for I(h : environment); signs"
    case .network: "4 x 4 filter of one layer that tells K + 10 % from K - 10 %; signs"
    case .untied: "Boltzmann machine on the whole lattice, one hidden unit for four spins, no weights shared; most probable states"
    case .random: "4 x 4 filter of random weights; signs (control)"
    case .permuted: "majority of 2 x 2 after all sites were permuted (control)"
    }
  }

  /// p(h = +1) for each state of the 4 x 4 window, whose middle is the block; nil where h does not hang on the window alone.
  func law(_ filter: TiedFilter?) -> ((Int) -> Double)? {
    if let filter { return { filter.probability($0) } }
    // The block's sites are bits 5, 6, 9 and 10, its corner bit 5.
    switch self {
    case .majority, .cornerMajority:
      let corner = self == .cornerMajority
      return { state in
        let up = (state & 0b0110_0110_0000).nonzeroBitCount
        return up == 2 ? (corner ? Double(state >> 5 & 1) : 0.5) : up > 2 ? 1 : 0
      }
    case .decimation: return { Double($0 >> 5 & 1) }
    default: return nil
    }
  }

  /// One step; level `level` of a flow.
  func coarsen(
    _ fine: Configurations, firstSample: Int, level: Int, filter: TiedFilter?, _ streams: KeyedStreams
  ) throws(CoarseGrainingError) -> Configurations {
    let source = LaterSteps(streams, by: UInt64(level))
    if let filter { return try filter.coarsen(fine, firstSample: firstSample, from: source) }
    switch self {
    case .decimation: return try Decimation(block: 2).coarsen(fine, firstSample: firstSample, from: source)
    case .cornerMajority: return try BlockMajority(block: 2, tie: .corner).coarsen(fine, firstSample: firstSample, from: source)
    // Its hidden units stand at single places.
    case .untied: throw .notALattice
    case .permuted:
      let order = SitePermutation(sites: fine.sites.count, from: LaterSteps(streams, by: UInt64(level)))
      let moved = try order.coarsen(fine, firstSample: firstSample, from: source)
      return try BlockMajority(block: 2).coarsen(moved, firstSample: firstSample, from: source)
    default: return try BlockMajority(block: 2).coarsen(fine, firstSample: firstSample, from: source)
    }
  }
}
