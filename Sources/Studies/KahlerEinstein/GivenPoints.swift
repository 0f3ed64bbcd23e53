import Archives
import Glibc
import KahlerGeometry
import Runtime
import Statistics

/// Configurations of points on the unit sphere from a file.
struct GivenPoints {
  let configurations: [SphereConfigurations]

  /// - Throws: `data` where the file is unusable: not [N, 3] or [configurations, N, 3], fewer than two points, numbers that are not
  ///   finite, points off the sphere by more than single precision, two points at one place.
  init(_ file: String) throws(StudyError) {
    let array: NumberArray<Double> = try DataFiles.array(file), shape = array.shape
    guard shape.count == 2 || shape.count == 3, shape[shape.count - 1] == 3 else {
      throw .data(file: file, what: "its shape is \(shape); points on the sphere are [N, 3] or [configurations, N, 3]")
    }
    let count = shape.count == 2 ? 1 : shape[0], points = shape[shape.count - 2]
    guard count >= 1, points >= 2 else {
      throw .data(file: file, what: "\(count) configurations of \(points) points; there must be at least 1 of 2 points")
    }
    var configurations: [SphereConfigurations] = []
    for c in 0..<count {
      let here = count == 1 ? "" : "configuration \(c): "
      var vectors: [SIMD3<Double>] = []
      for i in 0..<points {
        let at = 3 * (c * points + i), v = SIMD3(array.values[at], array.values[at + 1], array.values[at + 2])
        let length = (v * v).sum().squareRoot()
        // Files in single precision are good to 1e-7.
        guard abs(length - 1) <= 1e-6 else {
          throw .data(file: file, what: here + "point \(i) is not on the unit sphere: its distance from the centre is \(length)")
        }
        vectors.append(v / length)
      }
      do throws(KahlerError) { configurations.append(try SphereConfigurations(vectors)) } catch {
        throw .data(file: file, what: here + error.description)
      }
    }
    self.configurations = configurations
  }
}

extension KahlerEinstein {
  /// The files of the study, in order.
  var givenFiles: [String] { units.compactMap { if case .given(let file) = $0 { file } else { nil } } }

  /// What points from a file look like beside the gas: structure factors, their energy, the law of z.
  func recordGiven(_ file: String) throws(StudyError) -> Recording {
    var recording = Recording()
    let all = try GivenPoints(file).configurations, points = all[0].points, at = place(.given(file: file))
    func put(_ name: String, _ values: [Double], unit: String = "1") -> Estimate {
      let found = Estimate(meanOf: values)
      recording.record(at: at, name, Observable(found.value, error: found.error.isFinite ? found.error : nil, unit: unit))
      return found
    }
    recording.record(at: at, "points", Observable(Double(points)))
    recording.record(at: at, "configurations", Observable(Double(all.count)))
    let factors = all.map { $0.structureFactors(of: 0, upTo: 4) }
    for l in 1...4 {
      let s = put("structure_factor_\(l)", factors.map { $0[l] }), error = s.error / (s.value * s.value)
      guard l == 1 else { continue }
      // 1/S_1 - 1: one configuration says little of a mean.
      let beta = Observable(1 / s.value - 1, error: error.isFinite ? error : nil)
      recording.record(
        at: at, "beta", all.count > 1 ? beta : Observable(.nan, reason: "the mean of S_1 needs more than one configuration"))
    }
    // -2 ln|x - y| averaged over pairs; a gas of exponent 1 adds up ln|x - y|.
    let logs: SphereGas
    do throws(KahlerError) { logs = try SphereGas(points: points, pairExponent: 1) } catch { throw .unitFailed(error.description) }
    let pairs = Double(points * (points - 1)) / 2
    _ = put("energy", all.map { -2 * logs.logWeight($0)[0] / pairs }, unit: "nats")
    recording.record(at: at, "energy_uniform", Observable(1 - 2 * M_LN2, unit: "nats"))
    let heights = all.map { c in (0..<points).map { c.vectors(of: 0)[$0].z }.sorted() }
    _ = put("mean_height", heights.map { $0.reduce(0, +) / Double(points) })
    // Of the points of all configurations together.
    let joined = heights.flatMap { $0 }.sorted(), n = Double(joined.count)
    var largest = 0.0
    for (k, z) in joined.enumerated() {
      largest = max(largest, max(Double(k + 1) / n - (z + 1) / 2, (z + 1) / 2 - Double(k) / n))
    }
    recording.record(at: at, "kolmogorov_distance", Observable(largest))
    recording.record(
      ResultArray(
        name: "points_\(label(.given(file: file)))", longName: "the first configuration of \(file)", unit: "1",
        dimensions: [("point_\(label(.given(file: file)))", points), ("component", 3)],
        values: all[0].vectors(of: 0).flatMap { [$0.x, $0.y, $0.z] }))
    return recording
  }
}
