import Glibc
import InformationTheory

/// A rule on twelve bits, the vertices of an icosahedron, that keeps its symmetry: y = 1 iff 4.5 n - n1 - n3/2 > 19.25, n the
/// number of ones, n1 of pairs of ones on adjacent vertices, n3 on antipodal ones. It has the counts per n that are known of
/// the data set of Shwartz-Ziv and Tishby (2017); its single labels are its own.
enum TwelveBits {
  /// The labels of all 4096 inputs, bit i of the number on vertex i.
  static let labels: [Int] = {
    let golden = (1 + sqrt(5.0)) / 2
    var vertices: [[Double]] = []
    for place in 0..<3 {
      for (a, b) in [(1.0, 1.0), (1, -1), (-1, 1), (-1, -1)] {
        vertices.append([[0, a, b * golden], [a, b * golden, 0], [b * golden, 0, a]][place])
      }
    }
    var adjacent: [(Int, Int)] = [], antipodal: [(Int, Int)] = []
    for i in 0..<12 {
      for j in 0..<i {
        let product = zip(vertices[i], vertices[j]).reduce(0) { $0 + $1.0 * $1.1 } / (1 + golden * golden)
        if abs(product - 1 / sqrt(5.0)) < 1e-9 { adjacent.append((i, j)) }
        if abs(product + 1) < 1e-9 { antipodal.append((i, j)) }
      }
    }
    return (0..<4096).map { input in
      func ones(_ pairs: [(Int, Int)]) -> Double { Double(pairs.count { input >> $0.0 & 1 == 1 && input >> $0.1 & 1 == 1 }) }
      return 4.5 * Double(input.nonzeroBitCount) - ones(adjacent) - 0.5 * ones(antipodal) > 19.25 ? 1 : 0
    }
  }()

  /// p(n, y), n the number of ones.
  static let counts: JointLaw = {
    var cells = [Double](repeating: 0, count: 26)
    for (input, label) in labels.enumerated() { cells[2 * input.nonzeroBitCount + label] += 1.0 / 4096 }
    do { return try JointLaw(cells, rows: 13, columns: 2) } catch { preconditionFailure("\(error)") }
  }()
}
