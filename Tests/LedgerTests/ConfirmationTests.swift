import Testing

@testable import Ledger

/// A step that others must have confirmed before the next one.
@Suite struct ConfirmationTests {
    static let gated = """
        custody-contract: 2
        name: gated
        version: 1
        steps:
          open: {by: [hospital]}
          build: {by: [hospital], after: open, confirmed-by: [regulator, supplier], repeats: true}
          ship: {by: [hospital], after: build}
        """

    let consortium: TestConsortium

    init() throws {
        consortium = try TestConsortium(contracts: [Contract(text: Self.gated)])
    }

    private func built() throws -> (order: TestOrder, build: Reference) {
        var order = try TestOrder(consortium, contract: "gated")
        try order.record("open")
        let build = try order.record("build")
        return (order, build)
    }

    /// A proof of an entry in a log whose head these have cosigned.
    private func proof(of reference: Reference, by roles: [Role], changing text: (String) -> String = { $0 }) throws
        -> [UInt8]
    {
        var leaves = (0..<reference.index + 4).map(NaiveTree.leaf)
        let index = Int(reference.index)
        leaves[index] = reference.leafHash
        let checkpoint = try Checkpoint(
            origin: reference.origin, size: UInt64(leaves.count), root: NaiveTree.root(leaves[...]))
        let log = try #require(consortium.members.first { $0.origin == reference.origin }).log
        let note = try checkpoint.signed(by: log)
            .adding(roles.map { try consortium[$0].cosigner.cosign(checkpoint.text, time: 1_800_000_000) })
        let proof = try TransparencyProof(
            index: reference.index, hashes: NaiveTree.proof(index, index + 1, leaves[...]), checkpoint: note)
        return Array(text(proof.encoded).utf8)
    }

    private func code(_ order: TestOrder, citing citations: [Citation]) -> Rejection.Code? {
        let plain = order.update("ship")
        let update = Update(
            order: plain.order, step: plain.step, parents: plain.parents, cites: citations,
            consortium: plain.consortium, contract: plain.contract, source: plain.source)
        guard case .decided(.rejected(let rejection)) = order.judge(update) else { return nil }
        return rejection.code
    }

    @Test(arguments: [
        ([Role.regulator, .supplier], true), ([.regulator, .supplier, .logistics], true), ([.regulator], false),
        ([.supplier, .hospital], false), ([], false),
    ])
    func theNextStepBringsTheWordOfEachRole(cosigners: [Role], isEnough: Bool) throws {
        let (order, build) = try built()
        let citation = Citation(reference: build, proof: try proof(of: build, by: cosigners))
        #expect(code(order, citing: [citation]) == (isEnough ? nil : .notConfirmed))
    }

    @Test func withoutAProofNothingFollows() throws {
        let (order, build) = try built()
        #expect(code(order, citing: []) == .notConfirmed)
        #expect(code(order, citing: [Citation(reference: build)]) == .notConfirmed)
        #expect(code(order, citing: [Citation(reference: build, proof: [1, 2, 3])]) == .notConfirmed)
    }

    @Test func theProofMustBeOfThatEntryInThatLog() throws {
        let (order, build) = try built()
        let others = [
            Reference(origin: build.origin, index: build.index + 1, leafHash: build.leafHash),
            Reference(origin: build.origin, index: build.index, leafHash: NaiveTree.leaf(77)),
            Reference(origin: "supplier/gw", index: build.index, leafHash: build.leafHash),
        ]
        for other in others {
            let citation = Citation(reference: build, proof: try proof(of: other, by: [.regulator, .supplier]))
            #expect(code(order, citing: [citation]) == .notConfirmed, "\(other)")
        }
    }

    @Test func aChangedHeadConfirmsNothing() throws {
        let (order, build) = try built()
        let size = build.index + 4
        let changed = try proof(of: build, by: [.regulator, .supplier]) {
            $0.replacing("\n\(size)\n", with: "\n\(size + 1)\n")
        }
        #expect(code(order, citing: [Citation(reference: build, proof: changed)]) == .notConfirmed)
    }

    @Test func aStepThatAsksForNothingIsFollowedAtOnce() throws {
        var order = try TestOrder(consortium, contract: "gated")
        try order.record("open")
        #expect(order.judge(order.update("build")) == .decided(.accepted))
    }
}
