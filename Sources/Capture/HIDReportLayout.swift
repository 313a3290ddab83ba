/// Where in a scanner's reports its data lie.
struct HIDReportLayout: Hashable, Sendable {
    /// How a report says that the scan goes on in the next one.
    enum Continuation: Hashable, Sendable {
        /// Any bit of this byte under the mask is set.
        case flag(byte: Int, mask: UInt8)
        /// It is full; a scan that fills its last report is over when nothing follows.
        case fullReport
    }

    /// The first byte of the reports that carry scans, where the device numbers its reports.
    let reportID: UInt8?
    /// The byte that says how many bytes of `data` count; nil where unused bytes are zero.
    let count: Int?
    /// The three bytes of the AIM symbology identifier.
    let identifier: Range<Int>?
    let data: Range<Int>
    let continuation: Continuation

    /// Zebra (Symbol) "Simple COM port emulation": 64 bytes, the first of them the count. Learnt from its users; the
    /// maker describes it nowhere.
    static let simpleCOM = HIDReportLayout(
        reportID: nil, count: 0, identifier: nil, data: 1..<64, continuation: .fullReport)

    /// USB HID Point of Sale Usage Tables 1.02 leave the layout to the descriptor; this is the one that Honeywell,
    /// Access-IS and others use.
    static let pointOfSale = HIDReportLayout(
        reportID: 2, count: 1, identifier: 2..<5, data: 5..<61, continuation: .flag(byte: 63, mask: 0xFF))
}
