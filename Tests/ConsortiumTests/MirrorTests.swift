import FoundationEssentials
import Ledger
import Store
import Testing

@testable import Consortium

@Suite final class MirrorTests {
    let folder: String
    let members: TestMembers
    let owner: TestOwner
    let store: LedgerStore
    let mirror: Consortium.Mirror

    /// The hospital's mirror of the supplier's log of 300 entries.
    init() async throws {
        folder = FileManager.default.temporaryDirectory.path + "/custody-mirror-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        members = try TestMembers()
        owner = try TestOwner(members.supplier, in: folder, document: members.document)
        try owner.append(299)
        store = try TestOwner.store(in: folder, name: "mirror", document: members.document)
        mirror = Mirror(store: store, cosigner: ("hospital", members.hospital.cosigner), now: { 1_700_000_000_000_000 })
        try await mirror.introduce(origin: owner.origin, chain: owner.chain)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func offer(_ old: UInt64, _ size: UInt64) async throws -> Int {
        try await mirror.addCheckpoint(try owner.checkpoint(old: old, size: size)).status
    }

    private var mirrored: LogRecord {
        get throws { try #require(try store.read { try $0.log(owner.origin) }) }
    }

    /// Everything up to a size, as the routes take it.
    private func upload(from start: UInt64, to end: UInt64) async throws -> [String]? {
        let answer = try await mirror.begin(MirrorUpload.Header(origin: owner.origin, start: start, end: end))
        guard case .proceed(let target) = answer else {
            Issue.record("\(answer)")
            return nil
        }
        for package in try owner.packages(from: start, to: end) {
            _ = try await mirror.take(package, for: target.checkpoint)
        }
        return lines(try await mirror.finish(target))
    }

    private func lines(_ answer: MirrorAnswer?) -> [String]? {
        if case .cosigned(let lines)? = answer { lines } else { nil }
    }

    // MARK: add-checkpoint

    @Test func theCheckpointMovesForward() async throws {
        #expect(try await offer(0, 10) == 200)
        #expect(try await offer(10, 300) == 200)
        #expect(try await offer(300, 300) == 200)
    }

    @Test func anotherOldSizeIsAConflictThatNamesTheRightOne() async throws {
        #expect(try await offer(0, 10) == 200)
        let answer = try await mirror.addCheckpoint(try owner.checkpoint(old: 9, size: 20))
        #expect(answer.status == 409)
        #expect(answer.body == "10\n")
        #expect(answer.error?.code == .sizeOutdated)
        #expect(answer.contentType == "text/x.tlog.size")
    }

    @Test func anOldSizeAboveTheCheckpointIsMalformed() async throws {
        let request = CheckpointRequest(oldSize: 11, proof: [], note: try owner.head(10))
        #expect(try await mirror.addCheckpoint(request).status == 400)
    }

    @Test func anUnknownLogIsNotFound() async throws {
        let key = try SigningKey.generate(name: "regulator/gw", algorithm: .ed25519)
        let note = try Checkpoint(origin: "regulator/gw", size: 0, root: .emptyTree).signed(by: key)
        let request = CheckpointRequest(oldSize: 0, proof: [], note: note)
        #expect(try await mirror.addCheckpoint(request).status == 404)
    }

    @Test func anotherKeysCheckpointIsForbidden() async throws {
        let key = try SigningKey.generate(name: owner.origin, algorithm: .ed25519)
        let note = try Checkpoint(origin: owner.origin, size: 5, root: .emptyTree).signed(by: key)
        let request = CheckpointRequest(oldSize: 0, proof: [], note: note)
        #expect(try await mirror.addCheckpoint(request).status == 403)
    }

    @Test func aProofThatDoesNotHoldIsUnprocessable() async throws {
        #expect(try await offer(0, 10) == 200)
        let right = try owner.checkpoint(old: 10, size: 20)
        for proof in [[], Array(right.proof.dropLast()), right.proof.map { _ in Hash.emptyTree }] {
            let request = CheckpointRequest(oldSize: 10, proof: proof, note: right.note)
            #expect(try await mirror.addCheckpoint(request).status == 422)
        }
    }

    @Test func twoHeadsOfOneSizeFreezeTheLogAndAreKept() async throws {
        #expect(try await offer(0, 300) == 200)
        #expect(try await upload(from: 0, to: 300)?.count == 1)
        let other = try Checkpoint(origin: owner.origin, size: 300, root: Hash.sha256([1])).signed(by: owner.key)
        let request = CheckpointRequest(oldSize: 300, proof: [], note: other)
        #expect(try await mirror.addCheckpoint(request).status == 409)
        let log = try mirrored
        #expect(log.frozen != nil)
        guard case .fork(let evidence) = try #require(try store.read { try $0.evidence(against: log.id) }) else {
            Issue.record("two heads are not a broken entry")
            return
        }
        #expect(Set([evidence.first.text, evidence.second.text]) == [try owner.head(300).text, other.text])
        #expect(try evidence.check(log: owner.key.verifierKey).size == 300)
        #expect(try await offer(300, 300) == 403)
        guard
            case .answer(let answer) = try await mirror.begin(
                MirrorUpload.Header(origin: owner.origin, start: 300, end: 300))
        else {
            Issue.record("a frozen log was taken from")
            return
        }
        #expect(answer.status == 403)
        #expect(try mirrored.size == 300)
    }

    // MARK: add-entries

    @Test func theCosignatureIsGivenForWhatIsStored() async throws {
        #expect(try await offer(0, 300) == 200)
        let line = try #require(try await upload(from: 0, to: 300)?.first)
        let head = try owner.head(300).adding([try NoteSignature(line: line)])
        let signed = try head.verified(by: [members.hospital.cosigner.verifierKey])
        #expect(signed.map(\.time) == [1_700_000_000])
        #expect(try mirrored.size == 300)
        let id = try mirrored.id
        let stored = try store.read { try $0.entries(log: id, from: 0, count: 300) }
        #expect(stored == (try owner.packages(from: 0, to: 300).flatMap(\.entries)))
    }

    @Test func nothingIsCosignedBeforeAllEntriesAreHere() async throws {
        #expect(try await mirror.addCheckpoint(try owner.checkpoint(old: 0, size: 300)).body.isEmpty)
        let header = MirrorUpload.Header(origin: owner.origin, start: 0, end: 300)
        guard case .proceed(let target) = try await mirror.begin(header) else {
            Issue.record("the upload was refused")
            return
        }
        #expect(try await mirror.finish(target) == nil)
        let packages = try owner.packages(from: 0, to: 300)
        #expect(try await mirror.take(packages[0], for: target.checkpoint) == 256)
        #expect(try await mirror.finish(target) == nil)
        let id = try mirrored.id
        #expect(try store.read { try $0.cosignatures(size: 300, of: id) }.isEmpty)
        #expect(try await upload(from: 256, to: 300)?.count == 1)
    }

    @Test func anUploadIsResumedWhereItStopped() async throws {
        #expect(try await offer(0, 100) == 200)
        #expect(try await upload(from: 0, to: 100)?.count == 1)
        #expect(try await offer(100, 300) == 200)
        #expect(try await upload(from: 100, to: 300)?.count == 1)
    }

    @Test func aCosignatureWhoseAnswerWasLostIsGivenAgain() async throws {
        #expect(try await offer(0, 300) == 200)
        let first = try await upload(from: 0, to: 300)
        #expect(first?.count == 1)
        #expect(try await upload(from: 300, to: 300) == first)
    }

    @Test func twoUploadsSideBySideAreBothTaken() async throws {
        #expect(try await offer(0, 300) == 200)
        let header = MirrorUpload.Header(origin: owner.origin, start: 0, end: 300)
        guard case .proceed(let one) = try await mirror.begin(header),
            case .proceed(let other) = try await mirror.begin(header)
        else {
            Issue.record("an upload was refused")
            return
        }
        for package in try owner.packages(from: 0, to: 300) {
            for target in [one, other] { _ = try await mirror.take(package, for: target.checkpoint) }
        }
        let signed = lines(try await mirror.finish(one))
        #expect(signed?.count == 1)
        #expect(lines(try await mirror.finish(other)) == signed)
        #expect(try mirrored.size == 300)
    }

    @Test func anOlderHeadIsNotCosignedAfterANewerOne() async throws {
        #expect(try await offer(0, 100) == 200)
        guard
            case .proceed(let old) = try await mirror.begin(
                MirrorUpload.Header(origin: owner.origin, start: 0, end: 100))
        else {
            Issue.record("the upload was refused")
            return
        }
        #expect(try await offer(100, 300) == 200)
        #expect(try await upload(from: 0, to: 300)?.count == 1)
        #expect(try await mirror.finish(old)?.status == 409)
        let id = try mirrored.id
        #expect(try store.read { try $0.cosignatures(size: 100, of: id) }.isEmpty)
    }

    /// What a cosigner serves carries its cosignature, although it knows a newer head by hearsay (C2SP tlog-mirror).
    @Test func aHeadThatOthersCosignedIsNotServedUncosigned() async throws {
        #expect(try await offer(0, 100) == 200)
        #expect(try await upload(from: 0, to: 100)?.count == 1)
        #expect(try await offer(100, 300) == 200)
        guard
            case .proceed(let target) = try await mirror.begin(
                MirrorUpload.Header(origin: owner.origin, start: 100, end: 300))
        else {
            Issue.record("the upload was refused")
            return
        }
        for package in try owner.packages(from: 100, to: 300) {
            _ = try await mirror.take(package, for: target.checkpoint)
        }
        let head = try owner.head(300)
        try await mirror.keepCosignatures(of: try head.adding([members.regulator.cosigner.cosign(head.text, time: 5)]))
        let id = try mirrored.id
        let served = try #require(try store.read { try $0.head(of: id) })
        #expect(try Checkpoint(text: served.text).size == 100)
        #expect(try served.verified(by: [members.hospital.cosigner.verifierKey]).count == 1)
    }

    @Test(arguments: [(0, 200, 0, 0), (101, 100, 100, 0)])
    func anUploadThatDoesNotFitIsAConflict(start: UInt64, end: UInt64, size: UInt64, next: UInt64) async throws {
        if size > 0 { #expect(try await offer(0, size) == 200) }
        let header = MirrorUpload.Header(origin: owner.origin, start: start, end: end)
        guard case .answer(let answer) = try await mirror.begin(header) else {
            Issue.record("the upload was taken")
            return
        }
        guard case .conflict(let info, let error) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(info.size == size && info.next == next)
        #expect(error.code == .uploadOutdated)
        #expect(answer.status == 409)
    }

    @Test func changedEntriesAreRefusedAndNothingIsStored() async throws {
        #expect(try await offer(0, 300) == 200)
        let header = MirrorUpload.Header(origin: owner.origin, start: 0, end: 300)
        guard case .proceed(let target) = try await mirror.begin(header) else {
            Issue.record("the upload was refused")
            return
        }
        let checkpoint = target.checkpoint
        let right = try owner.packages(from: 0, to: 300)[0]
        var entries = right.entries
        entries[7][40] ^= 1
        let wrong = [
            MirrorUpload.Package(start: 0, entries: entries, proof: right.proof),
            MirrorUpload.Package(start: 0, entries: Array(right.entries.dropLast()), proof: right.proof),
            MirrorUpload.Package(start: 0, entries: right.entries, proof: Array(right.proof.dropLast())),
            MirrorUpload.Package(start: 256, entries: [], proof: []),
        ]
        for package in wrong {
            #expect(await code { _ = try await self.mirror.take(package, for: checkpoint) } == .packageRefused)
        }
        #expect(try mirrored.size == 0)
    }

    @Test func aLogThatBreaksItsOwnChainIsRefused() async throws {
        let clock = ClockQuality(source: .none, error: 0, bootID: [])
        let nothing = Erasure(
            order: "", update: Reference(origin: "", index: 0, leafHash: .emptyTree), fact: "", reason: "")
        let entries = try [nil, Hash.sha256([9])].map {
            try Entry(previous: $0, recordedAt: 1, clock: clock, body: .erasure(nothing)).sealed()
        }
        let leaves = entries.map { Hash.leaf($0) }
        let note = try Checkpoint(origin: owner.origin, size: 2, root: Hash.node(leaves[0], leaves[1]))
            .signed(by: owner.key)
        #expect(try await mirror.addCheckpoint(CheckpointRequest(oldSize: 0, proof: [], note: note)).status == 200)
        let package = MirrorUpload.Package(start: 0, entries: entries, proof: [])
        let refused = await code {
            _ = try await self.mirror.take(package, for: try Checkpoint(text: note.text))
        }
        #expect(refused == .previousMismatch)
        #expect(try mirrored.size == 0)
    }

    // MARK: Cosignatures

    @Test func aQuorumOfCosignaturesConfirms() async throws {
        #expect(try await offer(0, 300) == 200)
        _ = try await upload(from: 0, to: 300)
        #expect(try mirrored.confirmed == 0)
        let head = try owner.head(300)
        let lines = try [members.supplier, members.regulator].map { try $0.cosigner.cosign(head.text, time: 5) }
        try await mirror.keepCosignatures(of: try head.adding(lines))
        #expect(try mirrored.confirmed == 300)
    }

    /// Who has the earlier cosignature alone could not confirm the head under a document that lists another key.
    @Test(.timeLimit(.minutes(1))) func aDocumentWithAnotherCosignerKeyHasServedHeadsCosignedAgain() async throws {
        let next = try SigningKey.generate(name: members.hospital.cosigner.name, algorithm: .cosignature)
        let mirror = Mirror(
            store: store, cosigner: ("hospital", members.hospital.cosigner), nextCosigner: next,
            now: { 1_700_000_000_000_000 })
        #expect(try await offer(0, 300) == 200)
        _ = try await upload(from: 0, to: 300)
        let present = try #require(members.document.organisation("hospital"))
        let organisation = ConsortiumDocument.Organisation(
            id: present.id, name: present.name, role: present.role, certificate: present.certificate, key: present.key,
            cosigner: next.verifierKey)
        let draft = try ConsortiumDraft(
            after: members.document, change: ConsortiumChange(organisations: [organisation]))
        let signatures = try [members.hospital, members.supplier, members.regulator].map { try $0.key.sign(draft.text) }
        let id = try mirrored.id
        let changes = store.changes.follow()
        let cosigning = Task { try await mirror.cosignForever() }
        _ = try store.write { try $0.take(document: SignedNote(text: draft.text, signatures: signatures)) }
        for await _ in changes {
            let keys = try store.read { try $0.cosignatures(size: 300, of: id) }.map(\.keyID)
            if keys == [next.verifierKey.keyID] { break }
        }
        cosigning.cancel()
        try await cosigning.value
    }

    /// A clock that was ahead, or a liar, may have put any time under the earlier key's.
    @Test func aKeyThatIsNotListedAnyMoreDoesNotStandInTheWayOfTheOneThatIs() async throws {
        #expect(try await offer(0, 300) == 200)
        _ = try await upload(from: 0, to: 300)
        let head = try owner.head(300)
        let id = try mirrored.id
        let earlier = try SigningKey.generate(name: "regulator/cosigner", algorithm: .cosignature)
        let line = try earlier.cosign(head.text, time: 9_000).line
        let late = Cosignature(cosigner: "regulator", time: 9_000, line: line)
        try store.write { try $0.keep([late], size: 300, of: id) }
        let listed = try members.regulator.cosigner.cosign(head.text, time: 5)
        try await mirror.keepCosignatures(of: try head.adding([listed]))
        let kept = try store.read { try $0.cosignatures(size: 300, of: id) }.filter { $0.cosigner == "regulator" }
        #expect(kept.map(\.line) == [listed.line])
    }

    /// Whoever brought the entries may never come again.
    @Test func aHeadWhoseUploadEndedAfterItsLastEntryIsFinishedAtTheStart() async throws {
        #expect(try await offer(0, 300) == 200)
        let checkpoint = try Checkpoint(text: owner.head(300).text)
        for package in try owner.packages(from: 0, to: 300) { _ = try await mirror.take(package, for: checkpoint) }
        let log = try mirrored
        #expect(try store.read { try $0.mirroredSize(of: log) } == 0)
        try await mirror.cosignHeads()
        #expect(try store.read { try $0.mirroredSize(of: log) } == 300)
        #expect(try store.read { try $0.cosignatures(size: 300, of: log.id) }.map(\.cosigner) == ["hospital"])
    }

    /// The log's signature beside a cosignature that holds was changed on the way.
    @Test func aHeadThatIsHereKeepsItsSignature() async throws {
        #expect(try await offer(0, 300) == 200)
        _ = try await upload(from: 0, to: 300)
        let head = try owner.head(300)
        let key = try mirrored.key
        let wrong = try NoteSignature(name: key.name, keyID: key.keyID, signature: [UInt8](repeating: 7, count: 64))
        let changed = try SignedNote(
            text: head.text,
            signatures: [wrong, members.regulator.cosigner.cosign(head.text, time: 5)])
        try await mirror.keepCosignatures(of: changed)
        let id = try mirrored.id
        #expect(try store.read { try $0.cosignatures(size: 300, of: id).map(\.cosigner) }.contains("regulator"))
        let kept = try #require(try store.read { try $0.checkpoint(size: 300, of: id) })
        #expect(throws: Never.self) { try Checkpoint.open(kept, log: key) }
    }

    @Test func aWrongCosignatureIsNotKept() async throws {
        #expect(try await offer(0, 300) == 200)
        _ = try await upload(from: 0, to: 300)
        let wrong = try members.regulator.cosigner.cosign(try owner.head(299).text, time: 5)
        let refused = await code {
            try await self.mirror.keepCosignatures(of: try self.owner.head(300).adding([wrong]))
        }
        #expect(refused == .noteSignatureWrong)
        let id = try mirrored.id
        #expect(try store.read { try $0.cosignatures(size: 300, of: id).map(\.cosigner) } == ["hospital"])
    }

    @Test func refusesToIntroduceALogWithAnotherMembersCertificate() async throws {
        let chain = owner.chain
        #expect(await code { try await self.mirror.introduce(origin: "regulator/gw", chain: chain) } != nil)
        #expect(try store.read { try $0.log("regulator/gw") } == nil)
    }
}
