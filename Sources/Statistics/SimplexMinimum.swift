/// A minimum of a function of a few variables by the simplex method of Nelder and Mead (1965), from `start` with edges
/// `size`: at most 2000 evaluations, ended when the simplex is 1e-7 of `size` or flat to 1e-12. The function may be
/// infinite where it is not defined, but not at `start`.
func simplexMinimum(
  from start: [Double], size: Double, of function: ([Double]) -> Double
) -> (point: [Double], value: Double) {
  var corners = [(point: start, value: function(start))]
  for i in start.indices {
    var point = start
    point[i] += size
    corners.append((point, function(point)))
  }
  let n = start.count
  var evaluations = n + 1
  while evaluations < 2000 {
    corners.sort { $0.value < $1.value }
    let best = corners[0], worst = corners[n]
    let extent = corners.reduce(0.0) { widest, corner in
      max(widest, zip(corner.point, best.point).reduce(0.0) { max($0, abs($1.0 - $1.1)) })
    }
    if extent < 1e-7 * size || worst.value - best.value < 1e-12 * max(abs(best.value), 1e-300) { break }
    let centre = start.indices.map { i in corners[..<n].reduce(0) { $0 + $1.point[i] } / Double(n) }
    func toward(_ t: Double) -> (point: [Double], value: Double) {
      let point = zip(centre, worst.point).map { $0 + t * ($1 - $0) }
      evaluations += 1
      return (point, function(point))
    }
    let reflected = toward(-1)
    if reflected.value < best.value {
      let expanded = toward(-2)
      corners[n] = expanded.value < reflected.value ? expanded : reflected
    } else if reflected.value < corners[n - 1].value {
      corners[n] = reflected
    } else {
      let contracted = reflected.value < worst.value ? toward(-0.5) : toward(0.5)
      if contracted.value < min(reflected.value, worst.value) {
        corners[n] = contracted
      } else {
        for i in 1...n {
          let point = zip(corners[i].point, best.point).map { ($0 + $1) / 2 }
          corners[i] = (point, function(point))
        }
        evaluations += n
      }
    }
  }
  return corners.min { $0.value < $1.value } ?? corners[0]
}

/// Standard errors of the parameters at the minimum of a chi-squared: the square roots of the diagonal of 2 H^-1, with
/// H from differences over steps that raise it by about one, so that small kinks do not count. Not a number where the
/// function has no minimum there.
func curvatureErrors(at minimum: [Double], of function: ([Double]) -> Double) -> [Double] {
  let n = minimum.count, least = function(minimum)
  func moved(_ steps: [(Int, Double)]) -> Double {
    var point = minimum
    for (k, step) in steps { point[k] += step }
    return function(point)
  }
  var steps = [Double](repeating: 1e-3, count: n)
  for k in 0..<n {
    for _ in 0..<40 {
      let rise = (moved([(k, steps[k])]) + moved([(k, -steps[k])])) / 2 - least
      if rise > 0.5 && rise < 2 { break }
      // A parabola's step, with bounds where there is none.
      let factor = rise > 0 && rise.isFinite ? (1 / rise).squareRoot() : rise > 0 ? 0.3 : 3
      steps[k] *= min(max(factor, 0.1), 10)
    }
  }
  var hessian = [Double](repeating: 0, count: n * n)
  for i in 0..<n {
    hessian[i * n + i] = (moved([(i, steps[i])]) + moved([(i, -steps[i])]) - 2 * least) / (steps[i] * steps[i])
    for j in 0..<i {
      let (a, b) = (steps[i], steps[j])
      let mixed = moved([(i, a), (j, b)]) + moved([(i, -a), (j, -b)]) - moved([(i, a), (j, -b)]) - moved([(i, -a), (j, b)])
      hessian[i * n + j] = mixed / (4 * a * b)
      hessian[j * n + i] = hessian[i * n + j]
    }
  }
  guard let factor = Cholesky(hessian, size: n) else { return [Double](repeating: .nan, count: n) }
  let inverse = factor.inverse
  return (0..<n).map { (2 * inverse[$0 * n + $0]).squareRoot() }
}
