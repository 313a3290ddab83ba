import Testing

@testable import Ledger

/// What contract language 4 asks of an update: types, scans, approvals, deadlines and rules.
@Suite struct ContractDemandTests {
    private func code(_ judgement: Judgement) -> Rejection.Code? {
        guard case .decided(.rejected(let rejection)) = judgement else { return nil }
        return rejection.code
    }

    private func verdict(_ reference: Reference, in order: TestOrder) -> Rejection.Code? {
        guard case .rejected(let rejection)? = order.thread.node(reference.leafHash)?.verdict else { return nil }
        return rejection.code
    }

    private func isAccepted(_ reference: Reference, in order: TestOrder) -> Bool {
        order.thread.node(reference.leafHash)?.verdict == .accepted
    }

    private func opened() throws -> (order: TestOrder, opening: Reference) {
        var order = try Gate.order()
        let opening = try order.record(order.update("open", facts: [], subjects: [Gate.product]))
        #expect(isAccepted(opening, in: order))
        return (order, opening)
    }

    @discardableResult
    private func record(
        _ step: String, by role: Role, in order: inout TestOrder, parents: [Reference]? = nil, facts: [Fact] = [],
        subjects: [String] = []
    ) throws -> Reference {
        try order.record(
            order.update(step, parents: parents, facts: facts, subjects: subjects), from: order.consortium[role].origin)
    }

    private func fire(
        _ rule: String, of trigger: Reference, by role: Role, in order: inout TestOrder, parents: [Reference]? = nil
    ) throws -> Reference {
        try order.record(
            Gate.firing(rule, of: trigger, in: order, parents: parents), from: order.consortium[role].origin)
    }

    // MARK: Facts

    static let values: [(fact: String, value: String, isRight: Bool)] = [
        ("weight", "4.5", true), ("weight", "-0.0", true), ("weight", "0", true), ("weight", "04", false),
        ("weight", "4,5", false), ("weight", "1e3", false), ("weight", ".5", false), ("weight", "5.", false),
        ("weight", "4.5 kg", false), ("weight", "", false), ("weight", "-", false), ("weight", "1.2.3", false),
        ("weight", String(repeating: "9", count: ExactDecimal.digitsMax - 1), true),
        ("weight", String(repeating: "9", count: ExactDecimal.digitsMax), true),
        ("weight", String(repeating: "9", count: ExactDecimal.digitsMax + 1), false),
        ("due", "2028-02-29", true), ("due", "2027-02-29", false), ("due", "2100-02-29", false),
        ("due", "2027-13-01", false), ("due", "2027-04-31", false), ("due", "2027-4-1", false),
        ("due", "tomorrow", false),
        ("drawing", Hash.emptyTree.hex, true), ("drawing", Hash.emptyTree.hex.uppercased(), false),
        ("drawing", "a", false),
        ("udi", Gate.device, true), ("udi", "+H123ABC01", true), ("udi", "urn:epc:id:sgtin:0614141.812345.6789", true),
        ("udi", "https://example.org/01/09506000134352", false), ("udi", "https://id.gs1.org/01", false),
        ("udi", "https://id.gs1.org/01/1 2", false), ("note", "any text at all", true), ("note", "", true),
    ]

    @Test(arguments: values)
    func aFactIsOfItsType(fact: String, value: String, isRight: Bool) throws {
        let order = try Gate.order()
        let update = order.update("open", facts: [TestOrder.text(fact, value)], subjects: [Gate.product])
        #expect(code(order.judge(update)) == (isRight ? nil : .factMalformed), "\(fact): \(value)")
    }

    @Test(arguments: [("born", Rejection.Code?.none), ("weight", .factNotPublic), ("note", .factNotPublic)])
    func onlyAPrivateFactIsACommitment(fact: String, expected: Rejection.Code?) throws {
        let order = try Gate.order()
        let committed = Fact(name: fact, value: .commitment(Hash.emptyTree))
        #expect(code(order.judge(order.update("open", facts: [committed], subjects: [Gate.product]))) == expected)
        let public1 = Fact(name: "born", value: .text("2000-01-01"))
        #expect(code(order.judge(order.update("open", facts: [public1], subjects: [Gate.product]))) == .factNotPrivate)
    }

    @Test func earlierLanguagesAskNothingOfValues() throws {
        let text = "custody-contract: 3\nname: c\nversion: 1\nsteps: {a: {by: hospital, facts: {n: public}}}\n"
        let order = try TestOrder(TestConsortium(contracts: [Contract(text: text)]), contract: "c")
        let committed = Fact(name: "n", value: .commitment(Hash.emptyTree))
        #expect(order.judge(order.update("a", facts: [committed])) == .decided(.accepted))
    }

    static let comparisons: [(one: String, relation: String, other: String, isMet: Bool)] = [
        ("7.01", "above", "7", true), ("7.00", "above", "7", false), ("-8", "above", "-7", false),
        ("10", "above", "9", true), ("6.999", "below", "7", true), ("-0", "below", "0", false),
        ("7.0", "is", "7", true), ("7.0", "not", "7", false), ("7", "at-least", "7.0", true),
        ("6.9", "at-least", "7", false), ("7.1", "at-most", "7", false), ("-0.5", "at-most", "0", true),
        ("0.5", "below", "0.50", false), ("100", "below", "99.9", false),
    ]

    @Test(arguments: comparisons)
    func numbersAreComparedDigitByDigit(one: String, relation: String, other: String, isMet: Bool) throws {
        let text = Gate.text.replacing("{above: 7}", with: "{\(relation): \"\(other)\"}")
        var order = try TestOrder(TestConsortium(contracts: [Contract(text: text)]), contract: "gate")
        try order.record(order.update("open", facts: [], subjects: [Gate.product]))
        let finding = try record("finding", by: .supplier, in: &order, facts: Gate.finding(one))
        let alarm = try fire("grave", of: finding, by: .regulator, in: &order)
        #expect(verdict(alarm, in: order) == (isMet ? nil : .ruleNotSetOff))
    }

    // MARK: Scans

    @Test(arguments: [
        ([], Rejection.Code?.some(.scanMissing)), (["https://id.gs1.org/00/106141412345678908"], .scanMissing),
        (["urn:epc:id:sgln:0614141.12345.400"], .scanMissing), ([Gate.device], nil), (["+H123ABC01/S7"], nil),
    ])
    func aStepCarriesTheScanThatItNeeds(subjects: [String], expected: Rejection.Code?) throws {
        let order = try Gate.order()
        #expect(code(order.judge(order.update("open", facts: [], subjects: subjects))) == expected)
    }

    @Test(arguments: [
        (Gate.device, Rejection.Code?.none), (Gate.product, nil),
        ("https://id.gs1.org/01/09506000134369", .scanMismatched),
        ("+H123ABC01", .scanMismatched),
    ])
    func aScanIsContainedInOneBefore(subject: String, expected: Rejection.Code?) throws {
        let (order, _) = try opened()
        let update = order.update("make", facts: [], subjects: [subject])
        #expect(code(order.judge(update, from: order.consortium[.manufacturer].origin)) == expected)
    }

    @Test func containmentGoesByLotAndSerial() throws {
        let thing = try #require(ScannedThing(Gate.device))
        let others = ["", "/10/L1", "/21/S1", "/10/L1/21/S1", "/10/L2", "/10/L1/21/S12"]
            .compactMap { ScannedThing(Gate.product + $0) }
        #expect(others.map(thing.isContained) == [true, true, true, true, false, false])
    }

    @Test func aScanEqualsOneBefore() throws {
        var (order, _) = try opened()
        try record("make", by: .manufacturer, in: &order, subjects: [Gate.device])
        try record("check", by: .regulator, in: &order)
        try record("check", by: .hospital, in: &order)
        let other = order.update("ship", facts: [], subjects: [Gate.product + "/10/L1/21/S2"])
        #expect(code(order.judge(other, from: order.consortium[.logistics].origin)) == .scanMismatched)
        let ship = try record("ship", by: .logistics, in: &order, subjects: [Gate.device])
        #expect(isAccepted(ship, in: order))
    }

    // MARK: After any

    @Test(arguments: ["make", "spare"])
    func oneOfSeveralStepsIsEnough(step: String) throws {
        var (order, _) = try opened()
        let check = try #require(order.contract.step("check"))
        #expect(!order.thread.allows(check))
        #expect(verdict(try record("check", by: .regulator, in: &order), in: order) == .stepOutOfOrder)
        try record(step, by: .supplier, in: &order, subjects: [Gate.device])
        #expect(order.thread.allows(check))
        #expect(isAccepted(try record("check", by: .regulator, in: &order), in: order))
    }

    // MARK: Approvals

    @Test func aStepIsDoneOnceEnoughOrganisationsApproved() throws {
        var (order, _) = try opened()
        try record("spare", by: .supplier, in: &order)
        #expect(verdict(try record("check", by: .manufacturer, in: &order), in: order) == .roleNotAllowed)
        try record("check", by: .regulator, in: &order)
        #expect(
            verdict(try record("ship", by: .logistics, in: &order, subjects: [Gate.product]), in: order)
                == .stepOutOfOrder)
        #expect(verdict(try record("check", by: .regulator, in: &order), in: order) == .stepRepeated)
        #expect(isAccepted(try record("check", by: .hospital, in: &order), in: order))
        #expect(verdict(try record("check", by: .logistics, in: &order), in: order) == .stepRepeated)
        #expect(isAccepted(try record("ship", by: .logistics, in: &order, subjects: [Gate.product]), in: order))
    }

    @Test func approvalsOnTwoBranchesCountTogetherOnceJoined() throws {
        var (order, _) = try opened()
        let spare = try record("spare", by: .supplier, in: &order)
        let facts = ["a", "b"].map { [TestOrder.text("reviewer", $0)] }
        let one = try record("check", by: .regulator, in: &order, parents: [spare], facts: facts[0])
        let other = try record("check", by: .hospital, in: &order, parents: [spare], facts: facts[1])
        #expect(order.thread.conflict(under: order.contract) == nil)
        for head in [one, other] {
            let early = order.update("ship", parents: [head], facts: [], subjects: [Gate.product])
            #expect(code(order.judge(early, from: order.consortium[.logistics].origin)) == .stepOutOfOrder)
        }
        #expect(isAccepted(try record("ship", by: .logistics, in: &order, subjects: [Gate.product]), in: order))
    }

    @Test func anApprovalAndWhatItExcludesAreADispute() throws {
        var (order, _) = try opened()
        let spare = try record("spare", by: .supplier, in: &order)
        try record("check", by: .hospital, in: &order, parents: [spare])
        try record("stop", by: .regulator, in: &order, parents: [spare])
        #expect(order.thread.conflict(under: order.contract) != nil)
    }

    // MARK: Deadlines

    @Test(arguments: [
        (Gate.day * 30, Rejection.Code?.some(.deadlineNotPassed)), (Gate.day * 30 + 1, nil), (0, .deadlineNotPassed),
        (Int64.max, nil), (Int64.min, .deadlineNotPassed),
    ])
    func aDeadlineIsJudgedByTheTimeOfTheClaim(time: Int64, expected: Rejection.Code?) throws {
        var (order, opening) = try opened()
        order.now = time
        #expect(verdict(try fire("not-made", of: opening, by: .regulator, in: &order), in: order) == expected)
    }

    @Test func whatWasDoneInTimeWasNotMissed() throws {
        var (order, opening) = try opened()
        order.now = 30 * Gate.day
        try record("make", by: .supplier, in: &order, subjects: [Gate.device])
        order.now += 1
        #expect(verdict(try fire("not-made", of: opening, by: .regulator, in: &order), in: order) == .deadlineMet)
    }

    @Test func whatWasDoneLateWasMissedAndStillIsDone() throws {
        var (order, opening) = try opened()
        order.now = 30 * Gate.day + 1
        #expect(isAccepted(try record("make", by: .supplier, in: &order, subjects: [Gate.device]), in: order))
        #expect(isAccepted(try fire("not-made", of: opening, by: .regulator, in: &order), in: order))
        #expect(isAccepted(try record("check", by: .regulator, in: &order), in: order))
    }

    @Test(arguments: [(30 * Gate.day, true), (30 * Gate.day + 1, false)])
    func inTimeAndMissedSideBySideIsADispute(made: Int64, isDisputed: Bool) throws {
        var (order, opening) = try opened()
        order.now = 31 * Gate.day
        let missed = try fire("not-made", of: opening, by: .regulator, in: &order)
        order.now = made
        let make = try record("make", by: .supplier, in: &order, parents: [opening], subjects: [Gate.device])
        #expect(isAccepted(missed, in: order) && isAccepted(make, in: order))
        #expect((order.thread.conflict(under: order.contract) != nil) == isDisputed)
        order.now = 32 * Gate.day
        let settled = try record(
            "settle", by: .regulator, in: &order, facts: [TestOrder.text("stands", missed.leafHash.hex)])
        #expect(verdict(settled, in: order) == (isDisputed ? nil : .nothingToResolve))
    }

    @Test func aDeadlineCountsFromTheApprovalThatMadeItDone() throws {
        var (order, _) = try opened()
        try record("spare", by: .supplier, in: &order)
        let first = try record("check", by: .regulator, in: &order)
        order.now = Gate.day
        let second = try record("check", by: .hospital, in: &order)
        order.now = Gate.day * 3 / 2
        #expect(verdict(try fire("not-shipped", of: first, by: .regulator, in: &order), in: order) == .ruleNotSetOff)
        #expect(
            verdict(try fire("not-shipped", of: second, by: .regulator, in: &order), in: order) == .deadlineNotPassed)
        order.now += 1
        #expect(isAccepted(try fire("not-shipped", of: second, by: .regulator, in: &order), in: order))
    }

    @Test func approvalsThatAreJoinedBeginADeadlineWithWhatJoinsThem() throws {
        var (order, _) = try opened()
        let spare = try record("spare", by: .supplier, in: &order)
        let one = try record("check", by: .regulator, in: &order, parents: [spare])
        try record("check", by: .hospital, in: &order, parents: [spare])
        let joined = try record("finding", by: .supplier, in: &order, facts: Gate.finding("1"))
        order.now = Gate.day
        #expect(verdict(try fire("not-shipped", of: one, by: .regulator, in: &order), in: order) == .ruleNotSetOff)
        #expect(isAccepted(try fire("not-shipped", of: joined, by: .regulator, in: &order), in: order))
    }

    // MARK: Rules

    @Test func aRuleIsActedOnOnceAndTwoSideBySideAreOne() throws {
        var (order, _) = try opened()
        let finding = try record("finding", by: .hospital, in: &order, facts: Gate.finding("9"))
        let one = try fire("grave", of: finding, by: .regulator, in: &order)
        let other = try fire("grave", of: finding, by: .manufacturer, in: &order, parents: [finding])
        #expect(isAccepted(one, in: order) && isAccepted(other, in: order))
        #expect(order.thread.conflict(under: order.contract) == nil)
        #expect(verdict(try fire("grave", of: finding, by: .regulator, in: &order), in: order) == .ruleActedOn)
    }

    @Test func aStepThatDoesNotRepeatIsOneIfOneRuleRecordedItTwice() throws {
        var (order, opening) = try opened()
        order.now = 40 * Gate.day
        let first = try fire("not-made", of: opening, by: .regulator, in: &order)
        order.now += 1
        let second = try fire("not-made", of: opening, by: .hospital, in: &order, parents: [opening])
        #expect(isAccepted(first, in: order) && isAccepted(second, in: order))
        #expect(order.thread.conflict(under: order.contract) == nil)
        #expect(isAccepted(try record("finding", by: .hospital, in: &order), in: order))
    }

    @Test func aCountIsReachedOnceWhicheverUpdateReachesIt() throws {
        var (order, opening) = try opened()
        let first = try record("finding", by: .hospital, in: &order, facts: Gate.finding("1"))
        let second = try record("finding", by: .hospital, in: &order, facts: Gate.finding("2"))
        let third = try record("finding", by: .supplier, in: &order, parents: [opening], facts: Gate.finding("3"))
        for trigger in [first, second, third] {
            #expect(verdict(try fire("many", of: trigger, by: .regulator, in: &order), in: order) == .ruleNotSetOff)
        }
        let heads = order.thread.heads
        let joins = try [Role.logistics, .supplier].map { role in
            try record("finding", by: role, in: &order, parents: heads, facts: Gate.finding("4"))
        }
        let recalls = try joins.map { try fire("many", of: $0, by: .regulator, in: &order, parents: [$0]) }
        #expect(recalls.allSatisfy { isAccepted($0, in: order) })
        #expect(order.thread.conflict(under: order.contract) == nil)
        #expect(verdict(try fire("many", of: joins[0], by: .manufacturer, in: &order), in: order) == .stepRepeated)
    }

    @Test func enoughApprovalsAreThereOnceWhicheverUpdateJoinsThem() throws {
        let text = Gate.text.replacing("when: {step: finding, count: 3}", with: "when: {step: check}")
        var order = try TestOrder(TestConsortium(contracts: [Contract(text: text)]), contract: "gate")
        try order.record(order.update("open", facts: [], subjects: [Gate.product]))
        let spare = try record("spare", by: .supplier, in: &order)
        let first = try record("check", by: .regulator, in: &order, parents: [spare])
        try record("check", by: .hospital, in: &order, parents: [spare])
        let heads = order.thread.heads
        let joins = try [Role.logistics, .supplier].map { try record("finding", by: $0, in: &order, parents: heads) }
        let recalls = try joins.map { try fire("many", of: $0, by: .regulator, in: &order, parents: [$0]) }
        #expect(recalls.allSatisfy { isAccepted($0, in: order) })
        #expect(order.thread.conflict(under: order.contract) == nil)
        #expect(verdict(try fire("many", of: first, by: .regulator, in: &order), in: order) == .stepRepeated)
    }

    @Test func firingsOfOneEventCountAsOne() throws {
        let text = Gate.text.replacing("when: {step: finding, count: 3}", with: "when: {step: alarm, count: 2}")
        var order = try TestOrder(TestConsortium(contracts: [Contract(text: text)]), contract: "gate")
        try order.record(order.update("open", facts: [], subjects: [Gate.product]))
        let finding = try record("finding", by: .hospital, in: &order, facts: Gate.finding("9"))
        _ = try fire("grave", of: finding, by: .regulator, in: &order)
        _ = try fire("grave", of: finding, by: .manufacturer, in: &order, parents: [finding])
        let joined = try record("finding", by: .hospital, in: &order, facts: Gate.finding("8"))
        #expect(verdict(try fire("many", of: joined, by: .regulator, in: &order), in: order) == .ruleNotSetOff)
        let alarm = try fire("grave", of: joined, by: .regulator, in: &order)
        #expect(isAccepted(try fire("many", of: alarm, by: .regulator, in: &order), in: order))
    }

    static let misfired: [(rule: String, step: String, facts: [Fact], role: Role, code: Rejection.Code)] = [
        ("grave", "alarm", [TestOrder.text("kind", "dent")], .regulator, .ruleMismatched),
        ("grave", "alarm", [], .regulator, .ruleMismatched),
        ("grave", "recall", [], .regulator, .ruleMismatched),
        ("gone", "alarm", [TestOrder.text("kind", "crack")], .regulator, .ruleUnknown),
        ("grave", "alarm", [TestOrder.text("kind", "crack")], .hospital, .roleNotAllowed),
    ]

    @Test(arguments: misfired)
    func aRuleRecordsWhatItSays(rule: String, step: String, facts: [Fact], role: Role, code expected: Rejection.Code)
        throws
    {
        var (order, _) = try opened()
        let finding = try record("finding", by: .hospital, in: &order, facts: Gate.finding("9"))
        let update = order.update(step, facts: facts, firing: Firing(rule: rule, trigger: finding.leafHash))
        #expect(code(order.judge(update, from: order.consortium[role].origin)) == expected)
    }

    @Test func aRuleNeedsATriggerBehindItThatStands() throws {
        var (order, opening) = try opened()
        let known = try record("finding", by: .hospital, in: &order, facts: Gate.finding("9"))
        let beside = try record("finding", by: .supplier, in: &order, parents: [opening], facts: Gate.finding("9"))
        let facts = [TestOrder.text("kind", "crack")]
        for trigger in [beside.leafHash, Hash.sha256([9])] {
            let update = order.update(
                "alarm", parents: [known], facts: facts, firing: Firing(rule: "grave", trigger: trigger))
            #expect(code(order.judge(update, from: order.consortium[.regulator].origin)) == .ruleNotSetOff)
        }
    }

    @Test func whatARuleSaysOfADeadlineNobodySaysByHand() throws {
        var (order, _) = try opened()
        order.now = 90 * Gate.day
        #expect(verdict(try record("overdue", by: .regulator, in: &order), in: order) == .ruleNeeded)
        #expect(try !order.thread.allows(#require(order.contract.step("overdue"))))
        try record("finding", by: .hospital, in: &order)
        #expect(isAccepted(try record("alarm", by: .regulator, in: &order), in: order))
    }

    @Test func earlierLanguagesHaveNoRules() throws {
        let order = try TestOrder(TestConsortium())
        let firing = Firing(rule: "grave", trigger: Hash.emptyTree)
        #expect(code(order.judge(order.update("order.placed", firing: firing))) == .ruleUnknown)
    }
}
