import Gateway
import Identifiers
import Testing

@testable import Ledger

/// What nobody can check later is checked by the gateway that records it.
@Suite struct TypedFactTests {
    @Test(arguments: [
        ("born", Array("1999-12-31".utf8), CustodyError.Code?.none),
        ("born", Array("1999-02-29".utf8), "fact-malformed"),
        ("born", [0xFF, 0xFE], "fact-malformed"), ("born", [], "fact-malformed"), ("note", Array("anything".utf8), nil),
    ])
    func aPrivateValueIsOfItsTypeBeforeItIsCommittedTo(
        fact: String, value: [UInt8], expected: CustodyError.Code?
    ) async throws {
        let consortium = try TestConsortium(contracts: [Contract(text: RuleRunnerTests.contract)])
        let site = try RuleRunnerTests.Site(.regulator, gateway: "one", consortium, TestGateway.Clock())
        let draft = Draft(
            order: .open(contract: "watched"), step: "placed", facts: [(fact, .private(value))],
            source: Source(.operator))
        #expect(await code { try await site.recorder.record(draft) } == expected)
    }

    /// Contracts speak of what scans give.
    @Test(arguments: [
        ("(01)04012345000016(10)A(21)S/1", ScannedThing.Kind?.some(.device)),
        ("(8006)040123450000160102", .device), ("(00)340123450000000017", .sscc), ("+A123BJC5D6E71G", .device),
        ("=/A9999XYZ100T0944", .device), ("(414)4012345000115(254)A", .location), ("(8003)04012345000115XYZ", .asset),
        ("urn:epc:id:sgtin:0614141.812345.6789", .device), ("urn:epc:id:gid:95100000.12345.400", nil),
    ])
    func whatAScanNamesIsAnIdentifierOfItsKind(scan: String, kind: ScannedThing.Kind?) throws {
        let subject = try #require(try identify(Scan(bytes: Array(scan.utf8)), year: 2_026).subject)
        #expect(FactType.identifier.admits(subject), "\(subject)")
        #expect(try #require(ScannedThing(subject)).kind == kind, "\(subject)")
    }
}
