/// What one sample looks like between two layers: a grid of pixels with channels, stored `[height][width][channels]`
/// (channels last), or a plain vector, which is one pixel with many channels.
public struct FeatureShape: Sendable, Equatable, CustomStringConvertible {
  /// Rows and columns of the grid, numbers per pixel.
  public let height: Int, width: Int, channels: Int
  /// A grid; all at least 1.
  public init(height: Int, width: Int, channels: Int) {
    precondition(height > 0 && width > 0 && channels > 0, "a sample has pixels and channels")
    self.height = height
    self.width = width
    self.channels = channels
  }
  /// A vector of `count` numbers.
  public static func vector(_ count: Int) -> FeatureShape { FeatureShape(height: 1, width: 1, channels: count) }
  /// Numbers per sample.
  public var count: Int { height * width * channels }
  /// Whether it has a single pixel.
  public var isVector: Bool { height == 1 && width == 1 }
  public var description: String { isVector ? "\(channels)" : "\(height)x\(width)x\(channels)" }
}
