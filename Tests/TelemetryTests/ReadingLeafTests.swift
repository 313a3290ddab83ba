import Telemetry
import Testing

/// These bytes are hashed into logs: they never change.
@Suite("Leaves of readings")
struct ReadingLeafTests {
    @Test(
        arguments: [
            (.number(4.5), "4.5"), (.number(-0.25), "-0.25"), (.number(4), "4.0"), (.number(0), "0.0"),
            (.number(-0.0), "0.0"), (.number(0.1), "0.1"), (.number(1e300), "1e+300"), (.number(1e-7), "1e-07"),
            (.number(.leastNonzeroMagnitude), "5e-324"), (.number(1.7976931348623157e308), "1.7976931348623157e+308"),
            (.flag(true), "true"), (.flag(false), "false"), (.text(""), "text:"), (.text("4.5"), "text:342e35"),
            (.text("é\n"), "text:c3a90a"), (.text("e\u{301}"), "text:65cc81"), (.data([]), "data:"),
            (.data([0x00, 0x0F, 0xA0, 0xFF]), "data:000fa0ff"),
        ] as [(Reading.Value, String)])
    func eachKindOfValueHasItsText(_ value: Reading.Value, _ text: String) throws {
        let reading = try Reading(
            device: "truck-1", metric: "temperature", value: value, unit: "Cel", time: 1_772_366_400_000_001,
            sequence: 7, session: "boot-1")
        let expected = """
            custody reading 1
            truck-1
            temperature
            Cel
            2026-03-01T12:00:00.000001Z
            \(text)
            7
            boot-1

            """
        #expect(reading.leaf == Array(expected.utf8))
    }

    @Test func whatIsNotThereIsAnEmptyLine() throws {
        let reading = try Reading(device: "é", metric: "a/b", value: .number(5), unit: "1", time: Reading.timeMin)
        #expect(
            reading.leaf == Array("custody reading 1\né\na/b\n1\n0001-01-01T00:00:00.000000Z\n5.0\n\n\n".utf8))
        let counted = try Reading(
            device: "d", metric: "m", value: .flag(true), unit: "1", time: Reading.timeMax, sequence: .max)
        #expect(
            counted.leaf
                == Array(
                    "custody reading 1\nd\nm\n1\n9999-12-31T23:59:59.999999Z\ntrue\n18446744073709551615\n\n".utf8))
    }

    @Test func readingsAreEqualWhereTheirLeavesAre() throws {
        let readings = try ["\u{E9}", "e\u{301}"].flatMap { text in
            try [
                Reading(device: text, metric: "m", value: .number(1), unit: "1", time: 0),
                Reading(device: "d", metric: "m", value: .text(text), unit: "1", time: 0),
                Reading(device: "d", metric: "m", value: .number(1), unit: "1", time: 0, session: text),
            ]
        }
        for left in readings {
            for right in readings {
                #expect((left == right) == (left.leaf == right.leaf))
                guard left.device.utf8.elementsEqual(right.device.utf8) else { continue }
                #expect([left < right, right < left, left == right].count { $0 } == 1)
            }
        }
    }
}
