import Foundation
import GRDB
import Ledger

/// Checks everything that is stored, trusting nothing of it: each hash, link, tile, signature, cosignature, time stamp and
/// verdict.
public struct LedgerVerifier: Sendable {
    /// Something that does not hold.
    public struct Finding: Codable, Hashable, Sendable {
        /// `origin:index`, a log's origin, or an order.
        public let place: String
        public let message: String
    }

    public struct Report: Codable, Hashable, Sendable {
        public var logs = 0
        public var entries: UInt64 = 0
        public var bytes: UInt64 = 0
        public var signatures = 0
        public var timeStamps = 0
        public var verdicts = 0
        /// Files of documents that this gateway may read: those that were read through, and those that are not here.
        public var documents = 0
        public var missingDocuments = 0
        public var findings: [Finding] = []

        public var isSound: Bool { findings.isEmpty }

        mutating func add(_ other: Report) {
            logs += other.logs
            entries += other.entries
            bytes += other.bytes
            signatures += other.signatures
            timeStamps += other.timeStamps
            verdicts += other.verdicts
            documents += other.documents
            missingDocuments += other.missingDocuments
            findings += other.findings
        }
    }

    let store: LedgerStore
    private let progress: @Sendable (UInt64) -> Void

    /// - Parameter progress: told now and then how many more entries have been checked.
    public init(store: LedgerStore, progress: @escaping @Sendable (UInt64) -> Void = { _ in }) {
        self.store = store
        self.progress = progress
    }

    /// Runs the hashes and the verdicts side by side; both read the same moment as far as entries go, because entries
    /// are never changed. Blocks its threads while it reads.
    public func run() async -> Report {
        await withTaskGroup(of: (Int, Report).self) { group in
            group.addTask { (0, await Self.onThread { checkLogs() }) }
            group.addTask { (1, await Self.onThread { checkVerdicts() }) }
            var parts: [Int: Report] = [:]
            for await (place, part) in group { parts[place] = part }
            // A changed entry is named by its log first, and by the verdicts that it upset after that.
            return parts.sorted { $0.key < $1.key }.reduce(into: Report()) { $0.add($1.value) }
        }
    }

    private static func onThread(_ work: @escaping @Sendable () -> Report) async -> Report {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: work()) }
        }
    }

    private func checkLogs() -> Report {
        var report = Report()
        do {
            // Entries below these are in the order index of every later moment, also while a gateway goes on writing.
            let logs = try store.read { snapshot in
                try snapshot.logs(withForeign: true).map { ($0, judged: try snapshot.progress(of: $0.id).next) }
            }
            checkDocuments(into: &report)
            checkDocumentFiles(into: &report)
            for (log, judged) in logs {
                report.logs += 1
                do { try store.read { try checkLog(log, judged: judged, $0, into: &report) } } catch {
                    report.findings.append(Finding(place: log.origin, message: "\(error)"))
                }
            }
        } catch { report.findings.append(Finding(place: "ledger.sqlite", message: "\(error)")) }
        return report
    }

    /// Each version of the consortium document must be signed by the quorum of the one before it.
    private func checkDocuments(into report: inout Report) {
        do {
            _ = try ConsortiumDocument.chain(try store.read { try $0.documents() }, file: "ledger.sqlite")
        } catch {
            report.findings.append(
                Finding(place: "consortium document", message: "its versions do not stand on each other: \(error)"))
        }
    }

    // MARK: One log

    private func checkLog(
        _ log: LogRecord, judged: UInt64, _ snapshot: LedgerSnapshot, into report: inout Report
    ) throws {
        let checkpoints = try snapshot.checkpoints(of: log.id)
        let stamps = try snapshot.timeStampRows(of: log.id)
        var chain = ChainCheck(log: log, sizes: checkpoints.map(\.size) + stamps.map(\.size))
        var count: UInt64 = 0
        var updates = 0
        try snapshot.forEachEntry(log: log.id, from: 0, to: log.size) { index, bytes in
            try chain.take(index, bytes, snapshot)
            if index < judged, UpdateScan.isUpdate(entry: bytes) { updates += 1 }
            report.bytes += UInt64(bytes.count)
            count += 1
            if count % 65_536 == 0 { progress(65_536) }
        }
        progress(count % 65_536)
        report.entries += count
        if count < log.size {
            report.findings.append(
                Finding(place: "\(log.origin):\(count)", message: "entries are missing from here on"))
        }
        let known = try snapshot.judgedCount(log: log.id, below: judged)
        if known != updates {
            report.findings.append(
                Finding(
                    place: log.origin,
                    message: "\(updates) updates stand in the log and \(known) in the order index: run custody reindex")
            )
        }
        var signed = try checkpoints.compactMap { try check($0, of: log, into: &report) }
        signed += stamps.compactMap { check($0, of: log, snapshot, into: &report) }
        report.findings += chain.findings(signed: signed)
        if checkpoints.contains(where: { $0.stored && $0.size > log.size })
            || (!checkpoints.contains(where: { $0.size >= log.size }) && log.size > log.common ?? 0)
        {
            report.findings.append(Finding(place: log.origin, message: "its head does not cover what is stored"))
        }
        if log.frozen != nil, try snapshot.evidence(against: log.id)?.convicts(log.key) != true {
            report.findings.append(Finding(place: log.origin, message: "it is frozen, and no evidence convicts it"))
        }
        if log.confirmed > 0, try !isConfirmed(checkpoints.first { $0.size == log.confirmed }, of: log) {
            report.findings.append(
                Finding(place: "\(log.origin) at size \(log.confirmed)", message: "no quorum has cosigned this head"))
        }
    }

    private func isConfirmed(_ stored: StoredCheckpoint?, of log: LogRecord) throws -> Bool {
        try store.rulebook.documents.values.contains { document in
            let keys = stored?.cosignatures.compactMap { cosignature in
                document.organisation(cosignature.cosigner).map(\.cosigner)
                    .flatMap { $0.keyID == cosignature.keyID ? $0 : nil }
            }
            return try document.policy(logs: [log.key]).isSatisfied(by: Set(keys ?? []))
        }
    }

    /// - Returns: what the log signed; nil if it did not.
    private func check(
        _ stored: StoredCheckpoint, of log: LogRecord, into report: inout Report
    ) throws -> Checkpoint? {
        do {
            let note = try SignedNote(encoded: stored.note)
            let checkpoint = try Checkpoint.open(note, log: log.key)
            report.signatures += 1 + (try checkCosignatures(stored, note: note))
            return checkpoint.size <= log.size ? checkpoint : nil
        } catch {
            report.findings.append(
                Finding(
                    place: "\(log.origin) at size \(stored.size)", message: "the checkpoint does not hold: \(error)"))
            return nil
        }
    }

    private func checkCosignatures(_ stored: StoredCheckpoint, note: SignedNote) throws -> Int {
        let documents = store.rulebook.documents.values
        for cosignature in stored.cosignatures {
            let line = try NoteSignature(line: cosignature.line)
            // Also a key that a later version has replaced.
            let keys = documents.lazy.compactMap { $0.organisation(cosignature.cosigner)?.cosigner }
            let member = keys.first { $0.keyID == line.keyID }
            guard let key = member ?? cosignature.outsideKey else {
                throw CustodyError(.cosignerUnknown, "\(cosignature.cosigner) is no member that cosigns")
            }
            let signed = try SignedNote(text: note.text, signatures: note.signatures + [line]).verified(by: [key])
            guard signed.first?.time == cosignature.time else {
                throw CustodyError(.cosignerUnknown, "the cosignature is not \(cosignature.cosigner)'s")
            }
        }
        return stored.cosignatures.count
    }

    /// - Returns: what the log signed and an authority stamped; nil if that does not hold.
    private func check(
        _ row: TimeStampRow, of log: LogRecord, _ snapshot: LedgerSnapshot, into report: inout Report
    ) -> Checkpoint? {
        do {
            let checkpoint = try row.check(log: log.key, snapshot)
            report.timeStamps += 1
            return checkpoint.size <= log.size ? checkpoint : nil
        } catch {
            report.findings.append(
                Finding(place: "\(log.origin) at size \(row.size)", message: "the time stamp does not hold: \(error)"))
            return nil
        }
    }

    // MARK: Verdicts

    /// Judges every update again, in the sequence in which it was judged: ancestors come first.
    private func checkVerdicts() -> Report {
        var report = Report()
        do {
            try store.read { snapshot in
                var check = try VerdictCheck(snapshot: snapshot, rulebook: store.rulebook)
                try snapshot.forEachApplied { try check.take($0) }
                report.verdicts = check.count
                report.findings += check.findings
                report.findings += try snapshot.unjudged().map {
                    Finding(place: $0, message: "entries have no verdict yet: run custody reindex")
                }
            }
        } catch { report.findings.append(Finding(place: "order index", message: "\(error)")) }
        return report
    }
}

extension CustodyError.Code {
    public static let cosignerUnknown: Self = "cosigner-unknown"
}
