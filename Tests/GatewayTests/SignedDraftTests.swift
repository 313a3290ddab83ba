import Ledger
import Store
import Testing

@testable import Gateway

/// What an operator is given to sign, and what becomes of it.
@Suite struct SignedDraftTests {
    let gateway: TestGateway
    let recorder: Recorder
    let order: String

    init() async throws {
        gateway = try TestGateway()
        recorder = try gateway.recorder()
        order = try await recorder.record(TestGateway.open(number: "PO-1")).order
    }

    private func draft(_ step: String = "labelled", facts: [(name: String, value: Draft.Value)] = []) -> Draft {
        Draft(order: .existing(order), step: step, facts: facts, source: Source(.operator), operator: "jk-17")
    }

    private func signed(_ prepared: PreparedUpdate, disclosures: [Disclosure]? = nil) -> Draft {
        let person = Operator(id: "jk-17", certificate: [1], signature: [UInt8](repeating: 1, count: 64))
        return Draft(
            signed: PreparedUpdate(
                origin: prepared.origin, update: prepared.update.with(operator: person),
                disclosures: disclosures ?? prepared.disclosures))
    }

    private func code(_ draft: Draft) async throws -> CustodyError.Code? {
        let outcomes = try await recorder.record([draft])
        return outcomes.first?.code
    }

    @Test func whatIsPreparedIsWhatWouldBeSealedAndWritesNothing() async throws {
        let size = try gateway.own.size
        let prepared = try await recorder.prepare(draft(facts: [("lot", .text("L1"))]))
        #expect(try gateway.own.size == size)
        let receipt = try await recorder.record(draft(facts: [("lot", .text("L1"))]))
        let sealed = try #require(try gateway.updates(of: order).last)
        #expect(sealed.reference.leafHash == receipt.leafHash && sealed.update == prepared.update)
        #expect(prepared.origin == receipt.origin)
    }

    @Test func refusesWhatNoLongerStandsOnTheHeads() async throws {
        let prepared = try await recorder.prepare(draft())
        _ = try await recorder.record(draft("shipped"))
        #expect(try await code(signed(prepared)) == "order-moved-on")
        let again = try await recorder.prepare(draft())
        #expect(again.update.parents != prepared.update.parents)
        // Now it stands right, and the verdict has the last word: nobody certified this operator.
        #expect(try await code(signed(again)) == "operator-stranger")
        #expect(try gateway.updates(of: order).count == 2)
    }

    @Test func refusesAnOpeningOfAnOrderThatIsOpen() async throws {
        let open = Draft(order: .open(contract: "journey"), step: "order.placed", source: Source(.operator))
        let prepared = try await recorder.prepare(open)
        #expect(prepared.update.parents.isEmpty && prepared.update.order != order)
        #expect(try await code(signed(prepared)) == "operator-stranger")
        let other = prepared.update
        let taken = Update(
            order: order, step: other.step, parents: [], consortium: other.consortium, contract: other.contract,
            source: other.source)
        let again = PreparedUpdate(origin: prepared.origin, update: taken, disclosures: [])
        #expect(try await code(signed(again)) == "order-moved-on")
    }

    @Test func refusesWhatIsSignedForAnotherLogOrUnderAnotherDocument() async throws {
        let prepared = try await recorder.prepare(draft())
        let elsewhere = PreparedUpdate(origin: "hospital/other", update: prepared.update, disclosures: [])
        #expect(try await code(signed(elsewhere)) == "order-moved-on")
        let update = prepared.update
        let older = Update(
            order: update.order, step: update.step, parents: update.parents, consortium: Hash.sha256([1]),
            contract: update.contract, source: update.source)
        #expect(
            try await code(signed(PreparedUpdate(origin: prepared.origin, update: older, disclosures: [])))
                == "order-moved-on")
    }

    @Test func refusesACommitmentWithoutItsValue() async throws {
        let open = Draft(
            order: .open(contract: "journey"), step: "order.placed", facts: [("patient", .private([65]))],
            source: Source(.operator))
        let prepared = try await recorder.prepare(open)
        let disclosure = try #require(prepared.disclosures.first)
        let other = try Disclosure(name: "patient", value: [66], salt: [UInt8](repeating: 0, count: 32))
        for disclosures in [[], [other], [disclosure, disclosure]] {
            #expect(try await code(signed(prepared, disclosures: disclosures)) == "signed-malformed")
        }
        #expect(try await code(signed(prepared)) == "operator-stranger")
        let unsigned = Draft(signed: prepared)
        #expect(try await code(unsigned) == "signed-malformed")
    }

    @Test func nothingIsPreparedOfWhatIsNotKnown() async throws {
        let unknown = Draft(order: .existing("nowhere"), step: "labelled", source: Source(.operator))
        await #expect(throws: CustodyError("order-unknown", "")) { try await recorder.prepare(unknown) }
        recorder.close(because: CustodyError(.ownLogInDoubt, ""))
        await #expect(throws: CustodyError(.ownLogInDoubt, "")) { try await recorder.prepare(draft()) }
    }

    // MARK: What the operator's side checks

    private static let facts: [(name: String, value: Draft.Value)] = [("lot", .text("L1")), ("who", .private([65]))]
    private static let cited = Reference(origin: "haul/main", index: 1, leafHash: Hash.sha256([4]))
    private static let parent = Reference(origin: "hospital/gw", index: 1, leafHash: Hash.sha256([5]))

    private static func answer(
        order: String = "o", step: String = "s", parents: [Reference] = [parent], cites: [Reference] = [cited],
        subjects: [String] = ["urn:x"], lot: String = "L1", name: String = "lot", value: UInt8 = 65,
        commitment: Hash? = nil, extra: [Fact] = [], observedAt: Int64? = 7, source: Source = Source(.operator),
        firing: Firing? = nil
    ) throws -> PreparedUpdate {
        let disclosure = try Disclosure(name: "who", value: [value], salt: [UInt8](repeating: 1, count: 32))
        let facts = [
            Fact(name: name, value: .text(lot)),
            Fact(name: "who", value: .commitment(commitment ?? disclosure.commitment)),
        ]
        return PreparedUpdate(
            origin: "hospital/gw",
            update: Update(
                order: order, step: step, parents: parents, cites: cites.map { Citation(reference: $0) },
                consortium: .emptyTree, contract: .emptyTree, subjects: subjects, facts: facts + extra,
                observedAt: observedAt, source: source, firing: firing), disclosures: [disclosure])
    }

    private static let asked = Draft(
        order: .existing("o"), step: "s", facts: facts, subjects: ["urn:x"], cites: [cited], observedAt: 7,
        source: Source(.operator))

    @Test func signsWhatWasAskedFor() throws {
        try Self.answer().check(answers: Self.asked)
        // With the proof that its parent is confirmed.
        try Self.answer(cites: [Self.cited, Self.parent]).check(answers: Self.asked)
    }

    private static let different: [@Sendable () throws -> PreparedUpdate] = [
        { try answer(order: "p") }, { try answer(step: "t") }, { try answer(parents: []) }, { try answer(cites: []) },
        { try answer(cites: [parent]) },
        { try answer(cites: [cited, Reference(origin: "x", index: 1, leafHash: .emptyTree)]) },
        { try answer(subjects: []) }, { try answer(lot: "L2") }, { try answer(name: "lots") },
        { try answer(value: 66) }, { try answer(commitment: .emptyTree) },
        { try answer(extra: [Fact(name: "x", value: .text(""))]) }, { try answer(observedAt: nil) },
        { try answer(source: Source(.scan)) }, { try answer(firing: Firing(rule: "r", trigger: .emptyTree)) },
    ]

    @Test(arguments: different.indices) func signsNothingElse(place: Int) throws {
        let answer = try Self.different[place]()
        #expect(throws: CustodyError(.answerDiffers, "")) { try answer.check(answers: Self.asked) }
    }

    @Test func anAnswerToAnOpeningOpensAnOrder() throws {
        let open = Draft(order: .open(contract: "c"), step: "s", subjects: [], source: Source(.operator))
        func answer(_ parents: [Reference]) -> PreparedUpdate {
            PreparedUpdate(
                origin: "hospital/gw",
                update: Update(
                    order: "o", step: "s", parents: parents, consortium: .emptyTree, contract: .emptyTree,
                    source: Source(.operator)), disclosures: [])
        }
        try answer([]).check(answers: open)
        #expect(throws: CustodyError(.answerDiffers, "")) { try answer([Self.parent]).check(answers: open) }
    }
}
