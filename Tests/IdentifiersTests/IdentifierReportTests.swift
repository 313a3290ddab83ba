import FoundationEssentials
import Testing

@testable import Identifiers

@Suite("Reports on inputs")
struct IdentifierReportTests {
    private func json(_ input: [UInt8]) -> String {
        var output: [UInt8] = []
        Identifier.report(for: input, year: 2026).appendJSON(to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    private func lines(_ input: [UInt8], inChunksOf size: Int) -> (text: String, invalid: Int) {
        var writer = IdentifierReportWriter(year: 2026)
        var output: [UInt8] = []
        for start in stride(from: 0, to: input.count, by: size) {
            input[start..<min(start + size, input.count)].withUnsafeBytes { writer.read($0, into: &output) }
        }
        writer.finish(into: &output)
        return (String(decoding: output, as: UTF8.self), writer.invalid)
    }

    @Test func leavesOutWhatIsAbsent() {
        #expect(
            json(Array("(10)L".utf8))
                == #"{"input":"(10)L","valid":true,"scheme":"gs1","elements":{"10":"L"},"missing":["01|02|8006|8026"]}"#
        )
        #expect(
            json(Array("96385074".utf8))
                == #"{"input":"96385074","valid":true,"scheme":"gs1","elements":{"01":"00000096385074"},"#
                + #""udi":{"di":"00000096385074"},"digitalLink":"https://id.gs1.org/01/00000096385074"}"#)
    }

    @Test func saysWhatIsWrongAndWhere() {
        #expect(
            json(Array("96385075".utf8))
                == #"{"input":"96385075","valid":false,"error":{"code":"check-digit-wrong","message":"The trade item "#
                + #"number must end with the check digit 4: scan again, or compare with the printed text.","position":7}}"#
        )
    }

    @Test(arguments: [
        ([0x22, 0x5C, 0x09, 0x0D, 0x1D, 0x00, 0x7F], #""\"\\\t\r\u001D\u0000\u007F""#),
        ([0x41, 0xFF, 0xC3], "\"A\u{FFFD}\u{FFFD}\""), (Array("Größe\u{2028}😀".utf8), "\"Größe\u{2028}😀\""),
    ])
    func escapesWhatJSONCannotHold(_ input: [UInt8], _ text: String) throws {
        let report = json(input)
        #expect(report.hasPrefix("{\"input\":\(text),"))
        let read = try JSONDecoder().decode(Read.self, from: Data(report.utf8))
        #expect(read.input == String(decoding: input, as: UTF8.self))
    }

    private struct Read: Decodable, Equatable {
        struct UDI: Decodable, Equatable {
            var di: String
            var lot, serial, expiry, manufactured, donation, quantity: String?
        }

        struct Problem: Decodable, Equatable {
            var code, message: String
            var position: Int?
        }

        var input: String
        var valid: Bool
        var scheme: String?
        var elements: [String: String]?
        var udi: UDI?
        var digitalLink, epc: String?
        var missing: [String]?
        var error: Problem?
    }

    @Test(arguments: [
        "(01)04012345000016(11)250600(17)261200(10)L/\"1(21)S<2(30)5", "(10)L(250)X", "4012345000114", "", "nonsense",
        "https://id.gs1.org/01/04012345000016/10/A%22?17=261231", "+A123BJC5D6E71G", "=/A9999XYZ100T0944=,000025",
    ])
    func saysTheSameWithinOtherReports(_ input: String) throws {
        let report = Identifier.report(for: Array(input.utf8), year: 2026)
        let alone = try JSONDecoder().decode(Read.self, from: Data(json(Array(input.utf8)).utf8))
        #expect(try JSONDecoder().decode(Read.self, from: try JSONEncoder().encode(report)) == alone)
        #expect(alone.valid == report.valid)
        let line = lines(Array(input.utf8) + [0x0A], inChunksOf: 64)
        #expect(line.text == json(Array(input.utf8)) + "\n")
        #expect(line.invalid == (report.valid ? 0 : 1))
    }

    @Test func repeatsNoMoreThanAScanOfTheInput() throws {
        let report = Identifier.report(for: Array(repeating: 0x41, count: Scan.bytesMax * 3), year: 2026)
        #expect(report.input.count == Scan.bytesMax)
        #expect(report.error?.code == .tooLong)
        #expect(json(Array(repeating: 0x41, count: Scan.bytesMax * 3)).utf8.count < Scan.bytesMax + 300)
    }

    @Test(arguments: [1, 2, 7, 64, 10_000])
    func answersEachLineWhereverTheStreamIsCut(_ size: Int) {
        let input = "4012345000115\r\n\n(10)L\n]d2010401234500001610A\u{1D}21B\n4012345000114"
        let (text, invalid) = lines(Array(input.utf8), inChunksOf: size)
        let wanted = ["4012345000115", "", "(10)L", "]d2010401234500001610A\u{1D}21B", "4012345000114"]
        #expect(text == wanted.map { json(Array($0.utf8)) + "\n" }.joined())
        #expect(invalid == 2)
    }

    @Test(arguments: [(0, 0), (1, 1), (2, 2)])
    func reportsOnNoLineThatIsNotThere(_ ends: Int, _ reports: Int) {
        let (text, _) = lines([UInt8](repeating: 0x0A, count: ends), inChunksOf: 1)
        #expect(text.utf8.count { $0 == 0x0A } == reports)
    }

    @Test(arguments: [
        (IdentifierReportWriter.lineMax - 1, "too-long"), (IdentifierReportWriter.lineMax, "too-long"),
        (IdentifierReportWriter.lineMax + 1, "line-too-long"), (10_000_000, "line-too-long"),
    ])
    func refusesALongLineAtLittleCost(_ count: Int, _ code: String) {
        let line = [UInt8](repeating: 0x31, count: count)
        let (text, invalid) = lines(line + [0x0A] + Array("4012345000115\n".utf8), inChunksOf: 1 << 18)
        let reports = text.split(separator: "\n")
        #expect(reports.count == 2)
        #expect(reports.first?.contains(#""code":"\#(code)""#) == true)
        #expect(reports.first?.contains("here are \(count).") == true)
        #expect((reports.first?.utf8.count ?? 0) < Scan.bytesMax + 300)
        #expect(reports.last == json(Array("4012345000115".utf8))[...])
        #expect(invalid == 1)
    }
}
