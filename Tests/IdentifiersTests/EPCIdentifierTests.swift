import Testing

@testable import Identifiers

@Suite("EPCs among scans")
struct EPCIdentifierTests {
    @Test(arguments: [
        "urn:epc:id:sgtin:9521141.012345.4711", "urn:epc:tag:sgtin-96:3.0614141.812345.6789", "URN:EPC:x",
        "urn:epc:raw:96.x3074257BF7194E4000001A85",
        "3074257BF7194E4000001A85", "3074257bf7194e4000001a85", "3074 257B F719 4E40 0000 1A85",
        // Digits only: (30) takes no more than eight.
        "301800004000004000000001",
        "3666C4409047E159B2C2BF100000000000000000000000000000", "F90095201234567891235", "F73795211411234538566CB0AFC4",
        // An EPC by its header, though broken.
        "307C257BF7194E4000001A85",
    ])
    func takesWhatIsAnEPC(_ text: String) {
        #expect(EPCIdentifier.isEPC(Array(text.utf8), from: 0))
        #expect(EPCIdentifier.isEPC(Array("]d2\(text)".utf8), from: 3))
    }

    @Test(arguments: [
        "", "3", "30", "(01)09521141123454(21)1", "0109521141123454211", "09521141123454", "9521141123454",
        // A weight and a lot, whose text would be an SSCC-96.
        "310300123410ABCDEF123456",
        // An order number, whose text would be an ITIP-110.
        "4001234567890123456789012345",
        // Digits that are neither.
        "311111111111111111111111",
        // The identity of a chip; a header of no scheme; text that is not all hexadecimal.
        "E280116060000209D3AA5A2B", "0074257BF7194E4000001A85", "3074257BF7194E4000001A8G", "https://a.b/01/1",
    ])
    func leavesTheRestToGS1(_ text: String) {
        #expect(!EPCIdentifier.isEPC(Array(text.utf8), from: 0))
    }

    @Test func readsATagIntoADevice() throws {
        let found = try EPCIdentifier.read(Array("3074257BF7194E4000001A85".utf8), from: 0, year: 2026)
        #expect(found.epc == "urn:epc:id:sgtin:0614141.812345.6789")
        #expect(found.udi?.di == "80614141123458" && found.udi?.serial == "6789")
        #expect(found.digitalLink == "https://id.gs1.org/01/80614141123458/21/6789")
        #expect(found.missing.isEmpty)
    }

    @Test(arguments: [
        "3074257BF7194E4000001A85", "urn:epc:tag:sgtin-96:3.0614141.812345.6789",
        "urn:epc:id:sgtin:0614141.812345.6789",
    ])
    func readsEveryFormOfAnEPCAlike(_ text: String) throws {
        let found = try EPCIdentifier.read(Array("]d2\(text)".utf8), from: 3, year: 2026)
        let other = try EPCIdentifier.read(Array("3074257BF7194E4000001A85".utf8), from: 0, year: 2026)
        #expect(found == other)
    }

    @Test func namesATagOfTDS2ByItsDigitalLink() throws {
        let found = try EPCIdentifier.read(Array("FB342CDE795211411234538566CB0AFC4".utf8), from: 0, year: 2026)
        #expect(found.epc == "https://id.gs1.org/01/79521141123453/21/32a%2Fb")
        #expect(found.udi?.expiry == "2022-06-30")
        #expect(found.digitalLink == "https://id.gs1.org/01/79521141123453/21/32a%2Fb?17=220630")
    }

    @Test func readsASchemeWithoutAGS1Key() throws {
        let found = try EPCIdentifier.read(Array("3500E86F8000A9E000000586".utf8), from: 0, year: 2026)
        #expect(found.epc == "urn:epc:id:gid:952056.2718.1414")
        #expect(found.elements.isEmpty && found.udi == nil)
    }

    @Test(arguments: [
        // The elements break the rules of their application identifiers: piece 00 of 00.
        ("urn:epc:id:itip:012345678901.0.00.00.A", "piece-invalid at 3"),
        ("307C257BF7194E4000001A85", "epc-partition-reserved at 5"),
        ("urn:epc:id:sgtin:9521141.012345.a/b", "epc-malformed at 36"),
    ])
    func pointsIntoTheScan(_ text: String, _ expected: String) {
        let bytes = Array("]d2\(text)".utf8)
        #expect(code { _ = try EPCIdentifier.read(bytes, from: 3, year: 2026) } == expected)
    }
}
