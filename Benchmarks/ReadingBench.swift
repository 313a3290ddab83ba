import Foundation
import Gateway
import Rig
import Store
import Telemetry

/// What a reading of a steady sensor takes on disk.
struct ReadingBench {
    private static let sensors = 5
    private static let rounds = 20_000

    let folder: String

    func run() throws -> [Measurement] {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let path = "\(folder)/intake.sqlite"
        let intake = try IntakeStore(path: path)
        for round in 0..<Self.rounds {
            try intake.commit([try Self.message(round)])
            try intake.pack(threshold: ReadingUpkeep.threshold)
        }
        try intake.pack()
        let kept = try intake.readingCount()
        precondition(kept == Self.sensors * Self.rounds, "\(kept) readings kept")
        try intake.checkpoint()
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        return [
            Measurement(
                name: "steady sensor on disk", value: Double(size) / Double(kept), unit: "bytes/reading",
                target: "<= 16 bytes")
        ]
    }

    /// Each minute five sensors say a temperature with two decimals, some milliseconds early or late.
    private static func message(_ round: Int) throws -> InboundMessage {
        var random = SeededRandom(seed: UInt64(round))
        let readings = try (0..<sensors).map { sensor in
            let time = Int64(1_772_366_400 + round * 60) * 1_000_000 + Int64(random.next() % 10_000)
            let value = Double(500 + random.next() % 100) / 100
            return try Reading(
                device: "truck-\(sensor)", metric: "temperature", value: .number(value), unit: "Cel", time: time,
                sequence: UInt64(round))
        }
        return InboundMessage(
            topic: "t", payload: [], receivedAt: Int64(1_772_366_400 + round * 60) * 1_000_000 + 50_000,
            content: .readings(readings))
    }
}
