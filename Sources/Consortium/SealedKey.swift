import Crypto
import CryptoExtras
import FoundationEssentials
import Glibc
import Ledger

/// A private key that rests encrypted under a passphrase: scrypt (RFC 7914) makes the key, ChaCha20-Poly1305 (RFC 8439)
/// encrypts, and the two lines before the ciphertext are bound to it.
///
/// ```
/// custody-key/v1
/// scrypt 15 8 1 <salt>
/// <nonce, ciphertext and tag>
/// ```
public enum SealedKey {
    private static let header = "custody-key/v1"
    static let saltBytes = 16
    /// The logarithm of scrypt's cost that is written: 32 MiB.
    static let cost = 15
    /// What is read: a file must not make a gateway spend a gigabyte.
    static let costs = 10...20
    private static let blockSize = 8
    private static let parallelism = 1
    /// Bytes of a passphrase.
    public static let passphraseMax = 1_024

    /// Whether a key file's bytes are encrypted.
    public static func isSealed(_ bytes: [UInt8]) -> Bool { bytes.starts(with: header.utf8) }

    /// - Throws: `CustodyError` with code `passphrase-malformed`.
    public static func seal(_ key: [UInt8], passphrase: [UInt8]) throws -> [UInt8] {
        try check(passphrase)
        var random = SystemRandomNumberGenerator()
        let salt = (0..<saltBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
        let lines = "\(header)\nscrypt \(cost) \(blockSize) \(parallelism) \(Data(salt).base64EncodedString())\n"
        let sealed = try ChaChaPoly.seal(
            key, using: try derive(passphrase, salt: salt, cost: cost), authenticating: Array(lines.utf8))
        return Array("\(lines)\(sealed.combined.base64EncodedString())\n".utf8)
    }

    /// The key in a file's bytes, which may rest unencrypted.
    /// - Parameter passphrase: nil if there is none.
    /// - Throws: `CustodyError` with code `passphrase-missing`, `passphrase-wrong`, also for a file that was changed, or
    ///   `key-malformed`.
    public static func open(_ bytes: [UInt8], passphrase: [UInt8]?, at path: String) throws -> [UInt8] {
        guard isSealed(bytes) else { return bytes }
        guard let passphrase else {
            throw CustodyError(
                .passphraseMissing, "this private key is encrypted, and there is no passphrase", at: path,
                remedy: "hand it over as the systemd credential custody-passphrase, or name passphrase-file")
        }
        try check(passphrase)
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard lines.count == 4, lines[3].isEmpty, lines[0].elementsEqual(header.utf8),
            let (cost, salt) = parameters(String(decoding: lines[1], as: UTF8.self)),
            let combined = data(String(decoding: lines[2], as: UTF8.self)),
            let box = try? ChaChaPoly.SealedBox(combined: combined)
        else { throw CustodyError(.keyMalformed, "this is no encrypted key that this release can read", at: path) }
        let bound = lines[0] + [0x0A] + lines[1] + [0x0A]
        do {
            return Array(
                try ChaChaPoly.open(box, using: derive(passphrase, salt: salt, cost: cost), authenticating: bound))
        } catch {
            throw CustodyError(
                .passphraseWrong, "the passphrase does not open this private key", at: path,
                remedy: "bring the passphrase with which it was encrypted; if it is the one, bring the file back")
        }
    }

    private static func parameters(_ line: String) -> (cost: Int, salt: [UInt8])? {
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "scrypt", let cost = Int(parts[1]), costs.contains(cost),
            parts[2] == "\(blockSize)", parts[3] == "\(parallelism)",
            let salt = data(String(parts[4])), salt.count == saltBytes
        else { return nil }
        return (cost, Array(salt))
    }

    /// Of base64 in its one canonical form: a decoder overlooks stray bits in the last digit.
    private static func data(_ base64: String) -> Data? {
        Data(base64Encoded: base64).flatMap { $0.base64EncodedString() == base64 ? $0 : nil }
    }

    private static func derive(_ passphrase: [UInt8], salt: [UInt8], cost: Int) throws -> SymmetricKey {
        try KDF.Scrypt.deriveKey(
            from: passphrase, salt: salt, outputByteCount: 32, rounds: 1 << cost, blockSize: blockSize,
            parallelism: parallelism)
    }

    private static func check(_ passphrase: [UInt8]) throws {
        guard (1...passphraseMax).contains(passphrase.count) else {
            throw CustodyError(
                .passphraseMalformed, "a passphrase has 1 to \(passphraseMax) bytes", remedy: "choose another one")
        }
    }
}

extension PrivateFile {
    /// The private key in a file that only its owner may read, which may rest encrypted.
    ///
    /// - Throws: as `read` and `SealedKey.open`.
    public static func readKey(_ path: String, passphrase: [UInt8]?) throws -> [UInt8] {
        try SealedKey.open(try read(path), passphrase: passphrase, at: path)
    }

    /// The passphrase in a file that only its owner may read: its first line.
    ///
    /// - Throws: as `read`.
    public static func readPassphrase(_ path: String) throws -> [UInt8] { Array(try read(path).prefix { $0 != 0x0A }) }

    /// The passphrase that systemd handed to this process (systemd.exec(5), `LoadCredential=custody-passphrase:...`); nil
    /// if it handed over none.
    ///
    /// - Throws: `CustodyError` with code `file-unusable`.
    public static func passphraseFromSystemd() throws -> [UInt8]? {
        guard let folder = getenv("CREDENTIALS_DIRECTORY") else { return nil }
        let path = "\(String(cString: folder))/custody-passphrase"
        // systemd's own folder, which nobody else can enter: its files may be readable to a group that has no members.
        return exists(path) ? Array(try readPublic(path).prefix { $0 != 0x0A }) : nil
    }
}

extension CustodyError.Code {
    /// An encrypted key, and no passphrase.
    public static let passphraseMissing: Self = "passphrase-missing"
    /// A passphrase that does not open a key, or a key file that was changed.
    public static let passphraseWrong: Self = "passphrase-wrong"
    /// An empty passphrase, or one that is too long.
    public static let passphraseMalformed: Self = "passphrase-malformed"
}
