import EPCIS
import Ledger

extension Corpus {
    /// Documents of others: what is read can be written and hashed, and is the same when it is read again.
    static func epcis() -> Parser {
        let update = Update(
            order: "a/b/1", step: "conditions.recorded", parents: [], consortium: .emptyTree, contract: .emptyTree,
            subjects: ["https://id.gs1.org/01/09506000134352/10/L1", "https://id.gs1.org/00/106141412345678908"],
            facts: [Fact(name: "unit", value: .text("Cel")), Fact(name: "min", value: .text("2.50"))],
            source: Source(.operator))
        let export = EventExport(
            of: ExportedUpdate(
                reference: Reference(origin: "a/b", index: 1, leafHash: .emptyTree), recordedAt: 1_764_000_000_000_000,
                update: update, contract: ("transport", 2)))
        let document = ExportDocument(creation: 0, standings: []).head + export.node.json + ExportDocument.tail
        return Parser(name: "epcis", samples: texts([document, export.node.json] + epcisEvents)) { bytes in
            guard let document = try? EPCISDocument(reading: bytes) else { return false }
            for event in document.events {
                _ = EventImport(event, year: 2_026).subjects
                guard try JSONNode(reading: Array(event.node.json.utf8)) == event.node else {
                    throw Broken(promise: "an event that was read is written and read as the same")
                }
                guard EventHash(of: event).preHash == EventHash(of: event).preHash else {
                    throw Broken(promise: "an event has one hash")
                }
            }
            return true
        }
    }

    private static let epcisEvents = [
        #"[{"type":"AggregationEvent","@context":{"x":"https://x/"},"eventTime":"2020-03-04T11:00:30+01:00","x:list":[1.5e3,"a",{"x:y":null}],"parentID":"urn:epc:id:sscc:4012345.0000000333","childEPCs":["urn:epc:id:giai:4012345.A"]}]"#,
        #"{"epcisBody":{"eventList":[{"type":"ObjectEvent","bizStep":"urn:epcglobal:cbv:bizstep:shipping","epcList":["https://a.b/gtin/9780345418913/ser/1?x=1","urn:epc:idpat:itip:4012345.012345.01.02.*"],"readPoint":{"id":"urn:epc:id:sgln:4012345.00005.0","x:y":"z"},"errorDeclaration":{"reason":"incorrect_data"}}]}}"#,
    ]
}
