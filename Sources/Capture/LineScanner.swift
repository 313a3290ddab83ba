import Identifiers
import Ledger
import Logging

/// A handheld scanner on a serial line (or USB serial, or a pseudo-terminal) that sends each scan as one line.
///
/// A line may begin with an AIM symbology identifier such as `]C1`; GS (0x1D) passes. When the scan is on disk the
/// scanner is sent ACK (0x06), on which it beeps. Where another symbol of the package is needed it is sent BEL (0x07), and
/// where the scan is not taken NAK (0x15), with one short line that says why.
/// When the device disappears it is opened again as soon as it is back.
public struct LineScanner: ScanSource {
    /// The longest line, in bytes without its end. A longer one is refused as a whole.
    public static let lineBytesMax = 4_096
    /// The longest reason sent to a scanner's display, in bytes.
    public static let reasonBytesMax = 120

    public let name: String
    private let path: String
    private let baudRate: Int
    private let backoff: Backoff
    private let logger: Logger

    /// - Parameters:
    ///   - path: the device, such as `/dev/serial/by-id/usb-Zebra...`.
    ///   - baudRate: 1,200 to 230,400; the line is 8N1.
    public init(
        name: String, path: String, baudRate: Int = 9600,
        backoff: Backoff = Backoff(first: .milliseconds(250), longest: .seconds(10)), logger: Logger
    ) {
        self.name = name
        self.path = path
        self.baudRate = baudRate
        self.backoff = backoff
        self.logger = logger
    }

    /// Throws `baud-rate-unknown`, `descriptors-exhausted`.
    public func run(_ accept: @escaping ScanAcceptor) async throws {
        let waker = try Waker()
        try await withTaskCancellationHandler {
            var backoff = backoff
            while !Task.isCancelled {
                do {
                    let line = try SerialLine(path, baudRate: baudRate)
                    backoff.reset()
                    logger.info("scanner connected", metadata: ["scanner": "\(name)", "path": "\(path)"])
                    try await serve(line, waker, accept)
                } catch let error as CustodyError where error.code != "baud-rate-unknown" {
                    logger.warning("scanner not available", metadata: ["scanner": "\(name)", "error": "\(error)"])
                    try? await Task.sleep(for: backoff.next())
                }
            }
        } onCancel: {
            waker.wake()
        }
    }

    private func serve(_ line: SerialLine, _ waker: Waker, _ accept: ScanAcceptor) async throws {
        let lane = BlockingLane("custody.line-scanner")
        var assembler = LineAssembler()
        while !Task.isCancelled {
            for item in assembler.append(try await lane.run { try line.read(waker) }) {
                let reply = LineScanner.reply(to: await acknowledge(item, accept))
                try await lane.run { try line.write(reply) }
            }
        }
    }

    private func acknowledge(_ line: LineAssembler.Line, _ accept: ScanAcceptor) async -> ScanAcknowledgement {
        switch line {
        case .scan(let scan): await accept(scan, ScanOrigin(source: name))
        case .tooLong: .refused(LineScanner.tooLong)
        }
    }

    static func reply(to acknowledgement: ScanAcknowledgement) -> [UInt8] {
        switch acknowledgement {
        case .recorded: [0x06]
        case .held(let error): [0x07] + reason(error.message) + [0x0D, 0x0A]
        case .refused(let error), .unavailable(let error): [0x15] + reason(error.message) + [0x0D, 0x0A]
        }
    }

    /// Printable ASCII only: a control byte inside a reason would be a command to the scanner.
    private static func reason(_ message: String) -> [UInt8] {
        message.utf8.prefix(reasonBytesMax).map { (0x20...0x7E).contains($0) ? $0 : 0x3F }
    }

    static let tooLong = CustodyError(
        "scan-line-too-long", "The scan is longer than \(lineBytesMax) bytes",
        remedy: "Check that the scanner ends each scan with CR or LF.")
}
