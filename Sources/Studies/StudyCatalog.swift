public import Runtime

/// Every study that the program knows, in the order in which the catalogue lists them: the reader's index.
public enum StudyCatalog {
  public static let all: [any Study.Type] = [DeepRenormalization.self]

  /// What reading study files needs to know of them.
  public static var descriptions: [StudyDescription] { all.map { StudyDescription($0) } }
  /// The study of this name.
  public static func study(named name: String) -> (any Study.Type)? { all.first { $0.name == name } }
}
