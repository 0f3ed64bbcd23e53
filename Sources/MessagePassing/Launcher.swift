import Glibc

/// What a launcher has told the process it started.
public struct Launched: Equatable, Sendable {
  /// The launcher, for messages.
  public var name: String
  /// How many processes it started; nil where it does not say (PMIx gives only the rank).
  public var size: Int?
  /// Which of them this one is.
  public var rank: Int

  public init(name: String, size: Int?, rank: Int) {
    self.name = name
    self.size = size
    self.rank = rank
  }

  /// - Throws: `launcherMismatch` where the launcher started several processes and MPI sees a world of one.
  public func check(worldSize: Int) throws(MessagePassingError) {
    if let size, size > 1, worldSize == 1 {
      throw .launcherMismatch(launcher: name, launcherSize: size, worldSize: worldSize)
    }
  }
}

/// Finds out, before MPI starts, whether a launcher started this process. Without one a program uses `SoloCommunicator` and leaves MPI alone.
public enum Launcher {
  /// The launcher seen in `environment`, nil for a program started by hand.
  ///
  /// Looks for Open MPI's `OMPI_COMM_WORLD_*`, then `PMI_*` (MPICH's hydra, `srun --mpi=pmi2`, Cray), then a Slurm step
  /// started by `srun`, then `PMIX_RANK`. The order matters: an `mpirun` inside a Slurm job starts its daemons by `srun`, so its ranks
  /// carry Slurm's variables for the daemons' step. A shell of `sbatch` or `salloc` has `SLURM_NTASKS` too, but no step of its own, or one with a number
  /// from the range that Slurm keeps for batch and interactive shells.
  public static func detect(environment: [String: String]) -> Launched? {
    func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
    if let size = number("OMPI_COMM_WORLD_SIZE"), let rank = number("OMPI_COMM_WORLD_RANK") {
      return Launched(name: "mpirun of Open MPI", size: size, rank: rank)
    }
    if let size = number("PMI_SIZE"), let rank = number("PMI_RANK") {
      return Launched(name: "mpirun of MPICH", size: size, rank: rank)
    }
    if let step = number("SLURM_STEP_ID") ?? number("SLURM_STEPID"), step < firstReservedStep,
      let rank = number("SLURM_PROCID"), let size = number("SLURM_STEP_NUM_TASKS") ?? number("SLURM_NTASKS")
    {
      return Launched(name: "srun of Slurm", size: size, rank: rank)
    }
    if let rank = number("PMIX_RANK") { return Launched(name: "a PMIx launcher", size: nil, rank: rank) }
    return nil
  }

  /// slurm.h: SLURM_INTERACTIVE_STEP, SLURM_BATCH_SCRIPT and their like are 0xfffffff0 and above.
  private static let firstReservedStep = 0xffff_fff0

  /// The environment of this process.
  public static func currentEnvironment() -> [String: String] {
    var result: [String: String] = [:]
    var next = unsafe environ
    while let entry = unsafe next.pointee {
      let line = unsafe String(cString: entry)
      if let equals = line.firstIndex(of: "=") {
        result[String(line[..<equals])] = String(line[line.index(after: equals)...])
      }
      unsafe next += 1
    }
    return result
  }
}
