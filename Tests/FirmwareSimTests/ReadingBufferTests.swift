import FoundationEssentials
import Ledger
import Testing

@testable import firmware_sim

@Suite struct ReadingBufferTests {
    private func path() -> String { "\(FileManager.default.temporaryDirectory.path)/buffer-\(UUID().uuidString)" }

    private func reading(_ sequence: UInt64) -> SensorReading {
        SensorReading(metric: .temperature, value: 4.25, time: 1_000_000, sequence: sequence)
    }

    @Test func readingsAndTheirNumbersOutliveTheDevice() throws {
        let path = path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let before = try ReadingBuffer(capacity: 10, path: path)
        for sequence in 0..<3 { try before.append(reading(UInt64(sequence))) }
        try before.remove(0)
        let after = try ReadingBuffer(capacity: 10, path: path)
        #expect(after.count == 2)
        #expect(after.next(from: 0)?.reading == reading(1))
        #expect(after.nextSequence(.temperature) == 3)
    }

    @Test func restartedNumbersOutliveTheDeviceAndSoDoSessions() throws {
        let path = path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let old = SensorReading(metric: .door, value: 1, time: 1, sequence: 7, session: "boot-1")
        let before = try ReadingBuffer(capacity: 10, path: path)
        try before.append(old)
        try before.restartSequences()
        try before.append(SensorReading(metric: .door, value: 0, time: 2, sequence: 0, session: "boot-2"))
        for _ in 0..<2 {
            let after = try ReadingBuffer(capacity: 10, path: path)
            #expect(after.next(from: 0)?.reading == old)
            #expect(after.nextSequence(.door) == 1)
        }
    }

    @Test func forgetsALineThatWasTorn() throws {
        let path = path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try ReadingBuffer(capacity: 10, path: path).append(reading(0))
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try Data((text + "made 1 temperature 1 20000").utf8).write(to: URL(filePath: path))
        let buffer = try ReadingBuffer(capacity: 10, path: path)
        #expect(buffer.count == 1)
        #expect(buffer.nextSequence(.temperature) == 1)
    }

    @Test(arguments: ["made 0 temperature 0 1\n", "made x temperature 0 1 2\n", "gone\n", "hello\n"])
    func refusesALineThatNoDeviceWrote(line: String) throws {
        let path = path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(line.utf8).write(to: URL(filePath: path))
        #expect(throws: CustodyError.self) { try ReadingBuffer(capacity: 10, path: path) }
    }

    @Test(arguments: [(2, 0), (3, 0), (4, 1)])
    func dropsTheOldestWhenItIsFull(made: Int, dropped: Int) throws {
        let buffer = try ReadingBuffer(capacity: 3, path: nil)
        for sequence in 0..<made { try buffer.append(reading(UInt64(sequence))) }
        #expect(buffer.droppedCount == dropped)
        #expect(buffer.next(from: 0)?.reading.sequence == UInt64(dropped))
    }
}
