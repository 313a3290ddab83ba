import Telemetry
import Testing

@Suite("Hostile payloads")
struct HostilePayloadTests {
    private static let seeds = [
        #"{"device":"t1","metric":"m","value":-5.25e1,"unit":"Cel","time":"2026-03-01T12:00:00.5+01:00","seq":7}"#,
        #"[{"device":"\u00e9\ud83d\ude00","metric":"m","value":1,"unit":"1","time":1772366400.5,"session":null}]"#,
        #"{"x":[[[{"a":{"b":[null,true,false]}}]]],"device":"d","metric":"m","value":1e9,"unit":"1","time":1e9}"#,
    ]

    /// Every answer is readings or an error that points into the payload. The numbers repeat (SplitMix64, seed 44).
    @Test func answersEveryMutationWithoutATrap() throws {
        var state: UInt64 = 44
        func next(below bound: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
        }
        for round in 0..<20_000 {
            var bytes = Array(HostilePayloadTests.seeds[round % 3].utf8)
            for _ in 0...next(below: 5) where !bytes.isEmpty {
                let index = next(below: bytes.count)
                switch next(below: 4) {
                case 0: bytes[index] = UInt8(next(below: 256))
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(bytes[next(below: bytes.count)], at: index)
                default: bytes.removeLast(next(below: bytes.count))
                }
            }
            do throws(TelemetryError) {
                for reading in try decodeJSONReadings(bytes, topic: "t", pattern: nil) {
                    #expect(reading.value.number?.isFinite == true)
                }
            } catch {
                #expect((0...bytes.count).contains(error.position ?? 0))
            }
        }
    }

    @Test func survivesNestingOfAWholePayload() {
        let bytes = [UInt8](repeating: UInt8(ascii: "["), count: InboundMessage.payloadBytesMax)
        #expect(throws: TelemetryError.self) { try decodeJSONReadings(bytes, topic: "t", pattern: nil) }
        let nested = Array(#"{"x":"#.utf8) + bytes.dropLast(5)
        let error = #expect(throws: TelemetryError.self) { try decodeJSONReadings(nested, topic: "t", pattern: nil) }
        #expect(error?.code == .nestingTooDeep)
    }
}
