import MessagePassing
import Testing

@Suite struct LauncherTests {
  @Test(
    "Each launcher is known by its variables",
    arguments: [
      (["OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3", "PMIX_RANK": "3"], 4 as Int?, 3),
      (["PMI_SIZE": "2", "PMI_RANK": "1"], 2, 1),
      (["SLURM_NTASKS": "16", "SLURM_PROCID": "5", "SLURM_STEP_ID": "0"], 16, 5),
      (["SLURM_NTASKS": "16", "SLURM_STEP_NUM_TASKS": "8", "SLURM_PROCID": "5", "SLURM_STEP_ID": "0", "PMIX_RANK": "5"], 8, 5),
      (["PMIX_RANK": "0"], nil, 0),
    ])
  func known(environment: [String: String], size: Int?, rank: Int) {
    let launched = Launcher.detect(environment: environment)
    #expect(launched?.size == size)
    #expect(launched?.rank == rank)
  }

  @Test(
    "A shell, a batch script and an interactive allocation are no launch",
    arguments: [
      [:], ["PATH": "/usr/bin"],
      ["SLURM_NTASKS": "16", "SLURM_PROCID": "0", "SLURM_JOB_ID": "7"],
      ["SLURM_NTASKS": "16", "SLURM_PROCID": "0", "SLURM_STEP_ID": "4294967291"],
      ["SLURM_NTASKS": "16", "SLURM_PROCID": "0", "SLURM_STEP_ID": "4294967290"],
      ["OMPI_MCA_btl": "tcp,self"], ["PMI_SIZE": "", "PMI_RANK": ""],
    ])
  func unknown(environment: [String: String]) { #expect(Launcher.detect(environment: environment) == nil) }

  @Test("mpirun inside a Slurm job: the ranks are mpirun's, not those of the step that carries its daemons")
  func nested() {
    let slurm = ["SLURM_NTASKS": "16", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1", "SLURM_STEP_ID": "0"]
    let open = slurm.merging(["OMPI_COMM_WORLD_SIZE": "16", "OMPI_COMM_WORLD_RANK": "9"]) { $1 }
    #expect(Launcher.detect(environment: open)?.size == 16)
    #expect(Launcher.detect(environment: slurm.merging(["PMI_SIZE": "16", "PMI_RANK": "9"]) { $1 })?.rank == 9)
  }

  @Test("Several processes and a world of one do not fit; any other pair does")
  func mismatch() throws {
    let four = Launched(name: "x", size: 4, rank: 0)
    #expect(throws: MessagePassingError.launcherMismatch(launcher: "x", launcherSize: 4, worldSize: 1)) { try four.check(worldSize: 1) }
    try four.check(worldSize: 4)
    try Launched(name: "x", size: 1, rank: 0).check(worldSize: 1)
    try Launched(name: "x", size: nil, rank: 0).check(worldSize: 1)
  }
}
