import Identifiers
import Ledger
import Logging

/// A scanner that poses as a keyboard, read where no other program sees its keys (evdev, taken exclusively).
///
/// It may lose the separator GS, and it changes letters when its keyboard layout is not the US one: a serial or HID
/// interface is always the better choice. It cannot be told what became of a scan.
public struct KeyWedgeScanner: ScanSource {
    public let name: String
    private let path: String
    private let readsF8AsSeparator: Bool
    private let take: @Sendable (InputDevice) throws -> Void
    private let device: ReturningDevice
    private let delivery: OneWayDelivery
    private let logger: Logger

    /// - Parameters:
    ///   - path: the device under its stable name, such as `/dev/input/by-id/usb-Zebra...-event-kbd`.
    ///   - readsF8AsSeparator: whether the key F8 stands for GS, as in the function key setting of some scanners.
    public init(
        name: String, path: String, readsF8AsSeparator: Bool = true,
        backoff: Backoff = Backoff(first: .milliseconds(250), longest: .seconds(10)), logger: Logger
    ) {
        self.init(
            name: name, path: path, readsF8AsSeparator: readsF8AsSeparator, backoff: backoff, logger: logger,
            take: KeyWedgeScanner.takeExclusively)
    }

    init(
        name: String, path: String, readsF8AsSeparator: Bool, backoff: Backoff, logger: Logger,
        take: @escaping @Sendable (InputDevice) throws -> Void
    ) {
        self.name = name
        self.path = path
        self.readsF8AsSeparator = readsF8AsSeparator
        self.take = take
        self.logger = logger
        device = ReturningDevice(name: name, path: path, backoff: backoff, logger: logger)
        delivery = OneWayDelivery(name: name, logger: logger)
    }

    /// Throws `descriptors-exhausted`.
    public func run(_ accept: @escaping ScanAcceptor) async throws {
        logger.warning(KeyWedgeScanner.advice, metadata: ["scanner": "\(name)"])
        try await device.run(open: open) { device, waker in try await serve(device, waker, accept) }
    }

    private func open() throws -> InputDevice {
        let device = try InputDevice(path, group: "input")
        try take(device)
        return device
    }

    private func serve(_ device: InputDevice, _ waker: Waker, _ accept: ScanAcceptor) async throws {
        let lane = BlockingLane("custody.key-wedge-scanner")
        var assembler = KeyAssembler(readsF8AsSeparator: readsF8AsSeparator)
        while !Task.isCancelled {
            let input = try await lane.run {
                try device.read(upTo: KeyWedgeScanner.readEventsMax * KeyAssembler.eventBytes, within: nil, waker)
            }
            guard case .bytes(let bytes) = input else { continue }
            for item in assembler.append(bytes) {
                switch item {
                case .scan(let scan): await delivery.deliver(scan, accept)
                case .lost(let loss): delivery.reportLoss(loss.error)
                }
            }
        }
    }

    /// How many events are taken at once.
    private static let readEventsMax = 64

    // MARK: Exclusive use

    /// `EVIOCGRAB` of linux/input.h.
    static let grab = ControlRequest(.write, "E", 0x90, argumentBytes: MemoryLayout<Int32>.size)

    /// From here on no terminal and no desktop sees the keys. The kernel gives the device back when it is closed.
    static func takeExclusively(_ device: InputDevice) throws {
        guard device.control(grab, 1) != 0 else { return }
        throw CustodyError(
            "scanner-not-taken", "The scanner cannot be taken for ourselves alone: \(systemMessage())",
            remedy: """
                Check that the path is that of the scanner's keyboard (/dev/input/by-id/...-event-kbd) and that no other \
                program has taken it.
                """)
    }

    static let advice: Logger.Message = """
        keyboard-wedge scanners may lose the separator GS and change letters with another keyboard layout: set the \
        scanner to serial (CDC-ACM) or to send Ctrl+] for GS, US keyboard layout
        """
}
