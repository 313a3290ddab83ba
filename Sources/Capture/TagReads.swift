import FoundationEssentials
import Ledger
import Telemetry

/// The tags in a message of an RFID reader.
///
/// Readers repeat a tag as long as they see it: fold the reads with `DwellFilter`.
public struct TagReads: Hashable, Sendable {
    /// The largest message, in bytes.
    public static let payloadBytesMax = 262_144
    /// The most reads in one message.
    public static let readsMax = 4_096

    /// How a reader writes down what it saw.
    public enum Format: Hashable, Sendable {
        /// Impinj R700 and its relatives, IoT device interface: one event, an array of events (webhook) or one event a
        /// line (stream). Events of other kinds are passed over.
        case impinj
        /// Zebra IoT Connector: one tag data event of a fixed reader, an array of them, or a handheld's `dataEVT`.
        case zebra
        /// Any other JSON.
        case mapped(TagMapping)
    }

    /// The reads in their order, repeats included.
    public let reads: [TagRead]

    /// - Throws: `CustodyError` with code `tags-too-large`, `tags-malformed`, `too-many-tags`, `tag-malformed`, or
    ///   `tags-without-epc` where tags were reported and none of them with its EPC.
    public init(_ payload: [UInt8], format: Format) throws {
        guard payload.count <= TagReads.payloadBytesMax else {
            throw CustodyError(
                "tags-too-large",
                "The RFID reader's message has \(payload.count) bytes, more than \(TagReads.payloadBytesMax)",
                remedy: "Let the reader report more often, or fewer fields.")
        }
        let form = TagForm(format)
        let tags = try form.tags(in: TagReads.documents(in: payload))
        guard tags.count <= TagReads.readsMax else {
            throw CustodyError(
                "too-many-tags", "The RFID reader's message has \(tags.count) reads, more than \(TagReads.readsMax)",
                remedy: "Let the reader report more often.")
        }
        reads = try tags.compactMap { try form.read($0) }
        guard tags.isEmpty || !reads.isEmpty else {
            throw CustodyError(
                "tags-without-epc", "The RFID reader reports tags without their EPC",
                remedy: "Let the reader report the EPC in hexadecimal.")
        }
    }

    /// One document, or one on each line. Readers send empty lines to keep a connection open.
    private static func documents(in payload: [UInt8]) throws -> [JSONValue] {
        let lines = payload.split { $0 == 0x0A || $0 == 0x0D }.filter { !$0.allSatisfy { $0 == 0x20 || $0 == 0x09 } }
        guard !lines.isEmpty else { return [] }
        do {
            return [try document(payload[...])]
        } catch  where lines.count > 1 {
            return try lines.map(document)
        }
    }

    private static func document(_ bytes: ArraySlice<UInt8>) throws -> JSONValue {
        do {
            return try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
        } catch {
            throw CustodyError(
                "tags-malformed",
                "The RFID reader's message is not JSON, or nests deeper than \(JSONValue.depthMax) levels",
                remedy: "Check the format that the reader is set to.")
        }
    }
}

/// Where the JSON of any other reader holds what it saw.
///
/// `list` is a place in the document, an array of reads or a single one; the others are places in a read.
public struct TagMapping: Hashable, Sendable {
    let list: JSONPointer
    let epc: JSONPointer
    let tid: JSONPointer?
    let antenna: JSONPointer?
    let rssi: JSONPointer?
    let time: JSONPointer?
    let reader: JSONPointer?

    /// - Parameters:
    ///   - list: by default the document itself.
    ///   - epc: hexadecimal.
    ///   - time: RFC 3339, or a count since 1970 in seconds, milliseconds or microseconds, told apart by its size.
    /// - Throws: `CustodyError` with code `json-pointer-malformed`.
    public init(
        list: String = "", epc: String, tid: String? = nil, antenna: String? = nil, rssi: String? = nil,
        time: String? = nil, reader: String? = nil
    ) throws {
        self.list = try Self.place(list)
        self.epc = try Self.place(epc)
        self.tid = try tid.map(Self.place)
        self.antenna = try antenna.map(Self.place)
        self.rssi = try rssi.map(Self.place)
        self.time = try time.map(Self.place)
        self.reader = try reader.map(Self.place)
    }

    private static func place(_ text: String) throws -> JSONPointer {
        do { return try JSONPointer(text) } catch { throw CustodyError("json-pointer-malformed", error.message) }
    }
}
