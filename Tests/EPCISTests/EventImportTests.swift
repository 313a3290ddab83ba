import Foundation
import Ledger
import Testing

@testable import EPCIS

/// Events of others as steps of our contracts.
@Suite struct EventImportTests {
    private static func contract(_ name: String) throws -> Contract {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Config/contracts")
        return try Contract(
            text: try String(contentsOf: folder.appendingPathComponent("\(name).yaml"), encoding: .utf8))
    }

    private static func read(_ fields: String, type: String = "ObjectEvent", context: String = "") throws -> EventImport
    {
        let text =
            #"{\#(context)"type":"\#(type)","eventTime":"2026-01-02T03:04:05+01:00","action":"OBSERVE",\#(fields)}"#
        let document = try EPCISDocument(reading: Array(text.utf8))
        return EventImport(try #require(document.events.first), year: 2026)
    }

    @Test(arguments: [
        ("stock-device", #""bizStep":"receiving""#, ["received"]),
        ("custom-device", #""bizStep":"shipping""#, ["shipped"]),
        ("custom-device", #""bizStep":"https://ref.gs1.org/cbv/BizStep-shipping""#, ["shipped"]),
        ("custom-device", #""bizStep":"urn:epcglobal:cbv:bizstep:shipping""#, ["shipped"]),
        (
            "custom-device", #""bizStep":"inspecting","disposition":"conformant""#,
            ["compliance.approved"]
        ),
        (
            "custom-device", #""bizStep":"inspecting","disposition":"non_conformant""#,
            ["compliance.rejected"]
        ),
        ("transport", #""bizStep":"loading","disposition":"in_progress""#, ["loaded"]),
        ("transport", #""bizStep":"unloading""#, ["unloaded"]),
        (
            "transport",
            #""bizStep":"sensor_reporting","sensorElementList":[{"sensorReport":[{"type":"Temperature"}]}]"#,
            ["conditions.recorded"]
        ),
        (
            "transport",
            #""bizStep":"sensor_reporting","sensorElementList":[{"sensorReport":[{"type":"Temperature","exception":"ALARM_CONDITION"}]}]"#,
            ["excursion.detected"]
        ),
        ("material", #""bizStep":"stocking""#, ["released"]), ("material", #""bizStep":"retail_selling""#, []),
        ("material", #""disposition":"active""#, []),
    ])
    func aBusinessStepIsAStepOfTheContract(contract: String, fields: String, steps: [String]) throws {
        #expect(try Self.read(fields).candidates(in: try Self.contract(contract)) == steps)
    }

    @Test func aPersonMaySayWhichStepItIs() throws {
        let event = try Self.read(#""bizStep":"retail_selling""#)
        #expect(
            event.candidates(in: try Self.contract("material"), chosen: ["retail_selling": "supplied"]) == ["supplied"])
    }

    @Test(arguments: [
        ("urn:epc:id:sgtin:0614141.107346.2018", "https://id.gs1.org/01/10614141073464/21/2018"),
        (
            "https://example.com/01/09506000134352/10/L1/21/S1?17=301231",
            "https://id.gs1.org/01/09506000134352/10/L1/21/S1"
        ),
        ("urn:epc:id:sscc:0614141.1234567890", "https://id.gs1.org/00/106141412345678908"),
        ("urn:x:y", "urn:x:y"), ("urn:custody:thing:%2BA1", "+A1"), ("urn:custody:thing:%2", "urn:custody:thing:%2"),
    ])
    func aThingIsCalledAsTheLedgerCallsIt(epc: String, subject: String) throws {
        #expect(try Self.read(#""epcList":["\#(epc)","\#(epc)"]"#).subjects == [subject])
    }

    @Test(
        arguments: [
            ("https://id.gs1.org/01/09506000134352/21/S1", "https://id.gs1.org/01/09506000134352/21/S1"),
            ("https://id.gs1.org/01/09506000134352/10/L/21/S1", "https://id.gs1.org/01/09506000134352/21/S1"),
            ("https://id.gs1.org/01/09506000134352/10/21", nil), ("https://id.gs1.org/01/09506000134352", nil),
            ("https://id.gs1.org/00/106141412345678908", nil), ("https://id.gs1.org/01/21/S", nil),
        ] as [(String, String?)])
    func aSerialisedProductHasANameWithoutItsLot(subject: String, name: String?) {
        #expect(EventImport.nameWithoutLot(of: subject) == name)
    }

    @Test func aParentComesBeforeWhatIsInIt() throws {
        let event = try Self.read(
            #""bizStep":"packing","parentID":"urn:epc:id:sscc:0614141.1234567890","childEPCs":["urn:x:1"],"childQuantityList":[{"epcClass":"urn:x:2","quantity":3}]"#,
            type: "AggregationEvent")
        #expect(event.subjects == ["https://id.gs1.org/00/106141412345678908", "urn:x:1", "urn:x:2"])
    }

    @Test func onlyFactsThatTheContractPermitsToBePublicAreTaken() throws {
        let step = try #require(try Self.contract("stock-device").step("released"))
        let event = try Self.read(
            #""bizStep":"staging_outbound","epcList":["https://id.gs1.org/01/09506000134352/10/L1/21/S1"],"ilmd":{"cbvmda:itemExpirationDate":"2031-12-31"},"custody:facts":{"custody:colour":"red","custody:lot":"L2"}"#,
            context: #""@context":{"custody":"urn:custody:epcis:"},"#)
        let facts = Dictionary(uniqueKeysWithValues: event.facts(for: step).map { ($0.name, $0.value) })
        #expect(facts == ["lot": "L2", "serial": "S1", "expiry": "2031-12-31"])
        let used = try #require(try Self.contract("stock-device").step("used"))
        let patient = try Self.read(
            #""custody:facts":{"custody:patient":"Ada"}"#, context: #""@context":{"custody":"urn:custody:epcis:"},"#)
        #expect(patient.facts(for: used).isEmpty)
    }

    @Test func aSensorReportIsFactsOfAWindow() throws {
        let step = try #require(try Self.contract("transport").step("conditions.recorded"))
        let event = try Self.read(
            #""sensorElementList":[{"sensorMetadata":{"startTime":"2026-01-02T01:00:00Z","endTime":"2026-01-02T02:00:00Z","deviceID":"urn:epc:id:giai:4000001.111"},"sensorReport":[{"type":"https://ref.gs1.org/voc/Temperature","minValue":2.0,"maxValue":7.50,"meanValue":5,"uom":"CEL"}]}]"#
        )
        let facts = Dictionary(uniqueKeysWithValues: event.facts(for: step).map { ($0.name, $0.value) })
        #expect(
            facts == [
                "device": "urn:epc:id:giai:4000001.111", "metric": "temperature", "unit": "Cel", "min": "2",
                "max": "7.5",
                "mean": "5", "from": "2026-01-02T01:00:00.000000Z", "to": "2026-01-02T02:00:00.000000Z",
            ])
    }

    @Test func anEventThatWithdrawsAnotherSaysSo() throws {
        let event = try Self.read(
            #""errorDeclaration":{"declarationTime":"2026-01-03T00:00:00Z","reason":"did_not_occur"}"#)
        #expect(event.correction == "did_not_occur")
        #expect(try Self.read(#""bizStep":"receiving""#).correction == nil)
    }

    @Test func anExportComesBackAsWhatItWas() throws {
        let exported = EventExportTests.exported(
            "shipped", [Fact(name: "vehicle", value: .text("truck 1"))],
            subjects: ["https://id.gs1.org/01/09506000134352/10/L1/21/S1"])
        let export = EventExport(of: exported)
        let text = ExportDocument(creation: 0, standings: []).head + export.node.json + ExportDocument.tail
        let read = try #require(try EPCISDocument(reading: Array(text.utf8)).events.first)
        let event = EventImport(read, year: 2026)
        let contract = try Self.contract("custom-device")
        #expect(event.id == export.id && event.order == "hospital/main/01JD")
        #expect(event.leafHash == exported.reference.leafHash && event.time == exported.update.observedAt)
        #expect(event.subjects == exported.update.subjects && event.candidates(in: contract) == ["shipped"])
        let step = try #require(contract.step("shipped"))
        #expect(event.facts(for: step).map { "\($0.name)=\($0.value)" } == ["vehicle=truck 1"])
    }
}
