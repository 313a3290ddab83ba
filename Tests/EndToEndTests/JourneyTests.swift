import Foundation
import Telemetry
import Testing

/// The journey of goods as people follow it: with one program, from loading to a proof of a single reading.
@Suite(.timeLimit(.minutes(2))) struct JourneyTests {
    /// Readings are so far apart, in microseconds.
    static let step: Int64 = 50_000
    static let readings = 80
    /// Which of them are too warm.
    static let warm = 20..<60

    private struct Shown: Decodable {
        struct Sensor: Decodable {
            let device, metric, unit: String
            let readings, outside: Int
            let min, max: Double
            let missing: UInt64
        }

        struct Event: Decodable {
            let kind, from: String
            let to: String?
            let value, limit, worst: Double?
        }

        let order: String
        let ended: String?
        let lowestAllowed, highestAllowed: Double?
        let sensors: [Sensor]
        let events: [Event]
    }

    private struct Verified: Decodable {
        struct Reading: Decodable {
            let device, metric, unit, time, value: String
            let proved: Bool
        }

        let inLog, accepted, confirmed: Bool
        let readings: [Reading]
    }

    @Test func aJourneyIsWatchedAndEachReadingOfItCanBeProved() async throws {
        let broker = try Broker()
        let site = try site()
        let hospital = try await RunningGateway(site, of: "hospital")
        try site.configure(
            broker: broker.port,
            more: [
                "conditions: {window: 1, silence: 0}",
                "peers: [{organisation: hospital, address: 'https://127.0.0.1:\(hospital.port)'}]",
            ])
        let gateway = try await RunningGateway(site)
        let order = try #require(
            try site.custody(
                "order", "open", "--contract", "transport", "--number", "T-1", "--fact", "vehicle=truck", "--state",
                site.state
            ).first)
        try await load("D-1", on: "T-1", site)
        let began = Int64(Date().timeIntervalSince1970 * 1_000_000)
        try await drive(from: began, at: broker)
        try await until("the excursion is in the log") {
            excursions(try conditions(order, site)).first?.to != nil
        }
        try await until("all readings lie in the past") {
            Int64(Date().timeIntervalSince1970 * 1_000_000) > began + Int64(Self.readings) * Self.step
        }
        try site.custody("record", "T-1", "unloaded", "--state", site.state)
        try await until("all windows are in the log") {
            try conditions(order, site)?.sensors.first?.readings == Self.readings
        }
        try check(try #require(try conditions(order, site)), order, began)
        try checkFiles(order, site)
        try await checkProof(of: began + Int64(Self.warm.lowerBound) * Self.step, order, site)
        // The other member has no sensors, and knows the same.
        let told = try #require(try conditions(order, site, state: site.state(of: "hospital")))
        try check(told, order, began)
        try await checkTrace(of: "D-1", tells: order, site)
        gateway.stop()
        hospital.stop()
        try site.custody("verify", "--state", site.state)
    }

    /// With a grace of a second, because the test has no five minutes, a release by the haulier, because it has no
    /// manufacturer, and a gateway of the hospital that listens.
    private func site() throws -> TestSite {
        let site = try TestSite(["logistics", "hospital"], contracts: ["transport", "stock-device"]) {
            $0.replacingOccurrences(of: "grace: 300", with: "grace: 1").replacingOccurrences(
                of: "by: [manufacturer, supplier]", with: "by: [logistics]")
        }
        try site.listen("hospital")
        return site
    }

    /// Puts a device of the hospital on board.
    private func load(_ device: String, on journey: String, _ site: TestSite) async throws {
        try site.custody(
            "order", "open", "--contract", "stock-device", "--number", device, "--fact", "product=hip", "--state",
            site.state(of: "hospital"))
        try await until("the haulier has heard of the device") {
            try site.run(["record", device, "released", "--state", site.state]).code == 0
        }
        try site.custody("record", device, "shipped", "--cite", journey, "--state", site.state)
    }

    /// An order on board shows what happened to it, at the hospital too.
    private func checkTrace(of device: String, tells journey: String, _ site: TestSite) async throws {
        struct Traced: Decodable {
            struct Journey: Decodable {
                let order: String
                let excursions: [Shown.Event]
            }

            let journeys: [Journey]
        }

        let lines = try site.custody("trace", device, "--json", "--state", site.state(of: "hospital"))
        let traced = try JSONDecoder().decode(Traced.self, from: Data(lines.joined().utf8))
        #expect(traced.journeys.map(\.order) == [journey])
        #expect(traced.journeys.first?.excursions.map(\.kind).contains("above") == true)
    }

    private func drive(from began: Int64, at broker: Broker) async throws {
        let truck = try await TestClient("truck", at: broker)
        try await truck.publish(
            (0..<Self.readings).map { number in
                let micros = began + Int64(number) * Self.step
                let time = "\(micros / 1_000_000).\(String(micros % 1_000_000 + 1_000_000).dropFirst())"
                let value = Self.warm.contains(number) ? 12.5 : 5.0
                return (
                    "sensors/truck/temperature",
                    Array(#"{"value":\#(value),"unit":"Cel","time":\#(time),"seq":\#(number)}"#.utf8)
                )
            })
    }

    /// Nil while the log knows nothing of the journey.
    private func conditions(_ order: String, _ site: TestSite, state: String? = nil) throws -> Shown? {
        let outcome = try site.run(["conditions", order, "--json", "--state", state ?? site.state])
        guard outcome.code == 0 else { return nil }
        return try JSONDecoder().decode([Shown].self, from: Data(outcome.lines.joined().utf8)).first
    }

    private func excursions(_ shown: Shown?) -> [Shown.Event] {
        shown?.events.filter { ["above", "below"].contains($0.kind) } ?? []
    }

    private func check(_ shown: Shown, _ order: String, _ began: Int64) throws {
        #expect(shown.order == order)
        #expect(shown.ended != nil)
        #expect(shown.lowestAllowed == 2 && shown.highestAllowed == 8)
        let sensor = try #require(shown.sensors.first)
        #expect(shown.sensors.count == 1)
        #expect(sensor.device == "truck" && sensor.metric == "temperature" && sensor.unit == "Cel")
        #expect(sensor.readings == Self.readings && sensor.outside == Self.warm.count && sensor.missing == 0)
        #expect(sensor.min == 5 && sensor.max == 12.5)
        let excursion = try #require(excursions(shown).first)
        #expect(excursions(shown).count == 1)
        #expect(excursion.kind == "above" && excursion.limit == 8 && excursion.worst == 12.5)
        #expect(excursion.value == 12.5)
        let from = try #require(WindowSummary.time(excursion.from))
        let to = try #require(excursion.to.flatMap(WindowSummary.time))
        // People are shown milliseconds.
        #expect((0..<1_000).contains(began + Int64(Self.warm.lowerBound) * Self.step - from))
        #expect((0..<1_000).contains(began + Int64(Self.warm.upperBound) * Self.step - to))
    }

    // MARK: Files

    private func checkFiles(_ order: String, _ site: TestSite) throws {
        let (csv, svg) = (site.folder + "/journey.csv", site.folder + "/journey.svg")
        try site.custody("conditions", order, "--csv", csv, "--svg", svg, "--state", site.state)
        let rows = try String(contentsOfFile: csv, encoding: .utf8).split(whereSeparator: \.isNewline)
        #expect(rows.count == 1 + Self.readings)
        #expect(rows.count { $0.split(separator: ",").contains("12.5") } == Self.warm.count)
        let drawing = try String(contentsOfFile: svg, encoding: .utf8)
        #expect(drawing.contains("<svg") && drawing.hasSuffix("</svg>\n"))
        #expect(drawing.contains(order))
    }

    // MARK: Proof

    private func checkProof(of time: Int64, _ order: String, _ site: TestSite) async throws {
        let (proof, policy) = (site.folder + "/reading.proof", site.folder + "/policy")
        try site.custody("policy", "--state", site.state).joined(separator: "\n").appending("\n").write(
            toFile: policy, atomically: true, encoding: .utf8)
        var accepted = (code: Int32(-1), lines: [String](), errors: "")
        try await until("the members have confirmed the window") {
            try site.custody(
                "reading", "proof", order, "--device", "truck", "--metric", "temperature", "--time",
                WindowSummary.timeText(time), "-o", proof, "--state", site.state)
            accepted = try site.run(["verify-proof", proof, "--policy", policy, "--json"])
            return accepted.code == 0
        }
        let verified = try JSONDecoder().decode(Verified.self, from: Data(accepted.lines.joined().utf8))
        #expect(verified.inLog && verified.accepted && verified.confirmed)
        let reading = try #require(verified.readings.first)
        #expect(verified.readings.count == 1)
        #expect(reading.proved && reading.device == "truck" && reading.metric == "temperature")
        #expect(reading.value == "12.5" && reading.unit == "Cel" && WindowSummary.time(reading.time) == time)
        try checkChanged(proof, policy, site)
    }

    /// The value, the unit and the name, each with one bit of one byte changed.
    private func checkChanged(_ proof: String, _ policy: String, _ site: TestSite) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: proof))
        let leaf = try #require(bytes.range(of: Data("custody reading 1\n".utf8)))
        for text in ["12.5\n", "Cel\n", "truck\n"] {
            let place = try #require(bytes.range(of: Data(text.utf8), in: leaf.upperBound..<bytes.endIndex))
            var changed = bytes
            changed[place.lowerBound] ^= 1
            let file = site.folder + "/changed.proof"
            try changed.write(to: URL(fileURLWithPath: file))
            let outcome = try site.run(["verify-proof", file, "--policy", policy])
            #expect(outcome.code == 1, "\(text) changed")
            #expect(outcome.errors.contains("not everything that the file claims is proved"))
        }
    }
}
