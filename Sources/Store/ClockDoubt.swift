import GRDB
import Ledger

/// The word of a cosigner, or of a time stamping authority, that entries of a log bear times which had not come yet when it
/// saw them.
///
/// It is marked and not refused: which of two clocks is wrong, people must find out.
public struct ClockDoubt: Hashable, Sendable {
    /// How far a gateway's clock may be ahead of its peers', in microseconds.
    public static let aheadMax: Int64 = 300_000_000

    /// The organisation whose cosignature is earlier than the entries, or a time stamp and its authority.
    public let cosigner: String
    /// Microseconds by which the last of these entries is ahead of the cosignature.
    public let ahead: Int64
}

extension LedgerTransaction {
    /// Marks the entries below `size` that are later than a cosignature of that head.
    func markDoubts(by cosignature: Cosignature, size: UInt64, of log: Int64) throws {
        guard let seconds = Int64(exactly: cosignature.time) else { return }
        let (time, isBeyond) = seconds.multipliedReportingOverflow(by: 1_000_000)
        guard !isBeyond else { return }
        try markDoubts(by: cosignature.cosigner, at: time, size: size, of: log)
    }

    /// Marks the entries below `size` that are later than somebody's time of that head.
    /// - Parameter time: UTC microseconds.
    func markDoubts(by witness: String, at time: Int64, size: UInt64, of log: Int64) throws {
        guard size > 0, let last = try snapshot.recordedAt(log: log, index: size - 1) else { return }
        let limit = time.addingReportingOverflow(ClockDoubt.aheadMax).partialValue
        guard limit > time, last > limit else { return }
        let first = try snapshot.firstEntry(of: log, below: size, recordedAfter: limit)
        try mark(first..<size, ahead: last - time, by: witness, log: log)
    }

    private func mark(_ entries: Range<UInt64>, ahead: Int64, by cosigner: String, log: Int64) throws {
        try database.execute(
            sql: """
                UPDATE doubt SET last = max(last, ?4), ahead = max(ahead, ?5)
                WHERE log = ?1 AND cosigner = ?2 AND first <= ?3 AND last >= ?3 - 1
                """,
            arguments: [
                log, cosigner, Int64(clamping: entries.lowerBound), Int64(clamping: entries.upperBound - 1), ahead,
            ])
        guard database.changesCount == 0 else { return }
        try database.execute(
            sql: "INSERT OR IGNORE INTO doubt VALUES (?, ?, ?, ?, ?)",
            arguments: [
                log, cosigner, Int64(clamping: entries.lowerBound), Int64(clamping: entries.upperBound - 1), ahead,
            ])
    }
}

extension LedgerSnapshot {
    /// Which cosigners' times contradict that of an entry.
    public func doubts(of reference: Reference) throws -> [ClockDoubt] {
        guard let log = try log(reference.origin) else { return [] }
        return try Row.fetchAll(
            database,
            sql: """
                SELECT cosigner, max(ahead) FROM doubt WHERE log = ?1 AND first <= ?2 AND last >= ?2
                GROUP BY cosigner ORDER BY cosigner
                """, arguments: [log.id, Int64(clamping: reference.index)]
        ).map { ClockDoubt(cosigner: $0[0], ahead: $0[1]) }
    }

    /// UTC microseconds by this gateway's clock at which the quorum's cosignatures of an entry were all here; nil if they
    /// are not.
    public func confirmedAt(_ reference: Reference) throws -> Int64? {
        guard let log = try log(reference.origin) else { return nil }
        let statement = try database.cachedStatement(
            sql: "SELECT at FROM confirmation WHERE log = ? AND size > ? ORDER BY size LIMIT 1")
        return try Int64.fetchOne(statement, arguments: [log.id, Int64(clamping: reference.index)])
    }

    fileprivate func recordedAt(log: Int64, index: UInt64) throws -> Int64? {
        // What no member wrote is any bytes.
        try entry(log: log, index: index).flatMap { try? Entry(bytes: $0).recordedAt }
    }

    /// Times never run backwards within a log, so that halving finds the first that is too late.
    fileprivate func firstEntry(of log: Int64, below size: UInt64, recordedAfter limit: Int64) throws -> UInt64 {
        var (low, high) = (UInt64(0), size - 1)
        while low < high {
            let middle = low + (high - low) / 2
            if try recordedAt(log: log, index: middle) ?? .max > limit { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
