import Foundation
import GRDB
import Ledger
import Rig
import Telemetry
import Testing

@testable import Store

/// A folder of its own with an intake in it.
private final class TestIntake: Sendable {
    let folder: String
    let store: IntakeStore

    var path: String { folder + "/intake.sqlite" }

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/custody-readings-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        store = try IntakeStore(path: folder + "/intake.sqlite")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    static let sensor = SensorName(device: "truck-1", metric: "temperature", unit: "Cel")
    static let everything = ReadingSpan(from: .min, before: .max)

    static func reading(
        _ time: Int64, _ value: Double = 4, sequence: UInt64? = nil, session: String? = nil, device: String = "truck-1"
    ) -> Reading {
        Reading(
            kept: .number(value), of: device, "temperature", in: "Cel", at: time, sequence: sequence, session: session)
    }

    static func message(_ readings: [Reading], at time: Int64 = 5) -> InboundMessage {
        InboundMessage(topic: "t", payload: [1], receivedAt: time, content: .readings(readings))
    }

    func commit(_ readings: [Reading], at time: Int64 = 5) throws {
        try store.commit([Self.message(readings, at: time)])
    }

    func times(_ span: ReadingSpan = everything, limit: Int = .max) throws -> [Int64] {
        try store.readings(of: Self.sensor, in: span, limit: limit).map(\.reading.time)
    }

    /// What is wrong with the blocks of all sensors.
    func faults() throws -> [String] {
        try store.pool.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT sensor, first, last, newest, count, bytes FROM block ORDER BY sensor, first, last")
            var last: (sensor: Int64, time: Int64)?
            return try rows.flatMap { row -> [String] in
                let readings = try ReadingBlockTests.readings(in: [UInt8](row[5] as Data))
                let times = readings.map(\.time)
                defer { last = (row[0], row[2]) }
                var faults: [String] = []
                if let last, last.sensor == row[0], last.time >= row[1] { faults.append("follows at once \(last)") }
                if times.first != row[1] || times.last != row[2] { faults.append("its times are others") }
                if readings.map(\.arrived).max() != row[3] { faults.append("its newest is another") }
                if readings.count != row[4] || readings.inOrderOnce() != readings { faults.append("out of order") }
                if Set(times.dropFirst(ReadingBlock.readingsFull - 1)).count > 1 { faults.append("too many") }
                return faults
            }
        }
    }
}

// MARK: - What comes back

@Suite("Kept readings")
struct ReadingStoreTests {
    /// Duplicates, late, out of order, of several sessions, in any batches; packed, reopened and written from two sides at
    /// any time.
    @Test(arguments: 0..<6 as Range<UInt64>)
    func comeBackAsASetOfReadingsWould(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let intake = try TestIntake()
        var stores = [intake.store, try IntakeStore(path: intake.path)]
        var model = ReadingModel()
        for step in 1...24 {
            let store = random.pick(stores)
            let messages = model.batch(&random)
            try store.commit(messages)
            model.commit(messages, stamp: try store.lastArrival())
            if random.pick([true, false, false]) { try random.pick(stores).pack(threshold: random.pick([1, 700])) }
            if random.pick([true, false, false, false]) { stores[0] = try IntakeStore(path: intake.path) }
            if step % 4 == 0 {
                try model.check(random.pick(stores), &random, "seed \(seed), step \(step)")
                #expect(try intake.faults() == [], "seed \(seed), step \(step)")
            }
        }
        try intake.store.pack()
        try model.check(intake.store, &random, "seed \(seed), packed")
    }

    @Test func comeBackWithEveryKindOfValue() throws {
        let intake = try TestIntake()
        let values: [Reading.Value] = [
            .number(-273.15), .number(.leastNonzeroMagnitude), .flag(true), .flag(false), .text(""), .text("é"),
            .text("e\u{301}"), .data([]), .data([0, 255]),
        ]
        let readings = values.map {
            Reading(kept: $0, of: "truck-1", "temperature", in: "Cel", at: 7, sequence: 1, session: nil)
        }
        try intake.commit(readings.reversed() + readings)
        for isPacked in [false, true] {
            if isPacked { try intake.store.pack() }
            #expect(try intake.store.readings(device: "truck-1") == readings.sorted())
            #expect(try intake.store.readingCount() == readings.count)
        }
    }

    @Test func twoSpellingsAreTwoSensors() throws {
        let intake = try TestIntake()
        let (one, other) = ("caf\u{E9}", "cafe\u{301}")
        try intake.commit([TestIntake.reading(1, device: one), TestIntake.reading(2, device: other)])
        #expect(try intake.store.heardSensors().count == 2)
        for store in [intake.store, try IntakeStore(path: intake.path)] {
            #expect(try store.readings(device: one).map(\.time) == [1])
            #expect(try store.readings(device: other).map(\.time) == [2])
        }
    }

    @Test func aSpanEndsBeforeItsEnd() throws {
        let intake = try TestIntake()
        try intake.commit([10, 20, 30].map { TestIntake.reading($0) })
        for isPacked in [false, true] {
            if isPacked { try intake.store.pack() }
            #expect(try intake.times(ReadingSpan(from: 10, before: 30)) == [10, 20])
            #expect(try intake.times(ReadingSpan(from: 11, before: 31)) == [20, 30])
            #expect(try intake.times(ReadingSpan(from: 20, before: 20)) == [])
            #expect(try intake.times(ReadingSpan(from: 30, before: 20)) == [])
        }
    }

    // MARK: Blocks

    /// As many as a block may hold, and more, between two others.
    @Test(arguments: [
        ReadingBlock.readingsFull, ReadingBlock.readingsMax - 1, ReadingBlock.readingsMax, ReadingBlock.readingsMax + 1,
        2 * ReadingBlock.readingsMax + 9,
    ])
    func readingsOfOneTimeAreKeptOnceHoweverMany(_ count: Int) throws {
        let intake = try TestIntake()
        let same = (0..<count).map { TestIntake.reading(50, Double($0), sequence: UInt64($0)) }
        try intake.commit([TestIntake.reading(49)] + same + [TestIntake.reading(51)])
        try intake.store.pack()
        for _ in 0..<2 {
            #expect(try intake.times(ReadingSpan(from: 50, before: 51)).count == count)
            #expect(try intake.times(ReadingSpan(from: 51, before: 52)) == [51])
            #expect(try intake.times(limit: 2).count >= count + 1)
            #expect(try intake.store.readingCount() == count + 2)
            let sizes = try intake.store.pool.read { try Int.fetchAll($0, sql: "SELECT count FROM block") }
            #expect(sizes.allSatisfy { $0 <= ReadingBlock.readingsMax })
            try intake.commit(Array(same.shuffled().prefix(300)))
            try intake.store.pack()
        }
    }

    @Test func lateReadingsChangeOnlyTheBlocksOfTheirTime() throws {
        let intake = try TestIntake()
        try intake.commit((0..<5_000).map { TestIntake.reading($0 * 10) })
        try intake.store.pack()
        func blocks() throws -> Set<Int64> {
            try intake.store.pool.read { try Set(Int64.fetchAll($0, sql: "SELECT id FROM block")) }
        }
        let before = try blocks()
        try intake.commit([-5, 15, 25_005].map { TestIntake.reading($0) })
        try intake.store.pack()
        #expect(try before.subtracting(blocks()).count == 2)
        #expect(try intake.faults() == [])
        #expect(try intake.times() == ([-5, 15, 25_005] + (0..<5_000).map { $0 * 10 }).sorted())
    }

    @Test func whatComesLateOneByOneDoesNotScatter() throws {
        var random = SeededRandom(seed: 5)
        let intake = try TestIntake()
        for time in (0..<3_000 as Range<Int64>).shuffled(using: &random).chunked(by: 60) {
            try intake.commit(time.map { TestIntake.reading($0) })
            try intake.store.pack()
        }
        let count = try intake.store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM block") ?? 0 }
        #expect(count <= 3_000 / (ReadingBlock.readingsFull / 3))
        #expect(try intake.times() == Array(0..<3_000))
    }

    @Test func twoPackersMoveEachReadingOnce() throws {
        let intake = try TestIntake()
        let stores = [intake.store, try IntakeStore(path: intake.path)]
        for round in 1...5 as ClosedRange<Int64> {
            try intake.commit((0..<2_000).map { TestIntake.reading(round * 700 + $0) })
            DispatchQueue.concurrentPerform(iterations: 2) { packer in
                #expect(throws: Never.self) {
                    while try ReadingPacker(store: stores[packer]).run() >= ReadingPacker.readingsMax {}
                }
            }
            #expect(try intake.times() == Array(700..<(round * 700 + 2_000)))
            #expect(try intake.faults() == [])
        }
    }

    @Test func packsOnlyWhatIsWorthIt() throws {
        let intake = try TestIntake()
        try intake.commit((0..<10).map { TestIntake.reading($0) })
        func waiting() throws -> Int {
            try intake.store.pool.read { try Int.fetchOne($0, sql: "SELECT coalesce(sum(count), 0) FROM arrival") ?? 0 }
        }
        try intake.store.pack(threshold: 11)
        #expect(try waiting() == 10)
        try intake.store.pack(threshold: 10)
        #expect(try waiting() == 0)
    }

    @Test func retentionDeletesOnlyWhatIsOlder() throws {
        let intake = try TestIntake()
        try intake.commit((0..<2_000).map { TestIntake.reading($0) })
        try intake.store.pack()
        try intake.commit([TestIntake.reading(3)])
        try intake.store.deleteReadings(before: 1_000)
        #expect(try intake.times(ReadingSpan(from: 1_000, before: .max)) == Array(1_000..<2_000))
        let rest = try intake.times(ReadingSpan(from: .min, before: 1_000))
        #expect(rest.count <= ReadingBlock.readingsFull, "no more than what shares a block with what is younger")
        try intake.store.deleteReadings(before: .max)
        try intake.store.pack()
        #expect(try intake.times() == [3])
    }

    /// Five sensors that speak once a minute, one message at a time; packed as they come.
    @Test func aSteadySensorCostsSixteenBytesAReadingAtTheMost() throws {
        var random = SeededRandom(seed: 6)
        let intake = try TestIntake()
        func size() throws -> Int {
            try intake.store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
            return try #require(
                try FileManager.default.attributesOfItem(atPath: intake.path)[.size] as? Int)
        }
        let empty = try size()
        let (messages, readings): (Int64, Int64) = (40, 100)
        for number in 0..<messages {
            let all = (0..<readings).flatMap { place in
                (0..<5).map { sensor in
                    let minute = number * readings + place
                    let time = 1_772_366_400_000_000 + minute * 60_000_000 + Int64.random(in: 0..<5_000, using: &random)
                    let value = Double(500 + (minute * 7 + Int64(sensor) * 31) % 40) / 100
                    return TestIntake.reading(time, value, sequence: UInt64(minute), device: "truck-\(sensor)")
                }
            }
            try intake.commit(all, at: (all.last?.time ?? 0) + Int64.random(in: 0..<5_000, using: &random))
            try intake.store.pack(threshold: 2_000)
        }
        try intake.store.pack()
        let count = try intake.store.readingCount()
        #expect(count == messages * readings * 5)
        #expect(try size() - empty <= 16 * count)
    }

    // MARK: Windows

    /// As a monitor takes them: what came late for closed windows, then the next window.
    @Test(arguments: 0..<6 as Range<UInt64>)
    func windowsAndTheirSupplementsHoldEachReadingOnce(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let intake = try TestIntake()
        let journey = Journey(order: "o", sensors: "truck-1", began: 100, ended: 900)
        var sent: Set<Int64> = []
        for end in stride(from: Int64(200), through: 900, by: 100) {
            for _ in 0..<4 {
                let times = (0..<12).map { _ in Int64.random(in: (end - 250)...(end + 40), using: &random) }
                try intake.commit(times.map { TestIntake.reading($0) })
                sent.formUnion(times.filter(journey.contains))
            }
            try intake.close(to: end, on: journey)
            if random.pick([true, false]) { try intake.store.pack() }
        }
        try intake.close(to: 900, on: journey)
        let windows = try intake.store.windows(of: TestIntake.sensor, order: "o")
        let taken = try windows.flatMap { try intake.store.readings(in: $0, of: journey).map(\.reading.time) }
        #expect(taken.sorted() == sent.sorted(), "seed \(seed)")
        #expect(windows.contains { $0.isSupplementary })
    }
}

extension TestIntake {
    fileprivate func close(to end: Int64, on journey: Journey) throws {
        let arrived = try store.lastArrival()
        let mark = try store.mark(of: Self.sensor, order: journey.order)
        if let mark, mark.arrived < arrived {
            let span = ReadingSpan(from: journey.began, before: mark.end, arrived: (mark.arrived + 1)...arrived)
            if try !store.lateReadings(of: Self.sensor, in: span).isEmpty {
                _ = try store.announce(
                    order: journey.order, sensor: Self.sensor, mark: WindowMark(end: mark.end, arrived: arrived),
                    isSupplementary: true)
            }
        }
        let open = ReadingSpan(from: mark?.end ?? journey.began, before: end, arrived: 0...arrived)
        guard try !times(open).isEmpty else { return }
        _ = try store.announce(
            order: journey.order, sensor: Self.sensor, mark: WindowMark(end: end, arrived: arrived),
            isSupplementary: false)
    }
}

extension Collection {
    fileprivate func chunked(by count: Int) -> [[Element]] {
        let all = Array(self)
        return stride(from: 0, to: all.count, by: count).map { Array(all[$0..<Swift.min($0 + count, all.count)]) }
    }
}

// MARK: - The model

/// What an intake must give back, kept in the plainest way.
private struct ReadingModel {
    private var arrivals: [Reading: Int64] = [:]
    private var newest: Int64 = 0

    /// Some messages: what goes on, what comes late, and what came before.
    mutating func batch(_ random: inout SeededRandom) -> [InboundMessage] {
        (0..<random.pick([1, 1, 4])).map { _ in
            var readings: [Reading] = []
            for _ in 0..<random.pick([1, 20, 60]) { readings.append(reading(&random)) }
            readings += arrivals.keys.shuffled(using: &random).prefix(random.pick([0, 5]))
            return TestIntake.message(readings.shuffled(using: &random), at: random.pick([5, 1_000, .max / 2]))
        }
    }

    private mutating func reading(_ random: inout SeededRandom) -> Reading {
        newest += random.pick([0, 1, 10])
        let sequence: UInt64? = random.pick([nil, nil, 1, .max])
        return TestIntake.reading(
            random.pick([true, true, false]) ? newest : Int64.random(in: 0...newest, using: &random),
            random.pick([4, 4.25, -.pi]), sequence: sequence, session: random.pick([nil, nil, nil, "boot"]),
            device: random.pick(["truck-1", "truck-1", "truck-1", "truck-2"]))
    }

    mutating func commit(_ messages: [InboundMessage], stamp: Int64) {
        for message in messages {
            guard case .readings(let readings) = message.content else { continue }
            for reading in readings { arrivals[reading] = arrivals[reading] ?? stamp }
        }
    }

    /// The other device's readings are counted, and else not looked at.
    private func readings(in span: ReadingSpan) -> [StoredReading] {
        arrivals.filter { reading, arrived in
            reading.device == "truck-1" && reading.time >= span.from && reading.time < span.before
                && span.arrived.contains(arrived)
        }.map { StoredReading(reading: $0, arrived: $1) }.sorted { $0.reading < $1.reading }
    }

    func check(_ store: IntakeStore, _ random: inout SeededRandom, _ place: Comment) throws {
        #expect(try store.readingCount() == arrivals.count, place)
        let all = readings(in: TestIntake.everything)
        #expect(try store.readings(of: TestIntake.sensor, in: TestIntake.everything) == all, place)
        let stamps = arrivals.values.sorted()
        for _ in 0..<4 {
            let from = Int64.random(in: 0...newest, using: &random)
            let before = random.pick([from, from + 1, Int64.random(in: from...(newest + 1), using: &random), .max])
            let since = random.pick(stamps) + random.pick([0, 1])
            let span = ReadingSpan(from: from, before: before, arrived: since...max(since, random.pick(stamps)))
            #expect(try store.readings(of: TestIntake.sensor, in: span) == readings(in: span), place)
            #expect(try store.lateReadings(of: TestIntake.sensor, in: span) == readings(in: span), place)
            try checkLimit(store, ReadingSpan(from: from, before: before), random.pick([1, 2, 100, 600]), place)
        }
    }

    /// The first ones, at least so many, and all of the time of the last.
    private func checkLimit(_ store: IntakeStore, _ span: ReadingSpan, _ limit: Int, _ place: Comment) throws {
        let all = readings(in: span)
        let some = try store.readings(of: TestIntake.sensor, in: span, limit: limit)
        #expect(some == Array(all.prefix(some.count)), place)
        #expect(some.count >= min(limit, all.count), place)
        if some.count < all.count { #expect(some.last?.reading.time != all[some.count].reading.time, place) }
    }
}

// MARK: - Commits that fail

@Suite("Commits that fail")
struct FailedCommitTests {
    /// Refuses runs that are longer than a small reading's.
    private static let refusal = """
        CREATE TRIGGER refuse BEFORE INSERT ON arrival WHEN length(NEW.bytes) > 100
        BEGIN SELECT RAISE(ABORT, 'no room'); END
        """

    /// Another device has the first number, so that the second would get another one without it.
    private static func refused(_ device: String) -> [Reading] {
        [TestIntake.reading(0, device: "before \(device)")] + (0..<50).map { TestIntake.reading($0, device: device) }
    }

    @Test func leaveNoSensorNumberBehind() throws {
        let intake = try TestIntake()
        let other = try DatabasePool(path: intake.path)
        try other.write { try $0.execute(sql: Self.refusal) }
        #expect(throws: CustodyError(.durabilityUnknown, "")) { try intake.commit(Self.refused("a")) }
        #expect(try intake.store.heardSensors().isEmpty)
        try intake.commit([TestIntake.reading(1, device: "b")])
        try intake.commit([TestIntake.reading(2, device: "a")])
        #expect(try intake.store.readings(device: "a").map(\.time) == [2])
        #expect(try intake.store.readings(device: "b").map(\.time) == [1])
        #expect(try intake.store.readingCount() == 2)
    }

    @Test func leaveNoSensorNumberToWhoeverWritesNext() throws {
        let intake = try TestIntake()
        let other = try DatabasePool(path: intake.path)
        try other.write { try $0.execute(sql: Self.refusal) }
        let devices = (0..<60).map { "device-\($0)" }
        for device in devices {
            DispatchQueue.concurrentPerform(iterations: 6) { writer in
                let isRefused = writer < 3
                let readings = isRefused ? Self.refused(device) : [TestIntake.reading(Int64(writer), device: device)]
                #expect(((try? intake.commit(readings)) == nil) == isRefused)
            }
        }
        for device in devices { #expect(try intake.store.readings(device: device).map(\.time) == [3, 4, 5]) }
    }

    @Test func areToldWhenTheDatabaseTakesNothing() throws {
        let intake = try TestIntake()
        try intake.store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 1") }
        #expect(throws: CustodyError(.durabilityUnknown, "")) { try intake.commit([TestIntake.reading(1)]) }
        try intake.store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 0") }
        #expect(try intake.store.lastArrival() == 0)
        try intake.commit([TestIntake.reading(1)])
        #expect(try intake.times() == [1])
    }
}

// MARK: - Events

@Suite("Events of journeys and devices")
struct IntakeEventTests {
    private let intake: TestIntake
    private var store: IntakeStore { intake.store }

    init() throws { intake = try TestIntake() }

    private func note(_ kind: ConditionEvent.Kind, began: Int64, ended: Int64? = nil) throws {
        try store.note(
            kind, of: TestIntake.sensor, on: "o", began: began, ended: ended, value: 9.5, limit: 8, detail: "why")
    }

    @Test func isKeptOnceWithAllThatItSays() throws {
        try note(.above, began: 10)
        try note(.above, began: 10)
        let events = try IntakeStore(path: intake.path).events(of: "o")
        let event = try #require(events.first)
        #expect(events.count == 1)
        #expect(event.sensor == TestIntake.sensor && event.kind == .above && event.began == 10 && event.ended == nil)
        #expect(event.value == 9.5 && event.limit == 8 && event.detail == "why" && event.told == .nothing)
        #expect(try store.events(of: "another").isEmpty)
    }

    @Test(arguments: [(9, 10), (10, 10), (25, 25)] as [(Int64, Int64)])
    func endsOnceAndNotBeforeItBegan(_ time: Int64, _ expected: Int64) throws {
        try note(.above, began: 10)
        let event = try #require(try store.lastingEvent([.above, .below], of: TestIntake.sensor, on: "o"))
        try store.end(event, at: time)
        try store.end(event, at: 99)
        #expect(try store.events(of: "o").map(\.ended) == [expected])
        #expect(try store.lastingEvent([.above], of: TestIntake.sensor, on: "o") == nil)
    }

    @Test func theLastThatLastsIsTheOneOfItsKinds() throws {
        try note(.silence, began: 1)
        try note(.above, began: 2, ended: 3)
        try note(.below, began: 4)
        #expect(try store.lastingEvent([.above, .below], of: TestIntake.sensor, on: "o")?.began == 4)
        #expect(try store.lastingEvent([.silence], of: TestIntake.sensor, on: "o")?.began == 1)
        #expect(try store.lastingEvent([.mkt], of: TestIntake.sensor, on: "o") == nil)
        #expect(try store.lastingEvent([.silence], of: TestIntake.sensor, on: "another") == nil)
    }

    @Test func isToldAtItsBeginAndAtItsEnd() throws {
        try note(.above, began: 1)
        try note(.gap, began: 2, ended: 3)
        try note(.below, began: 4)
        #expect(try store.untoldEvents().map(\.began) == [1, 2, 4])
        for event in try store.untoldEvents() { try store.note(event.ended == nil ? .begin : .all, of: event) }
        #expect(try store.untoldEvents().isEmpty)
        let first = try #require(try store.lastingEvent([.above], of: TestIntake.sensor, on: "o"))
        try store.end(first, at: 5)
        #expect(try store.untoldEvents().map(\.began) == [1])
        try store.note(.all, of: first)
        #expect(try store.untoldEvents().isEmpty)
        #expect(try store.events(of: "o").map(\.told) == [.all, .all, .begin])
    }

    @Test func lastsAgainWhenItIsNotedAsLastingAgain() throws {
        try note(.above, began: 1)
        let event = try #require(try store.untoldEvents().first)
        try store.end(event, at: 5)
        try store.note(.all, of: event)
        try note(.above, began: 1, ended: 9)
        #expect(try store.events(of: "o").map(\.ended) == [5], "what is over is not over again")
        try note(.above, began: 1)
        let again = try store.lastingEvent([.above], of: TestIntake.sensor, on: "o")
        #expect(again?.id == event.id && again?.told == .begin)
        try store.end(event, at: 7)
        #expect(try store.untoldEvents().map(\.ended) == [7])
    }

    // MARK: Devices

    private func commit(
        _ events: [DeviceEvent] = [], birthOn topic: String? = nil, payload: UInt8 = 1, at time: Int64 = 5,
        refusal: TelemetryError? = nil
    ) throws {
        let outcome = SparkplugOutcome(
            readings: [TestIntake.reading(time)], events: events, refusal: refusal, isBirth: topic != nil)
        try store.commit([
            InboundMessage(topic: topic ?? "t", payload: [payload], receivedAt: time, content: .sparkplug(outcome))
        ])
    }

    @Test func deviceEventsComeAfterTheirStamp() throws {
        let born = DeviceEvent(device: "truck-1", kind: .born, time: 1)
        let died = DeviceEvent(device: "truck-1", kind: .died, time: 2, detail: "its battery is empty")
        try commit([born])
        let first = try store.lastArrival()
        try commit([died, born])
        #expect(try store.deviceEvents(after: 0).map(\.event) == [born, died])
        let news = try store.deviceEvents(after: first)
        #expect(news.map(\.event) == [died])
        #expect(try news.map(\.stamp) == [store.lastArrival()])
        #expect(try store.deviceEvents(after: store.lastArrival()).isEmpty)
        #expect(try store.readingCount() == 1)
    }

    @Test func theLastBirthOfATopicIsKeptInTheOrderOfArrival() throws {
        try commit(birthOn: "NBIRTH/a", payload: 1, at: 100)
        try commit(birthOn: "DBIRTH/a/d", payload: 2, at: 50)
        try commit(birthOn: "NBIRTH/b", payload: 3, at: 60)
        try commit(birthOn: "NBIRTH/a", payload: 4, at: 10)
        let births = try IntakeStore(path: intake.path).births()
        #expect(births.map(\.topic) == ["DBIRTH/a/d", "NBIRTH/b", "NBIRTH/a"], "whatever the clock did")
        #expect(births.map(\.payload) == [[2], [3], [4]])
        #expect(births.map(\.receivedAt) == [50, 60, 10])
    }

    @Test func whatCouldBeReadInPartIsKeptWhole() throws {
        try commit(payload: 7, refusal: TelemetryError(.aliasUnknown, "nobody knows it"))
        #expect(try store.undecodable(limit: 5).map(\.payload) == [[7]])
        #expect(try store.readingCount() == 1)
    }

    @Test func aSensorThatWasHeardIsToldOnce() throws {
        try intake.commit([TestIntake.reading(1), TestIntake.reading(2, device: "truck-2")])
        try intake.commit([TestIntake.reading(3)])
        #expect(try store.heardSensors().map(\.device).sorted() == ["truck-1", "truck-2"])
        #expect(try store.heardSensors().isEmpty)
        try intake.commit([TestIntake.reading(3)])
        #expect(try store.heardSensors().map(\.device) == ["truck-1"])
    }
}
