import Foundation
import GRDB
import Ledger
import TimeStamps

/// A time stamp of a log's head as it is stored; it was checked when it came.
public struct TimeStampRecord: Hashable, Sendable {
    /// Entries below the head.
    public let size: UInt64
    /// The checkpoint with its log's signature alone: what was stamped.
    public let note: SignedNote
    /// Where it was asked for.
    public let url: String
    /// DER of the TimeStampToken (RFC 3161).
    public let token: [UInt8]
    /// UTC microseconds by the authority's clock, which may be wrong by `accuracy`.
    public let time: Int64
    public let accuracy: Int64
    /// The subject of the authority's certificate.
    public let authority: String

    /// What the head includes existed by then, in UTC microseconds.
    public var latest: Int64 { time.addingReportingOverflow(accuracy).partialValue }

    /// The time stamp as a note carries it.
    public var line: NoteTimeStamp { NoteTimeStamp(url: url, token: token) }
}

extension LedgerTransaction {
    /// Keeps the time stamp of a head, and marks the entries below it that bear a later time. The first of a head stays.
    ///
    /// - Parameters:
    ///   - stamp: has been checked.
    ///   - note: the checkpoint with its log's signature alone.
    ///   - authority: by whose certificates it was checked; they are kept with it.
    ///   - url: where it was asked for.
    public func keep(
        _ stamp: TimeStamp, of note: SignedNote, by authority: TimeStampAuthority, url: String, log: LogRecord
    ) throws {
        let size = try Checkpoint(text: note.text).size
        let certificates = Hash.sha256(authority.certificates)
        try database.execute(
            sql: "INSERT OR IGNORE INTO time_stamp_authority VALUES (?, ?)",
            arguments: [Data(certificates.bytes), Data(authority.certificates)])
        try database.execute(
            sql: "INSERT OR IGNORE INTO time_stamp VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                EntryID(log: log.id, index: size).rawValue, note.encoded, url, Data(stamp.token),
                Data(TimeStampRow.digest(url: url, token: stamp.token).bytes), stamp.time, stamp.accuracy,
                stamp.authority, Data(certificates.bytes),
            ])
        try markDoubts(by: "the time stamp of \(stamp.authority)", at: stamp.latest, size: size, of: log.id)
    }
}

extension LedgerSnapshot {
    /// The time stamp of the newest head that has one.
    public func lastTimeStamp(of log: LogRecord) throws -> TimeStampRecord? {
        try timeStampRows(of: log.id, "ORDER BY checkpoint DESC LIMIT 1").first?.record()
    }

    /// The time stamp of the smallest head that includes an entry: of all that do, the earliest.
    public func timeStamp(including index: UInt64, of log: LogRecord) throws -> TimeStampRecord? {
        guard index < LogRecord.sizeMax else { return nil }
        let row = try timeStampRows(of: log.id, above: index, "ORDER BY checkpoint LIMIT 1").first
        guard let row, row.size <= log.size else { return nil }
        return try row.record()
    }

    /// The time stamps of a log's heads, the newest head first.
    public func timeStamps(of log: LogRecord, limit: Int) throws -> [TimeStampRecord] {
        try timeStampRows(of: log.id, "ORDER BY checkpoint DESC LIMIT \(max(0, limit))").map { try $0.record() }
    }

    /// A C2SP tlog-proof of one entry whose checkpoint carries a time stamp, and the cosignatures that are still known; nil
    /// where no head that includes it was stamped.
    public func stampedProof(of reference: Reference) throws -> TransparencyProof? {
        guard let log = try log(reference.origin), let stamp = try timeStamp(including: reference.index, of: log) else {
            return nil
        }
        let cosigned = try checkpoint(size: stamp.size, of: log.id)?.signatures ?? []
        return try TransparencyProof(
            index: reference.index, hashes: try inclusion(of: reference.index, below: stamp.size, log: log.id),
            checkpoint: try stamp.note.adding(cosigned).addingTimeStamp(stamp.line))
    }

    /// For each log the stamped heads that include these entries first, with the proofs that they do.
    func stampedHeads(of references: [Reference]) throws -> [StampedHead] {
        var heads: [TimeStampRecord] = []
        var inclusions: [SignedNote: [StampedHead.Inclusion]] = [:]
        for reference in references {
            guard let log = try log(reference.origin), let stamp = try timeStamp(including: reference.index, of: log)
            else { continue }
            if inclusions[stamp.note] == nil { heads.append(stamp) }
            inclusions[stamp.note, default: []].append(
                StampedHead.Inclusion(
                    entry: reference.leafHash, index: reference.index,
                    hashes: try inclusion(of: reference.index, below: stamp.size, log: log.id)))
        }
        return try heads.map {
            StampedHead(note: try $0.note.addingTimeStamp($0.line), inclusions: inclusions[$0.note] ?? [])
        }
    }

    private func inclusion(of index: UInt64, below size: UInt64, log: Int64) throws -> [Hash] {
        try proof(MerkleProof.inclusionPlan(index: index, size: size) ?? [], log: log)
    }

    /// - Parameters:
    ///   - size: only those of larger heads.
    ///   - clause: what follows the condition.
    func timeStampRows(of log: Int64, above size: UInt64 = 0, _ clause: String = "") throws -> [TimeStampRow] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT checkpoint, note, url, token, digest, time, accuracy, authority, certificates FROM time_stamp
                WHERE checkpoint > ? AND checkpoint < ? \(clause)
                """,
            arguments: [EntryID(log: log, index: size).rawValue, EntryID(log: log + 1, index: 0).rawValue]
        ).map { TimeStampRow($0) }
    }

    fileprivate func certificates(_ hash: [UInt8]) throws -> [UInt8]? {
        try Data.fetchOne(
            database, sql: "SELECT certificates FROM time_stamp_authority WHERE hash = ?", arguments: [Data(hash)]
        ).map { [UInt8]($0) }
    }
}

/// A time stamp as it stands in the store, unchecked.
struct TimeStampRow {
    let size: UInt64
    let note: String
    let url: String
    let token: [UInt8]
    let digest: [UInt8]
    let time: Int64
    let accuracy: Int64
    let authority: String
    /// SHA-256 of the certificates that were believed.
    let certificates: [UInt8]

    fileprivate init(_ row: Row) {
        size = EntryID(rawValue: row[0]).index
        (note, url) = (row[1], row[2])
        (token, digest) = ([UInt8](row[3] as Data), [UInt8](row[4] as Data))
        (time, accuracy, authority) = (row[5], row[6], row[7])
        certificates = [UInt8](row[8] as Data)
    }

    /// Finds a changed byte where no signature would: in certificates that a token carries and nobody needs.
    static func digest(url: String, token: [UInt8]) -> Hash { Hash.sha256(Array("\(url)\n".utf8) + token) }

    func record() throws -> TimeStampRecord {
        TimeStampRecord(
            size: size, note: try SignedNote(encoded: note), url: url, token: token, time: time, accuracy: accuracy,
            authority: authority)
    }

    /// Checks all of it, by the certificates that were believed when it came.
    /// - Returns: what was stamped.
    /// - Throws: what does not hold.
    func check(log: VerifierKey, _ snapshot: LedgerSnapshot) throws -> Checkpoint {
        let signed = try SignedNote(encoded: note).signedBy(log: log)
        let checkpoint = try Checkpoint(text: signed.text)
        guard signed.encoded == note, checkpoint.size == size,
            Self.digest(url: url, token: token).bytes == digest,
            let believed = try snapshot.certificates(certificates), Hash.sha256(believed).bytes == certificates
        else { throw Self.changed }
        let stamp = try TimeStampAuthority(certificates: believed).check(token: token, of: signed.imprint)
        guard stamp.time == time, stamp.accuracy == accuracy, stamp.authority == authority else { throw Self.changed }
        return checkpoint
    }

    private static let changed = CustodyError(.timeStampChanged, "what was stored with it has been changed")
}

extension CustodyError.Code {
    /// A stored time stamp that is not what was stored.
    public static let timeStampChanged: Self = "time-stamp-changed"
}
