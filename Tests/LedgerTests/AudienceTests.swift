import Testing

@testable import Ledger

/// Who may read and who may erase, in the sample contract: the hospital records, a manufacturer reads, a regulator erases.
@Suite struct AudienceTests {
    private let consortium: TestConsortium
    private let update: Update
    private let reference: Reference

    init() throws {
        consortium = try TestConsortium()
        let order = try TestOrder(consortium)
        let facts = ["patient", "prescription"].map { Fact(name: $0, value: .commitment(Hash.sha256(Array($0.utf8)))) }
        update = order.update("order.placed", facts: facts + [TestOrder.text("product", "hip")])
        reference = Reference(origin: "hospital/gw", index: 3, leafHash: Hash.sha256([3]))
    }

    @Test func theAudienceIsTheRecorderAndTheRolesOfTheContract() {
        let rulebook = consortium.rulebook
        #expect(rulebook.audience(of: "patient", in: update, from: "hospital/gw") == ["hospital", "manufacturer"])
        #expect(rulebook.audience(of: "product", in: update, from: "hospital/gw") == ["hospital"])
        #expect(rulebook.audience(of: "patient", in: update, from: "supplier/gw")?.contains("supplier") == true)
    }

    @Test func theAudienceIsNotKnownWithoutTheRules() {
        let contracts = Rulebook(documents: [], contracts: consortium.contracts)
        let documents = Rulebook(documents: [consortium.document], contracts: [])
        for rulebook in [contracts, documents] {
            #expect(rulebook.audience(of: "patient", in: update, from: "hospital/gw") == nil)
        }
    }

    private func erasure(order: String? = nil, fact: String = "patient") -> Erasure {
        Erasure(order: order ?? update.order, update: reference, fact: fact, reason: "asked")
    }

    @Test(arguments: [
        ("hospital/gw", true), ("hospital/other", true), ("regulator/gw", true), ("supplier/gw", false),
        ("manufacturer/gw", false), ("stranger/gw", false),
    ])
    func theRecorderAndTheRolesOfTheContractErase(origin: String, may: Bool) {
        let judgement = consortium.rulebook.judge(erasure(), from: origin, of: update)
        #expect((judgement == .erases) == may)
        if !may { #expect(judgement != .waiting) }
    }

    @Test func whatIsNoPrivateFactOfThatOrderIsNotErased() {
        for erasure in [erasure(order: "another"), erasure(fact: "product"), erasure(fact: "nothing")] {
            guard case .refused = consortium.rulebook.judge(erasure, from: "hospital/gw", of: update) else {
                Issue.record("\(erasure) is not refused")
                continue
            }
        }
    }

    @Test func onlyOthersThanTheRecorderWaitForTheRules() {
        let nothing = Rulebook(documents: [], contracts: [])
        #expect(nothing.judge(erasure(), from: "hospital/gw", of: update) == .erases)
        #expect(nothing.judge(erasure(), from: "regulator/gw", of: update) == .waiting)
    }
}
