import Glibc
import Ledger

/// A device's memory of readings that the broker has not acknowledged.
///
/// In a file it outlives the device's process, and so do the sequence numbers: each reading is on disk before `append`
/// returns. When the buffer is full the oldest reading is dropped, as in a real device, which leaves a gap in the
/// numbers. Used by one owner.
final class ReadingBuffer {
    /// The most readings that may be kept.
    static let readingsMax = 1_000_000

    private let capacity: Int
    private var file: Int32?
    private let path: String?
    private var readings: [UInt64: SensorReading] = [:]
    private var firstOrder: UInt64 = 0
    /// Of the reading that comes next.
    private(set) var nextOrder: UInt64 = 0
    private var nextSequences: [SensorReading.Metric: UInt64] = [:]
    private(set) var droppedCount = 0

    /// Throws `buffer-file-not-usable`, `buffer-file-damaged`.
    init(capacity: Int, path: String?) throws {
        self.capacity = min(max(1, capacity), ReadingBuffer.readingsMax)
        self.path = path
        guard let path else { return }
        try load(path)
        try compact(path)
    }

    deinit {
        if let file { close(file) }
    }

    var count: Int { readings.count }

    /// Begins the numbers of all metrics at 0 again. Throws `buffer-file-not-usable`.
    func restartSequences() throws {
        nextSequences = [:]
        try write("restart\n", durably: true)
    }

    /// The number that the next reading of this metric gets.
    func nextSequence(_ metric: SensorReading.Metric) -> UInt64 { nextSequences[metric] ?? 0 }

    /// Throws `buffer-file-not-usable`.
    func append(_ reading: SensorReading) throws {
        try write(ReadingBuffer.line(nextOrder, reading), durably: true)
        keep(nextOrder, reading)
        while count > capacity, let oldest = next(from: firstOrder) {
            try remove(oldest.order)
            droppedCount += 1
        }
    }

    /// The oldest reading whose order is at least `order`. Orders grow with each reading.
    func next(from order: UInt64) -> (order: UInt64, reading: SensorReading)? {
        var order = max(order, firstOrder)
        while order < nextOrder {
            if let reading = readings[order] { return (order, reading) }
            order += 1
        }
        return nil
    }

    /// Forgets a reading; whether it was there. Throws `buffer-file-not-usable`.
    @discardableResult
    func remove(_ order: UInt64) throws -> Bool {
        guard readings.removeValue(forKey: order) != nil else { return false }
        while firstOrder < nextOrder, readings[firstOrder] == nil { firstOrder += 1 }
        // Lost in a crash, this line costs a second delivery and nothing else.
        try write("gone \(order)\n", durably: false)
        return true
    }

    private func keep(_ order: UInt64, _ reading: SensorReading) {
        if readings.isEmpty { firstOrder = order }
        readings[order] = reading
        nextOrder = order + 1
        nextSequences[reading.metric] = max(nextSequence(reading.metric), reading.sequence + 1)
    }
}

// MARK: The file

extension ReadingBuffer {
    private static func line(_ order: UInt64, _ reading: SensorReading) -> String {
        let session = reading.session.map { " \($0)" } ?? ""
        let numbers = "\(order) \(reading.metric.rawValue) \(reading.sequence) \(reading.time)"
        return "made \(numbers) \(reading.value)\(session)\n"
    }

    private func load(_ path: String) throws {
        guard let text = try ReadingBuffer.contents(path) else { return }
        // A line without its end was torn by a crash: its reading was never told to anyone.
        let whole = text.prefix((text.lastIndex(of: 0x0A) ?? -1) + 1)
        for line in whole.split(separator: 0x0A) {
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            guard apply(words) else {
                throw CustodyError(
                    "buffer-file-damaged", "The buffer file holds a line that no device wrote", at: path,
                    remedy: "Move the file away; its readings stay in it.")
            }
        }
    }

    private func apply(_ words: [Substring]) -> Bool {
        switch words.first {
        case "next":
            guard words.count == 3, let metric = SensorReading.Metric(rawValue: String(words[1])),
                let sequence = UInt64(words[2])
            else { return false }
            nextSequences[metric] = sequence
        case "made":
            guard (6...7).contains(words.count), let order = UInt64(words[1]), order < .max, order >= nextOrder,
                let metric = SensorReading.Metric(rawValue: String(words[2])), let sequence = UInt64(words[3]),
                sequence < .max, let time = Int64(words[4]), let value = Double(words[5]), value.isFinite
            else { return false }
            let session = words.count > 6 ? String(words[6]) : nil
            keep(order, SensorReading(metric: metric, value: value, time: time, sequence: sequence, session: session))
        case "restart":
            guard words.count == 1 else { return false }
            nextSequences = [:]
        case "gone":
            guard words.count == 2, let order = UInt64(words[1]) else { return false }
            readings[order] = nil
        default: return false
        }
        return true
    }

    /// Writes what is left into a new file, which takes the old one's place, and goes on in it.
    private func compact(_ path: String) throws {
        let fresh = path + ".new"
        let descriptor = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ReadingBuffer.notUsable(path) }
        file = descriptor
        let kept = readings.keys.sorted()
        firstOrder = kept.first ?? nextOrder
        let lines = kept.compactMap { order in readings[order].map { ReadingBuffer.line(order, $0) } }
        // What is kept may be of a session whose numbers are over: the counters have the last word.
        let counters = nextSequences.sorted { $0.key.rawValue < $1.key.rawValue }
        let next = counters.map { "next \($0.key.rawValue) \($0.value)\n" }
        try write((lines + ["restart\n"] + next).joined(), durably: true)
        guard rename(fresh, path) == 0 else { throw ReadingBuffer.notUsable(path) }
    }

    private func write(_ text: String, durably: Bool) throws {
        guard let file, let path else { return }
        var rest = ArraySlice(Array(text.utf8))
        while !rest.isEmpty {
            let wrote = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard wrote > 0 || errno == EINTR else { throw ReadingBuffer.notUsable(path) }
            rest = rest.dropFirst(max(0, wrote))
        }
        guard !durably || fdatasync(file) == 0 else { throw ReadingBuffer.notUsable(path) }
    }

    /// Nil where there is no file yet.
    private static func contents(_ path: String) throws -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw notUsable(path) }
            return nil
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let got = read(descriptor, &chunk, chunk.count)
            guard got >= 0 else { throw notUsable(path) }
            guard got > 0 else { return bytes }
            bytes += chunk.prefix(got)
        }
    }

    private static func notUsable(_ path: String) -> CustodyError {
        CustodyError(
            "buffer-file-not-usable", "The buffer file cannot be used: \(systemMessage())", at: path,
            remedy: "Check the folder, its permissions and the space on the disk.")
    }
}
