import Dispatch
import Identifiers
import Ledger
import Logging
import Synchronization
import Testing

@testable import Capture

@Suite struct CameraScannerTests {
    private let logs = Collected<String>()
    private let backoff = Backoff(first: .milliseconds(5), longest: .milliseconds(10))

    @Test func takesASymbolThatStaysInViewForOneScan() async throws {
        let scans = Collected<Scan>()
        let reel = Reel(frames: 12)
        let scanner = camera(opening: { reel }) { _ in
            [DecodedSymbol(symbology: "QR Code", scan: Scan(bytes: [1], symbologyIdentifier: "]Q1"))]
        }
        try await run(scanner, scans) { try await logs.until { $0.contains { $0.contains("camera-gone") } } }
        #expect(scans.elements == [Scan(bytes: [1], symbologyIdentifier: "]Q1")])
    }

    @Test func countsASymbolAgainAfterItHasLeftTheView() async throws {
        let scans = Collected<Scan>()
        let scanner = camera(dwell: .zero, opening: { Reel(frames: 1) }) { _ in
            [DecodedSymbol(symbology: "QR Code", scan: Scan(bytes: [1]))]
        }
        try await run(scanner, scans) { try await scans.until { $0.count >= 3 } }
    }

    @Test func looksAtTheNewestFrameOnly() async throws {
        let looked = Collected<Int>()
        let reel = Reel(frames: 30, holdsSecond: true)
        let scanner = camera(opening: { reel }) { frame in
            looked.append(frame.width)
            if frame.width == 1 { reel.goOn.signal() }
            // The first frame is decoded for as long as the camera runs.
            if looked.elements.count == 1 { try await reel.ended.until { !$0.isEmpty } }
            return []
        }
        try await run(scanner, Collected<Scan>()) { try await looked.until { $0.count >= 2 } }
        #expect(looked.elements.prefix(2) == [1, 30])
    }

    @Test func goesOnAfterAFrameThatCannotBeDecodedAndSaysItOnce() async throws {
        let looked = Collected<Int>()
        let scanner = camera(opening: { Reel(frames: 1) }) { frame in
            looked.append(frame.width)
            throw CustodyError("decode-worker-died", "Gone")
        }
        try await run(scanner, Collected<Scan>()) { try await looked.until { $0.count >= 3 } }
        #expect(logs.elements.contains { $0.contains("decode-worker-died") })
    }

    @Test func waitsForACameraThatIsNotThere() async throws {
        let scanner = CameraScanner(
            name: "door", path: "/nowhere/video0", backoff: backoff, logger: LogKeeper.logger(logs)
        ) { _ in [] }
        try await run(scanner, Collected<Scan>()) {
            try await logs.until { $0.contains { $0.contains("camera-not-opened") } }
        }
        #expect(logs.elements.filter { $0.contains("camera-not-opened") }.count == 1)
    }

    @Test func saysThatAFileIsNoCamera() {
        let error = #expect(throws: CustodyError.self) { try Camera("/dev/null", width: 640, height: 480) }
        #expect(error?.code == "camera-not-opened" && error?.remedy?.contains("group video") == true)
    }

    @Test(arguments: [(3, 2, 6, true), (3, 2, 5, false), (0, 2, 0, false), (-1, -1, 1, false), (.max, 2, 0, false)])
    func makesAFrameOfOneByteAPixel(width: Int, height: Int, count: Int, isPossible: Bool) {
        let frame = LumaFrame(width: width, height: height, pixels: [UInt8](repeating: 7, count: count))
        #expect((frame != nil) == isPossible)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func limitsTheFrame(offset: Int, isAllowed: Bool) {
        let count = LumaFrame.pixelCount(width: LumaFrame.pixelsMax + offset, height: 1)
        #expect((count != nil) == isAllowed)
    }

    @Test func writesAFrameAsAnImageFile() throws {
        let frame = try #require(LumaFrame(width: 2, height: 1, pixels: [0, 255]))
        #expect(frame.pgm == Array("P5\n2 1\n255\n".utf8) + [0, 255])
        #expect(LumaFrame(pgm: frame.pgm) == frame)
    }

    @Test(arguments: [
        "", "P5", "P5\n", "P5\n2 1\n255", "P5\n2 1\n255\n", "P5\n2 1\n255\n1", "P5\n2 1\n255\n123", "P5\n2\n255\n12",
        "P5\n-2 -1\n255\n12", "P5\n2 1\n65535\n12", "P6\n2 1\n255\n12", "P5\n9223372036854775807 2\n255\n12",
    ])
    func refusesWhatIsNoFrame(text: String) throws {
        #expect(LumaFrame(pgm: Array(text.utf8)) == nil)
        #expect(throws: CustodyError.self) { try ImageDecoder().decode(pgm: Array(text.utf8)) }
    }

    private func camera(
        dwell: Duration = .seconds(3_600), opening open: @escaping @Sendable () throws -> any FrameDevice,
        decode: @escaping CameraScanner.FrameDecoder
    ) -> CameraScanner {
        CameraScanner(
            name: "door", path: "reel", dwell: dwell, backoff: backoff, logger: LogKeeper.logger(logs), open: open,
            decode: decode)
    }

    /// Runs the scanner until `body` returns.
    private func run(
        _ scanner: CameraScanner, _ scans: Collected<Scan>, until body: () async throws -> some Any
    ) async throws {
        let running = Task {
            try await scanner.run { scan, _ in
                scans.append(scan)
                return .recorded
            }
        }
        _ = try await body()
        running.cancel()
        try await running.value
    }
}

/// A camera that shows frames of growing width, and is gone after the last.
private final class Reel: FrameDevice {
    private let frames: Int
    private let holdsSecond: Bool
    private let shown = Mutex(0)
    let ended = Collected<Bool>()
    /// Lets the second frame be shown, where it is held back.
    let goOn = DispatchSemaphore(value: 0)

    init(frames: Int, holdsSecond: Bool = false) {
        self.frames = frames
        self.holdsSecond = holdsSecond
    }

    func next(_ waker: Waker) throws -> LumaFrame? {
        let width = shown.withLock { shown in
            shown += 1
            return shown
        }
        if holdsSecond, width == 2 { goOn.wait() }
        guard width <= frames else {
            ended.append(true)
            throw CustodyError("camera-gone", "Gone")
        }
        return LumaFrame(width: width, height: 1, pixels: [UInt8](repeating: 0, count: width))
    }
}
