import FoundationEssentials
import HTTPTypes
import Hummingbird
import Ledger
import Logging
import Store
import Synchronization
import Testing

@testable import Consortium

/// Two gateways whose documents go from one to the other. The hospital has them, the regulator wants them.
@Suite(.timeLimit(.minutes(2))) struct DocumentFilesTests {
    /// A gateway's documents.
    private struct Side {
        let store: LedgerStore
        let files: DocumentFiles

        init(
            _ name: String, in folder: String, document: ConsortiumDocument, reserve: UInt64 = 0,
            clock: PeerClock = .system
        ) throws {
            try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
            store = try TestOwner.store(in: folder + "/" + name, name: "ledger", document: document)
            files = DocumentFiles(store: store, reserve: reserve, clock: clock, now: { 0 }, logger: Self.logger)
        }

        static var logger: Logger {
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            return logger
        }

        func add(_ bytes: [UInt8]) throws -> Hash {
            var rest = bytes[...]
            return try store.documents.add(reserve: 0) { count in
                defer { rest = rest.dropFirst(count) }
                return Array(rest.prefix(count))
            }
        }

        func contents(_ file: Hash) throws -> [UInt8] {
            var bytes: [UInt8] = []
            try store.documents.read(file) { bytes += $0 }
            return bytes
        }
    }

    private let members: TestMembers

    init() throws { members = try TestMembers() }

    private static func document(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 13 >> 3) }
    }

    /// Serves the hospital's documents to the regulator's client.
    private func serving<Value: Sendable>(
        _ side: Side, _ body: @escaping @Sendable (ConsortiumClient) async throws -> Value
    ) async throws -> Value {
        let router = Router(context: MemberContext.self)
        DocumentFileRoutes(files: side.files, instance: "1").add(to: router)
        return try await ConsortiumTests.serving(
            members.document, try members.hospital.tls("hospital/gw"), router: router
        ) {
            address in
            let tls = try members.regulator.tls("regulator/gw")
            return try await calling("hospital", at: address, as: tls, members.document) { try await body($0) }
        }
    }

    private func peer(_ client: any PeerClient, _ side: Side) -> PeerDocumentFiles {
        PeerDocumentFiles(client: client, files: side.files, logger: Side.logger)
    }

    /// Runs some work for as long as `body` does.
    private func during<Value: Sendable>(
        _ work: @escaping @Sendable () async -> Void, _ body: () async throws -> Value
    ) async throws -> Value {
        let task = Task { await work() }
        defer { task.cancel() }
        return try await body()
    }

    private static func path(_ file: Hash) -> String { "\(DocumentFileRoutes.path)/\(file.hex)" }

    // MARK: Giving

    @Test(arguments: [
        ("bytes=0-", 0, 999), ("bytes=0-0", 0, 0), ("bytes=999-999", 999, 999), ("bytes=10-19", 10, 19),
        ("bytes=990-5000", 990, 999),
    ])
    func aRangeIsGivenAsItIsAskedFor(field: String, first: Int, last: Int) throws {
        let range = try #require(try ByteRange(field, of: 1_000))
        #expect((range.first, range.end) == (UInt64(first), UInt64(last + 1)))
    }

    @Test(arguments: [
        nil, "", "bytes=", "bytes=-5", "bytes=5-4", "bytes=0-1,3-4", "bytes=a-b", "lines=0-1", "bytes=+1-2",
    ])
    func whatNobodyNeedsToUnderstandIsAnsweredWithTheWhole(field: String?) throws {
        #expect(try ByteRange(field, of: 1_000) == nil)
    }

    @Test(arguments: ["bytes=1000-", "bytes=1000-1001", "bytes=18446744073709551615-"])
    func aRangeBehindTheEndIsRefused(field: String) {
        #expect(throws: ByteRange.Unsatisfiable.self) { try ByteRange(field, of: 1_000) }
    }

    @Test func aFileIsGivenToMembersWholeOrInParts() async throws {
        try await withFolder { folder in
            let hospital = try Side("hospital", in: folder, document: members.document)
            let bytes = Self.document(700_000)
            let file = try hospital.add(bytes)
            try await serving(hospital) { client in
                let whole = try await client.get(path: Self.path(file), deadline: .soon)
                #expect(whole.status == 200 && whole.body == bytes)
                let part = try await client.get(
                    path: Self.path(file), range: ByteRange(600_000, upTo: 600_010), maxBytes: 10, deadline: .soon)
                #expect(part.status == 206 && part.body == Array(bytes[600_000..<600_010]))
                #expect(part.headers[.contentRange] == "bytes 600000-600009/700000")
                let behind = try await client.get(
                    path: Self.path(file), range: ByteRange(700_000, upTo: 700_001), maxBytes: 10, deadline: .soon)
                #expect(behind.status == 416 && behind.headers[.contentRange] == "bytes */700000")
                #expect(try await client.get(path: Self.path(.emptyTree), deadline: .soon).status == 404)
                #expect(try await client.get(path: DocumentFileRoutes.path + "/x", deadline: .soon).status == 404)
            }
        }
    }

    @Test func onlySoManyTransfersRunAtOnceAndFewerOfOneOrganisation() {
        let places = TransferPlaces(max: 3, ofOne: 2)
        var taken = [places.take(for: "a"), places.take(for: "a")]
        #expect(taken.allSatisfy { $0 != nil })
        #expect(places.take(for: "a") == nil)
        taken.append(places.take(for: "b"))
        #expect(taken.last != nil && places.take(for: "b") == nil && places.take(for: "c") == nil)
        taken.removeFirst()
        #expect(places.take(for: "a") != nil)
    }

    // MARK: Fetching

    @Test(arguments: [1, 64 << 10, 3_000_000])
    func whatIsWantedIsFetched(count: Int) async throws {
        try await withFolder { folder in
            let hospital = try Side("hospital", in: folder, document: members.document)
            let regulator = try Side("regulator", in: folder, document: members.document)
            let bytes = Self.document(count)
            let file = try hospital.add(bytes)
            try await serving(hospital) { client in
                try await during({ await peer(client, regulator).fetchForever() }) {
                    let standing = await regulator.files.fetch(file, bytes: nil, atMost: .seconds(20))
                    #expect(standing.isHere)
                }
            }
            #expect(try regulator.contents(file) == bytes)
        }
    }

    /// What is here already is not asked for again.
    @Test func aFetchGoesOnWhereItWasCut() async throws {
        try await withFolder { folder in
            let hospital = try Side("hospital", in: folder, document: members.document)
            let regulator = try Side("regulator", in: folder, document: members.document)
            let bytes = Self.document(3_000_000)
            let file = try hospital.add(bytes)
            let part = try DocumentPart(
                of: file, bytes: UInt64(bytes.count), in: regulator.store.documents, reserve: 0)
            try part.append(Array(bytes.prefix(2_900_000)))
            let asked = AskedRanges()
            try await serving(hospital) { client in
                let counted = CountingPeer(client: client, asked: asked)
                try await during({ await peer(counted, regulator).fetchForever() }) {
                    let standing = await regulator.files.fetch(file, bytes: UInt64(bytes.count), atMost: .seconds(20))
                    #expect(standing.isHere)
                }
            }
            #expect(try regulator.contents(file) == bytes)
            #expect(asked.all == [ByteRange(2_900_000, upTo: 3_000_000)])
        }
    }

    @Test func whatComesWrongNeverCounts() async throws {
        try await withFolder { folder in
            let hospital = try Side("hospital", in: folder, document: members.document)
            let bytes = Self.document(1_000)
            let file = Hash.sha256(bytes)
            _ = await hospital.files.standing(of: file, bytes: 1_000)
            try await serving(hospital) { client in
                var wrong = bytes
                wrong[500] ^= 1
                let answer = try await client.post(
                    path: Self.path(file) + "?from=0&of=1000", contentType: "application/octet-stream", body: wrong,
                    deadline: .soon)
                #expect(answer.status == 422)
                #expect(answer.refusalCode == .documentDamaged)
            }
            #expect(hospital.store.documents.bytes(of: file) == nil)
            #expect(hospital.store.documents.partBytes(of: file) == 0)
        }
    }

    @Test func theDiskKeepsItsReserve() async throws {
        try await withFolder { folder in
            let hospital = try Side("hospital", in: folder, document: members.document, reserve: .max)
            let file = Hash.sha256([1])
            _ = await hospital.files.standing(of: file, bytes: 1)
            try await serving(hospital) { client in
                let answer = try await client.post(
                    path: Self.path(file) + "?from=0&of=1", contentType: "application/octet-stream", body: [1],
                    deadline: .soon)
                #expect(answer.status == 507)
                #expect(answer.refusalCode == .diskNearlyFull)
            }
        }
    }

    // MARK: Handing in

    @Test func whatAPeerWantsIsHandedInToIt() async throws {
        try await withFolder { folder in
            // Nobody can dial the regulator, and the hospital wants what it has.
            let hospital = try Side("hospital", in: folder, document: members.document)
            let regulator = try Side("regulator", in: folder, document: members.document)
            let bytes = Self.document(2_000_000)
            let file = try regulator.add(bytes)
            try await serving(hospital) { client in
                try await during({ await peer(client, regulator).giveForever() }) {
                    let standing = await hospital.files.fetch(file, bytes: nil, atMost: .seconds(20))
                    #expect(standing.isHere)
                }
            }
            #expect(try hospital.contents(file) == bytes)
        }
    }

    @Test func whatIsAskedForAndNotHereIsWantedForAWhileAndOnlySoMuch() async throws {
        try await withFolder { folder in
            let hospital = try Side("hospital", in: folder, document: members.document)
            try await serving(hospital) { client in
                for number in 0...UInt8(DocumentFiles.askedMax) {
                    let path = Self.path(.sha256([number])) + "?bytes=7"
                    #expect(try await client.get(path: path, deadline: .soon).status == 404)
                }
                let answer = try await client.get(path: DocumentFileRoutes.wantedPath, deadline: .soon)
                let told = try JSONDecoder().decode(WantedFiles.self, from: Data(answer.body))
                #expect(told.wanted.count == DocumentFiles.askedMax)
                #expect(told.wanted.allSatisfy { $0.bytes == 7 && $0.have == 0 })
            }
            #expect(await hospital.files.ownWants().isEmpty)
        }
    }

    @Test func aPieceMustBeginWhereTheFileEnds() async throws {
        try await withFolder { folder in
            let hospital = try Side("hospital", in: folder, document: members.document)
            let bytes = Self.document(100)
            let file = Hash.sha256(bytes)
            _ = await hospital.files.standing(of: file, bytes: 100)
            try await serving(hospital) { client in
                func post(_ range: Range<Int>, from: Int? = nil) async throws -> (Int, TakenPiece?) {
                    let answer = try await client.post(
                        path: Self.path(file) + "?from=\(from ?? range.lowerBound)&of=100",
                        contentType: "application/octet-stream", body: Array(bytes[range]), deadline: .soon)
                    return (answer.status, try? JSONDecoder().decode(TakenPiece.self, from: Data(answer.body)))
                }
                #expect(try await post(0..<40).1?.have == 40)
                let early = try await post(0..<40)
                #expect(early.0 == 409 && early.1?.have == 40 && early.1?.isBusy == false)
                let late = try await post(50..<60)
                #expect(late.0 == 409 && late.1?.have == 40)
                let last = try await post(40..<100)
                #expect(last.0 == 200 && last.1?.isWhole == true)
                #expect(try await post(0..<40).1?.isWhole == true)
            }
            #expect(try hospital.contents(file) == bytes)
        }
    }

    @Test(arguments: [(-1, 200), (0, 200), (1, 413)])
    func aPieceHasALimit(offset: Int, status: Int) async throws {
        try await withFolder { folder in
            let hospital = try Side("hospital", in: folder, document: members.document)
            let total = DocumentFiles.pieceBytes + 10
            _ = await hospital.files.standing(of: .emptyTree, bytes: UInt64(total))
            let answer = try await serving(hospital) { client in
                try await client.post(
                    path: Self.path(.emptyTree) + "?from=0&of=\(total)", contentType: "application/octet-stream",
                    body: [UInt8](repeating: 7, count: DocumentFiles.pieceBytes + offset), deadline: .soon)
            }
            #expect(answer.status == status)
        }
    }

    @Test func whatNobodyWantsIsNotTaken() async throws {
        try await withFolder { folder in
            let hospital = try Side("hospital", in: folder, document: members.document)
            _ = await hospital.files.standing(of: .emptyTree, bytes: 5)
            let tooLarge = DocumentCipher.fileBytes(ofDocument: DocumentCipher.documentBytesMax) + 1
            _ = await hospital.files.standing(of: .sha256([1]), bytes: tooLarge)
            _ = await hospital.files.standing(of: .sha256([2]), bytes: nil)
            try await serving(hospital) { client in
                let cases = [
                    (Hash.sha256([9]), "?from=0&of=1", 404), (.emptyTree, "?from=0&of=1", 404),
                    (.emptyTree, "?from=0", 400), (.emptyTree, "?of=5", 400),
                    (.sha256([1]), "?from=0&of=\(tooLarge)", 422), (.sha256([2]), "?from=0&of=0", 404),
                ]
                for (file, query, status) in cases {
                    let answer = try await client.post(
                        path: Self.path(file) + query, contentType: "application/octet-stream", body: [1],
                        deadline: .soon)
                    #expect(answer.status == status, "\(query)")
                }
            }
        }
    }

    @Test func oneBringsAFileAtATime() async throws {
        try await withFolder { folder in
            let hospital = try Side("hospital", in: folder, document: members.document)
            let file = Hash.sha256([1, 2])
            _ = await hospital.files.standing(of: file, bytes: 2)
            #expect(try await hospital.files.begin(file, bytes: 2, by: "a") == .from(0))
            #expect(try await hospital.files.begin(file, bytes: 2, by: "b") == .busy(have: 0))
            #expect(try await !hospital.files.append([1], to: file, by: "b"))
            #expect(try await hospital.files.append([1], to: file, by: "a"))
            #expect(try await hospital.files.settle(file, by: "a") == 1)
            await hospital.files.release(file, by: "a")
            #expect(try await hospital.files.begin(file, bytes: 2, by: "b") == .from(1))
            #expect(try await hospital.files.append([2], to: file, by: "b"))
            #expect(try await hospital.files.settle(file, by: "b") == 2)
            #expect(try hospital.contents(file) == [1, 2])
        }
    }

    /// Wrong bytes cost what has come of a file, and cannot keep it away.
    @Test func whoBringsWrongBytesIsFoundAndTheOthersAreNotHeldUp() async throws {
        try await withFolder { folder in
            let files = try Side("hospital", in: folder, document: members.document).files
            let file = Hash.sha256([1, 2])
            _ = await files.standing(of: file, bytes: 2)
            func bring(_ bytes: [UInt8], by bringer: String) async throws -> CustodyError.Code? {
                #expect(try await files.append(bytes, to: file, by: bringer))
                let code = await code { _ = try await files.settle(file, by: bringer) }
                await files.release(file, by: bringer)
                return code
            }
            #expect(try await files.begin(file, bytes: 2, by: "liar") == .from(0))
            #expect(try await bring([9], by: "liar") == nil)
            #expect(try await files.begin(file, bytes: 2, by: "honest") == .from(1))
            // Nobody can tell yet which of the two it was.
            #expect(try await bring([2], by: "honest") == .documentDamaged)
            #expect(try await files.begin(file, bytes: 2, by: "liar") == .from(0))
            #expect(try await bring([9], by: "liar") == nil)
            #expect(try await files.begin(file, bytes: 2, by: "honest") == .from(0))
            #expect(try await bring([1], by: "honest") == nil)
            #expect(try await files.begin(file, bytes: 2, by: "liar") == .from(0))
            #expect(try await bring([9, 9], by: "liar") == .documentDamaged)
            #expect(try await files.begin(file, bytes: 2, by: "liar") == .unwanted)
            #expect(try await files.begin(file, bytes: 2, by: "honest") == .from(0))
            #expect(try await bring([1, 2], by: "honest") == nil)
            #expect(await files.standing(of: file, bytes: 2).isHere)
        }
    }

    @Test func whoBringsNearlyNothingKeepsNobodyAway() async throws {
        try await withFolder { folder in
            let time = Mutex(ContinuousClock.now)
            let clock = PeerClock(now: { time.withLock { $0 } }, sleep: { _ in }, executor: nil)
            let files = try Side("hospital", in: folder, document: members.document, clock: clock).files
            _ = await files.standing(of: .emptyTree, bytes: 1 << 20)
            func bring(_ count: Int, by bringer: String) async throws -> DocumentFiles.Admission {
                let admission = try await files.begin(.emptyTree, bytes: 1 << 20, by: bringer)
                guard case .from = admission else { return admission }
                #expect(try await files.append([UInt8](repeating: 1, count: count), to: .emptyTree, by: bringer))
                _ = try await files.settle(.emptyTree, by: bringer)
                return admission
            }
            let almost = DocumentFiles.silenceMax * 0.75
            #expect(try await bring(PieceSize.least, by: "slow") == .from(0))
            time.withLock { $0 += almost }
            #expect(try await bring(PieceSize.least, by: "slow") == .from(65_536))
            time.withLock { $0 += almost }
            #expect(try await bring(1, by: "slow") == .from(131_072))
            #expect(try await bring(1, by: "other") == .busy(have: 131_073))
            time.withLock { $0 += almost }
            #expect(try await bring(1, by: "slow") == .from(131_073))
            #expect(try await bring(PieceSize.least, by: "other") == .from(131_074))
            #expect(try await bring(1, by: "slow") == .busy(have: 196_610))
        }
    }

    // MARK: Pieces

    @Test func aSlowLineIsAskedForLessAndAFastOneForMore() {
        var size = PieceSize()
        for _ in 0..<20 { size.took(.milliseconds(10)) }
        #expect(size.bytes == DocumentFiles.pieceBytes)
        size.took(.seconds(5))
        #expect(size.bytes == DocumentFiles.pieceBytes)
        size.took(.seconds(9))
        #expect(size.bytes == DocumentFiles.pieceBytes / 2)
        for _ in 0..<20 { size.failed() }
        #expect(size.bytes == PieceSize.least)
    }
}

/// The ranges that somebody asked for.
private final class AskedRanges: Sendable {
    private let ranges = Mutex<[ByteRange]>([])

    var all: [ByteRange] { ranges.withLock { $0 } }

    func note(_ range: ByteRange) { ranges.withLock { $0.append(range) } }
}

/// A peer that notes what it is asked for.
private struct CountingPeer: PeerClient {
    let client: ConsortiumClient
    let asked: AskedRanges

    var organisation: String { client.organisation }
    var address: String { client.address }
    var clock: PeerClock { client.clock }

    func get(path: String, maxBytes: Int, deadline: ContinuousClock.Instant) async throws -> PeerAnswer {
        try await client.get(path: path, maxBytes: maxBytes, deadline: deadline)
    }

    func get(
        path: String, range: ByteRange, maxBytes: Int, deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer {
        asked.note(range)
        return try await client.get(path: path, range: range, maxBytes: maxBytes, deadline: deadline)
    }

    func post(
        path: String, contentType: String, body: [UInt8], encoding: String?, maxBytes: Int,
        deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer {
        try await client.post(
            path: path, contentType: contentType, body: body, encoding: encoding, maxBytes: maxBytes, deadline: deadline
        )
    }

    func post<Chunks: AsyncSequence & Sendable>(
        path: String, contentType: String, chunks: Chunks, maxBytes: Int, deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer where Chunks.Element == [UInt8] {
        try await client.post(
            path: path, contentType: contentType, chunks: chunks, maxBytes: maxBytes, deadline: deadline)
    }

    func shutdown() async throws {}
}
