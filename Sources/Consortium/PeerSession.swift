import Foundation
import Ledger
import Logging
import Store
import Synchronization

/// What is known of a peer, for people.
public struct PeerStatus: Codable, Hashable, Sendable {
    public let organisation: String
    public let address: String
    public var isConnected = false
    /// Entries of this gateway's own log that the peer's mirror has.
    public var pushed: UInt64 = 0
    public var problem: String?
}

/// What this gateway does with one peer: it pushes its own log to the peer's mirror, holds a long poll, and pulls what
/// the poll tells of. It dials out for all of it, so that it works from behind NAT.
public final class PeerSession: Sendable {
    let client: any PeerClient
    private let store: LedgerStore
    private let mirror: Mirror
    private let rounds: PushRounds
    private let recent: RecentPushes
    private let documents: DocumentExchange
    private let watch: OwnLogWatch?
    private let kept: KeptLogs?
    /// How far the peer has been asked for logs that this gateway's orders need.
    private let companionPlace = Mutex<Int64>(0)
    private let disclosures: PeerDisclosures?
    private let documentFiles: PeerDocumentFiles?
    private let logger: Logger
    private let state: SessionStatus
    /// Of each forked log, the root of the head that the peer has and that was compared last with what is here.
    private let compared = Mutex<[String: Hash]>([:])

    /// - Parameters:
    ///   - kept: says which logs are pulled; nil = all.
    ///   - relay: of sealed disclosures; without one, none are passed on.
    ///   - files: of documents; without them, none are passed on.
    public init(
        client: any PeerClient, store: LedgerStore, mirror: Mirror, rounds: PushRounds, recent: RecentPushes,
        watch: OwnLogWatch? = nil, kept: KeptLogs? = nil, relay: DisclosureRelay? = nil, files: DocumentFiles? = nil,
        logger: Logger
    ) {
        self.watch = watch
        self.kept = kept
        self.client = client
        self.store = store
        self.mirror = mirror
        self.rounds = rounds
        self.recent = recent
        documents = DocumentExchange(store: store)
        disclosures = relay.map { PeerDisclosures(client: client, store: store, relay: $0, logger: logger) }
        documentFiles = files.map { PeerDocumentFiles(client: client, files: $0, logger: logger) }
        self.logger = logger
        state = SessionStatus(client, logger: logger)
    }

    public var status: PeerStatus { state.current }

    /// Pushes and follows until the task is cancelled. A peer that is down, slow or lying delays nobody else.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.repeating { try await self.pushForever() } }
            group.addTask { await self.repeating { try await self.followForever() } }
            if let documentFiles {
                group.addTask { await documentFiles.fetchForever() }
                group.addTask { await documentFiles.giveForever() }
            }
            if let disclosures { group.addTask { await self.repeating { try await disclosures.tellForever() } } }
        }
        try? await client.shutdown()
    }

    private func repeating(_ work: @Sendable () async throws -> Void) async {
        await state.repeating(
            onLost: {
                rounds.lost(client.organisation)
                watch?.heard(from: client.address)
            }, work)
    }

    private var deadline: ContinuousClock.Instant { client.clock.now() + MirrorPush.requestMax }

    // MARK: Push

    /// How long a peer that does not keep this gateway's log is left alone with it: it may choose otherwise one day.
    static let notKeptPause: Duration = .seconds(60)

    private func pushForever() async throws {
        var mirror = MirrorPush(
            client: client, store: store, isMember: true,
            onUnknown: { try await self.introduce(try self.store.read(Self.own)) })
        var told: DocumentSummary?
        var restsUntil = client.clock.now()
        while !Task.isCancelled {
            // Followed before looking, so that nothing falls between; a stream that was cancelled once is at its end.
            let news = store.changes.follow()
            let others = rounds.changes.follow()
            told = try await tellDocuments(since: told)
            let round = try await rounds.current(now: client.clock.now())
            if let round, round.size > status.pushed || !status.isConnected, client.clock.now() >= restsUntil {
                guard let signatures = try await push(round, by: &mirror) else {
                    restsUntil = client.clock.now() + Self.notKeptPause
                    rounds.lost(client.organisation)
                    state.met()
                    continue
                }
                if !signatures.isEmpty {
                    try await self.mirror.keepCosignatures(of: try round.note.adding(signatures))
                }
                state.pushed(round.size)
                state.met()
                rounds.reached(round.size, by: client.organisation)
            } else {
                await client.clock.first(
                    of: news, others, atMost: rounds.isBehind ? PushRounds.roundMax : .seconds(30))
            }
        }
    }

    /// A mirror that says it has more of this gateway's log is looked at: whether it has, its signed head tells.
    /// - Returns: nil if the peer does not keep this log.
    private func push(_ round: PushRounds.Round, by push: inout MirrorPush) async throws -> [NoteSignature]? {
        do { return try await push.push(round) } catch let error as CustodyError where error.code == .ownLogBehind {
            try await compareOwn()
            throw error
        } catch let error as CustodyError where error.code == .logNotKept { return nil }
    }

    /// Looks at what the peer has of this gateway's own log; nothing more is recorded on it if it has gone on elsewhere.
    private func compareOwn(evidence: LogEvidence? = nil) async throws {
        guard let watch, let log = try store.read({ try $0.ownLog() }) else { return }
        let comparison = OwnLogComparison(client: client, store: store, mirror: mirror, log: log)
        if let doubt = try await comparison.doubt(evidence: evidence) { try watch.raise(doubt) }
    }

    /// Where nobody can dial this gateway, nobody can ask it for the earlier generations of its log either.
    private func pushEarlierGenerations(after told: PeerPicture) async throws {
        for (log, head) in try store.read(Self.earlierGenerations) {
            let size = try Checkpoint(text: head.text).size
            guard size > told[log.origin]?.size ?? 0, told[log.origin]?.isFrozen != true else { continue }
            var push = MirrorPush(
                client: client, store: store, origin: log.origin, isMember: true,
                onUnknown: { try await self.introduce(log) })
            let signatures = try await push.push(PushRounds.Round(size: size, note: head))
            if !signatures.isEmpty { try await mirror.keepCosignatures(of: try head.adding(signatures)) }
        }
    }

    private static func earlierGenerations(_ snapshot: LedgerSnapshot) throws -> [(LogRecord, SignedNote)] {
        guard let own = try snapshot.ownLog(), Generation.number(ofOrigin: own.origin) > 0 else { return [] }
        let gateway = Generation.gateway(ofOrigin: own.origin)
        return try snapshot.logs().compactMap { log in
            guard !log.own, log.frozen == nil, Generation.gateway(ofOrigin: log.origin) == gateway else { return nil }
            return try snapshot.head(of: log.id).map { (log, $0) }
        }
    }

    private func introduce(_ log: LogRecord) async throws {
        guard let introduction = try store.read({ try LogIntroduction(log, $0) }) else {
            throw CustodyError(.entryMalformed, "the log does not begin with its genesis", at: log.origin)
        }
        let answer = try await client.post(
            path: LogIntroduction.path, contentType: "application/json",
            body: [UInt8](try JSONEncoder().encode(introduction)), deadline: deadline)
        guard answer.status == 200 else { throw client.refused(answer) }
    }

    private static func own(_ snapshot: LedgerSnapshot) throws -> LogRecord {
        guard let log = try snapshot.ownLog() else { throw CustodyError(.logUnknown, "this gateway has no log") }
        return log
    }

    // MARK: Follow

    private func followForever() async throws {
        var told = PeerPicture()
        while !Task.isCancelled {
            let news = try await askForNews(after: told.token)
            try told.take(news)
            state.met()
            try await compareOwn(with: told)
            watch?.heard(from: client.address)
            try await takeDocuments(news.documents)
            try await askForOrders()
            try await catchUp(with: &told)
            try watch?.lookForSuccessors()
            try await pushEarlierGenerations(after: told)
            try await disclosures?.fetch(upTo: news.disclosures)
        }
    }

    private func askForNews(after token: String) async throws -> PeerNews {
        let answer = try await client.get(
            path: "\(PeerNews.path)?after=\(token)&only=\(PeerNews.onlyChanges)", maxBytes: PeerNews.bytesMax,
            deadline: client.clock.now() + PeerNews.holdMax + MirrorPush.requestMax)
        guard answer.status == 200, let news = try? JSONDecoder().decode(PeerNews.self, from: Data(answer.body))
        else { throw client.refused(answer) }
        return news
    }

    /// Hands over the documents that the peer may not have.
    /// - Parameter told: what was handed over before.
    private func tellDocuments(since told: DocumentSummary?) async throws -> DocumentSummary {
        let summary = try documents.summary()
        guard summary.tells(told) else { return summary }
        let package = try documents.package(after: told?.version ?? 1)
        let answer = try await client.post(
            path: DocumentPackage.path, contentType: "application/json", body: [UInt8](JSONEncoder().encode(package)),
            deadline: deadline)
        guard answer.status == 200 else { throw client.refused(answer) }
        return summary
    }

    private func takeDocuments(_ theirs: DocumentSummary?) async throws {
        guard let ours = try mirror.board.documents() else { return }
        if let theirs, theirs.version == ours.version, theirs.hash != ours.hash {
            throw CustodyError(
                "documents-differ", "\(client.organisation) goes by another document of version \(ours.version)",
                at: client.address, remedy: "members must find out who signed two: custody consortium show")
        }
        guard let theirs, theirs.tells(ours) else { return }
        let since = ours.lacksContract ? 0 : ours.version
        let body = try await fetch("\(DocumentPackage.path)?after=\(since)", maxBytes: DocumentPackage.bytesMax)
        guard let package = try? JSONDecoder().decode(DocumentPackage.self, from: Data(body)) else {
            throw CustodyError(
                .peerMisbehaves, "\(client.organisation) sends documents that cannot be read", at: client.address)
        }
        for case .failure(let error) in try documents.take(package) {
            logger.warning(
                "document refused", metadata: ["from": "\(client.organisation)", "error": "\(error)"])
        }
    }

    /// What a peer tells of this gateway's own log is looked at before anything else.
    private func compareOwn(with told: PeerPicture) async throws {
        guard watch != nil, let origin = try store.read({ try $0.ownLog()?.origin }), let news = told[origin],
            try mirror.board.log(origin) != news,
            case let known = try store.read({ try Self.known(news, store.rulebook.latest, $0) }),
            let record = known.record
        else { return }
        if news.isFrozen == true, record.frozen == nil {
            let evidence = try await evidence(against: record)
            _ = try evidence.check(log: record.key)
            try await compareOwn(evidence: evidence)
        } else if news.size > record.size || known.differs {
            try await compareOwn()
        }
    }

    /// A member that has less of its own log than is stored here was rolled back: it is shown its own head.
    private func returnHead(of record: LogRecord, _ news: PeerNews.Log) async throws {
        // Whoever pushes finds out without help, and is ahead of what it told a moment ago.
        guard !recent.isPushed(news.origin),
            ConsortiumDocument.organisation(ofOrigin: record.origin) == client.organisation,
            let head = try store.read({ try $0.head(of: record.id) }), try Checkpoint(text: head.text).size > news.size
        else { return }
        _ = try await client.handOver(head, deadline: deadline)
    }

    /// Asks which logs hold updates of this gateway's orders, where it keeps those.
    private func askForOrders() async throws {
        guard let kept, kept.choice.asksForOrders else { return }
        for _ in 0..<CompanionPage.pagesMax {
            let place = companionPlace.withLock { $0 }
            let answer = try await client.get(
                path: "\(CompanionPage.path)?after=\(place)", maxBytes: CompanionPage.bytesMax, deadline: deadline)
            // Earlier releases do not know.
            guard answer.status == 200,
                let page = try? JSONDecoder().decode(CompanionPage.self, from: Data(answer.body))
            else { return }
            kept.learn(page.origins)
            companionPlace.withLock { $0 = page.next }
            guard !page.isLast else { return }
        }
    }

    private func catchUp(with told: inout PeerPicture) async throws {
        try kept?.look()
        var count: Int?
        repeat {
            count = kept?.orderLogCount
            let due = try told.due(beside: mirror.board, keeping: count, now: client.clock.now())
            for log in due {
                guard kept?.keeps(log.origin) ?? true else {
                    try await hearOfFork(of: log)
                    continue
                }
                try await catchUp(with: log)
            }
            // What is new comes first.
            for log in due { try await hearConfirmation(of: log) }
            try kept?.look()
            // What was pulled may wait for logs that nobody here knew to be needed.
        } while kept?.orderLogCount != count
    }

    /// Of a log that is not kept any more, what has come stays, and is doubted like any if the log is frozen.
    private func hearOfFork(of news: PeerNews.Log) async throws {
        guard news.isFrozen == true, let record = try store.read({ try $0.log(news.origin) }), !record.own,
            record.frozen == nil
        else { return }
        try await takeEvidence(against: record)
    }

    private func catchUp(with news: PeerNews.Log) async throws {
        let document = store.rulebook.latest
        var known = try store.read { try Self.known(news, document, $0) }
        if known.record == nil, news.isFrozen == true, news.hasCommon == true, let common = news.common {
            // There may be no head that could be pulled, only what all branches have in common.
            try await pull(news.origin).introduceIfNew(size: common)
            known = try store.read { try Self.known(news, document, $0) }
        }
        if let record = known.record, !record.own, record.frozen == nil, news.size < record.size {
            try await returnHead(of: record, news)
        }
        if let record = known.record, record.frozen != nil || news.isFrozen == true {
            return try await agreeOnFork(of: record, news)
        }
        let isOwn = known.record?.own ?? false
        if !isOwn, news.size > known.mirrored {
            if recent.isPushed(news.origin) { try await client.clock.sleep(RecentPushes.patience) }
            try await pull(news.origin).run()
        } else if news.size > 0, known.differs || !Set(news.cosigners).isSubset(of: known.cosigners) {
            let bytes = try await fetch(LogPath.prefix(news.origin) + "/checkpoint", maxBytes: SignedNote.bytesMax)
            try await mirror.keepCosignatures(of: try SignedNote(bytes: bytes))
        } else if let record = known.record, !known.cosigners.isSubset(of: news.cosigners) {
            // The owner's own cosignature too takes this way, where nobody can dial the owner.
            try await handOver(record, size: news.size)
        } else {
            return
        }
        if let record = try store.read({ try $0.log(news.origin) }), record.frozen != nil {
            try await agreeOnFork(of: record, news)
        }
    }

    /// The quorum may have come together under an earlier head, and not under the newest.
    private func hearConfirmation(of news: PeerNews.Log) async throws {
        guard let confirmed = news.confirmed, confirmed < news.size,
            let record = try store.read({ try $0.log(news.origin) }), confirmed > record.confirmed,
            confirmed <= record.size, record.frozen == nil
        else { return }
        let path = PeerNews.confirmedPath + LogPath.prefix(record.origin)
        let bytes = try await fetch(path, maxBytes: SignedNote.bytesMax)
        try await mirror.keepCosignatures(of: try SignedNote(bytes: bytes))
    }

    /// Gives a peer the cosignatures that it lacks of a head which both have.
    private func handOver(_ record: LogRecord, size: UInt64) async throws {
        guard let note = try store.read({ try $0.checkpoint(size: size, of: record.id) }) else { return }
        let answer = try await client.handOver(note, deadline: deadline)
        guard answer.status == 200 else { throw client.refused(answer) }
    }

    private func pull(_ origin: String) -> PeerPull {
        PeerPull(client: client, store: store, mirror: mirror, origin: origin)
    }

    private func fetch(_ path: String, maxBytes: Int) async throws -> [UInt8] {
        let answer = try await client.get(path: path, maxBytes: maxBytes, deadline: deadline)
        guard answer.status == 200 else { throw client.refused(answer) }
        return answer.body
    }

    /// What is stored here of a log that a peer tells of.
    private struct Known {
        var record: LogRecord?
        /// Entries below the head; more may be stored where an upload or a pull was cut.
        var mirrored: UInt64 = 0
        var cosigners: Set<String> = []
        /// Whether the peer has another tree of that size.
        var differs = false
    }

    private static func known(
        _ news: PeerNews.Log, _ document: ConsortiumDocument?, _ snapshot: LedgerSnapshot
    ) throws -> Known {
        guard let record = try snapshot.log(news.origin) else { return Known() }
        var known = Known(record: record, mirrored: try snapshot.mirroredSize(of: record))
        known.cosigners = Set(try snapshot.cosigners(size: news.size, of: record.id, by: document))
        if let theirs = news.root, let ours = try snapshot.knownRoot(of: record, size: news.size) {
            known.differs = ours != theirs
        }
        return known
    }

    // MARK: Frozen logs

    /// Of a frozen log, all members are to have the evidence, the same size up to which it counts, and all entries below it.
    private func agreeOnFork(of record: LogRecord, _ news: PeerNews.Log) async throws {
        if record.frozen == nil { try await takeEvidence(against: record) }
        try await lookForForkPoint(in: news)
        guard let record = try store.read({ try $0.log(news.origin) }) else { return }
        if news.isFrozen != true {
            try await tellEvidence(against: record)
            logger.error("log is frozen", metadata: ["log": "\(record.origin)", "told": "\(client.organisation)"])
        } else if news.common ?? .max < record.common ?? .max {
            try await takeEvidence(against: record)
        } else if record.common ?? .max < news.common ?? .max {
            try await tellEvidence(against: record)
        }
        try await takeCommonEntries(of: news)
    }

    private func evidence(against record: LogRecord) async throws -> LogEvidence {
        let path = PeerNews.evidencePath + LogPath.prefix(record.origin)
        return try LogEvidence(bytes: try await fetch(path, maxBytes: LogEvidence.bytesMax))
    }

    private func takeEvidence(against record: LogRecord) async throws {
        try await mirror.convict(by: try await evidence(against: record))
        guard record.frozen == nil else { return }
        logger.error("log is frozen", metadata: ["log": "\(record.origin)", "by": "\(client.organisation)"])
    }

    private func tellEvidence(against record: LogRecord) async throws {
        guard let evidence = try store.read({ try $0.evidence(against: record.id) }) else { return }
        let answer = try await client.post(
            path: PeerNews.evidencePath, contentType: "text/plain; charset=utf-8",
            body: Array(evidence.encoded.utf8), deadline: deadline)
        guard answer.status == 200 else { throw client.refused(answer) }
    }

    /// Compares the peer's branch with the one that is here, once for each head that it has.
    private func lookForForkPoint(in news: PeerNews.Log) async throws {
        guard let root = news.root, let record = try store.read({ try $0.log(news.origin) }), record.frozen != nil,
            try store.read({ try $0.knownRoot(of: record, size: news.size) }) != root,
            compared.withLock({ $0[record.origin] }) != root
        else { return }
        let evidence = try await ForkSearch(pull(record.origin), log: record).evidence()
        if let evidence { try await mirror.convict(by: .fork(evidence)) }
        compared.withLock { $0[record.origin] = root }
    }

    private func takeCommonEntries(of news: PeerNews.Log) async throws {
        guard let record = try store.read({ try $0.log(news.origin) }), !record.own, let common = record.common,
            record.size < common, common == news.common, news.hasCommon == true
        else { return }
        try await pull(record.origin).takeCommonEntries()
    }
}
