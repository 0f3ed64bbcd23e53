import Archives
import Oracles
import Runtime
import Testing

/// 100,000 damaged inputs each: a reader gives its contents or its error, never a crash, which would end this process.
@Suite("Readers survive what no writer has written") struct MutatedInputTests {
  static let count = 100_000

  @Test("study files give a study or one line")
  func studies() {
    let files = [
      "study = \"toy-lattice\"\nseed = 7\n[lattice]\nsize = 32 # sites\ncoupling = 0.44\nboundary = \"open\"\n[training]\nlayers = [64, 16]\nrates = [0.05, 1e-3]\nweights_kept = false\nnames = ['a', \"b\\n\"]\n",
      "study = \"toy-lattice\"\n[lattice]\nsize = {range = [8, 64, 8]}\n[sweep]\nproduct = [\"lattice.size\"]\n[run]\n",
      "study = \"toy-lattice\"\n[sweep]\n\"lattice.size\" = [8, 16]\n\"lattice.coupling\" = {from = 0.1, to = 0.5, count = 5}\n",
    ]
    let words = [
      "[", "]", "{", "}", "=", "\"", "'''", "\"\"\"", "\\u0000", "\n", ".", "1e999", "-", "0x", "9223372036854775808", "nan", "inf", "true",
      "1979-05-27T07:32:00Z", "[[lattice]]\n", "lattice.size = 8\n", "#", "é", ",", "_",
    ]
    var mutations = Mutations(of: files.map { Array($0.utf8) }, words: words, seed: 53), read = 0
    for _ in 0..<Self.count {
      let text = String(decoding: mutations.next(), as: UTF8.self)
      if let line = Toy.complaint(text) {
        if line.utf8.contains(10) { Issue.record("more than one line: \(line)") }
      } else {
        read += 1
      }
    }
    #expect(read > 100 && read < Self.count / 2, "\(read)")
  }

  @Test("JSON of results and reports")
  func json() {
    let samples = ["{\"a\": [1, -2.5e-3, null, true], \"b\": {\"c\": \"\\u00e9\\n\"}}", "[]", "[[[[1]]]]"]
    var mutations = Mutations(of: samples.map { Array($0.utf8) }, words: ["[", "{", "\"", "\\u", "\\ud800", "1e999", "-", ","], seed: 59),
      read = 0
    for _ in 0..<Self.count {
      do throws(JSONError) {
        _ = try JSON(parsing: String(decoding: mutations.next(), as: UTF8.self))
        read += 1
      } catch {}
    }
    #expect(read > 100 && read < Self.count / 2, "\(read)")
    #expect(throws: JSONError.self) { _ = try JSON(parsing: String(repeating: "[", count: 1_000_000)) }
  }

  @Test("what leaders tell the coordinator: units that exist, lengths that are there", arguments: ["ended", "progress", "shares"])
  func messages(kind: String) throws {
    let curves = [
      CurvePoint("layer-1/error", step: 3, value: 0.5), CurvePoint("", step: -1, value: .nan),
      CurvePoint("weights", step: 4, spread: [-1, 0, 2]),
      CurvePoint("picture", step: 5, content: .picture(width: 2, height: 1, png: [1, 2, 3])),
    ]
    let shares = [2, 3].compactMap { WorkShare(rank: $0, unit: 1, times: [0.5, 9, 7, 1, 0.25, 1]) }
    let samples: [ControlMessage] =
      switch kind {
      case "ended": [.ended(unit: 2, .done([1, 2, 3])), .ended(unit: 0, .stopped), .ended(unit: 1, .failed("why"))]
      case "shares": [.shares(unit: 1, shares), .shares(unit: 1, [])]
      default:
        [.progress(unit: 2, fraction: 0.25, stage: "chains", curves: curves), .progress(unit: 0, fraction: 1, stage: "", curves: [])]
      }
    func decode(_ bytes: [UInt8]) throws(ArchiveError) -> ControlMessage {
      switch kind {
      case "ended": try ControlMessage(ended: bytes, units: 3)
      case "shares": try ControlMessage(shares: bytes, units: 3, ranks: 4)
      default: try ControlMessage(progress: bytes, units: 3)
      }
    }
    for sample in samples { #expect(try decode(sample.bytes).bytes == sample.bytes) }
    var mutations = Mutations(of: samples.map(\.bytes), seed: 61), read = 0
    for _ in 0..<Self.count {
      do throws(ArchiveError) {
        switch try decode(mutations.next()) {
        case .ended(let unit, _), .progress(let unit, _, _, _), .shares(let unit, _):
          if !(0..<3).contains(unit) { Issue.record("unit \(unit)") }
        }
        read += 1
      } catch {}
    }
    #expect(read > 100 && read < Self.count * 9 / 10, "\(read)")
  }

  @Test("a heartbeat of a wrong length, of no unit or with no time is an error")
  func heartbeats() throws {
    #expect(try Heartbeat([250, 2], units: 3) == Heartbeat(milliseconds: 250, unit: 2))
    #expect(try Heartbeat([0, -1], units: 3).unit == -1)
    for words in [[], [1], [1, 2, 3], [-1, 0], [0, 3], [0, -2]] {
      #expect(throws: ArchiveError.self, "\(words)") { try Heartbeat(words, units: 3) }
    }
  }
}
