@preconcurrency @unsafe import Glibc
import Runtime

// study-programs FOLDER [key=value ...]: runs the toy study, for the tests of the runtime under real mpirun.
unsafe setvbuf(stdout, nil, _IOLBF, 0)
var options = LaunchOptions()
options.out = CommandLine.arguments[1]
options.overrides = Array(CommandLine.arguments.dropFirst(2))
exit(launch(studyFile: nil, defaultStudy: ToyStudy.name, catalogue: [ToyStudy.self], options: options))
