/// A pack as CBOR (RFC 8428 section 6).
struct SenMLCBOR: SenMLSource {
    private(set) var start = 0
    private var scanner: CBORScanner
    private var records = CBORScanner.Items.none
    private var fields = CBORScanner.Items.none

    init(_ payload: [UInt8]) {
        scanner = CBORScanner(payload)
    }

    mutating func openPack() throws(TelemetryError) {
        records = try scanner.array()
    }

    mutating func openRecord() throws(TelemetryError) -> Bool {
        guard try scanner.takes(&records) else { return false }
        start = scanner.index
        fields = try scanner.map()
        return true
    }

    mutating func nextLabel() throws(TelemetryError) -> SenMLLabel? {
        while try scanner.takes(&fields) {
            start = scanner.index
            if let label = try label() { return label }
            try scanner.skipItem()
        }
        return nil
    }

    /// Nil for a label that may be ignored.
    private mutating func label() throws(TelemetryError) -> SenMLLabel? {
        switch scanner.major {
        case .unsigned, .negative:
            let (isNegative, argument) = try scanner.integer()
            guard let number = Int8(exactly: argument) else { return nil }
            return SenMLLabel(rawValue: isNegative ? -1 - number : number)
        case .text:
            try checkText(try scanner.text())
            return nil
        default: throw scanner.malformed("a label must stand here, a whole number or a text")
        }
    }

    /// A field that SenML knows has its number here. Ignoring its JSON label would drop a time or a unit unseen.
    private func checkText(_ text: String) throws(TelemetryError) {
        try SenMLLabel.checkIgnorable(text, at: start)
        guard let label = SenMLLabel(text) else { return }
        throw TelemetryError(
            .labelUnknown, "In CBOR the label \(label.spelling) is written as the number \(label.rawValue).",
            position: start)
    }

    mutating func text() throws(TelemetryError) -> String {
        try scanner.text()
    }

    mutating func number() throws(TelemetryError) -> Double {
        let position = scanner.index
        guard let value = try scanner.number().double else {
            throw TelemetryError(.valueNotFinite, "The number must be a finite double.", position: position)
        }
        return value
    }

    mutating func microseconds() throws(TelemetryError) -> Int64 {
        let position = scanner.index
        guard let micros = try scanner.number().microseconds else {
            throw TelemetryError(.timeInvalid, "A time is seconds, in the years 1 to 9999.", position: position)
        }
        return micros
    }

    mutating func flag() throws(TelemetryError) -> Bool {
        try scanner.flag()
    }

    mutating func data() throws(TelemetryError) -> [UInt8] {
        try scanner.data()
    }

    /// RFC 8428 section 6: only an unsigned integer is a version.
    mutating func version() throws(TelemetryError) -> UInt64? {
        guard scanner.major == .unsigned else { return nil }
        return try scanner.integer().argument
    }

    mutating func expectEnd() throws(TelemetryError) {
        try scanner.expectEnd()
    }
}
