internal import Glibc
internal import LinearAlgebra

/// How the elements of a row-major array move when its axes change order; worked out once, used often.
///
/// Axes that stay neighbours are merged first. Then either whole runs are copied, or the axis that is contiguous in the input
/// and the one that is contiguous in the output are transposed in tiles: both sides move whole cache lines.
struct LegPermutation: Sendable {
  /// Loops around the inner kernel: how often, and how far input and output move.
  private var loops: [(count: Int, input: Int, output: Int)] = []
  /// A run of `run` elements to copy; with 0, a transpose of `rows x columns` with these strides.
  private var run = 0, rows = 0, columns = 0, inputStride = 0, outputStride = 0
  /// All elements.
  let count: Int

  /// Output axis k is input axis `order[k]`; `dimensions` are the input's.
  init(dimensions: [Int], order: [Int]) {
    precondition(order.sorted() == Array(dimensions.indices), "a permutation of the axes")
    count = dimensions.reduce(1, *)
    var strides = [Int](repeating: 1, count: dimensions.count)
    for axis in dimensions.indices.reversed().dropFirst() { strides[axis] = strides[axis + 1] * dimensions[axis + 1] }
    // Output axes with the input's strides, neighbours merged, outermost first.
    var axes: [(count: Int, stride: Int)] = []
    for axis in order where dimensions[axis] > 1 {
      if let last = axes.last, last.stride == dimensions[axis] * strides[axis] {
        axes[axes.count - 1] = (last.count * dimensions[axis], strides[axis])
      } else {
        axes.append((dimensions[axis], strides[axis]))
      }
    }
    var outputs = [Int](repeating: 1, count: axes.count)
    for axis in axes.indices.reversed().dropFirst() { outputs[axis] = outputs[axis + 1] * axes[axis + 1].count }
    guard let last = axes.last else {
      run = count
      return
    }
    if last.stride == 1 {
      run = last.count
      for axis in axes.indices.dropLast() { loops.append((axes[axis].count, axes[axis].stride, outputs[axis])) }
    } else {
      let contiguous = axes.firstIndex { $0.stride == 1 } ?? 0
      // Rows of the tile run along the output's contiguous axis, columns along the input's.
      (rows, columns) = (last.count, axes[contiguous].count)
      (inputStride, outputStride) = (last.stride, outputs[contiguous])
      for axis in axes.indices.dropLast() where axis != contiguous { loops.append((axes[axis].count, axes[axis].stride, outputs[axis])) }
    }
  }

  /// Moves `count` elements; the two memories do not overlap.
  func callAsFunction(_ input: UnsafePointer<Double>, _ output: UnsafeMutablePointer<Double>) {
    unsafe apply(input, output, level: 0)
  }

  private func apply(_ input: UnsafePointer<Double>, _ output: UnsafeMutablePointer<Double>, level: Int) {
    guard level < loops.count else {
      if run > 0 {
        if run < 32 {
          for i in 0..<run { unsafe output[i] = input[i] }
        } else {
          unsafe memcpy(output, input, run * MemoryLayout<Double>.stride)
        }
      } else {
        unsafe Transpose.strided(input, stride: inputStride, rows: rows, columns: columns, into: output, stride: outputStride)
      }
      return
    }
    let loop = loops[level]
    for i in 0..<loop.count { unsafe apply(input + i &* loop.input, output + i &* loop.output, level: level + 1) }
  }

  /// The same on arrays.
  func callAsFunction(_ input: [Double]) -> [Double] {
    precondition(input.count == count, "an array of \(count) elements")
    return unsafe [Double](unsafeUninitializedCapacity: count) { output, initialized in
      unsafe input.withUnsafeBufferPointer { input in
        if let from = input.baseAddress, let to = output.baseAddress { unsafe self(from, to) }
      }
      initialized = count
    }
  }
}
