import Runtime
import Testing

@Suite struct JSONTests {
  @Test("1000 random doubles of all magnitudes read back to the same bits")
  func roundTrip() throws {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    var numbers: [Double] = [0, -0.0, 1, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e16, 123456789012345680]
    while numbers.count < 1000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let number = Double(bitPattern: state ^ (state >> 29))
      if number.isFinite { numbers.append(number) }
    }
    for text in [JSON.array(numbers.map(JSON.number)).pretty, JSON.array(numbers.map(JSON.number)).compact] {
      let read = try #require(try JSON(parsing: text).elements)
      #expect(read.map { $0.double?.bitPattern } == numbers.map(\.bitPattern))
    }
  }

  @Test("every kind of value keeps its order and text")
  func values() throws {
    let value: JSON = .object([
      .init("z", .null), .init("a", .array([.flag(true), .integer(.min), .text("q\"\\\n\u{1}é🙂")])), .init("e", .object([])),
      .init("f", .array([])),
    ])
    #expect(try JSON(parsing: value.pretty) == value)
    #expect(try JSON(parsing: value.compact) == value)
    #expect(value.compact == "{\"z\":null,\"a\":[true,-9223372036854775808,\"q\\\"\\\\\\n\\u0001é🙂\"],\"e\":{},\"f\":[]}")
    #expect(try JSON(parsing: "\"\\ud83d\\ude42\"") == .text("🙂"))
  }

  @Test(
    "what is no JSON is refused with its place",
    arguments: [("[1,]", 3), ("{\"a\" 1}", 5), ("[1] 2", 4), ("nan", 0), ("", 0), ("\"a", 2), ("[1e999]", 6)])
  func refused(text: String, offset: Int) {
    do throws(JSONError) {
      _ = try JSON(parsing: text)
      Issue.record("accepted \(text)")
    } catch {
      #expect(error.offset == offset, "\(error)")
    }
  }

  @Test("results.json of a toy report is written byte for byte")
  func results() {
    let expected = """
      {
        "format": 1,
        "study": "toy-lattice",
        "results": [
          {
            "at": {
              "model": "ising",
              "size": 16,
              "coupling": 0.44
            },
            "observables": {
              "energy_per_site": {
                "value": -1.4,
                "error": 0.002,
                "tau": 3.1,
                "unit": "J"
              },
              "log_ratio": {
                "value": null,
                "unit": "1",
                "reason": "no overlap"
              },
              "profile": {
                "value": [1.0, 0.1, null],
                "error": [0.5, 0.25, 0.125],
                "unit": "1",
                "reason": "not a number"
              }
            }
          }
        ],
        "derived": {
          "critical_coupling": {
            "value": 0.4407,
            "error": 0.0002,
            "unit": "1"
          }
        }
      }

      """
    #expect(ResultsFile.text(Toy.report, study: "toy-lattice") == expected)
  }
}
