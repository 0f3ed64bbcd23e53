// swift-tools-version: 6.2
import PackageDescription

// RENORM_MPI_PC=mpich builds the same source against MPICH.
let mpi = Context.environment["RENORM_MPI_PC"] ?? "mpi-c"

let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A Swift module of the house. Arrows point down only (README, "The house").
func module(_ name: String, _ below: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: below, swiftSettings: strict)
}
func tests(_ name: String, _ below: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: below, swiftSettings: strict)
}

let floor1: [Target.Dependency] = [
  "MessagePassing", "RandomStreams", "LinearAlgebra", "Archives", "Statistics", "GradientFlows", "Sampling",
]
let floor3: [Target.Dependency] =
  floor1 + [
    "LatticeSystems", "BoltzmannMachines", "NeuralNetworks", "InformationTheory", "FieldTheory", "SymmetryGroups", "TensorNetworks",
    "KahlerGeometry", "Renormalization",
  ]
let bigIntegers = Target.Dependency.product(name: "BigInt", package: "BigInt")

let package = Package(
  name: "renorm",
  platforms: [.macOS(.v26)],
  products: [.executable(name: "renorm", targets: ["renorm"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),
  ],
  targets: [
    // Floor 0: the only C.
    .systemLibrary(name: "CMPISystem", path: "Sources/CMessagePassing/System", pkgConfig: mpi, providers: [.apt(["libopenmpi-dev"])]),
    .target(name: "CMessagePassing", dependencies: ["CMPISystem"], path: "Sources/CMessagePassing/Shim"),
    .systemLibrary(name: "CVectors"),
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CLAPACKE", pkgConfig: "lapacke", providers: [.apt(["liblapacke-dev"])]),
    .systemLibrary(name: "CHDF5System", path: "Sources/CHDF5/System", pkgConfig: "hdf5-serial", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
      name: "CHDF5", dependencies: ["CHDF5System"], path: "Sources/CHDF5/Shim", linkerSettings: [.linkedLibrary("hdf5_hl")]),
    // Plain loops that `renorm bench` measures kernels against; nothing else uses them.
    .target(name: "CReferenceLoops"),
    // Floor 1a.
    module("MessagePassing", ["CMessagePassing"]),
    module("RandomStreams", ["CVectors"]),
    module("LinearAlgebra", ["CVectors", "COpenBLAS", "CLAPACKE"]),
    module("Archives", ["CHDF5", "CZlib"]),
    // Floor 1b.
    module("Statistics", ["RandomStreams", "Archives"]),
    module("GradientFlows", ["CVectors", "MessagePassing", "LinearAlgebra", "RandomStreams", "Archives"]),
    module("Sampling", ["RandomStreams", "Statistics", "Archives"]),
    // Floor 2.
    module("LatticeSystems", floor1),
    module("BoltzmannMachines", floor1),
    module("NeuralNetworks", floor1),
    // The one arrow within a floor: critics are networks.
    module("InformationTheory", floor1 + ["NeuralNetworks"]),
    module("FieldTheory", floor1),
    module("SymmetryGroups", floor1 + [bigIntegers]),
    module("TensorNetworks", floor1),
    module("KahlerGeometry", floor1),
    // Floor 3.
    module("Renormalization", floor1 + ["LatticeSystems", "BoltzmannMachines", "InformationTheory", "NeuralNetworks"]),
    // Floor 4.
    module("Runtime", floor1 + [.product(name: "TOMLKit", package: "TOMLKit")]),
    module("Studies", floor3 + ["Runtime", "CReferenceLoops", bigIntegers]),
    // Floor 5.
    .executableTarget(
      name: "renorm",
      dependencies: floor3 + ["Runtime", "Studies", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: strict),
    // Law kits, oracles and the tests that call them.
    .target(name: "Laws", dependencies: floor3, path: "Tests/Laws", swiftSettings: strict),
    .target(name: "Oracles", dependencies: ["RandomStreams"], path: "Tests/Oracles", swiftSettings: strict),
    .executableTarget(
      name: "rank-programs", dependencies: floor1 + ["LatticeSystems", "BoltzmannMachines", "NeuralNetworks", "InformationTheory"],
      path: "Tests/RankPrograms", swiftSettings: strict),
    tests("MessagePassingTests", ["MessagePassing", "Laws", "rank-programs"]),
    tests("RandomStreamsTests", ["RandomStreams"]),
    tests("ArchivesTests", ["Archives", "Laws", "Oracles"]),
    tests("LinearAlgebraTests", ["LinearAlgebra", "RandomStreams"]),
    tests("StatisticsTests", ["Statistics", "RandomStreams", "Archives", "Laws", "Oracles"]),
    tests("SamplingTests", floor1 + ["Laws", "Oracles"]),
    tests("GradientFlowsTests", floor1 + ["Laws"]),
    tests("LatticeSystemsTests", floor1 + ["LatticeSystems", "Laws", "Oracles", "rank-programs"]),
    tests("BoltzmannMachinesTests", floor1 + ["BoltzmannMachines", "Laws", "Oracles"]),
    tests("NeuralNetworksTests", floor1 + ["NeuralNetworks", "Laws", "Oracles"]),
    tests("InformationTheoryTests", floor1 + ["InformationTheory", "Laws", "Oracles"]),
    tests("FieldTheoryTests", floor1 + ["FieldTheory", "Laws", "Oracles"]),
    tests("SymmetryGroupsTests", floor1 + ["SymmetryGroups", "Laws", "Oracles", bigIntegers]),
    tests("TensorNetworksTests", floor1 + ["TensorNetworks", "Laws"]),
    tests("KahlerGeometryTests", floor1 + ["KahlerGeometry", "Laws"]),
    tests("RenormalizationTests", floor3 + ["Laws", "Oracles"]),
    .executableTarget(name: "study-programs", dependencies: floor1 + ["Runtime"], path: "Tests/StudyPrograms", swiftSettings: strict),
    tests("RuntimeTests", floor1 + ["Runtime", "Laws", "Oracles", "study-programs"]),
    tests("StudiesTests", floor3 + ["Runtime", "Studies", "Laws", "Oracles", "renorm"]),
  ]
)
