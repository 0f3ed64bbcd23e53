/// Samples with what they should give: images of one or several named channels side by side, or configurations of a
/// lattice, with classes or numbers as targets.
public struct SampleSet: Sendable, Equatable {
  /// What each sample should give.
  public enum Targets: Sendable, Equatable {
    /// A class in 0 ..< `of`.
    case classes([Int], of: Int)
    /// `width` numbers, `[count, width]`.
    case values([Float], width: Int)

    /// How many outputs a network for them has.
    public var width: Int {
      switch self {
      case .classes(_, let count): count
      case .values(_, let width): width
      }
    }
    /// Whether they are classes.
    public var isClasses: Bool { if case .classes = self { true } else { false } }
  }

  /// One sample's shape, its channels' names, and how many samples there are.
  public let shape: FeatureShape, channelNames: [String], count: Int
  /// `[count][height][width][channels]`.
  public let features: [Float]
  public let targets: Targets

  /// Samples whose counts and classes fit.
  public init(shape: FeatureShape, channelNames: [String] = [], features: [Float], targets: Targets) {
    let count = features.count / shape.count
    precondition(features.count == count * shape.count, "features fill whole samples")
    switch targets {
    case .classes(let labels, let classes):
      precondition(labels.count == count && labels.allSatisfy { (0..<classes).contains($0) }, "a class for each sample")
    case .values(let values, let width): precondition(values.count == count * width, "targets for each sample")
    }
    self.shape = shape
    self.channelNames = channelNames.isEmpty ? (0..<shape.channels).map { "channel-\($0)" } : channelNames
    self.count = count
    self.features = features
    self.targets = targets
  }

  /// The classes; empty where the targets are numbers.
  public var labels: [Int] { if case .classes(let labels, _) = targets { labels } else { [] } }

  /// The samples of a range, in order.
  public func slice(_ range: Range<Int>) -> SampleSet {
    let n = shape.count
    let part: Targets =
      switch targets {
      case .classes(let labels, let classes): .classes(Array(labels[range]), of: classes)
      case .values(let values, let width): .values(Array(values[range.lowerBound * width..<range.upperBound * width]), width: width)
      }
    return SampleSet(
      shape: shape, channelNames: channelNames, features: Array(features[range.lowerBound * n..<range.upperBound * n]), targets: part)
  }

  func target(_ index: Int) -> SampleTarget { targets.target(index) }
}

extension SampleSet.Targets {
  /// How many samples they are for.
  var count: Int {
    switch self {
    case .classes(let labels, _): labels.count
    case .values(let values, let width): values.count / width
    }
  }
  func target(_ index: Int) -> SampleTarget {
    switch self {
    case .classes(let labels, _): .category(labels[index])
    case .values(let values, let width): .values(values[index * width..<(index + 1) * width])
    }
  }
}
