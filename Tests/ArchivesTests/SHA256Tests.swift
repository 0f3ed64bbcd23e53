import Archives
import Testing

@Suite struct SHA256Tests {
  @Test(
    "SHA-256 gives the published digests",
    arguments: [
      // FIPS 180-4 examples (NIST, SHA256.pdf) and NIST CAVP SHA256ShortMsg.
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
      ),
    ])
  func published(text: String, digest: String) {
    #expect(SHA256.hash(text).hexString == digest)
  }

  @Test("SHA-256 of a million times the letter a is the published digest")
  func million() {
    let digest = SHA256.hash([UInt8](repeating: 0x61, count: 1_000_000))
    #expect(digest.hexString == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test("However a message is cut, its digest is the same")
  func cuts() {
    let message = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    for length in 0...message.count {
      let whole = SHA256.hash(Array(message[..<length]))
      var hash = SHA256()
      for start in stride(from: 0, to: length, by: 37) { hash.update(message[start..<min(start + 37, length)]) }
      #expect(hash.digest() == whole)
      #expect(hash.digest() == whole)
    }
  }
}
