/// The element types of dense algebra: those that BLAS knows.
public protocol DenseScalar: BinaryFloatingPoint, BitwiseCopyable, Sendable {}
extension Float: DenseScalar {}
extension Double: DenseScalar {}
