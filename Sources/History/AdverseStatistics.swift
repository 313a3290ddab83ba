import Foundation
import Gateway
import Ledger

/// How many adverse events were reported in each year, and how fast they became more.
public struct AdverseStatistics: Sendable {
    /// The name of the contract under which events are reported.
    public static let contract = "adverse-event"
    /// The series of what the ledger counts.
    public static let reports = "reports"
    public static let historyBytesMax = 1 << 20
    public static let historyRowsMax = 16_384

    /// What was counted in one year.
    public struct Count: Hashable, Sendable {
        public let year: Int
        /// What is counted: `reports`, or what a history says, such as reports in a million people.
        public let series: String
        /// Who reports.
        public let source: String
        /// The device identifier, where there is one.
        public let device: String
        public let number: Double

        public init(year: Int, series: String = reports, source: String = "", device: String = "", number: Double = 1) {
            self.year = year
            self.series = series
            self.source = source
            self.device = device
            self.number = number
        }
    }

    /// By what counts of one series are told apart.
    public enum Grouping: String, CaseIterable, Sendable {
        case source, device
    }

    /// One row of years.
    public struct Table: Sendable, Encodable {
        public struct Year: Sendable, Encodable {
            public let year: Int
            public let number: Double
        }

        public let series: String
        /// The source or device; nil for all together.
        public let group: String?
        /// Ascending; years without any count are left out.
        public let years: [Year]
        /// Nil where there are not two whole years to compare.
        public let growth: Growth?
    }

    /// The compound annual growth rate.
    public struct Growth: Hashable, Sendable, Encodable {
        public let from, to: Int
        /// (last / first) ^ (1 / intervals) - 1
        public let rate: Double
        /// The same with the number of years in the place of the intervals between them, which is a common mistake.
        public let rateByYears: Double

        /// Years between the first and the last.
        public var intervals: Int { to - from }

        /// Nil where nothing can be said: less than two years, or nothing in the first.
        init?(from: (year: Int, number: Double), to: (year: Int, number: Double)) {
            guard to.year > from.year, from.number > 0 else { return nil }
            self.from = from.year
            self.to = to.year
            let ratio = to.number / from.number
            rate = pow(ratio, 1 / Double(to.year - from.year)) - 1
            rateByYears = pow(ratio, 1 / Double(to.year - from.year + 1)) - 1
        }
    }

    public let tables: [Table]

    /// - Parameters:
    ///   - counts: those of one year, series and group are added.
    ///   - present: the year that is not over: it is shown, and no growth is told of it.
    public init(_ counts: [Count], by grouping: Grouping?, present: Int) {
        let rows = Dictionary(grouping: counts) { count in
            [count.series, grouping.map { $0 == .source ? count.source : count.device } ?? ""]
        }
        tables = rows.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, counts in
            let years = Dictionary(grouping: counts, by: \.year)
                .mapValues { $0.reduce(0) { $0 + $1.number } }.sorted { $0.key < $1.key }
            let whole = years.filter { $0.key < present }.map { (year: $0.key, number: $0.value) }
            let growth = whole.first.flatMap { first in whole.last.flatMap { Growth(from: first, to: $0) } }
            return Table(
                series: key[0], group: grouping == nil ? nil : key[1].isEmpty ? "unknown" : key[1],
                years: years.map { Table.Year(year: $0.key, number: $0.value) }, growth: growth)
        }
    }
}

// MARK: - Earlier years

extension AdverseStatistics.Count {
    private static let columns: Set = ["year", "count", "series", "source", "device"]

    /// Reads the counts of earlier years: CSV, whose first row names the columns `year` and `count`, and `series`, `source` and
    /// `device` where there are such.
    /// - Parameter file: named in errors.
    /// - Throws: `CustodyError` with code `history-malformed` or `limit-exceeded`.
    public static func history(_ text: String, file: String) throws -> [Self] {
        try Limit.check(text.utf8.count, max: AdverseStatistics.historyBytesMax, "a history", unit: "bytes")
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
            .filter { !$1.allSatisfy(\.isWhitespace) }
        guard let (_, first) = lines.first else { throw malformed("the history is empty", file, 1) }
        let header = cells(first)
        guard Set(header).count == header.count, Set(header).isSubset(of: columns), header.contains("year"),
            header.contains("count")
        else {
            throw malformed(
                "the first row names the columns year, count and, if there are such, series, source, device", file, 1)
        }
        try Limit.check(lines.count - 1, max: AdverseStatistics.historyRowsMax, "a history", unit: "rows")
        return try lines.dropFirst().map { number, line in
            let cells = cells(line)
            guard cells.count == header.count else {
                throw malformed("\(cells.count) cells under \(header.count) columns", file, number + 1)
            }
            let row = Dictionary(uniqueKeysWithValues: zip(header, cells))
            guard let year = row["year"].flatMap({ Int($0) }), (1_900...9_999).contains(year) else {
                throw malformed("the year is not one", file, number + 1)
            }
            guard let count = row["count"].flatMap({ Double($0) }), count.isFinite, count >= 0 else {
                throw malformed("the count is not a number such as 297 or 52.5", file, number + 1)
            }
            let series = row["series"].flatMap { $0.isEmpty ? nil : $0 } ?? AdverseStatistics.reports
            return Self(
                year: year, series: series, source: row["source"] ?? "", device: row["device"] ?? "", number: count)
        }
    }

    private static func cells(_ line: some StringProtocol) -> [String] {
        line.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
    }

    private static func malformed(_ message: String, _ file: String, _ line: Int) -> CustodyError {
        CustodyError(
            .historyMalformed, message, at: "\(file):\(line)",
            remedy: "write it like: year,count and below it 2019,396345")
    }
}

// MARK: - What the ledger says

extension AdverseStatistics.Count {
    /// The report that an update makes: the accepted opening of an order under the contract for adverse events; nil for others.
    /// - Parameter recordedAt: of its entry, UTC microseconds.
    public init?(
        _ update: Update, from origin: String, recordedAt: Int64, under contract: Contract?,
        by document: ConsortiumDocument?
    ) {
        guard contract?.name == AdverseStatistics.contract, contract?.step(update.step)?.opens == true else {
            return nil
        }
        let organisation = ConsortiumDocument.organisation(ofOrigin: origin)
        self.init(
            year: CalendarYear.of(recordedAt), source: document?.role(of: organisation)?.rawValue ?? organisation,
            device: update.text(of: "device").map(Self.identifier) ?? "")
    }

    /// Of a Digital Link the GTIN, so that devices of one kind are counted together.
    private static func identifier(_ device: String) -> String {
        guard let start = device.range(of: "/01/")?.upperBound else { return device }
        return String(device[start...].prefix { $0 != "/" && $0 != "?" })
    }
}

extension CustodyError.Code {
    public static let historyMalformed: Self = "history-malformed"
}
