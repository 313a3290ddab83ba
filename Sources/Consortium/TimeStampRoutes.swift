import Hummingbird
import Ledger
import Store

/// The part of the consortium port that serves time stamps of heads: `/<log>/custody/v1/time-stamp`.
///
/// An answer is the signed checkpoint with its time stamp as one more signature line. Without a query it is that of the
/// newest head that has one; with `?including=INDEX` that of the smallest head which includes the entry, so that asking for
/// 0 first, and then for the size of each answer, lists all of them.
public struct TimeStampRoutes: Sendable {
    private let store: LedgerStore
    private let logs: ServedLogs

    /// - Parameter watch: until it is open, nothing of this gateway's own log is shown.
    public init(store: LedgerStore, watch: OwnLogWatch? = nil) {
        self.store = store
        logs = ServedLogs(watch: watch)
    }

    public func add(to router: Router<MemberContext>) {
        router.get("/:hash/custody/v1/time-stamp") { request, context in
            try answer(
                try context.parameters.require("hash"),
                including: request.uri.queryParameters["including"].map(String.init))
        }
    }

    private func answer(_ hash: String, including text: String?) throws -> Response {
        let index = text.flatMap { UInt64($0) }
        guard (text == nil) == (index == nil) else { throw HTTPError(.badRequest, message: "this is no index") }
        let stamp = try store.read { snapshot -> TimeStampRecord? in
            let log = try logs.log(hash, snapshot)
            guard let index else { return try snapshot.lastTimeStamp(of: log) }
            return try snapshot.timeStamp(including: index, of: log)
        }
        guard let stamp else { throw HTTPError(.notFound, message: "no such head of this log has a time stamp here") }
        return .changing(try stamp.note.addingTimeStamp(stamp.line).encoded)
    }
}
