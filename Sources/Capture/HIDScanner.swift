import Glibc
import Identifiers
import Ledger
import Logging

/// A scanner on a raw HID device (`/dev/hidraw*`), which loses no byte of a symbol and names its symbology.
///
/// It cannot be told what became of a scan: what is refused stands in the log.
public struct HIDScanner: ScanSource {
    /// What a scanner's reports look like.
    public enum Dialect: String, CaseIterable, Hashable, Sendable {
        /// As the device itself describes them.
        case automatic = "auto"
        /// Zebra (Symbol) "Simple COM port emulation".
        case simpleCOM = "simple-com"
        /// USB HID point of sale, in the layout of Honeywell and others. `automatic` finds other layouts too.
        case pointOfSale = "hid-pos"
    }

    /// The silence after which a scan that fills its last report is over, where reports have no flag for it.
    public static let quietGap: Duration = .milliseconds(50)
    /// The silence after which a report that was announced is given up, and with it the scan.
    public static let followsWithin: Duration = .seconds(1)

    public let name: String
    private let path: String
    private let dialect: Dialect
    private let device: ReturningDevice
    private let delivery: OneWayDelivery

    /// - Parameter path: the device under a stable name that a udev rule gives it, such as `/dev/scanner-dock-2`.
    public init(
        name: String, path: String, dialect: Dialect = .automatic,
        backoff: Backoff = Backoff(first: .milliseconds(250), longest: .seconds(10)), logger: Logger
    ) {
        self.name = name
        self.path = path
        self.dialect = dialect
        device = ReturningDevice(name: name, path: path, backoff: backoff, logger: logger)
        delivery = OneWayDelivery(name: name, logger: logger)
    }

    /// Throws `descriptors-exhausted`.
    public func run(_ accept: @escaping ScanAcceptor) async throws {
        try await device.run(open: open) { scanner, waker in
            try await serve(scanner.device, scanner.layout, waker, accept)
        }
    }

    private func open() throws -> (device: InputDevice, layout: HIDReportLayout) {
        let device = try InputDevice(path, group: "plugdev")
        return (device, try HIDScanner.layout(of: device, dialect))
    }

    private func serve(
        _ device: InputDevice, _ layout: HIDReportLayout, _ waker: Waker, _ accept: ScanAcceptor
    ) async throws {
        let lane = BlockingLane("custody.hid-scanner")
        let patience = layout.continuation == .fullReport ? HIDScanner.quietGap : HIDScanner.followsWithin
        var assembler = HIDReportAssembler(layout)
        while !Task.isCancelled {
            let limit = assembler.isOpen ? patience : nil
            let input = try await lane.run {
                try device.read(upTo: HIDReportDescriptor.reportBytesMax, within: limit, waker)
            }
            for item in HIDScanner.items(input, &assembler) {
                switch item {
                case .scan(let scan): await delivery.deliver(scan, accept)
                case .lost(let loss): delivery.reportLoss(loss.error)
                }
            }
        }
    }

    private static func items(
        _ input: InputDevice.Input, _ assembler: inout HIDReportAssembler
    ) -> [HIDReportAssembler.Item] {
        switch input {
        case .bytes(let report): assembler.append(report)
        case .quiet: assembler.quiet()
        case .woken: []
        }
    }

    // MARK: The layout of the reports

    static func layout(of device: InputDevice, _ dialect: Dialect) throws -> HIDReportLayout {
        switch dialect {
        case .simpleCOM: .simpleCOM
        case .pointOfSale: .pointOfSale
        case .automatic: try layout(described: descriptor(of: device))
        }
    }

    /// Throws `scanner-dialect-unknown`, `scanner-is-keyboard`.
    static func layout(described bytes: [UInt8]?) throws -> HIDReportLayout {
        guard let bytes, let descriptor = HIDReportDescriptor(bytes) else { throw dialectUnknown }
        if let layout = descriptor.scannerLayout { return layout }
        guard !descriptor.isKeyboard else {
            throw CustodyError(
                "scanner-is-keyboard", "The scanner poses as a keyboard",
                remedy: "Set the scanner to USB HID point of sale or serial, or the station to keyboard-wedge.")
        }
        guard descriptor.plainReportBytes == HIDReportLayout.simpleCOM.data.upperBound else { throw dialectUnknown }
        return .simpleCOM
    }

    private static let dialectUnknown = CustodyError(
        "scanner-dialect-unknown", "The device does not say what its reports look like",
        remedy: """
            Check that the path is that of the scanner, and set the scanner to USB HID point of sale or serial, or the \
            station's dialect to one of \(Dialect.allCases.map(\.rawValue).joined(separator: ", ")).
            """)

    /// `HIDIOCGRDESCSIZE` and `HIDIOCGRDESC` of linux/hidraw.h; the latter takes a length and 4,096 bytes.
    static let descriptorSize = ControlRequest(.read, "H", 0x01, argumentBytes: 4)
    static let descriptorBytes = ControlRequest(.read, "H", 0x02, argumentBytes: 4 + descriptorBytesMax)
    private static let descriptorBytesMax = 4_096

    /// Nil for what is no HID device.
    private static func descriptor(of device: InputDevice) -> [UInt8]? {
        var size: UInt32 = 0
        guard device.control(descriptorSize, &size) >= 0, size <= descriptorBytesMax else { return nil }
        var words = [UInt32](repeating: 0, count: 1 + descriptorBytesMax / 4)
        words[0] = size
        let isRead = words.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { device.control(descriptorBytes, $0) >= 0 } ?? false
        }
        guard isRead else { return nil }
        return words.withUnsafeBytes { Array($0.dropFirst(4).prefix(Int(size))) }
    }
}
