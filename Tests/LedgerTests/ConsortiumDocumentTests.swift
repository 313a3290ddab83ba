import Testing

@testable import Ledger

@Suite struct ConsortiumDocumentTests {
    let consortium: TestConsortium

    init() throws {
        consortium = try TestConsortium()
    }

    @Test func readsEveryPart() throws {
        let document = consortium.document
        #expect(document.name == "Test")
        #expect(document.version == 1)
        #expect(document.previous == nil)
        #expect(document.organisations.map(\.role) == Role.allCases)
        #expect(document.organisation("supplier")?.key == consortium[.supplier].key.verifierKey)
        #expect(document.organisation("supplier")?.cosigner == consortium[.supplier].cosigner.verifierKey)
        #expect(document.contracts.map(\.name) == ["custom-device", "stock-device"])
        #expect(try document.holds(consortium.contract("custom-device").hash))
        #expect(!document.holds(.emptyTree))
        #expect(document.quorum == TestConsortium.quorum)
        #expect(document.hash == Hash.sha256(Array(consortium.note.text.utf8)))
    }

    @Test func readsItsPredecessorAndWhatIsRevoked() throws {
        let next = try TestConsortium(version: 2, previous: consortium.document.hash)
        #expect(next.document.previous == consortium.document.hash)
        let revoking = try ConsortiumDocument(text: next.document.text + "revoked: {supplier/gw: 17}\n")
        #expect(revoking.revoked == ["supplier/gw": 17])
    }

    @Test func thePolicyIsWhatOtherToolsRead() throws {
        let logs = [consortium[.hospital].log.verifierKey]
        let text = consortium.document.policyText(logs: logs)
        #expect(ConsortiumDocument.pinned(inPolicy: text) == consortium.document.hash)
        let policy = try WitnessPolicy(text: text)
        #expect(policy.logs.map(\.key) == logs)
        #expect(policy.witnesses.map(\.key) == consortium.members.map(\.cosigner.verifierKey))
        let two = Set([Role.hospital, .regulator].map { consortium[$0].cosigner.verifierKey })
        #expect(policy.isSatisfied(by: two))
        #expect(!policy.isSatisfied(by: [consortium[.hospital].cosigner.verifierKey]))
    }

    @Test func aPolicyWithoutThePinPinsNothing() {
        #expect(ConsortiumDocument.pinned(inPolicy: "# custody-document\nquorum none\n") == nil)
        #expect(ConsortiumDocument.pinned(inPolicy: "# custody-document 00\nquorum none\n") == nil)
    }

    @Test func isFoundedByTheSignaturesOfAll() throws {
        #expect(try ConsortiumDocument.founding(consortium.note, file: "c.note") == consortium.document)
    }

    @Test(arguments: [Role.hospital, .logistics])
    func namesWhoHasNotSigned(missing: Role) throws {
        let text = consortium.note.text
        let signatures = try consortium.members.filter { $0.role != missing }.map { try $0.key.sign(text) }
        let note = try SignedNote(text: text, signatures: signatures)
        let error = try #require(refusal { try ConsortiumDocument.founding(note, file: "c.note") })
        #expect(error.code == .documentUnsigned)
        #expect(error.message == "not signed yet by \(missing.rawValue)")
        #expect(error.place == "c.note")
    }

    @Test func aSignatureOfAnotherTextCountsForNothing() throws {
        let wrong = try consortium.members.map { try $0.key.sign("another text\n") }
        let note = try SignedNote(text: consortium.note.text, signatures: wrong)
        #expect(refusal { try ConsortiumDocument.founding(note, file: "c.note") } != nil)
    }

    @Test func onlyVersionOneFounds() throws {
        let next = try TestConsortium(version: 2)
        #expect(refusal { try ConsortiumDocument.founding(next.note, file: "c") }?.code == .documentUnsigned)
    }

    /// A line in a name would be a line in every policy file.
    @Test(arguments: [#"Test\nlog evil"#, #"Test\r"#, #"a\u0085b"#, #"a\u2028b"#, #"\u0000"#, #"a\u202Eb"#, ""])
    func refusesANameThatIsNotOneLine(name: String) {
        let text = TestConsortium.text(members: consortium.members, contracts: [], name: name)
        #expect(refusal { try ConsortiumDocument(text: text) }?.code == .yamlMalformed)
        let inside = TestConsortium.text(members: consortium.members, contracts: [], names: { _ in name })
        #expect(refusal { try ConsortiumDocument(text: inside) }?.code == .yamlMalformed)
    }

    @Test(arguments: [
        ("hospital", true), ("a-1", true), (String(repeating: "a", count: 62), true),
        (String(repeating: "a", count: 63), true), (String(repeating: "a", count: 64), false), ("", false),
        ("Hospital", false), ("a/b", false), ("a b", false), (#"a\nquorum none"#, false), ("a.b", false), ("ä", false),
    ])
    func anIdIsShortAndPlain(id: String, fits: Bool) throws {
        let text = TestConsortium.text(
            members: consortium.members, contracts: [], ids: { $0.role == .logistics ? id : "x-\($0.id)" })
        let policy = text.replacing("supplier regulator\n", with: "supplier regulator\n")
            .replacing("hospital supplier regulator", with: "x-hospital x-supplier x-regulator")
        #expect(refusal { try ConsortiumDocument(text: policy) }?.code == (fits ? nil : .yamlMalformed))
    }

    @Test(arguments: [
        ("custody-consortium: 1", "custody-consortium: 2"), ("version: 1", "version: one"),
        ("role: supplier", "role: pirate"), ("id: \"supplier\"", "id: \"hospital\""),
        ("certificate: none", "certificat: none"), ("quorum some", "quorum nobody-knows"),
    ])
    func refusesATextThatIsNone(part: String, replacement: String) {
        let text = consortium.note.text.replacing(part, with: replacement)
        #expect(text != consortium.note.text)
        #expect(refusal { try ConsortiumDocument(text: text, file: "c.yaml") } != nil)
    }
}
