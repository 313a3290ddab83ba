import Testing

@testable import Ledger

/// When the next version of a consortium document counts.
@Suite struct DocumentSuccessionTests {
    let consortium: TestConsortium
    let next: TestConsortium

    init() throws {
        consortium = try TestConsortium()
        next = try TestConsortium(version: 2, previous: consortium.document.hash)
    }

    private func succession(signedBy roles: [Role], of text: String? = nil) throws -> DocumentSuccession {
        let text = text ?? next.document.text
        let note = try SignedNote(text: text, signatures: roles.map { try consortium[$0].key.sign(text) })
        return try DocumentSuccession(of: note, after: consortium.document)
    }

    @Test(arguments: [
        ([Role.hospital], false), ([.hospital, .supplier], true), ([.manufacturer, .logistics], false),
        ([.regulator, .hospital, .logistics], true),
    ])
    func countsWithTheQuorumOfTheVersionBefore(signers: [Role], counts: Bool) throws {
        let succession = try succession(signedBy: signers)
        #expect(succession.counts == counts)
        #expect(succession.signers == Set(signers.map(\.rawValue)))
    }

    @Test func theRecoveryQuorumIsEnoughWhereTheUsualOneCannotBeHad() throws {
        let text = consortium.document.text.replacing(
            "recovery: |\n  group some 2 hospital supplier regulator\n  quorum some",
            with: "recovery: |\n  group four 4 hospital supplier regulator manufacturer logistics\n  quorum four"
        ).replacing(
            "quorum: |\n  group some 2 hospital supplier regulator", with: "quorum: |\n  group some 1 regulator")
        let first = try ConsortiumDocument(text: text)
        #expect(try first.isAgreed(by: ["regulator"]))
        #expect(try !first.isAgreed(by: ["hospital", "supplier", "manufacturer"]))
        #expect(try first.isAgreed(by: ["hospital", "supplier", "manufacturer", "logistics"]))
    }

    @Test func signaturesOfStrangersAndOfCosignersDoNotCount() throws {
        let text = next.document.text
        let stranger = try SigningKey(
            name: "hospital", algorithm: .ed25519, rawRepresentation: [UInt8](repeating: 9, count: 32))
        let note = try SignedNote(
            text: text,
            signatures: [
                stranger.sign(text), consortium[.supplier].log.sign(text), consortium[.regulator].key.sign(text),
            ])
        let succession = try DocumentSuccession(of: note, after: consortium.document)
        #expect(succession.signers == ["regulator"])
        #expect(!succession.counts)
        #expect(succession.note.signatures.count == 1)
    }

    @Test func aVersionThatDoesNotFollowIsRefused() throws {
        let others = [
            try TestConsortium(version: 3, previous: consortium.document.hash).document.text,
            try TestConsortium(version: 2, previous: Hash.sha256([1])).document.text,
            try TestConsortium(version: 2).document.text,
            next.document.text.replacing("name: \"Test\"", with: "name: \"Other\""),
        ]
        for text in others {
            #expect(throws: CustodyError(.documentOutOfOrder, "")) {
                try succession(signedBy: [.hospital, .supplier, .regulator], of: text)
            }
        }
    }

    @Test func aForgedSignatureOfAMemberIsRefused() throws {
        let text = next.document.text
        let key = consortium[.hospital].key
        let forged = try NoteSignature(
            name: key.name, keyID: key.verifierKey.keyID, signature: [UInt8](repeating: 1, count: 64))
        let note = try SignedNote(text: text, signatures: [forged, consortium[.supplier].key.sign(text)])
        #expect(throws: CustodyError(.noteSignatureWrong, "")) {
            try DocumentSuccession(of: note, after: consortium.document)
        }
    }

    @Test func aChainIsReadFromItsFoundingOn() throws {
        let text = next.document.text
        func signed(_ roles: [Role]) throws -> SignedNote {
            try SignedNote(text: text, signatures: roles.map { try consortium[$0].key.sign(text) })
        }
        let whole = try [consortium.note, signed([.hospital, .regulator])]
        #expect(try ConsortiumDocument.chain(whole, file: "f").map(\.version) == [1, 2])
        for broken in try [[], [signed([.hospital, .regulator])], [consortium.note, signed([.hospital])]] {
            #expect(throws: CustodyError.self) { try ConsortiumDocument.chain(broken, file: "f") }
        }
    }
}
