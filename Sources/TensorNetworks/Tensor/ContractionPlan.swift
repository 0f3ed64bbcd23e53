/// In which order a network of tensors is contracted, pair by pair, and how each pair becomes matrix products: worked out once
/// from the legs and their dimensions, then carried out on any tensors of these shapes.
///
/// The order has the fewest multiplications of all orders (dynamic programming over subsets: 3^n splits for n tensors, so n is
/// at most 14). The orders of the legs of all intermediate tensors are then chosen from the last pair down, so that permuting
/// legs is done by the strides of the products and not by moving elements wherever that is estimated to be faster.
///
/// Source of the search: Pfeifer, Haegeman, Verstraete, Phys. Rev. E 90, 033315 (2014), without its pruning.
public struct ContractionPlan: Sendable, CustomStringConvertible {
  /// The legs of each tensor and of the result.
  public let operands: [String], output: String
  /// Multiplications of all pairs together; elements of the largest tensor in between (or of the result).
  public let multiplications: Double, largestTensor: Int
  /// The pairs in the order in which they are contracted, as text: tensors are numbered from 0.
  public let order: String

  /// One pair with where its operands and its result are.
  struct Step: Sendable {
    let left: Operand, right: Operand
    let pair: PairContraction
    /// Where the result goes: in the workspace, or nil for the caller's memory.
    let result: Int?
    /// Where permuted copies go.
    let scratch: Int
  }
  /// A tensor of the caller's, or one in the workspace.
  enum Operand: Sendable { case given(Int), made(at: Int) }
  let steps: [Step]
  /// Doubles of workspace that carrying it out needs.
  let workspaceCount: Int
  let dimensions: [[Int]]

  /// Plans the contraction over all legs that two operands share; legs of one operand alone are those of `output`. A leg that
  /// three tensors share, or one operand has twice, is a caller's bug.
  public init(_ operands: [String], output: String, dimension: (Character) -> Int) {
    precondition((2...14).contains(operands.count), "between 2 and 14 tensors")
    self.operands = operands
    self.output = output
    var legs: [Character: (id: Int, count: Int)] = [:]
    var sizes: [Int] = []
    func number(_ name: Character) -> Int {
      let known = legs[name] ?? (id: sizes.count, count: 0)
      if known.count == 0 { sizes.append(dimension(name)) }
      legs[name] = (known.id, known.count + 1)
      return known.id
    }
    let inputs = operands.map { operand -> [Int] in
      precondition(Set(operand).count == operand.count, "\(operand) has a leg twice")
      return operand.map(number)
    }
    let outer = output.map(number)
    precondition(legs.values.allSatisfy { $0.count == 2 }, "each leg joins two tensors, or one tensor and the result")
    let search = ContractionOrder(inputs: inputs, output: outer, sizes: sizes)
    multiplications = search.multiplications
    largestTensor = search.largest
    order = search.text
    dimensions = inputs.map { $0.map { sizes[$0] } }
    var layout = ContractionLayout(inputs: inputs, sizes: sizes)
    layout.compile(search.tree, order: outer)
    steps = layout.steps
    workspaceCount = layout.workspaceCount
  }

  /// The cost in words, for logs and pages.
  public var description: String {
    "\(operands.joined(separator: " ")) -> \(output): \(order), \(multiplications) multiplications, largest tensor \(largestTensor)"
  }

  /// Contracts tensors whose legs have the planned dimensions, by position: their names do not matter.
  public func contract(_ tensors: [Tensor], in workspace: ContractionWorkspace) -> Tensor {
    precondition(tensors.map(\.dimensions) == dimensions, "tensors of the planned dimensions")
    let last = Array(output).map { name -> Int in
      for (operand, sizes) in zip(operands, dimensions) {
        if let place = Array(operand).firstIndex(of: name) { return sizes[place] }
      }
      preconditionFailure("a leg of the result belongs to an operand")
    }
    var result = Tensor(zeros: output, last)
    contract(tensors.map(\.elements), into: &result.elements, in: workspace)
    return result
  }

  /// The same on the elements alone; `result` has as many as the result's legs say. With `accumulating`, adds to it.
  public func contract(_ elements: [[Double]], into result: inout [Double], accumulating: Bool = false, in workspace: ContractionWorkspace)
  {
    precondition(elements.map(\.count) == dimensions.map { $0.reduce(1, *) }, "tensors of the planned sizes")
    workspace.reserve(workspaceCount + (accumulating ? result.count : 0))
    unsafe result.withUnsafeMutableBufferPointer { result in
      guard let base = result.baseAddress else { return }
      if accumulating {
        let sum = unsafe workspace.memory + workspaceCount
        unsafe run(elements, into: sum, workspace.memory)
        for i in 0..<result.count { unsafe base[i] += sum[i] }
      } else {
        unsafe run(elements, into: base, workspace.memory)
      }
    }
  }

  private func run(_ elements: [[Double]], into result: UnsafeMutablePointer<Double>, _ memory: UnsafeMutablePointer<Double>) {
    func with(_ operand: Operand, _ body: (UnsafePointer<Double>) -> Void) {
      switch operand {
      case .made(let place): unsafe body(UnsafePointer(memory + place))
      case .given(let index):
        unsafe elements[index].withUnsafeBufferPointer { if let base = $0.baseAddress { unsafe body(base) } }
      }
    }
    for step in steps {
      unsafe with(step.left) { left in
        unsafe with(step.right) { right in
          let target = unsafe step.result.map { unsafe memory + $0 } ?? result
          unsafe step.pair.run(left, right, into: target, scratch: memory + step.scratch)
        }
      }
    }
  }
}

/// The memory of intermediate tensors: grows to what its plans need and is used again and again. Not for two threads.
@safe public final class ContractionWorkspace {
  private(set) var memory: UnsafeMutablePointer<Double>
  private var count = 0
  /// An empty workspace.
  public init() { unsafe memory = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64).assumingMemoryBound(to: Double.self) }
  deinit { unsafe memory.deallocate() }

  func reserve(_ wanted: Int) {
    if wanted <= count { return }
    unsafe memory.deallocate()
    unsafe memory = UnsafeMutableRawPointer.allocate(byteCount: wanted * MemoryLayout<Double>.stride, alignment: 64)
      .assumingMemoryBound(to: Double.self)
    count = wanted
  }
}
