import Ledger

/// The verdicts of a store, given again as they are read in sequence.
struct VerdictCheck {
    /// Findings kept: a damaged index would bring thousands.
    static let findingsMax = 100

    private let snapshot: LedgerSnapshot
    private let rulebook: Rulebook
    private var logs: [JudgedLog]
    /// The place in `logs` of each log's number.
    private let places: [Int64: Int]
    private var names: RowRun
    /// The largest number of an order.
    private let orderMax: Int64
    private var tips = TipTable()
    /// Graphs of orders of which more must be known than the tip.
    private var graphs = TwoGenerations<Int64, KeptGraph>(youngMax: 16_384)
    /// Orders of which a row has been read.
    private var met = NumberSet()
    private var update = UpdateScan()
    private(set) var count = 0
    private(set) var findings: [LedgerVerifier.Finding] = []

    init(snapshot: LedgerSnapshot, rulebook: Rulebook) throws {
        self.snapshot = snapshot
        self.rulebook = rulebook
        logs = try snapshot.logs().map { try JudgedLog($0, rulebook: rulebook, snapshot) }
        places = Dictionary(uniqueKeysWithValues: logs.enumerated().map { ($1.number, $0) })
        names = try snapshot.orderRun()
        orderMax = try snapshot.orders(limit: 1).first?.id ?? 0
    }

    mutating func take(_ row: LedgerSnapshot.AppliedRow) throws {
        count += 1
        guard let place = place(of: row.entry.log) else { return find(row, "it is of a log that is not here") }
        do { try judge(row, at: place) } catch { find(row, "it cannot be judged: \(error)") }
    }

    /// The place in `logs`.
    private func place(of log: Int64) -> Int? {
        // Most gateways have few logs, which looking at each finds faster than a dictionary.
        logs.count <= 4 ? logs.firstIndex { $0.number == log } : places[log]
    }

    private mutating func judge(_ row: LedgerSnapshot.AppliedRow, at log: Int) throws {
        guard (0...orderMax).contains(row.order) else { return find(row, "its order is not in the order index") }
        guard let bytes = try logs[log].entry(row.entry) else { return find(row, "it has a verdict and is not stored") }
        guard try update.read(entry: bytes) else { return find(row, "it has a verdict and is no update") }
        let place = Place(
            reference: Reference(
                origin: logs[log].origin, index: row.entry.index,
                leafHash: try logs[log].leafHash(of: row.entry, bytes, snapshot)),
            floor: logs[log].floor(before: row.entry.index),
            grounds: logs[log].grounds(of: update, by: rulebook))
        if !met.insert(row.order) { tips.keep(ThreadTip(order: try name(of: row.order)), of: row.order) }
        if try !judgeByTip(row, place) { try judgeByGraph(row, place) }
    }

    /// Where an update stands, and the rules for it.
    private struct Place {
        let reference: Reference
        /// The newest document version that its log named before.
        let floor: Int
        let grounds: Grounds
    }

    /// - Returns: false if more must be known of the order than its tip.
    private mutating func judgeByTip(_ row: LedgerSnapshot.AppliedRow, _ place: Place) throws -> Bool {
        guard let tip = tips.place(of: row.order) else { return false }
        guard update.isOf(order: tips[tip].order) else {
            findMisfiled(row, under: tips[tip].order)
            return true
        }
        guard let judgement = tips[tip].judge(update, floor: place.floor, on: place.grounds) else {
            tips.forget(row.order)
            return false
        }
        if row.verdict.isAccepted { tips[tip].advance(to: update, at: place.reference, on: place.grounds) }
        compare(judgement, row)
        return true
    }

    private mutating func judgeByGraph(_ row: LedgerSnapshot.AppliedRow, _ place: Place) throws {
        let order = try graph(before: row)
        guard update.isOf(order: order.graph.order) else { return findMisfiled(row, under: order.graph.order) }
        let judgement = try order.graph.judge(
            update, floor: place.floor, on: place.grounds, elsewhere: { try snapshot.elsewhere($0) },
            updates: { try snapshot.update(at: $0) })
        compare(judgement, row)
        _ = order.graph.insert(update, at: place.reference, verdict: row.verdict, on: place.grounds)
    }

    /// An order's graph as it was before a row; read again if it has been put aside.
    private mutating func graph(before row: LedgerSnapshot.AppliedRow) throws -> KeptGraph {
        if let known = graphs.value(of: row.order) { return known }
        let thread = try snapshot.thread(
            id: row.order, name: try name(of: row.order), rulebook: rulebook, before: row.sequence)
        let kept = KeptGraph(thread.graph)
        graphs.keep(kept, of: row.order)
        return kept
    }

    private mutating func name(of order: Int64) throws -> String {
        try names.find(order) ? names.statement.text(1) ?? "?" : "?"
    }

    // MARK: Findings

    private mutating func compare(_ judgement: Judgement, _ row: LedgerSnapshot.AppliedRow) {
        guard judgement != .decided(row.verdict) else { return }
        find(row, "the stored verdict is \(row.verdict), the contract says \(judgement)")
    }

    private mutating func findMisfiled(_ row: LedgerSnapshot.AppliedRow, under order: String) {
        find(row, "it is filed under the order \(order)")
    }

    private mutating func find(_ row: LedgerSnapshot.AppliedRow, _ message: String) {
        guard findings.count < Self.findingsMax else { return }
        let origin = places[row.entry.log].map { logs[$0].origin } ?? "?"
        findings.append(LedgerVerifier.Finding(place: "\(origin):\(row.entry.index)", message: message))
    }
}

/// A log whose updates are judged again.
private struct JudgedLog {
    let number: Int64
    let origin: String
    private var entries: RowRun
    /// A full tile of leaf hashes. That they are those of the entries is for `ChainCheck` to say.
    private var tile: (index: UInt64, hashes: [Hash])?
    /// Those of the update that was judged last.
    private var grounds: Grounds?
    /// Each newer document version that an update names, with the index of the first that does.
    private var floors: [(index: UInt64, version: Int)] = []

    init(_ log: LogRecord, rulebook: Rulebook, _ snapshot: LedgerSnapshot) throws {
        number = log.id
        origin = log.origin
        entries = try snapshot.entryRun(log: log.id)
        // From the snapshot that is checked: an earlier one might not know a version that a row of it follows.
        if rulebook.documents.count > 1 { try readFloors(log, rulebook, snapshot) }
    }

    private mutating func readFloors(_ log: LogRecord, _ rulebook: Rulebook, _ snapshot: LedgerSnapshot) throws {
        var floor = 0
        var update = UpdateScan()
        try snapshot.forEachEntry(log: log.id, from: 0, to: log.size) { index, bytes in
            guard try update.read(entry: bytes) else { return }
            let version = rulebook.version(of: update.consortium)
            guard version > floor else { return }
            floor = version
            floors.append((index, version))
        }
    }

    /// The newest document version that the log had named before an entry.
    func floor(before index: UInt64) -> Int { floors.last { $0.index < index }?.version ?? 0 }

    /// The bytes of an entry in SQLite's own memory, until the next one is asked for; nil if it is not stored.
    mutating func entry(_ entry: EntryID) throws -> UnsafeRawBufferPointer? {
        try entries.find(entry.rawValue) ? entries.statement.blob(1) : nil
    }

    mutating func leafHash(
        of entry: EntryID, _ bytes: UnsafeRawBufferPointer, _ snapshot: LedgerSnapshot
    ) throws -> Hash {
        let index = entry.index / UInt64(Tile.width)
        if tile?.index != index {
            let stored = try snapshot.storedTile(Tile(level: 0, index: index), log: number)?.hashes
            tile = (index, stored?.count == Tile.width ? stored ?? [] : [])
        }
        let slot = Int(entry.index % UInt64(Tile.width))
        guard let hashes = tile?.hashes, hashes.indices.contains(slot) else { return Hash.leaf(bytes) }
        return hashes[slot]
    }

    mutating func grounds(of update: UpdateScan, by rulebook: Rulebook) -> Grounds {
        let grounds = rulebook.grounds(of: update, from: origin, known: grounds)
        self.grounds = grounds
        return grounds
    }
}

/// A graph that grows where it is kept.
private final class KeptGraph {
    var graph: ThreadGraph

    init(_ graph: ThreadGraph) { self.graph = graph }
}

/// The tips of the orders that were met last, each in the place that its number gives it.
private struct TipTable {
    /// Places, about 200 bytes each; more orders than these push each other out.
    static let placesMax = 1 << 17

    private var tips: [(order: Int64, tip: ThreadTip)] = []

    subscript(place: Int) -> ThreadTip {
        _read { yield tips[place].tip }
        _modify { yield &tips[place].tip }
    }

    /// Nil if the order's tip is not kept.
    func place(of order: Int64) -> Int? {
        let place = Int(order & Int64(Self.placesMax - 1))
        return place < tips.count && tips[place].order == order ? place : nil
    }

    mutating func keep(_ tip: ThreadTip, of order: Int64) {
        let place = Int(order & Int64(Self.placesMax - 1))
        while tips.count <= place { tips.append((-1, ThreadTip(order: ""))) }
        tips[place] = (order, tip)
    }

    mutating func forget(_ order: Int64) {
        guard let place = place(of: order) else { return }
        tips[place] = (-1, ThreadTip(order: ""))
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
