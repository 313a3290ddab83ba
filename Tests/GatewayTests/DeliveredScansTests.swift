import Capture
import Identifiers
import Ledger
import Store
import Synchronization
import Telemetry
import Testing

@testable import Gateway

/// Messages that a broker delivered for a station.
@Suite struct DeliveredScansTests {
    let gateway: TestGateway

    init() throws { gateway = try TestGateway() }

    /// What reached the station, and what it answers next.
    private final class Desk: Sendable {
        private let state = Mutex<(taken: [String], refusals: Int)>(([], 0))

        var taken: [String] { state.withLock { $0.taken } }

        func refuse(_ times: Int) { state.withLock { $0.refusals = times } }

        func accept(_ scan: Scan) -> ScanAcknowledgement {
            state.withLock { state in
                if state.refusals > 0 {
                    state.refusals -= 1
                    return .unavailable(CustodyError(.recorderBusy, "busy"))
                }
                state.taken.append(String(decoding: scan.bytes, as: UTF8.self))
                return .recorded
            }
        }
    }

    private let desk = Desk()

    private func inlet(_ kind: PayloadReader.Kind) -> StationInlet {
        let desk = desk
        return StationInlet(
            station: "gate",
            reader: PayloadReader(kind: kind, decoder: DecodeClient(executable: "/bin/false", arguments: [])),
            dwell: 1_000_000, now: gateway.instruments.now, accept: { scan, _ in desk.accept(scan) })
    }

    private func deliver(_ payloads: [String], to station: String = "gate") throws {
        try gateway.intake.commit(
            payloads.map {
                InboundMessage(
                    topic: "scanners/gate", payload: Array($0.utf8), receivedAt: 1,
                    content: .delivery(station: station))
            })
    }

    /// Runs until nothing waits any more.
    private func drain(_ kind: PayloadReader.Kind) async throws {
        let scans = DeliveredScans(
            to: inlet(kind), from: gateway.intake, retryAfter: .milliseconds(1), logger: gateway.logger)
        let intake = gateway.intake
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await scans.run() }
            var news = intake.deliveries.follow().makeAsyncIterator()
            while try intake.nextDelivery(for: "gate") != nil { await news.next() }
            group.cancelAll()
        }
    }

    @Test func takesWhatABrokerDeliveredInItsOrder() async throws {
        try deliver(["A1", "A2\r\nA3"])
        try deliver(["B1"], to: "another")
        try await drain(.text)
        #expect(desk.taken == ["A1", "A2", "A3"])
        #expect(try gateway.intake.nextDelivery(for: "another") != nil)
    }

    @Test func keepsAMessageUntilTheStationHasTakenIt() async throws {
        desk.refuse(3)
        try deliver(["A1"])
        try await drain(.text)
        #expect(desk.taken == ["A1"])
    }

    @Test func aMessageWithoutAScanIsKeptAmongWhatCouldNotBeRead() async throws {
        try deliver(["", "{", "A1"])
        try await drain(.tags(.impinj))
        let kept = try gateway.intake.undecodable(limit: 9)
        #expect(Set(kept.map { String(decoding: $0.payload, as: UTF8.self) }).isSuperset(of: ["{", "A1"]))
        #expect(desk.taken.isEmpty)
    }

    /// A reader says many times a second what it sees.
    @Test func aTagThatStaysInViewIsOneScan() async throws {
        let event = """
            {"timestamp":"2026-11-22T10:00:00Z","eventType":"tagInventory",\
            "tagInventoryEvent":{"epcHex":"3074257BF7194E4000001A85","antennaPort":1}}
            """
        let inlet = inlet(.tags(.impinj))
        #expect(try await inlet.take(Array(event.utf8)).count == 1)
        gateway.clock.set(gateway.clock.now + 999_999)
        #expect(try await inlet.take(Array(event.utf8)).isEmpty)
        gateway.clock.set(gateway.clock.now + 1_000_000)
        #expect(try await inlet.take(Array(event.utf8)).count == 1)
        #expect(desk.taken == ["3074257BF7194E4000001A85", "3074257BF7194E4000001A85"])
    }

    @Test func aTagThatCouldNotBeTakenIsNotFolded() async throws {
        let event = #"{"eventType":"tagInventory","tagInventoryEvent":{"epcHex":"3074257BF7194E4000001A85"}}"#
        let inlet = inlet(.tags(.impinj))
        desk.refuse(1)
        for _ in 0..<3 { _ = try await inlet.take(Array(event.utf8)) }
        #expect(desk.taken.count == 1)
    }
}
