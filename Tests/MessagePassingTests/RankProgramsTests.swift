import Foundation
import Laws
import Testing

private let program = builtExecutable("rank-programs")
private let ready = program != nil && mpirunExecutable() != nil

/// Programs of `Tests/RankPrograms` under the real launcher. One at a time: each already uses all cores.
@Suite(.serialized, .enabled(if: ready, "needs mpirun and the built executable rank-programs (RENORM_BUILD_DIR)"))
struct RankProgramsTests {
  /// Runs a program and expects status 0; gives its output.
  @discardableResult
  private func holds(_ name: String, ranks: Int) throws -> String {
    let result = try mpirun(ranks, executable: program!, arguments: [name], timeout: 60)
    #expect(result.status == 0, "\(name) on \(ranks) ranks: \(result.error)")
    return result.output
  }

  @Test("Collectives give what arithmetic gives, with uneven counts", arguments: 1...4)
  func collectives(ranks: Int) throws { try holds("collectives", ranks: ranks) }

  @Test("Messages of unknown, zero and large length arrive; an idle receive can be cancelled", arguments: [1, 2, 3])
  func messages(ranks: Int) throws { try holds("messages", ranks: ranks) }

  @Test("Splits have the right members in the right order, are separate, and are freed", arguments: [1, 3, 4])
  func splits(ranks: Int) throws { try holds("splits", ranks: ranks) }

  @Test("Neighbours on a process grid are neighbours", arguments: [1, 3, 4])
  func grid(ranks: Int) throws { try holds("grid", ranks: ranks) }

  @Test("A bad rank, a truncated message, a wrong element type and a count beyond 32 bits are typed errors", arguments: [1, 2])
  func errors(ranks: Int) throws { try holds("errors", ranks: ranks) }

  @Test("While a peer is late the hook runs, and may itself wait", arguments: [2, 3])
  func waits(ranks: Int) throws { try holds("waits", ranks: ranks) }

  @Test("With checks on, uneven counts and different collectives are typed errors that name both ranks", arguments: [1, 2, 3])
  func shapes(ranks: Int) throws { try holds("shapes", ranks: ranks) }

  @Test("Tree sums have the same bits on every number of ranks and without MPI")
  func reduction() throws {
    let alone = try run(program!, ["solo-reduction"], timeout: 60)
    #expect(alone.status == 0 && alone.output.hasPrefix("hash "), "\(alone.error)")
    for ranks in [1, 2, 3, 4, 5, 8, 11] {
      #expect(try holds("reduction", ranks: ranks) == alone.output, "\(ranks) ranks")
    }
  }

  @Test("A machine trained on 1, 2, 3, 4 and 8 ranks has the same parameters, bit for bit")
  func training() throws {
    let one = try holds("training", ranks: 1)
    #expect(one.hasPrefix("hash "))
    for ranks in [2, 3, 4, 8] { #expect(try holds("training", ranks: ranks) == one, "\(ranks) ranks") }
  }

  @Test("A network trained on 1, 2, 3, 4 and 8 ranks has the same parameters, bit for bit")
  func networkTraining() throws {
    let one = try holds("network-training", ranks: 1)
    #expect(one.hasPrefix("hash "))
    for ranks in [2, 3, 4, 8] { #expect(try holds("network-training", ranks: ranks) == one, "\(ranks) ranks") }
  }

  @Test("Mutual information from neighbours and by critics on 1, 2, 3, 4 and 9 ranks is the same, bit for bit")
  func mutualInformation() throws {
    let one = try holds("mutual-information", ranks: 1)
    #expect(one.hasPrefix("hash "))
    for ranks in [2, 3, 4, 9] { #expect(try holds("mutual-information", ranks: ranks) == one, "\(ranks) ranks") }
  }

  @Test("The communicator of one process obeys the same claims without MPI")
  func solo() throws {
    let result = try run(program!, ["solo"], timeout: 60)
    #expect(result.status == 0, "\(result.error)")
  }

  @Test("A request that is dropped unfinished traps and says so")
  func dropped() throws {
    let result = try mpirun(1, executable: program!, arguments: ["dropped"], timeout: 60)
    // Open MPI adds 128 to the number of a signal, MPICH does not.
    #expect([SIGILL, SIGTRAP].contains(result.status % 128))
    #expect(result.error.contains("request was dropped before it was finished"))
  }

  @Test("abort(code:) on one rank ends all with its code")
  func aborts() throws {
    let result = try mpirun(3, executable: program!, arguments: ["aborts"], timeout: 60)
    #expect(result.status == 42)
  }

  @Test("Started by the mpirun of another MPI, the program refuses and names both counts")
  func mismatch() throws {
    // What a process sees whose launcher MPI itself does not know.
    let foreign = ["PMI_SIZE": "4", "PMI_RANK": "0", "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"]
    let result = try run(program!, ["collectives"], environment: foreign, timeout: 60)
    #expect(result.status == 2)
    #expect(result.error.contains("launcherMismatch") && result.error.contains("launcherSize: 4, worldSize: 1"), "\(result.error)")
  }
}
