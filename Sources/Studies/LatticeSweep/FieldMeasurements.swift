import Glibc
import LatticeSystems

extension FieldMeasurement where Model == HypercubicIsing {
  /// Ising spins in any dimension.
  static func ising(_ lattice: HypercubicLattice) -> FieldMeasurement {
    let modes = LowestModes(shape: lattice.extents), sites = Double(lattice.sites)
    return FieldMeasurement(names: ["magnetization"]) { model, spins in
      let m = model.magnetization(spins) / sites
      return [model.energy(spins), abs(m), m * m, (m * m) * (m * m), modes.weight(spins) { Double($0) }, m]
    } shade: {
      Double($0)
    }
  }
}

extension FieldMeasurement where Model == PottsModel {
  /// Potts colours: |m| is m_max, m^2 = (q sum_a x_a^2 - 1) / (q - 1), and the mode is that of the same order parameter.
  static func potts(_ lattice: HypercubicLattice) -> FieldMeasurement {
    let modes = LowestModes(shape: lattice.extents)
    return FieldMeasurement(names: []) { model, colours in
      let square = model.squaredMagnetization(colours), q = model.colours
      let mode = (0..<q).reduce(0.0) { sum, a in sum + modes.weight(colours) { Int($0) == a ? 1 : 0 } }
      return [
        model.energy(colours), model.largestMagnetization(colours), square, square * square, mode * Double(q) / Double(q - 1),
      ]
    } shade: {
      Double($0)
    }
  }
}

extension FieldMeasurement where Model == XYModel {
  /// XY spins; besides what the helicity modulus needs, averaged over axes: (sum cos) / N and (sum sin)^2 / N over an
  /// axis's bonds.
  static func xy(_ lattice: HypercubicLattice) -> FieldMeasurement {
    let modes = LowestModes(shape: lattice.extents), sites = Double(lattice.sites), axes = lattice.dimensions
    return FieldMeasurement(names: ["bond_cosine", "bond_sine_squared"]) { model, spins in
      let square = model.squaredMagnetization(spins)
      var cosine = 0.0, sine = 0.0
      for axis in 0..<axes {
        let sums = model.helicitySums(spins, axis: axis)
        cosine += sums.cosines / (sites * Double(axes))
        sine += sums.sines * sums.sines / (sites * Double(axes))
      }
      let mode = modes.weight(spins) { $0.x } + modes.weight(spins) { $0.y }
      return [model.energy(spins), square.squareRoot(), square, square * square, mode, cosine, sine]
    } shade: {
      atan2($0.y, $0.x) / (2 * Double.pi)
    }
  }
}

extension FieldMeasurement where Model == ScalarPhi4Model {
  /// phi^4: E = -2 sum over bonds of phi phi', conjugate to kappa; besides phi^2 and phi^4 per site.
  static func scalar(_ lattice: HypercubicLattice) -> FieldMeasurement {
    let modes = LowestModes(shape: lattice.extents), sites = Double(lattice.sites)
    return FieldMeasurement(names: ["magnetization", "field_squared", "field_fourth"]) { model, field in
      let m = field.reduce(0, +) / sites
      var second = 0.0, fourth = 0.0
      for phi in field {
        let square = phi * phi
        second += square
        fourth += square * square
      }
      return [
        -2 * model.neighbourSum(field), abs(m), m * m, (m * m) * (m * m), modes.weight(field) { $0 }, m, second / sites, fourth / sites,
      ]
    } shade: {
      $0
    }
  }
}
