import Foundation
import Testing

/// Private keys that rest encrypted, and what a gateway does with them.
@Suite struct EncryptedKeyTests {
    let site: TestSite
    let passphrase: String

    init() throws {
        site = try TestSite()
        passphrase = site.folder + "/passphrase"
        try "correct horse\n".write(toFile: passphrase, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: passphrase)
    }

    private func configure(_ more: String) throws {
        try "custody-gateway: 1\nlisten: 127.0.0.1:0\n\(more)\n".write(
            toFile: site.state + "/gateway.yaml", atomically: true, encoding: .utf8)
    }

    @Test func aGatewayOpensItsKeysAndSealsTheNextOne() async throws {
        try configure("")
        try site.custody("keys", "encrypt", "--passphrase-file", passphrase, "--state", site.state)
        for name in ["log", "generations", "tls", "cosigner"] {
            let text = try String(contentsOfFile: site.state + "/\(name).key", encoding: .utf8)
            #expect(text.hasPrefix("custody-key/v1\n"), "\(name)")
        }
        let refused = try site.run(["run", "--state", site.state])
        #expect(refused.code == 2)
        #expect(refused.errors.contains("[passphrase-missing]"))
        try configure("passphrase-file: \(passphrase)")
        // The next generation's key rests as the one before did.
        try FileManager.default.removeItem(atPath: site.state + "/head")
        try FileManager.default.removeItem(atPath: site.state + ".head")
        let next = try await RunningGateway(site, at: site.state)
        #expect(next.log.contains("the next generation of the log is open"))
        next.stop()
        #expect(try String(contentsOfFile: site.state + "/log.key", encoding: .utf8).hasPrefix("custody-key/v1\n"))
        try site.custody("keys", "decrypt", "--state", site.state)
        try configure("")
        let plain = try await RunningGateway(site, at: site.state)
        plain.stop()
        #expect(try site.run(["verify", "--state", site.state]).code == 0)
    }

    @Test func aWrongPassphraseChangesNothing() throws {
        try site.custody("keys", "encrypt", "--passphrase-file", passphrase, "--state", site.state)
        let before = try String(contentsOfFile: site.state + "/tls.key", encoding: .utf8)
        try "wrong\n".write(toFile: passphrase, atomically: false, encoding: .utf8)
        let refused = try site.run(["keys", "decrypt", "--passphrase-file", passphrase, "--state", site.state])
        #expect(refused.code == 2)
        #expect(refused.errors.contains("[passphrase-wrong]"))
        #expect(try String(contentsOfFile: site.state + "/tls.key", encoding: .utf8) == before)
    }
}
