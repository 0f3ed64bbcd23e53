import BoltzmannMachines
import NeuralNetworks
import Runtime

/// Machines from the HDF5 file that a run of this study wrote: what another run goes on from, or only measures.
struct GivenMachines {
  let file: String
  /// Bottom first; a deep machine as one. None where there is one with real visible units.
  let machines: [RestrictedBoltzmannMachine<Float>], gaussian: GaussianBoltzmannMachine?

  /// - Throws: `data` for a file that cannot be read, is damaged, or holds weights that are not finite.
  init(_ file: String, isGaussian: Bool) throws(StudyError) {
    self.file = file
    let path = DataFiles.path(file)
    (machines, gaussian) = isGaussian ? ([], try ModelExport.gaussian(path)) : (try ModelExport.machines(path), nil)
    let finite =
      machines.allSatisfy { ($0.weights + $0.visibleBias + $0.hiddenBias).allSatisfy(\.isFinite) }
      && (gaussian.map { ($0.weights + $0.visibleMean + $0.hiddenBias).allSatisfy(\.isFinite) } ?? true)
    if !finite { throw .data(file: file, what: "some of its weights are not finite") }
  }

  /// - Throws: `invalid` where the machines have other shapes or units than the study's.
  func check(_ shapes: [(visible: Int, hidden: Int)], units: UnitValues) throws(StudyError) {
    let found = gaussian.map { [($0.visible, $0.hidden)] } ?? machines.map { ($0.visible, $0.hidden) }
    func words(_ shapes: [(Int, Int)]) -> String { shapes.map { "\($0) x \($1)" }.joined(separator: ", ") }
    guard found.elementsEqual(shapes.map { ($0.visible, $0.hidden) }, by: ==) else {
      throw .invalid(
        parameter: "machine.start",
        what:
          "the machines of \(file) are \(words(found)) (visible x hidden); those of the study are \(words(shapes.map { ($0.visible, $0.hidden) }))"
      )
    }
    if let other = machines.first(where: { $0.units != units }) {
      throw .invalid(
        parameter: "machine.units", what: "the machines of \(file) have \(other.units == .zeroOne ? "zero-one" : "plus-minus-one") units")
    }
  }
}
