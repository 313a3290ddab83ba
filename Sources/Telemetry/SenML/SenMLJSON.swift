/// A pack as JSON (RFC 8428 section 5).
struct SenMLJSON: SenMLSource {
    private(set) var start = 0
    private var scanner: JSONScanner
    private var isFirst = true

    init(_ payload: [UInt8]) {
        scanner = JSONScanner(payload)
    }

    mutating func openPack() throws(TelemetryError) {
        try scanner.expect(UInt8(ascii: "["))
        isFirst = true
    }

    mutating func openRecord() throws(TelemetryError) -> Bool {
        guard try hasNext(before: UInt8(ascii: "]")) else { return false }
        _ = scanner.peek()
        start = scanner.index
        try scanner.expect(UInt8(ascii: "{"))
        isFirst = true
        return true
    }

    mutating func nextLabel() throws(TelemetryError) -> SenMLLabel? {
        while try hasNext(before: UInt8(ascii: "}")) {
            _ = scanner.peek()
            start = scanner.index
            let key = try scanner.string()
            try scanner.expect(UInt8(ascii: ":"))
            if let label = SenMLLabel(key) { return label }
            try SenMLLabel.checkIgnorable(key, at: start)
            try scanner.skipValue()
        }
        return nil
    }

    /// Takes the comma or the end. One flag serves pack and record: where a record ends, the pack has had its first.
    private mutating func hasNext(before close: UInt8) throws(TelemetryError) -> Bool {
        if isFirst {
            isFirst = false
            return !scanner.take(close)
        }
        if scanner.take(UInt8(ascii: ",")) { return true }
        try scanner.expect(close)
        return false
    }

    mutating func text() throws(TelemetryError) -> String {
        try scanner.string()
    }

    mutating func number() throws(TelemetryError) -> Double {
        let number = try scanner.number()
        guard let value = number.double else {
            throw TelemetryError(
                .valueNotFinite, "The number is too large for a double.", position: number.bytes.startIndex)
        }
        return value
    }

    mutating func microseconds() throws(TelemetryError) -> Int64 {
        let number = try scanner.number()
        guard let micros = number.microseconds else {
            throw TelemetryError(
                .timeInvalid, "A time is seconds, in the years 1 to 9999.", position: number.bytes.startIndex)
        }
        return micros
    }

    mutating func flag() throws(TelemetryError) -> Bool {
        let first = scanner.peek()
        guard first == UInt8(ascii: "t") || first == UInt8(ascii: "f") else {
            throw scanner.malformed("true or false must stand here")
        }
        try scanner.skipValue()
        return first == UInt8(ascii: "t")
    }

    mutating func data() throws(TelemetryError) -> [UInt8] {
        _ = scanner.peek()
        let position = scanner.index
        guard let data = Base64URL.data(try scanner.string()) else {
            throw TelemetryError(
                .valueInvalid, "The vd must be base64url (RFC 4648 section 5) without padding.", position: position)
        }
        return data
    }

    mutating func version() throws(TelemetryError) -> UInt64? {
        try scanner.number().double.flatMap { UInt64(exactly: $0) }
    }

    mutating func expectEnd() throws(TelemetryError) {
        try scanner.expectEnd()
    }
}
