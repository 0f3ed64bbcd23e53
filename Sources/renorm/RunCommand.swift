import ArgumentParser
@preconcurrency @unsafe import Glibc
import Runtime
import Studies

/// `renorm run`: runs a study, or goes on with it.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a study, or go on with one that was stopped.",
    discussion: """
      Without a study file: the default study, deep-renormalization, with its defaults. The same command goes on where a \
      run was stopped or lost a rank, also on another number of ranks, and gives the same bits. Under mpirun the ranks share \
      the work.
      """)

  @Argument(help: "The study file (TOML); `renorm studies NAME` prints a sample.")
  var study: String?
  @Option(name: .long, help: "The output folder (default: runs/<study>-<digest>).")
  var out: String?
  @Option(name: .long, parsing: .singleValue, help: ArgumentHelp("Set one parameter; may be repeated.", valueName: "table.key=value"))
  var set: [String] = []
  @Option(
    name: .long, help: ArgumentHelp("Save and leave after this time: h:mm:ss, or auto (the scheduler's end time).", valueName: "time"))
  var maxTime: String?
  @Flag(name: .long, help: "Start over; an old folder is kept aside.")
  var fresh = false
  @Option(
    name: .long,
    help:
      "strict: the same bits on any number of ranks; fast: gradients are summed one rank at a time (training.shards = 0), where that is set."
  )
  var reproducible = Reproducibility.strict
  @Flag(name: .long, help: "Small sizes, and a search for non-finite numbers after each slice.")
  var debug = false

  func run() throws {
    unsafe setvbuf(stdout, nil, _IOLBF, 0)
    var options = LaunchOptions()
    options.out = out
    options.overrides = set
    options.maximumTime = maxTime
    options.fresh = fresh
    options.debug = debug
    if reproducible == .fast { options.defaults = [("training.shards", "0")] }
    let status = launch(studyFile: study, defaultStudy: DeepRenormalization.name, catalogue: StudyCatalog.all, options: options)
    if status != 0 { throw ExitCode(status) }
  }
}

/// What a run promises about its bits.
enum Reproducibility: String, ExpressibleByArgument, CaseIterable { case strict, fast }
