import Foundation
import Glibc
import Testing

/// `custody run`, and what it logs.
final class RunningGateway {
    /// Kept, because its folder goes with it.
    private let site: TestSite
    private let program: Program
    private let logFile: String

    /// Of the consortium's interface, on this machine.
    let port: Int

    private struct Ready: Decodable {
        let port: Int
    }

    /// Returns when a broker has granted it its topics.
    /// - Parameter member: which of the site's organisations; the first one if none is named, the others have no broker.
    convenience init(_ site: TestSite, of member: String? = nil) async throws {
        try await self.init(site, at: member.map(site.state) ?? site.state)
        if member == nil { try await untilLogged("broker connected") }
    }

    /// - Parameter state: the state directory of any gateway.
    init(_ site: TestSite, at state: String) async throws {
        self.site = site
        logFile = site.folder + "/log-\(UUID().uuidString)"
        program = try Program(try TestSite.program("custody"), ["run", "--state", state], errors: logFile)
        let ready = try #require(program.line(), "the gateway does not start")
        port = try JSONDecoder().decode(Ready.self, from: Data(ready.utf8)).port
    }

    /// Starts these members; the others dial the first.
    static func all(_ members: [String], of site: TestSite) async throws -> [RunningGateway] {
        let first = try #require(members.first)
        try site.listen(first)
        var gateways = [try await RunningGateway(site, of: first)]
        for member in members.dropFirst() {
            try site.listen(member, peers: [(first, gateways[0].port)])
            gateways.append(try await RunningGateway(site, of: member))
        }
        return gateways
    }

    var log: String { (try? String(contentsOfFile: logFile, encoding: .utf8)) ?? "" }

    func untilLogged(_ text: String) async throws {
        try await until("the gateway says '\(text)'") { log.contains(text) }
    }

    /// Freezes it: its connections stay, and nobody reads from them.
    func freeze() { program.send(SIGSTOP) }

    func thaw() { program.send(SIGCONT) }

    func kill() {
        program.send(SIGKILL)
        #expect(program.wait() == 128 + SIGKILL)
    }

    /// Ends it as a shutdown does; it must have run until now.
    func stop() {
        program.send(SIGTERM)
        #expect(program.wait() == 0)
    }
}
