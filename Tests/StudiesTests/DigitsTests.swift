import Foundation
import Runtime
import Studies
import Testing

extension ProgramTests {
  @Suite("Handwritten digits")
  struct Digits {
    static let isThere = ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"].allSatisfy {
      FileManager.default.fileExists(atPath: (ProcessInfo.processInfo.environment["RENORM_DATA"] ?? "/nowhere") + "/" + $0)
    }

    @Test("renorm verify runs what the study files say", arguments: DigitsKnownValues.studies.keys.sorted())
    func settings(name: String) throws {
      let catalogue = StudyCatalog.descriptions
      let shipped = try StudyFile.resolve(path: "\(NetworkStudies.folder)/\(name).toml", catalogue: catalogue)
      let verified = try StudyFile.resolve(text: DigitsKnownValues.studies[name] ?? "", file: name, catalogue: catalogue)
      #expect(shipped.digest == verified.digest)
    }

    @Test(
      "A network 784-512-256-10 of 8 epochs gets 95 % of the test images right",
      .enabled(if: isThere, "RENORM_DATA names no folder with the MNIST test files"))
    func network() throws {
      try Program.withFolder { folder in
        let settings = ["training.networks=1", "training.epochs=8"].flatMap { ["--set", $0] }
        let end = try Program.run(["run", "\(NetworkStudies.folder)/digits.toml", "--out", folder] + settings)
        #expect(end.status == 0, "\(end.all)")
        let whole = try JSONSerialization.jsonObject(with: Program.bytes(folder + "/results.json")) as? [String: Any]
        let rows = try #require(whole?["results"] as? [[String: Any]])
        let found = try #require(rows.first?["observables"] as? [String: [String: Any]])
        let accuracy = try #require(found["test_accuracy"]?["value"] as? Double)
        #expect(accuracy >= 0.95)
        #expect(found["test_loss"]?["unit"] as? String == "nats" && found["train_loss"]?["unit"] as? String == "nats")
      }
    }
  }
}
