import Glibc

/// How the length of steps changes over a training: a factor on the rate as a function of the part of it that is done.
public enum RateSchedule: String, Sendable, CaseIterable {
  /// 1
  case constant
  /// From 1 to 0 along a straight line.
  case linear
  /// From 1 to 0 along (1 + cos pi x) / 2 (I. Loshchilov, F. Hutter, ICLR 2017).
  case cosine
  /// 1, 1/10 and 1/100 in the three thirds.
  case steps

  /// The factor after `fraction`, in [0, 1], of the training.
  public func factor(_ fraction: Double) -> Double {
    switch self {
    case .constant: 1
    case .linear: 1 - fraction
    case .cosine: (1 + cos(Double.pi * fraction)) / 2
    case .steps: fraction < 1.0 / 3 ? 1 : fraction < 2.0 / 3 ? 0.1 : 0.01
    }
  }
}
