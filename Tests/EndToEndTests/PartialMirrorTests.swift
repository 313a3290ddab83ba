import Foundation
import Ledger
import Store
import Testing

/// A depot of the supplier, beside its cosigner, that keeps only its orders' logs.
@Suite(.serialized, .timeLimit(.minutes(3))) struct PartialMirrorTests {
    private static let others = ["hospital", "regulator", "supplier"]

    private struct Shown: Decodable {
        struct Fetched: Decodable {
            let from, step, origin, verdict: String
            let kept, confirmed: Bool
        }

        struct Step: Decodable {
            let step: String
        }

        let order: String
        let steps: [Step]
        let fetched: [Fetched]
        let waiting: [String]
    }

    /// The three members' gateways and the depot's, which dials the hospital's.
    private final class Site {
        let site: TestSite
        var depot: String { site.state(of: "depot") }
        private var gateways: [RunningGateway] = []
        private var depotGateway: RunningGateway?

        init() async throws {
            site = try TestSite(
                PartialMirrorTests.others,
                changed: { text in
                    text.replacingOccurrences(of: "by: [hospital]", with: "by: [hospital, supplier]")
                        .replacingOccurrences(of: "by: [manufacturer]", with: "by: [supplier, hospital]")
                })
            try site.custody(
                "init", "--state", depot, "--organisation", site.folder + "/supplier", "--gateway", "depot",
                "--consortium", site.folder + "/c.note", "--contracts", site.folder + "/contracts")
            try listen("hospital", port: 0, at: site.state)
            gateways = [try await RunningGateway(site, at: site.state)]
            for member in ["regulator", "supplier"] {
                try listen(member, port: gateways[0].port, at: site.state(of: member))
                gateways.append(try await RunningGateway(site, at: site.state(of: member)))
            }
        }

        private func listen(_ member: String, port: Int, at state: String, more: String = "") throws {
            let peer = port == 0 ? "" : "{organisation: hospital, address: 'https://127.0.0.1:\(port)'}"
            try "custody-gateway: 1\nlisten: 127.0.0.1:0\npeers: [\(peer)]\n\(more)".write(
                toFile: state + "/gateway.yaml", atomically: true, encoding: .utf8)
        }

        func startDepot(mirror: String) async throws {
            depotGateway?.stop()
            try listen("depot", port: gateways[0].port, at: depot, more: "mirror: \(mirror)\n")
            depotGateway = try await RunningGateway(site, at: depot)
        }

        func stop() {
            depotGateway?.stop()
            for gateway in gateways.reversed() { gateway.stop() }
        }

        func open(at state: String) throws -> String {
            let lines = try site.custody(
                "order", "open", "--contract", "custom-device", "--fact", "product=hip", "--json", "--state", state)
            return try JSONDecoder().decode(RestoreSite.Receipt.self, from: Data(lines.joined().utf8)).order
        }

        func record(_ order: String, _ step: String, _ fact: String, at state: String) async throws {
            try await until("the order is known at \(state)") {
                try LedgerStore(path: state + "/ledger.sqlite", readOnly: true).read {
                    try !$0.orders(matching: order).isEmpty
                }
            }
            try site.custody("record", order, step, "--fact", fact, "--state", state)
        }

        func trace(_ order: String) throws -> Shown {
            let lines = try site.custody("trace", order, "--json", "--state", depot)
            return try JSONDecoder().decode(Shown.self, from: Data(lines.joined().utf8))
        }

        func size(of origin: String) throws -> UInt64? {
            try LedgerStore(path: depot + "/ledger.sqlite", readOnly: true).read { try $0.log(origin)?.size }
        }
    }

    @Test func fetchesWhatItLacksWithProofsAndKeepsItsOrdersLogs() async throws {
        let site = try await Site()
        try await site.startDepot(mirror: "{orders: true}")

        // An order of others: the supplier's own part of it is kept, and waits; the rest is fetched.
        let theirs = try site.open(at: site.site.state)
        let supplier = site.site.state(of: "supplier")
        try await site.record(theirs, "design.set", "design=d1", at: supplier)
        try await until("the organisation's log is here") { try site.size(of: "supplier/main") == 2 }
        try await until("the other's update is fetched") { try site.trace(theirs).fetched.count == 2 }
        let fetched = try site.trace(theirs)
        #expect(fetched.steps.isEmpty)
        #expect(fetched.fetched.map(\.step).sorted() == ["design.set", "order.placed"])
        #expect(fetched.fetched.allSatisfy { $0.from == "hospital" && $0.verdict == "accepted" })
        #expect(fetched.fetched.map(\.kept).filter { $0 }.count == 1)
        #expect(try site.size(of: "hospital/main") == nil)
        #expect(try site.size(of: "regulator/main") == nil)

        // An order of its own: whoever continues it is kept from then on, and what waited is judged.
        let own = try site.open(at: site.depot)
        try await site.record(own, "design.set", "design=d2", at: site.site.state)
        try await until("the hospital's log is here") { try site.size(of: "hospital/main") == 3 }
        try await until("both orders are whole") {
            try [own, theirs].allSatisfy { try site.trace($0).steps.count == 2 }
        }
        #expect(try site.trace(theirs).waiting.isEmpty)
        #expect(try site.size(of: "regulator/main") == nil)

        // Chosen later, it is pulled then; chosen no more, it stays.
        try await site.startDepot(mirror: "{organisations: [regulator]}")
        try await until("the regulator's log is here") { try site.size(of: "regulator/main") == 1 }
        #expect(try site.size(of: "hospital/main") == 3)
        let unknown = try site.site.run(["trace", "no such order", "--state", site.depot])
        #expect(unknown.errors.contains("[order-unknown]"))
        site.stop()
    }

    @Test func aCosignerThatIsToKeepLessDoesNotStart() throws {
        let site = try TestSite()
        try "custody-gateway: 1\nlisten: 127.0.0.1:0\nmirror: {orders: true}\n".write(
            toFile: site.state + "/gateway.yaml", atomically: true, encoding: .utf8)
        let outcome = try site.run(["run", "--state", site.state])
        #expect(outcome.code != 0)
        #expect(outcome.errors.contains("[cosigner-keeps-all]"))
    }

    @Test(arguments: ["some", "{orders: perhaps}", "{roles: [king]}", "{logs: all}"])
    func refusesAChoiceThatItDoesNotUnderstand(_ mirror: String) throws {
        let site = try TestSite()
        try "custody-gateway: 1\nlisten: 127.0.0.1:0\nmirror: \(mirror)\n".write(
            toFile: site.state + "/gateway.yaml", atomically: true, encoding: .utf8)
        let outcome = try site.run(["run", "--state", site.state])
        #expect(outcome.code != 0)
        #expect(outcome.errors.contains("[yaml-malformed]"))
    }
}
