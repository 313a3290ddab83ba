import Foundation

/// One line of the table.
struct Measurement: Codable {
    let name: String
    let value: Double
    let unit: String
    /// What the same run measured for the reference; nil where there is none.
    var reference: Double?
    /// The median of the ratios of pairs taken in turn.
    var ratio: Double?
    let target: String
}

struct Table {
    private(set) var rows: [Measurement] = []

    mutating func add(_ row: Measurement) { rows.append(row) }

    var text: String {
        let header = ["name", "value", "unit", "reference", "ratio", "target"]
        let cells =
            [header]
            + rows.map { row in
                [
                    row.name, Self.number(row.value), row.unit, row.reference.map(Self.number) ?? "-",
                    row.ratio.map { String(format: "%.2f", $0) } ?? "-", row.target,
                ]
            }
        let widths = header.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { row in
            row.indices.map { row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count) }.joined(
                separator: "  ")
        }.joined(separator: "\n")
    }

    private static func number(_ value: Double) -> String {
        value >= 100 ? String(format: "%.0f", value) : String(format: "%.3g", value)
    }
}

enum Statistic {
    static func median(_ values: [Double]) -> Double { percentile(values, 0.5) }

    static func percentile(_ values: [Double], _ share: Double) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    /// Seconds that `work` takes.
    static func seconds(_ work: () async throws -> Void) async rethrows -> Double {
        let began = ContinuousClock.now
        try await work()
        return (ContinuousClock.now - began) / .seconds(1)
    }
}
