/// Text in columns for a terminal; columns named in `right` are flush right.
struct TextTable {
  var header: [String], rows: [[String]] = []
  var right: Set<Int> = []
  init(_ header: [String], right: Set<Int> = []) {
    self.header = header
    self.right = right
  }
  /// The lines; the last column is not padded.
  var lines: [String] {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      let cells = row.indices.map { column -> String in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        if right.contains(column) { return padding + row[column] }
        return column == row.count - 1 ? row[column] : row[column] + padding
      }
      return cells.joined(separator: "  ")
    }
  }
  func show() { for line in lines { print(line) } }
}
