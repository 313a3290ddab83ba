import Identifiers
import Ledger
import Logging
import Testing

@testable import Capture

@Suite struct KeyWedgeScannerTests {
    private let logs = Collected<String>()

    @Test func readsAScannerThatComesAndGoesAndWarnsOnce() async throws {
        let path = try Fixture.temporaryDirectory() + "/event-kbd"
        let first = try DevicePipe(at: path, keepsReports: false)
        let scans = Collected<Scan>()
        let taken = Collected<Int32>()
        let scanner = KeyWedgeScanner(
            name: "till", path: path, readsF8AsSeparator: true,
            backoff: Backoff(first: .milliseconds(5), longest: .milliseconds(10)), logger: LogKeeper.logger(logs)
        ) { device in taken.append(device.descriptor) }
        let running = Task {
            try await scanner.run { scan, origin in
                #expect(origin == ScanOrigin(source: "till"))
                scans.append(scan)
                return .recorded
            }
        }
        try first.send(Keys.bytes(Keys.tap(2) + Keys.control(Keys.tap(27)) + Keys.tap(3)))
        try first.send(Keys.bytes(Keys.enter))
        try await scans.until { $0.count == 1 }
        // Cut off in the middle: nothing of it may stand before the next scan.
        try first.send(Keys.bytes(Keys.tap(4)))
        first.unplug()
        let second = try DevicePipe(at: path, keepsReports: false)
        try second.send(Keys.bytes(Keys.tap(5) + Keys.enter))
        try await scans.until { $0.count == 2 }
        #expect(scans.elements == [Scan(bytes: [0x31, 0x1D, 0x32]), Scan(bytes: [0x34])])
        running.cancel()
        try await running.value
        #expect(taken.elements.count == 2)
        #expect(logs.elements.filter { $0.contains("may lose the separator GS") }.count == 1)
    }

    @Test func saysWhenTheKeysCannotBeTakenFromOthers() throws {
        let path = try Fixture.temporaryDirectory() + "/event-kbd"
        let pipe = try DevicePipe(at: path, keepsReports: false)
        defer { pipe.unplug() }
        let device = try InputDevice(path, group: "input")
        #expect(refusal { try KeyWedgeScanner.takeExclusively(device) } == "scanner-not-taken")
    }

    @Test func saysWhichGroupMayReadTheDevice() {
        let error = #expect(throws: CustodyError.self) { try InputDevice("/nowhere/event-kbd", group: "input") }
        #expect(error?.code == "scanner-not-opened" && error?.remedy?.contains("group input") == true)
    }
}
