import Testing

@testable import Ledger

@Suite struct OrderThreadTests {
    let consortium: TestConsortium

    init() throws {
        consortium = try TestConsortium()
    }

    static let whole = [
        "order.placed", "design.set", "materials.recorded", "materials.recorded", "production.completed",
        "compliance.approved", "shipped", "received", "installed", "after-sales.recorded", "after-sales.recorded",
    ]

    private func stepsDone(_ order: TestOrder) -> [String] {
        order.thread.nodes.filter(\.verdict.isAccepted).map(\.update.step)
    }

    @Test func acceptsTheWholeWayOfADevice() throws {
        var order = try TestOrder(consortium)
        for step in Self.whole {
            #expect(order.judge(order.update(step)) == .decided(.accepted), "\(step)")
            #expect(try order.thread.allows(#require(order.contract.step(step))) == (step != "order.placed"), "\(step)")
            try order.record(step)
        }
        #expect(stepsDone(order) == Self.whole)
        #expect(order.thread.heads.count == 1)
        #expect(!order.thread.isFork)
    }

    /// An order that stands at some step, and an update that it refuses.
    struct Refused: Sendable, CustomTestStringConvertible {
        let code: Rejection.Code
        var testDescription: String { code.rawValue }
        let past: [String]
        let judge: @Sendable (inout TestOrder) throws -> Judgement
    }

    static let upToApproved = Array(whole.prefix(6))

    static let refused = [
        Refused(code: .documentOlder, past: []) { $0.judge($0.update("order.placed"), floor: 2) },
        Refused(code: .contractNotInForce, past: []) {
            $0.judge($0.update("order.placed", contract: Hash.sha256([1])))
        },
        Refused(code: .contractChanged, past: ["order.placed"]) { order in
            let other = try order.consortium.contract("stock-device").hash
            return order.judge(order.update("released", contract: other), from: "supplier/gw")
        },
        Refused(code: .notAMember, past: []) { $0.judge($0.update("order.placed"), from: "stranger/gw") },
        Refused(code: .roleNotAllowed, past: ["order.placed"]) {
            $0.judge($0.update("design.set"), from: "supplier/gw")
        },
        Refused(code: .stepUnknown, past: ["order.placed"]) { $0.judge($0.update("design.sold")) },
        Refused(code: .stepOutOfOrder, past: ["order.placed"]) { $0.judge($0.update("materials.recorded")) },
        Refused(code: .stepExcluded, past: upToApproved) { $0.judge($0.update("compliance.rejected")) },
        Refused(code: .stepRepeated, past: ["order.placed", "design.set"]) { $0.judge($0.update("design.set")) },
        Refused(code: .stepRepeated, past: ["order.placed"]) { $0.judge($0.update("order.placed")) },
        Refused(code: .orderNotOpened, past: []) { $0.judge($0.update("design.set")) },
        Refused(code: .orderNameForeign, past: []) {
            $0.judge($0.update("order.placed"), from: "hospital/other")
        },
        Refused(code: .orderDisputed, past: ["order.placed"]) { order in
            let opening = order.thread.heads
            try order.record("design.set", parents: opening)
            try order.record("design.set", parents: opening, facts: [TestOrder.text("design", "d-2")])
            return order.judge(order.update("materials.recorded"))
        },
        Refused(code: .parentRepeated, past: ["order.placed"]) {
            $0.judge($0.update("design.set", parents: $0.thread.heads + $0.thread.heads))
        },
        Refused(code: .parentOfAnotherOrder, past: ["order.placed"]) { order in
            let stranger = EntryTests.reference(1)
            return order.judge(order.update("design.set", parents: [stranger])) { _ in
                .decided(order: "another", verdict: .accepted)
            }
        },
        Refused(code: .ancestorRejected, past: ["order.placed"]) { order in
            let rejected = try order.record("shipped")
            return order.judge(order.update("design.set", parents: [rejected]))
        },
        Refused(code: .ancestorRejected, past: ["order.placed"]) { order in
            order.judge(order.update("design.set", cites: [EntryTests.reference(1)])) { _ in
                .decided(order: "another", verdict: .rejected(Rejection(.stepUnknown, "")))
            }
        },
        Refused(code: .factMissing, past: []) { $0.judge($0.update("order.placed", facts: [])) },
        Refused(code: .factNotPermitted, past: []) {
            $0.judge($0.update("order.placed", facts: [TestOrder.text("product", "hip"), TestOrder.text("color", "")]))
        },
        Refused(code: .factNotPrivate, past: []) {
            $0.judge(
                $0.update("order.placed", facts: [TestOrder.text("product", "hip"), TestOrder.text("patient", "")]))
        },
        Refused(code: .factRepeated, past: []) {
            $0.judge(
                $0.update("order.placed", facts: [TestOrder.text("product", "a"), TestOrder.text("product", "a")]))
        },
        Refused(code: .ruleUnknown, past: []) {
            $0.judge($0.update("order.placed", firing: Firing(rule: "r", trigger: .emptyTree)))
        },
    ]

    @Test(arguments: refused)
    func refusesWithItsCode(refused: Refused) throws {
        var order = try TestOrder(consortium)
        try order.record(refused.past)
        let judgement = try refused.judge(&order)
        guard case .decided(.rejected(let rejection)) = judgement else {
            Issue.record("\(refused.code.rawValue) was expected, not \(judgement)")
            return
        }
        #expect(rejection.code == refused.code)
        #expect(!rejection.message.isEmpty)
    }

    @Test func everyCodeIsInTheTable() {
        // Those of forks, of confirmations and of language 4 stand in tables of their own.
        let elsewhere: Set<Rejection.Code> = [
            .nothingToResolve, .branchUnknown, .notConfirmed, .operatorUnsigned, .operatorForged, .operatorStranger,
            .operatorMismatched, .operatorNotValid, .factMalformed, .factNotPublic, .scanMissing, .scanMismatched,
            .ruleMismatched, .ruleNeeded, .ruleNotSetOff, .ruleActedOn, .deadlineNotPassed, .deadlineMet,
        ]
        #expect(Set(Self.refused.map(\.code)).union(elsewhere) == Set(Rejection.Code.allCases))
    }

    @Test(arguments: [
        "hospital/gw/0", "hospital/gw/01JD000000000000000000000O", "hospital/gw/01jd0000000000000000000000",
        "hospital/gw", "hospital/gw/x/01JD0000000000000000000000", "supplier/gw/01JD0000000000000000000000",
    ])
    func refusesAnOrderNameThatIsNotItsOpeners(name: String) throws {
        var order = try TestOrder(consortium)
        order.thread = OrderThread(order: name)
        let judgement = order.judge(order.update("order.placed"))
        guard case .decided(.rejected(let rejection)) = judgement else {
            Issue.record("\(judgement)")
            return
        }
        #expect(rejection.code == .orderNameForeign)
    }

    @Test func aDocumentOlderThanItsParentsIsRefused() throws {
        let next = try TestConsortium(version: 2, previous: consortium.document.hash)
        let rulebook = Rulebook(documents: [consortium.document, next.document], contracts: consortium.contracts)
        var order = try TestOrder(consortium)
        let opening = order.update("order.placed", consortium: next.document.hash)
        let reference = try order.record(opening)
        order.thread.insert(opening, at: reference, recordedAt: 0, verdict: .accepted, by: rulebook)
        let later = order.update("design.set", parents: [reference])
        guard case .decided(.rejected(let rejection)) = order.judge(later, rulebook: rulebook) else {
            Issue.record("an older document was accepted")
            return
        }
        #expect(rejection.code == .documentOlder)
        let same = order.update("design.set", parents: [reference], consortium: next.document.hash)
        #expect(order.judge(same, rulebook: rulebook) == .decided(.accepted))
    }

    // MARK: Waiting

    @Test func waitsForAnAncestorAndNamesIt() throws {
        var order = try TestOrder(consortium)
        try order.record("order.placed")
        let missing = EntryTests.reference(5)
        #expect(order.judge(order.update("design.set", parents: [missing])) == .waiting(.entry(missing)))
        #expect(order.judge(order.update("design.set", cites: [missing])) == .waiting(.entry(missing)))
        let wrongPlace = Reference(origin: "hospital/gw", index: 99, leafHash: order.thread.heads[0].leafHash)
        #expect(order.judge(order.update("design.set", parents: [wrongPlace])) == .waiting(.entry(wrongPlace)))
    }

    @Test func waitsForADocumentAndAContract() throws {
        let order = try TestOrder(consortium)
        let document = Hash.sha256([5])
        #expect(order.judge(order.update("order.placed", consortium: document)) == .waiting(.document(document)))
        let rulebook = Rulebook(documents: [consortium.document])
        let update = order.update("order.placed")
        #expect(order.judge(update, rulebook: rulebook) == .waiting(.contract(update.contract)))
    }

    @Test func aCitationOfAnAcceptedUpdateIsFine() throws {
        var order = try TestOrder(consortium)
        try order.record("order.placed")
        let judgement = order.judge(order.update("design.set", cites: [EntryTests.reference(5)])) { _ in
            .decided(order: "another", verdict: .accepted)
        }
        #expect(judgement == .decided(.accepted))
    }

    // MARK: Forks

    @Test func branchesThatAgreeAreMergedByTheNextUpdate() throws {
        var order = try TestOrder(consortium)
        try order.record(["order.placed", "design.set"])
        let before = order.thread.heads
        let one = try order.record("materials.recorded", parents: before)
        let facts = [TestOrder.text("material", "steel"), TestOrder.text("lot", "L2")]
        let other = try order.record("materials.recorded", parents: before, facts: facts)
        #expect(Set(order.thread.heads) == [one, other])
        #expect(order.thread.isFork)
        #expect(order.thread.conflict(under: order.contract) == nil)
        let merged = try order.record("production.completed")
        #expect(order.thread.heads == [merged])
        #expect(order.thread.node(merged.leafHash)?.verdict == .accepted)
    }

    @Test func theStateBeforeAnUpdateIsThatOfItsOwnBranch() throws {
        var order = try TestOrder(consortium)
        try order.record(["order.placed", "design.set"])
        let before = order.thread.heads
        try order.record("materials.recorded", parents: before)
        let alone = order.judge(order.update("production.completed", parents: before))
        guard case .decided(.rejected(let rejection)) = alone else {
            Issue.record("a step counted that the branch does not hold")
            return
        }
        #expect(rejection.code == .stepOutOfOrder)
    }

    @Test(arguments: [
        (["compliance.approved", "compliance.rejected"], 5), (["compliance.approved", "compliance.approved"], 5),
        (["design.set", "design.set"], 1),
    ])
    func branchesThatCannotBothStandAreDisputed(branches: [String], past: Int) throws {
        var order = try TestOrder(consortium)
        try order.record(Array(Self.whole.prefix(past)))
        let before = order.thread.heads
        var heads: [Reference] = []
        for (number, step) in branches.enumerated() {
            let facts = (TestOrder.facts[step] ?? []) + (number == 0 ? [] : [TestOrder.text("reviewer", "2")])
            heads.append(
                try order.record(
                    step, parents: before,
                    facts: step == "design.set"
                        ? [TestOrder.text("design", "\(number)")] : facts))
        }
        let conflict = try #require(order.thread.conflict(under: order.contract))
        #expect(Set([conflict.first, conflict.second]) == Set(heads))
        #expect(order.thread.heads.count == 2)
    }

    static let parallel = """
        custody-contract: 2
        name: parallel
        version: 1
        steps:
          open: {by: [hospital]}
          left: {by: [hospital, manufacturer], after: open, facts: {color: public, size: public}}
          right: {by: [hospital, supplier], after: open, facts: {color: public}}
          note: {by: [hospital, manufacturer, supplier, regulator, logistics], after: open, repeats: true}
          stop: {by: [regulator, logistics], after: open, excludes: right}
          close: {by: [hospital, regulator, logistics], after: [left]}
          settle: {by: [hospital, regulator], after: open, repeats: true, resolves: true, requires: stands, facts: {stands: public}}
        """

    @Test(arguments: [("red", "red", false), ("red", "blue", true)])
    func branchesWithOtherValuesOfOneFactAreDisputed(one: String, other: String, isDisputed: Bool) throws {
        let consortium = try TestConsortium(contracts: [Contract(text: Self.parallel)])
        var order = try TestOrder(consortium, contract: "parallel")
        try order.record("open")
        let before = order.thread.heads
        try order.record("left", parents: before, facts: [TestOrder.text("color", one)])
        try order.record("right", parents: before, facts: [TestOrder.text("color", other)])
        #expect((order.thread.conflict(under: order.contract) != nil) == isDisputed)
    }

    @Test func aRejectedUpdateIsNoHeadAndRejectsWhatBuildsOnIt() throws {
        var order = try TestOrder(consortium)
        let opening = try order.record("order.placed")
        let rejected = try order.record("shipped")
        let child = try order.record("design.set", parents: [rejected])
        let grandchild = try order.record("materials.recorded", parents: [child])
        #expect(order.thread.heads == [opening])
        #expect(stepsDone(order) == ["order.placed"])
        for reference in [child, grandchild] {
            guard case .rejected(let rejection)? = order.thread.node(reference.leafHash)?.verdict else {
                Issue.record("\(reference) was accepted")
                continue
            }
            #expect(rejection.code == .ancestorRejected)
        }
    }

    @Test func anUpdateIsEnteredOnce() throws {
        var order = try TestOrder(consortium)
        try order.record("order.placed")
        let only = try #require(order.sent.first)
        order.thread.insert(
            only.update, at: only.reference, recordedAt: 0, verdict: .accepted, by: consortium.rulebook)
        #expect(order.thread.nodes.count == 1)
        #expect(order.thread.heads == [only.reference])
    }
}
