import Foundation
import Store
import Telemetry

/// An intake of many readings: what they cost to write and to keep, how memory grows, and how soon a window is read.
struct LargeReadingBench {
    private static let sensors = 1_000
    private static let batch = 8_000
    private static let queries = 1_000

    let folder: String
    let readings: Int

    func run() async throws -> [Measurement] {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let path = "\(folder)/intake.sqlite"
        let intake = try IntakeStore(path: path)
        let tenth = readings / 10
        let first = try fill(intake, from: 0, to: tenth)
        let memoryBefore = Self.residentMegabytes()
        let rest = try fill(intake, from: tenth, to: readings)
        let memory = Self.residentMegabytes()
        try intake.checkpoint()
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        let times = try query(intake)
        return [
            Measurement(name: "readings", value: Double(readings), unit: "readings", target: "-"),
            Measurement(
                name: "readings written and packed", value: Double(readings) / (first + rest), unit: "readings/s",
                target: "-"),
            Measurement(
                name: "readings on disk", value: Double(size) / Double(readings), unit: "bytes/reading", target: "-"),
            Measurement(
                name: "memory after \(readings), beside \(tenth) readings", value: memory, unit: "MB",
                reference: memoryBefore, ratio: memory / memoryBefore, target: "ratio <= 1.05"),
            Measurement(
                name: "a window of a sensor, p99 of \(Self.queries)", value: Statistic.percentile(times, 0.99),
                unit: "ms", target: "< 50 ms"),
        ]
    }

    private func fill(_ intake: IntakeStore, from first: Int, to end: Int) throws -> Double {
        let began = ContinuousClock.now
        var number = first
        while number < end {
            let count = min(Self.batch, end - number)
            try intake.commit([try Self.message(number..<(number + count))])
            try intake.pack(threshold: 65_536)
            number += count
        }
        try intake.pack()
        return (ContinuousClock.now - began) / .seconds(1)
    }

    /// Every sensor says a temperature each second.
    private static func message(_ numbers: Range<Int>) throws -> InboundMessage {
        let readings = try numbers.map { number in
            try Reading(
                device: "truck-\(number % sensors)", metric: "temperature",
                value: .number(Double(400 + number / sensors % 100) / 100), unit: "Cel", time: time(of: number),
                sequence: UInt64(number / sensors))
        }
        return InboundMessage(
            topic: "t", payload: [], receivedAt: time(of: numbers.upperBound), content: .readings(readings))
    }

    private static func time(of number: Int) -> Int64 { Int64(1_700_000_000 + number / sensors) * 1_000_000 }

    private func query(_ intake: IntakeStore) throws -> [Double] {
        let seconds = readings / Self.sensors
        return try (0..<Self.queries).map { number in
            let start = Self.time(of: (number * 7_919 % max(1, seconds - 900)) * Self.sensors)
            let sensor = SensorName(device: "truck-\(number * 31 % Self.sensors)", metric: "temperature", unit: "Cel")
            let began = ContinuousClock.now
            let found = try intake.readings(of: sensor, in: ReadingSpan(from: start, before: start + 900_000_000))
            precondition(found.count == 900, "\(found.count) readings in a window")
            return (ContinuousClock.now - began) / .milliseconds(1)
        }
    }

    private static func residentMegabytes() -> Double {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return (Double(line.split(separator: " ").dropFirst().first ?? "") ?? .nan) / 1_024
    }
}
