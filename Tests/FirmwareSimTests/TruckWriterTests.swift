import Capture
import Ledger
import Testing

@testable import firmware_sim

@Suite struct TruckWriterTests {
    /// A truck with a battery sensor on the vehicle and a thermometer in its cargo room, and what it has kept.
    private struct Device {
        var writer: TruckWriter
        var buffer: ReadingBuffer

        init(_ format: PayloadFormat) throws {
            let truck = Truck(
                device: "truck-7", climate: CargoClimate(seed: 1), clock: .ordinary(seed: 1),
                metrics: [.temperature, .battery], interval: .seconds(1), pace: 1)
            writer = try TruckWriter(truck, format: format, group: "trucks")
            buffer = try ReadingBuffer(capacity: 100, path: nil)
        }

        mutating func measure(_ moment: Int64) throws {
            for metric in [SensorReading.Metric.temperature, .battery] {
                let reading = SensorReading(
                    metric: metric, value: 5, time: moment * 1_000_000, sequence: buffer.nextSequence(metric))
                writer.measured(reading, order: buffer.nextOrder)
                try buffer.append(reading)
            }
        }

        mutating func connect() {
            _ = writer.connect(.init(host: "h", port: 1, clientID: "c"), at: 0)
            writer.connected(before: buffer.nextOrder)
        }

        /// The kind of each message and the readings that it carries, until there are no more.
        mutating func sent() -> [String] {
            var sent: [String] = []
            while case let messages = writer.next(from: buffer, at: 0), !messages.isEmpty {
                sent += messages.map { message in
                    let words = message.topic.split(separator: "/")
                    return (["\(words[words[0] == "spBv1.0" ? 2 : 1])"] + message.orders.map { "\($0)" })
                        .joined(separator: " ")
                }
            }
            return sent
        }
    }

    @Test(
        arguments: [
            (.json, ["truck-7 0", "truck-7 1", "truck-7 2", "truck-7 3"]),
            (.senMLJSON, ["truck-7 0 1", "truck-7 2 3"]),
            (.senMLCBOR, ["truck-7 0 1", "truck-7 2 3"]),
        ] as [(PayloadFormat, [String])])
    func sendsAllThatIsKeptOnEachConnection(format: PayloadFormat, expected: [String]) throws {
        var device = try Device(format)
        try device.measure(1)
        try device.measure(2)
        for _ in 0..<2 {
            device.connect()
            #expect(device.sent() == expected)
            #expect(device.sent().isEmpty)
        }
    }

    @Test func aSparkplugConnectionBeginsWithBirthsThatCarryTheNewestReadings() throws {
        var device = try Device(.sparkplug)
        for moment in 1...3 { try device.measure(Int64(moment)) }
        device.connect()
        #expect(device.sent() == ["NBIRTH 5", "DBIRTH 4", "NDATA 1", "DDATA 0", "NDATA 3", "DDATA 2"])
        try device.measure(4)
        #expect(device.sent() == ["NDATA 7", "DDATA 6"])
    }

    @Test func onlyReadingsFromBeforeTheConnectionAreHistorical() throws {
        var device = try Device(.sparkplug)
        for moment in 1...2 { try device.measure(Int64(moment)) }
        device.connect()
        try device.measure(3)
        _ = device.writer.next(from: device.buffer, at: 0)
        let data = [device.writer.next(from: device.buffer, at: 0), device.writer.next(from: device.buffer, at: 0)]
        #expect(data.map { $0.map(Self.isHistorical) } == [[true, true], [true, true]])
        // The births have carried those of the third moment.
        #expect(device.sent().isEmpty)
        try device.measure(4)
        #expect(device.writer.next(from: device.buffer, at: 0).map(Self.isHistorical) == [false, false])
    }

    private static func isHistorical(_ message: OutgoingMessage) -> Bool {
        ProtobufFields(message.payload[...]).contains { field in
            guard case .bytes(2, let metric) = field else { return false }
            return ProtobufFields(metric).contains(.number(5, 1))
        }
    }

    @Test func aHostsCommandBringsTheBirthsAgainAndNothingTwice() throws {
        var device = try Device(.sparkplug)
        device.connect()
        #expect(device.sent() == ["NBIRTH", "DBIRTH"])
        try device.measure(1)
        let isDue = device.writer.received(
            PayloadTests.bytes("12180a144e6f646520436f6e74726f6c2f526562697274687001"))
        #expect(isDue)
        #expect(device.sent() == ["NBIRTH 1", "DBIRTH 0"])
        let isDueAgain = device.writer.received([1, 2, 3])
        #expect(!isDueAgain)
        #expect(device.sent().isEmpty)
    }

    @Test func onlySparkplugLeavesAWillListensAndSaysFarewellAfterItsBirth() throws {
        for format in PayloadFormat.allCases {
            var device = try Device(format)
            let configuration = device.writer.connect(.init(host: "h", port: 1, clientID: "c"), at: 0)
            let isSparkplug = format == .sparkplug
            #expect((configuration.will != nil) == isSparkplug)
            #expect(configuration.topics == (isSparkplug ? ["spBv1.0/trucks/NCMD/truck-7"] : []))
            #expect(configuration.keepsSession != isSparkplug)
            #expect(device.writer.farewell(at: 0) == nil)
            device.connect()
            _ = device.sent()
            #expect((device.writer.farewell(at: 0) != nil) == isSparkplug)
        }
    }
}
