import Ledger
import Testing

@Suite struct SignedNoteTests {
    @Test func verifiesTheExampleOfTheStandard() throws {
        let key = try VerifierKey(vkey: PublishedNotes.exampleKey)
        let note = try SignedNote(encoded: PublishedNotes.example)
        #expect(note.text == "This is an example message.\n")
        #expect(try note.verified(by: [key]).map(\.key) == [key])
        #expect(note.encoded == PublishedNotes.example)
    }

    @Test func signsAsTheReferenceImplementationDoes() throws {
        let key = try SigningKey(encoded: PublishedNotes.neumannPrivateKey)
        #expect(key.encoded == PublishedNotes.neumannPrivateKey)
        #expect(key.verifierKey.vkey == PublishedNotes.neumannKey)
        #expect(try key.sign(PublishedNotes.cryptographyText).line == PublishedNotes.neumannLine)
    }

    @Test func verifiesEachKnownSignatureAndIgnoresTheOthers() throws {
        let encoded = "\(PublishedNotes.cryptographyText)\n\(PublishedNotes.neumannLine)\n\(PublishedNotes.enochLine)\n"
        let note = try SignedNote(encoded: encoded)
        let neumann = try VerifierKey(vkey: PublishedNotes.neumannKey)
        let enoch = try VerifierKey(vkey: PublishedNotes.enochKey)
        #expect(try note.verified(by: [enoch, neumann]).map(\.key) == [neumann, enoch])
        #expect(try note.verified(by: [enoch]).map(\.key) == [enoch])
        #expect(try note.verified(by: [enoch]).map(\.time) == [nil])
        #expect(try note.verified(by: [VerifierKey(vkey: PublishedNotes.exampleKey)]).isEmpty)
    }

    @Test func ignoresAKeyThatSharesOnlyItsNameOrOnlyItsID() throws {
        let key = try TestKeys.log("log.example", 1)
        let signature = try key.sign("text\n")
        let otherID = try NoteSignature(name: key.name, keyID: signature.keyID ^ 1, signature: [1])
        let otherName = try NoteSignature(name: "log.example2", keyID: signature.keyID, signature: [1])
        let note = try SignedNote(text: "text\n", signatures: [otherID, otherName, signature])
        #expect(try note.verified(by: [key.verifierKey]).map(\.key) == [key.verifierKey])
    }

    @Test func refusesAWrongSignatureOfAKnownKey() throws {
        let key = try VerifierKey(vkey: PublishedNotes.exampleKey)
        let note = try SignedNote(encoded: PublishedNotes.example)
        let changed = try SignedNote(text: "This is an example Message.\n", signatures: note.signatures)
        #expect(try code { _ = try changed.verified(by: [key]) } == .noteSignatureWrong)
        let good = note.signatures[0]
        for signature in Self.changes(of: good.signature) {
            let wrong = try NoteSignature(name: good.name, keyID: good.keyID, signature: signature)
            let both = try SignedNote(text: note.text, signatures: [good, wrong])
            #expect(try code { _ = try both.verified(by: [key]) } == .noteSignatureWrong)
        }
    }

    /// Each byte flipped, and one byte less or more.
    static func changes(of bytes: [UInt8]) -> [[UInt8]] {
        let flipped = bytes.indices.map { index in
            var changed = bytes
            changed[index] ^= 1
            return changed
        }
        return flipped + [Array(bytes.dropLast()), Array(bytes.dropFirst()), bytes + [0], [0]]
    }

    @Test(arguments: [0, 1, 1_679_315_147, UInt64(Int64.max)])
    func cosignsWithATime(time: UInt64) throws {
        let key = try TestKeys.witness("witness.example/w1", 2)
        let signature = try key.cosign("log.example\n1\nroot\n", time: time)
        #expect(signature.signature.count == 72)
        let note = try SignedNote(text: "log.example\n1\nroot\n", signatures: [signature])
        let read = try SignedNote(encoded: note.encoded)
        #expect(read == note)
        let verified = try read.verified(by: [key.verifierKey])
        #expect(verified.map(\.key) == [key.verifierKey])
        #expect(verified.map(\.time) == [time])
    }

    @Test func refusesAChangedCosignature() throws {
        let key = try TestKeys.witness("witness.example/w1", 2)
        let good = try key.cosign("text\n", time: 1_679_315_147)
        for signature in Self.changes(of: good.signature) {
            let wrong = try NoteSignature(name: good.name, keyID: good.keyID, signature: signature)
            let note = try SignedNote(text: "text\n", signatures: [wrong])
            #expect(try code { _ = try note.verified(by: [key.verifierKey]) } == .noteSignatureWrong)
        }
    }

    @Test func refusesAKeyForWhatItIsNotMadeFor() throws {
        let log = try TestKeys.log("log.example", 1)
        let witness = try TestKeys.witness("witness.example", 1)
        #expect(try code { _ = try log.cosign("text\n", time: 1) } == .keyMisused)
        #expect(try code { _ = try witness.sign("text\n") } == .keyMisused)
        #expect(try code { _ = try witness.cosign("text\n", time: 1 << 63) } == .noteMalformed)
        #expect(try code { _ = try log.sign("text") } == .noteMalformed)
        #expect(try code { _ = try log.sign("te\rxt\n") } == .noteMalformed)
    }

    @Test func keepsTheFirstSignatureOfEachKey() throws {
        let key = try TestKeys.witness("witness.example", 3)
        let signatures = try [5, 4, 6].map { try key.cosign("text\n", time: $0) }
        let note = try SignedNote(text: "text\n", signatures: signatures)
        #expect(try note.verified(by: [key.verifierKey, key.verifierKey]).map(\.time) == [5])
    }

    @Test func addsSignaturesOnce() throws {
        let first = try TestKeys.log("log.example", 1).sign("text\n")
        let second = try TestKeys.witness("witness.example", 2).cosign("text\n", time: 7)
        let note = try SignedNote(text: "text\n", signatures: [first])
        #expect(try note.adding([second, first, second]).signatures == [first, second])
    }

    @Test(arguments: ["\n", "a\n", "a\n\nb\n", "a\n\n", "\n\n\n", "— a b\n", "ä\n", "e\u{301}\n"])
    func keepsEveryTextAsItIs(text: String) throws {
        let key = try TestKeys.log("log.example", 1)
        let note = try SignedNote(text: text, signatures: [key.sign(text)])
        let read = try SignedNote(encoded: note.encoded)
        #expect(Array(read.text.utf8) == Array(text.utf8))
        #expect(try read.verified(by: [key.verifierKey]).count == 1)
    }

    @Test func tellsCanonicallyEquivalentTextsApart() throws {
        let signature = try TestKeys.log("log.example", 1).sign("\u{E9}\n")
        let composed = try SignedNote(text: "\u{E9}\n", signatures: [signature])
        let decomposed = try SignedNote(text: "e\u{301}\n", signatures: [signature])
        #expect(composed != decomposed)
        let keys = try ["\u{E9}", "e\u{301}"].map { try TestKeys.log($0, 1).verifierKey }
        #expect(keys[0] != keys[1])
        #expect(try code { _ = try decomposed.verified(by: [TestKeys.log("log.example", 1).verifierKey]) } != nil)
    }

    @Test(arguments: [
        "", "\n", "\n\n", "text", "text\n", "text\n\n", "text\n\n\n", "\n— a AAAAAAE=\n", "text\n— a AAAAAAE=\n",
        "text\n\n— a AAAAAAE=", "text\n\n— a AAAAAAE=\n\n", "text\n\n- a AAAAAAE=\n", "text\n\n—a AAAAAAE=\n",
        "text\n\n — a AAAAAAE=\n", "text\n\n— a  AAAAAAE=\n", "text\n\n— a AAAAAAE= \n", "text\n\n— AAAAAAE=\n",
        "text\n\n—  AAAAAAE=\n", "text\n\n— a b AAAAAAE=\n", "text\n\n— a+b AAAAAAE=\n",
        "text\n\n— a\u{A0}b AAAAAAE=\n",
        "text\n\n— a\u{3000} AAAAAAE=\n", "text\n\n— a\tb AAAAAAE=\n", "text\n\n— a AAAAAA==\n", "text\n\n— a \n",
        "text\n\n— a AAAAAAF=\n", "text\n\n— a AAAAAAE\n", "text\n\n— a AAAA_AE=\n", "text\n\n— a AAAAAAE=\nmore\n",
        "te\txt\n\n— a AAAAAAE=\n", "te\0xt\n\n— a AAAAAAE=\n", "text\r\n\r\n— a AAAAAAE=\r\n",
    ])
    func refusesWhatIsNoNote(encoded: String) throws {
        #expect(try code { _ = try SignedNote(encoded: encoded) } == .noteMalformed)
    }

    @Test func refusesTextThatIsNotUTF8() throws {
        let signature = Array("\n— a AAAAAAE=\n".utf8)
        #expect(try SignedNote(bytes: Array("text\n".utf8) + signature).signatures.count == 1)
        for wrong: [UInt8] in [[0xFF, 0x0A], [0xC3, 0x0A], [0xC0, 0x80, 0x0A], [0xED, 0xA0, 0x80, 0x0A]] {
            #expect(try code { _ = try SignedNote(bytes: wrong + signature) } == .noteMalformed)
        }
        let name = Array("text\n\n— ".utf8) + [0xFF] + Array(" AAAAAAE=\n".utf8)
        #expect(try code { _ = try SignedNote(bytes: name) } == .noteMalformed)
    }

    @Test(arguments: [(-1, false), (0, false), (1, true)])
    func readsNotesUpToTheLimit(excess: Int, isRefused: Bool) throws {
        let tail = "\n\n— a AAAAAAE=\n"
        let text = String(repeating: "x", count: SignedNote.bytesMax - tail.utf8.count + excess)
        #expect(try code { _ = try SignedNote(encoded: text + tail) } == (isRefused ? .noteTooLarge : nil))
        let signature = try NoteSignature(name: "a", keyID: 0, signature: [1])
        #expect(
            try code { _ = try SignedNote(text: text + "\n", signatures: [signature]) }
                == (isRefused ? .noteTooLarge : nil))
    }

    @Test(arguments: [
        (1, nil), (SignedNote.signaturesMax - 1, nil), (SignedNote.signaturesMax, nil),
        (SignedNote.signaturesMax + 1, CustodyError.Code.noteTooLarge),
    ])
    func readsSignaturesUpToTheLimit(count: Int, expected: CustodyError.Code?) throws {
        let encoded = "text\n\n" + String(repeating: "— a AAAAAAE=\n", count: count)
        #expect(try code { _ = try SignedNote(encoded: encoded) } == expected)
        let signature = try NoteSignature(name: "a", keyID: 0, signature: [1])
        let signatures = [NoteSignature](repeating: signature, count: count)
        #expect(try code { _ = try SignedNote(text: "text\n", signatures: signatures) } == expected)
    }

    @Test func refusesASignatureThatNoNoteCanHold() throws {
        #expect(try code { _ = try NoteSignature(name: "a", keyID: 0, signature: []) } == .noteMalformed)
        for name in ["", "a b", "a+b", "a\nb", "a\u{2003}b"] {
            #expect(try code { _ = try NoteSignature(name: name, keyID: 0, signature: [1]) } == .noteMalformed)
        }
        #expect(try code { _ = try SignedNote(text: "text\n", signatures: []) } == .noteMalformed)
    }

    @Test(arguments: [
        PublishedNotes.exampleKey, PublishedNotes.neumannKey, PublishedNotes.enochKey, PublishedNotes.archeKey,
        PublishedNotes.remoraKey, PublishedNotes.stagemoleKey,
        "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
    ])
    func readsAndWritesPublishedKeys(vkey: String) throws {
        let key = try VerifierKey(vkey: vkey)
        #expect(key.vkey == vkey)
        #expect("\(key)" == vkey)
        #expect(try VerifierKey(name: key.name, algorithm: key.algorithm, publicKey: key.publicKey) == key)
    }

    static let key = "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

    @Test(
        arguments: [
            ("", .keyMalformed), ("a", .keyMalformed), ("++", .keyMalformed),
            ("example.com/foo+530d903a", .keyMalformed),
            ("example.com/foo+530d903b+\(key)", .keyMalformed), ("example.com/foO+530d903a+\(key)", .keyMalformed),
            ("example.com/foo+530D903A+\(key)", .keyMalformed), ("example.com/foo+530d903+\(key)", .keyMalformed),
            ("example.com/foo+00530d903a+\(key)", .keyMalformed), ("+530d903a+\(key)", .keyMalformed),
            ("example.com /foo+530d903a+\(key)", .keyMalformed), ("example.com/foo+530d903a+\(key)\n", .keyMalformed),
            ("example.com/foo+530d903a+", .keyMalformed), ("example.com/foo+530d903a+AQ==", .keyMalformed),
            ("example.com/foo+530d903a+\(key)AAAA", .keyMalformed),
            ("example.com/foo+530d903a+\(key.dropLast(4))", .keyMalformed),
            ("example.com/foo+530d903a+A\(key.dropFirst().dropLast())l", .keyMalformed),
            ("example.com/foo+530d903a+Bu\(key.dropFirst(2))", .keyAlgorithmUnsupported),
            ("example.com/foo+530d903a+/+\(key.dropFirst(2))", .keyAlgorithmUnsupported),
        ] as [(String, CustodyError.Code)])
    func refusesWhatIsNoKey(vkey: String, expected: CustodyError.Code) throws {
        #expect(try code { _ = try VerifierKey(vkey: vkey) } == expected)
    }

    @Test func readsAndWritesPrivateKeys() throws {
        for algorithm in [KeyAlgorithm.ed25519, .cosignature] {
            let key = try SigningKey.generate(name: "custody.example/north", algorithm: algorithm)
            let read = try SigningKey(encoded: key.encoded)
            #expect(read.verifierKey == key.verifierKey)
            #expect(read.encoded == key.encoded)
            #expect(try SigningKey.generate(name: key.name, algorithm: algorithm).verifierKey != key.verifierKey)
        }
        #expect(try code { _ = try SigningKey.generate(name: "a b", algorithm: .ed25519) } == .keyMalformed)
    }

    @Test(arguments: [
        "", "PRIVATE+KEY+", PublishedNotes.neumannKey, "PRIVATE+KEY+\(PublishedNotes.neumannKey)",
        String(PublishedNotes.neumannPrivateKey.dropLast()), String(PublishedNotes.neumannPrivateKey.dropFirst()),
        "PRIVATE+KEY+PeterNeumann+c74f20a4+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
        "PRIVATE+KEY+PeterNeumanN+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AQ==",
    ])
    func refusesWhatIsNoPrivateKey(encoded: String) throws {
        #expect(try code { _ = try SigningKey(encoded: encoded) } == .keyMalformed)
    }

    @Test func describesAPrivateKeyByItsPublicHalf() throws {
        let key = try SigningKey(encoded: PublishedNotes.neumannPrivateKey)
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] {
            #expect(text.contains(PublishedNotes.neumannKey))
            #expect(!text.contains("AYEKFALVFGyNhPJEMzD1QIDr"))
        }
    }
}
