import Testing

@testable import Store

@Suite struct ThingNamesTests {
    private static let product = "https://id.gs1.org/01/09506000134352/"

    @Test func aThingIsFoundUnderEveryNameThatItHasAndNoOther() throws {
        let ledger = try TestLedger()
        let known =
            [
                "21/S1", "10/L1/21/S1", "22/V/10/L2/21/S1", "10/L1/21/S2", "10/L1", "21/XS1", "21/s1",
            ].map { Self.product + $0 } + [
                "https://id.gs1.org/01/09506000134353/21/S1", "https://id.gs1.org/01/0950600013435/21/S1", "/21/S1",
            ]
        for (number, subject) in known.enumerated() {
            for order in [number, number + 100] {
                try ledger.tamper("INSERT INTO subject (subject, \"order\") VALUES (?, ?)", [subject, order])
            }
        }
        let found = try ledger.store.read { try $0.subjects(from: Self.product, ending: "/21/S1") }
        #expect(found.sorted() == known.prefix(3).sorted())
        #expect(try ledger.store.read { try $0.subjects(from: Self.product, ending: "/21/S1", limit: 2) }.count == 2)
        #expect(try ledger.store.read { try $0.subjects(from: "https:", ending: "/21/S1") }.isEmpty)
        #expect(try ledger.store.read { try $0.subjects(from: Self.product, ending: "/21/%") }.isEmpty)
    }
}
