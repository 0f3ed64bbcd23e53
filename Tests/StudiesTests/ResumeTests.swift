import Archives
import Foundation
import Glibc
import Laws
import Testing

extension ProgramTests {
  @Suite("The same bytes at any number of ranks and after any interruption")
  struct Resume {
    func sameAsUndisturbed(_ folder: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
      let expected = try Program.undisturbedLong.get()
      #expect(try Program.bytes(folder + "/results.json") == expected.json, "results.json", sourceLocation: sourceLocation)
      #expect(try Program.bytes(folder + "/results.h5") == expected.archive, "results.h5", sourceLocation: sourceLocation)
    }

    /// A folder with a request to stop in it: a run ends after its first slice, saved.
    func oneSlice(_ folder: String) throws {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data().write(to: URL(fileURLWithPath: folder + "/STOP"))
      let end = try Program.quick(into: folder, Program.long)
      try #require(end.status == 85 && end.error.isEmpty, "\(end.all)")
      #expect(end.output.contains("stopped on request (a STOP file); saved"))
    }

    @Test("results.json and results.h5 are byte-equal at 1, 2, 3, 4 and 8 ranks, whatever [run] says")
    func ranks() throws {
      let expected = try Program.undisturbed()
      let settings = [
        2: [], 3: ["run.ranks_per_team=2", "run.progress=\"none\""], 4: ["run.coordinator=\"dedicated\"", "run.checkpoint_interval=0.1"],
        8: ["run.ranks_per_team=1", "run.stall_timeout=60", "run.max_time=\"1:00:00\""],
      ]
      for (ranks, settings) in settings.sorted(by: { $0.key < $1.key }) {
        try Program.withFolder { folder in
          let end = try Program.quick(into: folder, settings, ranks: ranks)
          #expect(end.status == 0 && end.error.isEmpty, "\(ranks) ranks: \(end.all)")
          #expect(try Program.bytes(folder + "/results.json") == expected.json, "results.json at \(ranks) ranks")
          #expect(try Program.bytes(folder + "/results.h5") == expected.archive, "results.h5 at \(ranks) ranks")
        }
      }
    }

    @Test(
      "kill -9 of a random rank at several moments, each time resumed on another number of ranks, gives the undisturbed bytes",
      .enabled(if: Program.isOpenMPI))
    func killed() throws {
      // Which rank dies, and after how many new checkpoints; the moment itself is the machine's.
      var random = UInt64(20_240_917)
      func choose(_ count: Int) -> Int {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((random &>> 33) % UInt64(count))
      }
      try Program.withFolder { folder in
        var kills = 0
        for ranks in [2, 3, 4] {
          let victim = choose(ranks), wanted = 1 + choose(2)
          let (executable, arguments) = try Program.command(
            ["run", Program.quick, "--out", folder] + Program.long.flatMap { ["--set", $0] }, ranks: ranks)
          let job = try Job(executable, arguments)
          var seen = 0, last = modified(folder)
          _ = job.wait {
            let now = modified(folder)
            if now != last { seen += 1; last = now }
            return seen == wanted
          }
          let processes = Job.ranks(below: job.process.processIdentifier)
          if let process = processes[victim] { kill(process, SIGKILL) }
          let end = try job.end()
          if end.status == 0 { break }
          kills += 1
          #expect(end.status == 137, "rank \(victim) of \(processes): \(end.all)")
        }
        #expect(kills >= 2, "the run was long enough to be killed")
        let end = try Program.quick(into: folder, Program.long, ranks: 3)
        #expect(end.status == 0, "\(end.all)")
        try sameAsUndisturbed(folder)
      }
    }

    /// When the newest file of a unit was written.
    private func modified(_ folder: String) -> [Int] {
      ["0-stack/state.h5", "0-stack/partial.h5", "1-control/state.h5", "1-control/partial.h5"].map { name in
        var status = stat()
        return unsafe stat("\(folder)/units/\(name)", &status) == 0 ? status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec : 0
      }
    }

    @Test("a damaged checkpoint falls back to the one before; without one its unit starts over; the bytes are the same")
    func truncated() throws {
      try Program.withFolder { folder in
        try oneSlice(folder)
        try oneSlice(folder)
        let state = folder + "/units/0-stack/state.h5", whole = try Program.bytes(state)
        try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: state))
        let copy = folder + "-copy"
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try FileManager.default.copyItem(atPath: folder, toPath: copy)

        let back = try Program.quick(into: folder, Program.long, ranks: 2)
        #expect(back.status == 0 && back.errors.count == 1, "\(back.all)")
        #expect(back.error.contains("is damaged") && back.error.contains("continues from the checkpoint before"), "\(back.error)")
        try sameAsUndisturbed(folder)

        try FileManager.default.removeItem(atPath: copy + "/units/0-stack/state.prev.h5")
        let over = try Program.quick(into: copy, Program.long)
        #expect(over.status == 0 && over.errors.count == 1, "\(over.all)")
        #expect(over.error.contains("is damaged") && over.error.contains("starts over"), "\(over.error)")
        try sameAsUndisturbed(copy)
      }
    }

    @Test("a checkpoint of another version, or of another build or CPU type, is refused with 65 in one line and left alone")
    func foreign() throws {
      try Program.withFolder { folder in
        try oneSlice(folder)
        let state = folder + "/units/0-stack/state.h5", original = [UInt8](try Program.bytes(state))
        func refused(_ bytes: [UInt8], _ words: String, ranks: Int) throws {
          var bytes = bytes
          // A whole file with right checksums, as another program would have written it.
          bytes.replaceSubrange(96..<128, with: SHA256.hash(Array(bytes[512...])).bytes)
          bytes.replaceSubrange(480..<512, with: SHA256.hash(Array(bytes[..<480])).bytes)
          try Data(bytes).write(to: URL(fileURLWithPath: state))
          let end = try Program.quick(into: folder, Program.long, ranks: ranks)
          #expect(end.status == 65 && end.errors.count == 1 && end.error.contains(words), "\(end.all)")
          #expect(try [UInt8](Program.bytes(state)) == bytes)
        }
        var version = original
        version[8] = UInt8(CheckpointFile.containerVersion + 1)
        try refused(version, "version", ranks: 1)
        try refused(version, "version", ranks: 3)
        var machine = original
        let mark = try #require(machine.firstRange(of: Array("BLAS core ".utf8)), "the file says where it was written")
        machine[mark.upperBound] = UInt8(ascii: "Q")
        try refused(machine, "another CPU type or build", ranks: 1)
        try refused(machine, "another CPU type or build", ranks: 3)
        // With the file as it was, the same command goes on.
        try Data(original).write(to: URL(fileURLWithPath: state))
        #expect(try Program.quick(into: folder, Program.long).status == 0)
        try sameAsUndisturbed(folder)

        // Finished units of another version are not thrown away; damaged ones are computed again.
        let partial = folder + "/units/0-stack/partial.h5"
        let sound = [UInt8](try Program.bytes(partial))
        var bytes = sound
        bytes[8] = UInt8(CheckpointFile.containerVersion + 1)
        bytes.replaceSubrange(480..<512, with: SHA256.hash(Array(bytes[..<480])).bytes)
        try Data(bytes).write(to: URL(fileURLWithPath: partial))
        let other = try Program.quick(into: folder, Program.long)
        #expect(other.status == 65 && other.errors.count == 1 && other.error.contains("version"), "\(other.all)")
        #expect(try [UInt8](Program.bytes(partial)) == bytes)
        try Data(sound.prefix(900)).write(to: URL(fileURLWithPath: partial))
        let again = try Program.quick(into: folder, Program.long)
        #expect(again.status == 0 && again.errors.count == 1 && again.error.contains("computed again"), "\(again.all)")
        try sameAsUndisturbed(folder)
      }
    }

    @Test(
      "a full disk ends any write with 74 and one line; with more space the same command gives the undisturbed bytes",
      .enabled(if: SmallDisk.isPossible, "mounting is not allowed here"))
    func fullDisk() throws {
      let disk = try SmallDisk(kilobytes: 64), folder = disk.path + "/out"
      var names: [String] = []
      func fails(with kilobytes: Int, at name: String, ranks: Int = 1) throws {
        try disk.leave(free: kilobytes)
        // One team: of two that write at once, each would name its own file.
        let end = try Program.quick(into: folder, Program.long + ["run.ranks_per_team=\(ranks)"], ranks: ranks)
        #expect(end.status == 74, "\(kilobytes) kB: \(end.all)")
        #expect(end.errors.count == 1 && end.error.contains("No space left on device"), "\(kilobytes) kB: \(end.all)")
        #expect(end.error.contains(name), "\(kilobytes) kB: \(end.error)")
        names.append(name)
      }
      try fails(with: 4, at: "resolved.toml")
      try fails(with: 100, at: "state.h5")
      try fails(with: 100, at: "state.h5", ranks: 3)
      // The states take three times 0.7 MB at most while one is replaced, the partial 1.4 MB.
      try fails(with: 1000, at: "0-stack/", ranks: 2)
      try disk.leave(free: 20_000)
      #expect(try Program.quick(into: folder, Program.long, ranks: 2).status == 0)
      let sizes = try ["results.json", "results.h5"].map { try Program.bytes("\(folder)/\($0)").count / 1024 + 1 }
      for name in ["results.json", "results.h5", "report"] { try FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
      try fails(with: 8, at: "results.json")
      try fails(with: sizes[0] + 60, at: "results.h5")
      // The files written by then fit with a little room for the log and progress; the page does not.
      try fails(with: sizes[1] + 60, at: "/report/", ranks: 3)
      try disk.leave(free: 20_000)
      let end = try Program.quick(into: folder, Program.long, ranks: 3)
      #expect(end.status == 0 && end.error.isEmpty, "\(end.all)")
      try sameAsUndisturbed(folder)
      #expect(FileManager.default.fileExists(atPath: folder + "/report/index.html"))
    }
  }
}
