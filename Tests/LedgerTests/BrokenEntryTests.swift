import FoundationEssentials
import Testing

@testable import Ledger

/// A log is convicted of an entry that does not carry the hash of the one before it, by its own signature and by nothing
/// else.
@Suite struct BrokenEntryTests {
    let key: SigningKey

    init() throws { key = try SigningKey.generate(name: "hospital/main", algorithm: .ed25519) }

    // MARK: Logs

    private static func entry(_ number: Int, after previous: Hash?) throws -> [UInt8] {
        let nothing = Reference(origin: "", index: 0, leafHash: .emptyTree)
        return try Entry(
            previous: previous, recordedAt: 1, clock: ClockQuality(source: .none, error: 0, bootID: []),
            body: .erasure(Erasure(order: "", update: nothing, fact: "", reason: "number \(number)"))
        ).sealed()
    }

    /// Entries of which each carries the hash of the one before, but for one.
    private static func entries(_ count: Int, but index: Int, _ broken: [UInt8]) throws -> [[UInt8]] {
        var entries: [[UInt8]] = []
        for number in 0..<count {
            let previous = entries.last.map { Hash.leaf($0) }
            entries.append(number == index ? broken : try entry(number, after: previous))
        }
        return entries
    }

    private func proof(_ plan: [[TreeNode]]?, of leaves: [Hash]) -> [Hash] {
        MerkleProof.proof(plan ?? []) { node in
            let first = Int(node.index << node.level)
            return MerkleProof.root(ofSubtree: leaves[first..<(first + 1 << node.level)])
        }
    }

    private func evidence(_ entries: [[UInt8]], at index: Int, by key: SigningKey? = nil) throws -> BrokenEntry {
        let leaves = entries.map { Hash.leaf($0) }
        let (place, size) = (UInt64(index), UInt64(leaves.count))
        let head = try Checkpoint(origin: self.key.name, size: size, root: MerkleProof.root(ofSubtree: leaves))
        let before = BrokenEntry.Before(
            leaf: index > 0 ? leaves[index - 1] : .emptyTree,
            inclusion: index > 0 ? proof(MerkleProof.inclusionPlan(index: place - 1, size: place), of: leaves) : [])
        return BrokenEntry(
            head: try head.signed(by: key ?? self.key), index: place,
            root: MerkleProof.root(ofSubtree: leaves.prefix(index)),
            consistency: proof(MerkleProof.consistencyPlan(from: place, to: size), of: leaves),
            before: index > 0 ? before : nil, entry: entries[index],
            inclusion: proof(MerkleProof.inclusionPlan(index: place, size: size), of: leaves))
    }

    private func evidence(_ index: Int, of count: Int) throws -> BrokenEntry {
        let broken = try Self.entry(index, after: .leaf([9]))
        return try evidence(try Self.entries(count, but: index, broken), at: index)
    }

    private func code(_ evidence: BrokenEntry) -> CustodyError.Code? {
        do { _ = try evidence.check(log: key.verifierKey) } catch { return (error as? CustodyError)?.code }
        return nil
    }

    // MARK: Guilt

    @Test(arguments: [
        (0, 1), (0, 300), (1, 2), (3, 9), (8, 9), (255, 256), (256, 257), (256, 600), (257, 600), (512, 600),
        (599, 600),
    ])
    func convictsOfAnEntryThatDoesNotCarryTheHashOfTheOneBefore(_ index: Int, _ count: Int) throws {
        let evidence = LogEvidence.brokenEntry(try evidence(index, of: count))
        let read = try LogEvidence(bytes: Array(evidence.encoded.utf8))
        #expect(read == evidence)
        let offence = try read.check(log: key.verifierKey)
        #expect(offence.origin == key.name && offence.common == UInt64(index) && offence.size == UInt64(index + 1))
        #expect(try read.common?.size == UInt64(index) && read.origin == key.name)
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// What it makes of a sound entry.
        let make: @Sendable ([UInt8]) throws -> [UInt8]
    }

    private static let withoutLink = 34

    static let faults = [
        Fault(testDescription: "no hash") { Array($0.dropFirst(withoutLink)) },
        Fault(testDescription: "nothing") { _ in [] },
        Fault(testDescription: "another hash") { try entry(4, after: .leaf($0)) },
        Fault(testDescription: "the hash twice") { Array($0.prefix(withoutLink)) + $0 },
        Fault(testDescription: "a hash of 31 bytes") { [0x0A, 31] + $0[2..<33] + $0[34...] },
        Fault(testDescription: "a number for a hash") { [0x08, 1] + $0.dropFirst(withoutLink) },
        Fault(testDescription: "the end in the middle of a field") { $0.dropLast() },
        Fault(testDescription: "no fields") { _ in [0xFF, 0xFF] },
    ]

    @Test(arguments: faults) func convictsOfEveryKindOfBrokenEntry(fault: Fault) throws {
        let sound = try Self.entries(9, but: -1, [])
        let entries = try Self.entries(9, but: 4, try fault.make(sound[4]))
        #expect(try code(evidence(entries, at: 4)) == nil)
    }

    @Test func theFirstEntryOfALogCarriesNoHash() throws {
        let first = try Self.entry(0, after: nil)
        #expect(try code(evidence(try Self.entries(3, but: 0, first), at: 0)) == .evidenceRefused)
        #expect(try code(evidence(try Self.entries(3, but: 0, []), at: 0)) == .evidenceRefused)
    }

    // MARK: Innocence

    @Test(arguments: [0, 1, 4, 255, 256, 299]) func acquitsOfASoundEntry(_ index: Int) throws {
        #expect(try code(evidence(try Self.entries(300, but: -1, []), at: index)) == .evidenceRefused)
    }

    /// A later release may write entries that this one cannot read.
    @Test(
        arguments: [
            [0x10, 1, 0xFA, 0x01, 2, 7, 7], [0x1A, 2, 0x08, 99], [0x2A, 1, 0xFF],
        ] as [[UInt8]]) func acquitsOfAnEntryThatOnlyALaterReleaseReads(_ rest: [UInt8]) throws
    {
        let before = try Self.entries(4, but: -1, [])
        let link: [UInt8] = [0x0A, 32] + Hash.leaf(before[3]).bytes
        for entry in [link + rest, rest + link] {
            #expect(throws: CustodyError.self) { try Entry(bytes: entry) }
            #expect(try code(evidence(try Self.entries(9, but: 4, entry), at: 4)) == .evidenceRefused)
        }
    }

    @Test func refusesProofsThatDoNotHold() throws {
        let right = try evidence(300, of: 600)
        let before = try #require(right.before)
        func forged(
            _ before: BrokenEntry.Before?, index: UInt64? = nil, root: Hash? = nil, consistency: [Hash]? = nil,
            entry: [UInt8]? = nil, inclusion: [Hash]? = nil
        ) -> BrokenEntry {
            BrokenEntry(
                head: right.head, index: index ?? right.index, root: root ?? right.root,
                consistency: consistency ?? right.consistency, before: before, entry: entry ?? right.entry,
                inclusion: inclusion ?? right.inclusion)
        }
        #expect(code(forged(before)) == nil)
        let other = BrokenEntry.Before(leaf: .leaf([1]), inclusion: before.inclusion)
        let short = BrokenEntry.Before(leaf: before.leaf, inclusion: before.inclusion.dropLast())
        let all = [
            forged(before, index: 301), forged(before, index: 299), forged(before, index: 600),
            forged(before, index: .max), forged(before, index: 0), forged(nil, index: 0),
            forged(before, root: .leaf([1])), forged(before, consistency: []),
            forged(before, consistency: right.consistency + [.emptyTree]), forged(nil),
            forged(other), forged(short), forged(before, entry: right.entry + [0]),
            forged(before, inclusion: right.inclusion.reversed()), forged(before, inclusion: []),
        ]
        for evidence in all { #expect(code(evidence) == .evidenceRefused) }
    }

    @Test func refusesAnEntryThatIsNotUnderTheHead() throws {
        let right = try evidence(4, of: 9)
        let other = try evidence(try Self.entries(9, but: -1, []), at: 4)
        let forged = BrokenEntry(
            head: other.head, index: 4, root: right.root, consistency: right.consistency, before: right.before,
            entry: right.entry, inclusion: right.inclusion)
        #expect(code(forged) == .evidenceRefused)
    }

    @Test func refusesAHeadThatTheLogHasNotSigned() throws {
        let stranger = try SigningKey.generate(name: key.name, algorithm: .ed25519)
        let entries = try Self.entries(9, but: 4, [])
        #expect(try code(evidence(entries, at: 4, by: stranger)) == .checkpointUnsigned)
    }

    // MARK: Files

    @Test func noBeginningOfEvidenceIsEvidence() throws {
        let bytes = Array(LogEvidence.brokenEntry(try evidence(4, of: 9)).encoded.utf8)
        for count in 0..<bytes.count {
            #expect(throws: CustodyError.self) { try LogEvidence(bytes: bytes[..<count]) }
        }
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func anEntryInItHasALimit(_ offset: Int, isRead: Bool) throws {
        let entry = [UInt8](repeating: 0xFF, count: Entry.bytesMax + offset)
        let file = Array(try evidence(try Self.entries(9, but: 4, entry), at: 4).encoded.utf8)
        #expect(((try? LogEvidence(bytes: file)) != nil) == isRead)
    }

    @Test(arguments: [(62, true), (63, true), (64, false)])
    func aProofInItHasALimit(_ count: Int, isRead: Bool) throws {
        let (right, proof) = (try evidence(4, of: 9), [Hash](repeating: .emptyTree, count: count))
        let before = BrokenEntry.Before(leaf: .emptyTree, inclusion: proof)
        let all =
            [(proof, right.before, right.inclusion), (right.consistency, before, right.inclusion)]
            + [(right.consistency, right.before, proof)]
        for (consistency, before, inclusion) in all {
            let long = BrokenEntry(
                head: right.head, index: 4, root: right.root, consistency: consistency, before: before,
                entry: right.entry, inclusion: inclusion)
            #expect(((try? LogEvidence(bytes: Array(long.encoded.utf8))) != nil) == isRead)
        }
    }

    /// The note at its end may have so many signatures that the file is of any size.
    @Test func aFileHasALimit() throws {
        let file = Array(try evidence(4, of: 9).encoded.utf8)
        let filled = file + [UInt8](repeating: 10, count: BrokenEntry.bytesMax - file.count)
        for (bytes, isTooLarge) in [(filled.dropLast(), false), (filled[...], false), ((filled + [10])[...], true)] {
            do { _ = try LogEvidence(bytes: bytes) } catch let error as CustodyError {
                #expect(error.description.contains("it is too large") == isTooLarge)
            }
        }
    }

    /// As the first release that had it wrote it.
    private static let kept = """
        custody-broken-entry/v1
        index 2
        root AfZgUYomrB3o7ifanMS9yvJ1Pe0DQYaCfK1mJX963mA=
        BxF0XwVv2laiKzUfX5FCEYmvadBpJMnbCNDZtGTaKME=
        Top6MrNeIpAgQoLOnZ7fkkAwkqBZsXuyCQRNJBQVYLo=

        before 6os758P/TqvCGNQ8exRPhZD9W0rDUOqcpHieNfHS7v0=
        X2O1+jQChpBPdDMHKFoOrVhbKNAQbimlb4CKv3Agbxg=

        entry CiDIdHnNZW5+Ota9jbQC6AJ99FSysMQv8p4JNFi+uYoj1BABGgAyLhIiGiDjsMRCmPwcFJr79MiZb7kkJ65B5GSbk0yklZkbeFK4VSIIbnVtYmVyIDI=
        svizzheO4YBsLT1J7RvfxOk0COQBHz+oa51da/TZpps=
        AfZgUYomrB3o7ifanMS9yvJ1Pe0DQYaCfK1mJX963mA=
        Top6MrNeIpAgQoLOnZ7fkkAwkqBZsXuyCQRNJBQVYLo=

        hospital/main
        5
        PQKEATPg3VFTjek1JSbhwLIydvQ86hkgYsR8GlwnUxM=

        — hospital/main Kd4mUw4WUx8yfhpAq3OMRBVp7BQ5D/zbyEMCaCKlud/R4Fjb2qG1oKTiBlULia0BQAQmdtzaLS5NwMIfNtpl7ruv5QM=

        """

    @Test func evidenceThatWasKeptStaysReadable() throws {
        let evidence = try LogEvidence(bytes: Array(Self.kept.utf8))
        let log = try VerifierKey(vkey: "hospital/main+29de2653+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs")
        #expect(try evidence.check(log: log).common == 2)
        #expect(evidence.encoded == Self.kept)
    }
}
