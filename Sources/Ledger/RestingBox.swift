import Crypto
import FoundationEssentials

/// Bytes as they rest on a disk: under a key of their own, so that destroying the key destroys every copy of them.
public enum RestingBox {
    public static let keyBytes = 32

    /// A new key from the system's random numbers.
    public static func newKey() -> [UInt8] { SymmetricKey(size: .bits256).withUnsafeBytes { [UInt8]($0) } }

    /// ChaCha20-Poly1305 (RFC 8439) with a random nonce: nonce, ciphertext and tag.
    ///
    /// - Parameter purpose: authenticated; needed for opening.
    public static func seal(_ bytes: [UInt8], key: [UInt8], purpose: [UInt8]) throws -> [UInt8] {
        [UInt8](try ChaChaPoly.seal(bytes, using: SymmetricKey(data: key), authenticating: purpose).combined)
    }

    /// - Returns: nil for another key, another purpose or other bytes.
    public static func open(_ box: [UInt8], key: [UInt8], purpose: [UInt8]) -> [UInt8]? {
        guard let sealed = try? ChaChaPoly.SealedBox(combined: box) else { return nil }
        let opened = try? ChaChaPoly.open(sealed, using: SymmetricKey(data: key), authenticating: purpose)
        return opened.map { [UInt8]($0) }
    }
}
