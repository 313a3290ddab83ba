import FoundationEssentials
import Ledger
import Testing

@testable import Consortium

@Suite struct ConsortiumDraftTests {
    private static let contract = """
        custody-contract: 1
        name: device-order
        version: 3
        steps:
          order.placed:
            by: [hospital]

        """

    private func folders(_ roles: [(String, Role)], in folder: String) throws -> [OrganisationFolder] {
        var random = SystemRandomNumberGenerator()
        return try roles.map { id, role in
            try OrganisationFolder.create(
                id: id, name: "The \(id)", role: role, at: "\(folder)/\(id)", now: .now, random: &random)
        }
    }

    private func draft(
        _ roles: [(String, Role)], k: Int? = nil, quorum: String? = nil, name: String = "Test"
    ) throws -> ConsortiumDraft {
        try ConsortiumDraft(
            name: name, organisations: roles.map { try TestMember($0.0, $0.1).organisation }, contracts: [], k: k,
            quorum: quorum)
    }

    private static let three: [(String, Role)] = [
        ("hospital", .hospital), ("maker", .manufacturer), ("authority", .regulator),
    ]

    @Test func isReadBackAsItWasDrafted() throws {
        let organisations = try Self.three.map { try TestMember($0.0, $0.1).organisation }
        let contract = try Contract(text: Self.contract)
        let name = "Ring: \"A\" # {b}\\ é 病院"
        let draft = try ConsortiumDraft(name: name, organisations: organisations, contracts: [contract])
        let document = try ConsortiumDocument(text: draft.text)
        #expect(document.name == name)
        #expect(document.version == 1)
        #expect(document.previous == nil)
        #expect(document.organisations == organisations)
        #expect(document.contracts == [.init(name: "device-order", version: 3, hash: contract.hash)])
        #expect(document.quorum == draft.quorum)
        #expect(document.recovery == draft.recovery)
        #expect(document.holds(contract.hash))
    }

    @Test(arguments: [
        (
            "h1 h2 h3 r1 r2",
            "group regulators any r1 r2\ngroup others 2 h1 h2 h3\n"
                + "group members all regulators others\nquorum members\n", "group everyone 4 h1 h2 h3 r1 r2\n"
        ),
        ("h1 h2", "group others 2 h1 h2\nquorum others\n", "group everyone 2 h1 h2\n"),
        ("r1", "group regulators any r1\nquorum regulators\n", "group everyone 1 r1\n"),
    ])
    func hasTheUsualQuorum(ids: String, quorum: String, recovery: String) throws {
        let roles = ids.split(separator: " ").map { (String($0), $0.hasPrefix("r") ? Role.regulator : .hospital) }
        let draft = try draft(roles)
        #expect(draft.quorum == quorum)
        #expect(draft.recovery == recovery + "quorum everyone\n")
    }

    @Test(arguments: [(0, false), (1, true), (2, true), (3, false)])
    func takesOnlyAsManyAsThereAre(k: Int, fits: Bool) throws {
        guard fits else {
            #expect(throws: CustodyError(.documentMalformed, "")) { try draft(Self.three, k: k) }
            return
        }
        #expect(try draft(Self.three, k: k).quorum.contains("group others \(k) hospital maker\n"))
    }

    @Test func takesACustomQuorum() throws {
        let draft = try draft(Self.three, quorum: "  group two 2  hospital maker authority\r\n\nquorum two")
        #expect(draft.quorum == "group two 2 hospital maker authority\nquorum two\n")
        #expect(try ConsortiumDocument(text: draft.text).quorum == draft.quorum)
    }

    @Test(arguments: ["quorum stranger", "", "group two 9 hospital\nquorum two", "quorum \u{7}"])
    func refusesAQuorumThatIsNone(quorum: String) {
        #expect(throws: CustodyError.self) { try draft(Self.three, quorum: quorum) }
    }

    @Test func refusesADraftWithoutOrganisationsOrName() {
        #expect(throws: CustodyError(.documentMalformed, "")) { try draft([]) }
        #expect(throws: CustodyError.self) { try draft([("twin", .hospital), ("twin", .hospital)]) }
    }

    @Test(arguments: [
        "", "a\nquorum none", "a\rb", "a\u{85}b", "a\u{2028}b", "a\u{202E}b",
        String(repeating: "a", count: ConsortiumDraft.nameMax + 1),
    ])
    func refusesANameThatIsNotOneLine(name: String) {
        #expect(throws: CustodyError(.documentMalformed, "")) { try draft(Self.three, name: name) }
    }

    @Test(arguments: [ConsortiumDraft.nameMax - 1, ConsortiumDraft.nameMax]) func takesNamesUpToTheLimit(
        count: Int
    ) throws {
        let name = String(repeating: "a", count: count)
        #expect(try ConsortiumDocument(text: draft(Self.three, name: name).text).name == name)
    }

    @Test func foundsAConsortiumWhenAllHaveSigned() async throws {
        try await withFolder { folder in
            let folders = try folders(Self.three, in: folder)
            let draft = try ConsortiumDraft(
                name: "Test", organisations: folders.map(\.organisation), contracts: [])
            var note = try folders[0].sign(text: draft.text)
            note = try folders[2].sign(note)
            #expect(throws: CustodyError(.documentUnsigned, "")) { try ConsortiumDocument.founding(note, file: "f") }
            do {
                _ = try ConsortiumDocument.founding(note, file: "f")
            } catch let error as CustodyError {
                #expect(error.message.contains("maker"))
                #expect(!error.message.contains("hospital"))
            }
            note = try folders[1].sign(SignedNote(encoded: note.encoded))
            #expect(try ConsortiumDocument.founding(note, file: "f").text == draft.text)
            #expect(try folders[1].sign(note) == note)
        }
    }

    @Test func signsOneDocumentPerVersion() async throws {
        try await withFolder { folder in
            let folders = try folders(Self.three, in: folder)
            let organisations = folders.map(\.organisation)
            let first = try ConsortiumDraft(name: "Test", organisations: organisations, contracts: [])
            let second = try ConsortiumDraft(name: "Test", organisations: organisations, contracts: [], k: 1)
            let other = try ConsortiumDraft(name: "Other", organisations: organisations, contracts: [])
            _ = try folders[0].sign(text: first.text)
            // As after a restart.
            let again = try OrganisationFolder.load(at: folders[0].directory)
            for text in [second.text, other.text] {
                #expect(throws: CustodyError(.documentAlreadySigned, "")) { try again.sign(text: text) }
                let note = try SignedNote(text: text, signatures: [folders[1].key.sign(text)])
                #expect(throws: CustodyError(.documentAlreadySigned, "")) { try again.sign(note) }
            }
            _ = try again.sign(text: first.text)
            let later = first.text.replacing("version: 1\n", with: "version: 2\n")
            _ = try again.sign(text: later)
        }
    }

    @Test func signsOnlyForWhomTheDocumentLists() async throws {
        try await withFolder { folder in
            let folders = try folders(Self.three + [("late", .supplier)], in: folder)
            let text = try ConsortiumDraft(
                name: "Test", organisations: folders.dropLast().map(\.organisation), contracts: []
            ).text
            #expect(throws: CustodyError(.organisationNotListed, "")) { try folders[3].sign(text: text) }
            let impostor = try TestMember("hospital", .hospital).organisation
            let mixed = try ConsortiumDraft(
                name: "Test", organisations: [impostor] + folders[1...].map(\.organisation), contracts: []
            ).text
            #expect(throws: CustodyError(.organisationNotListed, "")) { try folders[0].sign(text: mixed) }
            #expect(!PrivateFile.exists("\(folders[0].directory)/signed-1.sha256"))
        }
    }

    @Test func signsNothingOverAForgedSignature() async throws {
        try await withFolder { folder in
            let folders = try folders(Self.three, in: folder)
            let text = try ConsortiumDraft(
                name: "Test", organisations: folders.map(\.organisation), contracts: []
            ).text
            let key = folders[1].key
            let forged = try NoteSignature(
                name: key.name, keyID: key.verifierKey.keyID, signature: [UInt8](repeating: 1, count: 64))
            let note = try SignedNote(text: text, signatures: [forged])
            #expect(throws: CustodyError(.noteSignatureWrong, "")) { try folders[0].sign(note) }
        }
    }
}
