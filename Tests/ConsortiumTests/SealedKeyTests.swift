import Ledger
import Testing

@testable import Consortium

/// Private keys that rest encrypted.
@Suite struct SealedKeyTests {
    static let key = Array("PRIVATE+KEY+hospital/main+00000000+AAAA\n".utf8)
    static let passphrase = Array("correct horse".utf8)

    private func refuses(_ bytes: [UInt8], _ passphrase: [UInt8]?, _ code: CustodyError.Code) {
        #expect(throws: CustodyError(code, "")) { try SealedKey.open(bytes, passphrase: passphrase, at: "log.key") }
    }

    @Test func givesTheKeyBack() throws {
        let sealed = try SealedKey.seal(Self.key, passphrase: Self.passphrase)
        #expect(SealedKey.isSealed(sealed))
        #expect(!sealed.indices.contains { sealed[$0...].starts(with: Self.key.prefix(11)) })
        #expect(try SealedKey.open(sealed, passphrase: Self.passphrase, at: "") == Self.key)
        #expect(try SealedKey.seal(Self.key, passphrase: Self.passphrase) != sealed)
    }

    /// Made with another implementation of scrypt and ChaCha20-Poly1305; read for ever.
    @Test func readsTheFirstVersion() throws {
        let file = """
            custody-key/v1
            scrypt 15 8 1 AAECAwQFBgcICQoLDA0ODw==
            AAECAwQFBgcICQoLOzOX6fHdqlCgu9dfKwCAutRmcBGv5LFkwq5HonBR3WG8gYKfAYaRO/8RW3xb2m0jar1K48L/jow=

            """
        #expect(try SealedKey.open(Array(file.utf8), passphrase: Self.passphrase, at: "") == Self.key)
    }

    @Test func readsAKeyThatIsNotEncrypted() throws {
        for passphrase in [Self.passphrase, nil] {
            #expect(try SealedKey.open(Self.key, passphrase: passphrase, at: "") == Self.key)
        }
    }

    @Test func refusesAnotherPassphraseAndNone() throws {
        let sealed = try SealedKey.seal(Self.key, passphrase: Self.passphrase)
        refuses(sealed, Array("correct hors".utf8), .passphraseWrong)
        refuses(sealed, nil, .passphraseMissing)
    }

    /// Whatever byte is changed, the file gives no other key.
    @Test func refusesDamagedBytes() throws {
        let sealed = try SealedKey.seal(Self.key, passphrase: Self.passphrase)
        for place in stride(from: sealed.count - 3, to: 36, by: -41) {
            var damaged = sealed
            damaged[place] ^= 1
            #expect(throws: CustodyError.self) {
                try SealedKey.open(damaged, passphrase: Self.passphrase, at: "")
            }
        }
        for end in stride(from: 14, to: sealed.count - 1, by: 17) {
            refuses(Array(sealed[..<end]), Self.passphrase, .keyMalformed)
        }
    }

    @Test(arguments: [(9, false), (10, true), (21, false), (-1, false), (64, false)])
    func readsCostsWithinTheLimits(cost: Int, isRead: Bool) throws {
        let sealed = String(decoding: try SealedKey.seal(Self.key, passphrase: Self.passphrase), as: UTF8.self)
        let changed = Array(sealed.replacing("scrypt 15", with: "scrypt \(cost)").utf8)
        // The cost is bound to the ciphertext: another one is read, and does not open it.
        refuses(changed, Self.passphrase, isRead ? .passphraseWrong : .keyMalformed)
    }

    @Test(arguments: [0, 1, SealedKey.passphraseMax, SealedKey.passphraseMax + 1])
    func takesPassphrasesWithinTheLimits(count: Int) throws {
        let passphrase = [UInt8](repeating: 65, count: count)
        guard (1...SealedKey.passphraseMax).contains(count) else {
            #expect(throws: CustodyError(.passphraseMalformed, "")) {
                try SealedKey.seal(Self.key, passphrase: passphrase)
            }
            return
        }
        let sealed = try SealedKey.seal(Self.key, passphrase: passphrase)
        #expect(try SealedKey.open(sealed, passphrase: passphrase, at: "") == Self.key)
    }
}
