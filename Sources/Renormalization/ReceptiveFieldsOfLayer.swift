public import LinearAlgebra
public import RandomStreams
public import Statistics

/// The receptive fields of all units of a layer, and what is typical of them.
///
/// The effective fields of layer l are the columns of W1 W2 ... Wl. A unit is dead when its column of the layer's own
/// Wl has max |W| below a threshold: its field is noise, and medians over dead units say nothing, so every median here
/// is over live units and `deadFraction` stands beside it. Errors: see `medianOverUnits`.
public struct ReceptiveFieldsOfLayer: Sendable, Equatable {
  /// The lattice, row-major extents.
  public let shape: [Int]
  /// The field of each unit; nil for a unit whose effective weights are all zero.
  public let fields: [ReceptiveField?]
  /// Whether each unit is live.
  public let live: [Bool]

  /// `effective`: `[sites, units]`, row-major. `own`: the layer's own weights `[inputs, units]`, which for the first
  /// layer are the same. `deadBelow`: the threshold of max |own|.
  public init<Scalar: DenseScalar>(
    effective: [Scalar], own: [Scalar], units: Int, shape: [Int], deadBelow: Double = 0.1
  ) {
    let sites = shape.reduce(1, *)
    precondition(effective.count == sites * units, "effective weights are [sites, units]")
    precondition(own.count % max(1, units) == 0, "own weights are [inputs, units]")
    self.shape = shape
    let positions = Positions(shape)
    fields = (0..<units).map { ReceptiveField(Self.column($0, of: effective, units), positions) }
    var largest = [Scalar](repeating: 0, count: units)
    for (index, w) in own.enumerated() { largest[index % units] = max(largest[index % units], abs(w)) }
    live = zip(largest, fields).map { Double($0) >= deadBelow && $1 != nil }
  }

  static func column<Scalar: DenseScalar>(_ unit: Int, of weights: [Scalar], _ units: Int) -> [Double] {
    stride(from: unit, to: weights.count, by: units).map { Double(weights[$0]) }
  }

  /// How many units are dead, as a fraction.
  public var deadFraction: Double {
    live.isEmpty ? .nan : Double(live.count { !$0 }) / Double(live.count)
  }
  /// The indices of the live units.
  public var liveUnits: [Int] { live.indices.filter { live[$0] } }
  private var liveFields: [ReceptiveField] { liveUnits.compactMap { fields[$0] } }
  /// Median R over live units.
  public var radius: Estimate { medianOverUnits(liveFields.map(\.radius)) }
  /// Median PR over live units.
  public var participationRatio: Estimate { medianOverUnits(liveFields.map(\.participationRatio)) }
  /// Median coherence over live units.
  public var coherence: Estimate { medianOverUnits(liveFields.map(\.coherence)) }
  /// The fraction of live units with PR below 2: they copy a single site.
  public var singleSiteFraction: Double {
    let f = liveFields
    return f.isEmpty ? .nan : Double(f.count { $0.participationRatio < 2 }) / Double(f.count)
  }

  /// R_null of each live unit, in the order of `liveUnits`: its values on permuted sites, mean over `permutations`
  /// keyed by (unit, permutation) and `.permutation`.
  public func nullRadii<Scalar: DenseScalar>(
    effective: [Scalar], permutations: Int = 8, from streams: some Streams
  ) -> [Double] {
    precondition(permutations > 0 && effective.count == shape.reduce(1, *) * live.count, "weights of this layer")
    let positions = Positions(shape)
    return liveUnits.map {
      ReceptiveField.nullRadius(
        Self.column($0, of: effective, live.count), positions, unit: $0, permutations: permutations, from: streams)
    }
  }
  /// The median over live units of R / R_null, from `nullRadii`.
  public func relativeRadius(nullRadii: [Double]) -> Estimate {
    medianOverUnits(zip(liveFields, nullRadii).map { $0.radius / $1 })
  }

  /// For each live unit the distance from its centre to the nearest other live centre, in lattice spacings.
  public var nearestCentreDistances: [Double] {
    let centres = liveFields.map(\.centre), torus = TorusGeometry(shape: shape)
    guard centres.count > 1 else { return [] }
    return centres.indices.map { i in
      var least = Double.infinity
      for j in centres.indices where j != i { least = min(least, torus.squaredDistance(centres[i], centres[j])) }
      return least.squareRoot()
    }
  }
  /// Median distance to the nearest live centre.
  public var spacing: Estimate { medianOverUnits(nearestCentreDistances) }
  /// Standard deviation over mean of the distances to the nearest live centre: near 0 when the centres tile the lattice.
  /// The error leaves out one unit's distance at a time.
  public var spacingVariation: Estimate { variationOverUnits(nearestCentreDistances) }
}
