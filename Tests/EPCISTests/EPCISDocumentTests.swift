import Ledger
import Testing

@testable import EPCIS

/// Documents from outside, sound and hostile.
@Suite struct EPCISDocumentTests {
    private static func code(_ text: String) -> CustodyError.Code? {
        do {
            _ = try EPCISDocument(reading: Array(text.utf8))
            return nil
        } catch { return (error as? CustodyError)?.code }
    }

    @Test(arguments: [
        (#"{"type":"ObjectEvent"}"#, 1), (#"[{"type":"a"},{"type":"b"}]"#, 2), ("[]", 0),
        (#"{"epcisBody":{"eventList":[{"type":"a"}]}}"#, 1), (#"{"epcisBody":{"event":{"type":"a"}}}"#, 1),
        (#"{"epcisBody":{"queryResults":{"resultsBody":{"eventList":[{"type":"a"}]}}}}"#, 1),
    ])
    func readsEveryShapeOfADocument(text: String, count: Int) throws {
        #expect(try EPCISDocument(reading: Array(text.utf8)).events.count == count)
    }

    @Test(arguments: [
        "", "{", "nonsense", "{}", #"{"epcisBody":{}}"#, #"{"type":1}"#, "[1]", #"{"type":"a"} x"#,
        #"{"type":"a","type":"a"}"#,
        #"{"type":"a","eventTime":01}"#, #"{"type":"\ud800"}"#, "\u{FEFF}{}", "null", "[tru]",
    ])
    func refusesWhatIsNoDocument(text: String) { #expect(Self.code(text) == .epcisMalformed) }

    @Test(
        arguments: [(31, nil), (32, nil), (33, .limitExceeded), (100_000, .limitExceeded)]
            as [(Int, CustodyError.Code?)])
    func aDocumentNestsOnlySoDeep(depth: Int, expected: CustodyError.Code?) {
        let inner = String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1)
        #expect(Self.code(#"{"type":"a","x":\#(inner)}"#) == expected)
    }

    @Test(arguments: [(-1, nil), (0, nil), (1, .limitExceeded)] as [(Int, CustodyError.Code?)])
    func aDocumentHasOnlySoManyEvents(beyond: Int, expected: CustodyError.Code?) {
        let events = Array(repeating: #"{"type":"a"}"#, count: EPCISDocument.eventsMax + beyond).joined(separator: ",")
        #expect(Self.code("[\(events)]") == expected)
    }

    @Test(arguments: [(-1, nil), (0, nil), (1, .limitExceeded)] as [(Int, CustodyError.Code?)])
    func aDocumentHasOnlySoManyValues(beyond: Int, expected: CustodyError.Code?) {
        // The object, its two values, and the elements.
        let values = Array(repeating: "0", count: JSONNode.valuesMax - 3 + beyond).joined(separator: ",")
        #expect(Self.code(#"{"type":"a","x":[\#(values)]}"#) == expected)
    }

    @Test(arguments: [(-1, .epcisMalformed), (0, .epcisMalformed), (1, .limitExceeded)] as [(Int, CustodyError.Code)])
    func aDocumentHasOnlySoManyBytes(beyond: Int, expected: CustodyError.Code) {
        #expect(Self.code(String(repeating: "x", count: EPCISDocument.bytesMax + beyond)) == expected)
    }

    @Test(
        arguments: [
            ("26", "26"), ("26.0", "26"), ("0.050", "0.05"), ("+7", "7"), ("-0", "0"), ("007", "7"), (".5", "0.5"),
            ("5.", "5"),
            ("1e3", "1000"), ("1.25E-2", "0.0125"), ("-12.50", "-12.5"), ("100", "100"), ("0.0", "0"), ("1e401", nil),
            ("1e99999999999", nil), ("", nil), (".", nil), ("-", nil), ("1-2", nil), ("1e", nil), ("0x10", nil),
            ("NaN", nil),
            ("123456789012345678901234567890.10", "123456789012345678901234567890.1"),
        ] as [(String, String?)])
    func aNumberHasOneForm(text: String, expected: String?) { #expect(CanonicalValue.number(text) == expected) }

    @Test(arguments: [
        ("2023-02-02T11:04:03.1415Z", "2023-02-02T11:04:03.142Z"),
        ("2023-02-02T11:04:03.1414Z", "2023-02-02T11:04:03.141Z"),
        ("2023-12-31T23:59:59.9996Z", "2024-01-01T00:00:00.000Z"),
        ("2020-03-04T11:00:30+01:00", "2020-03-04T10:00:30.000Z"),
        ("1969-12-31T23:59:59.9999Z", "1970-01-01T00:00:00.000Z"), ("yesterday", "yesterday"),
    ])
    func aTimeHasOneForm(text: String, expected: String) { #expect(CanonicalValue.time(text) == expected) }

    @Test(
        arguments: [
            (
                "https://example.com/a/gtin/9780345418913/lot/L/ser/S?17=261231",
                "https://id.gs1.org/01/09780345418913/21/S"
            ),
            ("https://id.gs1.org/01/04012345999990/22/V/10/L", "https://id.gs1.org/01/04012345999990/10/L"),
            ("http://example.com/01/04012345999990#x", "https://id.gs1.org/01/04012345999990"),
            ("https://id.gs1.org/01/04012345999990/21/S/10/L", nil), ("https://id.gs1.org/01/123456", nil),
            ("https://id.gs1.org/00/12345", nil), ("https://example.com/", nil), ("https://", nil),
            ("urn:epc:id:", nil),
            ("urn:epc:id:sgtin:0614141.812345", nil), ("urn:epc:id:sgtin:06.812345.1", nil),
            ("urn:epc:id:sgtin:...", nil),
            ("urn:epc:id:sscc:0614141.123456789012", nil), ("urn:epc:idpat:sscc:0614141.1234567890", nil),
            ("urn:epc:id:lgtin:4012345.012345.L", nil),
            ("urn:epc:class:lgtin:4012345.012345.L", "https://id.gs1.org/01/04012345123456/10/L"),
        ] as [(String, String?)])
    func anIdentifierHasOneForm(text: String, expected: String?) { #expect(CanonicalEPC.of(text) == expected) }
}
