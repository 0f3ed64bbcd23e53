/// min(1, exp(change)), exactly 1 at a change of zero or above; relative error below 1e-15. Below
/// -700, and for what is not a number, 1e-304.
///
/// Without a branch or a call, so that the sites of a sweep overlap: exp(x) = 2^n exp(r), n = x / ln 2 rounded, |r| <= ln(2) / 2,
/// and exp(r) by Taylor's series to r^13.
@inlinable @inline(__always) func metropolisAcceptance(_ change: Double) -> Double {
  // The first comparison is false for what is not a number.
  let x = change > -700 ? (change < 0 ? change : 0) : -700
  // Adding 1.5 2^52 rounds to an integer, which then stands in the lowest bits.
  let shifted = x * 1.442_695_040_888_963_4 + 0x1.8p52, n = shifted - 0x1.8p52
  let r = (x - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33
  let s = r * r
  // In pairs of powers, so that the products overlap.
  let low = (1 + r) + s * (1.0 / 2 + r * (1.0 / 6))
  let middle = (1.0 / 24 + r * (1.0 / 120)) + s * (1.0 / 720 + r * (1.0 / 5040))
  let high = (1.0 / 40320 + r * (1.0 / 362_880)) + s * (1.0 / 3_628_800 + r * (1.0 / 39_916_800))
  let top = 1.0 / 479_001_600 + r * (1.0 / 6_227_020_800)
  let quartic = s * s
  let series = low + quartic * (middle + quartic * (high + quartic * top))
  return series * Double(bitPattern: (shifted.bitPattern &+ 1023) &<< 52)
}
