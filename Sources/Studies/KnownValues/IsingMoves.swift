import LatticeSystems
import RandomStreams
import Sampling

/// Every move of the square Ising model, on lattices of at most 64 sites, for comparisons between moves.
enum IsingMoves {
  /// A chain under one move.
  struct Chain {
    /// The move, and how many of its steps forget an energy on lattices up to 8x8, a sampling interval.
    let name: String, interval: Int
    /// Takes so many steps and returns the spins, a bit for each site in row-major order.
    let advance: (Int) -> UInt64
  }

  /// One chain for each move, from a hot start where the replica's number is even and a cold one where it is odd.
  static func chains(_ packed: IsingModel, replica: Int, from streams: some Streams) throws -> [Chain] {
    let lattice = packed.lattice, isHot = replica % 2 == 0
    precondition(lattice.sites <= 64, "spins of one word")
    let start =
      isHot ? IsingConfiguration(hot: lattice, replica: replica, from: streams) : IsingConfiguration(cold: lattice, replica: replica)
    func words(_ name: String, _ interval: Int, _ kernel: some MarkovKernel<IsingConfiguration>) -> Chain {
      var kernel = kernel, state = start, step: UInt64 = 0
      return Chain(name: name, interval: interval) { count in
        for _ in 0..<count {
          kernel.step(&state, at: step, from: streams)
          step += 1
        }
        return state.spins[0]
      }
    }
    func board(_ name: String, _ interval: Int, _ kernel: some MarkovKernel<CheckerboardConfiguration>) throws -> Chain {
      var kernel = kernel, state = try CheckerboardConfiguration(start), step: UInt64 = 0
      return Chain(name: name, interval: interval) { count in
        for _ in 0..<count {
          kernel.step(&state, at: step, from: streams)
          step += 1
        }
        return state.packed.spins[0]
      }
    }
    let model = try HypercubicIsing(HypercubicLattice(lattice.shape), coupling: packed.coupling)
    func sites(_ name: String, _ interval: Int, _ kernel: some MarkovKernel<LatticeConfiguration<Int8>>) -> Chain {
      var kernel = kernel
      var chain = LatticeChain(
        isHot ? LatticeConfiguration(hot: model, replica: replica, from: streams) : LatticeConfiguration(cold: model, replica: replica))
      return Chain(name: name, interval: interval) { count in
        chain.advance(sweeps: count, with: &kernel, from: streams)
        return chain.configuration.values.enumerated().reduce(0) { $0 | ($1.element > 0 ? 1 << UInt64($1.offset) : 0) }
      }
    }
    return try [
      board("checkerboard Metropolis", 60, CheckerboardMetropolis(packed)),
      board("checkerboard heat bath", 60, CheckerboardHeatBath(packed)),
      words("Swendsen-Wang", 20, SwendsenWang(packed)), words("Wolff", 20, Wolff(packed)),
      sites("Metropolis by sites", 60, LocalMetropolis(model)), sites("heat bath by sites", 60, LocalHeatBath(model)),
      sites("Swendsen-Wang of any model", 20, SwendsenWangCluster(model)), sites("Wolff of any model", 20, WolffCluster(model)),
    ]
  }
}
