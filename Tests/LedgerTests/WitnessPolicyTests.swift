import Ledger
import Testing

@Suite struct WitnessPolicyTests {
    static func log(_ seed: UInt8, _ name: String = "hospital/north") throws -> String {
        try TestKeys.log(name, seed).verifierKey.vkey
    }

    static func witness(_ seed: UInt8) throws -> String {
        try TestKeys.witness("witness.example/\(seed)", seed).verifierKey.vkey
    }

    /// Replaces `<L1>` by the key of log 1 and `<W1>` by the key of witness 1.
    static func filled(_ text: String) throws -> String {
        var text = text
        for seed: UInt8 in 1...9 {
            text.replace("<L\(seed)>", with: try log(seed))
            text.replace("<W\(seed)>", with: try witness(seed))
        }
        return text
    }

    static func keys(_ seeds: [UInt8]) throws -> Set<VerifierKey> {
        try Set(seeds.map { try TestKeys.witness("witness.example/\($0)", $0).verifierKey })
    }

    static let example = """
        # Two organisations must agree.
        log <L1> https://log.example/

        witness X1 <W1>
        witness X2 <W2> https://x2.example/
        witness X3 <W3>
        group X-witnesses 2 X1 X2 X3

        witness Y1 <W4>
        witness Y2 <W5>
        group Y-witnesses any Y1 Y2

        group X-and-Y all X-witnesses Y-witnesses
        quorum X-and-Y

        """

    @Test func readsTheExampleOfTheStandard() throws {
        let policy = try WitnessPolicy(text: Self.filled(Self.example))
        #expect(policy.logs.map(\.key.name) == ["hospital/north"])
        #expect(policy.logs.map(\.url) == ["https://log.example/"])
        #expect(policy.witnesses.map(\.name) == ["X1", "X2", "X3", "Y1", "Y2"])
        #expect(policy.witnesses.map(\.url) == [nil, "https://x2.example/", nil, nil, nil])
        #expect(policy.groups.map(\.threshold) == [2, 1, 2])
        #expect(policy.groups.last?.members == ["X-witnesses", "Y-witnesses"])
        #expect(policy.quorum == "X-and-Y")
    }

    @Test func writesWhatItReads() throws {
        let small = ["quorum none\n", "witness a <W1>\nquorum a\n", "witness a <W1>\ngroup g all a\nquorum g"]
        for text in [Self.example] + small {
            let policy = try WitnessPolicy(text: Self.filled(text))
            #expect(try WitnessPolicy(text: policy.text) == policy)
            #expect(try WitnessPolicy(bytes: policy.bytes) == policy)
            let made = try WitnessPolicy(
                logs: policy.logs, witnesses: policy.witnesses, groups: policy.groups, quorum: policy.quorum)
            #expect(made == policy)
            #expect(made.text == policy.text)
        }
        #expect(try WitnessPolicy(text: "  # nothing\nquorum none").text == "quorum none\n")
        let lines = try WitnessPolicy(text: Self.filled(Self.example)).text.split(separator: "\n")
        #expect(
            lines.suffix(4).map(String.init) == [
                "group X-witnesses 2 X1 X2 X3", "group Y-witnesses any Y1 Y2",
                "group X-and-Y all X-witnesses Y-witnesses",
                "quorum X-and-Y",
            ])
    }

    @Test(
        arguments: [
            ([], false), ([1], false), ([1, 2], false), ([4], false), ([1, 4], false), ([4, 5], false),
            ([1, 2, 3], false),
            ([1, 2, 4], true), ([2, 3, 5], true), ([1, 3, 4, 5], true), ([1, 2, 3, 4, 5], true), ([1, 2, 9], false),
            ([1, 2, 4, 9], true),
        ] as [([UInt8], Bool)])
    func needsTwoOfXAndOneOfY(seeds: [UInt8], isSatisfied: Bool) throws {
        let policy = try WitnessPolicy(text: Self.filled(Self.example))
        #expect(try policy.isSatisfied(by: Self.keys(seeds)) == isSatisfied)
    }

    @Test(
        arguments: [
            ("quorum none", [], true), ("witness a <W1>\nquorum none", [], true),
            ("witness a <W1>\nwitness b <W2>\nquorum a", [1], true),
            ("witness a <W1>\nwitness b <W2>\nquorum a", [2], false),
            ("witness a <W1>\nwitness b <W2>\ngroup g all a b\nquorum g", [1], false),
            ("witness a <W1>\nwitness b <W2>\ngroup g all a b\nquorum g", [1, 2], true),
            ("witness a <W1>\nwitness b <W2>\ngroup g any a b\nquorum g", [2], true),
            ("witness a <W1>\nwitness b <W2>\ngroup g 2 a b\nquorum a", [1], true),
            ("witness a <W1>\ngroup g 1 a\ngroup h all g\ngroup i any h\nquorum i", [1], true),
            ("\twitness  a\t<W1>  \n \t\n \t# quorum none\n quorum\ta ", [1], true),
            ("witness # <W1>\nquorum #", [1], true), ("witness quorum <W1>\nquorum quorum", [1], true),
            ("witness a <W1>\nquorum a\nwitness b <W2>\nlog <L1>\ngroup g all b", [1], true),
            ("log <L1>\nwitness w <W1>\nquorum w", [1], true),
            ("witness \u{212A} <W1>\nwitness K <W2>\nquorum \u{212A}", [2], false),
            ("witness e\u{301} <W1>\nwitness \u{E9} <W2>\nquorum \u{E9}", [1], false),
        ] as [(String, [UInt8], Bool)])
    func readsGoodPolicies(text: String, seeds: [UInt8], isSatisfied: Bool) throws {
        let policy = try WitnessPolicy(text: Self.filled(text))
        #expect(try policy.isSatisfied(by: Self.keys(seeds)) == isSatisfied)
        #expect(try WitnessPolicy(text: policy.text).isSatisfied(by: Self.keys(seeds)) == isSatisfied)
    }

    static let bad: [(String, String?)] = [
        ("", nil), ("\n", nil), ("# quorum none\n", nil), ("log <L1>\n", nil), ("witness a <W1>\n", nil),
        ("quorum", "line 1"), ("quorum none none", "line 1"), ("quorum none\nquorum none", "line 2"),
        ("witness a <W1>\nquorum a\n\nquorum a", "line 4"), ("quorum a\nwitness a <W1>", "line 1"),
        ("quorum all", "line 1"), ("QUORUM none", "line 1"), ("quorum none\nfoo", "line 2"), ("quorum None", "line 1"),
        ("log\nquorum none", "line 1"), ("log <L1> a b\nquorum none", "line 1"), ("log <W1>\nquorum none", "line 1"),
        ("log <L1>\nlog <L1>\nquorum none", "line 2"), ("log hello\nquorum none", "line 1"),
        ("quorum none\nlog hospital/north+00000000+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "line 2"),
        ("quorum none\nlog x+00000000+BukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "line 2"),
        ("witness a\nquorum none", "line 1"), ("witness a <W1> u v\nquorum none", "line 1"),
        ("witness a <L1>\nquorum none", "line 1"), ("witness <W1> a\nquorum none", "line 1"),
        ("witness a <W1>\nwitness b <W1>\nquorum none", "line 2"),
        ("witness a <W1>\nwitness a <W2>\nquorum none", "line 2"),
        ("witness none <W1>\nquorum none", "line 1"), ("witness a <W1>\ngroup none all a\nquorum none", "line 2"),
        ("witness a <W1>\ngroup a all a\nquorum a", "line 2"), ("group g\nquorum none", "line 1"),
        ("group g all\nquorum none", "line 1"), ("group g all a\nquorum none", "line 1"),
        ("group g all g\nquorum none", "line 1"), ("group g all none\nquorum none", "line 1"),
        ("group g any h\nwitness h <W1>\nquorum g", "line 1"), ("witness a <W1>\ngroup g a\nquorum g", "line 2"),
        ("witness a <W1>\ngroup g 0 a\nquorum g", "line 2"), ("witness a <W1>\ngroup g 2 a\nquorum g", "line 2"),
        ("witness a <W1>\ngroup g -1 a\nquorum g", "line 2"), ("witness a <W1>\ngroup g 01 a\nquorum g", "line 2"),
        ("witness a <W1>\ngroup g 0x1 a\nquorum g", "line 2"), ("witness a <W1>\ngroup g ALL a\nquorum g", "line 2"),
        ("witness a <W1>\ngroup g 99999999999999999999 a\nquorum g", "line 2"),
        ("witness a <W1>\ngroup g any a a\nquorum g", "line 2"),
        ("witness a <W1>\ngroup g all a\ngroup h all a\nquorum g", "line 3"),
        ("witness a <W1>\ngroup g all a\ngroup h all g\ngroup i all g h\nquorum i", "line 4"),
        ("witness a <W1>\ngroup g all a\ngroup g all a\nquorum g", "line 3"),
        ("quorum none\r\n", "line 1"), ("quorum none # why\n", "line 1"), ("quorum none\u{7F}", "line 1"),
        ("# a\u{0}\nquorum none", "line 1"), ("quorum none\n#\u{B}", "line 2"), ("quorum\u{A0}none", "line 1"),
    ]

    @Test(arguments: bad)
    func refusesBadPoliciesByLine(text: String, place: String?) throws {
        let error = try #require(throws: CustodyError.self) { try WitnessPolicy(text: Self.filled(text)) }
        #expect(error.place == place)
        #expect([.policyMalformed, .keyMalformed, .keyAlgorithmUnsupported].contains(error.code))
        #expect(error.remedy != nil)
    }

    @Test func refusesTheSamePublicKeyUnderTwoNames() throws {
        let logs = try "log \(Self.log(1, "a"))\nlog \(Self.log(1, "b"))\nquorum none"
        #expect(try code { _ = try WitnessPolicy(text: logs) } == .policyMalformed)
        let other = try TestKeys.witness("other.example", 1).verifierKey.vkey
        let witnesses = try "witness a \(Self.witness(1))\nwitness b \(other)\nquorum none"
        #expect(try code { _ = try WitnessPolicy(text: witnesses) } == .policyMalformed)
        // A log and a witness may share a key: what each signs is told apart.
        #expect(try WitnessPolicy(text: Self.filled("log <L1>\nwitness a <W1>\nquorum a")).logs.count == 1)
        let sameName = try "log \(Self.log(1, "a"))\nlog \(Self.log(2, "a"))\nquorum none"
        #expect(try WitnessPolicy(text: sameName).logs.count == 2)
    }

    @Test func keepsWordsThatAreNotUTF8() throws {
        let vkey = try Array(Self.witness(1).utf8)
        let name: [UInt8] = [0xFF, 0x80]
        let bytes = Array("witness ".utf8) + name + [0x20] + vkey + Array("\nquorum ".utf8) + name + [0x0A]
        let policy = try WitnessPolicy(bytes: bytes)
        #expect(policy.bytes == bytes)
        #expect(try policy.isSatisfied(by: Self.keys([1])))
        let key = Array("log ".utf8) + [0xFF] + Array("\nquorum none".utf8)
        #expect(try code { _ = try WitnessPolicy(bytes: key) } == .keyMalformed)
    }

    @Test func refusesToMakeWhatItWouldNotRead() throws {
        #expect(["", "a b", "a\tb", "a\n", "a\u{7F}"].allSatisfy { WitnessPolicy.Word($0) == nil })
        let witness = try WitnessPolicy.Witness(name: "a", key: TestKeys.witness("w", 1).verifierKey)
        func refusal(_ groups: [WitnessPolicy.Group], quorum: WitnessPolicy.Word?) throws -> CustodyError.Code? {
            try code { _ = try WitnessPolicy(logs: [], witnesses: [witness], groups: groups, quorum: quorum) }
        }
        #expect(try refusal([], quorum: "a") == nil)
        #expect(try refusal([], quorum: "b") == .policyMalformed)
        #expect(try refusal([], quorum: "none") == .policyMalformed)
        #expect(try refusal([.init(name: "g", threshold: 0, members: ["a"])], quorum: "g") == .policyMalformed)
        #expect(try refusal([.init(name: "g", threshold: 0, members: [])], quorum: "g") == .policyMalformed)
        #expect(try refusal([.init(name: "g", threshold: 2, members: ["a"])], quorum: "g") == .policyMalformed)
        #expect(try refusal([.init(name: "g", threshold: 1, members: ["a"])], quorum: "g") == nil)
        let control = try WitnessPolicy.Log(key: TestKeys.log("a\u{7F}", 1).verifierKey)
        #expect(
            try code { _ = try WitnessPolicy(logs: [control], witnesses: [], groups: [], quorum: nil) }
                == .policyMalformed)
    }

    @Test(arguments: ["log", "witness", "group"], [-1, 0, 1])
    func readsLinesUpToTheLimit(kind: String, excess: Int) throws {
        #expect(WitnessPolicy.logsMax == 1024 && WitnessPolicy.witnessesMax == 1024 && WitnessPolicy.groupsMax == 1024)
        var text = try Self.filled("witness w0 <W1>\n")
        let first = kind == "witness" ? 1 : 0
        for number in first..<1024 + excess {
            let publicKey = Hash.sha256(Array("key \(number)".utf8)).bytes
            let algorithm: KeyAlgorithm = kind == "log" ? .ed25519 : .cosignature
            let vkey = try VerifierKey(name: "a", algorithm: algorithm, publicKey: publicKey).vkey
            switch kind {
            case "log": text += "log \(vkey)\n"
            case "witness": text += "witness w\(number) \(vkey)\n"
            default: text += "group g\(number) all \(number == 0 ? "w0" : "g\(number - 1)")\n"
            }
        }
        #expect(try code { _ = try WitnessPolicy(text: text + "quorum none") } == (excess > 0 ? .policyTooLarge : nil))
    }

    @Test(arguments: [-1, 0, 1])
    func readsFilesUpToTheLimit(excess: Int) throws {
        let line = "quorum none\n#"
        let text = line + String(repeating: "\n", count: WitnessPolicy.bytesMax - line.utf8.count + excess)
        #expect(try code { _ = try WitnessPolicy(text: text) } == (excess > 0 ? .policyTooLarge : nil))
    }
}

// MARK: Evaluating

extension WitnessPolicyTests {
    static let checkpoint = Result { try Checkpoint(origin: "hospital/north", size: 9, root: .emptyTree) }

    static func note(_ witnesses: [UInt8], log: SigningKey? = nil) throws -> SignedNote {
        let text = try checkpoint.get().text
        let log = try log ?? TestKeys.log("hospital/north", 1)
        let cosignatures = try witnesses.map {
            try TestKeys.witness("witness.example/\($0)", $0).cosign(text, time: 1000 + UInt64($0))
        }
        return try SignedNote(text: text, signatures: [log.sign(text)] + cosignatures)
    }

    @Test func evaluatesACosignedCheckpoint() throws {
        let policy = try WitnessPolicy(text: Self.filled(Self.example))
        let confirmed = try policy.evaluate(Self.note([1, 2, 4, 9]))
        #expect(try confirmed.checkpoint == Self.checkpoint.get())
        #expect(try confirmed.log == TestKeys.log("hospital/north", 1).verifierKey)
        #expect(try Set(confirmed.cosigners.keys) == Self.keys([1, 2, 4]))
        #expect(Set(confirmed.cosigners.values) == [1001, 1002, 1004])
        #expect(confirmed.isConfirmed)
        let unconfirmed = try policy.evaluate(Self.note([1, 4]))
        #expect(!unconfirmed.isConfirmed)
        #expect(unconfirmed.cosigners.count == 2)
        #expect(try !policy.evaluate(Self.note([])).isConfirmed)
    }

    @Test func evaluatesACheckpointOfAPublicLog() throws {
        let text = """
            log \(PublishedNotes.archeKey)
            witness remora \(PublishedNotes.remoraKey)
            witness stagemole \(PublishedNotes.stagemoleKey)
            group all-of-them all remora stagemole
            quorum all-of-them
            """
        let result = try WitnessPolicy(text: text).evaluate(SignedNote(encoded: PublishedNotes.arche))
        #expect(result.isConfirmed)
        #expect(result.cosigners.values.allSatisfy { $0 == PublishedNotes.archeTime })
    }

    @Test func countsNoWitnessTwice() throws {
        let two = "log <L1>\nwitness a <W1>\nwitness b <W2>\ngroup g 2 a b\nquorum g"
        let policy = try WitnessPolicy(text: Self.filled(two))
        let text = try Self.checkpoint.get().text
        let witness = try TestKeys.witness("witness.example/1", 1)
        let again = try [7, 8].map { try witness.cosign(text, time: $0) }
        let result = try policy.evaluate(Self.note([1]).adding(again))
        #expect(!result.isConfirmed)
        #expect(result.cosigners.values.map(\.self) == [1001])
    }

    @Test func refusesCheckpointsWithoutTheirLog() throws {
        let policy = try WitnessPolicy(text: Self.filled("log <L1>\nwitness a <W1>\nquorum a"))
        let impostor = try TestKeys.log("hospital/north", 5)
        #expect(try code { _ = try policy.evaluate(Self.note([1], log: impostor)) } == .checkpointUnsigned)
        let unknown = try WitnessPolicy(text: Self.filled("log \(Self.log(1, "hospital/south"))\nquorum none"))
        #expect(try code { _ = try unknown.evaluate(Self.note([1])) } == .policyLogUnknown)
        #expect(try code { _ = try WitnessPolicy(text: "quorum none").evaluate(Self.note([1])) } == .policyLogUnknown)
        // One listed log cannot speak for another.
        let both = try WitnessPolicy(text: Self.filled("log <L1>\nlog \(Self.log(6, "hospital/south"))\nquorum none"))
        let south = try TestKeys.log("hospital/south", 6)
        #expect(try code { _ = try both.evaluate(Self.note([], log: south)) } == .checkpointUnsigned)
    }

    @Test func refusesAWrongCosignatureOfAListedWitness() throws {
        let policy = try WitnessPolicy(text: Self.filled("log <L1>\nwitness a <W1>\nwitness b <W2>\nquorum a"))
        let wrong = try TestKeys.witness("witness.example/2", 2).cosign("other text\n", time: 5)
        let note = try Self.note([1]).adding([wrong])
        #expect(try code { _ = try policy.evaluate(note) } == .noteSignatureWrong)
        let stranger = try TestKeys.witness("witness.example/3", 3).cosign("other text\n", time: 5)
        #expect(try policy.evaluate(Self.note([1]).adding([stranger])).isConfirmed)
    }

    @Test func refusesASignedNoteThatIsNoCheckpoint() throws {
        let policy = try WitnessPolicy(text: Self.filled("log <L1>\nquorum none"))
        let key = try TestKeys.log("hospital/north", 1)
        let note = try SignedNote(text: "hospital/north\n", signatures: [key.sign("hospital/north\n")])
        #expect(try code { _ = try policy.evaluate(note) } == .checkpointMalformed)
    }
}
