import Glibc
import RandomStreams

/// A noisy code with a price on what it keeps: d means mu and d log-variances r enter, z = mu + exp(r / 2) eps leaves, eps
/// standard normal, while training; z = mu otherwise (the deep variational information bottleneck: A. A. Alemi, I. Fischer,
/// J. V. Dillon, K. Murphy, ICLR 2017).
///
/// Its rate, the divergence of the code's distribution from a standard normal,
///
///     KL = 1/2 sum_j (mu_j^2 + exp(r_j) - 1 - r_j)   nats,
///
/// averaged over inputs bounds I(X; Z) from above; training adds `price` times the mean rate to the loss. Noise depends on
/// (slot in the mini-batch, step, layer) alone and is drawn again on the way back.
public struct Bottleneck: Sendable, Equatable {
  /// d, the numbers that leave; twice as many enter, means first.
  public let codes: Int

  /// The rate of each code of one sample in nats: `x: [2 codes]`.
  func rates<Scalar: NetworkScalar>(_ x: UnsafePointer<Scalar>) -> [Double] {
    (0..<codes).map { j in
      let mean = unsafe Double(x[j]), r = unsafe Double(x[codes + j])
      return 0.5 * (mean * mean + expm1(r) - r)
    }
  }

  /// z of one sample.
  func forward<Scalar: NetworkScalar>(_ x: UnsafePointer<Scalar>, at place: SamplePlace?, into z: UnsafeMutablePointer<Scalar>) {
    guard let place else { return unsafe z.update(from: x, count: codes) }
    var noise = place.normals
    for j in 0..<codes { unsafe z[j] = x[j] + Scalar(exp(0.5 * Double(x[codes + j])) * noise.normal()) }
  }

  /// The derivative of loss + price x rate by what entered, from the derivative of the loss by z.
  func backward<Scalar: NetworkScalar>(
    _ delta: UnsafePointer<Scalar>, at x: UnsafePointer<Scalar>, _ place: SamplePlace, price: Double,
    into result: UnsafeMutablePointer<Scalar>
  ) {
    var noise = place.normals
    for j in 0..<codes {
      let mean = unsafe Double(x[j]), deviation = unsafe exp(0.5 * Double(x[codes + j])), d = unsafe Double(delta[j])
      unsafe result[j] = Scalar(d + price * mean)
      unsafe result[codes + j] = Scalar(0.5 * (d * deviation * noise.normal() + price * (deviation * deviation - 1)))
    }
  }
}

/// Where a sample's decisions in a layer are drawn.
struct SamplePlace {
  let streams: KeyedStreams, slot: Int, step: UInt64, layer: Int

  var normals: KeyedStreams.Generator { streams.generator(replica: slot, step: step, site: layer, purpose: .hidden) }
}
