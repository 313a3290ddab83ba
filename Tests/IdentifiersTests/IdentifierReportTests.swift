import FoundationEssentials
import Identifiers
import Testing

@Suite("Reports on inputs")
struct IdentifierReportTests {
    private func json(_ input: [UInt8]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(Identifier.report(for: input, year: 2026)), as: UTF8.self)
    }

    @Test func leavesOutWhatIsAbsent() throws {
        #expect(
            try json(Array("(10)L".utf8))
                == #"{"elements":{"10":"L"},"input":"(10)L","missing":["01|02|8006|8026"],"scheme":"gs1","valid":true}"#
        )
        #expect(
            try json(Array("96385074".utf8))
                == #"{"digitalLink":"https://id.gs1.org/01/00000096385074","elements":{"01":"00000096385074"},"#
                + #""input":"96385074","scheme":"gs1","udi":{"di":"00000096385074"},"valid":true}"#)
    }

    @Test func saysWhatIsWrongAndWhere() throws {
        let report = Identifier.report(for: Array("96385075".utf8), year: 2026)
        #expect(!report.valid)
        #expect(report.elements == nil)
        #expect(report.error?.code == "check-digit-wrong")
        #expect(report.error?.position == 7)
    }

    @Test func repeatsNoMoreThanAScanOfTheInput() {
        let report = Identifier.report(for: Array(repeating: 0x41, count: Scan.bytesMax * 3), year: 2026)
        #expect(report.input.utf8.count == Scan.bytesMax)
        #expect(report.error?.code == "too-long")
    }
}
