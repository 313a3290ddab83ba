import Ledger
import Testing

@Suite struct TransparencyProofTests {
    static let entries = (0..<11).map { Array("entry \($0)".utf8) }
    static let leaves = entries.map { Hash.leaf($0) }

    static func policy(quorum: String = "w") throws -> WitnessPolicy {
        try WitnessPolicy(text: WitnessPolicyTests.filled("log <L1>\nwitness w <W1>\nquorum \(quorum)"))
    }

    static func checkpoint(cosigned: Bool = true) throws -> SignedNote {
        let root = NaiveTree.root(leaves[...])
        let checkpoint = try Checkpoint(origin: "hospital/north", size: UInt64(leaves.count), root: root)
        let note = try checkpoint.signed(by: TestKeys.log("hospital/north", 1))
        let witness = try TestKeys.witness("witness.example/1", 1)
        return cosigned ? try note.adding([witness.cosign(checkpoint.text, time: 1_800_000_000)]) : note
    }

    static func proof(_ index: Int, cosigned: Bool = true, extra: [UInt8]? = nil) throws -> TransparencyProof {
        try TransparencyProof(
            index: UInt64(index), hashes: NaiveTree.proof(index, index + 1, leaves[...]),
            checkpoint: checkpoint(cosigned: cosigned), extra: extra)
    }

    @Test(arguments: 0..<11)
    func provesEachEntryOffline(index: Int) throws {
        let proof = try TransparencyProof(encoded: Self.proof(index).encoded)
        let result = try proof.verify(entry: Self.entries[index], policy: Self.policy())
        #expect(result.inLog)
        #expect(result.confirmed)
        #expect(result.checkpoint.size == 11)
        #expect(result.policy.cosigners.values.first == 1_800_000_000)
    }

    @Test func keepsInLogAndConfirmedApart() throws {
        let uncosigned = try Self.proof(4, cosigned: false)
        let inLogOnly = try uncosigned.verify(entry: Self.entries[4], policy: Self.policy())
        #expect(inLogOnly.inLog && !inLogOnly.confirmed)
        #expect(try uncosigned.verify(entry: Self.entries[4], policy: Self.policy(quorum: "none")).confirmed)
        let otherEntry = try Self.proof(4).verify(entry: Self.entries[5], policy: Self.policy())
        #expect(!otherEntry.inLog && !otherEntry.confirmed)
        #expect(otherEntry.policy.isConfirmed)
    }

    @Test func doesNotTakeANodeForAnEntry() throws {
        let node = Self.leaves[0].bytes + Self.leaves[1].bytes
        let shortened = try TransparencyProof(
            index: 0, hashes: Array(NaiveTree.proof(0, 1, Self.leaves[...]).dropFirst()), checkpoint: Self.checkpoint())
        #expect(try !shortened.verify(entry: node, policy: Self.policy()).inLog)
    }

    @Test func showsChangedHashesAndIndexes() throws {
        let proof = try Self.proof(4)
        for hashes in try MerkleProofTests.changes(of: proof.hashes, everyByte: true) {
            let changed = try TransparencyProof(index: 4, hashes: hashes, checkpoint: proof.checkpoint)
            #expect(try !changed.verify(entry: Self.entries[4], policy: Self.policy()).inLog)
        }
        for index: UInt64 in [0, 3, 5, 10, 11, 1 << 62] {
            let changed = try TransparencyProof(index: index, hashes: proof.hashes, checkpoint: proof.checkpoint)
            #expect(try !changed.verify(entry: Self.entries[4], policy: Self.policy()).inLog)
        }
    }

    @Test func neverConfirmsAFileWithAChangedByte() throws {
        let bytes = try Array(Self.proof(4, extra: [1, 2, 3]).encoded.utf8)
        let policy = try Self.policy()
        let extra = Array("extra AQID\n".utf8)
        let start = try #require(bytes.firstRange(of: extra))
        for index in bytes.indices where !start.contains(index) {
            var changed = bytes
            changed[index] ^= 1
            let result = try? TransparencyProof(bytes: changed).verify(entry: Self.entries[4], policy: policy)
            #expect(result?.confirmed != true, "byte \(index)")
        }
        for end in bytes.indices {
            let result = try? TransparencyProof(bytes: bytes[..<end]).verify(entry: Self.entries[4], policy: policy)
            #expect(result?.confirmed != true)
        }
    }

    @Test func refusesACheckpointThatCannotBeTrusted() throws {
        let proof = try Self.proof(4)
        let stranger = try WitnessPolicy(text: "quorum none")
        #expect(try code { _ = try proof.verify(entry: Self.entries[4], policy: stranger) } == .policyLogUnknown)
        let text = proof.checkpoint.text
        let forged = try SignedNote(text: text, signatures: [TestKeys.log("hospital/north", 9).sign(text)])
        let fake = try TransparencyProof(index: 4, hashes: proof.hashes, checkpoint: forged)
        #expect(try code { _ = try fake.verify(entry: Self.entries[4], policy: Self.policy()) } == .checkpointUnsigned)
    }

    @Test func writesTheLinesOfTheStandard() throws {
        let proof = try Self.proof(4, extra: [1, 2, 3])
        let lines = proof.encoded.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines.prefix(3) == ["c2sp.org/tlog-proof@v1", "extra AQID", "index 4"])
        #expect(Array(lines[3..<3 + proof.hashes.count]) == proof.hashes.map(\.base64))
        #expect(lines[3 + proof.hashes.count].isEmpty)
        #expect(proof.encoded.hasSuffix(proof.checkpoint.encoded))
        #expect(try TransparencyProof(encoded: proof.encoded) == proof)
        #expect(try Self.proof(0).encoded.hasPrefix("c2sp.org/tlog-proof@v1\nindex 0\n"))
        #expect(TransparencyProof.fileExtension == "tlog-proof")
    }

    @Test func provesTheOnlyEntryWithoutHashes() throws {
        let checkpoint = try Checkpoint(origin: "hospital/north", size: 1, root: Self.leaves[0])
        let note = try checkpoint.signed(by: TestKeys.log("hospital/north", 1))
        let proof = try TransparencyProof(index: 0, hashes: [], checkpoint: note)
        let read = try TransparencyProof(encoded: proof.encoded)
        #expect(read == proof)
        #expect(try read.verify(entry: Self.entries[0], policy: Self.policy()).inLog)
    }

    static let note = "hospital/north\n1\nAAAA\n\n— a AAAAAAE=\n"
    static let hash = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

    @Test func readsTheShapeThatTheRefusedOnesMiss() throws {
        let head = "c2sp.org/tlog-proof@v1\n"
        #expect(try TransparencyProof(encoded: "\(head)index 0\n\(Self.hash)\n\n\(Self.note)").hashes.count == 1)
        #expect(try TransparencyProof(encoded: "\(head)extra AQ==\nindex 0\n\n\(Self.note)").extra == [1])
    }

    @Test(
        arguments: [
            ("", .proofMalformed), ("c2sp.org/tlog-proof@v1", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\n", .proofMalformed),
            ("c2sp.org/tlog-proof@v2\nindex 0\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1 \nindex 0\n\n\(note)", .proofMalformed),
            ("\nc2sp.org/tlog-proof@v1\nindex 0\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\r\nindex 0\r\n\r\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\n\(hash)\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nindex\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nindex \n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nindex 00\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nindex 01\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nindex -1\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nindex  1\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nindex 1 \n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nindex 9223372036854775807\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nindex 18446744073709551616\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nindex 0\nextra AQ==\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nextra AQ==\nextra AQ==\nindex 0\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nextra\nindex 0\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nextra AR==\nindex 0\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nextra A Q==\nindex 0\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nindex 0\n\(hash) \n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nindex 0\n\(hash.dropLast())\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nindex 0\nAA==\n\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nindex 0\n\(note)", .proofMalformed),
            ("c2sp.org/tlog-proof@v1\nindex 0", .noteMalformed), ("c2sp.org/tlog-proof@v1\nindex 0\n", .noteMalformed),
            ("c2sp.org/tlog-proof@v1\nindex 0\n\n", .noteMalformed),
            ("c2sp.org/tlog-proof@v1\nindex 0\n\nhospital/north\n", .noteMalformed),
            ("c2sp.org/tlog-proof@v1\nindex 0\n\n\(note)\n", .noteMalformed),
        ] as [(String, CustodyError.Code)])
    func refusesWhatIsNoProof(encoded: String, expected: CustodyError.Code) throws {
        #expect(try code { _ = try TransparencyProof(encoded: encoded) } == expected)
    }

    @Test(arguments: [-1, 0, 1])
    func readsHashesUpToTheLimit(excess: Int) throws {
        let count = MerkleProof.proofHashesMax + excess
        let expected: CustodyError.Code? = excess > 0 ? .proofTooLarge : nil
        let lines = String(repeating: "\(Self.hash)\n", count: count)
        #expect(
            try code { _ = try TransparencyProof(encoded: "c2sp.org/tlog-proof@v1\nindex 0\n\(lines)\n\(Self.note)") }
                == expected)
        let hashes = [Hash](repeating: .emptyTree, count: count)
        let made = Result { try TransparencyProof(index: 0, hashes: hashes, checkpoint: Self.checkpoint()) }
        #expect(try code { _ = try made.get() } == expected)
    }

    @Test(arguments: [-1, 0, 1])
    func readsFilesUpToTheLimit(excess: Int) throws {
        let expected: CustodyError.Code? = excess > 0 ? .proofTooLarge : nil
        // Base64 grows by four characters at a time, so the index makes up the rest.
        let bare = try TransparencyProof(index: 0, hashes: [], checkpoint: Self.checkpoint()).encoded.utf8.count
        let room = TransparencyProof.bytesMax + excess - bare - "extra \n".utf8.count
        let extra = [UInt8](repeating: 0, count: room / 4 * 3)
        let index = UInt64("1" + String(repeating: "0", count: room % 4)) ?? 0
        let made = Result {
            try TransparencyProof(index: index, hashes: [], checkpoint: Self.checkpoint(), extra: extra)
        }
        #expect(try code { _ = try made.get() } == expected)
        if expected == nil {
            let encoded = try made.get().encoded
            #expect(encoded.utf8.count == TransparencyProof.bytesMax + excess)
            #expect(try TransparencyProof(encoded: encoded) == made.get())
            #expect(try code { _ = try TransparencyProof(encoded: encoded + "xx") } == .proofTooLarge)
        }
    }

    @Test func holdsNoIndexBeyondTheLargestTree() throws {
        let checkpoint = try Self.checkpoint()
        #expect(
            try code { _ = try TransparencyProof(index: MerkleTree.sizeMax - 1, hashes: [], checkpoint: checkpoint) }
                == nil)
        #expect(
            try code { _ = try TransparencyProof(index: MerkleTree.sizeMax, hashes: [], checkpoint: checkpoint) }
                == .proofMalformed)
        #expect(
            try code { _ = try TransparencyProof(index: 0, hashes: [], checkpoint: checkpoint, extra: []) }
                == .proofMalformed)
    }
}
