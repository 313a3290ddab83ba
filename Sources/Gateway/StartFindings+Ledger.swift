import Ledger
import Store

extension StartFindings.Own {
    /// - Parameters:
    ///   - log: the database's own.
    ///   - born: when the file was made, nanoseconds since 1970; nil if the file system does not know.
    ///   - hasKey: whether the log's private key is here.
    public init(_ log: LogRecord, in snapshot: LedgerSnapshot, born: Int64?, hasKey: Bool) throws {
        self.init(
            head: Head(
                origin: log.origin, size: log.size, root: try snapshot.root(of: log.id, size: log.size) ?? .emptyTree),
            earlier: try snapshot.ownGenerations().compactMap(\.predecessor), born: born, doubt: try snapshot.doubt(),
            isHeadKept: try snapshot.isHeadKept(), hasKey: hasKey)
    }
}

extension StartFindings.File {
    /// A file that is there.
    /// - Parameters:
    ///   - bytes: nil if they cannot be read.
    ///   - own: the database's own log, if it has one.
    public init(bytes: [UInt8]?, own: LogRecord?, in snapshot: LedgerSnapshot) throws {
        guard let kept = bytes.flatMap({ KeptHead(bytes: $0) }) else {
            self = .unreadable
            return
        }
        guard let own, kept.origin == own.origin, kept.size <= own.size else {
            self = .head(kept, rootHere: nil)
            return
        }
        self = .head(kept, rootHere: try snapshot.root(of: own.id, size: kept.size))
    }
}
