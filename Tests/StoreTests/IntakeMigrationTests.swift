import Foundation
import GRDB
import Ledger
import Telemetry
import Testing

@testable import Store

/// A database of the first releases, which kept each reading in a row of its own.
@Suite final class IntakeMigrationTests {
    private let folder: String
    private var path: String { folder + "/intake.sqlite" }

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/custody-migration-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func fill(_ sql: String) throws {
        let old = try DatabasePool(path: path)
        try IntakeSchema.migrator.migrate(old, upTo: "2 limits")
        try old.write { try $0.execute(sql: sql) }
        try old.close()
    }

    private static let temperature = SensorName(device: "truck-1", metric: "temperature", unit: "Cel")
    private static let everything = ReadingSpan(from: .min, before: .max)

    /// More than one transaction of the packer takes, and where its first one ends, three readings of one time.
    private static let many = 70_003

    @Test func losesNoReadingOfASensorThatHasMany() throws {
        try fill(
            """
            INSERT INTO sensor VALUES (1, 'truck-1', 'temperature', 'Cel', '');
            WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < \(Self.many - 1))
            INSERT INTO reading SELECT 1, CASE WHEN i BETWEEN 65534 AND 65537 THEN 65534000 ELSE i * 1000 END,
                CASE WHEN i % 2 = 0 THEN -1 ELSE i END, 4 + (i % 7) * 0.25, i / 100 + 1 FROM n;
            UPDATE batch SET number = 701;
            """)
        let intake = try IntakeStore(path: path)
        #expect(try intake.readingCount() == Self.many)
        let kept = try intake.readings(of: Self.temperature, in: Self.everything)
        let expected = (0..<Self.many).map { index -> StoredReading in
            let time = (65_534...65_537).contains(index) ? 65_534_000 : Int64(index) * 1_000
            let reading = Reading(
                kept: .number(4 + Double(index % 7) * 0.25), of: "truck-1", "temperature", in: "Cel", at: time,
                sequence: index % 2 == 0 ? nil : UInt64(index), session: nil)
            return StoredReading(reading: reading, arrived: Int64(index / 100 + 1))
        }.sorted { $0.reading < $1.reading }
        #expect(kept == expected)
        #expect(try intake.pool.read { try $0.tableExists("reading") } == false)
        try intake.pack()
        #expect(try IntakeStore(path: path).readingCount() == Self.many)
    }

    @Test func keepsSensorsAndSessionsApart() throws {
        try fill(
            """
            INSERT INTO sensor VALUES (1, 'truck-1', 'temperature', 'Cel', ''),
                (2, 'truck-1', 'temperature', 'Cel', 'boot-1'), (3, 'truck-1', 'humidity', '%RH', ''),
                (7, 'truck-2', 'temperature', 'Cel', '');
            INSERT INTO reading VALUES (1, 10, -1, 4.5, 1), (2, 10, 0, 4.5, 1), (2, 5, 9223372036854775807, -0.5, 2),
                (3, 10, 3, 41, 2), (7, 10, -1, 1e300, 2), (1, 10, -1, 4.25, 3), (1, 10, 8, 4.25, 3);
            UPDATE batch SET number = 3;
            """)
        let intake = try IntakeStore(path: path)
        func reading(_ value: Double, _ time: Int64, _ sequence: UInt64?, _ session: String?) -> Reading {
            Reading(
                kept: .number(value), of: "truck-1", "temperature", in: "Cel", at: time, sequence: sequence,
                session: session)
        }
        let kept = try intake.readings(of: Self.temperature, in: Self.everything)
        #expect(
            kept.map(\.reading) == [
                reading(-0.5, 5, UInt64(Int64.max), "boot-1"), reading(4.25, 10, nil, nil), reading(4.5, 10, nil, nil),
                reading(4.5, 10, 0, "boot-1"), reading(4.25, 10, 8, nil),
            ])
        #expect(kept.map(\.arrived) == [2, 3, 1, 1, 3])
        #expect(try intake.readings(device: "truck-2").map(\.value) == [.number(1e300)])
        #expect(try intake.sensors(of: "truck-1").map(\.metric) == ["humidity", "temperature"])
        let again = InboundMessage(
            topic: "t", payload: [], receivedAt: 99, content: .readings([reading(4.5, 10, 0, "boot-1")]))
        try intake.commit([again])
        #expect(try intake.readingCount() == 7, "what was there before the change is known after it")
    }

    @Test func oldMarksStillMeanWhatTheyMeant() throws {
        try fill(
            """
            INSERT INTO sensor VALUES (1, 'truck-1', 'temperature', 'Cel', '');
            INSERT INTO reading VALUES (1, 10, -1, 4, 1), (1, 20, -1, 5, 1), (1, 15, -1, 6, 2), (1, 110, -1, 7, 2),
                (1, 12, -1, 8, 3), (1, 120, -1, 9, 3);
            UPDATE batch SET number = 3;
            INSERT INTO journey ("order", device, began, lowest, highest) VALUES ('o', 'truck-1', 5, 2, 8);
            INSERT INTO window ("order", device, metric, unit, "end", batch, supplementary, recorded) VALUES
                ('o', 'truck-1', 'temperature', 'Cel', 100, 1, 0, 1),
                ('o', 'truck-1', 'temperature', 'Cel', 100, 2, 1, 0);
            UPDATE followed SET sequence = 17;
            """)
        let intake = try IntakeStore(path: path)
        let journey = try #require(try intake.journey(of: "o"))
        let limits = TemperatureLimits(lowest: 2, highest: 8)
        #expect(journey == Journey(order: "o", sensors: "truck-1", began: 5, limits: limits))
        #expect(try intake.followed() == 17)
        #expect(try intake.mark(of: Self.temperature, order: "o") == WindowMark(end: 100, arrived: 2))
        let windows = try intake.windows(of: Self.temperature, order: "o")
        let times = try windows.map { try intake.readings(in: $0, of: journey).map(\.reading.time) }
        #expect(times == [[10, 20], [15]])
        #expect(try intake.pendingWindows() == Array(windows.suffix(1)))

        let news = InboundMessage(
            topic: "t", payload: [], receivedAt: 1_772_366_400_000_000,
            content: .readings([
                try Reading(device: "truck-1", metric: "temperature", value: .number(4), unit: "Cel", time: 30)
            ]))
        try intake.commit([news])
        let span = ReadingSpan(from: 5, before: 100, arrived: 3...(try intake.lastArrival()))
        #expect(try intake.lateReadings(of: Self.temperature, in: span).map(\.reading.time) == [12, 30])
        #expect(try windows.map { try intake.readings(in: $0, of: journey).map(\.reading.time) } == times)
    }

    @Test func anEmptyIntakeOfTheFirstReleasesOpens() throws {
        try fill("")
        let intake = try IntakeStore(path: path)
        #expect(try intake.readingCount() == 0 && intake.lastArrival() == 0)
    }
}
