public import GradientFlows
import Glibc
public import LinearAlgebra
public import MessagePassing

/// The moments rho_1 ... rho_L of an axially symmetric density on the sphere as a point of a gradient flow.
public struct DensityMoments: Space, Equatable {
  /// <P_l> for l = 1 ... L.
  public var moments: [Double]
  public init(_ moments: [Double]) { self.moments = moments }
  public var blockCount: Int { 1 }
  public func role(of index: Int) -> BlockRole { .weights }
  public subscript(block index: Int) -> [Double] {
    get { moments }
    _modify { yield &moments }
  }
}

/// The limit N -> infinity of the Langevin gas: the McKean-Vlasov equation
///
///     d rho/dt = div(rho grad(ln rho + a t + beta dE/d rho)),
///
/// the steepest descent of F_beta in the Wasserstein metric, in Legendre moments (Galerkin):
///
///     d rho_l/dt = -l(l+1) rho_l - int rho (1 - t^2) P_l' (a + 2 beta sum_m (2m+1)/(m(m+1)) rho_m P_m') dt/2.
///
/// Linearised about the uniform density mode l decays at rate l(l+1) + 2 beta. Explicit steps need h L(L+1) < 2.7.
public struct McKeanVlasov: DirectionField {
  /// The free energy that falls.
  public let meanField: MeanField
  private let basis: LegendreBasis

  /// - Throws: `unstable` at beta <= -1.
  public init(beta: Double, field: Double, degree: Int = 24, nodes: Int = 80) throws(KahlerError) {
    meanField = try MeanField(beta: beta, field: field, degree: degree, nodes: nodes)
    basis = meanField.basis
  }
  /// L.
  public var degree: Int { basis.degree }
  /// Moments that are zero but the first: rho = 1 + 3 rho_1 t, |rho_1| < 1/3.
  public func start(first: Double) -> DensityMoments {
    DensityMoments([first] + [Double](repeating: 0, count: degree - 1))
  }

  public mutating func direction(
    at point: DensityMoments, step: UInt64, on team: borrowing some Communicator & ~Copyable, into direction: inout DensityMoments
  ) throws(MessagePassingError) {
    let all = [1] + point.moments, density = density(all)
    var potential = all.indices.map { meanField.beta * MeanField.coupling($0) * all[$0] }
    potential[1] += meanField.field
    let slope = basis.gradient(potential), count = basis.nodes.count
    for l in 1...degree {
      var sum = 0.0
      for q in 0..<count { sum += basis.weights[q] * density[q] * slope[q] * basis.slopes[l * count + q] }
      direction.moments[l - 1] = -Double(l * (l + 1)) * all[l] - sum
    }
  }

  /// rho = sum (2l + 1) rho_l P_l at the nodes.
  private func density(_ all: [Double]) -> [Double] { basis.sum(all.indices.map { Double(2 * $0 + 1) * all[$0] }) }
  /// The density at the nodes, its free energy and the parts of it.
  public func describe(_ point: DensityMoments) -> MeanField.Solution {
    let all = [1] + point.moments
    return meanField.describe(density: density(all), moments: all)
  }
  /// l(l + 1) + 2 beta.
  public static func rate(degree l: Int, beta: Double) -> Double { Double(l * (l + 1)) + 2 * beta }

  /// The rate of the slowest mode of the flow linearised at a density at rest, by inverse iteration on the Jacobian (central
  /// differences). All rates are real: the flow is a steepest descent.
  /// - Throws: `notConverged`.
  public func slowestRate(near rest: MeanField.Solution) throws(KahlerError) -> Double {
    let order = degree, h = 1e-6, moments = Array(rest.moments[1...].prefix(order))
    precondition(moments.count == order, "a density with at least as many moments")
    var field = self, jacobian = [Double](repeating: 0, count: order * order)
    func drift(_ m: Int, _ change: Double) -> [Double] {
      var point = DensityMoments(moments), direction = point
      point.moments[m] += change
      do throws(MessagePassingError) {
        try field.direction(at: point, step: 0, on: SoloCommunicator(), into: &direction)
      } catch { preconditionFailure("one process sends no messages: \(error)") }
      return direction.moments
    }
    for m in 0..<order {
      for (l, (up, down)) in zip(drift(m, h), drift(m, -h)).enumerated() { jacobian[l * order + m] = (down - up) / (2 * h) }
    }
    var mode = (0..<order).map { 1 / Double($0 + 1) }, rate = Double.nan
    // The next mode is less than 4 faster than the slowest, of rate 2 + 2 beta or more: each round wins that ratio.
    for _ in 0..<50_000 {
      guard let next = Linear.solve(jacobian, order: order, right: mode) else { throw .notConverged(residual: .infinity) }
      let largest = next.indices.max { abs(next[$0]) < abs(next[$1]) } ?? 0, found = mode[largest] / next[largest]
      mode = next.map { $0 / next[largest] }
      if abs(found - rate) < 1e-12 * abs(found) { return found }
      rate = found
    }
    throw .notConverged(residual: .nan)
  }
}
