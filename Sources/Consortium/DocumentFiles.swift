import Foundation
import Ledger
import Logging
import Store
import Synchronization

/// The files of documents that this gateway has, wants, and is being brought.
///
/// It wants what it may read: each file that a private fact names which it has opened; and for a while what somebody asks
/// for, here or at its consortium port. A file grows at its end, by one who brings it at a time, and counts only once it is
/// whole and its hash is right: so any member may bring any part of it. All of it runs on a queue of its own, because each
/// step waits for the disk.
public actor DocumentFiles {
    /// Bytes of one request in either direction. A line that is cut loses at most these.
    static let pieceBytes = 4 << 20
    /// Pieces that are given or taken at once.
    static let transfersMax = 8
    /// Of those, for one organisation: none keeps the others from theirs.
    static let transfersOfOneMax = 4
    /// Files that each organisation may ask for which are not here and which nobody here may read.
    static let askedMax = 16
    /// How long such a file is wanted after somebody has asked for it.
    static let askedFor: Duration = .seconds(600)
    /// How long one who brings a file may bring less than the least piece before another may go on with it.
    static let silenceMax: Duration = .seconds(20)
    /// Between two looks for what the ledger has to say of files.
    private static let lookPause: Duration = .milliseconds(500)
    private static let fullLookPause: Duration = .seconds(60)
    private static let sweepPause: Duration = .seconds(3_600)

    private nonisolated let executor = DispatchExecutor(label: "custody.documents")
    private nonisolated let store: LedgerStore
    private nonisolated let folder: DocumentFolder
    private let reserve: UInt64
    private nonisolated let clock: PeerClock
    private let now: @Sendable () -> Int64
    private let logger: Logger
    private nonisolated let places = TransferPlaces(max: transfersMax, ofOne: transfersOfOneMax)
    /// Fires when something else is wanted, or has come.
    nonisolated let changes = ChangeSignal()

    private var needed: [Hash: UInt64] = [:]
    /// How many documents there were at the last look for files, and until when that is enough.
    private var looked: (count: Int, until: ContinuousClock.Instant)?
    private var asked: [Hash: Asked] = [:]
    private var incoming: [Hash: Incoming] = [:]
    private var problems: [Hash: CustodyError] = [:]
    /// Files of which wrong bytes have come, and who alone has brought them. Of such a file each must bring all.
    private var spoilt: [Hash: Set<String>] = [:]

    private struct Asked {
        /// Nil for a public document of which only the hash is known.
        var bytes: UInt64?
        /// The organisation; nil for this gateway's own people.
        let by: String?
        /// Whether a private fact here named it then: once none does, it has been erased.
        let isNeeded: Bool
        var until: ContinuousClock.Instant
    }

    private struct Incoming {
        let part: DocumentPart
        var by: String
        var lastHeard: ContinuousClock.Instant
        /// Bytes that have come since.
        var unheard = 0
        /// Who has brought some of it; an empty name for what was here before this process.
        var bringers: Set<String>
    }

    /// A file that is wanted, and how much of it is here.
    struct Want: Codable, Hashable, Sendable {
        let file: Hash
        /// Nil where only its hash is known.
        let bytes: UInt64?
        let have: UInt64
    }

    /// How a file stands, for people.
    public struct Standing: Codable, Sendable {
        public let have: UInt64
        /// Nil while nobody has told.
        public let bytes: UInt64?
        public let isHere: Bool
        public let problem: String?
    }

    /// What became of an offer to bring a part of a file.
    enum Admission: Hashable, Sendable {
        /// To be brought from this place on.
        case from(UInt64)
        case isHere
        case unwanted
        /// Somebody else is bringing it.
        case busy(have: UInt64)
    }

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - reserve: bytes of the disk that files of documents leave free.
    ///   - now: UTC microseconds.
    public init(
        store: LedgerStore, reserve: UInt64, clock: PeerClock = .system, now: @escaping @Sendable () -> Int64,
        logger: Logger
    ) {
        self.store = store
        folder = store.documents
        self.reserve = reserve
        self.clock = clock
        self.now = now
        self.logger = logger
    }

    /// Follows the ledger until the task is cancelled.
    public func run() async {
        var sweepAt = clock.now()
        while !Task.isCancelled {
            let news = store.changes.follow()
            do {
                try look()
                if clock.now() >= sweepAt {
                    sweepAt = clock.now() + Self.sweepPause
                    try folder.sweep(now: now() / 1_000_000) { file in try store.read { try $0.needs(file) } }
                }
            } catch { logger.error("documents cannot be looked after", metadata: ["error": "\(error)"]) }
            try? await clock.sleep(Self.lookPause)
            await clock.first(of: news, atMost: .seconds(60))
        }
    }

    /// Finds out what is needed and not here. Files are looked for only where the ledger has other documents than before, or
    /// after a while.
    func look() throws {
        let instant = clock.now()
        let isOver = asked.filter { $0.value.until <= instant }.map(\.key)
        for file in isOver { asked[file] = nil }
        var isNews = !isOver.isEmpty
        let count = try store.read { try $0.documentCount() }
        if count != looked?.count || instant >= looked?.until ?? instant {
            looked = (count, instant + Self.fullLookPause)
            isNews = try lookForFiles() || isNews
        }
        guard isNews else { return }
        let isWanted = { (file: Hash) in self.needed[file] != nil || self.asked[file] != nil }
        incoming = incoming.filter { isWanted($0.key) }
        problems = problems.filter { isWanted($0.key) }
        spoilt = spoilt.filter { isWanted($0.key) }
        changes.notify()
    }

    /// - Returns: whether something else is needed than before.
    private func lookForFiles() throws -> Bool {
        let all = try store.read { try $0.documentFiles() }
        let missing = all.filter { folder.bytes(of: $0.file) == nil }
        let now = Dictionary(missing.map { ($0.file, $0.bytes) }) { one, _ in one }
        // What was erased while some of it came: what comes after the erasure must not stay either.
        let erased = Set(needed.keys).union(asked.filter(\.value.isNeeded).keys).subtracting(all.map(\.file))
        for file in erased where asked[file]?.isNeeded != false {
            asked[file] = nil
            try folder.remove(file)
        }
        guard now != needed || !erased.isEmpty else { return false }
        needed = now
        return true
    }

    // MARK: Wanting

    /// What is wanted, whoever wants it.
    func wanted() -> [Want] {
        let all = needed.map { ($0.key, Optional($0.value)) } + asked.map { ($0.key, $0.value.bytes) }
        return Dictionary(all) { one, _ in one }.map { file, bytes in
            Want(file: file, bytes: bytes, have: folder.partBytes(of: file))
        }.sorted { $0.file.hex < $1.file.hex }
    }

    /// What this gateway wants for itself: it asks others for these alone, or two that lack a file would ask each other for ever.
    func ownWants() -> [Want] {
        wanted().filter { want in needed[want.file] != nil || asked[want.file].map { $0.by == nil } == true }
    }

    /// Notes that a member asks for a file that is not here, so that whoever has it can hand it in.
    func note(_ file: Hash, bytes: UInt64?, askedBy organisation: String) {
        let isKnown = needed[file] != nil || asked[file].map { $0.by != organisation } == true
        let count = asked.count { $0.value.by == organisation }
        guard !isKnown, asked[file] != nil || count < Self.askedMax else { return }
        ask(file, bytes: bytes, by: organisation)
    }

    private func ask(_ file: Hash, bytes: UInt64?, by organisation: String?) {
        let isNew = asked[file] == nil
        let isNeeded = (try? store.read { try $0.needs(file) }) ?? false
        asked[file] = Asked(bytes: bytes, by: organisation, isNeeded: isNeeded, until: clock.now() + Self.askedFor)
        if isNew { changes.notify() }
    }

    /// Wants a file for somebody here, and says how it stands.
    public func standing(of file: Hash, bytes: UInt64?) -> Standing {
        if let whole = folder.bytes(of: file) { return Standing(have: whole, bytes: whole, isHere: true, problem: nil) }
        if needed[file] == nil { ask(file, bytes: bytes, by: nil) }
        return Standing(
            have: folder.partBytes(of: file), bytes: needed[file] ?? asked[file]?.bytes ?? bytes, isHere: false,
            problem: problems[file].map { "\($0)" })
    }

    /// As `standing`, once that it is whole or the time is over.
    public func fetch(_ file: Hash, bytes: UInt64?, atMost limit: Duration) async -> Standing {
        let deadline = clock.now() + limit
        while true {
            let news = changes.follow()
            let now = standing(of: file, bytes: bytes)
            let rest = deadline - clock.now()
            guard !now.isHere, rest > .zero, !Task.isCancelled else { return now }
            await clock.first(of: news, atMost: rest)
        }
    }

    // MARK: Taking

    /// Lets somebody bring a file, from where it is here on.
    ///
    /// - Throws: `CustodyError` with code `disk-nearly-full`, `document-too-large`, `store-failed`.
    func begin(_ file: Hash, bytes: UInt64, by bringer: String) async throws -> Admission {
        guard folder.bytes(of: file) == nil else { return .isHere }
        guard let known = needed[file] ?? asked[file].map({ $0.bytes ?? bytes }), known == bytes, bytes > 0 else {
            return .unwanted
        }
        guard bytes <= DocumentCipher.fileBytes(ofDocument: DocumentCipher.documentBytesMax) else {
            throw CustodyError(
                .documentTooLarge, "a file of \(bytes) bytes is larger than a document may be", at: file.hex)
        }
        if let other = incoming[file], other.by != bringer, clock.now() - other.lastHeard < Self.silenceMax {
            return .busy(have: other.part.count)
        }
        guard try mayBring(file, bringer) else { return .unwanted }
        if incoming[file]?.part.total != bytes { try open(file, bytes: bytes, by: bringer) }
        if incoming[file]?.by != bringer { incoming[file]?.lastHeard = clock.now() }
        incoming[file]?.by = bringer
        return try await prepared(file, by: bringer)
    }

    /// Whoever alone has brought wrong bytes of a file brings it no more; after wrong bytes of several, each begins anew.
    private func mayBring(_ file: Hash, _ bringer: String) throws -> Bool {
        guard let liars = spoilt[file] else { return true }
        guard !liars.contains(bringer) else { return false }
        if incoming[file].map({ !$0.bringers.isSubset(of: [bringer]) }) ?? (folder.partBytes(of: file) > 0) {
            incoming[file] = nil
            try folder.remove(file)
        }
        return true
    }

    private func open(_ file: Hash, bytes: UInt64, by bringer: String) throws {
        do {
            let part = try DocumentPart(of: file, bytes: bytes, in: folder, reserve: reserve)
            incoming[file] = Incoming(
                part: part, by: bringer, lastHeard: clock.now(), bringers: part.count > 0 ? [""] : [])
        } catch let error as CustodyError {
            problems[file] = error
            throw error
        }
    }

    /// What is here from before is hashed once, a little at a time.
    private func prepared(_ file: Hash, by bringer: String) async throws -> Admission {
        while let part = incoming[file]?.part, incoming[file]?.by == bringer {
            guard !part.isReady else { return .from(part.count) }
            incoming[file]?.lastHeard = clock.now()
            try part.prepare()
            await Task.yield()
        }
        return .busy(have: folder.partBytes(of: file))
    }

    /// - Returns: false if somebody else brings it now, or nobody wants it any more.
    func append(_ bytes: [UInt8], to file: Hash, by bringer: String) throws -> Bool {
        guard let part = incoming[file]?.part, incoming[file]?.by == bringer, part.isReady else { return false }
        incoming[file]?.unheard += bytes.count
        if incoming[file]?.unheard ?? 0 >= PieceSize.least {
            incoming[file]?.lastHeard = clock.now()
            incoming[file]?.unheard = 0
        }
        incoming[file]?.bringers.insert(bringer)
        try part.append(bytes)
        return true
    }

    /// The end of a piece: when this returns, it is on disk.
    ///
    /// - Returns: how much of the file is here.
    /// - Throws: `CustodyError` with code `document-damaged` if the file is whole and not what it should be.
    func settle(_ file: Hash, by bringer: String) throws -> UInt64 {
        guard let part = incoming[file]?.part, let bringers = incoming[file]?.bringers, incoming[file]?.by == bringer
        else {
            return folder.partBytes(of: file)
        }
        guard part.isReady, part.count == part.total else {
            try part.sync()
            return part.count
        }
        incoming[file] = nil
        defer { changes.notify() }
        guard try isWanted(file) else {
            try folder.remove(file)
            return 0
        }
        do { try part.finish() } catch let error as CustodyError {
            problems[file] = error
            spoilt[file, default: []].formUnion(bringers == [bringer] ? bringers : [])
            let names = bringers.sorted().joined(separator: ", ")
            logger.warning(
                "document refused", metadata: ["file": "\(file.hex)", "from": "\(names)", "error": "\(error)"])
            throw error
        }
        (needed[file], asked[file], problems[file], spoilt[file]) = (nil, nil, nil, nil)
        logger.info("document has come", metadata: ["file": "\(file.hex)", "from": "\(bringer)"])
        return part.total
    }

    /// It may have been erased meanwhile.
    private func isWanted(_ file: Hash) throws -> Bool {
        if asked[file]?.isNeeded == false { return true }
        return try store.read { try $0.needs(file) }
    }

    /// Whoever brought it brings no more for now.
    func release(_ file: Hash, by bringer: String) {
        guard incoming[file]?.by == bringer else { return }
        incoming[file]?.by = ""
        incoming[file]?.lastHeard = clock.now() - Self.silenceMax
    }

    // MARK: Giving

    /// - Returns: nil if it is not here.
    func reader(of file: Hash) -> DocumentReader? { try? folder.reader(of: file) }

    func read(_ reader: DocumentReader, at place: UInt64, count: Int) throws -> [UInt8] {
        try reader.read(at: place, count: count)
    }

    /// A place among the transfers, given back with its last reference; nil if there is none.
    nonisolated func place(for organisation: String) -> TransferPlaces.Place? { places.take(for: organisation) }
}

/// How many transfers may run at once.
final class TransferPlaces: Sendable {
    private let max: Int
    private let ofOne: Int
    private let taken = Mutex<[String: Int]>([:])

    init(max: Int, ofOne: Int) {
        self.max = max
        self.ofOne = ofOne
    }

    final class Place: Sendable {
        private let places: TransferPlaces
        private let organisation: String

        fileprivate init(_ places: TransferPlaces, _ organisation: String) {
            self.places = places
            self.organisation = organisation
        }

        deinit { places.taken.withLock { $0[organisation, default: 1] -= 1 } }
    }

    func take(for organisation: String) -> Place? {
        let isFree = taken.withLock { taken in
            guard taken.values.reduce(0, +) < max, taken[organisation, default: 0] < ofOne else { return false }
            taken[organisation, default: 0] += 1
            return true
        }
        return isFree ? Place(self, organisation) : nil
    }
}
