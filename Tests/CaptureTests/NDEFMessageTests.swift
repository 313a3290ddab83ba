import Identifiers
import Ledger
import Rig
import Testing

@testable import Capture

@Suite struct NDEFMessageTests {
    @Test(
        arguments: [
            (0x00, ""), (0x01, "http://www."), (0x04, "https://"), (0x0F, "news:"), (0x13, "urn:"),
            (0x1D, "file://"), (0x1E, "urn:epc:id:"), (0x23, "urn:nfc:"),
        ] as [(UInt8, String)])
    func expandsThePrefixOfAURI(code: UInt8, prefix: String) throws {
        let message = try NDEFMessage(NDEF.record([code] + Array("x/01/1".utf8)))
        #expect(message.scans == [Scan(bytes: Array("\(prefix)x/01/1".utf8))])
    }

    @Test func refusesAPrefixThatItDoesNotKnow() {
        #expect(throws: CustodyError("ndef-uri-malformed", "")) { try NDEFMessage(NDEF.record([0x24, 0x78])) }
        #expect(throws: CustodyError("ndef-uri-malformed", "")) { try NDEFMessage(NDEF.record([])) }
    }

    @Test(arguments: TagMemory.allCases)
    private func findsTheMessageWhereTagsKeepIt(memory: TagMemory) throws {
        let record = NDEF.record([0x04] + Array("id.gs1.org/01/09506000134352".utf8))
        let message = try NDEFMessage(memory.bytes(around: record))
        #expect(message.scans == [Scan(bytes: Array("https://id.gs1.org/01/09506000134352".utf8))])
    }

    @Test func findsEachURIAlsoInASmartPosterAndInAnAbsoluteURIRecord() throws {
        let poster = NDEF.record([0x04, 0x61], flags: 0x91) + NDEF.record([0x02, 0x64, 0x65], type: "T", flags: 0x51)
        let bytes =
            NDEF.record(poster, type: "Sp", flags: 0x91) + NDEF.record([0x00, 0x62], flags: 0x11)
            + NDEF.record([], type: "urn:c", flags: 0x53)
        let message = try NDEFMessage(bytes)
        #expect(message.scans == ["https://a", "b", "urn:c"].map { Scan(bytes: Array($0.utf8)) })
        #expect(message.records.map(\.typeNameFormat) == [1, 1, 3])
    }

    @Test func joinsTheChunksOfARecord() throws {
        // First chunk, a middle one, and the last; only the first names the type.
        let bytes: [UInt8] =
            [0xB1, 0x01, 0x02, 0x55, 0x04, 0x61] + [0x36, 0x00, 0x01, 0x62] + [0x56, 0x00, 0x01, 0x63]
        #expect(try NDEFMessage(bytes).scans == [Scan(bytes: Array("https://abc".utf8))])
    }

    @Test func readsALongRecordWithAnID() throws {
        let bytes: [UInt8] = [0xC9, 0x01, 0, 0, 0, 2, 0x01, 0x55, 0x49, 0x00, 0x61]
        let message = try NDEFMessage(bytes)
        #expect(message.records.map(\.id) == [[0x49]])
        #expect(message.scans == [Scan(bytes: [0x61])])
    }

    @Test func takesATagThatHoldsNothingYetAsEmpty() throws {
        #expect(try NDEFMessage([0x03, 0x00, 0xFE]).scans.isEmpty)
        #expect(try NDEFMessage([0xD0, 0x00, 0x00]).scans.isEmpty)
    }

    @Test(
        arguments: [
            [], [0x00], [0xFE], [0xD1], [0x03, 0x05, 0xD1], [0x03, 0xFF, 0xFF], [0x03, 0xFF, 0xFF, 0xFF, 0xD1],
            // The payload's length says 4 GB, and then one byte more than there is.
            [0xC1, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0x55, 0x04], [0xD1, 0x01, 0x03, 0x55, 0x04, 0x61],
            // Begins in the middle, never ends, and goes on after its end.
            [0x51, 0x01, 0x01, 0x55, 0x00], [0x91, 0x01, 0x02, 0x55, 0x00, 0x61],
            [0xD1, 0x01, 0x02, 0x55, 0x00, 0x61, 0x00],
            // A second beginning, and chunks whose middle names a type or whose end is missing.
            [0x91, 0x01, 0x02, 0x55, 0x00, 0x61, 0xD1, 0x01, 0x02, 0x55, 0x00, 0x61],
            [0xB1, 0x01, 0x01, 0x55, 0x04, 0x56, 0x01, 0x01, 0x55, 0x61], [0xB1, 0x01, 0x01, 0x55, 0x04],
            [0xD6, 0x00, 0x00], [0xD7, 0x00, 0x00],
        ] as [[UInt8]])
    func refusesADamagedMessage(bytes: [UInt8]) {
        #expect(throws: CustodyError("ndef-malformed", "")) { try NDEFMessage(bytes) }
    }

    @Test func refusesEveryBeginningOfAMessage() throws {
        let poster = NDEF.record([0x04, 0x61, 0x62])
        let whole = NDEF.record(poster, type: "Sp")
        for count in 0..<whole.count {
            #expect(throws: CustodyError("ndef-malformed", "")) { try NDEFMessage(Array(whole.prefix(count))) }
        }
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func limitsTheURI(offset: Int, isAllowed: Bool) throws {
        let uri = [UInt8](repeating: 0x61, count: NDEFRecord.uriBytesMax + offset)
        let length = UInt32(uri.count + 1)
        let bytes = [0xC1, 0x01, 0, 0, UInt8(length >> 8), UInt8(length & 0xFF), 0x55, 0x00] + uri
        #expect(refusal { try NDEFMessage(bytes) } == (isAllowed ? nil : "ndef-uri-malformed"))
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func limitsTheRecordsThoseOfPostersIncluded(offset: Int, isAllowed: Bool) {
        let nested = (0..<10).flatMap { NDEF.record([0x00, 0x61], flags: $0 == 0 ? 0x91 : $0 == 9 ? 0x51 : 0x11) }
        let count = NDEFMessage.recordsMax - 10 + offset
        let bytes = (0..<count).flatMap { index in
            index < count - 1
                ? NDEF.record([0x00, 0x61], flags: index == 0 ? 0x91 : 0x11)
                : NDEF.record(nested, type: "Sp", flags: 0x51)
        }
        #expect(refusal { try NDEFMessage(bytes) } == (isAllowed ? nil : "ndef-too-many-records"))
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func limitsTheMessage(offset: Int, isAllowed: Bool) {
        let payloadCount = NDEFMessage.bytesMax + offset - 7
        let head: [UInt8] = [0xC4, 0x01, 0, 0, UInt8(payloadCount >> 8), UInt8(payloadCount & 0xFF), 0x78]
        let bytes = head + [UInt8](repeating: 0, count: payloadCount)
        #expect(refusal { try NDEFMessage(bytes) } == (isAllowed ? nil : "ndef-too-long"))
    }

    @Test func neverTrapsOnHostileBytes() {
        var noise = SeededRandom(seed: 7)
        for round in 0..<20_000 {
            var bytes = (0..<Int(noise.next() % 48)).map { _ in UInt8(truncatingIfNeeded: noise.next()) }
            if round.isMultiple(of: 2), !bytes.isEmpty { bytes[0] = [0x03, 0x91, 0xC1, 0xD1, 0xB1][round / 2 % 5] }
            _ = try? NDEFMessage(bytes)
        }
    }
}

/// How a message lies in a tag.
private enum TagMemory: CaseIterable {
    case alone, block, blockBehindLockAndMemoryControl, blockWithLongLength, type4File

    func bytes(around message: [UInt8]) -> [UInt8] {
        let length = UInt8(message.count)
        return switch self {
        case .alone: message
        case .block: [0x03, length] + message + [0xFE, 0x00]
        case .blockBehindLockAndMemoryControl:
            [0x01, 0x03, 1, 2, 3, 0x00, 0x02, 0x03, 4, 5, 6, 0x03, length] + message
        case .blockWithLongLength: [0x03, 0xFF, 0x00, length] + message + [0xFE]
        case .type4File: [0x00, length] + message
        }
    }
}

/// Records for tests.
private enum NDEF {
    /// A record with a short length; by default the first and last of its message.
    static func record(_ payload: [UInt8], type: String = "U", flags: UInt8 = 0xD1) -> [UInt8] {
        [flags, UInt8(type.utf8.count), UInt8(payload.count)] + Array(type.utf8) + payload
    }
}
