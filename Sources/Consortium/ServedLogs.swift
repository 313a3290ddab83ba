import Hummingbird
import Ledger
import Store
import Synchronization

/// The logs that the consortium port serves, each under the hash of its origin (C2SP tlog-mirror).
final class ServedLogs: Sendable {
    private let watch: OwnLogWatch?
    /// Origins by their hashes: to find one otherwise, all are hashed.
    private let origins = Mutex<[String: String]>([:])

    /// - Parameter watch: until it is open, nothing of this gateway's own log is shown; nil = from the start.
    init(watch: OwnLogWatch?) { self.watch = watch }

    /// - Parameter hash: in hexadecimal, as it stands in a path.
    /// - Throws: 404 for a log that is not stored here, or not shown.
    func log(_ hash: String, _ snapshot: LedgerSnapshot) throws -> LogRecord {
        guard let log = try find(hash, snapshot), watch?.isOpen ?? true || !log.own else {
            throw HTTPError(.notFound, message: "this log is not known here")
        }
        return log
    }

    private func find(_ hash: String, _ snapshot: LedgerSnapshot) throws -> LogRecord? {
        if let origin = origins.withLock({ $0[hash] }) { return try snapshot.log(origin) }
        let logs = try snapshot.logs(withForeign: true)
        let hashes = logs.map { (String(LogPath.prefix($0.origin).dropFirst()), $0.origin) }
        origins.withLock { $0.merge(hashes) { $1 } }
        return logs.first { LogPath.prefix($0.origin) == "/\(hash)" }
    }
}
