import Glibc
import MessagePassing

// Small programs that run under mpirun, each with claims of its own; `rank-programs NAME`. Status 1: a claim is violated; 64: no such program.
@MainActor func run() throws {
  let name = CommandLine.arguments.dropFirst().first ?? ""
  let solo = SoloCommunicator()
  switch name {
  case "solo": return try collectives(solo)
  case "solo-reduction": return try reduction(solo)
  case "solo-strips": return try strips(solo)
  case "solo-strip-clusters": return try stripClusters(solo)
  default: break
  }
  let world = try MPIWorld()
  switch name {
  case "collectives": try collectives(world.communicator)
  case "messages": try messages(world.communicator)
  case "splits": try splits(world.communicator)
  case "grid": try grid(world.communicator)
  case "errors": try errors(world.communicator)
  case "waits": try waits(world)
  case "shapes": try shapes(world)
  case "reduction": try reduction(world.communicator)
  case "training": try training(world.communicator)
  case "strips": try strips(world.communicator)
  case "strip-clusters": try stripClusters(world.communicator)
  case "large-strip": try largeStrip(world.communicator)
  case "network-training": try networkTraining(world.communicator)
  case "mutual-information": try mutualInformation(world.communicator)
  case "hosts": try hosts(world.communicator)
  case "dropped": try dropped(world.communicator)
  case "aborts": try aborts(world.communicator)
  case "latency": try latency(world.communicator)
  default:
    complain("no rank program is called '\(name)'")
    MPIWorld.abort(code: 64)
  }
  try world.finish()
}

do { try run() } catch {
  complain("\(error)")
  MPIWorld.abort(code: 2)
}
