import Ledger

/// What a gateway tells those who hold a long poll: how far it has each log. Our one extension beside C2SP.
struct PeerNews: Codable, Hashable, Sendable {
    static let path = "/custody/v1/news"
    /// Asks for nothing that was told before the token.
    static let onlyChanges = "changes"
    /// Takes a checkpoint with cosignatures that its sender has and the receiver may lack.
    static let cosignaturesPath = "/custody/v1/cosignatures"
    /// Gives, under the log's path, the newest checkpoint that the quorum has cosigned.
    static let confirmedPath = "/custody/v1/confirmed"
    /// Gives, under the log's path, and takes what convicts a log.
    static let evidencePath = "/custody/v1/evidence"
    /// How long a poll is held when there is nothing to tell.
    static let holdMax: Duration = .seconds(25)
    static let bytesMax = 4 << 20

    struct Log: Codable, Hashable, Sendable {
        let origin: String
        let size: UInt64
        /// Organisations that cosigned the checkpoint of that size.
        let cosigners: [String]
        /// Of that checkpoint; missing from those who do not tell it yet.
        let root: Hash?
        /// Whether the log is frozen; there is evidence to be asked for.
        let isFrozen: Bool?
        /// The size up to which the teller knows the log to be confirmed; missing from those who do not tell it yet.
        var confirmed: UInt64?
        /// Entries of a frozen log that are as they must be, where the teller knows how many.
        var common: UInt64?
        /// Whether the teller has all of those.
        var hasCommon: Bool?
    }

    /// To be sent with the next poll, which then waits for something newer.
    let token: String
    /// Those of which something has changed since the token that came with the poll, or all of them.
    let logs: [Log]
    /// Missing from those who do not tell it yet.
    let documents: DocumentSummary?
    /// Missing from those who pass on no disclosures yet.
    var disclosures: Disclosures?

    /// How far a store of sealed disclosures goes.
    struct Disclosures: Codable, Hashable, Sendable {
        /// Names the store, as places of another one mean nothing.
        let store: String
        let last: Int64
    }
}

/// The path prefix under which a mirror serves a log (C2SP tlog-mirror): the hash of its origin.
enum LogPath {
    static func prefix(_ origin: String) -> String { "/\(Hash.sha256(Array(origin.utf8)).hex)" }
}
