/// Where a logger's file has its times and temperatures.
struct LoggerTable {
    /// How many rows may come before the data.
    static let preambleMax = 1_000

    static let noData = TelemetryError(
        .valueMissing, "No row of the file holds a time and a number: it is no logger's CSV, or its times are unknown.")

    /// Before the first row.
    let rows: LoggerRows
    let firstLine: Int
    let column: String
    let unit: LoggerUnit
    private let timeColumn: Int
    private let valueColumn: Int

    init(_ bytes: [UInt8], column name: String?) throws(TelemetryError) {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw TelemetryError(.textMalformed, "The file is UTF-16: export it as UTF-8.")
        }
        guard let found = [0x09, 0x3B, 0x2C].lazy.compactMap({ LoggerTable.begin(bytes, separator: $0) }).first else {
            throw LoggerTable.noData
        }
        rows = LoggerRows(bytes, separator: found.separator)
        timeColumn = found.timeColumn
        firstLine = found.firstLine
        let header = LoggerHeader(found.header)
        valueColumn = try header.column(name, numeric: found.numeric)
        column = header.name(valueColumn)
        unit = header.unit(valueColumn) ?? .celsius
    }

    /// The time in a row, with that of the next cell where the date has its own.
    func time(in rows: LoggerRows) -> LoggerTime? { LoggerTable.time(at: timeColumn, in: rows.cells) }

    func cell(in rows: LoggerRows) -> LoggerCell? {
        guard valueColumn < rows.cells.count else { return nil }
        return LoggerCell(rows.cells[valueColumn])
    }

    /// Which number of `03/04/2026` is the day: said by the caller, or by the first date that exists in one order only.
    func order(_ said: LoggerFile.DateOrder?) throws(TelemetryError) -> LoggerTime.Order {
        if let said { return said == .dayFirst ? .dayFirst : .monthFirst }
        var rows = rows
        var open: Int?
        while rows.advance() {
            guard rows.line >= firstLine, !rows.isSkipped, let day = time(in: rows)?.day else { continue }
            if let order = day.order { return order }
            guard case .undecided = day else { return .dayFirst }
            if day.needsOrder { open = open ?? rows.line }
        }
        guard let open else { return .dayFirst }
        throw TelemetryError(
            .timeInvalid, "The dates may be day/month or month/day (line \(open)): say which, or export year-month-day."
        )
    }

    // MARK: Finding the data

    private struct Begin {
        let separator: UInt8
        let timeColumn: Int
        let firstLine: Int
        /// The columns that hold numbers, the time's left out.
        let numeric: [Int]
        let header: [ArraySlice<UInt8>]
    }

    private static func begin(_ bytes: [UInt8], separator: UInt8) -> Begin? {
        var rows = LoggerRows(bytes, separator: separator)
        var before: [(line: Int, cells: [ArraySlice<UInt8>])] = []
        while rows.advance(), before.count <= preambleMax {
            if !rows.isSkipped, let time = timeColumn(of: rows.cells) {
                let numeric = numericColumns(of: rows.cells, after: time)
                if !numeric.isEmpty, isFollowed(rows, time: time) {
                    return begin(rows, after: before, time: time, numeric: numeric)
                }
            }
            if !rows.cells.allSatisfy(\.isEmpty) { before.append((rows.line, rows.cells)) }
        }
        return nil
    }

    /// Rows between the header and the data that have a time are data too: they cannot be read, and are not passed over
    /// in silence.
    private static func begin(
        _ rows: LoggerRows,
        after before: [(line: Int, cells: [ArraySlice<UInt8>])],
        time: Int,
        numeric: [Int]
    ) -> Begin {
        let header = before.lastIndex { isHeader($0.cells, time: time, value: numeric.first ?? 0) }
        let between = before[(header.map { $0 + 1 } ?? 0)...]
        let early = between.first { LoggerTable.time(at: time, in: $0.cells) != nil }
        return Begin(
            separator: rows.separator, timeColumn: time, firstLine: early?.line ?? rows.line, numeric: numeric,
            header: header.map { before[$0].cells } ?? [])
    }

    /// Names stand where the data have times and numbers.
    private static func isHeader(_ cells: [ArraySlice<UInt8>], time: Int, value: Int) -> Bool {
        guard time < cells.count, value < cells.count, !cells[time].isEmpty, !cells[value].isEmpty else { return false }
        return LoggerTime(cells[time]) == nil && LoggerCell(cells[value]) == nil
    }

    private static func timeColumn(of cells: [ArraySlice<UInt8>]) -> Int? {
        cells.indices.first { time(at: $0, in: cells) != nil }
    }

    private static func time(at column: Int, in cells: [ArraySlice<UInt8>]) -> LoggerTime? {
        guard column < cells.count, var time = LoggerTime(cells[column]) else { return nil }
        if time.hasClock { return time }
        return column + 1 < cells.count && time.add(clock: cells[column + 1]) ? time : nil
    }

    private static func numericColumns(of cells: [ArraySlice<UInt8>], after time: Int) -> [Int] {
        cells.indices.filter { $0 > time && LoggerCell(cells[$0]) != nil }
    }

    /// A line of a preamble may hold a time and a number too, but it stands alone.
    private static func isFollowed(_ rows: LoggerRows, time: Int) -> Bool {
        var rows = rows
        while rows.advance() {
            if rows.isSkipped { continue }
            return self.time(at: time, in: rows.cells) != nil
        }
        return true
    }
}

/// The row that names the columns.
private struct LoggerHeader {
    private let names: [String]

    init(_ cells: [ArraySlice<UInt8>]) {
        names = cells.enumerated().map { index, cell in
            let name = String(decoding: cell, as: UTF8.self)
            return index == 0 && name.hasPrefix("#") ? LoggerHeader.trimmed(name.dropFirst()) : name
        }
    }

    func name(_ column: Int) -> String {
        column < names.count && !names[column].isEmpty ? names[column] : String(column + 1)
    }

    /// What stands in brackets, or behind the name.
    func unit(_ column: Int) -> LoggerUnit? {
        guard column < names.count else { return nil }
        return LoggerHeader.parts(names[column]).unit
    }

    /// The column of that name; without one, the first numbers that the header calls a temperature; without such, the
    /// first numbers.
    func column(_ wanted: String?, numeric: [Int]) throws(TelemetryError) -> Int {
        guard let wanted else {
            return numeric.first { $0 < names.count && LoggerHeader.isTemperature(names[$0]) } ?? numeric.first ?? 0
        }
        let name = LoggerHeader.trimmed(wanted.lowercased())
        let exact = names.firstIndex { LoggerHeader.trimmed($0.lowercased()) == name }
        if let column = exact ?? names.firstIndex(where: { LoggerHeader.parts($0).name == name }) { return column }
        let known = names.isEmpty ? "the file names none" : "known are: \(names.joined(separator: ", "))"
        throw TelemetryError(.keyMissing, "There is no column '\(wanted)'; \(known).")
    }

    private static func isTemperature(_ name: String) -> Bool {
        let parts = parts(name)
        return parts.unit != nil || parts.name.contains("temp") || parts.name.contains("°c")
    }

    /// In small letters.
    private static func parts(_ text: String) -> (name: String, unit: LoggerUnit?) {
        let text = trimmed(text.lowercased())
        if let unit = LoggerUnit(text) { return (text, unit) }
        guard let cut = text.lastIndex(where: { "([/, _°\u{FFFD}".contains($0) }) else { return (text, nil) }
        let marks = "()[]/,_ "
        let unit = text[cut...].filter { !marks.contains($0) }
        guard let unit = LoggerUnit(unit) else { return (text, nil) }
        return (trimmed(text[..<cut].filter { $0 != "[" && $0 != "(" }), unit)
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var text = Substring(text)
        while text.first?.isWhitespace == true { text = text.dropFirst() }
        while text.last?.isWhitespace == true { text = text.dropLast() }
        return String(text)
    }
}
