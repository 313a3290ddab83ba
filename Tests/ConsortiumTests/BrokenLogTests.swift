import FoundationEssentials
import Ledger
import Store
import Synchronization
import Testing

@testable import Consortium

/// A log whose signed tree holds an entry that does not carry the hash of the one before it is frozen there, with evidence.
@Suite(.timeLimit(.minutes(2))) struct BrokenLogTests {
    /// Entries before the broken one, entries of those that a mirror has before the rest comes, and entries behind it.
    struct Place: Sendable, CustomTestStringConvertible {
        let index, held: UInt64
        let following: Int
        var testDescription: String { "index \(index), \(held) held, \(following) behind it" }
    }

    static let places = [
        (1, 1, 0), (1, 0, 700), (5, 3, 2), (255, 0, 10), (255, 255, 0), (256, 256, 0), (256, 256, 1), (256, 200, 300),
        (257, 256, 0), (300, 270, 0), (300, 270, 400), (511, 511, 1), (512, 512, 3), (512, 300, 0), (700, 256, 400),
    ].map { Place(index: $0.0, held: $0.1, following: $0.2) }

    private struct Given {
        let members: TestMembers
        let owner: TestOwner
        let store: LedgerStore
        let mirror: Consortium.Mirror

        init(_ place: Place, in folder: String) async throws {
            members = try TestMembers()
            owner = try TestOwner(members.supplier, in: folder, document: members.document)
            try owner.append(Int(place.index) - 1)
            try owner.appendBroken(then: place.following)
            store = try TestOwner.store(in: folder, name: "mirror", document: members.document)
            mirror = Mirror(store: store, cosigner: ("hospital", members.hospital.cosigner), now: { TestMirror.time })
            try await mirror.introduce(origin: owner.origin, chain: owner.chain)
            if place.held > 0 { #expect(try await upload(from: 0, to: place.held, old: 0).refusal == nil) }
        }

        /// As `add-checkpoint` and `add-entries` bring it.
        func upload(from start: UInt64, to end: UInt64, old: UInt64) async throws -> Mirror.Taken {
            #expect(try await mirror.addCheckpoint(owner.checkpoint(old: old, size: end)).status == 200)
            let header = MirrorUpload.Header(origin: owner.origin, start: start, end: end)
            guard case .proceed(let target) = try await mirror.begin(header) else {
                Issue.record("the upload was refused")
                return Mirror.Taken(next: 0, refusal: nil)
            }
            let packages = try owner.packages(from: start, to: end).map {
                MirrorUpload.ReadPackage($0, of: owner.origin, isForeign: false)
            }
            let taken = try await mirror.take(packages, for: target.checkpoint, under: target.note)
            if taken.refusal == nil { #expect(try await mirror.finish(target)?.status == 200) }
            return taken
        }

        var record: LogRecord {
            get throws { try #require(try store.read { try $0.log(owner.origin) }) }
        }

        var evidence: LogEvidence? {
            get throws { try store.read { try $0.evidence(against: try #require(try $0.log(owner.origin)).id) } }
        }
    }

    @Test(arguments: places) func aPushedBrokenEntryConvictsItsLogAndThoseBeforeItAreTaken(place: Place) async throws {
        try await withFolder { folder in
            let given = try await Given(place, in: folder)
            let taken = try await given.upload(from: place.held, to: try given.owner.size, old: place.held)
            #expect(taken.refusal?.code == .previousMismatch && taken.isConvicted && taken.next == place.index)
            let record = try given.record
            #expect(record.frozen != nil && record.common == place.index && record.size == place.index)
            #expect(record.takes(upTo: place.index) && !record.takes(upTo: place.index + 1))
            let evidence = try #require(try given.evidence)
            #expect(try evidence.check(log: given.owner.key.verifierKey).common == place.index)
            #expect(evidence == .brokenEntry(try given.owner.evidence(at: place.index)))
            let (id, size) = (record.id, Int(record.size))
            let entries = try given.store.read { try $0.entries(log: id, from: 0, count: size) }
            #expect(entries == (try given.owner.packages(from: 0, to: place.index).flatMap(\.entries)))
            try await given.mirror.judge()
            // The document of the tests is signed by nobody.
            let findings = await LedgerVerifier(store: given.store).run().findings
            #expect(findings.filter { $0.place.hasPrefix(given.owner.origin) }.map(\.message) == [])
        }
    }

    /// A later release may write what this one cannot read: that is refused, and proves nothing.
    @Test func anEntryThatCannotBeReadButCarriesTheHashIsRefusedAndConvictsNobody() async throws {
        try await withFolder { folder in
            let given = try await Given(Place(index: 5, held: 5, following: 0), in: folder)
            let other = try TestOwner(
                cloneOf: given.owner, of: given.members.supplier, in: folder, document: given.members.document)
            try other.append(4)
            let last = try #require(try other.packages(from: 0, to: 5).first?.entries.last)
            let later = [0x0A, 32] + Hash.leaf(last).bytes + [0x10, 1, 0xFA, 1, 1, 7]
            try other.store.write { transaction in
                let log = try #require(try transaction.snapshot.ownLog())
                try transaction.append(EntryBundle([later]), from: 5, full: [], to: log.id)
            }
            #expect(try await given.mirror.addCheckpoint(other.checkpoint(old: 5, size: 6)).status == 200)
            let head = try other.head(6)
            let package = MirrorUpload.ReadPackage(
                try other.packages(from: 5, to: 6)[0], of: other.origin, isForeign: false)
            let taken = try await given.mirror.take([package], for: try Checkpoint(text: head.text), under: head)
            #expect(taken.refusal?.code == .entryMalformed && !taken.isConvicted && taken.next == 5)
            #expect(try given.record.frozen == nil)
        }
    }

    @Test func aPackageThatIsNotUnderTheHeadConvictsNobody() async throws {
        try await withFolder { folder in
            let given = try await Given(Place(index: 300, held: 270, following: 0), in: folder)
            #expect(try await given.mirror.addCheckpoint(given.owner.checkpoint(old: 270, size: 300)).status == 200)
            let right = try given.owner.packages(from: 270, to: 300)[0]
            var entries = right.entries
            entries[3][2] ^= 1
            let forged = MirrorUpload.ReadPackage(
                MirrorUpload.Package(start: 270, entries: entries, proof: right.proof), of: given.owner.origin,
                isForeign: false)
            let head = try given.owner.head(300)
            let taken = try await given.mirror.take([forged], for: try Checkpoint(text: head.text), under: head)
            #expect(taken.refusal?.code == .packageRefused && !taken.isConvicted)
            #expect(try given.record.frozen == nil && given.record.size == 270)
        }
    }

    // MARK: Evidence that is handed over

    @Test func aMemberIsShownEvidenceAndBelievesNothingElse() async throws {
        let test = try await TestMirror()
        try test.owner.appendBroken(then: 3)
        let evidence = try test.owner.evidence(at: 300)
        let sound = try test.owner.evidence(at: 301)
        try await test.calling { client in
            for (file, status) in [
                (LogEvidence.brokenEntry(sound).encoded, 422),
                (LogEvidence.brokenEntry(evidence).encoded.replacing("index 300", with: "index 299"), 422),
                (LogEvidence.brokenEntry(evidence).encoded, 200),
            ] {
                #expect(try test.record.frozen == nil)
                let answer = try await client.post(
                    path: PeerNews.evidencePath, contentType: "text/plain", body: Array(file.utf8), deadline: .soon)
                #expect(answer.status == status)
            }
            let answer = try await client.get(
                path: PeerNews.evidencePath + LogPath.prefix(test.owner.origin), deadline: .soon)
            #expect(try LogEvidence(bytes: answer.body) == .brokenEntry(evidence))
        }
        #expect(try test.record.common == 300)
    }

    /// Of a log that has forked, too: the smaller size counts.
    @Test func ofTwoBrokenEntriesTheFirstOneCounts() async throws {
        try await withFolder { folder in
            let given = try await Given(Place(index: 5, held: 3, following: 2), in: folder)
            try given.owner.appendBroken(then: 1)
            let (late, early) = (try given.owner.evidence(at: 8), try given.owner.evidence(at: 5))
            for (evidence, common) in [(late, UInt64(8)), (early, 5), (late, 5)] {
                try await given.mirror.convict(by: .brokenEntry(evidence))
                #expect(try given.record.common == common)
            }
        }
    }

    @Test func aForeignLogIsNotConvictedByEntriesThatSayNothingOfEachOther() async throws {
        try await withFolder { folder in
            let given = try await Given(Place(index: 5, held: 0, following: 0), in: folder)
            let store = try TestOwner.store(in: folder, name: "other", document: given.members.document)
            let mirror = Mirror(store: store, cosigner: nil, now: { TestMirror.time })
            try mirror.admit(foreign: given.owner.key.verifierKey)
            let evidence = LogEvidence.brokenEntry(try given.owner.evidence(at: 5))
            await #expect { try await mirror.convict(by: evidence) } throws: {
                ($0 as? CustodyError)?.code == .evidenceRefused
            }
            #expect(try store.read { try $0.log(given.owner.origin)?.frozen } == nil)
        }
    }

    @Test func aGatewayThatIsShownItsOwnBrokenEntryDoesNotGoOnAndKeepsWhatIsBeforeIt() async throws {
        try await withFolder { folder in
            let given = try await Given(Place(index: 5, held: 0, following: 2), in: folder)
            let raised = Mutex<[Doubt]>([])
            let watch = OwnLogWatch(
                store: given.owner.store, peers: [], onDoubt: { doubt in raised.withLock { $0.append(doubt) } })
            let mirror = Mirror(store: given.owner.store, cosigner: nil, watch: watch, now: { TestMirror.time })
            let evidence = LogEvidence.brokenEntry(try given.owner.evidence(at: 5))
            try await mirror.convict(by: evidence)
            let doubt = Doubt(.broken, origin: given.owner.origin, head: evidence.head.encoded, common: 5)
            #expect(raised.withLock { $0 } == [doubt])
            #expect(try given.owner.store.read { try $0.ownLog()?.common } == 5)
        }
    }
}
