/// The temperatures in a logger's CSV file.
///
/// The cells are separated by tabs, semicolons or commas and may be quoted; numbers have a point or, where commas do
/// not separate, a comma. Data begin with the first row that holds a time and a number and whose next row has a time
/// too; before it is a preamble, of which one row may name the columns. Lines that begin with `#` are comments.
///
/// Times are RFC 3339, `YYYY-MM-DD HH:MM[:SS]`, `DD.MM.YYYY HH:MM[:SS]`, `DD/MM/YYYY` or `MM/DD/YYYY` with the time,
/// also with AM and PM, or Unix seconds; date and time may stand in two cells. Without a zone they are UTC. Which
/// number of `03/04/2026` is the day is decided over the whole file and never guessed.
public struct LoggerFile: Sendable {
    /// The largest file, in bytes.
    public static let bytesMax = 268_435_456

    /// The most rows with data.
    public static let rowsMax = 10_000_000

    /// How many unreadable rows are kept with their reason.
    public static let unreadableKeptMax = 100

    /// Which number of `03/04/2026` is the day.
    public enum DateOrder: String, CaseIterable, Sendable {
        case dayFirst = "day-first"
        case monthFirst = "month-first"
    }

    /// A row that was left out.
    public struct UnreadableRow: Hashable, Sendable {
        /// Counted from 1.
        public let line: Int

        /// What is wrong with it.
        public let reason: String
    }

    /// The name of the column that was read, or its number counted from 1 where the file names none.
    public let column: String

    /// In order of time, in degrees Celsius.
    public let samples: [ConditionSeries.Sample]

    /// The first of the rows that were left out.
    public let unreadable: [UnreadableRow]

    /// How many rows were left out.
    public let unreadableCount: Int

    /// Reads a file.
    /// - Parameters:
    ///   - column: the header of the column, with or without its unit, where the file has several.
    ///   - dateOrder: for files whose dates do not tell it themselves.
    ///   - unreadableShareMax: which share of the rows may be unreadable, 0 to 1.
    /// - Throws: `payload-too-large`, `readings-too-many`, `text-malformed` with the line of the first row that cannot
    ///   be read, `time-invalid` where the order of dates is open or time runs backwards, `key-missing` for a column
    ///   that is not there, `value-missing` for a file without data.
    public init(
        _ bytes: [UInt8],
        column: String? = nil,
        dateOrder: DateOrder? = nil,
        unreadableShareMax: Double = 0
    ) throws(TelemetryError) {
        try self.init(
            bytes, column: column, dateOrder: dateOrder, unreadableShareMax: unreadableShareMax,
            bytesMax: LoggerFile.bytesMax, rowsMax: LoggerFile.rowsMax)
    }

    /// The same with smaller limits, so that they can be reached.
    init(
        _ bytes: [UInt8],
        column: String? = nil,
        dateOrder: DateOrder? = nil,
        unreadableShareMax: Double = 0,
        bytesMax: Int,
        rowsMax: Int
    ) throws(TelemetryError) {
        guard bytes.count <= bytesMax else {
            throw TelemetryError(.payloadTooLarge, "A logger's file has at most \(bytesMax) bytes.")
        }
        let table = try LoggerTable(bytes, column: column)
        var reader = LoggerReader(table, order: try table.order(dateOrder), rowsMax: rowsMax)
        try reader.read()
        try reader.check(unreadableShareMax: unreadableShareMax)
        self.column = table.column
        samples = try reader.ordered()
        unreadable = reader.unreadable
        unreadableCount = reader.unreadableCount
    }
}

/// Reads the rows of a table whose columns are known.
private struct LoggerReader {
    private(set) var unreadable: [LoggerFile.UnreadableRow] = []
    private(set) var unreadableCount = 0
    private let table: LoggerTable
    private let rowsMax: Int
    private var calendar: LoggerCalendar
    private var samples: [ConditionSeries.Sample] = []
    private var lines: [Int32] = []
    private var firstPosition: Int?

    init(_ table: LoggerTable, order: LoggerTime.Order, rowsMax: Int) {
        self.table = table
        self.rowsMax = rowsMax
        calendar = LoggerCalendar(order: order)
    }

    mutating func read() throws(TelemetryError) {
        var rows = table.rows
        while rows.advance() {
            guard rows.line >= table.firstLine, !rows.isSkipped else { continue }
            guard samples.count + unreadableCount < rowsMax else {
                throw TelemetryError(.readingsTooMany, "A logger's file has at most \(rowsMax) rows.")
            }
            do throws(RowFault) {
                samples.append(try sample(in: rows))
                lines.append(Int32(clamping: rows.line))
            } catch {
                leaveOut(rows, reason: error.reason)
            }
        }
    }

    private struct RowFault: Error {
        let reason: String
    }

    private mutating func sample(in rows: LoggerRows) throws(RowFault) -> ConditionSeries.Sample {
        guard let written = table.time(in: rows) else { throw RowFault(reason: "there is no time") }
        guard let time = calendar.microseconds(written) else { throw RowFault(reason: "there is no such time") }
        guard let cell = table.cell(in: rows) else { throw RowFault(reason: "there is no temperature") }
        let value = (cell.unit ?? table.unit).celsius(cell.value)
        guard value.isFinite, value >= -MeanKineticTemperature.celsiusZero else {
            throw RowFault(reason: "nothing is as cold as that")
        }
        return ConditionSeries.Sample(time: time, value: value)
    }

    private mutating func leaveOut(_ rows: LoggerRows, reason: String) {
        if unreadable.count < LoggerFile.unreadableKeptMax {
            unreadable.append(LoggerFile.UnreadableRow(line: rows.line, reason: reason))
        }
        firstPosition = firstPosition ?? rows.position
        unreadableCount += 1
    }

    func check(unreadableShareMax: Double) throws(TelemetryError) {
        let rows = samples.count + unreadableCount
        if let first = unreadable.first, Double(unreadableCount) > unreadableShareMax * Double(rows) {
            let more = unreadableCount > 1 ? " and \(unreadableCount - 1) more rows cannot be read" : ""
            throw TelemetryError(
                .textMalformed, "Line \(first.line) cannot be read: \(first.reason)\(more).", position: firstPosition)
        }
        guard !samples.isEmpty else { throw LoggerTable.noData }
    }

    /// Files are written from the first sample to the last or the other way round. What does neither is a clock that
    /// was set back, such as at the end of summer time, and no longer says which sample came when.
    func ordered() throws(TelemetryError) -> [ConditionSeries.Sample] {
        guard let backward = firstStep(where: { $0 > $1 }) else { return samples }
        guard let forward = firstStep(where: { $0 < $1 }) else { return samples.reversed() }
        throw TelemetryError(
            .timeInvalid,
            "Time runs backwards at line \(lines[max(backward, forward)]): export the file with times in UTC.")
    }

    private func firstStep(where isStep: (Int64, Int64) -> Bool) -> Int? {
        samples.indices.dropFirst().first { isStep(samples[$0 - 1].time, samples[$0].time) }
    }
}
