import Testing

@testable import Ledger

@Suite struct ProofBundleTests {
    let consortium: TestConsortium
    let bundle: ProofBundle
    let policy: String

    init() throws {
        consortium = try TestConsortium()
        bundle = try Self.bundle(of: consortium)
        policy = consortium.document.policyText(logs: [consortium[.hospital].log.verifierKey])
    }

    /// Three updates in one log, of which the last is out of order, proved against a cosigned head.
    static func bundle(
        of consortium: TestConsortium, cosigners: [Role] = [.hospital, .regulator], more: [Fact] = []
    ) throws -> ProofBundle {
        let member = consortium[.hospital]
        let order = OrderName.make(origin: member.origin, milliseconds: 1, random: (2, 3))
        var log = Log(origin: member.origin)
        var full: [FullTile] = []
        var sealed: [SealedEntry] = []
        for (step, facts) in [("order.placed", (TestOrder.facts["order.placed"] ?? []) + more), ("received", [])] {
            let parents = sealed.map { Reference(origin: member.origin, index: $0.index, leafHash: $0.leafHash) }
            let update = Update(
                order: order, step: step, parents: parents, consortium: consortium.document.hash,
                contract: try consortium.contract("custom-device").hash, facts: facts, source: Source(.operator))
            sealed.append(try log.seal(.update(update), now: 1, clock: LogTests.clock, full: &full))
        }
        let head = try head(of: log, by: member, cosigners: cosigners.map { consortium[$0] })
        let items = try sealed.map { entry in
            let plan = try #require(MerkleProof.inclusionPlan(index: entry.index, size: log.size))
            let hashes = try MerkleProof.proof(plan) { try #require(log.tree.hash(of: $0)) }
            return ProofBundle.Item(
                entry: entry.bytes, proof: try TransparencyProof(index: entry.index, hashes: hashes, checkpoint: head))
        }
        return ProofBundle(
            order: order, items: items, documents: [consortium.note], contracts: consortium.contracts.map(\.text),
            heads: [head])
    }

    static func head(
        of log: Log, by member: TestConsortium.Member, cosigners: [TestConsortium.Member]
    ) throws -> SignedNote {
        let note = try log.checkpoint().signed(by: member.log)
        return try note.adding(try cosigners.map { try $0.cosigner.cosign(note.text, time: 1_700_000_000) })
    }

    func with(
        items: [ProofBundle.Item]? = nil, documents: [SignedNote]? = nil, contracts: [String]? = nil
    ) -> ProofBundle {
        ProofBundle(
            order: bundle.order, items: items ?? bundle.items, documents: documents ?? bundle.documents,
            contracts: contracts ?? bundle.contracts, heads: bundle.heads)
    }

    @Test func keepsEveryField() throws {
        #expect(try ProofBundle(bytes: bundle.encoded()) == bundle)
    }

    // MARK: Private facts

    private static let patient = Result { try disclosure("patient", "Ada") }
    private static let prescription = Result { try disclosure("prescription", "rest") }

    private static func disclosure(_ name: String, _ value: String) throws -> Disclosure {
        try Disclosure(name: name, value: Array(value.utf8), salt: [UInt8](repeating: 5, count: 32))
    }

    private func check(showing disclosures: [Disclosure]) throws -> ProofResult {
        let facts = try [Self.patient.get(), Self.prescription.get()].map {
            Fact(name: $0.name, value: .commitment($0.commitment))
        }
        var bundle = try Self.bundle(of: consortium, more: facts)
        bundle.disclosures = disclosures
        return try ProofBundle(bytes: bundle.encoded()).check(policyText: policy)
    }

    @Test func showsTheChosenFactsAndCountsTheOthers() throws {
        let result = try check(showing: [Self.patient.get()])
        #expect(result.areDisclosuresProved)
        #expect(result.disclosed.map(\.disclosure.value) == ["Ada"])
        #expect(result.disclosed.first?.update == result.items.first?.reference)
        #expect(result.hiddenCount == 1)
        #expect(try check(showing: []).hiddenCount == 2)
        #expect(try check(showing: [Self.patient.get(), Self.prescription.get()]).hiddenCount == 0)
    }

    @Test(arguments: [("patient", "Eve"), ("surgeon", "Ada")])
    func provesNoValueThatTheLogDoesNotCommitTo(name: String, value: String) throws {
        let result = try check(showing: [Self.disclosure(name, value)])
        #expect(!result.areDisclosuresProved)
        #expect(result.hiddenCount == 2)
    }

    @Test func saysThreeThingsApart() throws {
        let result = try bundle.check(policyText: policy)
        #expect(result.isInLog)
        #expect(result.isConfirmed)
        #expect(!result.isAccepted)
        #expect(result.items.map(\.verdict?.isAccepted) == [true, false])
        #expect(result.heads.map(\.size) == [2])
    }

    @Test func isNotConfirmedWithoutTheQuorum() throws {
        let result = try Self.bundle(of: consortium, cosigners: [.regulator]).check(policyText: policy)
        #expect(result.isInLog)
        #expect(!result.isConfirmed)
    }

    @Test func theOrderInTheFileDoesNotMatter() throws {
        let result = try with(items: bundle.items.reversed()).check(policyText: policy)
        #expect(result.items.map(\.verdict?.isAccepted) == [false, true])
    }

    @Test func aChangedEntryIsInNoLogAndHasNoVerdict() throws {
        let first = bundle.items[0]
        for place in first.entry.indices {
            var bytes = first.entry
            bytes[place] ^= 1
            let changed = ProofBundle.Item(entry: bytes, proof: first.proof)
            guard let result = try? with(items: [changed]).check(policyText: policy) else { continue }
            #expect(!result.isInLog, "byte \(place)")
            #expect(!result.isConfirmed, "byte \(place)")
            #expect(!result.isAccepted, "byte \(place)")
        }
    }

    @Test func aProofOfAnotherPlaceIsFound() throws {
        let (first, second) = (bundle.items[0], bundle.items[1])
        let swapped = ProofBundle.Item(entry: first.entry, proof: second.proof)
        #expect(try !with(items: [swapped]).check(policyText: policy).isInLog)
        let hashes = first.proof.hashes.map { _ in Hash.sha256([1]) }
        let wrong = try TransparencyProof(
            index: first.proof.index, hashes: hashes, checkpoint: first.proof.checkpoint)
        let result = try with(items: [ProofBundle.Item(entry: first.entry, proof: wrong)]).check(policyText: policy)
        #expect(!result.isInLog)
    }

    @Test func aHeadOfAForeignLogIsRefused() throws {
        let stranger = consortium.document.policyText(logs: [consortium[.supplier].log.verifierKey])
        #expect(refusal { try bundle.check(policyText: stranger) } != nil)
    }

    @Test func aHeadWithAnotherRootIsRefused() throws {
        let item = bundle.items[0]
        let text = item.proof.checkpoint.text.replacing("\n2\n", with: "\n3\n")
        let note = try SignedNote(text: text, signatures: item.proof.checkpoint.signatures)
        let proof = try TransparencyProof(index: 0, hashes: item.proof.hashes, checkpoint: note)
        let forged = with(items: [ProofBundle.Item(entry: item.entry, proof: proof)])
        #expect(refusal { try forged.check(policyText: policy) } != nil)
    }

    @Test func aChangedDocumentIsNotThePinnedOne() throws {
        let text = consortium.note.text.replacing("The supplier", with: "The thief")
        let changed = try SignedNote(text: text, signatures: consortium.note.signatures)
        let error = refusal { try with(documents: [changed]).check(policyText: policy) }
        #expect(error?.code == .documentUnpinned)
    }

    @Test func aDocumentThatThePinnedOneDoesNotStandOnIsNotBelieved() throws {
        let later = try TestConsortium(version: 2)
        let pinned = later.document.policyText(logs: [consortium[.hospital].log.verifierKey])
        let result = try with(documents: [consortium.note, later.note]).check(policyText: pinned)
        #expect(result.items.allSatisfy { $0.verdict == nil })
        let next = try TestConsortium(version: 2, previous: consortium.document.hash)
        let known = next.document.policyText(logs: [consortium[.hospital].log.verifierKey])
        let both = try with(documents: [consortium.note, next.note]).check(policyText: known)
        #expect(both.items.map(\.verdict?.isAccepted) == [true, false])
    }

    @Test func aPolicyThatPinsNoDocumentIsRefused() throws {
        let lines = policy.split(separator: "\n").filter { !$0.hasPrefix("# custody-document") }
        let error = refusal { try bundle.check(policyText: lines.joined(separator: "\n") + "\n") }
        #expect(error?.code == .documentUnpinned)
    }

    @Test func aChangedContractLeavesNoVerdict() throws {
        let changed = bundle.contracts.map { $0.replacing("by: [hospital]", with: "by: [supplier]") }
        let result = try with(contracts: changed).check(policyText: policy)
        #expect(result.items.allSatisfy { $0.verdict == nil })
        #expect(!result.isAccepted)
    }

    @Test func aMissingAncestorLeavesNoVerdict() throws {
        let result = try with(items: [bundle.items[1]]).check(policyText: policy)
        #expect(result.items.map(\.verdict) == [nil])
    }

    @Test func anEmptyFileProvesNothing() throws {
        let result = try with(items: []).check(policyText: policy)
        #expect(!result.isInLog && !result.isAccepted && !result.isConfirmed)
    }

    @Test func truncatedBytesAreRefusedOrProveLess() throws {
        let bytes = try bundle.encoded()
        for count in stride(from: 0, to: bytes.count, by: 7) {
            guard let cut = try? ProofBundle(bytes: Array(bytes.prefix(count))) else { continue }
            #expect(
                cut.items.count + cut.documents.count + cut.contracts.count + cut.heads.count
                    < bundle.items.count + bundle.documents.count + bundle.contracts.count + bundle.heads.count)
        }
        #expect(refusal { try ProofBundle(bytes: []) }?.code == .bundleMalformed)
    }
}
