public import Archives
public import LinearAlgebra

/// One of the steppers, chosen while the program runs.
public enum ChosenStepper<Scalar: DenseScalar & ArchiveElement>: Stepper, Equatable {
  case descent(GradientDescent<Scalar>)
  case momentum(Momentum<Scalar>)
  case adam(Adam<Scalar>)
  case langevin(Langevin<Scalar>)

  /// The length of a step.
  public var rate: Scalar {
    get {
      switch self {
      case .descent(let rule): rule.rate
      case .momentum(let rule): rule.rate
      case .adam(let rule): rule.rate
      case .langevin(let rule): rule.rate
      }
    }
    set {
      change(
        { $0.rate = newValue }, { $0.rate = newValue }, { $0.rate = newValue }, { $0.rate = newValue })
    }
  }

  @inlinable public mutating func step<Point: Space, Direction: Blocks>(_ point: inout Point, along direction: Direction)
  where Point.Scalar == Scalar, Direction.Scalar == Scalar {
    change(
      { $0.step(&point, along: direction) }, { $0.step(&point, along: direction) }, { $0.step(&point, along: direction) },
      { $0.step(&point, along: direction) })
  }

  /// Changes the rule in place: its arrays have one owner while they are written.
  @usableFromInline mutating func change(
    _ descent: (inout GradientDescent<Scalar>) -> Void, _ momentum: (inout Momentum<Scalar>) -> Void, _ adam: (inout Adam<Scalar>) -> Void,
    _ langevin: (inout Langevin<Scalar>) -> Void
  ) {
    switch self {
    case .descent(var rule):
      descent(&rule)
      self = .descent(rule)
    case .momentum(var rule):
      self = .descent(GradientDescent(rate: 0))
      momentum(&rule)
      self = .momentum(rule)
    case .adam(var rule):
      self = .descent(GradientDescent(rate: 0))
      adam(&rule)
      self = .adam(rule)
    case .langevin(var rule):
      langevin(&rule)
      self = .langevin(rule)
    }
  }

  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    switch self {
    case .descent(let rule):
      try archive.write(0, at: path + "/kind")
      try rule.save(to: &archive, at: path + "/rule")
    case .momentum(let rule):
      try archive.write(1, at: path + "/kind")
      try rule.save(to: &archive, at: path + "/rule")
    case .adam(let rule):
      try archive.write(2, at: path + "/kind")
      try rule.save(to: &archive, at: path + "/rule")
    case .langevin(let rule):
      try archive.write(3, at: path + "/kind")
      try rule.save(to: &archive, at: path + "/rule")
    }
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let kind = try archive.scalar(Int.self, at: path + "/kind")
    switch kind {
    case 0: self = .descent(try GradientDescent(from: archive, at: path + "/rule"))
    case 1: self = .momentum(try Momentum(from: archive, at: path + "/rule"))
    case 2: self = .adam(try Adam(from: archive, at: path + "/rule"))
    case 3: self = .langevin(try Langevin(from: archive, at: path + "/rule"))
    default: throw .damaged(file: path + "/kind", reason: "\(kind) stands for no stepper")
    }
  }
}
