import Crypto
import FoundationEssentials
import Ledger

/// Lets the client of an unfinished upload end it although newer checkpoints have pushed out the one that it is for: the
/// checkpoint itself, in the client's keeping (C2SP tlog-mirror, "add-entries").
///
/// Only the mirror that made it can read one as its own: it carries an HMAC, and a time after which it says nothing.
struct UploadTickets: Sendable {
    /// Of a ticket; a checkpoint that is larger gets none.
    static let bytesMax = 4_096
    /// Seconds for which a ticket can be used.
    static let lifetime: Int64 = 3_600

    private static let version: UInt8 = 1
    private static let headBytes = 1 + 8

    private let key: SymmetricKey

    /// - Parameter key: a new one for each run of the process; with it go the tickets of the run before.
    init(key: SymmetricKey = SymmetricKey(size: .bits256)) {
        self.key = key
    }

    /// - Parameters:
    ///   - note: a checkpoint that was pending here.
    ///   - now: Unix seconds.
    /// - Returns: no bytes if the checkpoint is too large.
    func ticket(for note: SignedNote, now: Int64) -> [UInt8] {
        let end = UInt64(clamping: now + Self.lifetime)
        let content = [Self.version] + withUnsafeBytes(of: end.bigEndian) { [UInt8]($0) } + Array(note.encoded.utf8)
        let ticket = content + Array(HMAC<SHA256>.authenticationCode(for: content, using: key))
        return ticket.count <= Self.bytesMax ? ticket : []
    }

    /// The checkpoint of a ticket; nil for one that is forged, changed, or too old.
    func checkpoint(in ticket: [UInt8], now: Int64) -> SignedNote? {
        guard ticket.count > Self.headBytes + SHA256.byteCount, ticket.count <= Self.bytesMax else { return nil }
        let (content, code) = (ticket.dropLast(SHA256.byteCount), ticket.suffix(SHA256.byteCount))
        guard HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: content, using: key),
            content.first == Self.version
        else { return nil }
        let end = content.dropFirst().prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        guard UInt64(clamping: now) < end else { return nil }
        return try? SignedNote(bytes: Array(content.dropFirst(Self.headBytes)))
    }
}
