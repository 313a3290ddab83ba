import Identifiers
import Ledger

/// What an NFC tag says: an NDEF message (NFC Forum, NDEF 1.0) and the URIs in it.
public struct NDEFMessage: Hashable, Sendable {
    /// The longest message, in bytes: the most that the length field of a tag's file can say.
    public static let bytesMax = 65_535
    /// The most records in one message, those of its smart posters included.
    public static let recordsMax = 64

    /// The records in their order. A smart poster is one record, whose payload is a message again.
    public let records: [NDEFRecord]
    /// One scan for each URI, those in smart posters included, in their order.
    public let scans: [Scan]

    /// Reads a message alone, or as it lies in a tag's memory: among the TLV blocks of a Type 2 tag (T2T 1.0, 2.3), or
    /// behind the two length bytes of a Type 4 tag's file (T4T 2.0, 4.4).
    ///
    /// - Throws: `CustodyError` with code `ndef-too-long`, `ndef-malformed`, `ndef-too-many-records`,
    ///   `ndef-uri-malformed`.
    public init(_ bytes: [UInt8]) throws {
        guard bytes.count <= NDEFMessage.bytesMax else {
            throw CustodyError(
                "ndef-too-long", "The NFC tag's message has \(bytes.count) bytes, more than \(NDEFMessage.bytesMax)")
        }
        records = try NDEFMessage.records(in: NDEFMessage.message(in: bytes), from: 0)
        var scans: [Scan] = []
        var recordCount = records.count
        for record in records {
            if record.isSmartPoster {
                let nested = try NDEFMessage.records(in: record.payload[...], from: recordCount)
                recordCount += nested.count
                scans += try nested.compactMap { try $0.uri() }.map { Scan(bytes: $0) }
            } else if let uri = try record.uri() {
                scans.append(Scan(bytes: uri))
            }
        }
        self.scans = scans
    }

    // MARK: Where the message lies

    /// A message's first byte has its highest bit set (message begin); a TLV block's and a length's have not.
    private static func message(in bytes: [UInt8]) throws -> ArraySlice<UInt8> {
        guard let first = bytes.first else { throw malformed("it is empty") }
        guard !first.isMessageBegin else { return bytes[...] }
        if bytes.count > 2, bytes[2].isMessageBegin, Int(bytes[0]) << 8 | Int(bytes[1]) == bytes.count - 2 {
            return bytes.dropFirst(2)
        }
        return try block(in: bytes)
    }

    /// The first NDEF block (0x03). Blocks before it say how the memory is used.
    private static func block(in bytes: [UInt8]) throws -> ArraySlice<UInt8> {
        var rest = bytes[...]
        while let tag = rest.popFirst(), tag != 0xFE {
            if tag == 0x00 { continue }
            guard let length = blockLength(&rest), length <= rest.count else {
                throw malformed("a block is longer than the tag")
            }
            if tag == 0x03 { return rest.prefix(length) }
            rest = rest.dropFirst(length)
        }
        throw malformed("the tag holds no NDEF message")
    }

    private static func blockLength(_ rest: inout ArraySlice<UInt8>) -> Int? {
        guard let short = rest.popFirst() else { return nil }
        guard short == 0xFF else { return Int(short) }
        guard let high = rest.popFirst(), let low = rest.popFirst() else { return nil }
        return Int(high) << 8 | Int(low)
    }

    // MARK: Records

    /// - Parameter count: how many records the message around this one has.
    private static func records(in bytes: ArraySlice<UInt8>, from count: Int) throws -> [NDEFRecord] {
        var reader = NDEFReader(rest: bytes)
        var records: [NDEFRecord] = []
        // A message of length 0 is a tag on which nothing has been written yet.
        while !reader.rest.isEmpty {
            guard count + records.count < recordsMax else {
                throw CustodyError(
                    "ndef-too-many-records", "The NFC tag's message has more than \(recordsMax) records")
            }
            let (record, isLast) = try reader.record(isFirst: records.isEmpty)
            records.append(record)
            guard !isLast else {
                guard reader.rest.isEmpty else { throw malformed("bytes follow its last record") }
                return records
            }
        }
        guard records.isEmpty else { throw malformed("its last record is missing") }
        return []
    }

    static func malformed(_ reason: String) -> CustodyError {
        CustodyError(
            "ndef-malformed", "The NFC tag's message is damaged: \(reason)",
            remedy: "Hold the tag still and read it again.")
    }
}

/// One record of an NDEF message, its chunks joined.
public struct NDEFRecord: Hashable, Sendable {
    /// The longest URI, in bytes, its prefix included.
    public static let uriBytesMax = Scan.bytesMax

    /// How `type` is to be read: 1 a type of the NFC Forum, 2 a media type, 3 a URI, 4 somebody's own type.
    public let typeNameFormat: UInt8
    public let type: [UInt8]
    public let id: [UInt8]
    public let payload: [UInt8]

    var isSmartPoster: Bool { typeNameFormat == 1 && type == Array("Sp".utf8) }

    /// The URI that the record holds; nil when it holds something else.
    func uri() throws -> [UInt8]? {
        var uri: [UInt8]
        switch (typeNameFormat, type) {
        case (1, [UInt8(ascii: "U")]): uri = try NDEFRecord.expand(payload)
        case (3, _): uri = type
        default: return nil
        }
        guard !uri.isEmpty, uri.count <= NDEFRecord.uriBytesMax else {
            throw NDEFRecord.malformedURI("it has \(uri.count) bytes, not 1 to \(NDEFRecord.uriBytesMax)")
        }
        return uri
    }

    private static func expand(_ payload: [UInt8]) throws -> [UInt8] {
        guard let code = payload.first, code < prefixes.count else {
            // Without its prefix it would be another URI, so a code from after 2006 is not guessed at.
            throw malformedURI("its prefix \(payload.first.map(String.init) ?? "is missing") is not known")
        }
        return Array(prefixes[Int(code)].utf8) + payload.dropFirst()
    }

    private static func malformedURI(_ reason: String) -> CustodyError {
        CustodyError("ndef-uri-malformed", "The URI on the NFC tag cannot be read: \(reason)")
    }

    /// NFC Forum, URI Record Type Definition 1.0, table 3: what each code from 0x00 on stands for.
    private static let prefixes = [
        "", "http://www.", "https://www.", "http://", "https://", "tel:", "mailto:", "ftp://anonymous:anonymous@",
        "ftp://ftp.", "ftps://", "sftp://", "smb://", "nfs://", "ftp://", "dav://", "news:",
        "telnet://", "imap:", "rtsp://", "urn:", "pop:", "sip:", "sips:", "tftp:",
        "btspp://", "btl2cap://", "btgoep://", "tcpobex://", "irdaobex://", "file://", "urn:epc:id:", "urn:epc:tag:",
        "urn:epc:pat:", "urn:epc:raw:", "urn:epc:", "urn:nfc:",
    ]
}

/// Walks over the bytes of a message.
private struct NDEFReader {
    var rest: ArraySlice<UInt8>

    /// One record, with the chunks that continue it (NDEF 1.0, 2.3.3).
    mutating func record(isFirst: Bool) throws -> (record: NDEFRecord, isLast: Bool) {
        let first = try chunk()
        guard first.flags.isMessageBegin == isFirst, first.typeNameFormat < 6 else {
            throw NDEFMessage.malformed("a record begins where none may")
        }
        var payload = first.payload
        var last = first
        while last.isContinued {
            last = try chunk()
            guard last.typeNameFormat == 6, last.type.isEmpty, last.id.isEmpty, !last.flags.isMessageBegin else {
                throw NDEFMessage.malformed("a part of a record is missing")
            }
            payload += last.payload
        }
        let record = NDEFRecord(
            typeNameFormat: first.typeNameFormat, type: Array(first.type), id: Array(first.id),
            payload: Array(payload))
        return (record, last.isMessageEnd)
    }

    private struct Chunk {
        let flags: UInt8
        var type: ArraySlice<UInt8> = []
        var id: ArraySlice<UInt8> = []
        var payload: ArraySlice<UInt8> = []

        var typeNameFormat: UInt8 { flags & 0x07 }
        var isMessageEnd: Bool { flags & 0x40 != 0 }
        var isContinued: Bool { flags & 0x20 != 0 }
        var hasShortLength: Bool { flags & 0x10 != 0 }
        var hasID: Bool { flags & 0x08 != 0 }
    }

    private mutating func chunk() throws -> Chunk {
        var chunk = Chunk(flags: try take(1).first ?? 0)
        let typeLength = try number(1)
        let payloadLength = try number(chunk.hasShortLength ? 1 : 4)
        let idLength = chunk.hasID ? try number(1) : 0
        chunk.type = try take(typeLength)
        chunk.id = try take(idLength)
        chunk.payload = try take(payloadLength)
        return chunk
    }

    private mutating func number(_ width: Int) throws -> Int {
        try take(width).reduce(0) { $0 << 8 | Int($1) }
    }

    private mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw NDEFMessage.malformed("it is cut off") }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}

extension UInt8 {
    fileprivate var isMessageBegin: Bool { self & 0x80 != 0 }
}
