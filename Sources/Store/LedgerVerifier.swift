import Foundation
import GRDB
import Ledger

/// Checks everything that is stored, trusting nothing of it: each hash, link, tile, signature, cosignature and verdict.
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
        public var verdicts = 0
        public var findings: [Finding] = []

        public var isSound: Bool { findings.isEmpty }

        mutating func add(_ other: Report) {
            logs += other.logs
            entries += other.entries
            bytes += other.bytes
            signatures += other.signatures
            verdicts += other.verdicts
            findings += other.findings
        }
    }

    private let store: LedgerStore
    private let progress: @Sendable (UInt64) -> Void

    /// - Parameter progress: told now and then how many more entries have been checked.
    public init(store: LedgerStore, progress: @escaping @Sendable (UInt64) -> Void = { _ in }) {
        self.store = store
        self.progress = progress
    }

    /// Threads among which the orders are shared when verdicts are given again.
    private static let verdictShares = 2

    /// Runs the hashes and the verdicts side by side; both read the same moment as far as entries go, because entries
    /// are never changed. Blocks its threads while it reads.
    public func run() async -> Report {
        await withTaskGroup(of: (Int, Report).self) { group in
            group.addTask { (0, await Self.onThread { checkLogs() }) }
            for share in 0..<Self.verdictShares {
                group.addTask { (1 + share, await Self.onThread { checkVerdicts(share: share) }) }
            }
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
                try snapshot.logs().map { ($0, judged: try snapshot.progress(of: $0.id).next) }
            }
            for (log, judged) in logs {
                report.logs += 1
                do { try store.read { try checkLog(log, judged: judged, $0, into: &report) } } catch {
                    report.findings.append(Finding(place: log.origin, message: "\(error)"))
                }
            }
        } catch { report.findings.append(Finding(place: "ledger.sqlite", message: "\(error)")) }
        return report
    }

    // MARK: One log

    private func checkLog(
        _ log: LogRecord, judged: UInt64, _ snapshot: LedgerSnapshot, into report: inout Report
    ) throws {
        let checkpoints = try snapshot.checkpoints(of: log.id)
        var chain = ChainCheck(log: log, sizes: Set(checkpoints.map(\.size)))
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
        let signed = try checkpoints.compactMap { try check($0, of: log, into: &report) }
        report.findings += chain.findings(signed: signed)
        if checkpoints.contains(where: { $0.stored && $0.size > log.size })
            || !checkpoints.contains(where: { $0.size >= log.size })
        {
            report.findings.append(Finding(place: log.origin, message: "its head does not cover what is stored"))
        }
        if log.confirmed > 0, try !isConfirmed(checkpoints.first { $0.size == log.confirmed }, of: log) {
            report.findings.append(
                Finding(place: "\(log.origin) at size \(log.confirmed)", message: "no quorum has cosigned this head"))
        }
    }

    private func isConfirmed(_ stored: StoredCheckpoint?, of log: LogRecord) throws -> Bool {
        try store.rulebook.documents.values.contains { document in
            let keys = stored?.cosignatures.compactMap { document.organisation($0.cosigner)?.cosigner } ?? []
            return try document.policy(logs: [log.key]).isSatisfied(by: Set(keys))
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
        let document = store.rulebook.latest
        for cosignature in stored.cosignatures {
            guard let key = document?.organisation(cosignature.cosigner)?.cosigner else {
                throw CustodyError(.cosignerUnknown, "\(cosignature.cosigner) is no member that cosigns")
            }
            let line = try NoteSignature(line: cosignature.line)
            let signed = try SignedNote(text: note.text, signatures: note.signatures + [line]).verified(by: [key])
            guard signed.first?.time == cosignature.time else {
                throw CustodyError(.cosignerUnknown, "the cosignature is not \(cosignature.cosigner)'s")
            }
        }
        return stored.cosignatures.count
    }

    // MARK: Verdicts

    /// Judges every update again, in the sequence in which it was judged: ancestors come first.
    private func checkVerdicts(share: Int) -> Report {
        var report = Report()
        do {
            try store.read { snapshot in
                var check = try VerdictCheck(snapshot: snapshot, rulebook: store.rulebook)
                try snapshot.forEachApplied(share: share, of: Self.verdictShares) { try check.take($0) }
                report.verdicts = check.count
                report.findings += check.findings
                guard share == 0 else { return }
                report.findings += try snapshot.unjudged().map {
                    Finding(place: $0, message: "entries have no verdict yet: run custody reindex")
                }
            }
        } catch { report.findings.append(Finding(place: "order index", message: "\(error)")) }
        return report
    }
}

/// The verdicts of a store, given again as they are read in sequence.
private struct VerdictCheck {
    /// Findings kept: a damaged index would bring thousands.
    static let findingsMax = 100

    private let snapshot: LedgerSnapshot
    private let rulebook: Rulebook
    private let floors: DocumentFloors
    private let origins: [Int64: String]
    private var graphs = TwoGenerations<Int64, KeptGraph>(youngMax: 32_768)
    private var leaves: StoredLeaves
    private var names: OrderNames
    /// Orders of which a row has been read.
    private var met = NumberSet()
    private var update = UpdateScan()
    private(set) var count = 0
    private(set) var findings: [LedgerVerifier.Finding] = []

    init(snapshot: LedgerSnapshot, rulebook: Rulebook) throws {
        self.snapshot = snapshot
        self.rulebook = rulebook
        // From this share's own moment: an earlier one might not know a version that a row of it follows.
        floors = try DocumentFloors(snapshot: snapshot, rulebook: rulebook)
        origins = Dictionary(uniqueKeysWithValues: try snapshot.logs().map { ($0.id, $0.origin) })
        leaves = StoredLeaves(snapshot: snapshot)
        names = OrderNames(snapshot: snapshot)
    }

    mutating func take(_ row: LedgerSnapshot.AppliedRow) throws {
        count += 1
        let origin = origins[row.entry.log] ?? "?"
        do { try judge(row, origin: origin) } catch {
            find("\(origin):\(row.entry.index)", "it cannot be judged: \(error)")
        }
    }

    private mutating func judge(_ row: LedgerSnapshot.AppliedRow, origin: String) throws {
        guard try update.read(entry: row.bytes) else {
            return find("\(origin):\(row.entry.index)", "it has a verdict and is no update")
        }
        let order = try graph(before: row)
        guard update.isOf(order: order.graph.order) else {
            return find("\(origin):\(row.entry.index)", "it is filed under the order \(order.graph.order)")
        }
        let reference = Reference(
            origin: origin, index: row.entry.index, leafHash: try leaves.hash(of: row.entry, row.bytes))
        let judgement = try order.graph.judge(
            update, from: origin, floor: floors.floor(before: reference), by: rulebook,
            elsewhere: { try snapshot.elsewhere($0) }, updates: { try snapshot.update(at: $0) })
        if judgement != .decided(row.verdict) {
            find(
                "\(origin):\(row.entry.index)",
                "the stored verdict is \(row.verdict), the contract says \(judgement)")
        }
        _ = order.graph.insert(
            update, at: reference, verdict: row.verdict,
            documentVersion: rulebook.version(of: update.consortium))
    }

    /// An order's graph as it was before a row; read again if it has been put aside.
    private mutating func graph(before row: LedgerSnapshot.AppliedRow) throws -> KeptGraph {
        if let known = graphs.value(of: row.order) { return known }
        let name = try names.name(of: row.order) ?? "?"
        let isNew = !met.insert(row.order)
        let graph =
            isNew
            ? ThreadGraph(order: name)
            : try snapshot.thread(id: row.order, name: name, rulebook: rulebook, before: row.sequence).graph
        let kept = KeptGraph(graph)
        graphs.keep(kept, of: row.order)
        return kept
    }

    private mutating func find(_ place: String, _ message: String) {
        guard findings.count < Self.findingsMax else { return }
        findings.append(LedgerVerifier.Finding(place: place, message: message))
    }
}

/// A graph that grows where it is kept.
private final class KeptGraph {
    var graph: ThreadGraph

    init(_ graph: ThreadGraph) { self.graph = graph }
}

/// The names of a store's orders, read in runs, because orders are met in about the sequence of their numbers.
private struct OrderNames {
    private static let run: Int64 = 256

    private let snapshot: LedgerSnapshot
    private var names: [Int64: String] = [:]
    private var start: Int64 = -1

    init(snapshot: LedgerSnapshot) { self.snapshot = snapshot }

    mutating func name(of order: Int64) throws -> String? {
        if order / Self.run != start {
            start = order / Self.run
            names = try snapshot.orderNames(from: start * Self.run, count: Self.run)
        }
        return names[order]
    }
}

/// A set of small numbers, one bit each.
private struct NumberSet {
    private var words: [UInt64] = []

    /// - Returns: whether it was there already.
    mutating func insert(_ number: Int64) -> Bool {
        let (word, bit) = (Int(number >> 6), UInt64(1) << UInt64(number & 63))
        if word >= words.count { words += [UInt64](repeating: 0, count: max(word + 1 - words.count, words.count)) }
        defer { words[word] |= bit }
        return words[word] & bit != 0
    }
}

/// The leaf hashes that a store's full tiles hold. That they are those of the entries is for `ChainCheck` to say.
private struct StoredLeaves {
    private let snapshot: LedgerSnapshot
    private var tiles: [Int64: (index: UInt64, hashes: [Hash])] = [:]

    init(snapshot: LedgerSnapshot) { self.snapshot = snapshot }

    mutating func hash(of entry: EntryID, _ bytes: UnsafeRawBufferPointer) throws -> Hash {
        let tile = entry.index / UInt64(Tile.width)
        if tiles[entry.log]?.index != tile {
            let stored = try snapshot.storedTile(Tile(level: 0, index: tile), log: entry.log)?.hashes
            tiles[entry.log] = (tile, stored?.count == Tile.width ? stored ?? [] : [])
        }
        let slot = Int(entry.index % UInt64(Tile.width))
        guard let hashes = tiles[entry.log]?.hashes, hashes.indices.contains(slot) else { return Hash.leaf(bytes) }
        return hashes[slot]
    }
}

/// One log's entries, links, tiles and roots, checked as they are read in order.
private struct ChainCheck {
    /// Findings kept of one log: a damaged file would bring thousands.
    static let findingsMax = 100

    private let log: LogRecord
    private let sizes: Set<UInt64>
    private var tree = MerkleTree()
    private var last: Hash?
    /// Entries that the log's own tiles hold another hash of.
    private var changed: Set<UInt64> = []
    /// Entries whose hash is not the one that the next entry carries.
    private var broken: Set<UInt64> = []
    private var roots: [UInt64: Hash] = [:]
    private var findings: [LedgerVerifier.Finding] = []
    /// The root if the last entry but one were what the last one says it is.
    private var rootByLastLink: Hash?

    init(log: LogRecord, sizes: Set<UInt64>) {
        self.log = log
        self.sizes = sizes
    }

    mutating func take(_ index: UInt64, _ bytes: UnsafeRawBufferPointer, _ snapshot: LedgerSnapshot) throws {
        let leaf = Hash.leaf(bytes)
        let previous = EntryHead.previous(bytes)
        if index != tree.size { find("\(log.origin):\(index)", "an entry is missing before this one") }
        if previous != last, index > 0 { broken.insert(index - 1) }
        if index > 0, index + 1 == log.size, let previous {
            rootByLastLink = root(replacingLastBy: previous, then: leaf)
        }
        beforeLast = tree
        var full: [FullTile] = []
        tree.append(leaf) { full.append(FullTile(tile: $0, hashes: $1, root: $2)) }
        for tile in full { try compare(tile, snapshot) }
        last = leaf
        if sizes.contains(tree.size) { roots[tree.size] = tree.root }
    }

    /// The tree before the entry that was read last.
    private var beforeLast = MerkleTree()

    private func root(replacingLastBy hash: Hash, then leaf: Hash) -> Hash {
        var other = beforeLast
        other.append(hash)
        other.append(leaf)
        return other.root
    }

    private mutating func find(_ place: String, _ message: String) {
        guard findings.count < Self.findingsMax else { return }
        findings.append(LedgerVerifier.Finding(place: place, message: message))
    }

    private mutating func compare(_ full: FullTile, _ snapshot: LedgerSnapshot) throws {
        let name = "tile \(full.tile.index) of level \(full.tile.level)"
        guard let stored = try snapshot.storedTile(full.tile, log: log.id), stored.hashes.count == full.hashes.count
        else {
            return find(log.origin, "\(name) is missing or torn")
        }
        let wrong = full.hashes.indices.filter { stored.hashes[$0] != full.hashes[$0] }
        if full.tile.level == 0 {
            changed.formUnion(wrong.map { full.tile.index * UInt64(Tile.width) + UInt64($0) })
        } else if !wrong.isEmpty, changed.isEmpty {
            find(log.origin, "\(name) has been changed")
        }
        if wrong.isEmpty, stored.root != full.root { find(log.origin, "the root of \(name) has been changed") }
    }

    /// All that is wrong with the log, by what it signed.
    func findings(signed: [Checkpoint]) -> [LedgerVerifier.Finding] {
        var all = findings
        let culprits = culprits(signed: signed)
        all += culprits.sorted().prefix(Self.findingsMax).map {
            LedgerVerifier.Finding(
                place: "\(log.origin):\($0)", message: "the entry has been changed: the log holds another hash of it")
        }
        guard all.isEmpty else { return all }
        return signed.filter { roots[$0.size] != $0.root }.prefix(1).map {
            let place =
                $0.size == log.size && $0.size > 0
                ? "\(log.origin):\(log.size - 1)" : "\(log.origin) at size \($0.size)"
            return LedgerVerifier.Finding(place: place, message: "the log signed something else than what is stored")
        }
    }

    /// A changed entry breaks the link after it, and the one before it too if its own link was what changed.
    private func culprits(signed: [Checkpoint]) -> Set<UInt64> {
        var culprits = changed
        for link in broken.sorted() where !culprits.contains(link) && !culprits.contains(link + 1) {
            let nextIsBroken = broken.contains(link + 1)
            let isLastLink = link + 2 == log.size
            let lastIsRight = signed.contains { $0.size == log.size && $0.root == rootByLastLink }
            culprits.insert(nextIsBroken || (isLastLink && !lastIsRight) ? link + 1 : link)
        }
        return culprits
    }
}

/// The beginning of an entry's bytes, read without decoding the rest.
enum EntryHead {
    /// Field 1, `previous`: the first that a writer of the format writes.
    static func previous(_ bytes: UnsafeRawBufferPointer) -> Hash? {
        guard bytes.count >= 34, bytes[0] == 0x0A, bytes[1] == 0x20 else { return nil }
        return Hash(UnsafeRawBufferPointer(rebasing: bytes[2..<34]))
    }
}

/// The newest document version that each log had named before an entry.
private struct DocumentFloors {
    private var changes: [String: [(index: UInt64, version: Int)]] = [:]

    init(snapshot: LedgerSnapshot, rulebook: Rulebook) throws {
        guard rulebook.documents.count > 1 else { return }
        for log in try snapshot.logs() {
            var floor = 0
            var update = UpdateScan()
            try snapshot.forEachEntry(log: log.id, from: 0, to: log.size) { index, bytes in
                guard try update.read(entry: bytes),
                    let version = rulebook.documents[update.consortium]?.version, version > floor
                else { return }
                floor = version
                changes[log.origin, default: []].append((index, version))
            }
        }
    }

    func floor(before reference: Reference) -> Int {
        changes[reference.origin]?.last { $0.index < reference.index }?.version ?? 0
    }
}

extension CustodyError.Code {
    public static let cosignerUnknown: Self = "cosigner-unknown"
}
