import History
import Ledger
import Store
import Testing

@Suite struct OrderSearchTests {
    private func found(_ text: String, _ history: TestHistory) throws -> Set<String> {
        Set(
            try history.read { snapshot, _ in try OrderSearch.orders(text, year: 2026, in: snapshot) }
                .map { history.name(of: $0.name) })
    }

    @Test func anOrderIsFoundByWhateverAPersonHasInHand() async throws {
        let history = try TestHistory()
        try await history.fill()
        let cases: [(String, Set<String>)] = [
            ("PO-A2", ["A2"]), ("TRIP-1", ["TRIP-1"]), (try #require(history.orders["A3"]), ["A3"]),
            // As scanned, as a person writes it, as a Digital Link, with more or less on the label.
            ("(01)09506000134352(10)L7(21)A1", ["A1", "box"]),
            ("https://id.gs1.org/01/09506000134352/10/L7/21/A2", ["A2"]),
            ("https://example.com/01/09506000134352/21/A2?17=301231", ["A2"]), ("(01)09506000134352(21)A3", ["A3"]),
            ("(01)09506000134352(10)L7", ["A1", "A2", "A3", "box"]), ("(01)09506000134352", ["A1", "A2", "A3", "box"]),
            ("(00)095060001343520017", ["box"]), ("00095060001343520017", ["box"]),
            // A serial number, a lot of devices, a lot of material.
            ("A2", ["A2"]), ("L7", ["A1", "A2", "A3", "box"]), ("T1", ["T1", "A1", "A2"]),
            ("(01)09506000134352(21)A9", []), ("nothing of this", []),
        ]
        for (text, names) in cases { #expect(try found(text, history) == names, "\(text)") }
        // All of it follows from the logs.
        try history.gateway.ledger.reindex()
        for (text, names) in cases { #expect(try found(text, history) == names, "\(text), indexed anew") }
    }

    @Test func ofSeveralOrdersTheOneOfTheDeviceIsMeant() async throws {
        let history = try TestHistory()
        try await history.fill()
        func one(_ text: String) throws -> String {
            history.name(
                of: try history.read { try OrderSearch.order(text, year: 2026, in: $0, $1) }.name)
        }
        #expect(try one("(01)09506000134352(10)L7(21)A1") == "A1")
        #expect(throws: CustodyError(.orderAmbiguous, "")) { try one("L7") }
        #expect(throws: CustodyError(.orderUnknown, "")) { try one("L8") }
    }

    @Test func anEPCFindsWhatItsLabelFinds() async throws {
        let history = try TestHistory()
        try await history.open("A1", contract: "implant", step: "order.placed")
        try await history.next("labelled", of: "A1", subjects: ["https://id.gs1.org/01/80614141123458/21/6789"])
        for text in ["3074257BF7194E4000001A85", "urn:epc:id:sgtin:0614141.812345.6789"] {
            #expect(try found(text, history) == ["A1"], "\(text)")
        }
    }

    @Test func aThingIsFoundUnderEveryNameThatItHasAndNoOther() async throws {
        let history = try TestHistory()
        let product = "https://id.gs1.org/01/09506000134352/"
        let known =
            ["21/S1", "10/L1/21/S1", "22/V/10/L2/21/S1", "10/L1/21/S2", "10/L1", "21/XS1", "21/s1"]
            .map { product + $0 } + ["https://id.gs1.org/01/09506000134369/21/S1"]
        for (number, subject) in known.enumerated() {
            try await history.open(
                "\(number)", contract: "implant", step: "order.placed", subjects: [subject, subject])
        }
        let found = try history.read { snapshot, _ in
            try OrderSearch.subjects(fitting: product + "21/S1", in: snapshot)
        }
        #expect(found.sorted() == known.prefix(3).sorted())
        for none in [product + "21/S9", "https:", product] {
            #expect(try history.read { snapshot, _ in try OrderSearch.subjects(fitting: none, in: snapshot) }.isEmpty)
        }
    }
}
