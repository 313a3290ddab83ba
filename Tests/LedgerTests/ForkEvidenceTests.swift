import Testing

@testable import Ledger

/// A log is convicted by its own signatures alone, and by nothing else.
@Suite struct ForkEvidenceTests {
    let key: SigningKey
    /// Two logs that agree on their first three leaves.
    let one: [Hash]
    let other: [Hash]

    init() throws {
        key = try SigningKey.generate(name: "hospital/main", algorithm: .ed25519)
        one = (0..<9).map { Hash.leaf([UInt8($0)]) }
        other = one[..<3] + (3..<20).map { Hash.leaf([UInt8($0), 1]) }
    }

    private func head(_ leaves: [Hash], _ size: Int, by key: SigningKey? = nil) throws -> SignedNote {
        let root = MerkleProof.root(ofSubtree: leaves.prefix(size))
        return try Checkpoint(origin: self.key.name, size: UInt64(size), root: root).signed(by: key ?? self.key)
    }

    private func evidence(_ size: Int, _ later: Int, by key: SigningKey? = nil) throws -> ForkEvidence {
        return ForkEvidence(
            first: try head(one, size), second: try head(other, later, by: key),
            root: MerkleProof.root(ofSubtree: other.prefix(size)),
            proof: proof(MerkleProof.consistencyPlan(from: UInt64(size), to: UInt64(later)), of: other))
    }

    private func code(_ evidence: ForkEvidence) -> CustodyError.Code? {
        do { _ = try evidence.check(log: key.verifierKey) } catch { return (error as? CustodyError)?.code }
        return nil
    }

    @Test(arguments: [(4, 4), (9, 9), (4, 5), (5, 20), (8, 16), (9, 20)])
    func convictsOfHeadsThatContradictEachOther(_ size: Int, _ later: Int) throws {
        let evidence = try ForkEvidence(bytes: Array(try evidence(size, later).encoded.utf8))
        let fork = try evidence.check(log: key.verifierKey)
        #expect(fork.origin == key.name && fork.size == UInt64(size))
    }

    @Test(arguments: [(3, 3), (2, 20), (3, 9)])
    func acquitsOfHeadsThatAgree(_ size: Int, _ later: Int) throws {
        #expect(try code(evidence(size, later)) == .evidenceRefused)
    }

    @Test func refusesARootThatItsProofDoesNotShow() throws {
        let right = try evidence(5, 20)
        for (root, proof) in [
            (Hash.leaf([9]), right.proof), (right.root, Array(right.proof.dropLast())), (right.root, []),
            (right.root, right.proof + [right.root]), (right.root, right.proof.reversed()),
        ] {
            let forged = ForkEvidence(first: right.first, second: right.second, root: root, proof: proof)
            #expect(code(forged) == .evidenceRefused)
        }
        let turned = ForkEvidence(first: right.second, second: right.first, root: right.root, proof: right.proof)
        #expect(code(turned) == .evidenceRefused)
    }

    // MARK: Where the branches part

    private func proof(_ plan: [[TreeNode]]?, of leaves: [Hash]) -> [Hash] {
        MerkleProof.proof(plan ?? []) { node in
            let first = Int(node.index << node.level)
            return MerkleProof.root(ofSubtree: leaves[first..<(first + 1 << node.level)])
        }
    }

    private func branch(_ leaves: [Hash], _ size: Int, after common: UInt64) -> ForkPoint.Branch {
        ForkPoint.Branch(
            next: leaves[Int(common)],
            inclusion: proof(MerkleProof.inclusionPlan(index: common, size: UInt64(size)), of: leaves),
            consistency: proof(MerkleProof.consistencyPlan(from: common, to: UInt64(size)), of: leaves))
    }

    private func evidence(_ size: Int, _ later: Int, common: Int, root: Hash? = nil) throws -> ForkEvidence {
        let plain = try evidence(size, later)
        let point = ForkPoint(
            common: UInt64(common), root: root ?? MerkleProof.root(ofSubtree: one.prefix(common)),
            first: branch(one, size, after: UInt64(common)), second: branch(other, later, after: UInt64(common)))
        return ForkEvidence(
            first: plain.first, second: plain.second, root: plain.root, proof: plain.proof, point: point)
    }

    @Test(arguments: [(4, 4), (9, 9), (4, 5), (5, 20), (8, 16), (9, 20)])
    func saysWhereTheBranchesPart(_ size: Int, _ later: Int) throws {
        let evidence = try evidence(size, later, common: 3)
        let read = try ForkEvidence(bytes: Array(evidence.encoded.utf8))
        #expect(read == evidence)
        #expect(try read.check(log: key.verifierKey).common == 3)
    }

    /// Before the point the next entry is the same, after it the beginning is not.
    @Test(arguments: [0, 1, 2, 4, 8]) func refusesAnotherPlaceThanTheOneWhereTheBranchesPart(_ common: Int) throws {
        #expect(try code(evidence(9, 20, common: common)) == .evidenceRefused)
    }

    @Test func refusesAPointThatItsProofsDoNotShow() throws {
        #expect(try code(evidence(9, 20, common: 3, root: .leaf([1]))) == .evidenceRefused)
        let right = try evidence(9, 20, common: 3)
        let point = try #require(right.point)
        let branches = [
            ForkPoint.Branch(next: .leaf([7]), inclusion: point.first.inclusion, consistency: point.first.consistency),
            ForkPoint.Branch(next: point.first.next, inclusion: [], consistency: point.first.consistency),
            ForkPoint.Branch(next: point.first.next, inclusion: point.first.inclusion, consistency: []),
        ]
        for branch in branches {
            let forged = ForkPoint(common: 3, root: point.root, first: branch, second: point.second)
            let evidence = ForkEvidence(
                first: right.first, second: right.second, root: right.root, proof: right.proof, point: forged)
            #expect(code(evidence) == .evidenceRefused)
        }
    }

    @Test func branchesThatHaveNothingInCommonPartAtTheBeginning() throws {
        let stranger = (0..<20).map { Hash.leaf([UInt8($0), 2]) }
        let heads = [try head(one, 4), try head(stranger, 4)]
        let point = ForkPoint(
            common: 0, root: .emptyTree, first: branch(one, 4, after: 0), second: branch(stranger, 4, after: 0))
        let evidence = ForkEvidence(
            first: heads[0], second: heads[1], root: MerkleProof.root(ofSubtree: stranger.prefix(4)), proof: [],
            point: point)
        #expect(try evidence.check(log: key.verifierKey).common == 0)
    }

    @Test func noBeginningOfEvidenceWithAPointIsEvidence() throws {
        let bytes = Array(try evidence(5, 20, common: 3).encoded.utf8)
        for count in 0..<bytes.count {
            #expect(throws: CustodyError.self) { try ForkEvidence(bytes: bytes[..<count]) }
        }
    }

    @Test func refusesAHeadThatTheLogHasNotSigned() throws {
        let stranger = try SigningKey.generate(name: key.name, algorithm: .ed25519)
        #expect(try code(evidence(5, 20, by: stranger)) == .checkpointUnsigned)
    }

    @Test func noBeginningOfEvidenceIsEvidence() throws {
        let bytes = Array(try evidence(5, 20).encoded.utf8)
        for count in 0..<bytes.count {
            #expect(throws: CustodyError.self) { try ForkEvidence(bytes: bytes[..<count]) }
        }
        #expect(throws: CustodyError.self) {
            try ForkEvidence(bytes: [UInt8](repeating: 10, count: ForkEvidence.bytesMax + 1))
        }
    }

    @Test func moreHashesThanAProofHasAreRefused() throws {
        let right = try evidence(5, 20)
        let long = ForkEvidence(
            first: right.first, second: right.second, root: right.root,
            proof: Array(repeating: right.root, count: MerkleProof.proofHashesMax + 1))
        #expect(throws: CustodyError.self) { try ForkEvidence(bytes: Array(long.encoded.utf8)) }
    }
}
