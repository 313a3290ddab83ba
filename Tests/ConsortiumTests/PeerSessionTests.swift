import FoundationEssentials
import Hummingbird
import Ledger
import Logging
import Testing

@testable import Consortium
@testable import Store

/// Gateways that meet over real TLS on loopback.
@Suite(.serialized, .timeLimit(.minutes(2))) struct PeerSessionTests {
    struct NotInTime: Error {}

    /// One member's gateway: what it stores and what it serves.
    private struct Gateway {
        let member: TestMember
        let document: ConsortiumDocument
        let tls: ConsortiumTLS
        let store: LedgerStore
        let mirror: Consortium.Mirror
        let rounds: PushRounds
        let recent = RecentPushes()

        init(_ member: TestMember, _ store: LedgerStore, _ document: ConsortiumDocument) throws {
            self.member = member
            self.document = document
            self.store = store
            tls = try member.tls("\(member.organisation.id)/gw")
            mirror = Mirror(
                store: store, cosigner: (member.organisation.id, member.cosigner), now: { 1_700_000_000_000_000 })
            rounds = PushRounds(store: store, mirror: mirror)
        }

        /// Serves the consortium port while `body` runs.
        func serve(_ body: (_ address: String) async throws -> Void) async throws {
            let router = Router(context: MemberContext.self)
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            MirrorRoutes(
                store: store, mirror: mirror, pushes: recent, instance: "test", now: { 1_700_000_000_000_000 },
                logger: logger
            ).add(to: router)
            try await serving(document, tls, router: router, body: body)
        }

        func session(with peer: TestMember, at address: String) throws -> PeerSession {
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let client = try ConsortiumClient(
                organisation: peer.organisation.id, address: address, tls: tls, document: document)
            return PeerSession(
                client: client, store: store, mirror: mirror, rounds: rounds, recent: recent, logger: logger)
        }

        func until(_ isMet: @escaping @Sendable (LedgerSnapshot) throws -> Bool) async throws {
            let changes = store.changes.follow()
            if try store.read(isMet) { return }
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask { for await _ in changes where try store.read(isMet) { return } }
                group.addTask {
                    try await Task.sleep(until: .soon, clock: .continuous)
                    throw NotInTime()
                }
                try await group.next()
            }
        }

        func untilIt(has size: UInt64, of origin: String) async throws {
            try await until { snapshot in
                guard let log = try snapshot.log(origin), let head = try snapshot.head(of: log.id) else { return false }
                return try Checkpoint(text: head.text).size >= size
            }
        }

        /// Holds the owner's first entries under a head of that size.
        func hold(_ size: UInt64, of owner: TestOwner) async throws {
            let offer = try owner.checkpoint(old: 0, size: size)
            _ = try await mirror.addCheckpoint(offer)
            let checkpoint = try Checkpoint(text: offer.note.text)
            for package in try owner.packages(from: 0, to: size) { try await mirror.take(package, for: checkpoint) }
            _ = try await mirror.finish(Mirror.UploadTarget(checkpoint: checkpoint, note: offer.note, isForeign: false))
        }

        func entries(of origin: String) throws -> [[UInt8]] {
            try store.read { snapshot in
                let log = try #require(try snapshot.log(origin))
                return try snapshot.entries(log: log.id, from: 0, count: Int(log.size))
            }
        }
    }

    /// The supplier with a log, and two gateways that have nothing yet.
    private struct Three {
        let members: TestMembers
        let owner: TestOwner
        let supplier: Gateway
        let hospital: Gateway
        let regulator: Gateway

        /// What the supplier's log says to another member: the same genesis, and then something else.
        func otherBranch(entries: Int, in folder: String) throws -> Gateway {
            let clone = try TestOwner(
                cloneOf: owner, of: members.supplier, in: folder, document: members.document)
            try clone.append(entries - 1, saying: "otherwise")
            return try Gateway(members.supplier, clone.store, members.document)
        }

        init(entries: Int, in folder: String) throws {
            members = try TestMembers()
            let document = members.document
            owner = try TestOwner(members.supplier, in: folder, document: document)
            try owner.append(entries - 1)
            supplier = try Gateway(members.supplier, owner.store, document)
            hospital = try Gateway(
                members.hospital, TestOwner.store(in: folder, name: "hospital", document: document), document)
            regulator = try Gateway(
                members.regulator, TestOwner.store(in: folder, name: "regulator", document: document), document)
        }
    }

    /// Runs sessions while `body` waits for what they do.
    private func running(_ sessions: [PeerSession], _ body: () async throws -> Void) async throws {
        let tasks = sessions.map { session in Task { await session.run() } }
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        try result.get()
    }

    // MARK: Sessions

    /// The entries of the other head may never come.
    @Test func aHeadOfTheSizeOfAPendingOneConvictsALogThatForked() async throws {
        try await withFolder { folder in
            let three = try Three(entries: 300, in: folder)
            try await three.hospital.mirror.introduce(origin: three.owner.origin, chain: three.owner.chain)
            _ = try await three.hospital.mirror.addCheckpoint(three.owner.checkpoint(old: 0, size: 300))
            let other = try three.otherBranch(entries: 300, in: folder)
            try await three.hospital.serve { hospital in
                try await running([try other.session(with: three.members.hospital, at: hospital)]) {
                    try await three.hospital.until { try $0.log(three.owner.origin)?.frozen != nil }
                }
            }
        }
    }

    @Test func aPushedLogArrivesWholeAndIsConfirmedByTheQuorum() async throws {
        try await withFolder { folder in
            let three = try Three(entries: 700, in: folder)
            try await three.hospital.serve { hospital in
                try await three.regulator.serve { regulator in
                    let sessions = [
                        try three.supplier.session(with: three.members.hospital, at: hospital),
                        try three.supplier.session(with: three.members.regulator, at: regulator),
                    ]
                    try await running(sessions) {
                        try await three.supplier.until { try $0.ownLog()?.confirmed == 700 }
                        for mirror in [three.hospital, three.regulator] {
                            try await mirror.untilIt(has: 700, of: three.owner.origin)
                        }
                    }
                }
            }
            let own = try three.supplier.entries(of: three.owner.origin)
            #expect(own.count == 700)
            #expect(try three.hospital.entries(of: three.owner.origin) == own)
            #expect(try three.regulator.entries(of: three.owner.origin) == own)
        }
    }

    @Test func aGatewayWithoutPeersCosignsItsOwnHeads() async throws {
        try await withFolder { folder in
            let three = try Three(entries: 2, in: folder)
            let (gateway, origin) = (three.supplier, three.owner.origin)
            let alone = Task { await gateway.rounds.runAlone(logger: Logger(label: "test")) }
            defer { alone.cancel() }
            for size in [UInt64(2), 3] {
                try await gateway.until { snapshot in
                    guard let log = try snapshot.log(origin) else { return false }
                    let cosigners = try snapshot.cosignatures(size: size, of: log.id).map(\.cosigner)
                    return cosigners == [gateway.member.organisation.id]
                }
                try three.owner.append(1)
            }
        }
    }

    @Test func aMemberWhomNobodyCanDialPullsTheWholeLog() async throws {
        try await withFolder { folder in
            let three = try Three(entries: 700, in: folder)
            try await three.hospital.serve { hospital in
                let sessions = [
                    try three.supplier.session(with: three.members.hospital, at: hospital),
                    try three.regulator.session(with: three.members.hospital, at: hospital),
                ]
                let (origin, regulator) = (three.owner.origin, three.members.regulator.organisation.id)
                try await running(sessions) {
                    try await three.regulator.untilIt(has: 700, of: origin)
                    // Its cosignature reaches the owner by way of the hospital.
                    try await three.supplier.until { snapshot in
                        guard let log = try snapshot.log(origin) else { return false }
                        return try snapshot.cosignatures(size: 700, of: log.id).contains { $0.cosigner == regulator }
                    }
                }
            }
            let own = try three.supplier.entries(of: three.owner.origin)
            #expect(try three.regulator.entries(of: three.owner.origin) == own)
        }
    }

    @Test func aQuorumThatCameTogetherUnderAnEarlierHeadIsHeardOf() async throws {
        try await withFolder { folder in
            let three = try Three(entries: 5, in: folder)
            let (origin, hospital, earlier) = (three.owner.origin, three.hospital, try three.owner.head(3))
            let members = [three.members.supplier, three.members.hospital, three.members.regulator]
            let lines = try members.map { try $0.cosigner.cosign(earlier.text, time: 1_700_000_000) }
            try await three.supplier.mirror.keepCosignatures(of: try earlier.adding(lines))
            try await three.supplier.serve { address in
                try await running([try hospital.session(with: three.members.supplier, at: address)]) {
                    try await hospital.until { try $0.log(origin)?.confirmed == 3 }
                }
            }
        }
    }

    /// Sizes of the two branches, which the hospital and the regulator have.
    @Test(arguments: [(300, 300), (300, 700), (700, 300), (2, 513)])
    func aLogThatToldTwoStoriesIsFrozenWhereverItWasHeard(_ one: Int, _ other: Int) async throws {
        try await withFolder { folder in
            let three = try Three(entries: one, in: folder)
            let clone = try three.otherBranch(entries: other, in: folder)
            let origin = three.owner.origin
            try await three.hospital.serve { hospital in
                try await three.regulator.serve { regulator in
                    let told = [
                        try three.supplier.session(with: three.members.hospital, at: hospital),
                        try clone.session(with: three.members.regulator, at: regulator),
                    ]
                    try await running(told) {
                        try await three.hospital.untilIt(has: UInt64(one), of: origin)
                        try await three.regulator.untilIt(has: UInt64(other), of: origin)
                    }
                    let session = try three.regulator.session(with: three.members.hospital, at: hospital)
                    try await running([session]) {
                        for gateway in [three.hospital, three.regulator] {
                            try await gateway.until { try $0.log(origin)?.frozen != nil }
                        }
                    }
                }
            }
            for gateway in [three.hospital, three.regulator] {
                let evidence = try gateway.store.read { try $0.evidence(against: try #require(try $0.log(origin)).id) }
                let file = try ForkEvidence(bytes: Array(try #require(evidence).encoded.utf8))
                #expect(try file.check(log: three.owner.key.verifierKey).size == UInt64(min(one, other)))
            }
        }
    }

    @Test func theOwnCosignatureOfAMemberWhomNobodyCanDialReachesItsPeer() async throws {
        try await withFolder { folder in
            let three = try Three(entries: 3, in: folder)
            try await three.hospital.serve { hospital in
                let session = try three.supplier.session(with: three.members.hospital, at: hospital)
                let (origin, supplier) = (three.owner.origin, three.members.supplier.organisation.id)
                try await running([session]) {
                    try await three.hospital.until { snapshot in
                        guard let log = try snapshot.log(origin) else { return false }
                        return try snapshot.cosignatures(size: 3, of: log.id).contains { $0.cosigner == supplier }
                    }
                }
            }
        }
    }

    @Test func anOfferedHeadOfAnotherBranchConvictsAlsoWhereItIsShorter() async throws {
        try await withFolder { folder in
            let three = try Three(entries: 5, in: folder)
            let (owner, hospital) = (three.owner, three.hospital)
            let clone = try TestOwner(
                cloneOf: owner, of: three.members.supplier, in: folder, document: three.members.document)
            try clone.append(2, saying: "otherwise")
            try await hospital.mirror.introduce(origin: owner.origin, chain: owner.chain)
            try await hospital.hold(5, of: owner)
            // The same branch, as a request that comes late shows it, convicts nobody.
            _ = try await hospital.mirror.addCheckpoint(try owner.checkpoint(old: 0, size: 3))
            #expect(try hospital.store.read { try $0.log(owner.origin)?.frozen } == nil)
            _ = try await hospital.mirror.addCheckpoint(try clone.checkpoint(old: 0, size: 3))
            #expect(try hospital.store.read { try $0.log(owner.origin)?.frozen } != nil)
        }
    }

    @Test(arguments: [(300, 280), (5, 1), (600, 512)])
    func allMembersFreezeAForkedLogAtTheLastCommonSizeAndHaveItsEntries(_ size: Int, _ common: Int) async throws {
        try await withFolder { folder in
            let three = try Three(entries: size, in: folder)
            let (owner, hospital, regulator) = (three.owner, three.hospital, three.regulator)
            let clone = try TestOwner(
                cloneOf: owner, of: three.members.supplier, in: folder, document: three.members.document)
            try clone.append(common - 1)
            try clone.append(7, saying: "otherwise")
            for (gateway, held) in [(hospital, UInt64(size)), (regulator, 1)] {
                try await gateway.mirror.introduce(origin: owner.origin, chain: owner.chain)
                try await gateway.hold(held, of: owner)
            }
            let liar = try Gateway(three.members.supplier, clone.store, three.members.document)
            let hasAllThatIsCommon = { @Sendable (snapshot: LedgerSnapshot) in
                guard let log = try snapshot.log(owner.origin) else { return false }
                return log.common == UInt64(common) && log.size >= UInt64(common)
            }
            try await liar.serve { address in
                try await running([try hospital.session(with: three.members.supplier, at: address)]) {
                    try await hospital.until(hasAllThatIsCommon)
                }
            }
            try await hospital.serve { address in
                try await running([try regulator.session(with: three.members.hospital, at: address)]) {
                    try await regulator.until(hasAllThatIsCommon)
                }
            }
            let entries = try regulator.entries(of: owner.origin)
            #expect(entries == Array(try hospital.entries(of: owner.origin).prefix(common)))
            let evidence = try regulator.store.read { snapshot in
                try snapshot.evidence(against: try #require(try snapshot.log(owner.origin)).id)
            }
            let file = try ForkEvidence(bytes: Array(try #require(evidence).encoded.utf8))
            #expect(try file.check(log: owner.key.verifierKey).common == UInt64(common))
        }
    }

    /// The supplier's log has an entry at an index that does not carry the hash of the one before it.
    @Test(arguments: [(5, 0), (255, 3), (256, 0), (256, 300), (300, 2), (512, 1)])
    func allMembersFreezeALogWithABrokenEntryAndHaveTheEntriesBeforeIt(_ index: Int, _ following: Int) async throws {
        try await withFolder { folder in
            let three = try Three(entries: index, in: folder)
            let (origin, hospital, regulator) = (three.owner.origin, three.hospital, three.regulator)
            try three.owner.appendBroken(then: following)
            let hasAllThatIsSound = { @Sendable (snapshot: LedgerSnapshot) in
                guard let log = try snapshot.log(origin) else { return false }
                return log.common == UInt64(index) && log.size == UInt64(index)
            }
            try await three.supplier.serve { address in
                try await running([try hospital.session(with: three.members.supplier, at: address)]) {
                    try await hospital.until(hasAllThatIsSound)
                    // The liar is told.
                    try await three.supplier.until { try $0.log(origin)?.common == UInt64(index) }
                }
            }
            try await hospital.serve { address in
                try await running([try regulator.session(with: three.members.hospital, at: address)]) {
                    try await regulator.until(hasAllThatIsSound)
                }
            }
            let entries = try regulator.entries(of: origin)
            #expect(entries == Array(try three.supplier.entries(of: origin).prefix(index)))
            for gateway in [hospital, regulator] {
                let evidence = try gateway.store.read { try $0.evidence(against: try #require(try $0.log(origin)).id) }
                #expect(evidence == .brokenEntry(try three.owner.evidence(at: UInt64(index))))
            }
        }
    }

    @Test func aHeadThatIsPulledConvictsTheAwaitedOneOfItsSizeThatItContradicts() async throws {
        try await withFolder { folder in
            let three = try Three(entries: 3, in: folder)
            let clone = try three.otherBranch(entries: 3, in: folder)
            let (origin, hospital) = (three.owner.origin, three.hospital)
            // The entries of this head never come.
            try await hospital.mirror.introduce(origin: origin, chain: three.owner.chain)
            _ = try await hospital.mirror.addCheckpoint(try three.owner.checkpoint(old: 0, size: 3))
            try await clone.serve { address in
                try await running([try hospital.session(with: three.members.supplier, at: address)]) {
                    try await hospital.until { try $0.log(origin)?.frozen != nil }
                }
            }
            #expect(try hospital.store.read { try $0.log(origin)?.size } == 0)
        }
    }

    @Test func theEntriesOfAShorterHeadAreTakenWhileThoseOfALongerOneAreAwaited() async throws {
        try await withFolder { folder in
            let three = try Three(entries: 5, in: folder)
            let (owner, hospital, regulator) = (three.owner, three.hospital, three.regulator)
            for mirror in [hospital.mirror, regulator.mirror] {
                try await mirror.introduce(origin: owner.origin, chain: owner.chain)
            }
            _ = try await hospital.mirror.addCheckpoint(try owner.checkpoint(old: 0, size: 5))
            try await regulator.hold(3, of: owner)
            try await regulator.serve { address in
                try await running([try hospital.session(with: three.members.regulator, at: address)]) {
                    try await hospital.untilIt(has: 3, of: owner.origin)
                }
            }
        }
    }

    /// A peer that never answers at one path.
    private struct HangingPeer: PeerClient {
        let real: ConsortiumClient
        let path: String

        var organisation: String { real.organisation }
        var address: String { real.address }
        var clock: PeerClock { real.clock }

        func get(path: String, maxBytes: Int, deadline: ContinuousClock.Instant) async throws -> PeerAnswer {
            try await real.get(path: path, maxBytes: maxBytes, deadline: deadline)
        }

        func post(
            path: String, contentType: String, body: [UInt8], encoding: String?, maxBytes: Int,
            deadline: ContinuousClock.Instant
        ) async throws -> PeerAnswer {
            if path == self.path { try await Task.sleep(for: .seconds(3_600)) }
            return try await real.post(
                path: path, contentType: contentType, body: body, encoding: encoding, maxBytes: maxBytes,
                deadline: deadline)
        }

        func post<Chunks: AsyncSequence & Sendable>(
            path: String, contentType: String, chunks: Chunks, maxBytes: Int, deadline: ContinuousClock.Instant
        ) async throws -> PeerAnswer where Chunks.Element == [UInt8] {
            try await real.post(
                path: path, contentType: contentType, chunks: chunks, maxBytes: maxBytes, deadline: deadline)
        }

        func shutdown() async throws { try await real.shutdown() }
    }

    @Test func whatWasPulledIsJudgedAlthoughThePeerHangsWhenItIsHandedTheCosignature() async throws {
        try await withFolder { folder in
            let three = try Three(entries: 3, in: folder)
            let (origin, hospital) = (three.owner.origin, three.hospital)
            try await three.supplier.serve { address in
                try await calling("supplier", at: address, as: hospital.tls, hospital.document) { client in
                    let peer = HangingPeer(real: client, path: PeerNews.cosignaturesPath)
                    let pull = PeerPull(client: peer, store: hospital.store, mirror: hospital.mirror, origin: origin)
                    let task = Task { try await pull.run() }
                    try await hospital.until { snapshot in
                        try snapshot.log(origin).map { try snapshot.progress(of: $0.id).next } == 3
                    }
                    task.cancel()
                    await #expect(throws: CancellationError.self) { try await task.value }
                }
            }
        }
    }

    @Test func aPeerThatIsDownDoesNotDelayTheOther() async throws {
        try await withFolder { folder in
            let three = try Three(entries: 300, in: folder)
            try await three.hospital.serve { hospital in
                // Nothing listens on port 1.
                let down = try three.supplier.session(with: three.members.regulator, at: "https://127.0.0.1:1")
                let good = try three.supplier.session(with: three.members.hospital, at: hospital)
                try await running([down, good]) {
                    let began = ContinuousClock.now
                    try await three.hospital.untilIt(has: 300, of: three.owner.origin)
                    #expect(ContinuousClock.now - began < .seconds(ConsortiumClient.connectSeconds))
                    try three.owner.append(1)
                    try await three.hospital.untilIt(has: 301, of: three.owner.origin)
                    #expect(down.status.pushed == 0 && !down.status.isConnected)
                }
            }
        }
    }

    /// From commit to commit: what a new entry may take to a connected peer; the median of ten.
    static let newsMax = Duration.milliseconds(100)
    /// The same in plain requests to that peer, for a machine that has other things to do meanwhile.
    static let newsMaxInRequests = 30

    @Test func aNewEntryReachesAConnectedPeerAtOnce() async throws {
        try await withFolder { folder in
            let three = try Three(entries: 2, in: folder)
            try await three.hospital.serve { hospital in
                let session = try three.supplier.session(with: three.members.hospital, at: hospital)
                try await running([session]) {
                    try await three.hospital.untilIt(has: 2, of: three.owner.origin)
                    try await expectNews(from: three, to: three.hospital, at: hospital)
                }
            }
        }
    }

    @Test func aNewEntryReachesAPeerWhomNobodyCanDialAtOnce() async throws {
        try await withFolder { folder in
            let three = try Three(entries: 2, in: folder)
            try await three.hospital.serve { hospital in
                let sessions = [
                    try three.supplier.session(with: three.members.hospital, at: hospital),
                    try three.regulator.session(with: three.members.hospital, at: hospital),
                ]
                try await running(sessions) {
                    try await three.regulator.untilIt(has: 2, of: three.owner.origin)
                    try await expectNews(from: three, to: three.regulator, at: hospital)
                }
            }
        }
    }

    /// Lets ten new entries reach a mirror, with a plain request to the hospital beside each.
    private func expectNews(from three: Three, to mirror: Gateway, at hospital: String) async throws {
        let origin = three.owner.origin
        try await calling("hospital", at: hospital, as: mirror.tls, mirror.document) { client in
            var (delays, requests): ([Duration], [Duration]) = ([], [])
            for size in UInt64(3)...12 {
                requests.append(
                    try await Self.time {
                        _ = try await client.get(path: LogPath.prefix(origin) + "/checkpoint", deadline: .soon)
                    })
                try three.owner.append(1)
                delays.append(try await Self.time { try await mirror.untilIt(has: size, of: origin) })
            }
            let (delay, request) = (delays.sorted()[5], requests.sorted()[5])
            #expect(delay < max(Self.newsMax, request * Self.newsMaxInRequests), "\(delays), \(requests)")
        }
    }

    private static func time(_ work: () async throws -> Void) async throws -> Duration {
        let began = ContinuousClock.now
        try await work()
        return ContinuousClock.now - began
    }

    // MARK: add-entries

    /// What the hospital answers to an upload, where it knows the checkpoint of 300 entries and none of them.
    private func answer(
        to upload: (TestOwner) throws -> [UInt8]
    ) async throws -> PeerAnswer {
        try await withFolder { folder in
            let three = try Three(entries: 300, in: folder)
            try await three.hospital.mirror.introduce(origin: three.owner.origin, chain: three.owner.chain)
            let checkpoint = try three.owner.checkpoint(old: 0, size: 300)
            #expect(try await three.hospital.mirror.addCheckpoint(checkpoint).status == 200)
            let body = try upload(three.owner)
            var answer: PeerAnswer?
            try await three.hospital.serve { address in
                answer = try await calling("hospital", at: address, as: three.supplier.tls, three.members.document) {
                    try await $0.post(
                        path: "/add-entries", contentType: "application/octet-stream", body: body, deadline: .soon)
                }
            }
            return try #require(answer)
        }
    }

    private func header(_ origin: String, from start: UInt64, to end: UInt64 = 300) -> [UInt8] {
        MirrorUpload.header(MirrorUpload.Header(origin: origin, start: start, end: end))
    }

    private func text(_ answer: PeerAnswer) -> String { String(decoding: answer.body, as: UTF8.self) }

    @Test func aPrefixIsAcceptedAndTheNextEntryNamed() async throws {
        let answer = try await answer { owner in
            try header(owner.origin, from: 0) + owner.packages(from: 0, to: 300)[0].bytes
        }
        #expect(answer.status == 202)
        #expect(answer.headers[.contentType] == "text/x.tlog.mirror-info")
        let info = try #require(MirrorInfo(text: text(answer)))
        #expect(info.size == 300 && info.next == 256 && !info.ticket.isEmpty)
    }

    @Test func aStartBeyondTheNextEntryIsAConflict() async throws {
        let answer = try await answer { owner in
            try header(owner.origin, from: 256) + owner.packages(from: 256, to: 300).flatMap(\.bytes)
        }
        #expect(answer.status == 409)
        #expect(answer.headers[.contentType] == "text/x.tlog.mirror-info")
        #expect(text(answer).hasPrefix("300\n0\n"))
        #expect(MirrorInfo(text: text(answer)) != nil)
    }

    @Test func aWrongProofIsUnprocessable() async throws {
        let answer = try await answer { owner in
            let package = try owner.packages(from: 0, to: 300)[0]
            let wrong = MirrorUpload.Package(
                start: 0, entries: package.entries, proof: package.proof.map { _ in .emptyTree })
            return header(owner.origin, from: 0) + wrong.bytes
        }
        #expect(answer.status == 422)
    }

    @Test func aTornFirstPackageIsMalformed() async throws {
        let answer = try await answer { owner in
            try header(owner.origin, from: 0) + owner.packages(from: 0, to: 300)[0].bytes.dropLast()
        }
        #expect(answer.status == 400)
    }

    @Test func anUnknownLogIsNotFound() async throws {
        let answer = try await answer { _ in header("supplier/other", from: 0) }
        #expect(answer.status == 404)
    }
}
