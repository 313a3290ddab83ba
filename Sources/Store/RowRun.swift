import GRDB

/// Rows that are found by their number, which costs little where one is asked for soon after the one before it.
struct RowRun {
    /// Rows that are stepped over rather than looked past.
    private static let skipMax: Int64 = 16

    /// It stands on the row that was found last.
    let statement: Statement
    private let end: Int64
    private var number: Int64?

    /// - Parameters:
    ///   - statement: gives rows from its first parameter up to before its second, in order; column 0 is the number.
    ///   - end: the second parameter.
    init(_ statement: Statement, end: Int64) {
        self.statement = statement
        self.end = end
    }

    /// - Returns: whether there is such a row; `statement` then stands on it until another is asked for.
    mutating func find(_ wanted: Int64) throws -> Bool {
        if let number, number < wanted, wanted - number <= Self.skipMax {
            repeat { try step() } while self.number.map { $0 < wanted } ?? false
        } else if number != wanted {
            statement.rewind()
            statement.bind(wanted, at: 1)
            statement.bind(end, at: 2)
            try step()
        }
        return number == wanted
    }

    private mutating func step() throws { number = try statement.step() ? statement.integer(0) : nil }
}
