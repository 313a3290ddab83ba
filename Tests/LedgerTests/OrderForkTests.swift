import Testing

@testable import Ledger

/// What closes a dispute, and what it leaves.
@Suite struct OrderForkTests {
    let consortium: TestConsortium

    init() throws {
        consortium = try TestConsortium(contracts: [Contract(text: OrderThreadTests.parallel)])
    }

    /// An order with a red branch and a blue one, which cannot both stand.
    private func disputed() throws -> (order: TestOrder, red: Reference, blue: Reference) {
        var order = try TestOrder(consortium, contract: "parallel")
        try order.record("open")
        let opening = order.thread.heads
        let red = try order.record("left", parents: opening, facts: [TestOrder.text("color", "red")])
        let blue = try order.record("left", parents: opening, facts: [TestOrder.text("color", "blue")])
        return (order, red, blue)
    }

    private func settle(_ stands: Reference) -> [Fact] { [TestOrder.text(Contract.standsFact, stands.leafHash.hex)] }

    private func verdict(_ reference: Reference, in order: TestOrder) -> Rejection.Code? {
        guard case .rejected(let rejection)? = order.thread.node(reference.leafHash)?.verdict else { return nil }
        return rejection.code
    }

    private func isAccepted(_ reference: Reference, in order: TestOrder) -> Bool {
        order.thread.node(reference.leafHash)?.verdict == .accepted
    }

    @Test func aResolutionLetsOneBranchStandAndTheOrderGoesOn() throws {
        var (order, red, blue) = try disputed()
        #expect(verdict(try order.record("close"), in: order) == .orderDisputed)
        let resolution = try order.record("settle", facts: settle(red))
        #expect(order.thread.heads == [resolution])
        #expect(order.thread.conflict(under: order.contract) == nil)
        #expect(order.thread.dropped == [blue.leafHash])
        #expect(isAccepted(try order.record("close"), in: order))
    }

    @Test func stepsOfADroppedBranchMayBeDoneAgain() throws {
        var (order, red, blue) = try disputed()
        try order.record("close", parents: [blue])
        #expect(try !order.thread.allows(#require(order.contract.step("close"))))
        try order.record("settle", facts: settle(red))
        #expect(try order.thread.allows(#require(order.contract.step("close"))))
        #expect(isAccepted(try order.record("close"), in: order))
        #expect(verdict(try order.record("close"), in: order) == .stepRepeated)
    }

    @Test func aLateHeadOfADroppedBranchNeverReenters() throws {
        var (order, red, blue) = try disputed()
        let resolution = try order.record("settle", facts: settle(red))
        let late = try order.record("close", parents: [blue])
        #expect(Set(order.thread.heads) == [resolution, late])
        #expect(order.thread.conflict(under: order.contract) == nil)
        let merged = try order.record("note")
        #expect(order.thread.heads == [merged])
        #expect(order.thread.dropped == [blue.leafHash, late.leafHash])
        #expect(isAccepted(try order.record("close"), in: order))
    }

    @Test func ofConcurrentResolutionsTheSmallerHashStandsWhateverCameFirst() throws {
        var (order, red, blue) = try disputed()
        let heads = order.thread.heads
        let one = try order.record("settle", parents: heads, facts: settle(red))
        let other = try order.record("settle", parents: heads, facts: settle(blue))
        let after = try [one, other].map { try order.record("close", parents: [$0]) }
        #expect(order.thread.conflict(under: order.contract) == nil)
        let oneStands = one.leafHash < other.leafHash
        let fallen = oneStands ? [blue, other, after[1]] : [red, one, after[0]]
        #expect(order.thread.dropped == Set(fallen.map(\.leafHash)))
        let merged = try order.record("note")
        #expect(isAccepted(merged, in: order))
        #expect(order.thread.dropped == Set(fallen.map(\.leafHash)))
    }

    @Test func concurrentResolutionsOfOneMindBothStand() throws {
        var (order, red, blue) = try disputed()
        let heads = order.thread.heads
        let resolutions = try (0..<2).map { _ in try order.record("settle", parents: heads, facts: settle(red)) }
        let after = try order.record("close", parents: [resolutions[1]])
        #expect(order.thread.dropped == [blue.leafHash])
        #expect(isAccepted(try order.record("note"), in: order))
        #expect(!order.thread.dropped.contains(after.leafHash))
    }

    @Test func anOrderThatIsDisputedAgainIsResolvedAgain() throws {
        var (order, red, blue) = try disputed()
        let resolution = try order.record("settle", facts: settle(red))
        let right = try order.record("right", parents: [resolution], facts: [TestOrder.text("color", "red")])
        let stop = try order.record(
            order.update("stop", parents: [resolution]), from: consortium[.regulator].origin)
        #expect(verdict(try order.record("note"), in: order) == .orderDisputed)
        try order.record("settle", facts: settle(stop))
        #expect(order.thread.dropped == [blue.leafHash, right.leafHash])
        #expect(isAccepted(try order.record("note"), in: order))
    }

    @Test func aResolutionNeedsADisputeAndOneOfItsHeads() throws {
        var (order, red, _) = try disputed()
        let stranger = EntryTests.reference(3)
        #expect(verdict(try order.record("settle", facts: settle(stranger)), in: order) == .branchUnknown)
        #expect(verdict(try order.record("settle", parents: [red], facts: settle(red)), in: order) == .nothingToResolve)
        #expect(verdict(try order.record("settle", facts: []), in: order) == .factMissing)
        let resolution = try order.record("settle", facts: settle(red))
        #expect(verdict(try order.record("settle", facts: settle(resolution)), in: order) == .nothingToResolve)
    }

    @Test func aDroppedHeadCannotBeMadeToStand() throws {
        var (order, red, blue) = try disputed()
        let resolution = try order.record("settle", facts: settle(red))
        let late = try order.record("note", parents: [blue])
        let right = try order.record("right", parents: [resolution], facts: [TestOrder.text("color", "red")])
        let stop = try order.record(
            order.update("stop", parents: [resolution]), from: consortium[.regulator].origin)
        #expect(verdict(try order.record("settle", facts: settle(late)), in: order) == .branchUnknown)
        try order.record("settle", facts: settle(stop))
        #expect(order.thread.dropped == Set([blue, late, right].map(\.leafHash)))
    }

    @Test(arguments: [15, 16, 17, 40])
    func moreHeadsThanAnUpdateMayNameAreMergedInSeveral(count: Int) throws {
        var order = try TestOrder(consortium, contract: "parallel")
        try order.record("open")
        let opening = order.thread.heads
        for _ in 0..<count { try order.record("note", parents: opening) }
        #expect(order.thread.heads.count == count)
        var merges = 0
        while order.thread.isFork {
            #expect(order.thread.parentsOfNext.count <= Update.parentsMax)
            #expect(isAccepted(try order.record("note", parents: order.thread.parentsOfNext), in: order))
            merges += 1
        }
        #expect(merges == (count + Update.parentsMax - 3) / (Update.parentsMax - 1))
    }

    @Test func moreConflictingHeadsThanAnUpdateMayNameAreResolvedInSeveral() throws {
        var order = try TestOrder(consortium, contract: "parallel")
        try order.record("open")
        let opening = order.thread.heads
        for number in 0..<20 {
            try order.record("left", parents: opening, facts: [TestOrder.text("color", "\(number)")])
        }
        var resolutions = 0
        while order.thread.isFork {
            let heads = order.thread.parentsOfNext
            #expect(isAccepted(try order.record("settle", parents: heads, facts: settle(heads[0])), in: order))
            resolutions += 1
        }
        #expect(resolutions == 2)
        #expect(order.thread.dropped.count == 19)
    }

    @Test(arguments: [
        "s: {by: [hospital], after: open, resolves: true, requires: stands, facts: {stands: public}}",
        "s: {by: [hospital], resolves: true, repeats: true, requires: stands, facts: {stands: public}}",
        "s: {by: [hospital], after: open, resolves: true, repeats: true, requires: stands, facts: {stands: private}}",
        "s: {by: [hospital], after: open, resolves: true, repeats: true, facts: {stands: public}}",
    ])
    func aStepThatCannotResolveIsNoContract(step: String) {
        let text = "custody-contract: 2\nname: n\nversion: 1\nsteps:\n  open: {by: [hospital]}\n  \(step)\n"
        #expect(throws: CustodyError(.yamlMalformed, "")) { try Contract(text: text) }
    }

    @Test func theWordsOfLanguage2AreNotRead() {
        let text = OrderThreadTests.parallel.replacing("custody-contract: 2", with: "custody-contract: 1")
        #expect(throws: CustodyError(.yamlMalformed, "")) { try Contract(text: text) }
    }
}
