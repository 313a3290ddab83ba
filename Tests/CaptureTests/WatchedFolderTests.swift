import Glibc
import Identifiers
import Ledger
import Logging
import Testing

@testable import Capture

@Suite struct WatchedFolderTests {
    private let path: String
    private let folder: WatchedFolder
    private let scans = Collected<ScanOrigin>()

    init() throws {
        path = try Fixture.temporaryDirectory()
        for directory in ["done", "failed"] { mkdir(path + "/" + directory, 0o750) }
        folder = WatchedFolder(
            name: "dock", path: path, decoder: try Fixture.decoder(), retryAfter: .milliseconds(50),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Runs the folder until each step's directory held its names, in order; `prepare` comes before each step.
    private func run(
        _ accept: @escaping ScanAcceptor, until steps: [(directory: String, names: [String])],
        before prepare: @Sendable () throws -> Void = {}
    ) async throws {
        let running = Task { try await folder.run(accept) }
        for (directory, names) in steps {
            try prepare()
            try await DirectoryChange.until(path + "/" + directory, names)
        }
        running.cancel()
        try await running.value
    }

    @Test func movesAFileWhenItsScanIsRecorded() async throws {
        try Fixture.write(Fixture.bytes("gs1-qr.png"), to: path + "/label.png")
        let accept: ScanAcceptor = { [scans] scan, origin in
            scans.append(origin)
            return scan.symbologyIdentifier == "]Q3" ? .recorded : .refused(CustodyError("wrong", "wrong"))
        }
        try await run(accept, until: [("done", ["label.png"])])
        #expect(scans.elements == [ScanOrigin(source: "dock", item: "label.png")])
        #expect(try Fixture.names(in: path) == ["done", "failed"])
    }

    @Test func takesAFileThatArrivesLater() async throws {
        let image = try Fixture.bytes("ean13.png")
        let steps = [("done", ["late.png"]), ("done", ["1-late.png", "late.png"])]
        try await run({ _, _ in .recorded }, until: steps) { [path] in
            try Fixture.write(image, to: path + "/.late.png")
            rename(path + "/.late.png", path + "/late.png")
        }
    }

    @Test func leavesAFileThatWasNotAcknowledgedForTheNextRun() async throws {
        try Fixture.write(Fixture.bytes("ean13.png"), to: path + "/label.png")
        let stopped = Task { [folder, scans] in
            try await folder.run { _, origin in
                scans.append(origin)
                return .unavailable(CustodyError("busy", "busy"))
            }
        }
        try await scans.until { $0.count >= 2 }
        stopped.cancel()
        try await stopped.value
        #expect(try Fixture.names(in: path) == ["done", "failed", "label.png"])
        try await run({ _, _ in .recorded }, until: [("done", ["label.png"])])
    }

    @Test(arguments: [("gs1-128.png", 0, "[not-recorded]"), ("gs1-128.png", 300, "[image-damaged]")])
    func keepsAFailedFileWithItsReason(file: String, cut: Int, reason: String) async throws {
        try Fixture.write(Fixture.bytes(file).dropLast(cut), to: path + "/label.png")
        let accept: ScanAcceptor = { _, _ in .refused(CustodyError("not-recorded", "Not for this station")) }
        try await run(accept, until: [("failed", ["label.png", "label.png.reason"])])
        #expect(try Fixture.text(path + "/failed/label.png.reason").contains(reason))
    }

    @Test func readsTheKernelsNamesAndSurvivesTornOnes() {
        func event(_ mask: UInt32, _ name: String, padding: Int) -> [UInt8] {
            [1, 0, 0, 0] + (0..<4).map { UInt8(truncatingIfNeeded: mask >> ($0 * 8)) } + [0, 0, 0, 0]
                + [UInt8(name.utf8.count + padding), 0, 0, 0] + Array(name.utf8) + Array(repeating: 0, count: padding)
        }
        let bytes = event(0x8, "a.png", padding: 3) + event(0x4000, "", padding: 0) + event(0x80, "b.png", padding: 3)
        #expect(FolderWatch.parse(bytes[...]) == [.finished("a.png"), .overflow, .finished("b.png")])
        for count in 0..<bytes.count { _ = FolderWatch.parse(bytes.prefix(count)) }
    }
}

/// Waits for a directory to hold what it should.
private enum DirectoryChange {
    struct NotInTime: Error {}

    static func until(_ path: String, _ names: [String]) async throws {
        let (watch, waker) = (try FolderWatch(path), try Waker())
        let deadline = Task {
            try await Task.sleep(for: .seconds(30))
            waker.wake()
        }
        defer { deadline.cancel() }
        let limit = ContinuousClock.now + .seconds(30)
        try await BlockingLane("directory").run {
            while try Fixture.names(in: path) != names {
                guard ContinuousClock.now < limit else { throw NotInTime() }
                _ = watch.wait(waker)
            }
        }
    }
}
