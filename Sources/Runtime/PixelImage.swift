/// A small picture with a palette as PNG, for heatmaps: written in stored (uncompressed) blocks, so no compression
/// library is needed; at one byte or one bit a pixel the files are small anyway.
struct PixelImage {
  let width: Int, height: Int
  /// Colours as red, green, blue.
  let palette: [(UInt8, UInt8, UInt8)]
  /// Row-major indices into the palette.
  let pixels: [UInt8]

  /// The PNG file (ISO/IEC 15948). Two colours take one bit a pixel.
  var png: [UInt8] {
    let oneBit = palette.count <= 2
    var raw: [UInt8] = []
    for row in 0..<height {
      raw.append(0)
      let line = pixels[(row * width)..<((row + 1) * width)]
      if oneBit {
        var byte: UInt8 = 0
        for (place, pixel) in line.enumerated() {
          byte |= (pixel & 1) << UInt8(7 - place % 8)
          if place % 8 == 7 || place == width - 1 {
            raw.append(byte)
            byte = 0
          }
        }
      } else {
        raw += line
      }
    }
    var out: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    out += Self.chunk("IHDR", Self.bigEndian(width) + Self.bigEndian(height) + [oneBit ? 1 : 8, 3, 0, 0, 0])
    out += Self.chunk("PLTE", palette.flatMap { [$0.0, $0.1, $0.2] })
    out += Self.chunk("IDAT", Self.stored(raw))
    return out + Self.chunk("IEND", [])
  }

  /// The picture as a URI that stands in a page itself.
  var dataURI: String { "data:image/png;base64," + base64(png) }

  private static func bigEndian(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
  private static func chunk(_ name: String, _ body: [UInt8]) -> [UInt8] {
    let named = Array(name.utf8) + body
    return bigEndian(body.count) + named + bigEndian(Int(crc32(named)))
  }
  /// A zlib stream of stored blocks (RFC 1950, 1951).
  private static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = [0x78, 0x01]
    var start = 0
    repeat {
      let end = min(start + 65535, bytes.count), count = UInt16(end - start)
      let low = UInt8(truncatingIfNeeded: count), high = UInt8(truncatingIfNeeded: count >> 8)
      out += [end == bytes.count ? 1 : 0, low, high, ~low, ~high]
      out += bytes[start..<end]
      start = end
    } while start < bytes.count
    var a: UInt32 = 1, b: UInt32 = 0
    for byte in bytes {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
    return out + bigEndian(Int(b << 16 | a))
  }
  private static let crcTable: [UInt32] = (0..<256).map { start in
    (0..<8).reduce(UInt32(start)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
  }
  private static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { crcTable[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ ($0 >> 8) }
  }
}

/// Base 64 (RFC 4648) with padding.
func base64(_ bytes: [UInt8]) -> String {
  let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var out: [UInt8] = []
  out.reserveCapacity((bytes.count + 2) / 3 * 4)
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let count = min(3, bytes.count - start)
    var word = 0
    for place in 0..<3 { word = word << 8 | (place < count ? Int(bytes[start + place]) : 0) }
    for place in 0..<4 { out.append(place <= count ? digits[word >> (18 - 6 * place) & 63] : UInt8(ascii: "=")) }
  }
  return String(decoding: out, as: UTF8.self)
}
