import Foundation
import Ledger
import Store
import Testing

/// Two gateways with a bad network between them.
@Suite(.timeLimit(.minutes(3))) struct SyncFaultTests {
    static let entries = 3_000

    let site: TestSite

    /// A hospital with many orders, and a regulator.
    init() throws {
        site = try TestSite(["regulator", "hospital"])
        try site.copyState(to: "state-regulator")
        let load = try Program(
            try TestSite.program("custody"), ["append-load", "--state", site.state(of: "hospital"), "--writers", "64"])
        for _ in 0..<Self.entries { _ = try #require(load.line()) }
        load.send(SIGKILL)
        _ = load.wait()
    }

    private func entries(at member: String) throws -> [[UInt8]] {
        try LedgerStore(path: site.state(of: member) + "/ledger.sqlite", readOnly: true).read { snapshot in
            guard let log = try snapshot.log("hospital/main") else { return [] }
            return try snapshot.entries(log: log.id, from: 0, count: Int(log.size))
        }
    }

    private func cosignedSize() throws -> UInt64 {
        try LedgerStore(path: site.state(of: "hospital") + "/ledger.sqlite", readOnly: true).read { snapshot in
            try snapshot.ownLog().flatMap { try snapshot.cosignedSizes(of: $0.id)["regulator"] } ?? 0
        }
    }

    /// Runs both with a network between them, and ends when the regulator has cosigned all.
    private func sync(through body: (Relay) async throws -> Void) async throws -> Relay {
        try site.listen("regulator")
        let regulator = try await RunningGateway(site, of: "regulator")
        let relay = try Relay(to: regulator.port)
        try site.listen("hospital", peers: [("regulator", relay.port)])
        let hospital = try await RunningGateway(site, of: "hospital")
        try await body(relay)
        let all = try entries(at: "hospital")
        try await until("the regulator has cosigned all", within: .seconds(60)) {
            try cosignedSize() == UInt64(all.count)
        }
        // Verdicts follow cosignatures.
        for member in ["hospital", "regulator"] {
            try await until("all holds at the \(member)'s") {
                try site.run(["verify", "--state", site.state(of: member)]).code == 0
            }
        }
        hospital.stop()
        regulator.stop()
        relay.stop()
        #expect(try entries(at: "regulator") == all)
        return relay
    }

    @Test func aLineThatIsCutAgainAndAgainCostsNothing() async throws {
        let relay = try await sync { relay in
            for (number, bytes) in [0, 1, 600, 2_000, 4_000, 5_000].enumerated() {
                relay.cut(after: bytes + 1)
                try await until("cut \(number)") { relay.cuts == number + 1 }
                relay.mend()
            }
        }
        #expect(relay.cuts == 6)
    }

    @Test func changedBytesAreNoticedAndSentAgain() async throws {
        let relay = try await sync { relay in
            relay.flip(every: 20_000)
            try await until("bytes were changed") { relay.flips >= 5 }
            relay.mend()
        }
        #expect(relay.flips >= 5)
    }

    @Test func aSlowLineIsAsGood() async throws {
        _ = try await sync { $0.delay(by: .milliseconds(20)) }
    }

    /// What `tshark` would show: nothing but TLS, and of version 1.3, whatever is carried.
    @Test func nothingButTLS13IsOnThePort() async throws {
        let relay = try await sync { _ in }
        let connections = relay.heard.filter { !$0.fromBroker.isEmpty }
        #expect(!connections.isEmpty)
        for heard in connections {
            for bytes in [heard.fromGateway, heard.fromBroker] {
                let records = TLSRecords(bytes)
                #expect(!records.all.isEmpty && records.endsWell)
                for record in records.all {
                    #expect(TLSRecords.types.contains(record.type) && record.version >> 8 == 3)
                    #expect(record.body.count <= TLSRecords.bodyMax)
                }
            }
            #expect(TLSRecords(heard.fromBroker).chosenVersion == 0x0304)
        }
        // An order is recorded in the clear in the log, and nowhere on the way.
        let all = connections.flatMap { $0.fromGateway + $0.fromBroker }
        #expect(Data(all).range(of: Data("hospital/main".utf8)) == nil)
    }
}
