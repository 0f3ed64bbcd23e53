public import Archives
import GradientFlows
import Runtime
import SymmetryGroups

extension MinimalOrbits {
  /// What a unit has reached.
  public struct State: Checkpointable, Sendable {
    /// The network in training with its velocity, and steps taken.
    var network: Autoencoder?, rule = Momentum<Float>(rate: 0, momentum: 0), step: UInt64 = 0
    /// Values of all encoder units on the probe images at each epoch, `[epochs, probes, units]`, and relative errors.
    var activations: [Float] = [], errors: [Double] = []
    /// What is measured of each unit so far: singular values of its tangents, principal rank, variance explained.
    var measured: [Double] = []
    /// Single shapes: the seed in work, and for finished ones the epochs to the error.
    var seed = 0, found: [Double] = []
    /// Shadow volumes: draws taken of the shape in work, and counts (draws, below ...) of each shape.
    var volumes: [Int] = []
    var recording = Recording()

    /// Images and what follows from them: made anew where missing, never saved.
    var scratch: Scratch?
    struct Scratch: Sendable {
      var gradient: ReconstructionGradient, probes: [Float]
      /// For measuring: activations, tangent derivatives and orbits of the trained encoder, by layer.
      var final: [[Float]]?, derivatives: [[Float]]?, orbits: [[Float]]?
    }

    init() {}
    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write([network == nil ? 0 : 1, seed], at: path + "/counts")
      try network?.save(to: &archive, at: path + "/network")
      try rule.save(to: &archive, at: path + "/rule")
      try archive.write(step, at: path + "/step")
      try archive.write(activations, at: path + "/activations")
      try archive.write(errors, at: path + "/errors")
      try archive.write(measured, at: path + "/measured")
      try archive.write(found.map(\.bitPattern), at: path + "/found")
      try archive.write(volumes, at: path + "/volumes")
      try recording.save(to: &archive, at: path + "/recording")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      let counts = try archive.read(Int.self, count: 2, at: path + "/counts")
      if counts[0] == 1 { network = try Autoencoder(from: archive, at: path + "/network") }
      seed = counts[1]
      rule = try Momentum(from: archive, at: path + "/rule")
      step = try archive.scalar(UInt64.self, at: path + "/step")
      activations = try archive.read(Float.self, count: nil, at: path + "/activations")
      errors = try archive.read(Double.self, count: nil, at: path + "/errors")
      measured = try archive.read(Double.self, count: nil, at: path + "/measured")
      found = try archive.read(UInt64.self, count: nil, at: path + "/found").map { Double(bitPattern: $0) }
      volumes = try archive.read(Int.self, count: nil, at: path + "/volumes")
      recording = try Recording(from: archive, at: path + "/recording")
    }
  }
}
