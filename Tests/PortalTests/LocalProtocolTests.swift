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
    }
}
