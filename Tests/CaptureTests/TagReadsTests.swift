import Identifiers
import Ledger
import Rig
import Testing

@testable import Capture

@Suite struct TagReadsTests {
    @Test func readsAnEventOfAnImpinjReader() throws {
        let reads = try TagReads(Array(TagFixture.impinj.utf8), format: .impinj).reads
        #expect(
            reads == [
                TagRead(
                    epc: "3074257BF7194E4000001A85", tid: "E2801160600002054E3D1A2B", antenna: 2, rssi: -52.34,
                    seenAt: 1_767_366_000_250_000, reader: "r700-dock")
            ])
        #expect(reads.map(\.scan) == [Scan(bytes: Array("3074257BF7194E4000001A85".utf8))])
    }

    @Test(arguments: [
        "[]", "", "\r\n", "[{EVENT},{EVENT}]", "{EVENT}\r\n{EVENT}\r\n", "{EVENT}\n\n  \n{EVENT}",
        #"[{"eventType":"inventoryStatus","inventoryStatusEvent":{"inventoryStatus":"running"}},{EVENT}]"#,
    ])
    func readsWebhooksAndStreamsOfAnImpinjReader(message: String) throws {
        let parts = message.split(separator: "{EVENT}", omittingEmptySubsequences: false)
        let payload = parts.joined(separator: TagFixture.impinj)
        let reads = try TagReads(Array(payload.utf8), format: .impinj).reads
        #expect(reads.count == parts.count - 1)
    }

    @Test(arguments: ["MHQle_cZTkAAABqF", "MHQle/cZTkAAABqF", "MHQle_cZTkAAABo=", "MHQle_cZTkAAABo"])
    func readsAnEPCInEitherBase64WithOrWithoutPadding(epc: String) throws {
        let payload = #"{"eventType":"tagInventory","tagInventoryEvent":{"epc":"\#(epc)","epcHex":null}}"#
        let reads = try TagReads(Array(payload.utf8), format: .impinj).reads
        let last = epc.hasSuffix("qF") ? "1A85" : "1A"
        #expect(reads.map(\.epc) == ["3074257BF7194E400000" + last])
    }

    @Test func readsTheEventsOfZebraReaders() throws {
        let fixed = #"""
            [{"data":{"antenna":1,"eventNum":4,"format":"epc","idHex":"3074257bf7194e4000001a85","peakRssi":-44,
            "TID":"e2801160","hostName":"FX9600A1"},"timestamp":"2026-01-02T16:00:00.250+0100","type":"CUSTOM"},
            {"data":{"eventNum":5,"format":"epc","idHex":"31AC16465751CCD0C2000000"},"type":"SIMPLE",
            "timestamp":"2026-01-02T15:00:01Z"}]
            """#
        let reads = try TagReads(Array(fixed.utf8), format: .zebra).reads
        #expect(
            reads == [
                TagRead(
                    epc: "3074257BF7194E4000001A85", tid: "E2801160", antenna: 1, rssi: -44,
                    seenAt: 1_767_366_000_250_000, reader: "FX9600A1"),
                TagRead(
                    epc: "31AC16465751CCD0C2000000", tid: nil, antenna: nil, rssi: nil,
                    seenAt: 1_767_366_001_000_000, reader: nil),
            ])
    }

    @Test func readsAHandheldZebraReadersBatchAndPassesOverItsBarCodes() throws {
        let batch = #"""
            {"type":"INVENTORY","timestamp":"2026-01-02T15:00:00Z","data":{"tagData":[{"eventNum":1,"idHex":"3074"},
            {"eventNum":2},{"eventNum":3,"idHex":"3175"}],"barcodeData":[{"decodedBarcode":"1"}]}}
            """#
        #expect(try TagReads(Array(batch.utf8), format: .zebra).reads.map(\.epc) == ["3074", "3175"])
        let bars = #"{"type":"INVENTORY","data":{"barcodeData":[{"decodedBarcode":"1"}]}}"#
        #expect(try TagReads(Array(bars.utf8), format: .zebra).reads.isEmpty)
    }

    @Test func readsAnyOtherReaderByAMapping() throws {
        let mapping = try TagMapping(
            list: "/gate~1way/reads", epc: "/tag/0", tid: "/tid", antenna: "/a~0b", rssi: "/level", time: "/at",
            reader: "/name")
        let payload = #"""
            {"gate/way":{"reads":[{"tag":["aabb"],"tid":"","a~b":"3","level":"-51.5","at":1767366000.25,"name":7},
            {"tag":["CCDD"],"at":1767366000250,"level":null}]}}
            """#
        let reads = try TagReads(Array(payload.utf8), format: .mapped(mapping)).reads
        #expect(
            reads == [
                TagRead(epc: "AABB", tid: nil, antenna: 3, rssi: -51.5, seenAt: 1_767_366_000_250_000, reader: "7"),
                TagRead(
                    epc: "CCDD", tid: nil, antenna: nil, rssi: nil, seenAt: 1_767_366_000_250_000, reader: nil),
            ])
    }

    @Test(
        arguments: [
            ("1767366000", 1_767_366_000_000_000), ("1767366000250", 1_767_366_000_250_000),
            ("1767366000250125", 1_767_366_000_250_125), (#""2026-01-02T15:00:00Z""#, 1_767_366_000_000_000),
            (#""2026-01-02T15:00:00.25Z""#, 1_767_366_000_250_000),
            (#""2026-01-02T15:00:00.250125Z""#, 1_767_366_000_250_125),
            (#""2026-01-02T10:00:00.250-05:00""#, 1_767_366_000_250_000), (#""yesterday""#, nil), ("1e300", nil),
            ("true", nil),
        ] as [(String, Int64?)])
    func readsTheTimeThatAReaderSends(json: String, time: Int64?) throws {
        let mapping = try TagMapping(epc: "/epc", time: "/at")
        let payload = #"{"epc":"AB","at":\#(json)}"#
        #expect(try TagReads(Array(payload.utf8), format: .mapped(mapping)).reads.map(\.seenAt) == [time])
    }

    @Test(arguments: ["epc", "/a~2b", "/a~", "x/"])
    func refusesAPlaceThatIsNoJSONPointer(text: String) {
        #expect(throws: CustodyError("json-pointer-malformed", "")) { try TagMapping(epc: text) }
    }

    @Test(
        arguments: [
            ("{", "tags-malformed"), ("nonsense", "tags-malformed"), (#"{"epc":"AB"} x"#, "tags-malformed"),
            ("\u{1}", "tags-malformed"), (#"{"epc":"AB","#, "tags-malformed"), (#"{"epc":"ABC"}"#, "tag-malformed"),
            (#"{"epc":"XY"}"#, "tag-malformed"), (#"{"epc":"Ａ１"}"#, "tag-malformed"),
            (#"{"epc":""}"#, "tags-without-epc"),
            (#"{"epc":{}}"#, "tags-without-epc"), (#"{"other":1}"#, "tags-without-epc"),
        ] as [(String, CustodyError.Code)])
    func refusesWhatItCannotRead(payload: String, code: CustodyError.Code) throws {
        let mapping = try TagMapping(epc: "/epc")
        #expect(throws: CustodyError(code, "")) { try TagReads(Array(payload.utf8), format: .mapped(mapping)) }
    }

    @Test func saysWhenTheListIsNotWhereItWasAnnounced() throws {
        let mapping = try TagMapping(list: "/reads", epc: "/epc")
        #expect(throws: CustodyError("tags-malformed", "")) {
            try TagReads(Array(#"{"tags":[]}"#.utf8), format: .mapped(mapping))
        }
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func limitsTheMessage(offset: Int, isAllowed: Bool) {
        let payload = Array("[]".utf8) + [UInt8](repeating: 0x20, count: TagReads.payloadBytesMax + offset - 2)
        let code = refusal { try TagReads(payload, format: .impinj) }
        #expect(code == (isAllowed ? nil : "tags-too-large"))
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func limitsTheReads(offset: Int, isAllowed: Bool) throws {
        let reads = [String](repeating: #"{"epc":"AB"}"#, count: TagReads.readsMax + offset)
        let mapping = try TagMapping(epc: "/epc")
        let code = refusal { try TagReads(Array("[\(reads.joined(separator: ","))]".utf8), format: .mapped(mapping)) }
        #expect(code == (isAllowed ? nil : "too-many-tags"))
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func limitsTheEPC(offset: Int, isAllowed: Bool) throws {
        let epc = String(repeating: "AB", count: TagRead.epcBytesMax + offset)
        let mapping = try TagMapping(epc: "/epc")
        let code = refusal { try TagReads(Array(#"{"epc":"\#(epc)"}"#.utf8), format: .mapped(mapping)) }
        #expect(code == (isAllowed ? nil : "tag-malformed"))
    }

    @Test(arguments: [(-1, true), (0, true), (1, false), (100_000, false)])
    func limitsTheDepth(offset: Int, isAllowed: Bool) throws {
        // The document is one level and the member's value the next.
        let depth = JSONValue.depthMax - 1 + offset
        let nested = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let mapping = try TagMapping(epc: "/epc")
        let payload = Array(#"{"epc":"AB","x":\#(nested)}"#.utf8)
        let code = refusal { try TagReads(payload, format: .mapped(mapping)) }
        #expect(code == (isAllowed ? nil : "tags-malformed"))
    }

    @Test func neverTrapsOnADamagedMessage() {
        var noise = SeededRandom(seed: 11)
        let whole = Array(TagFixture.impinj.utf8)
        for _ in 0..<2_000 {
            var bytes = whole
            for _ in 0..<3 {
                bytes[Int(noise.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: noise.next())
            }
            _ = try? TagReads(bytes, format: .impinj)
        }
    }
}

private enum TagFixture {
    static let impinj = #"""
        {"timestamp":"2026-01-02T15:00:00.300000000Z","hostname":"r700-dock","eventType":"tagInventory",\#
        "tagInventoryEvent":{"epc":"MHQle_cZTkAAABqF","epcHex":"3074257bf7194e4000001a85",\#
        "tidHex":"E2801160600002054E3D1A2B","antennaPort":2,"peakRssiCdbm":-5234,"frequency":866300,\#
        "transmitPowerCdbm":3000,"lastSeenTime":"2026-01-02T15:00:00.250Z","phaseAngle":33.75}}
        """#
}
