import Foundation
import Gateway
import Ledger
import Testing

@testable import Portal

@Suite struct LocalProtocolTests {
    @Test func aDraftComesOutAsItWentIn() throws {
        let cited = Reference(origin: "haul/main", index: 7, leafHash: Hash.sha256([1]))
        let draft = Draft(
            order: .existing("haul/main/01"), step: "shipped",
            facts: [("vehicle", .text("truck-7")), ("note", .private([1, 2]))], subjects: ["urn:x"], cites: [cited],
            observedAt: 5, source: Source(.operator), operator: "op-1")
        let request = try JSONDecoder().decode(
            LocalProtocol.Request.self, from: try JSONEncoder().encode(LocalProtocol.Request(draft)))
        let back = try request.draft()
        #expect(back.order == draft.order && back.step == draft.step && back.subjects == draft.subjects)
        #expect(
            back.facts.map(\.name) == draft.facts.map(\.name) && back.facts.map(\.value) == draft.facts.map(\.value))
        #expect(back.cites == [cited])
        #expect(back.observedAt == 5 && back.operator == "op-1" && back.source == draft.source)
        #expect(back.signed == nil)
    }

    @Test(arguments: [true, false]) func aSignedUpdateComesOutAsItWentIn(opens: Bool) throws {
        let disclosure = try Disclosure(name: "note", value: [65], salt: [UInt8](repeating: 3, count: 32))
        let parent = Reference(origin: "haul/main", index: 7, leafHash: Hash.sha256([1]))
        let update = Update(
            order: "haul/main/01", step: "shipped", parents: opens ? [] : [parent], consortium: Hash.sha256([2]),
            contract: Hash.sha256([3]), facts: [Fact(name: "note", value: .commitment(disclosure.commitment))],
            source: Source(.operator), operator: Operator(id: "jk-17", certificate: [1], signature: [2]))
        let draft = Draft(signed: PreparedUpdate(origin: "haul/main", update: update, disclosures: [disclosure]))
        let request = try JSONDecoder().decode(
            LocalProtocol.Request.self, from: try JSONEncoder().encode(LocalProtocol.Request(draft)))
        let back = try request.draft()
        #expect(back.signed?.update == update && back.signed?.origin == "haul/main")
        #expect(back.signed?.disclosures == [disclosure])
        #expect(back.order == (opens ? .reopen(update.order, contract: update.contract) : .existing(update.order)))
    }
}
