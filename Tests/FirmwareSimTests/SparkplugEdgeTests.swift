import Capture
import Testing

@testable import firmware_sim

/// The hex texts were made with protoc from Sparkplug's schema and the same values.
@Suite struct SparkplugEdgeTests {
    private static let now: Int64 = 1_700_000_000_500_000

    private static func kept(_ metric: SensorReading.Metric, _ value: Double, _ order: UInt64) -> SparkplugEdge.Kept {
        SparkplugEdge.Kept(
            order: order,
            reading: SensorReading(metric: metric, value: value, time: 1_700_000_000_123_456, sequence: 0))
    }

    private static func edge() -> SparkplugEdge {
        let cargo = SparkplugEdge.Part(device: "cargo", metrics: [.temperature, .door])
        return SparkplugEdge(group: "trucks", node: "truck-7", metrics: [.battery], devices: [cargo])
    }

    private static let newest: [SensorReading.Metric: SparkplugEdge.Kept] = [
        .battery: kept(.battery, 88, 5), .door: kept(.door, 1, 6),
    ]

    @Test func writesWhatAnotherEncoderWrites() {
        var edge = Self.edge()
        let will = edge.connect(at: Self.now)
        var messages = edge.births(at: Self.now) { Self.newest[$1] }
        messages.append(edge.data(0, [Self.kept(.battery, 88, 5)], isHistorical: false, at: Self.now))
        let cargo = [Self.kept(.temperature, 4.25, 7), Self.kept(.door, 1, 8)]
        messages.append(edge.data(1, cargo, isHistorical: true, at: Self.now))
        #expect(
            messages.map(\.topic) == [
                "spBv1.0/trucks/NBIRTH/truck-7", "spBv1.0/trucks/DBIRTH/truck-7/cargo", "spBv1.0/trucks/NDATA/truck-7",
                "spBv1.0/trucks/DDATA/truck-7/cargo",
            ])
        let expected = [Self.nodeBirth, Self.deviceBirth, Self.nodeData, Self.deviceData]
        #expect(messages.map { PayloadTests.hex($0.payload) } == expected)
        #expect(messages.allSatisfy { $0.qos == 0 })
        #expect(messages.map(\.orders) == [[5], [6], [5], [7, 8]])
        #expect(will.topic == "spBv1.0/trucks/NDEATH/truck-7")
        #expect(PayloadTests.hex(will.payload) == Self.death)
        #expect(will.qos == 1 && !will.retain)
        #expect(edge.commandTopic == "spBv1.0/trucks/NCMD/truck-7")
    }

    @Test func countsConnectionsAndMessagesUpTo255() {
        var edge = Self.edge()
        var connections: [UInt8?] = []
        for _ in 0..<257 {
            _ = edge.connect(at: Self.now)
            connections.append(edge.connectionNumber)
        }
        #expect(connections.first == 0 && connections[255] == 255 && connections[256] == 0)
        _ = edge.births(at: Self.now) { _, _ in nil }
        let ends = (0..<256).map { _ in
            edge.data(0, [Self.kept(.battery, 88, 0)], isHistorical: false, at: Self.now).payload.suffix(2)
        }
        #expect(ends[0] == [0x18, 2])
        #expect(ends[253] == [0xFF, 1])
        #expect(ends[254] == [0x18, 0])
    }

    @Test(arguments: [
        ("08f4d395ffbc3112210a144e6f646520436f6e74726f6c2f5265626972746818f4d395ffbc31200b70011800", true),
        (
            "08f4d395ffbc3112210a144e6f646520436f6e74726f6c2f5265626972746818f4d395ffbc31200b7000120b0a054f7468657220"
                + "0b7001", false
        ),
        ("12180a144e6f646520436f6e74726f6c2f526562697274687001", true),
        ("12ffffffffffffffffff010a144e6f646520436f6e74726f6c2f526562697274687001", false),
        ("ffffffffffffffffffffffffffffff", false), ("", false),
    ])
    func hearsTheCommandForARebirthAndNoOther(hex: String, expected: Bool) {
        #expect(SparkplugEdge.asksForRebirth(PayloadTests.bytes(hex)) == expected)
    }

    @Test func anyCutOrSpoiledCommandIsHarmless() {
        let whole = PayloadTests.bytes(
            "08f4d395ffbc3112210a144e6f646520436f6e74726f6c2f5265626972746818f4d395ffbc31200b70011800")
        for index in whole.indices {
            _ = SparkplugEdge.asksForRebirth(Array(whole[..<index]))
            for bit in 0..<8 {
                var spoiled = whole
                spoiled[index] ^= 1 << UInt8(bit)
                _ = SparkplugEdge.asksForRebirth(spoiled)
            }
        }
        #expect(SparkplugEdge.asksForRebirth(whole))
    }

    private static let nodeBirth = """
        08f4d395ffbc3112120a05626453657118f4d395ffbc312004580012210a144e6f646520436f6e74726f6c2f5265626972746818f4d3\
        95ffbc31200b7000122f0a0762617474657279100918fbd095ffbc31200a4a100a07656e67556e69741205080c420125690000000000\
        0056401800
        """
    private static let deviceBirth = """
        08f4d395ffbc31122e0a0b74656d7065726174757265100a18f4d395ffbc31200a38014a120a07656e67556e69741207080c42034365\
        6c12250a04646f6f72100c18fbd095ffbc31200b4a100a07656e67556e69741205080c42013170011801
        """
    private static let nodeData = "08f4d395ffbc311212100918fbd095ffbc316900000000000056401802"
    private static let deviceData = """
        08f4d395ffbc311214100a18fbd095ffbc312801690000000000001140120d100c18fbd095ffbc31280170011803
        """
    private static let death = "08f4d395ffbc3112120a05626453657118f4d395ffbc3120045800"
}
