import Identifiers
import Ledger

/// Joins a scanner's HID reports to scans.
struct HIDReportAssembler {
    enum Item: Equatable {
        case scan(Scan)
        /// All of a scan was dropped: half a serial number is worse than none.
        case lost(Loss)
    }

    enum Loss: Equatable {
        case tooLong
        /// A report contradicts itself or the one before it.
        case damaged
        /// The report that was to follow did not come.
        case cutOff
    }

    /// The longest scan, in bytes.
    static let scanBytesMax = Scan.bytesMax

    private let layout: HIDReportLayout
    private var data: [UInt8] = []
    private var identifier: String?
    private var loss: Loss?
    /// Whether reports came whose scan is not over.
    private(set) var isOpen = false

    init(_ layout: HIDReportLayout) {
        self.layout = layout
    }

    /// The scans that `report` completes, in order; empty scans are none. Other kinds of reports are passed over.
    mutating func append(_ report: [UInt8]) -> [Item] {
        if let reportID = layout.reportID, report.first != reportID { return [] }
        isOpen = true
        guard let part = content(of: report) else {
            loss = loss ?? .damaged
            // The rest of the scan may follow, and alone it would pass for a scan of its own.
            return isLast(report) ? finish() : []
        }
        if layout.continuation == .fullReport { return appendText(part, isFull: part.count == layout.data.count) }
        append(part)
        return isLast(report) ? finish() : []
    }

    /// Nothing followed for a while.
    mutating func quiet() -> [Item] {
        guard isOpen else { return [] }
        if layout.continuation != .fullReport { loss = loss ?? .cutOff }
        return finish()
    }

    // MARK: Reports

    /// Nil for a report that is too short or contradicts itself.
    private mutating func content(of report: [UInt8]) -> ArraySlice<UInt8>? {
        guard report.count >= layout.data.upperBound, takeIdentifier(of: report) else { return nil }
        let field = report[layout.data]
        guard let count = layout.count, report.indices.contains(count) else {
            return field[..<(field.lastIndex { $0 != 0 }.map { $0 + 1 } ?? field.startIndex)]
        }
        return Int(report[count]) <= field.count ? field.prefix(Int(report[count])) : nil
    }

    /// Whether it is that of the scan's earlier reports. Three zeros say that the scanner knows none.
    private mutating func takeIdentifier(of report: [UInt8]) -> Bool {
        guard let range = layout.identifier, report.count >= range.upperBound else { return layout.identifier == nil }
        let found = LineAssembler.scan(Array(report[range])).symbologyIdentifier
        guard found == identifier || data.isEmpty else { return false }
        identifier = found
        return true
    }

    /// Whether the report says that the scan does not go on.
    private func isLast(_ report: [UInt8]) -> Bool {
        guard case .flag(let byte, let mask) = layout.continuation, report.indices.contains(byte) else { return false }
        return report[byte] & mask == 0
    }

    // MARK: Scans

    private mutating func append(_ part: ArraySlice<UInt8>) {
        if data.count + part.count <= HIDReportAssembler.scanBytesMax {
            data += part
        } else {
            loss = loss ?? .tooLong
        }
    }

    /// Without a flag, CR and LF end a scan as on a serial line, and so does a report that is not full.
    private mutating func appendText(_ part: ArraySlice<UInt8>, isFull: Bool) -> [Item] {
        let lines = part.split(omittingEmptySubsequences: false) { $0 == 0x0D || $0 == 0x0A }
        var items: [Item] = []
        for line in lines.dropLast() {
            append(line)
            items += finish()
        }
        isOpen = true
        append(lines.last ?? [])
        return isFull ? items : items + finish()
    }

    private mutating func finish() -> [Item] {
        defer {
            data.removeAll(keepingCapacity: true)
            (identifier, loss, isOpen) = (nil, nil, false)
        }
        if let loss { return [.lost(loss)] }
        // The suffix that ends a line for other interfaces is no part of a symbol.
        while let last = data.last, last == 0x0D || last == 0x0A { data.removeLast() }
        guard !data.isEmpty else { return [] }
        guard let identifier else { return [.scan(LineAssembler.scan(data))] }
        return [.scan(Scan(bytes: data, symbologyIdentifier: identifier))]
    }
}

extension HIDReportAssembler.Loss {
    var error: CustodyError {
        switch self {
        case .tooLong:
            CustodyError("scan-too-long", "The scan is longer than \(HIDReportAssembler.scanBytesMax) bytes")
        case .damaged:
            CustodyError(
                "scan-damaged", "The scanner sent a report that contradicts itself",
                remedy: "Scan again. If it stays, set the station's dialect to that of the scanner.")
        case .cutOff:
            CustodyError("scan-cut-off", "The end of the scan did not come", remedy: "Scan again.")
        }
    }
}
