import Foundation
import Testing

@testable import EPCIS

/// The hash of events, against what the reference implementation makes of its own examples.
@Suite struct EventHashTests {
    static func resource(_ path: String) throws -> [UInt8] {
        let folder = try #require(Bundle.module.resourceURL)
        return [UInt8](try Data(contentsOf: folder.appendingPathComponent(path)))
    }

    @Test func meetsTheVectorsOfTheReferenceImplementation() throws {
        let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Vectors")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".jsonld") }
        #expect(files.count == 27)
        for file in files {
            let document = try EPCISDocument(reading: try Self.resource("Vectors/\(file)"))
            let expected = String(decoding: try Self.resource("Vectors/\(file.dropLast(7)).hashes"), as: UTF8.self)
                .split(separator: "\n").map(String.init)
            #expect(document.events.count == expected.count && !expected.isEmpty, "\(file)")
            for (event, id) in zip(document.events, expected) {
                let hash = EventHash(of: event)
                #expect(hash.id == id, "\(file): \(hash.preHash)")
            }
        }
    }
}
