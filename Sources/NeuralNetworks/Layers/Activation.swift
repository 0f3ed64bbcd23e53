import Glibc
import LinearAlgebra

/// The function f of a layer f(Wx + b). Its derivative is a function of its value, so only values are kept.
public enum Activation: String, Sendable, CaseIterable {
  /// x
  case identity
  /// max(x, 0), with derivative 0 at 0
  case relu
  /// tanh x
  case tanh
  /// 1 / (1 + e^-x)
  case sigmoid

  /// f(x).
  public func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .identity: x
    case .relu: max(x, 0)
    case .tanh: Glibc.tanh(x)
    case .sigmoid: Elementwise.sigmoid(x)
    }
  }
  /// f'(x) from y = f(x): 1, [y > 0], 1 - y^2, y (1 - y).
  public func slope(at y: Double) -> Double {
    switch self {
    case .identity: 1
    case .relu: y > 0 ? 1 : 0
    case .tanh: 1 - y * y
    case .sigmoid: y * (1 - y)
    }
  }
}

/// One activation as a type, so that a product's epilogue holds its vector code and no switch.
protocol ActivationLanes {
  static func value(_ x: SIMD16<Float>) -> SIMD16<Float>
  /// delta f'(x), y = f(x).
  static func scaled(_ delta: SIMD16<Float>, at y: SIMD16<Float>) -> SIMD16<Float>
}

enum IdentityLanes: ActivationLanes {
  @inline(__always) static func value(_ x: SIMD16<Float>) -> SIMD16<Float> { x }
  @inline(__always) static func scaled(_ delta: SIMD16<Float>, at y: SIMD16<Float>) -> SIMD16<Float> { delta }
}
enum RectifiedLanes: ActivationLanes {
  // In integers: comparisons of floats are taken apart lane by lane here.
  @inline(__always) static func value(_ x: SIMD16<Float>) -> SIMD16<Float> { masked(x, ~(bits(x) &>> 31)) }
  @inline(__always) static func scaled(_ delta: SIMD16<Float>, at y: SIMD16<Float>) -> SIMD16<Float> {
    // Values are never negative: positive ones are those with any bit set.
    masked(delta, (SIMD16<Int32>() &- bits(y)) &>> 31)
  }
}
enum HyperbolicLanes: ActivationLanes {
  @inline(__always) static func value(_ x: SIMD16<Float>) -> SIMD16<Float> { Elementwise.tanh(x) }
  @inline(__always) static func scaled(_ delta: SIMD16<Float>, at y: SIMD16<Float>) -> SIMD16<Float> {
    delta * (SIMD16(repeating: 1) - y * y)
  }
}
enum LogisticLanes: ActivationLanes {
  @inline(__always) static func value(_ x: SIMD16<Float>) -> SIMD16<Float> { Elementwise.sigmoid(x) }
  @inline(__always) static func scaled(_ delta: SIMD16<Float>, at y: SIMD16<Float>) -> SIMD16<Float> {
    delta * (y * (SIMD16(repeating: 1) - y))
  }
}

/// The bits of sixteen floats as integers; the floats whose mask is all ones, zero where it is zero.
@inline(__always) func bits(_ x: SIMD16<Float>) -> SIMD16<Int32> { unsafe unsafeBitCast(x, to: SIMD16<Int32>.self) }
@inline(__always) func masked(_ x: SIMD16<Float>, _ mask: SIMD16<Int32>) -> SIMD16<Float> {
  unsafe unsafeBitCast(bits(x) & mask, to: SIMD16<Float>.self)
}
