/// What convicts a log before anybody who has its key: nobody can go on with a log that this stands against.
///
/// All of it rests on the log's own signatures, so whoever passes it on need not be trusted.
public enum LogEvidence: Hashable, Sendable {
    /// Two heads that cannot both be true.
    case fork(ForkEvidence)
    /// An entry in a signed tree that does not carry the hash of the entry before it.
    case brokenEntry(BrokenEntry)

    /// The largest file that is read or made.
    public static let bytesMax = max(ForkEvidence.bytesMax, BrokenEntry.bytesMax)

    /// What evidence shows.
    public struct Offence: Hashable, Sendable, CustomStringConvertible {
        public let origin: String
        /// Among so many entries, from the first, lies the one that is not as it must be.
        public let size: UInt64
        /// Entries that are as they must be, whoever shows them; nil if the evidence does not say.
        public let common: UInt64?
        /// A sentence about the log that a user understands.
        public let description: String
    }

    /// The newest head that it stands on.
    public var head: SignedNote {
        switch self {
        case .fork(let evidence): evidence.second
        case .brokenEntry(let evidence): evidence.head
        }
    }

    /// The log that it is about.
    /// - Throws: `CustodyError` with code `checkpoint-malformed`.
    public var origin: String { get throws { try Checkpoint(text: head.text).origin } }

    /// The tree of the entries that are as they must be; nil if the evidence does not say. The log may have signed no head
    /// of this size.
    /// - Throws: `CustodyError` with code `checkpoint-malformed`.
    public var common: Checkpoint? {
        get throws {
            switch self {
            case .fork(let evidence):
                try evidence.point.map { try Checkpoint(origin: origin, size: $0.common, root: $0.root) }
            case .brokenEntry(let evidence):
                try Checkpoint(origin: origin, size: evidence.index, root: evidence.root)
            }
        }
    }

    /// Checks that `log` signed what cannot be true.
    ///
    /// - Throws: `evidence-refused` if it convicts nobody; as `Checkpoint.open` where the log has not signed a head.
    public func check(log: VerifierKey) throws -> Offence {
        switch self {
        case .fork(let evidence): try evidence.check(log: log)
        case .brokenEntry(let evidence): try evidence.check(log: log)
        }
    }

    /// Whether `check` convicts the log.
    public func convicts(_ log: VerifierKey) -> Bool { (try? check(log: log)) != nil }
}

// MARK: - As a file

extension LogEvidence {
    /// The evidence in a file's bytes, whose first line says which it is.
    ///
    /// - Throws: `evidence-malformed`, `note-malformed`, `note-too-large`.
    public init(bytes: some Collection<UInt8>) throws {
        self =
            bytes.starts(with: "\(BrokenEntry.header)\n".utf8)
            ? .brokenEntry(try BrokenEntry(bytes: bytes)) : .fork(try ForkEvidence(bytes: bytes))
    }

    /// The evidence as a file holds it.
    public var encoded: String {
        switch self {
        case .fork(let evidence): evidence.encoded
        case .brokenEntry(let evidence): evidence.encoded
        }
    }
}

extension CustodyError.Code {
    /// Bytes that are not evidence against a log.
    public static let evidenceMalformed: Self = "evidence-malformed"
    /// Evidence that does not convict.
    public static let evidenceRefused: Self = "evidence-refused"
}

extension CustodyError {
    static func malformedEvidence(_ reason: String) -> CustodyError {
        CustodyError(
            .evidenceMalformed, "This is not evidence against a log: \(reason)", remedy: "Ask for the file again.")
    }

    /// - Parameter reason: what the evidence lacks.
    public static func refusedEvidence(_ reason: String, _ origin: String) -> CustodyError {
        CustodyError(.evidenceRefused, "This does not convict the log: \(reason)", at: origin)
    }
}
