public import Archives

/// Keeps the network that did best on samples kept aside, and says when it has not got better for `patience` epochs.
public struct EarlyStopping<Scalar: NetworkScalar>: Sendable, Equatable {
  /// Epochs without a smaller loss after which training ends.
  public let patience: Int
  /// The network with the smallest loss so far, the loss, and the epoch (from 1) after which it was found.
  public private(set) var best: Network<Scalar>?
  public private(set) var bestLoss = Double.infinity
  public private(set) var bestEpoch = 0
  /// The loss after each epoch.
  public private(set) var losses: [Double] = []

  /// Nothing seen; `patience >= 1`.
  public init(patience: Int) {
    precondition(patience >= 1, "patience is at least one epoch")
    self.patience = patience
  }

  /// Takes the loss of the next epoch; returns whether training should end. A loss that is not a number is no better.
  public mutating func note(_ loss: Double, of network: Network<Scalar>) -> Bool {
    losses.append(loss)
    if loss < bestLoss {
      best = network
      bestLoss = loss
      bestEpoch = losses.count
    }
    return losses.count - bestEpoch >= patience
  }
}

extension EarlyStopping: Checkpointable {
  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write([patience, bestEpoch, best == nil ? 0 : 1], at: path + "/counts")
    // As bits: an infinite loss is no fault.
    try archive.write([bestLoss.bitPattern] + losses.map(\.bitPattern), at: path + "/losses")
    if let best { try best.save(to: &archive, at: path + "/best") }
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let counts = try archive.read(Int.self, count: 3, at: path + "/counts")
    let losses = try archive.read(UInt64.self, count: nil, at: path + "/losses").map { Double(bitPattern: $0) }
    guard counts[0] >= 1, !losses.isEmpty else { throw .damaged(file: path, reason: "its counts are \(counts)") }
    (patience, bestEpoch) = (counts[0], counts[1])
    bestLoss = losses[0]
    self.losses = Array(losses.dropFirst())
    if counts[2] == 1 { best = try Network(from: archive, at: path + "/best") }
  }
}
