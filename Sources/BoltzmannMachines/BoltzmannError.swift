/// Why something about a Boltzmann machine cannot be computed.
public enum BoltzmannError: Error, Equatable, Sendable {
  /// An exact sum over all states of a layer was asked for, and even the smaller layer has `found` units.
  case tooManyUnits(found: Int, limit: Int)
  /// Layer `layer` of a stack has `found` visible units where the layer below has `expected` hidden ones.
  case layersDoNotFit(layer: Int, expected: Int, found: Int)
  /// A stack was given no layers.
  case noLayers
}
