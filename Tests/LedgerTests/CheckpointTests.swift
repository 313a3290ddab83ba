import Ledger
import Testing

@Suite struct CheckpointTests {
    static let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
    static let text = "example.com/behind-the-sofa\n20852163\n\(root)\n"

    @Test func readsTheExampleOfTheStandard() throws {
        let checkpoint = try Checkpoint(text: Self.text)
        #expect(checkpoint.origin == "example.com/behind-the-sofa")
        #expect(checkpoint.size == 20_852_163)
        #expect(checkpoint.root.base64 == Self.root)
        #expect(checkpoint.extensions.isEmpty)
        #expect(checkpoint.text == Self.text)
    }

    @Test func opensACheckpointOfAPublicLog() throws {
        let note = try SignedNote(encoded: PublishedNotes.arche)
        let checkpoint = try Checkpoint.open(note, log: VerifierKey(vkey: PublishedNotes.archeKey))
        #expect(checkpoint.size == 1_432_088_532)
        let witnesses = try [PublishedNotes.remoraKey, PublishedNotes.stagemoleKey].map { try VerifierKey(vkey: $0) }
        let cosignatures = try note.verified(by: witnesses)
        #expect(cosignatures.map(\.key) == witnesses)
        #expect(cosignatures.allSatisfy { $0.time == PublishedNotes.archeTime })
    }

    @Test func keepsExtensionLines() throws {
        let text = Self.text + "extension one\n2\n"
        let checkpoint = try Checkpoint(text: text)
        #expect(checkpoint.extensions == ["extension one", "2"])
        #expect(checkpoint.text == text)
        #expect(try checkpoint != Checkpoint(text: Self.text))
    }

    @Test(arguments: [0, 1, UInt64(Int64.max)])
    func signsAndOpensSizesUpToTheLimit(size: UInt64) throws {
        let key = try TestKeys.log("hospital/north", 1)
        let checkpoint = try Checkpoint(origin: "hospital/north", size: size, root: .emptyTree)
        let note = try SignedNote(encoded: checkpoint.signed(by: key).encoded)
        #expect(try Checkpoint.open(note, log: key.verifierKey) == checkpoint)
    }

    @Test(arguments: [
        "", "\n", "a\n", "a\n1\n", "a\n1\n\(root)", "\n1\n\(root)\n", "a\n\n\(root)\n", "a\n1\n\n", "a\n01\n\(root)\n",
        "a\n00\n\(root)\n", "a\n-1\n\(root)\n", "a\n+1\n\(root)\n", "a\n1 \n\(root)\n", "a\n 1\n\(root)\n",
        "a\n1x\n\(root)\n", "a\n١\n\(root)\n",
        "a\n9223372036854775808\n\(root)\n", "a\n18446744073709551616\n\(root)\n",
        "a\n99999999999999999999999999\n\(root)\n", "a\n1\n\(root)\n\n", "a\n1\n\(root)\n\nmore\n",
        "a\n1\n\(root.dropLast())\n", "a\n1\n\(root) \n", "a\n1\nAA==\n", "a\r\n1\r\n\(root)\r\n", "a\tb\n1\n\(root)\n",
        "a\n1\n\(root.replacing("q2I=", with: "q2J="))\n", "a\n1\n\(root.replacing("/", with: "_"))\n",
    ])
    func refusesWhatIsNoCheckpoint(text: String) throws {
        #expect(try code { _ = try Checkpoint(text: text) } == .checkpointMalformed)
    }

    @Test func refusesToMakeWhatItWouldNotRead() throws {
        for origin in ["", "a\nb", "a\r"] {
            #expect(try code { _ = try Checkpoint(origin: origin, size: 1, root: .emptyTree) } == .checkpointMalformed)
        }
        #expect(try code { _ = try Checkpoint(origin: "a", size: 1 << 63, root: .emptyTree) } == .checkpointMalformed)
        let badExtension = { try Checkpoint(origin: "a", size: 1, root: .emptyTree, extensions: [""]) }
        #expect(try code { _ = try badExtension() } == .checkpointMalformed)
    }

    @Test func opensOnlyWhatItsOwnLogSigned() throws {
        let key = try TestKeys.log("hospital/north", 1)
        let other = try TestKeys.log("hospital/south", 2)
        let sameName = try TestKeys.log("hospital/north", 3)
        let checkpoint = try Checkpoint(origin: "hospital/north", size: 7, root: .emptyTree)
        #expect(try code { _ = try checkpoint.signed(by: other) } == .checkpointOrigin)
        let note = try checkpoint.signed(by: key)
        #expect(try code { _ = try Checkpoint.open(note, log: sameName.verifierKey) } == .checkpointUnsigned)
        #expect(try code { _ = try Checkpoint.open(note, log: other.verifierKey) } == .checkpointUnsigned)
        let stolen = try SignedNote(text: checkpoint.text, signatures: [other.sign(checkpoint.text)])
        #expect(try code { _ = try Checkpoint.open(stolen, log: other.verifierKey) } == .checkpointOrigin)
        let changed = try SignedNote(text: checkpoint.text.replacing("7", with: "8"), signatures: note.signatures)
        #expect(try code { _ = try Checkpoint.open(changed, log: key.verifierKey) } == .noteSignatureWrong)
    }

    @Test func tellsCanonicallyEquivalentOriginsApart() throws {
        let composed = try Checkpoint(origin: "\u{E9}", size: 1, root: .emptyTree)
        let decomposed = try Checkpoint(origin: "e\u{301}", size: 1, root: .emptyTree)
        #expect(composed != decomposed)
    }
}
