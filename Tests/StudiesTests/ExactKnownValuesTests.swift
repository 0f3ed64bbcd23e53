import Runtime
import Studies
import Testing

@Suite("Known values of exact solutions, statistics and information")
struct ExactKnownValuesTests {
  @Test(
    "every known value is found within its tolerance",
    arguments: ["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A10", "A11", "A12", "A13", "C-9", "D1", "D2", "E1"]
      + (1...11).map { "A-\($0)" })
  func passes(id: String) throws {
    let all =
      ExactSolutionKnownValues.checks + StatisticsKnownValues.checks + InformationKnownValues.checks
      + AnalysisKnownValues.checks + LatticeModelKnownValues.checks + SymmetryKnownValues.checks
    let checks = all.filter { $0.id == id && $0.cost == .fast }
    #expect(!checks.isEmpty)
    try expectAllPass(checks)
  }
}
