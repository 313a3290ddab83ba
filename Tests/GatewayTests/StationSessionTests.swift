import Capture
import Identifiers
import Ledger
import Store
import Testing

@testable import Gateway

/// Several symbols of one package at one station.
@Suite struct StationSessionTests {
    static let session: Int64 = 10_000_000

    let gateway: TestGateway
    let order: String

    init() async throws {
        gateway = try TestGateway()
        order = try await gateway.recorder().record(TestGateway.open(number: "PO-1")).order
    }

    private func station(_ step: String = "labelled") throws -> Station {
        Station(
            rule: Station.Rule(name: "dock", step: step, session: Self.session), recorder: try gateway.recorder(),
            ledger: gateway.ledger, intake: gateway.intake, instruments: gateway.instruments)
    }

    static func symbol(_ text: String) -> Scan { Scan(bytes: Array(text.utf8), symbologyIdentifier: "]C1") }

    static let product = symbol("0109506000134352")
    static let serial = symbol("21A1\u{1D}10L7\u{1D}400PO-1")
    static let otherProduct = symbol("0104012345000016")

    private func verdict(_ station: Station, _ scan: Scan) async -> String {
        switch await station.accept(scan, from: ScanOrigin(source: "dock")) {
        case .recorded: "recorded"
        case .held(let error): "held: \(error.code)"
        case .refused(let error): "refused: \(error.code)"
        case .unavailable(let error): "unavailable: \(error.code)"
        }
    }

    @Test(arguments: [[product, serial], [serial, product]])
    func twoSymbolsOfOnePackageRecordOneUpdate(scans: [Scan]) async throws {
        let station = try station()
        #expect(await verdict(station, scans[0]) == "held: scan-incomplete")
        #expect(try gateway.intake.unmatchedScans(limit: 9).map(\.bytes) == [scans[0].bytes])
        gateway.clock.set(gateway.clock.now + Self.session - 1_000)
        #expect(await verdict(station, scans[1]) == "recorded")
        let updates = try gateway.updates(of: order)
        #expect(updates.count == 2)
        #expect(updates.last?.update.subjects == ["https://id.gs1.org/01/09506000134352/10/L7/21/A1"])
        #expect(try gateway.intake.unmatchedScans(limit: 9).isEmpty)
    }

    @Test func aSymbolThatComesTooLateIsAnotherPackage() async throws {
        let station = try station()
        #expect(await verdict(station, Self.product) == "held: scan-incomplete")
        gateway.clock.set(gateway.clock.now + Self.session)
        #expect(await verdict(station, Self.serial) == "held: scan-incomplete")
        #expect(try gateway.updates(of: order).count == 1)
        #expect(try gateway.intake.unmatchedScans(limit: 9).count == 2)
    }

    @Test func aSymbolThatFitsTwoPackagesIsNotGuessed() async throws {
        let station = try station()
        #expect(await verdict(station, Self.product) == "held: scan-incomplete")
        #expect(await verdict(station, Self.otherProduct) == "held: scan-incomplete")
        #expect(await verdict(station, Self.serial) == "refused: part-ambiguous")
        #expect(try gateway.updates(of: order).count == 1)
        #expect(try gateway.intake.unmatchedScans(limit: 9).count == 3)
    }

    @Test func whatMayStandAloneIsRecordedWhenItsTimeIsOver() async throws {
        let station = try station()
        let number = Self.symbol("400PO-1")
        #expect(await verdict(station, number) == "held: scan-incomplete")
        #expect(station.deadline == gateway.clock.now + Self.session)
        await station.expire()
        #expect(try gateway.updates(of: order).count == 1)
        gateway.clock.set(gateway.clock.now + Self.session)
        await station.expire()
        #expect(try gateway.updates(of: order).map(\.update.step) == ["order.placed", "labelled"])
        #expect(try gateway.intake.unmatchedScans(limit: 9).isEmpty)
        #expect(station.deadline == nil)
    }

    @Test func aSymbolThatIsScannedTwiceSaysTheSameTwice() async throws {
        let station = try station()
        for _ in 0..<2 { #expect(await verdict(station, Self.product) == "held: scan-incomplete") }
        for _ in 0..<2 { #expect(await verdict(station, Self.serial) == "recorded") }
        #expect(await verdict(station, Self.product) == "recorded")
        #expect(try gateway.updates(of: order).count == 2)
        #expect(try gateway.intake.unmatchedScans(limit: 9).isEmpty)
    }

    /// A disk that fails once must not make the second attempt a stranger.
    @Test func aPackageThatCouldNotBeRecordedIsRecordedLater() async throws {
        let station = try station()
        #expect(await verdict(station, Self.product) == "held: scan-incomplete")
        try gateway.tamper("CREATE TRIGGER fail BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'no'); END")
        #expect(await verdict(station, Self.serial).hasPrefix("unavailable"))
        try gateway.tamper("DROP TRIGGER fail")
        #expect(await verdict(station, Self.serial) == "recorded")
        #expect(try gateway.intake.unmatchedScans(limit: 9).isEmpty)
    }

    @Test func theLimitsOfALabelBecomeTheLimitsOfItsJourney() async throws {
        let station = try station("shipped")
        let label = Self.symbol("001950600013435200524109506000134352400PO-1\u{1D}4333000200\u{1D}4331000800")
        #expect(await verdict(station, label) == "recorded")
        let update = try #require(try gateway.updates(of: order).last?.update)
        #expect(update.text(of: "sscc") == "195060001343520052")
        #expect(update.text(of: "ship-to") == "9506000134352")
        #expect(update.text(of: "lowest-allowed") == "2.0")
        #expect(update.text(of: "highest-allowed") == "8.0")
    }
}
