import Identifiers
import Ledger
import Logging
import Testing

@testable import Capture

@Suite struct HIDScannerTests {
    private let logs = Collected<String>()
    private let backoff = Backoff(first: .milliseconds(5), longest: .milliseconds(10))

    @Test func readsReportsOfADeviceThatComesAndGoes() async throws {
        let path = try Fixture.temporaryDirectory() + "/hidraw"
        let scans = Collected<Scan>()
        let scanner = HIDScanner(
            name: "dock", path: path, dialect: .simpleCOM, backoff: backoff, logger: LogKeeper.logger(logs))
        let running = Task {
            try await scanner.run { scan, origin in
                #expect(origin == ScanOrigin(source: "dock"))
                scans.append(scan)
                return .recorded
            }
        }
        // It is waited for, and said once.
        try await logs.until { $0.count == 1 }
        let first = try DevicePipe(at: path, keepsReports: true)
        let long = String(repeating: "x", count: 63)
        try first.send(Report.simpleCOM(long))
        try first.send(Report.simpleCOM("y"))
        try first.send(Report.simpleCOM("4006381333931"))
        try await scans.until { $0.count == 2 }
        // Full to the last byte: only the silence ends it.
        try first.send(Report.simpleCOM(long))
        try await scans.until { $0.count == 3 }
        first.unplug()
        let second = try DevicePipe(at: path, keepsReports: true)
        try second.send(Report.simpleCOM("again\r"))
        try await scans.until { $0.count == 4 }
        #expect(scans.elements == [long + "y", "4006381333931", long, "again"].map { Scan(bytes: Array($0.utf8)) })
        running.cancel()
        try await running.value
        #expect(logs.elements.first?.contains("scanner-not-opened") == true)
    }

    @Test func readsContinuedReportsAndLogsALostScan() async throws {
        let path = try Fixture.temporaryDirectory() + "/hidraw"
        let pipe = try DevicePipe(at: path, keepsReports: true)
        let scans = Collected<Scan>()
        let scanner = HIDScanner(
            name: "dock", path: path, dialect: .pointOfSale, backoff: backoff, logger: LogKeeper.logger(logs))
        let running = Task {
            try await scanner.run { scan, _ in
                scans.append(scan)
                return .recorded
            }
        }
        let text = [UInt8](repeating: 0x41, count: 56) + [0x1D, 0x42]
        try pipe.send(Report.pointOfSale(text.prefix(56), "]d2", isContinued: true))
        try pipe.send(Report.pointOfSale([0x43], "]E0"))
        try await logs.until { $0.contains { $0.contains("scan-damaged") } }
        try pipe.send(Report.pointOfSale(text.prefix(56), "]d2", isContinued: true))
        try pipe.send(Report.pointOfSale(text.suffix(2), "]d2"))
        try await scans.until { $0.count == 1 }
        #expect(scans.elements == [Scan(bytes: text, symbologyIdentifier: "]d2")])
        running.cancel()
        try await running.value
    }

    @Test func saysThatAPipeDescribesNoReports() throws {
        let path = try Fixture.temporaryDirectory() + "/hidraw"
        let pipe = try DevicePipe(at: path, keepsReports: true)
        defer { pipe.unplug() }
        let device = try InputDevice(path, group: "plugdev")
        #expect(refusal { try HIDScanner.layout(of: device, .automatic) } == "scanner-dialect-unknown")
    }
}

@Suite struct OneWayDeliveryTests {
    private let logs = Collected<String>()
    private let scan = Scan(bytes: [0x31])

    @Test func offersAScanUntilItIsTakenAndSaysSoOnce() async throws {
        let delivery = OneWayDelivery(name: "dock", retryAfter: .milliseconds(1), logger: LogKeeper.logger(logs))
        let offers = Collected<Scan>()
        await delivery.deliver(scan) { scan, _ in
            offers.append(scan)
            return offers.elements.count < 4 ? .unavailable(CustodyError("gateway-busy", "Busy")) : .recorded
        }
        #expect(offers.elements == [scan, scan, scan, scan])
        #expect(logs.elements.count == 1)
    }

    @Test(arguments: [
        ScanAcknowledgement.refused(CustodyError("scan-unknown", "No")), .held(CustodyError("scan-unknown", "More")),
    ])
    func offersAScanOnceThatIsDecidedAndSaysWhy(acknowledgement: ScanAcknowledgement) async {
        let delivery = OneWayDelivery(name: "dock", logger: LogKeeper.logger(logs))
        let offers = Collected<Scan>()
        await delivery.deliver(scan) { scan, _ in
            offers.append(scan)
            return acknowledgement
        }
        #expect(offers.elements == [scan])
        #expect(logs.elements.count == 1 && logs.elements.allSatisfy { $0.contains("scan-unknown") })
    }

    @Test func stopsOfferingWhenTheGatewayStops() async {
        let delivery = OneWayDelivery(name: "dock", retryAfter: .seconds(3_600), logger: LogKeeper.logger(logs))
        let offers = Collected<Scan>()
        let delivering = Task {
            await delivery.deliver(scan) { scan, _ in
                offers.append(scan)
                return .unavailable(CustodyError("gateway-busy", "Busy"))
            }
        }
        _ = try? await offers.until { !$0.isEmpty }
        delivering.cancel()
        await delivering.value
        #expect(offers.elements == [scan])
    }
}
