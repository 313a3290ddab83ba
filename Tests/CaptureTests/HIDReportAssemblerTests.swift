import Identifiers
import Ledger
import Rig
import Testing

@testable import Capture

@Suite struct HIDReportAssemblerTests {
    // MARK: Simple COM port emulation

    @Test(
        arguments: [
            (["4006381333931"], ["4006381333931"]), (["4006381333931\r\n"], ["4006381333931"]),
            (["one\rtwo\r"], ["one", "two"]), (["\r\n", ""], []), (["]C10109506000134352\u{1D}21A\r"], ["]C1"]),
            ([String(repeating: "x", count: 63), "y"], [String(repeating: "x", count: 63) + "y"]),
            ([String(repeating: "x", count: 62) + "\r", "y\r"], [String(repeating: "x", count: 62), "y"]),
        ] as [([String], [String])])
    func joinsReportsUntilOneIsNotFullOrALineEnds(reports: [String], scans: [String]) {
        var assembler = HIDReportAssembler(.simpleCOM)
        let items = reports.flatMap { assembler.append(Report.simpleCOM($0)) }
        let expected = scans.map { text in
            text == "]C1"
                ? Scan(bytes: Array("0109506000134352\u{1D}21A".utf8), symbologyIdentifier: "]C1")
                : Scan(bytes: Array(text.utf8))
        }
        #expect(items == expected.map { .scan($0) })
    }

    @Test func endsAScanThatFillsItsLastReportWhenNothingFollows() {
        var assembler = HIDReportAssembler(.simpleCOM)
        let text = String(repeating: "x", count: 63)
        #expect(assembler.append(Report.simpleCOM(text)).isEmpty)
        #expect(assembler.isOpen)
        #expect(assembler.quiet() == [.scan(Scan(bytes: Array(text.utf8)))])
        #expect(!assembler.isOpen && assembler.quiet().isEmpty)
    }

    @Test func dropsAScanWithADamagedReportUpToItsEnd() {
        var assembler = HIDReportAssembler(.simpleCOM)
        #expect(assembler.append([64] + [UInt8](repeating: 0x31, count: 63)).isEmpty)
        #expect(assembler.append(Report.simpleCOM("rest")) == [.lost(.damaged)])
        #expect(assembler.append([3, 0x31]).isEmpty)
        #expect(assembler.quiet() == [.lost(.damaged)])
        #expect(assembler.append(Report.simpleCOM("next")) == [.scan(Scan(bytes: Array("next".utf8)))])
    }

    // MARK: Point of sale

    @Test func joinsReportsThatAreContinuedAndNamesTheSymbology() {
        var assembler = HIDReportAssembler(.pointOfSale)
        let text = Array("0109506000134352\u{1D}21".utf8) + [UInt8](repeating: 0x41, count: 60)
        #expect(assembler.append(Report.pointOfSale(text.prefix(56), "]d2", isContinued: true)).isEmpty)
        #expect(
            assembler.append(Report.pointOfSale(text.dropFirst(56), "]d2"))
                == [.scan(Scan(bytes: text, symbologyIdentifier: "]d2"))])
    }

    @Test(arguments: ["\0\0\0", "abc", "]\0\0"])
    func leavesOutAnIdentifierThatIsNone(identifier: String) {
        var assembler = HIDReportAssembler(.pointOfSale)
        let items = assembler.append(Report.pointOfSale(Array("123\r".utf8), identifier))
        #expect(items == [.scan(Scan(bytes: Array("123".utf8)))])
    }

    @Test func keepsALineEndInsideASymbol() {
        var assembler = HIDReportAssembler(.pointOfSale)
        let items = assembler.append(Report.pointOfSale(Array("a\rb\r\n".utf8), "]Q1"))
        #expect(items == [.scan(Scan(bytes: Array("a\rb".utf8), symbologyIdentifier: "]Q1"))])
    }

    @Test func passesOverOtherReports() {
        var assembler = HIDReportAssembler(.pointOfSale)
        #expect(assembler.append([4, 1, 2, 3]).isEmpty && assembler.append([]).isEmpty)
        #expect(!assembler.isOpen)
    }

    @Test func dropsAScanWhoseEndDoesNotCome() {
        var assembler = HIDReportAssembler(.pointOfSale)
        _ = assembler.append(Report.pointOfSale([UInt8](repeating: 0x31, count: 56), "]Q1", isContinued: true))
        #expect(assembler.quiet() == [.lost(.cutOff)])
    }

    @Test func dropsAScanWhoseReportsNameTwoSymbologies() {
        var assembler = HIDReportAssembler(.pointOfSale)
        _ = assembler.append(Report.pointOfSale([UInt8](repeating: 0x31, count: 56), "]Q1", isContinued: true))
        #expect(assembler.append(Report.pointOfSale([0x32], "]E0")) == [.lost(.damaged)])
    }

    @Test func dropsWhatFollowsADamagedReport() {
        var assembler = HIDReportAssembler(.pointOfSale)
        var damaged = Report.pointOfSale([0x31], "]Q1", isContinued: true)
        damaged[1] = 57
        #expect(assembler.append(damaged).isEmpty)
        #expect(assembler.append(Report.pointOfSale([0x32], "]Q1")) == [.lost(.damaged)])
        #expect(assembler.append(Array(Report.pointOfSale([0x31], "]Q1").prefix(20))).isEmpty)
        #expect(assembler.append(Report.pointOfSale([0x32], "]Q1")) == [.lost(.damaged)])
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func limitsTheScan(offset: Int, isAllowed: Bool) {
        var assembler = HIDReportAssembler(.pointOfSale)
        let text = [UInt8](repeating: 0x31, count: HIDReportAssembler.scanBytesMax + offset)
        let parts = stride(from: 0, to: text.count, by: 56).map { text[$0..<min($0 + 56, text.count)] }
        let items = parts.enumerated().flatMap { index, part in
            assembler.append(Report.pointOfSale(part, "]Q1", isContinued: index < parts.count - 1))
        }
        let scan = Scan(bytes: text, symbologyIdentifier: "]Q1")
        #expect(items == [isAllowed ? .scan(scan) : .lost(.tooLong)])
    }

    @Test(arguments: [HIDReportLayout.simpleCOM, .pointOfSale])
    func neverTrapsOnHostileReports(layout: HIDReportLayout) {
        var noise = SeededRandom(seed: 3)
        var assembler = HIDReportAssembler(layout)
        for _ in 0..<20_000 {
            var report = (0..<Int(noise.next() % 80)).map { _ in UInt8(truncatingIfNeeded: noise.next()) }
            if !report.isEmpty { report[0] = 2 }
            _ = assembler.append(report)
            if noise.next().isMultiple(of: 8) { _ = assembler.quiet() }
        }
    }
}

@Suite struct HIDReportDescriptorTests {
    @Test func findsTheLayoutThatAScannerDescribes() throws {
        let descriptor = try #require(HIDReportDescriptor(Descriptor.counted))
        #expect(descriptor.scannerLayout == .pointOfSale)
        #expect(!descriptor.isKeyboard)
    }

    @Test func findsALayoutWithoutACountOrNumbers() throws {
        let descriptor = try #require(HIDReportDescriptor(Descriptor.uncounted))
        #expect(
            descriptor.scannerLayout
                == HIDReportLayout(
                    reportID: nil, count: nil, identifier: 0..<3, data: 4..<34,
                    continuation: .flag(byte: 3, mask: 0b10)))
    }

    @Test func readsAReportWithoutACountUpToItsZeros() throws {
        let layout = try #require(HIDReportDescriptor(Descriptor.uncounted)?.scannerLayout)
        var assembler = HIDReportAssembler(layout)
        let report = Array("]E0\u{0}4006381333931".utf8) + [UInt8](repeating: 0, count: 17)
        #expect(
            assembler.append(report)
                == [.scan(Scan(bytes: Array("4006381333931".utf8), symbologyIdentifier: "]E0"))])
    }

    @Test(
        arguments: [
            (Descriptor.keyboard, "scanner-is-keyboard"), ([], "scanner-dialect-unknown"),
            ([0x05], "scanner-dialect-unknown"), (Descriptor.plain(count: 63), "scanner-dialect-unknown"),
            (nil, "scanner-dialect-unknown"),
        ] as [([UInt8]?, CustodyError.Code)])
    func saysWhenADeviceIsNoScannerThatItCanRead(descriptor: [UInt8]?, code: CustodyError.Code) {
        #expect(refusal { try HIDScanner.layout(described: descriptor) } == code)
    }

    @Test func takesPlainReportsOf64BytesForSimpleCOM() throws {
        #expect(try HIDScanner.layout(described: Descriptor.plain(count: 64)) == .simpleCOM)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func limitsTheReport(offset: Int, isAllowed: Bool) {
        let descriptor = HIDReportDescriptor(Descriptor.plain(count: HIDReportDescriptor.reportBytesMax + offset))
        #expect((descriptor != nil) == isAllowed)
    }

    @Test func refusesEveryDescriptorThatBreaksOffInsideAnItemAndTrapsOnNone() {
        for whole in [Descriptor.counted, Descriptor.uncounted, Descriptor.keyboard] {
            for count in 0..<whole.count { _ = HIDReportDescriptor(whole.prefix(count)) }
        }
        #expect(HIDReportDescriptor([0x06, 0x8C]) == nil)
        var noise = SeededRandom(seed: 5)
        for _ in 0..<20_000 {
            _ = HIDReportDescriptor((0..<Int(noise.next() % 64)).map { _ in UInt8(truncatingIfNeeded: noise.next()) })
        }
    }

    @Test func knowsTheKernelsRequestNumbers() {
        #expect(HIDScanner.descriptorSize.number == 0x8004_4801)
        #expect(HIDScanner.descriptorBytes.number == 0x9004_4802)
        #expect(KeyWedgeScanner.grab.number == 0x4004_4590)
    }
}

/// Reports as scanners send them.
enum Report {
    static func simpleCOM(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return [UInt8(bytes.count)] + bytes + [UInt8](repeating: 0, count: 63 - bytes.count)
    }

    static func pointOfSale(_ data: some Collection<UInt8>, _ identifier: String, isContinued: Bool = false) -> [UInt8]
    {
        [2, UInt8(data.count)] + Array(identifier.utf8) + Array(data)
            + [UInt8](repeating: 0, count: 56 - data.count + 2) + [isContinued ? 1 : 0]
    }
}

/// Report descriptors (USB HID 1.11, 6.2.2), an item a line.
private enum Descriptor {
    /// As Honeywell's scanners describe their reports.
    static let counted: [UInt8] =
        [0x05, 0x8C, 0x09, 0x02, 0xA1, 0x01]  // a bar code scanner
        + [0x09, 0x12, 0xA1, 0x02, 0x85, 0x02]  // its scanned data, report 2
        + [0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08]  // of bytes
        + [0x95, 0x01, 0x05, 0x01, 0x09, 0x3B, 0x81, 0x02]  // byte count
        + [0x95, 0x03, 0x05, 0x8C, 0x09, 0xFB, 0x09, 0xFC, 0x09, 0xFD, 0x81, 0x02]  // symbology identifier
        + [0x95, 0x38, 0x09, 0xFE, 0x82, 0x02, 0x01]  // decoded data
        + [0x06, 0x66, 0xFF, 0x95, 0x02, 0x09, 0x04, 0x09, 0x00, 0x81, 0x02]  // the maker's own
        + [0x05, 0x8C, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x09, 0xFF, 0x81, 0x02]  // decode data continued
        + [0xC0]
        + [0x09, 0x14, 0xA1, 0x02, 0x85, 0x04, 0x95, 0x08, 0x09, 0x5F, 0x91, 0x86, 0xC0, 0xC0]  // what it takes

    /// No numbers and no count; the flag is the second bit of a byte before the data. A long item is passed over.
    static let uncounted: [UInt8] =
        [0xFE, 0x02, 0xF0, 0xAA, 0xBB, 0x05, 0x8C, 0x09, 0x02, 0xA1, 0x01, 0xA4, 0x75, 0x08]
        + [0x95, 0x03, 0x09, 0xFB, 0x09, 0xFC, 0x09, 0xFD, 0x81, 0x02]
        + [0x75, 0x01, 0x95, 0x01, 0x81, 0x03, 0x0B, 0xFF, 0x00, 0x8C, 0x00, 0x81, 0x02, 0x95, 0x06, 0x81, 0x03]
        + [0xB4, 0x75, 0x08, 0x95, 0x1E, 0x09, 0xFE, 0x81, 0x02, 0xC0]

    static let keyboard: [UInt8] =
        [0x05, 0x01, 0x09, 0x06, 0xA1, 0x01, 0x05, 0x07, 0x75, 0x08, 0x95, 0x08, 0x81, 0x00, 0xC0]

    static func plain(count: Int) -> [UInt8] {
        [0x06, 0x00, 0xFF, 0x09, 0x01, 0xA1, 0x01, 0x75, 0x08, 0x96, UInt8(count & 0xFF), UInt8(count >> 8)]
            + [0x09, 0x01, 0x81, 0x02, 0xC0]
    }
}
