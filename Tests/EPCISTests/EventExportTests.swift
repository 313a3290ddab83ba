import Foundation
import Rig
import Testing

@testable import EPCIS
@testable import Ledger

/// Updates as events, against GS1's schema and the reader's own eyes.
@Suite struct EventExportTests {
    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
    private static let hash = Hash.sha256([1])
    private static let instance = "https://id.gs1.org/01/09506000134352/10/L1/21/S1"
    private static let lot = "https://id.gs1.org/01/09506000134352/10/L1"
    private static let package = "https://id.gs1.org/00/106141412345678908"
    private static let place = "https://id.gs1.org/414/4012345000054"

    static func exported(
        _ step: String, _ facts: [Fact] = [], subjects: [String] = [], contract: String = "custom-device",
        source: Source = Source(.operator), droppedAt: Int64? = nil
    ) -> ExportedUpdate {
        let update = Update(
            order: "hospital/main/01JD", step: step, parents: [], consortium: hash, contract: hash, subjects: subjects,
            facts: facts, observedAt: 1_764_000_000_123_456, source: source)
        return ExportedUpdate(
            reference: Reference(origin: "hospital/main", index: 7, leafHash: hash), recordedAt: 1_764_000_001_000_000,
            update: update, contract: (contract, 4), droppedAt: droppedAt)
    }

    static func event(
        _ step: String, _ facts: [String: String] = [:], subjects: [String] = [], contract: String = "custom-device"
    ) -> JSONNode {
        EventExport(
            of: exported(
                step, facts.sorted { $0.key < $1.key }.map { Fact(name: $0.key, value: .text($0.value)) },
                subjects: subjects, contract: contract)
        ).node
    }

    private static func contracts() throws -> [(contract: Contract, lines: [ContractScenarios.Line])] {
        let folder = repository + "/Config/contracts"
        return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yaml") }.sorted().map
        {
            let contract = try Contract(text: try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8), file: $0)
            let table = try ContractScenarios(
                text: try String(contentsOfFile: "\(folder)/scenarios/\($0)", encoding: .utf8), file: $0)
            return (contract, table.scenarios.flatMap(\.lines).filter { $0.refused == nil })
        }
    }

    private static func document(_ events: [EventExport]) -> String {
        let logs = [ExportDocument.Standing(origin: "hospital/main", size: 12, confirmed: 9)]
        return ExportDocument(creation: 1_764_000_002_000_000, standings: logs).head
            + events.map(\.node.json).joined(separator: ExportDocument.separator) + ExportDocument.tail
    }

    private static func check(_ files: [String]) throws -> (code: Int32, lines: [String]) {
        let schema = try #require(Bundle.module.resourceURL).appendingPathComponent("Schema/EPCIS-JSON-Schema.json")
            .path
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [repository + "/Tests/Conformance/epcis.py", schema] + files
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
        )
    }

    private static func withFile<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
        let path = FileManager.default.temporaryDirectory.path + "/epcis-\(UUID().uuidString).jsonld"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }

    @Test func whatTheScenariosOfEveryContractRecordPassesTheSchema() throws {
        let kinds = [
            [], [Self.instance], [Self.lot], [Self.package, Self.instance, Self.lot], [Self.place, Self.package],
            ["+A123BJC5D6E71G1/S0001", "+A123BJC5D6E71G1/$3C 001"], ["=/A9999XYZ100T0944=,000025"],
            ["no URI at all", "1:2", "urn:x:%2", "urn:x:%zz", "urn:é:x", "urn:epc:id:sgln:4012345.00005.0"],
        ]
        var events: [EventExport] = []
        for (contract, lines) in try Self.contracts() {
            for line in lines {
                for subjects in kinds + [line.subjects] {
                    events.append(
                        EventExport(
                            of: Self.exported(line.step, line.facts, subjects: subjects, contract: contract.name)))
                }
            }
        }
        #expect(events.count > 500)
        let (code, lines) = try Self.withFile(Self.document(events)) { try Self.check([$0]) }
        #expect(code == 0, "\(lines.prefix(10))")
    }

    @Test(arguments: [
        (#""action":"OBSERVE""#, #""action":"LOOK""#), (#""eventTimeZoneOffset":"+00:00""#, #""offset":"+00:00""#),
        (#""bizStep":"receiving""#, #""bizStep":"receive""#),
        (#""type":"ObjectEvent","eventID""#, #""type":"Object","eventID""#),
    ])
    func theSchemaNoticesWhatIsWrong(right: String, wrong: String) throws {
        let text = Self.document([EventExport(of: Self.exported("received", subjects: [Self.instance]))])
        #expect(text.contains(right))
        let (code, _) = try Self.withFile(text.replacingOccurrences(of: right, with: wrong)) { try Self.check([$0]) }
        #expect(code == 1)
    }

    @Test func everyStepOfTheContractsThatShipIsInTheTable() throws {
        for (contract, _) in try Self.contracts() {
            for step in contract.steps {
                #expect(StepMapping.of(step.name, in: contract.name) != nil, "\(contract.name): \(step.name)")
            }
        }
    }

    @Test func theIDOfAnEventIsTheHashOfWhatIsRead() throws {
        let events = [
            EventExport(of: Self.exported("received", subjects: [Self.instance])),
            EventExport(of: Self.exported("conditions.recorded", [Fact(name: "min", value: .text("2.50"))])),
        ]
        let read = try EPCISDocument(reading: Array(Self.document(events).utf8))
        #expect(read.events.map { EventHash(of: $0).id } == events.map(\.id))
        #expect(read.events.map { $0.node["eventID"]?.text } == events.map(\.id))
    }

    @Test(
        arguments: [
            ("order.placed", [], "TransactionEvent", "ADD", nil, nil),
            ("production.completed", [instance], "ObjectEvent", "ADD", "commissioning", "active"),
            ("shipped", [instance], "ObjectEvent", "OBSERVE", "shipping", "in_transit"),
            ("received", [lot], "ObjectEvent", "OBSERVE", "receiving", "in_progress"),
            ("compliance.approved", [instance], "ObjectEvent", "OBSERVE", "inspecting", "conformant"),
            ("packed", [package, instance, lot], "AggregationEvent", "ADD", "packing", "in_progress"),
            ("unpacked", [package], "AggregationEvent", "DELETE", "unpacking", "in_progress"),
            ("packed", [package], "ObjectEvent", "OBSERVE", "packing", "in_progress"),
            ("order.placed", [lot], "TransactionEvent", "ADD", nil, nil),
            ("recall.opened", [lot], "ObjectEvent", "OBSERVE", "holding", "recalled"),
            ("nobody.mapped.it", [instance], "ObjectEvent", "OBSERVE", nil, nil),
        ] as [(String, [String], String, String, String?, String?)])
    func aStepIsAnEventOfItsKind(
        step: String, subjects: [String], type: String, action: String, bizStep: String?, disposition: String?
    ) {
        let event = Self.event(step, subjects: subjects)
        #expect(event["type"]?.text == type && event["action"]?.text == action)
        #expect(event["bizStep"]?.text == bizStep && event["disposition"]?.text == disposition)
        #expect(event["custody:step"]?.text == step)
        #expect((event["custody:unmapped"] != nil) == (step == "nobody.mapped.it"))
    }

    @Test(arguments: [
        ("+A123BJC5D6E71G1/S0001", "epcList", "urn:custody:thing:%2BA123BJC5D6E71G1/S0001"),
        ("+A123BJC5D6E71G1/$3C001", "quantityList", "urn:custody:thing:%2BA123BJC5D6E71G1/%243C001"),
        ("=/A9999XYZ100T0944=,000025", "epcList", "urn:custody:thing:%3D/A9999XYZ100T0944%3D%2C000025"),
        ("=/A9999XYZ100T0944&,1L", "quantityList", "urn:custody:thing:%3D/A9999XYZ100T0944%26%2C1L"),
        ("urn:epc:id:gid:1.2.3", "epcList", "urn:epc:id:gid:1.2.3"),
    ])
    func aThingOfAnotherAgencyHasAURIAndComesBackAsItWas(subject: String, field: String, uri: String) throws {
        let export = EventExport(of: Self.exported("received", subjects: [subject]))
        let things = export.node[field]?.elements ?? []
        #expect(things.map { $0.text ?? $0["epcClass"]?.text } == [uri])
        let read = try EPCISDocument(reading: Array(Self.document([export]).utf8))
        #expect(EventImport(try #require(read.events.first), year: 2026).subjects == [subject])
    }

    @Test func whatIsPackedIsInItsPackage() {
        let event = Self.event("packed", ["quantity": "12"], subjects: [Self.package, Self.instance, Self.lot])
        #expect(event["parentID"]?.text == Self.package)
        #expect(event["childEPCs"]?.elements.map(\.text) == [Self.instance])
        let lots = event["childQuantityList"]?.elements ?? []
        #expect(lots.map { $0["epcClass"]?.text } == [Self.lot] && lots.map { $0["quantity"] } == [.number("12")])
        #expect(event["custody:quantityAssumed"] == nil)
    }

    @Test func aQuantityThatNobodyCountedIsSaidToBeAssumed() {
        let event = Self.event("received", subjects: [Self.lot])
        #expect(event["quantityList"]?.elements.first?["quantity"] == .number("1"))
        #expect(event["custody:quantityAssumed"] == .boolean(true))
    }

    @Test func aWindowIsASensorElement() {
        let event = Self.event(
            "conditions.recorded",
            [
                "device": "s 1", "metric": "temperature", "unit": "Cel", "from": "2026-11-24T01:00:00.000000Z",
                "to": "2026-11-24T02:00:00.000000Z", "min": "2.10", "mean": "5", "max": "7.9", "count": "60",
            ], subjects: [Self.package], contract: "transport")
        let element = event["sensorElementList"]?.elements.first
        #expect(
            element?["sensorMetadata"]?.json
                == #"{"startTime":"2026-11-24T01:00:00.000000Z","endTime":"2026-11-24T02:00:00.000000Z","deviceID":"urn:custody:sensor:s%201"}"#
        )
        #expect(
            element?["sensorReport"]?.json
                == #"[{"type":"Temperature","minValue":2.1,"maxValue":7.9,"meanValue":5,"uom":"CEL"}]"#)
        #expect(event["bizStep"]?.text == "sensor_reporting")
    }

    @Test func anExcursionIsAnAlarm() {
        let facts = ["device": "s", "metric": "temperature", "unit": "Cel", "value": "9.5", "from": "noon"]
        let event = Self.event("excursion.detected", facts, contract: "transport")
        let report = event["sensorElementList"]?.elements.first?["sensorReport"]?.elements.first
        #expect(report?["exception"]?.text == "ALARM_CONDITION" && report?["value"] == .number("9.5"))
    }

    @Test func privateFactsAreNamedAndNeverShown() {
        let facts = [
            Fact(name: "product", value: .text("hip")), Fact(name: "patient", value: .commitment(Hash.sha256([9]))),
        ]
        let node = EventExport(of: Self.exported("order.placed", facts)).node
        #expect(node["custody:facts"]?.json == #"{"custody:product":"hip"}"#)
        #expect(node["custody:privateFacts"]?.json == #"["patient"]"#)
        #expect(!node.json.contains(Hash.sha256([9]).hex))
    }

    @Test func aDroppedUpdateIsDeclaredAnErrorAndKeepsItsID() {
        let standing = EventExport(of: Self.exported("received", subjects: [Self.instance]))
        let dropped = EventExport(
            of: Self.exported("received", subjects: [Self.instance], droppedAt: 1_764_000_009_000_000))
        #expect(dropped.id == standing.id && standing.node["errorDeclaration"] == nil)
        #expect(dropped.node["errorDeclaration"]?["reason"]?.text == "incorrect_data")
    }

    @Test func itSaysWhenWhereAndOfWhichOrder() {
        let node = EventExport(
            of: Self.exported("received", subjects: [Self.instance], source: Source(.scan, station: "ward 7"))
        ).node
        #expect(node["eventTime"]?.text == "2025-11-24T16:00:00.123456Z")
        #expect(node["recordTime"]?.text == "2025-11-24T16:00:01.000000Z")
        #expect(node["readPoint"]?["id"]?.text == "urn:custody:station:hospital/main:ward%207")
        #expect(
            node["bizTransactionList"]?.elements.first?["bizTransaction"]?.text
                == "urn:custody:order:hospital/main/01JD")
        #expect(Self.event("received", subjects: [Self.place])["readPoint"]?["id"]?.text == Self.place)
        let shipped = Self.event("shipped", ["ship-to": "4012345000054"], subjects: [Self.package])
        #expect(shipped["destinationList"]?.elements.first?["destination"]?.text == Self.place)
    }
}
