import Glibc
import Identifiers
import Ledger
import Logging
import Testing

@testable import Capture

@Suite struct LineScannerTests {
    @Test(arguments: [
        ("]C10109506000134352\u{1D}21A", "]C1", "0109506000134352\u{1D}21A"), ("4006381333931", nil, "4006381333931"),
        ("]d2x", "]d2", "x"), ("]", nil, "]"), ("]C", nil, "]C"), ("]C1", "]C1", ""), ("]12x", nil, "]12x"),
    ])
    func splitsOffTheSymbologyIdentifier(line: String, identifier: String?, text: String) {
        #expect(
            LineAssembler.scan(Array(line.utf8)) == Scan(bytes: Array(text.utf8), symbologyIdentifier: identifier))
    }

    @Test(arguments: ["\r", "\n", "\r\n"])
    func endsALineAtAnyOfTheUsualEnds(end: String) {
        var assembler = LineAssembler()
        let lines = assembler.append(Array("one\(end)two\(end)thr".utf8))
        #expect(lines == ["one", "two"].map { .scan(Scan(bytes: Array($0.utf8), symbologyIdentifier: nil)) })
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func refusesALongLineAndStartsAfreshAtTheNext(offset: Int, isAllowed: Bool) {
        var assembler = LineAssembler()
        let line = [UInt8](repeating: 0x41, count: LineScanner.lineBytesMax + offset)
        let lines = assembler.append(line + [0x0D] + Array("next\n".utf8))
        let first: LineAssembler.Line = isAllowed ? .scan(Scan(bytes: line, symbologyIdentifier: nil)) : .tooLong
        #expect(lines == [first, .scan(Scan(bytes: Array("next".utf8), symbologyIdentifier: nil))])
    }

    @Test(arguments: [-1, 0, 1])
    func sendsAReasonAsOneShortPrintableLine(offset: Int) {
        let message = String(repeating: "x", count: LineScanner.reasonBytesMax + offset - 1) + "\u{07}"
        let reply = LineScanner.reply(to: .refused(CustodyError("no", message)))
        let kept = min(LineScanner.reasonBytesMax, LineScanner.reasonBytesMax + offset)
        #expect(reply.count == 1 + kept + 2)
        #expect(reply.first == 0x15 && reply.suffix(2) == [0x0D, 0x0A])
        #expect(!reply.contains(0x07))
    }

    @Test func beepsOnlyAfterTheAcknowledgementAndComesBackAfterUnplugging() async throws {
        let directory = try Fixture.temporaryDirectory()
        let device = directory + "/scanner"
        let scans = Collected<Scan>()
        let first = try Terminal(linkedAt: device)
        let scanner = LineScanner(
            name: "desk", path: device, backoff: Backoff(first: .milliseconds(10), longest: .milliseconds(20)),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let running = Task {
            try await scanner.run { scan, _ in
                scans.append(scan)
                return scan.bytes.count > 3 ? .recorded : .refused(CustodyError("too-short", "Too short"))
            }
        }
        try first.send("]C1ABCD\u{1D}E\r")
        #expect(try await first.receive(1) == [0x06])
        #expect(scans.elements == [Scan(bytes: Array("ABCD\u{1D}E".utf8), symbologyIdentifier: "]C1")])
        try first.send("AB\r")
        #expect(try await first.receive(12) == [0x15] + Array("Too short\r\n".utf8))
        first.unplug()
        let second = try Terminal(linkedAt: device)
        try second.send("4006381333931\n")
        #expect(try await second.receive(1) == [0x06])
        running.cancel()
        try await running.value
    }

    @Test func refusesAnUnknownBaudRate() async {
        let scanner = LineScanner(name: "desk", path: "/dev/null", baudRate: 12_345, logger: Logger(label: "test"))
        await #expect(throws: CustodyError("baud-rate-unknown", "")) { try await scanner.run { _, _ in .recorded } }
    }
}

/// The scanner's end of a pseudo-terminal whose other end stands under a fixed name.
private final class Terminal: Sendable {
    struct NotInTime: Error {}

    private let descriptor: Int32
    private let gatewayEnd: Int32
    private let link: String

    init(linkedAt link: String) throws {
        self.link = link
        // Our end of the pair is held open and raw, so that bytes sent before the gateway opens its own are neither
        // lost nor echoed.
        var ends: (scanner: Int32, gateway: Int32) = (-1, -1)
        var name = [CChar](repeating: 0, count: 256)
        try #require(openpty(&ends.scanner, &ends.gateway, &name, nil, nil) == 0)
        (descriptor, gatewayEnd) = ends
        var settings = termios()
        tcgetattr(gatewayEnd, &settings)
        cfmakeraw(&settings)
        tcsetattr(gatewayEnd, TCSANOW, &settings)
        unlink(link)
        try #require(symlink(&name, link) == 0)
    }

    func send(_ text: String) throws {
        try #require(write(descriptor, text, text.utf8.count) == text.utf8.count)
    }

    func receive(_ count: Int) async throws -> [UInt8] {
        try await BlockingLane("terminal").run { [descriptor] in
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 256)
            while bytes.count < count {
                var readable = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&readable, 1, 20_000) > 0 else { throw NotInTime() }
                let got = read(descriptor, &chunk, min(chunk.count, count - bytes.count))
                guard got > 0 else { throw NotInTime() }
                bytes += chunk.prefix(got)
            }
            return bytes
        }
    }

    func unplug() {
        unlink(link)
        close(gatewayEnd)
        close(descriptor)
    }
}
