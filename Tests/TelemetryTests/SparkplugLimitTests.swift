import Testing

@testable import Telemetry

/// What a node may make a host remember and say, however it words its messages.
@Suite("Sparkplug limits")
struct SparkplugLimitTests {
    private func take(
        _ host: inout SparkplugHost,
        _ topic: String,
        _ count: UInt64,
        _ metrics: [SparkplugDraft.Metric]
    ) -> SparkplugOutcome {
        host.take(SparkplugDraft(count: count, metrics).bytes, topic: "spBv1.0/g/\(topic)", receivedAt: 0)
    }

    @Test(arguments: ["t", "Node Control/Rebirth"], [(4, true), (5, true), (6, false)])
    func remembersNoMoreAliasesThanMetrics(_ name: String, _ limit: (count: UInt64, fits: Bool)) {
        var host = SparkplugHost(metricsMax: 5)
        let metrics = (0..<limit.count).map { alias in
            SparkplugDraft.Metric(name: name, alias: alias, type: 11, value: .flag(true))
        }
        #expect(take(&host, "NBIRTH/n", 0, metrics).isBirth == limit.fits)
    }

    @Test func aBirthWithoutMetricsCountsAsOne() {
        var host = SparkplugHost(metricsMax: 3)
        let births = [("NBIRTH/n", 0), ("DBIRTH/n/a", 1), ("DBIRTH/n/b", 2), ("DBIRTH/n/c", 3)] as [(String, UInt64)]
        #expect(births.map { take(&host, $0, $1, []).isBirth } == [true, true, true, false])
        #expect(take(&host, "DDEATH/n/a", 4, []).refusal == nil)
        #expect(take(&host, "DBIRTH/n/c", 5, []).isBirth)
    }

    @Test(arguments: [
        (Reading.textBytesMax - 1, TelemetryError.Code.unitUnknown), (Reading.textBytesMax, .unitUnknown),
        (Reading.textBytesMax + 1, .textTooLong), (100_000, .textTooLong),
    ])
    func refusesEachReadingOfAUnitThatIsTooLong(_ count: Int, _ code: TelemetryError.Code) {
        var host = SparkplugHost()
        let unit = String(repeating: "é", count: count / 2) + String(repeating: "e", count: count % 2)
        let metric = SparkplugDraft.Metric(name: "t", alias: 1, type: 10, value: .double(1), texts: [("unit", unit)])
        let birth = take(&host, "NBIRTH/n", 0, [metric])
        let data = take(&host, "NDATA/n", 1, [.init(alias: 1, value: .double(2))])
        for outcome in [birth, data] {
            #expect(outcome.readings.isEmpty && outcome.refusal?.code == code)
            #expect(outcome.rebirth == nil)
        }
    }

    @Test func remembersOfAUnitOnlyThatItIsTooLong() throws {
        let metric = SparkplugDraft.Metric(
            name: "t", value: .none, texts: [("unit", "a" + String(repeating: "é", count: 10_000))])
        var payload = try SparkplugPayload(SparkplugDraft(count: 0, [metric]).bytes)
        let range = try #require(try payload.next()?.properties)
        let unit = try #require(try SparkplugProperties(range, of: payload).unit)
        #expect(unit.utf8.count > Reading.textBytesMax && unit.utf8.count <= Reading.textBytesMax + 4)
    }

    @Test func aLongNameIsNotToldInARefusal() {
        var host = SparkplugHost()
        let metric = SparkplugDraft.Metric(name: String(repeating: "n", count: 100_000), type: 10, value: .double(1))
        for topic in ["NBIRTH/n", "NDATA/n", "NDATA/unborn"] {
            let refusal = take(&host, topic, 0, [metric]).refusal
            #expect(refusal?.code == .textTooLong)
            #expect(refusal?.message.utf8.count ?? .max < 1_000)
        }
    }

    @Test func aLongNameOfAPackIsNotToldInARefusal() {
        let payload = Array("[{\"n\":\"\(String(repeating: "n", count: 100_000))\",\"v\":1}]".utf8)
        let refusal = #expect(throws: TelemetryError.self) {
            try decodeSenMLJSON(payload, topic: "x", pattern: nil, receivedAt: 0)
        }
        #expect(refusal?.code == .keyMissing)
        #expect(refusal?.message.utf8.count ?? .max < 1_000)
    }
}
