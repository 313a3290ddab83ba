import Foundation
import Testing

/// A lot is called back: every device of it is found, each order has the notice once, and each holder's gateway says by itself
/// that it has come.
@Suite(.timeLimit(.minutes(2))) struct RecallTests {
    private static let running = ["hospital", "manufacturer", "regulator"]

    private struct Progress: Decodable {
        struct Item: Decodable {
            let noticed, received, acknowledged: String?
        }
        let items: [Item]
    }

    private let site: TestSite

    init() throws {
        site = try TestSite(
            ["supplier"] + Self.running, contracts: ["stock-device", "material", "recall", "adverse-event"])
    }

    private func at(_ member: String, _ arguments: String...) throws -> [String] {
        try site.custody(arguments + ["--state", site.state(of: member)])
    }

    private func progress(_ recall: String) throws -> [Progress.Item] {
        let lines = try at("manufacturer", "recall", "status", recall, "--json")
        return try JSONDecoder().decode(Progress.self, from: Data(lines.joined().utf8)).items
    }

    /// Devices of lot L7 and one of L8, as far as the hospital.
    private func devices() async throws {
        for (serial, lot) in [("A1", "L7"), ("A2", "L7"), ("A3", "L8")] {
            _ = try at(
                "hospital", "order", "open", "--contract", "stock-device", "--number", "PO-\(serial)", "--fact",
                "product=pump")
            try await until("the manufacturer has PO-\(serial)") {
                try site.run(["trace", "PO-\(serial)", "--state", site.state(of: "manufacturer")]).code == 0
            }
            let label = "(01)09506000134352(10)\(lot)(21)\(serial)"
            _ = try at("manufacturer", "record", "PO-\(serial)", "released", "--scan", label, "--fact", "lot=\(lot)")
            _ = try at("manufacturer", "record", "PO-\(serial)", "shipped", "--scan", label)
        }
    }

    @Test func aLotIsCalledBackFromEverybodyWhoHasSomeOfIt() async throws {
        let gateways = try await RunningGateway.all(Self.running, of: site)
        try await devices()
        let found = try at("manufacturer", "recall", "find", "--lot", "L7", "--csv", site.folder + "/recall.csv")
        #expect(found.first == "2 affected by lot L7")
        #expect(found.count { $0.contains("on its way from manufacturer") } == 2, "\(found)")
        #expect(try String(contentsOfFile: site.folder + "/recall.csv", encoding: .utf8).contains("in-transit"))
        let opened = try at("manufacturer", "recall", "open", "--lot", "L7", "--reason", "a crack", "--number", "R-1")
        #expect(opened.last == "2 affected, 2 listed now", "\(opened)")
        // What is done is not done again.
        #expect(try at("manufacturer", "recall", "extend", "R-1").last == "2 affected, 0 listed now")
        try await until("the hospital's gateway says that both notices have come") {
            try progress("R-1").allSatisfy { $0.noticed != nil && $0.received != nil }
        }
        try await until("the hospital has the recall") {
            try site.run(["trace", "R-1", "--state", site.state(of: "hospital")]).code == 0
        }
        #expect(try progress("R-1").allSatisfy { $0.acknowledged == nil })
        let spared = try at("hospital", "trace", "PO-A3")
        #expect(!spared.contains { $0.contains("recall.noticed") })
        for gateway in gateways { gateway.stop() }
        for member in Self.running { _ = try at(member, "verify") }
    }

    @Test func aReportLeadsToEveryLinkAndToDraftsForTheAuthorities() async throws {
        let gateways = try await RunningGateway.all(Self.running, of: site)
        try await devices()
        try await until("the hospital has what the manufacturer recorded") {
            try at("hospital", "trace", "PO-A2").contains { $0.hasPrefix("shipped") }
        }
        try "it leaked".write(toFile: site.folder + "/narrative", atomically: true, encoding: .utf8)
        let wrong = try site.run(
            ["adverse", "report", "--gravity", "serious", "--problem", "E0401", "--state", site.state(of: "hospital")])
        #expect(wrong.errors.contains("[adverse-code-malformed]"), "\(wrong.errors)")
        let event = try #require(
            try at(
                "hospital", "adverse", "report", "--gravity", "serious", "--problem", "A0401", "--device",
                "(01)09506000134352(21)A1", "--private-fact", "narrative=@\(site.folder)/narrative"
            ).first)
        try await until("maker and regulator are notified") {
            let shown = try at("hospital", "adverse", "show", event)
            return shown.contains { $0.contains("regulator.notified") }
                && shown.contains { $0.contains("manufacturer.notified") }
        }
        let shown = try at("hospital", "adverse", "show", event)
        #expect(shown.contains { $0.hasPrefix("clock     serious.submitted by manufacturer: due ") }, "\(shown)")
        #expect(shown.contains("shares lot L7"), "\(shown)")
        #expect(shown.contains { $0.contains("released") && $0.contains("manufacturer/main") })
        let open = try at("hospital", "adverse", "export", event).joined()
        #expect(!open.contains("it leaked") && open.contains("09506000134352/10/L7/21/A1"), "\(open)")
        let file = site.folder + "/draft.json"
        _ = try at("hospital", "adverse", "export", event, "--with-private", "-o", file)
        #expect(try String(contentsOfFile: file, encoding: .utf8).contains("it leaked"))
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        for gateway in gateways { gateway.stop() }
    }
}
