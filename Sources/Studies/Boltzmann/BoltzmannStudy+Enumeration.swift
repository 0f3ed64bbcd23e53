import BoltzmannMachines
import Glibc
import MessagePassing
import Sampling
import Statistics

/// Exact sums over states, in slices of bounded work that the ranks share.
extension BoltzmannStudy {
  /// Units of the layer whose states give ln Z.
  var enumeratedUnits: Int {
    let top = shapes[shapes.count - 1]
    return real == nil ? min(top.visible, top.hidden) : top.hidden
  }
  /// The work of the enumeration, as `stages` counts it.
  var enumerationWork: Double {
    let top = shapes[shapes.count - 1]
    return 60 * exp2(Double(enumeratedUnits)) * (real == nil ? 0.3 * Double(max(top.visible, top.hidden)) : 30)
  }
  /// Whether a deep machine's second layer can be summed out beside the bound.
  var sumsOut: Bool { isDeep && hidden[1] <= 10 && test.count <= 4096 }

  private func partitionBlocks(_ state: State) throws -> PartitionBlocks {
    if let gaussian = state.gaussian?.machine { return try gaussian.partitionBlocks() }
    return try state.machines[shapes.count - 1].partitionBlocks()
  }

  /// About half a second's blocks on each rank. Their sums are added in order, so that neither slices nor ranks change a bit.
  func enumerate(_ state: inout State, on team: borrowing some Communicator & ~Copyable) throws -> Double {
    let blocks = try partitionBlocks(state), first = state.position
    let count = min(blocks.count - first, team.size * max(1, Int(5e8 / blocks.cost))), share = team.share(of: count)
    let mine = blocks.logSums(first + share.lowerBound..<first + share.upperBound)
    for x in try team.allGather(mine).flatMap({ $0 }) { state.enumeration.add(x) }
    state.position = first + count
    return Double(state.position) / Double(blocks.count)
  }

  /// ln Z, once all blocks have been added.
  func enumeratedLogPartition(_ state: State) throws -> Double {
    try partitionBlocks(state).logPartition(state.enumeration)
  }

  /// ln p(v) + ln Z of more test samples, about half a second's on each rank.
  func sumOut(_ state: inout State, on team: borrowing some Communicator & ~Copyable) throws -> Double {
    let each = Double(1 << hidden[1]) * Double(shapes[0].visible * shapes[0].hidden), first = state.position
    let count = min(test.count - first, team.size * max(1, Int(5e8 / each))), share = team.share(of: count)
    let mine = test.slice(first + share.lowerBound..<first + share.upperBound)
    state.logWeights += try team.allGather(try deepMachine(state.machines).exactLogLikelihood(of: mine, logPartition: 0)).flatMap { $0 }
    state.position = first + count
    return Double(state.position) / Double(test.count)
  }
}
