import Foundation
import GRDB
import Ledger
import Telemetry

/// Moves readings from the runs in which they came into blocks of one sensor, each at the place of its own time.
///
/// Reads and sorts beside the intake, and holds the writer only for the writing. What somebody else has packed or deleted
/// meanwhile is looked at again.
struct ReadingPacker {
    /// The most readings that are packed in one transaction.
    static let readingsMax = 65_536

    /// What one transaction changes.
    private struct Change {
        var runs = Runs()
        var replaced: [Int64] = []
        var added: [(sensor: Int64, readings: ArraySlice<KeptReading>)] = []

        /// Cuts into blocks; readings of one time stay in one, as far as one can hold them.
        /// - Parameter size: of a block.
        mutating func add(
            _ readings: ArraySlice<KeptReading>, of sensor: Int64, size: Int = ReadingBlock.readingsFull
        ) {
            var rest = readings
            while !rest.isEmpty {
                var end = rest.index(rest.startIndex, offsetBy: size, limitedBy: rest.endIndex) ?? rest.endIndex
                while end < rest.endIndex, rest[end].time == rest[end - 1].time,
                    end - rest.startIndex < ReadingBlock.readingsMax
                { end += 1 }
                added.append((sensor, rest[..<end]))
                rest = rest[end...]
            }
        }

        /// The same where nothing is added at the end: each block gets room for what comes late.
        mutating func add(evenly readings: ArraySlice<KeptReading>, of sensor: Int64) {
            let full = ReadingBlock.readingsFull
            let blocks = max((readings.count + full - 1) / full, 1)
            add(readings, of: sensor, size: (readings.count + blocks - 1) / blocks)
        }
    }

    /// Which runs are moved.
    private struct Runs {
        /// The stamp of the last.
        var last: Int64 = 0
        var count = 0
    }

    /// Neighbouring blocks through which one time runs; most often a single one.
    private struct Place {
        private(set) var blocks: [Int64]
        let first: Int64
        private(set) var last: Int64
        private(set) var count: Int

        init(_ row: Row) {
            blocks = [row[0]]
            first = row[1]
            last = row[2]
            count = row[3]
        }

        mutating func join(_ later: Place) {
            blocks += later.blocks
            last = later.last
            count += later.count
        }
    }

    /// Somebody else has packed or deleted what was read.
    private struct Overtaken: Error {}

    let store: IntakeStore

    /// - Returns: how many readings were moved; fewer than `readingsMax` means that no more wait. `readingsMax` too where
    ///   nothing was moved because somebody else was faster.
    func run() throws -> Int {
        let (change, count) = try store.pool.read { database in
            let (runs, sensors, count) = try Self.waiting(database)
            var change = Change(runs: runs)
            for (sensor, readings) in sensors {
                try Self.place(readings.inOrderOnce(), of: sensor, into: &change, database)
            }
            return (change, count)
        }
        guard count > 0 else { return 0 }
        do { try store.write { try Self.apply(change, $0) } } catch is Overtaken { return Self.readingsMax }
        store.arrivals.notePacked(count)
        return count
    }

    private static func waiting(
        _ database: Database
    ) throws -> (runs: Runs, sensors: [Int64: [KeptReading]], count: Int) {
        var (runs, count) = (Runs(), 0)
        var sensors: [Int64: [KeptReading]] = [:]
        let statement = try database.cachedStatement(sql: "SELECT stamp, bytes FROM arrival ORDER BY stamp")
        defer { statement.rewind() }
        while count < readingsMax, try statement.step() {
            runs = Runs(last: statement.integer(0), count: runs.count + 1)
            try ArrivalRun.forEach(in: statement.blob(1), arrived: runs.last) { sensor, reading in
                sensors[sensor, default: []].append(reading)
                count += 1
            }
        }
        return (runs, sensors, count)
    }

    /// Readings belong to the block that reaches up to their time; what is later than all goes to the end.
    private static func place(
        _ readings: [KeptReading], of sensor: Int64, into change: inout Change, _ database: Database
    ) throws {
        guard let first = readings.first else { return }
        let places = try places(of: sensor, upTo: first.time, database)
        var rest = readings[...]
        for (index, place) in places.enumerated() {
            let grows = index == places.count - 1 && place.count < ReadingBlock.readingsFull
            let taken = grows ? rest : rest.prefix { $0.time <= place.last }
            guard !taken.isEmpty else { continue }
            rest = rest.dropFirst(taken.count)
            let kept = try place.blocks.flatMap { try Self.readings(inBlock: $0, database) }
            let merged = (kept + taken).inOrderOnce()[...]
            change.replaced += place.blocks
            if grows { change.add(merged, of: sensor) } else { change.add(evenly: merged, of: sensor) }
        }
        change.add(rest, of: sensor)
    }

    /// Places that reach to or beyond a time, in order; the last of all at least.
    private static func places(of sensor: Int64, upTo time: Int64, _ database: Database) throws -> [Place] {
        let sql = """
            SELECT id, first, last, count FROM block WHERE sensor = :sensor AND first >= coalesce(
                (SELECT max(first) FROM block WHERE sensor = :sensor AND first < :time), -9223372036854775808)
            ORDER BY first, last
            """
        let statement = try database.cachedStatement(sql: sql)
        var places: [Place] = []
        for place in try Row.fetchAll(statement, arguments: ["sensor": sensor, "time": time]).map(Place.init) {
            if var last = places.last, last.last == place.first {
                last.join(place)
                places[places.count - 1] = last
            } else {
                places.append(place)
            }
        }
        return places
    }

    private static func readings(inBlock id: Int64, _ database: Database) throws -> [KeptReading] {
        let statement = try database.cachedStatement(sql: "SELECT bytes FROM block WHERE id = ?")
        statement.bind(id, at: 1)
        defer { statement.rewind() }
        guard try statement.step() else { return [] }
        return try ReadingBlock.readings(in: statement.blob(0))
    }

    private static func apply(_ change: Change, _ database: Database) throws {
        let delete = try database.cachedStatement(sql: "DELETE FROM block WHERE id = ?")
        for id in change.replaced {
            delete.bind(id, at: 1)
            try delete.run()
            guard database.changesCount == 1 else { throw Overtaken() }
        }
        for block in change.added { try insert(block.readings, of: block.sensor, database) }
        let runs = change.runs
        try database.execute(sql: "DELETE FROM arrival WHERE stamp <= ?", arguments: [runs.last])
        guard database.changesCount == runs.count else { throw Overtaken() }
    }

    fileprivate static func insert(
        _ readings: ArraySlice<KeptReading>, of sensor: Int64, _ database: Database
    ) throws {
        guard let first = readings.first, let last = readings.last else { return }
        let statement = try database.cachedStatement(
            sql: "INSERT INTO block (sensor, first, last, newest, count, bytes) VALUES (?, ?, ?, ?, ?, ?)")
        statement.bind(sensor, at: 1)
        statement.bind(first.time, at: 2)
        statement.bind(last.time, at: 3)
        statement.bind(readings.reduce(first.arrived) { max($0, $1.arrived) }, at: 4)
        statement.bind(Int64(readings.count), at: 5)
        try statement.run(binding: ReadingBlock.bytes(of: readings), at: 6)
    }
}

extension ReadingPacker {
    /// The rows in which the first releases kept each reading by itself.
    static func moveRows(_ database: Database) throws {
        for sensor in try Int64.fetchAll(database, sql: "SELECT DISTINCT sensor FROM reading") {
            var readings: [KeptReading] = []
            let rows = try Row.fetchCursor(
                database, sql: "SELECT time, sequence, value, batch FROM reading WHERE sensor = ? ORDER BY time",
                arguments: [sensor])
            while let row = try rows.next() {
                let sequence: Int64 = row[1]
                readings.append(
                    KeptReading(
                        time: row[0], sequence: sequence < 0 ? nil : UInt64(sequence), value: .number(row[2]),
                        arrived: row[3]))
                if readings.count >= readingsMax, readings.last?.time != readings[readings.count - 2].time {
                    try write(readings.dropLast(), of: sensor, database)
                    readings.removeFirst(readings.count - 1)
                }
            }
            try write(readings[...], of: sensor, database)
        }
        try database.execute(sql: "DROP TABLE reading")
    }

    private static func write(
        _ readings: ArraySlice<KeptReading>, of sensor: Int64, _ database: Database
    ) throws {
        var change = Change()
        change.add(readings.inOrderOnce()[...], of: sensor)
        for block in change.added { try insert(block.readings, of: block.sensor, database) }
    }
}
