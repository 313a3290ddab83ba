import FoundationEssentials
import Ledger
import Telemetry

/// Where the JSON of one kind of reader holds what it saw. Each place is looked up in the tag first, then in the report
/// around it; the first place that holds something counts.
struct TagForm {
    /// A tag and the report that it came in.
    struct Sighting {
        let tag: JSONValue
        let report: JSONValue
    }

    var list = JSONPointer(keys: [])
    /// Where in a report its tags are: an array, or one.
    var tags = [JSONPointer(keys: [])]
    /// What makes a value a tag and not another kind of report: one of these members. Empty: all are tags.
    var marks: Set<String> = []
    var epc: [JSONPointer]
    /// For readers that send the EPC as base64url (RFC 4648 section 5) only.
    var epcBase64: [JSONPointer] = []
    var tid: [JSONPointer] = []
    var antenna: [JSONPointer] = []
    var rssi: [JSONPointer] = []
    var rssiPerDecibel = 1.0
    var time: [JSONPointer] = []
    var reader: [JSONPointer] = []

    init(_ format: TagReads.Format) {
        switch format {
        case .impinj: self = .impinj
        case .zebra: self = .zebra
        case .mapped(let mapping): self.init(mapping)
        }
    }

    private init(_ mapping: TagMapping) {
        self.init(epc: [mapping.epc])
        list = mapping.list
        tid = mapping.tid.map { [$0] } ?? []
        antenna = mapping.antenna.map { [$0] } ?? []
        rssi = mapping.rssi.map { [$0] } ?? []
        time = mapping.time.map { [$0] } ?? []
        reader = mapping.reader.map { [$0] } ?? []
    }

    private init(epc: [JSONPointer]) {
        self.epc = epc
    }

    private static func members(_ names: String...) -> [JSONPointer] {
        names.map { JSONPointer(keys: [$0]) }
    }

    private static let impinj = {
        var form = TagForm(epc: members("epcHex"))
        form.tags = members("tagInventoryEvent")
        form.epcBase64 = members("epc")
        form.tid = members("tidHex")
        form.antenna = members("antennaPort")
        form.rssi = members("peakRssiCdbm")
        form.rssiPerDecibel = 100
        form.time = members("lastSeenTime", "timestamp")
        form.reader = members("hostname")
        return form
    }()

    private static let zebra = {
        var form = TagForm(epc: members("idHex"))
        form.tags = [JSONPointer(keys: ["data", "tagData"]), JSONPointer(keys: ["data"])]
        form.marks = ["idHex", "eventNum"]
        form.tid = members("TID")
        form.antenna = members("antenna")
        form.rssi = members("peakRssi")
        form.time = members("timestamp")
        form.reader = members("hostName")
        return form
    }()

    // MARK: Reading

    /// Throws `tags-malformed` where a document has nothing at the place of its list.
    func tags(in documents: [JSONValue]) throws -> [Sighting] {
        try documents.flatMap { document in
            guard let reports = document[list] else {
                throw CustodyError(
                    "tags-malformed", "The RFID reader's message has no list of reads where one was announced",
                    remedy: "Check the JSON Pointer of the list.")
            }
            return reports.elements.flatMap(sightings)
        }
    }

    private func sightings(in report: JSONValue) -> [Sighting] {
        let found = tags.lazy.compactMap { report[$0] }.first
        return (found?.elements ?? []).filter(isTag).map { Sighting(tag: $0, report: report) }
    }

    private func isTag(_ value: JSONValue) -> Bool {
        guard case .object(let members) = value else { return false }
        return marks.isEmpty || marks.contains { members[$0] != nil }
    }

    /// Nil for a tag without an EPC. Throws `tag-malformed`.
    func read(_ sighting: Sighting) throws -> TagRead? {
        guard let epc = try epc(of: sighting) else { return nil }
        return TagRead(
            epc: epc,
            tid: try value(sighting, tid)?.text.flatMap { try TagForm.hexadecimal($0, bytesMax: TagRead.tidBytesMax) },
            antenna: value(sighting, antenna)?.number.flatMap { Int(exactly: $0) },
            rssi: value(sighting, rssi)?.number.map { $0 / rssiPerDecibel },
            seenAt: value(sighting, time).flatMap(TagForm.microseconds),
            reader: value(sighting, reader)?.text)
    }

    private func epc(of sighting: Sighting) throws -> String? {
        if let text = value(sighting, epc)?.text, !text.isEmpty {
            return try TagForm.hexadecimal(text, bytesMax: TagRead.epcBytesMax)
        }
        guard let text = value(sighting, epcBase64)?.text, !text.isEmpty else { return nil }
        guard let bytes = TagForm.base64URL(text) else { throw TagForm.malformed("is not base64") }
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
        return try TagForm.hexadecimal(digits, bytesMax: TagRead.epcBytesMax)
    }

    private func value(_ sighting: Sighting, _ places: [JSONPointer]) -> JSONValue? {
        places.lazy.compactMap { sighting.tag[$0] ?? sighting.report[$0] }.first { $0 != .null }
    }

    // MARK: Values

    /// Upper-case digits, two a byte.
    private static func hexadecimal(_ text: String, bytesMax: Int) throws -> String? {
        guard !text.isEmpty else { return nil }
        guard text.utf8.count <= 2 * bytesMax else { throw malformed("has more than \(bytesMax) bytes") }
        guard text.utf8.count.isMultiple(of: 2), text.utf8.allSatisfy(isDigit) else {
            throw malformed("is not hexadecimal")
        }
        return text.uppercased()
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte & 0xDF)
    }

    /// With or without padding.
    private static func base64URL(_ text: String) -> [UInt8]? {
        let digits = text.utf8.filter { $0 != UInt8(ascii: "=") }.map { byte in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: byte
            }
        }
        let padding = [UInt8](repeating: UInt8(ascii: "="), count: (4 - digits.count % 4) % 4)
        return Data(base64Encoded: Data(digits + padding)).map { [UInt8]($0) }
    }

    /// Counts since 1970 cannot be mistaken for one another between the years 1973 and 5138.
    static func microseconds(_ value: JSONValue) -> Int64? {
        guard case .number(let number) = value else { return value.text.flatMap(microseconds) }
        switch number.magnitude {
        case ..<1e11: return Int64(exactly: (number * 1_000_000).rounded())
        case ..<1e14: return Int64(exactly: (number * 1_000).rounded())
        default: return Int64(exactly: number.rounded())
        }
    }

    /// RFC 3339; the colon in the offset may be missing, as in Zebra's times.
    private static func microseconds(_ text: String) -> Int64? {
        let date = [true, false].lazy.compactMap { hasFraction in
            try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: hasFraction))
        }.first
        return date.flatMap { Int64(exactly: ($0.timeIntervalSince1970 * 1_000_000).rounded()) }
    }

    private static func malformed(_ reason: String) -> CustodyError {
        CustodyError(
            "tag-malformed", "A tag's number in the RFID reader's message \(reason)",
            remedy: "Let the reader report the EPC in hexadecimal.")
    }
}
