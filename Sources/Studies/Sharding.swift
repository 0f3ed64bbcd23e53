import MessagePassing
import Runtime

/// Into how many shards mini-batches are cut, as `training.shards` says: so many, or, with 0, one for each rank, whose sums are then the
/// fastest and whose bits depend on how many ranks there are.
struct Sharding {
  let given: Int

  static let parameter = Parameter(
    "shards", .integer(8), .integers(0...4096), unit: "shards",
    "leaves of the fixed summation tree; at most this many ranks share a batch. 0: one a rank, faster, its bits depend on their number")

  /// How many ranks can share a batch.
  func pieces(of batch: Int) -> Int { given > 0 ? given : batch }

  /// Refuses a batch that the shards do not divide.
  func check(batch: Int, parameter: String = "training.batch") throws(StudyError) {
    if given > 0, batch % given != 0 {
      throw .invalid(parameter: parameter, what: "\(batch) is not a multiple of training.shards = \(given)")
    }
  }

  /// The shards of a batch on `team`.
  func shards(batch: Int, on team: borrowing some Communicator & ~Copyable) throws(StudyError) -> Int {
    if given > 0 { return given }
    let ranks = team.size
    if batch % ranks != 0 {
      throw .unitFailedOnAllRanks(
        "training.shards = 0 cuts a mini-batch of \(batch) into one shard for each of \(ranks) ranks: use a multiple of \(ranks), or shards"
      )
    }
    return ranks
  }
}
