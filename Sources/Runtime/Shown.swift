/// Numbers for a reader.
public enum Shown {
  /// Some significant digits.
  public static func number(_ value: Double, digits: Int = 6) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
    var exponent = 0, size = abs(value)
    while size >= 10 {
      size /= 10
      exponent += 1
    }
    while size < 1 {
      size *= 10
      exponent -= 1
    }
    // 1e-11 comes out of these products a little below 10: it is 1 of the next power.
    if 10 - size < 1e-12 {
      size = 1
      exponent += 1
    }
    if exponent >= digits + 3 || exponent < -5 {
      let mantissa = fixed(value < 0 ? -size : size, max(0, min(digits - 1, 5)))
      return "\(mantissa)e\(exponent)"
    }
    return fixed(value, max(0, digits - 1 - exponent))
  }
  /// A setting as short as it can be told apart: what sums of steps made of 0.9 (0.8999999999999999) is 0.9 again.
  public static func setting(_ value: Double) -> String {
    let exact = "\(value)"
    guard exact.count > 9, let short = Double(number(value)) else { return exact }
    return "\(short)"
  }
  /// A number with so many digits behind the point.
  public static func fixed(_ value: Double, _ places: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    let places = min(places, 15 - min(15, "\(Int(abs(value)))".count))
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    let digits = "\(Int(scaled))"
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    let sign = value < 0 && scaled > 0 ? "-" : ""
    return places == 0 ? sign + padded : sign + padded.dropLast(places) + "." + padded.suffix(places)
  }
  /// Bytes: "1.5 GB".
  public static func bytes(_ count: Double) -> String { scaled(count, ["B", "kB", "MB", "GB", "TB", "PB"]) }
  /// A rate: "12.3 G".
  public static func scaled(_ value: Double, _ units: [String] = ["", "k", "M", "G", "T", "P"]) -> String {
    var value = value, unit = 0
    while abs(value) >= 1000, unit + 1 < units.count {
      value /= 1000
      unit += 1
    }
    return "\(number(value, digits: 3)) \(units[unit])"
  }
}
