import Foundation
import Testing

/// A gateway that was copied and goes on in two places.
@Suite(.timeLimit(.minutes(2))) struct ClonedGatewayTests {
    private struct Frozen: Decodable {
        let origin: String
        /// Entries that both branches have.
        let common: UInt64?
    }

    @Test func aClonedGatewayIsFoundAndFrozenEverywhere() async throws {
        let site = try TestSite(["hospital", "regulator", "supplier"])
        let copies = try ["one", "other"].map { try cloneDisk(of: site, as: $0) }
        try site.listen("regulator")
        try site.listen("supplier")
        let regulator = try await RunningGateway(site, of: "regulator")
        let supplier = try await RunningGateway(site, of: "supplier")
        try await tell(regulator, "regulator", by: "one", orders: 1, site)
        try await tell(supplier, "supplier", by: "other", orders: 3, site)
        supplier.stop()
        try site.listen("supplier", peers: [("regulator", regulator.port)])
        let again = try await RunningGateway(site, of: "supplier")
        for member in ["regulator", "supplier"] {
            try await until("the \(member) knows of the fork, and where the branches part") {
                try forks(site, site.state(of: member)).map { "\($0.origin) \($0.common ?? 0)" } == ["hospital/main 1"]
            }
        }
        again.stop()
        // Nobody else is to be suspected.
        #expect(try copies.allSatisfy { try frozen(site, $0) == [] })
        try await expectNextGeneration(of: "one", site, after: regulator)
        regulator.stop()
        try checkEvidence(site)
        for member in ["regulator", "supplier"] { try site.custody("verify", "--state", site.state(of: member)) }
    }

    /// A liar that hears of it goes on under another name, and with what it has recorded.
    private func expectNextGeneration(of copy: String, _ site: TestSite, after member: RunningGateway) async throws {
        try site.listen(copy, peers: [("regulator", member.port)])
        let gateway = try await RunningGateway(site, of: copy)
        try await gateway.untilLogged("the next generation of the log is open")
        try site.custody(
            "order", "open", "--contract", "custom-device", "--number", "later", "--fact", "product=hip", "--state",
            site.state(of: copy))
        try await until("the regulator hears of it") {
            try site.custody("orders", "--json", "--state", site.state(of: "regulator")).joined().contains("later")
        }
        gateway.stop()
        #expect(try frozen(site, site.state(of: copy)) == ["hospital/main"])
    }

    /// An image of a disk: nothing on it tells that it is a copy.
    private func cloneDisk(of site: TestSite, as name: String) throws -> String {
        let copy = try site.copyState(to: "state-\(name)")
        let file = URL(fileURLWithPath: copy + "/head")
        var head = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        head["born"] = nil
        try JSONSerialization.data(withJSONObject: head).write(to: file)
        return copy
    }

    /// Files that were copied are known as copies: both go on as generations of their own, and nobody lies.
    @Test func copiedFilesContinueNoLog() async throws {
        let site = try TestSite(["hospital", "regulator"])
        try site.listen("regulator")
        let regulator = try await RunningGateway(site, of: "regulator")
        for name in ["one", "other"] {
            try site.copyState(to: "state-\(name)")
            try await tell(regulator, "regulator", by: name, orders: 2, site)
        }
        regulator.stop()
        #expect(try frozen(site, site.state(of: "regulator")) == [])
        let logs = try site.custody("policy", "--state", site.state(of: "regulator")).joined(separator: "\n")
        #expect(logs.components(separatedBy: "log hospital/main.").count == 3, "\(logs)")
    }

    /// Lets one of the copies record orders that only one member hears of.
    private func tell(
        _ member: RunningGateway, _ name: String, by copy: String, orders: Int, _ site: TestSite
    ) async throws {
        try site.listen(copy, peers: [(name, member.port)])
        let gateway = try await RunningGateway(site, of: copy)
        for number in 0..<orders {
            try site.custody(
                "order", "open", "--contract", "custom-device", "--number", "\(copy)-\(number)", "--fact",
                "product=hip", "--state", site.state(of: copy))
        }
        try await until("the \(name) has heard of all orders") {
            try site.custody("orders", "--json", "--state", site.state(of: name)).joined().contains(
                "\(copy)-\(orders - 1)")
        }
        gateway.stop()
    }

    private func frozen(_ site: TestSite, _ state: String) throws -> [String] { try forks(site, state).map(\.origin) }

    private func forks(_ site: TestSite, _ state: String) throws -> [Frozen] {
        let outcome = try site.run(["evidence", "--json", "--state", state])
        let logs = try JSONDecoder().decode([Frozen].self, from: Data(outcome.lines.joined().utf8))
        #expect(outcome.code == (logs.isEmpty ? 0 : 1))
        return logs
    }

    /// One member's evidence, checked with another's policy and nothing else.
    private func checkEvidence(_ site: TestSite) throws {
        let (file, policy) = (site.folder + "/fork", site.folder + "/policy")
        try site.custody("evidence", "hospital/main", "-o", file, "--state", site.state(of: "supplier"))
        let lines = try site.custody("policy", "--state", site.state(of: "regulator"))
        try lines.map { $0 + "\n" }.joined().write(toFile: policy, atomically: true, encoding: .utf8)
        try site.custody("verify-evidence", file, "--policy", policy)
        let other = try String(contentsOfFile: file, encoding: .utf8).replacingOccurrences(
            of: "first ", with: "first 0")
        try other.write(toFile: file, atomically: true, encoding: .utf8)
        #expect(try site.run(["verify-evidence", file, "--policy", policy]).code != 0)
    }
}
