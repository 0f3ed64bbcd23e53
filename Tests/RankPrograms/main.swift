import MessagePassing
let world = SoloCommunicator()
print(world.size)
