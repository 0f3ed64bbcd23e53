internal import BoltzmannMachines
internal import Glibc

/// A hidden unit of a first layer cut to a window about its own place: theta = b + the window's weights times its spins, in +-1 units, all
/// weights beyond the window left out. What it says of spins outside cannot come from reading them.
public struct WindowedUnit: Sendable, Equatable {
  /// The window's first site, and the share of the unit's squared weights that lies in the window.
  public let row: Int, column: Int, share: Double
  /// The window's weights, row-major, and what is added to them; positive in sum.
  let weights: [Double], bias: Double

  /// p(h = +1) of the most probable state: 1 or 0, or a half where theta is 0. Bit k of `state` is the window's site k.
  public func mostProbable(_ state: Int) -> Double {
    var theta = bias
    for (k, w) in weights.enumerated() { theta += state >> k & 1 == 1 ? w : -w }
    return theta == 0 ? 0.5 : theta > 0 ? 1 : 0
  }
}

extension BoltzmannLayer {
  /// Units of a first layer above a lattice of two dimensions, each cut to the window of `window` squared sites whose middle is nearest to
  /// the centre of its receptive field; oriented as the layer orients them.
  public func windowed(_ units: [Int], window: Int) -> [WindowedUnit] {
    precondition(shape.count == 2 && effectiveWeights.count == machine.weights.count, "a first layer above a plane")
    let machine = machine.converted(to: .plusMinusOne).machine, hidden = machine.hidden
    return units.map { unit in
      let centre = fields.fields[unit]?.centre ?? [0, 0], half = Double(window - 1) / 2, sign: Double = flipped[unit] ? -1 : 1
      let row = Int((centre[0] - half).rounded()), column = Int((centre[1] - half).rounded())
      func weight(_ site: Int) -> Double { sign * Double(machine.weights[site * hidden + unit]) }
      let inside = (0..<window * window).map { k in
        weight((row + k / window + shape[0]) % shape[0] * shape[1] + (column + k % window + shape[1]) % shape[1])
      }
      var all = 0.0
      for site in 0..<machine.visible { all += weight(site) * weight(site) }
      return WindowedUnit(
        row: row, column: column, share: all > 0 ? inside.reduce(0) { $0 + $1 * $1 } / all : .nan, weights: inside,
        bias: sign * Double(machine.hiddenBias[unit]))
    }
  }
}
