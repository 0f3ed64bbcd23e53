import Glibc
import LinearAlgebra
import RandomStreams
import TensorNetworks
import Testing

struct TensorTests {
  @Test("Reordering legs moves every element to its place", arguments: ["abcd", "dcba", "bdac", "cabd", "adcb", "dabc"])
  func reordering(order: String) {
    var draws = Draws(1)
    let tensor = draws.tensor("abcd", [3, 9, 4, 17]), moved = tensor.ordered(order)
    #expect(moved.legs == order && moved.dimensions == order.map { tensor.dimension(of: $0) })
    #expect(moved.elements == summed([tensor, Tensor("z", [1], [1])], keeping: order + "z"))
    #expect(moved.ordered("abcd") == tensor)
  }

  @Test(
    "A planned contraction is the sum over all shared legs, in any order of the result",
    arguments: [
      (["ab", "bc"], "ac"), (["ab", "bc"], "ca"), (["abc", "cbd"], "da"), (["ab", "cd"], "dbca"), (["abc", "abc"], ""),
      (["abcd", "cefb", "fgda"], "geh"), (["abxc", "cdye", "eazf"], "zbxfdy"),
      (["abcA", "defB", "stcd", "stST", "STCD", "abCX", "DefY"], "ABXY"),
      (["abcA", "defB", "stcd", "StCD", "agCX", "DefY", "ABXY"], "bsgS"),
      (["defB", "stcd", "teTG", "sTCD", "abCX", "DGfY", "ABXY"], "abcA"),
    ])
  func contraction(operands: [String], output: String) {
    var draws = Draws(2)
    // Two or three values a leg, so that a leg taken for another shows.
    func size(_ leg: Character) -> Int { Int(leg.asciiValue ?? 0) % 2 + (operands.count > 4 ? 1 : 2) + ("aC".contains(leg) ? 1 : 0) }
    var tensors = operands.map { legs in draws.tensor(legs, legs.map(size)) }
    // A leg of the result alone does not exist: "h" belongs to a tensor of its own.
    if output.contains("h") { tensors.append(draws.tensor("h", [size("h")])) }
    let found = Tensor.contraction(tensors, keeping: output)
    let exact = summed(tensors, keeping: output), scale = exact.reduce(1) { max($0, abs($1)) }
    #expect(found.legs == output && largestDifference(found.elements, exact) < 1e-12 * scale)
  }

  @Test("The plan of a chain of matrices is the cheapest parenthesis and says its cost")
  func cost() {
    let sizes: [Character: Int] = ["a": 10, "b": 100, "c": 5, "d": 50]
    let plan = ContractionPlan(["ab", "bc", "cd"], output: "ad") { sizes[$0] ?? 1 }
    #expect(plan.multiplications == 10 * 100 * 5 + 10 * 5 * 50)
    #expect(plan.order == "((0 1) 2)" || plan.order == "(2 (0 1))")
    #expect(plan.largestTensor == 500 && plan.description.contains("7500"))
  }

  @Test("A ternary layer's ascent costs chi^8 for two of its three diagrams and less for the third")
  func ternaryCost() {
    for chi in [4, 8] {
      let networks = TernaryNetworks(lower: chi, upper: chi), eighth = Double(chi * chi * chi * chi) * Double(chi * chi * chi * chi)
      #expect(networks.multiplications.ascent < 6 * eighth && networks.multiplications.ascent > 4 * eighth)
    }
  }

  @Test("All of a small matrix: kept values are LAPACK's, the discarded weight is what they lack")
  func fullDecomposition() throws {
    var draws = Draws(3)
    let matrix = draws.matrix(12, 9), all = try Linear.singularValues(matrix, rows: 12, columns: 9).values
    let cut = try TruncatedDecomposition(matrix, rows: 12, columns: 9, keeping: 4, from: &draws.generator)
    #expect(cut.method == .full && cut.kept == 4 && largestDifference(cut.values, Array(all[..<4])) < 1e-13)
    let total = all.reduce(0) { $0 + $1 * $1 }, lost = all[4...].reduce(0) { $0 + $1 * $1 }
    #expect(abs(cut.discardedWeight - lost / total) < 1e-14)
    var product = [Double](repeating: 0, count: 108)
    for i in 0..<12 {
      for j in 0..<9 { for k in 0..<4 { product[i * 9 + j] += cut.left[i * 4 + k] * cut.values[k] * cut.right[k * 9 + j] } }
    }
    let missing = zip(matrix, product).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    #expect(abs(missing - lost) < 1e-12 * total)
  }

  /// A matrix with known singular values.
  static func made(_ rows: Int, _ columns: Int, _ values: [Double], _ draws: inout Draws) throws -> [Double] {
    let left = try Linear.singularValues(draws.matrix(rows, values.count), rows: rows, columns: values.count).left
    let right = try Linear.singularValues(draws.matrix(values.count, columns), rows: values.count, columns: columns).right
    let scaled = left.indices.map { left[$0] * values[$0 % values.count] }
    var matrix = [Double](repeating: 0, count: rows * columns)
    Linear.multiply(scaled, right, rows: rows, inner: values.count, columns: columns, into: &matrix)
    return matrix
  }

  @Test("The randomised decomposition finds the leading values of a decaying spectrum and its own discarded weight")
  func randomized() throws {
    var draws = Draws(4)
    let spectrum = (0..<80).map { pow(0.8, Double($0)) }
    let matrix = try Self.made(150, 130, spectrum, &draws)
    let cut = try TruncatedDecomposition(matrix, rows: 150, columns: 130, keeping: 16, powerIterations: 2, from: &draws.generator)
    #expect(cut.method == .randomized && cut.kept == 16)
    for (found, exact) in zip(cut.values, spectrum) { #expect(abs(found - exact) < 1e-6 * exact) }
    let lost = spectrum[16...].reduce(0) { $0 + $1 * $1 } / spectrum.reduce(0) { $0 + $1 * $1 }
    #expect(abs(cut.discardedWeight - lost) < 1e-4 * lost)
    // Of rank 10 there is nothing more to keep.
    let low = try Self.made(150, 130, Array(spectrum[..<10]), &draws)
    let few = try TruncatedDecomposition(low, rows: 150, columns: 130, keeping: 16, from: &draws.generator)
    #expect(few.kept >= 10 && few.discardedWeight < 1e-14)
  }

  @Test("Leading eigenvectors by iteration span what LAPACK finds", arguments: [40, 200])
  func leading(order: Int) throws {
    var draws = Draws(5)
    let spectrum = (0..<order).map { pow(0.7, Double($0)) }
    let half = try Self.made(order, order, spectrum.map { $0.squareRoot() }, &draws)
    var matrix = [Double](repeating: 0, count: order * order)
    Linear.multiply(half, transposed: false, half, transposed: true, rows: order, inner: order, columns: order, into: &matrix)
    let found = try LeadingEigenvectors(matrix, order: order, keeping: 12, from: &draws.generator)
    for (value, exact) in zip(found.values, spectrum) { #expect(abs(value - exact) < 1e-9) }
    let lost = spectrum[12...].reduce(0, +) / spectrum.reduce(0, +)
    #expect(abs(found.discardedWeight - lost) < 1e-6 * lost)
  }

  @Test("A matrix that is not finite is refused by name")
  func notFinite() {
    var draws = Draws(6), matrix = draws.matrix(6, 6)
    matrix[7] = .nan
    #expect(throws: DecompositionError.self) { try TruncatedDecomposition(matrix, rows: 6, columns: 6, keeping: 2, from: &draws.generator) }
    #expect(throws: DecompositionError.notFinite(routine: "dsyevd")) { try Linear.symmetricEigen(matrix, order: 6) }
  }
}
