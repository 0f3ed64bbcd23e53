import Foundation
import Glibc
import Laws
import Testing

extension ProgramTests {
  @Suite("Scripts/run", .enabled(if: Program.isOpenMPI, "Scripts/run is for Open MPI"))
  struct Scripts {
    let script = Program.root.appendingPathComponent("Scripts/run")

    func start(_ arguments: [String], program: String? = nil) throws -> Job {
      let program = try program ?? #require(builtExecutable("renorm")).path
      return try Job(script, arguments, environment: ["RENORM_PROGRAM": program])
    }

    @Test("statuses of the program pass through, and those of a lost rank become 75")
    func statuses() throws {
      try Program.withFolder { folder in
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let program = folder + "/program"
        func runs(_ line: String) throws -> Program.End {
          try "#!/bin/sh\n\(line)\n".write(toFile: program, atomically: true, encoding: .utf8)
          unsafe chmod(program, 0o755)
          return try start(["-n", "2"], program: program).end()
        }
        for status: Int32 in [0, 4, 65, 74, 85] {
          let end = try runs("exit \(status)")
          #expect(end.status == status && end.error.isEmpty, "\(end.all)")
        }
        for line in ["exit 205", "kill -SEGV $$", "test $OMPI_COMM_WORLD_RANK = 0 && kill -9 $$; exec sleep 30"] {
          let end = try runs(line)
          #expect(
            end.status == 75 && end.errors.count == 1 && end.error.contains("goes on from the last checkpoints"), "\(line): \(end.all)")
        }
      }
    }

    @Test("a killed rank is named with the unit that it worked on")
    func killedUnit() throws {
      try Program.withFolder { folder in
        let job = try start(["-n", "2", Program.quick, "--out", folder, "--set", "training.epochs=[4000]", "--set", "run.ranks_per_team=2"])
        let begun = job.wait {
          ((try? String(contentsOfFile: folder + "/log.jsonl", encoding: .utf8)) ?? "").contains("\"stage\":\"training")
        }
        try #require(begun)
        let victim = try #require(Job.ranks(below: job.process.processIdentifier)[1])
        kill(victim, SIGKILL)
        let end = try job.end()
        #expect(end.status == 75 && end.errors.count == 1, "\(end.all)")
        let named = end.error.contains("rank 1 on host") && end.error.contains(", unit stack, was ended by signal 9")
        #expect(named, "\(end.all)")
      }
    }

    @Test("a mistake is one line without mpirun's paragraphs")
    func mistakes() throws {
      let wrong = try start(["-n", "3", Program.quick, "--set", "lattice.size=6"]).end()
      #expect(wrong.status == 65 && wrong.errors.count == 1 && wrong.error.contains("multiple of 4"), "\(wrong.all)")
      let unwritable = try start(["-n", "2", Program.quick, "--out", "/proc/renorm"]).end()
      #expect(unwritable.status == 74 && unwritable.errors.count == 1, "\(unwritable.all)")
    }

    @Test("TERM, INT and HUP to the script, and an interrupt from the terminal, leave with 85, saved")
    func signals() throws {
      let expected = try Program.undisturbedLong.get()
      for (number, fromTerminal, ranks) in [
        (SIGTERM, false, 2), (SIGINT, true, 3), (SIGINT, false, 2), (SIGHUP, false, 2), (SIGTERM, false, 1),
      ] {
        try Program.withFolder { folder in
          // The first to its end; the others only have to be long enough to be stopped.
          let settings = number == SIGTERM && ranks == 2 ? Program.long : ["training.epochs=[4000]"]
          let arguments = [Program.quick, "--out", folder] + settings.flatMap { ["--set", $0] }
          let job = try start(["-n", "\(ranks)"] + arguments)
          let begun = job.wait { FileManager.default.fileExists(atPath: folder + "/log.jsonl") }
          // A terminal interrupts the whole process group.
          let process = job.process.processIdentifier
          try #require(!fromTerminal || getpgid(process) != getpgid(0), "the script has a process group of its own")
          if begun { #expect(kill(fromTerminal ? -getpgid(process) : process, number) == 0) }
          let end = try job.end()
          #expect(end.status == 85 && end.errors.isEmpty, "signal \(number): \(end.all)")
          #expect(end.output.contains("stopped on request (SIG"), "signal \(number): \(end.all)")
          if settings == Program.long {
            let rest = try start(["-n", "3"] + arguments).end()
            #expect(rest.status == 0, "\(rest.all)")
            #expect(try Program.bytes(folder + "/results.json") == expected.json)
            #expect(try Program.bytes(folder + "/results.h5") == expected.archive)
          }
        }
      }
    }
  }

  @Suite("cluster/pbs", .enabled(if: Program.isOpenMPI))
  struct PortableBatchSystem {
    /// Stand-ins for qstat, qsub and the program, which note what they are asked.
    func job(_ folder: String, program line: String, environment: [String: String] = [:]) throws -> Job {
      try FileManager.default.createDirectory(atPath: folder + "/bin", withIntermediateDirectories: true)
      let folded =
        "Job Id: 7\n    Resource_List.select = 1:ncpus=2:mpiprocs=2:mem=4gb:ho\n\tst=node1\n    Resource_List.walltime = 02:30:00\n    queue = long\n    Account_Name = me\n    Job_Name = mine\n"
      try folded.write(toFile: folder + "/job", atomically: true, encoding: .utf8)
      for (name, text) in [
        ("qstat", "cat '\(folder)/job'"), ("qsub", "echo \"$* $STUDY $RENORM_RESTARTS$RENORM_MPIRUN_OPTIONS\" >> '\(folder)/submitted'"),
        ("program", "echo \"$*\" >> '\(folder)/asked'; \(line)"),
      ] {
        try "#!/bin/sh\n\(text)\n".write(toFile: "\(folder)/bin/\(name)", atomically: true, encoding: .utf8)
        unsafe chmod("\(folder)/bin/\(name)", 0o755)
      }
      try "localhost\nlocalhost\n".write(toFile: folder + "/nodes", atomically: true, encoding: .utf8)
      let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
      return try Job(
        Program.root.appendingPathComponent("cluster/pbs/mpirun.pbs"), [],
        environment: [
          "PATH": "\(folder)/bin:\(path)", "PBS_O_WORKDIR": Program.root.path, "PBS_JOBID": "7", "PBS_NODEFILE": folder + "/nodes",
          "STUDY": "my.toml", "OPTIONS": "--set run.seed=3", "RENORM": folder + "/bin/program",
        ].merging(environment) { $1 })
    }
    func lines(_ path: String) -> [String] {
      ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }

    @Test("near the wall time and after a lost rank a job with the same resources follows, so many times; after all else none does")
    func statuses() throws {
      for (status, restarts, follows) in [(85, nil, true), (75, "4", true), (85, "20", false), (0, nil, false), (65, nil, false)]
        as [(Int32, String?, Bool)]
      {
        try Program.withFolder { folder in
          let end = try job(folder, program: "exit \(status)", environment: restarts.map { ["RENORM_RESTARTS": $0] } ?? [:]).end()
          #expect(end.status == status, "\(end.all)")
          let asked = lines(folder + "/asked")
          #expect(asked.count == 2, "a call for each line of the hosts' file: \(end.all)")
          let wanted = (8870...8880).contains { asked.first == "run my.toml --max-time \($0) --set run.seed=3" }
          #expect(wanted, "two minutes before the wall time of two hours and a half: \(asked)")
          let next =
            "-V -l select=1:ncpus=2:mpiprocs=2:mem=4gb:host=node1 -l walltime=02:30:00 -q long -A me -N mine "
            + "Scripts/../cluster/pbs/mpirun.pbs my.toml \((Int(restarts ?? "0") ?? 0) + 1)"
          #expect(lines(folder + "/submitted") == (follows ? [next] : []), "\(end.all)")
        }
      }
    }

    @Test("qdel saves, and submits nothing again")
    func deleted() throws {
      try Program.withFolder { folder in
        let job = try job(folder, program: "trap 'exit 85' USR1; while :; do sleep 0.05; done")
        try #require(job.wait { lines(folder + "/asked").count == 2 })
        kill(job.process.processIdentifier, SIGTERM)
        let end = try job.end()
        #expect(end.status == 85, "\(end.all)")
        #expect(lines(folder + "/submitted").isEmpty)
      }
    }
  }

  @Suite("cluster/supervise", .enabled(if: Program.isOpenMPI))
  struct Supervise {
    let supervise = Program.root.appendingPathComponent("cluster/supervise")

    @Test("a command that loses a rank is started again so many times, every other status passes, a stop starts nothing again")
    func statuses() throws {
      try Program.withFolder { folder in
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Counts its starts, and loses a rank in the first ones.
        let command = """
          echo >> '\(folder)/starts'; test $(wc -l < '\(folder)/starts') -gt $1 || exit 75
          if [ $2 = wait ]; then trap 'kill $!; exit 85' TERM; sleep 60 >/dev/null 2>&1 & touch '\(folder)/waits'; wait; else exit $2; fi
          """
        func begin(_ arguments: [String], losing: Int, then last: String) throws -> Job {
          for name in ["starts", "waits"] { try? FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
          return try Job(supervise, arguments + ["sh", "-c", command, "sh", "\(losing)", last])
        }
        func starts() throws -> Int { try Program.bytes(folder + "/starts").count }
        for (losing, last, status, count) in [(2, "0", 0, 3), (0, "65", 65, 1), (1, "85", 85, 2), (9, "0", 75, 4)]
          as [(Int, String, Int32, Int)]
        {
          let end = try begin(["-r", "3", "-w", "0"], losing: losing, then: last).end()
          #expect(end.status == status, "\(end.all)")
          #expect(try starts() == count)
        }
        let job = try begin(["-w", "0"], losing: 1, then: "wait")
        try #require(job.wait { FileManager.default.fileExists(atPath: folder + "/waits") })
        kill(job.process.processIdentifier, SIGTERM)
        #expect(try job.end().status == 85)
        #expect(try starts() == 2)
      }
      for (arguments, words) in [(["-r", "x", "true"], "-r wants a whole number"), ([], "no command"), (["-q"], "-q is no option")] {
        let end = try Job(supervise, arguments).end()
        #expect(end.status == 64 && end.errors.count == 1 && end.error.contains(words), "\(end.all)")
      }
    }

    @Test("a run of three ranks of which one is killed ends by itself with the bytes of the undisturbed one")
    func killed() throws {
      let expected = try Program.undisturbedLong.get(), program = try #require(builtExecutable("renorm")).path
      try Program.withFolder { folder in
        let script = Program.root.appendingPathComponent("Scripts/run").path
        let settings = Program.long.flatMap { ["--set", $0] }
        let job = try Job(
          supervise, ["-w", "0", script, "-n", "3", Program.quick, "--out", folder] + settings, environment: ["RENORM_PROGRAM": program])
        try #require(job.wait { FileManager.default.fileExists(atPath: folder + "/log.jsonl") })
        let victim = try #require(Job.ranks(below: job.process.processIdentifier)[2])
        #expect(kill(victim, SIGKILL) == 0)
        let end = try job.end()
        #expect(end.status == 0 && end.error.contains("restart 1 of 5"), "\(end.all)")
        #expect(try Program.bytes(folder + "/results.json") == expected.json)
        #expect(try Program.bytes(folder + "/results.h5") == expected.archive)
      }
    }
  }

  @Test("Over three hosts joined by TCP the quick study gives the bytes of one process", .enabled(if: Program.isOpenMPI))
  func threeHosts() throws {
    let scripts = Program.root.appendingPathComponent("cluster/hosts")
    let bed = ["RENORM_HOSTS_PREFIX": "rs\(getpid())", "PATH": "\(ProcessInfo.processInfo.environment["PATH"] ?? ""):/usr/sbin:/sbin"]
    func script(_ name: String, _ arguments: [String] = []) throws -> Program.End {
      let end = try Laws.run(
        scripts.appendingPathComponent(name), arguments, environment: bed.merging(Program.environment) { $1 }, timeout: 60)
      return Program.End(status: end.status, output: end.output, error: end.error)
    }
    let up = try script("up")
    if up.status == 77 { try Test.cancel("\(up.error)") }
    try #require(up.status == 0, "\(up.error)")
    defer { _ = try? script("down") }
    let program = try #require(builtExecutable("renorm")).path
    try Program.withFolder { folder in
      let end = try script("run", ["3", "--", program, "run", Program.quick, "--out", folder])
      #expect(end.status == 0, "\(end.all)")
      let expected = try Program.undisturbed()
      #expect(try Program.bytes(folder + "/results.json") == expected.json)
      #expect(try Program.bytes(folder + "/results.h5") == expected.archive)
      let provenance = try String(contentsOfFile: folder + "/provenance.json", encoding: .utf8)
      for host in ["node1", "node2", "node3"] { #expect(provenance.contains(host)) }
    }
    #expect(try script("down").status == 0)
    #expect(!FileManager.default.fileExists(atPath: "/run/netns/\(bed["RENORM_HOSTS_PREFIX"]!)-node1"))
  }
}
