public import Runtime

/// Every study that the program knows, in the order in which the catalogue lists them.
public enum StudyCatalog {
  public static let all: [any Study.Type] = [DeepRenormalization.self]
}
