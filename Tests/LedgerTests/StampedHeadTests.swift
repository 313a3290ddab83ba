import Testing

@testable import Ledger

/// Time stamps in notes and proof files.
@Suite struct StampedHeadTests {
    private static let stamp = NoteTimeStamp(url: "http://time.example/tsr", token: [0x30, 1, 2, 3])

    let consortium: TestConsortium
    let bundle: ProofBundle
    let policy: String

    init() throws {
        consortium = try TestConsortium()
        bundle = try ProofBundleTests.bundle(of: consortium)
        policy = consortium.document.policyText(logs: [consortium[.hospital].log.verifierKey])
    }

    private var head: SignedNote { bundle.heads[0] }
    private var log: VerifierKey { consortium[.hospital].log.verifierKey }

    private func stamped(_ note: SignedNote? = nil, changed: Int? = nil) throws -> StampedHead {
        let inclusions = bundle.items.enumerated().map { place, item in
            StampedHead.Inclusion(
                entry: Hash.leaf(item.entry), index: item.proof.index,
                hashes: changed == place ? [.emptyTree] : item.proof.hashes)
        }
        let note = try note ?? head.signedBy(log: log)
        return StampedHead(note: try note.addingTimeStamp(Self.stamp), inclusions: inclusions)
    }

    private func with(_ stamped: StampedHead) throws -> ProofBundle {
        var bundle = bundle
        bundle.stamped = [stamped]
        return try ProofBundle(bytes: bundle.encoded())
    }

    @Test func aTimeStampIsALineWhoseKeyNobodyElseHas() throws {
        let note = try head.addingTimeStamp(Self.stamp)
        #expect(try SignedNote(encoded: note.encoded).timeStamps == [Self.stamp])
        #expect(note.signatures.last?.name == "time.example/tsr")
        // SHA-256("time.example/tsr" 0x0A 0xFF "custody/rfc3161/v1")
        #expect(note.signatures.last?.keyID == 0x545a_57e6)
        #expect(head.timeStamps.isEmpty)
    }

    @Test func whoDoesNotKnowTheLineIgnoresIt() throws {
        let note = try head.addingTimeStamp(Self.stamp)
        let known = try WitnessPolicy(text: policy)
        #expect(try known.evaluate(note) == known.evaluate(head))
    }

    @Test(arguments: [
        ("https://time.example:8443/a b+c", "time.example:8443/abc"), ("time.example", "time.example"),
        ("http:// +", "time-stamp"), ("", "time-stamp"),
    ])
    func theNameIsTheURLAsFarAsAKeyCanBeNamed(url: String, name: String) {
        #expect(NoteTimeStamp(url: url, token: [1]).name == name)
    }

    @Test func cosignaturesDoNotChangeWhatIsStamped() throws {
        let bare = try head.signedBy(log: log)
        #expect(bare.signatures.count == 1 && head.signatures.count > 1)
        #expect(try bare.addingTimeStamp(Self.stamp).signedBy(log: log) == bare)
        #expect(bare.imprint == Hash.sha256(Array(bare.encoded.utf8)))
    }

    @Test func onlyTheLogsOwnSignatureCounts() throws {
        #expect(throws: CustodyError.self) { try head.signedBy(log: consortium[.supplier].log.verifierKey) }
        let stranger = try SigningKey.generate(name: log.name, algorithm: .ed25519)
        let forged = try SignedNote(text: head.text, signatures: [stranger.sign(head.text)])
        #expect(throws: CustodyError(.checkpointUnsigned, "")) { try forged.signedBy(log: log) }
        #expect(throws: CustodyError(.checkpointUnsigned, "")) {
            try with(try stamped(forged)).check(policyText: policy)
        }
    }

    @Test func aProofFileSaysWhatWasStampedAndWhichOfItsUpdatesThatIncludes() throws {
        let bundle = try with(try stamped())
        let result = try bundle.check(policyText: policy)
        let stamp = try #require(result.stamps.first)
        #expect(bundle.stamped == [try stamped()] && result.stamps.count == 1)
        #expect(stamp.stamp == Self.stamp && stamp.checkpoint.size == 2)
        #expect(stamp.imprint == (try head.signedBy(log: log).imprint))
        #expect(stamp.entries == Set(bundle.items.map { Hash.leaf($0.entry) }))
    }

    @Test(arguments: [0, 1])
    func anEntryWhoseProofDoesNotHoldIsNotIncluded(changed: Int) throws {
        let result = try with(try stamped(changed: changed)).check(policyText: policy)
        #expect(result.stamps.first?.entries == [Hash.leaf(bundle.items[1 - changed].entry)])
    }

    @Test(arguments: [(-1, nil), (0, nil), (1, .limitExceeded)] as [(Int, CustodyError.Code?)])
    func aProofHasAtMostSoManyHashes(more: Int, refusal: CustodyError.Code?) throws {
        let hashes = [Hash](repeating: .emptyTree, count: MerkleProof.proofHashesMax + more)
        let inclusion = StampedHead.Inclusion(entry: .emptyTree, index: 0, hashes: hashes)
        let head = StampedHead(note: try head.addingTimeStamp(Self.stamp), inclusions: [inclusion])
        var thrown: CustodyError?
        do { _ = try with(head) } catch { thrown = error as? CustodyError }
        #expect(thrown?.code == refusal)
    }
}
