import Foundation
import Ledger
import Rig
import Telemetry
import Testing

@testable import Store

@Suite("Blocks of readings")
struct ReadingBlockTests {
    static func bytes(_ hex: String) throws -> [UInt8] {
        let digits = Array(hex.utf8)
        return try stride(from: 0, to: digits.count, by: 2).map { index in
            try #require(UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16))
        }
    }

    static func readings(in bytes: [UInt8]) throws -> [KeptReading] {
        try bytes.withUnsafeBytes { try ReadingBlock.readings(in: $0) }
    }

    /// Two zeros are one number, and two spellings one text, to everybody but a log.
    static func isSame(_ left: [KeptReading], _ right: [KeptReading]) -> Bool {
        left == right
            && zip(left, right).allSatisfy { left, right in
                left.value.number?.bitPattern == right.value.number?.bitPattern
            }
    }

    // MARK: Format 1

    private static let noon: Int64 = 1_772_366_400_000_000

    /// Bytes that stand on disks: they stay readable for ever. Decimals, doubles, and values of all kinds.
    private static let fixtures: [(hex: String, readings: [KeptReading])] = [
        (
            "010380c0f8daa6fda506ffa3dca1a6fda506060a0004010e00020002d20632b507",
            [
                KeptReading(time: noon, sequence: 7, value: .number(4.25), arrived: noon + 5),
                KeptReading(time: noon + 60_000_000, sequence: 8, value: .number(4.5), arrived: noon + 60_000_005),
                KeptReading(
                    time: noon + 120_000_003, sequence: 10, value: .number(-0.25), arrived: noon + 120_000_010),
            ]
        ),
        (
            "0103090a0a0c020900010100000000000000182d4454fb2109409c7500883ce437fe",
            [
                KeptReading(time: -5, sequence: nil, value: .number(.leastNonzeroMagnitude), arrived: 1),
                KeptReading(time: -5, sequence: nil, value: .number(.pi), arrived: 2),
                KeptReading(time: 0, sequence: nil, value: .number(-1e300), arrived: 2),
            ]
        ),
        (
            "010202020a0a0003020a28",
            [
                KeptReading(time: 1, sequence: nil, value: .number(Double(Float(0.05))), arrived: 6),
                KeptReading(time: 3, sequence: nil, value: .number(Double(Float(0.25))), arrived: 13),
            ]
        ),
        (
            "0105000201000212010000010200010001030106000200000000000000114001020303c3a921040200ff",
            [
                KeptReading(time: 0, sequence: nil, value: .number(4.25), arrived: 9),
                KeptReading(time: 1, sequence: 0, value: .flag(false), arrived: 9),
                KeptReading(time: 1, sequence: .max, value: .flag(true), arrived: 9),
                KeptReading(time: 1, sequence: 3, value: .text("é!"), arrived: 9),
                KeptReading(time: 2, sequence: nil, value: .data([0, 255]), arrived: 9),
            ]
        ),
    ]

    @Test func readsAndWritesTheBytesOfFormatOne() throws {
        for fixture in Self.fixtures {
            #expect(try Self.readings(in: Self.bytes(fixture.hex)) == fixture.readings)
            #expect(ReadingBlock.bytes(of: fixture.readings[...]) == (try Self.bytes(fixture.hex)))
        }
    }

    @Test(arguments: [0, 2, 255] as [UInt8])
    func refusesFormatsThatItDoesNotKnow(_ format: UInt8) throws {
        let bytes = try [format] + Self.bytes(Self.fixtures[0].hex).dropFirst()
        #expect(throws: CustodyError(.readingsDamaged, "")) { try Self.readings(in: bytes) }
        #expect(throws: CustodyError(.readingsDamaged, "")) { try ArrivalRunTests.readings(in: bytes) }
    }

    // MARK: Round trips

    @Test(arguments: 0..<200)
    func givesBackWhateverAReadingMayBe(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let readings = random.readings(count: Int.random(in: 1...60, using: &random))
        #expect(Self.isSame(try Self.readings(in: ReadingBlock.bytes(of: readings[...])), readings), "seed \(seed)")
    }

    @Test func givesBackASliceOfReadings() throws {
        var random = SeededRandom(seed: 1)
        let readings = random.readings(count: 50)
        #expect(try Self.readings(in: ReadingBlock.bytes(of: readings[20..<30])) == Array(readings[20..<30]))
    }

    @Test(
        arguments: [
            [0.1, 21.37, -40, 1e15], [0.000001, -0.000001], [0.0000001], [1e21, 0.5], [-0.0, 0], [-0.0, 1.5],
            [9_007_199_254_740_991], [9_007_199_254_740_992], [9_007_199_254_740_994], [1e15, 0.001],
            [.greatestFiniteMagnitude, -.greatestFiniteMagnitude], [.leastNonzeroMagnitude, .leastNormalMagnitude],
            [0.1 + 0.2, 1 / 3.0], [8_388_608.123456], [4_503_599_627.370496, 0.1],
            [5.07, -21.3, 6.125].map { Double(Float($0)) }, [Double(Float.pi), Double(Float(0.1))],
            [Double(Float.greatestFiniteMagnitude), Double(Float(0.1))], [0.1, Double(Float(0.1))],
            [Double(Float(16_777_217.3))],
        ] as [[Double]])
    func givesBackEveryBitOfANumber(_ numbers: [Double]) throws {
        let readings = numbers.enumerated().map { index, number in
            KeptReading(time: Int64(index), sequence: nil, value: .number(number), arrived: 0)
        }
        #expect(Self.isSame(try Self.readings(in: ReadingBlock.bytes(of: readings[...])), readings))
    }

    @Test(arguments: [false, true])
    func aSteadySensorCostsFewBytes(isSingle: Bool) {
        var random = SeededRandom(seed: 3)
        let readings = (0..<Int64(ReadingBlock.readingsFull)).map { index in
            let time = Self.noon + index * 60_000_000 + Int64.random(in: 0..<5_000, using: &random)
            let value = Double(500 + index % 9) / 100
            return KeptReading(
                time: time, sequence: UInt64(index), value: .number(isSingle ? Double(Float(value)) : value),
                arrived: time + 20_000 + Int64.random(in: 0..<5_000, using: &random))
        }
        #expect(ReadingBlock.bytes(of: readings[...]).count <= 7 * readings.count)
    }

    // MARK: Damage

    @Test func noBeginningOfABlockIsABlock() throws {
        var random = SeededRandom(seed: 7)
        for bytes in try Self.fixtures.map({ try Self.bytes($0.hex) })
            + [ReadingBlock.bytes(of: random.readings(count: 30)[...])]
        {
            for count in 0..<bytes.count {
                #expect(throws: CustodyError(.readingsDamaged, "")) { try Self.readings(in: Array(bytes[..<count])) }
            }
            #expect(throws: CustodyError(.readingsDamaged, "")) { try Self.readings(in: bytes + [0]) }
        }
    }

    @Test func spoiledBlocksAreDamagedOrReadings() {
        var random = SeededRandom(seed: 44)
        let samples = (0..<20).map { _ in ReadingBlock.bytes(of: random.readings(count: 20)[...]) }
        for round in 0..<5_000 {
            let bytes = random.spoiled(samples[round % samples.count])
            do {
                let readings = try Self.readings(in: bytes)
                #expect(readings.count <= bytes.count)
                #expect(readings.allSatisfy { $0.isPossible }, "round \(round)")
            } catch {
                #expect((error as? CustodyError)?.code == .readingsDamaged)
            }
        }
    }

    /// A block of so many bytes that says it holds more.
    @Test(arguments: [20, 21, 22, UInt64(Int64.max), .max] as [UInt64])
    func countsNoReadingsThatItCannotHold(_ count: UInt64) {
        var writer = BlobWriter()
        writer.byte(1)
        writer.number(count)
        let bytes = writer.bytes + [UInt8](repeating: 0, count: max(0, 21 - writer.bytes.count))
        #expect(throws: CustodyError(.readingsDamaged, "")) { try Self.readings(in: bytes) }
    }
}

@Suite("Runs of arrivals")
struct ArrivalRunTests {
    struct Arrival: Equatable {
        let sensor: Int64
        let reading: KeptReading
    }

    static func readings(in bytes: [UInt8], arrived: Int64 = 9) throws -> [Arrival] {
        var arrivals: [Arrival] = []
        try bytes.withUnsafeBytes { bytes in
            try ArrivalRun.forEach(in: bytes, arrived: arrived) { arrivals.append(Arrival(sensor: $0, reading: $1)) }
        }
        return arrivals
    }

    private static func run(_ arrivals: [Arrival]) -> ArrivalRun {
        var run = ArrivalRun()
        for arrival in arrivals {
            let kept = arrival.reading
            let reading = Reading(
                kept: kept.value, of: "d", "m", in: "Cel", at: kept.time, sequence: kept.sequence, session: nil)
            run.append(reading, of: arrival.sensor)
        }
        return run
    }

    /// Bytes that stand on disks: they stay readable for ever.
    private static let fixture =
        "010180c0f8daa6fda50600000000000000001140ac0201010702010201ffffffffffffffffff010302c3a9020a000401ff"

    private static let noon: Int64 = 1_772_366_400_000_000

    private static let fixtureReadings = [
        Arrival(sensor: 1, reading: KeptReading(time: noon, sequence: nil, value: .number(4.25), arrived: 9)),
        Arrival(sensor: 300, reading: KeptReading(time: noon - 1, sequence: 7, value: .flag(true), arrived: 9)),
        Arrival(sensor: 1, reading: KeptReading(time: noon, sequence: .max, value: .text("é"), arrived: 9)),
        Arrival(sensor: 2, reading: KeptReading(time: noon + 5, sequence: nil, value: .data([255]), arrived: 9)),
    ]

    @Test func readsAndWritesTheBytesOfFormatOne() throws {
        let bytes = try ReadingBlockTests.bytes(Self.fixture)
        #expect(try Self.readings(in: bytes) == Self.fixtureReadings)
        #expect(Self.run(Self.fixtureReadings).bytes == bytes)
        #expect(Self.run(Self.fixtureReadings).count == Self.fixtureReadings.count)
    }

    @Test(arguments: 0..<100)
    func givesBackWhateverAReadingMayBe(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let arrivals = random.readings(count: 40, arrived: 9).shuffled(using: &random).map { reading in
            Arrival(sensor: random.pick([0, 1, 2, 127, 128, .max, .min, -1]), reading: reading)
        }
        let back = try Self.readings(in: Self.run(arrivals).bytes)
        #expect(back == arrivals, "seed \(seed)")
        #expect(ReadingBlockTests.isSame(back.map(\.reading), arrivals.map(\.reading)))
    }

    @Test func anEmptiedRunBeginsAnew() throws {
        var run = Self.run(Self.fixtureReadings)
        run.removeAll()
        #expect(run.count == 0 && run.bytes.isEmpty)
        for arrival in Self.fixtureReadings {
            let kept = arrival.reading
            run.append(
                Reading(
                    kept: kept.value, of: "d", "m", in: "Cel", at: kept.time, sequence: kept.sequence, session: nil),
                of: arrival.sensor)
        }
        #expect(run.bytes == (try ReadingBlockTests.bytes(Self.fixture)))
    }

    @Test func aBeginningOfARunGivesItsFirstReadingsOrIsDamaged() throws {
        let bytes = try ReadingBlockTests.bytes(Self.fixture)
        var whole = 0
        for count in 0..<bytes.count {
            guard let readings = try? Self.readings(in: Array(bytes[..<count])) else { continue }
            #expect(readings == Array(Self.fixtureReadings.prefix(readings.count)))
            whole += 1
        }
        #expect(whole == Self.fixtureReadings.count, "it may end after each reading but the last, and after its format")
    }

    @Test func spoiledRunsAreDamagedOrReadings() {
        var random = SeededRandom(seed: 45)
        let samples = (0..<20).map { _ in
            Self.run(random.readings(count: 20).map { Arrival(sensor: 3, reading: $0) }).bytes
        }
        for round in 0..<5_000 {
            let bytes = random.spoiled(samples[round % samples.count])
            do {
                #expect(try Self.readings(in: bytes).allSatisfy { $0.reading.isPossible }, "round \(round)")
            } catch {
                #expect((error as? CustodyError)?.code == .readingsDamaged)
            }
        }
    }
}

extension KeptReading {
    /// Whether a reading may say this.
    fileprivate var isPossible: Bool {
        guard time >= Reading.timeMin, time <= Reading.timeMax else { return false }
        switch value {
        case .number(let number): return number.isFinite
        case .flag: return true
        case .text(let text): return text.utf8.count <= Reading.valueBytesMax
        case .data(let data): return data.count <= Reading.valueBytesMax
        }
    }
}

extension SeededRandom {
    mutating func pick<Value>(_ values: [Value]) -> Value { values[Int.random(in: 0..<values.count, using: &self)] }

    /// In order of time; what a device may say at the most.
    fileprivate mutating func readings(count: Int, arrived: Int64? = nil) -> [KeptReading] {
        let sequences: [Bool] = pick([[false], [true], [false, true]])
        let kind = Int.random(in: 0..<3, using: &self)
        return (0..<count).map { _ in
            KeptReading(
                time: time(), sequence: pick(sequences) ? sequence() : nil, value: value(kind),
                arrived: arrived ?? pick([.min, .max, 0, Int64(bitPattern: next())]))
        }.sorted { $0.time < $1.time }
    }

    private mutating func time() -> Int64 {
        pick([
            Reading.timeMin, Reading.timeMax, 0, 1, Int64.random(in: Reading.timeMin...Reading.timeMax, using: &self),
            Int64.random(in: 0...100, using: &self),
        ])
    }

    private mutating func sequence() -> UInt64 { pick([0, .max, next(), UInt64(Int64.max), 5, 6, 7]) }

    /// Decimals, any doubles, or any values.
    private mutating func value(_ kind: Int) -> Reading.Value {
        switch kind {
        case 0: return .number(Double(Int.random(in: -99_999...99_999, using: &self)) / pick([1, 10, 100, 1_000_000]))
        case 1: return .number(double())
        default:
            let count = pick([0, 1, 100, Reading.valueBytesMax])
            return pick([
                .number(double()), .flag(true), .flag(false), .text(String(repeating: "é", count: count / 2)),
                .data([UInt8](repeating: UInt8(truncatingIfNeeded: next()), count: count)),
            ])
        }
    }

    private mutating func double() -> Double {
        let any = Double(bitPattern: next())
        return pick([
            0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude,
            -.greatestFiniteMagnitude, .pi, 1e15, 4.5, any.isFinite ? any : 1,
        ])
    }

    /// A few bytes changed, put in, taken out, or cut off.
    fileprivate mutating func spoiled(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
            let place = Int.random(in: 0..<min(bytes.count, pick([8, 64, bytes.count])), using: &self)
            switch next() % 5 {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: next())
            case 1: bytes[place] ^= 1 << UInt8(next() % 8)
            case 2: bytes.insert(pick([0, 0x7F, 0x80, 0xFF]), at: place)
            case 3: bytes.remove(at: place)
            default: bytes.removeLast(bytes.count - place)
            }
        }
        return bytes
    }
}
