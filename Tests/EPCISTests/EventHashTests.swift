import Foundation
import Testing

@testable import EPCIS

/// The hash of events, against what the reference implementation makes of its own examples.
@Suite struct EventHashTests {
    static func resource(_ path: String) throws -> [UInt8] {
        let folder = try #require(Bundle.module.resourceURL)
        return [UInt8](try Data(contentsOf: folder.appendingPathComponent(path)))
    }

    @Test(arguments: [
        "AggregationEvent_all_possible_fields", "AssociationEvent_all_possible_fields",
        "CertificationInfoAndSensorReportWithCRS", "ObjectEvent_all_possible_fields", "ReferenceEventHashAlgorithm",
        "ReferenceEventHashAlgorithm2", "ReferenceEventHashAlgorithm3", "TimeStampRoundOff",
        "TransactionEvent_all_possible_fields", "TransformationEventWithUserExtensions",
        "TransformationEvent_all_possible_fields", "epcisDocWithAllGS1Keys", "epcisDocWithCustomExtensions",
        "epcisDocWithSensorComponent", "epcisDocWithVariousEventTypes", "epcisDocWithXMLstartTagAndErrorDeclaration",
        "epcisQueryDocWithCustomExtensions", "epcisQueryDocument", "epclist_normalisation",
    ])
    func meetsTheVectorsOfTheReferenceImplementation(name: String) throws {
        let document = try EPCISDocument(reading: try Self.resource("Vectors/\(name).jsonld"))
        let expected = String(decoding: try Self.resource("Vectors/\(name).hashes"), as: UTF8.self)
            .split(separator: "\n").map(String.init)
        #expect(document.events.count == expected.count && !expected.isEmpty)
        for (event, id) in zip(document.events, expected) {
            let hash = EventHash(of: event)
            #expect(hash.id == id, "\(hash.preHash)")
        }
    }
}
