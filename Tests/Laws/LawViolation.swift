public struct LawViolation: Error, CustomStringConvertible { public let description: String; public init(_ description: String) { self.description = description } }
