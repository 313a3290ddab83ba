/// A recall as rows for a spreadsheet (RFC 4180). What a spreadsheet would take for a formula is made text.
public enum RecallSheet {
    /// One row for each affected order.
    public static func csv(of affected: [AffectedOrder]) -> String {
        let header = ["order", "device", "because", "holder", "state", "place", "to", "since", "certainty", "unit"]
        let rows: [[String?]] = affected.map { item in
            [
                item.order, item.subjects.joined(separator: " "), item.because, item.holder?.organisation,
                item.holder?.state.rawValue, item.holder?.place, item.holder?.to, item.holder?.since,
                item.holder?.certainty.rawValue, item.unit,
            ]
        }
        return text([header] + rows)
    }

    /// One row for each device, and what was done about it.
    public static func csv(of progress: RecallProgress) -> String {
        let header = ["order", "device", "holder", "noticed", "received", "acknowledged", "settled", "settled-at"]
        let rows: [[String?]] = progress.items.map {
            [$0.order, $0.device, $0.holder, $0.noticed, $0.received, $0.acknowledged, $0.settled, $0.settledAt]
        }
        return text([header] + rows)
    }

    private static func text(_ rows: [[String?]]) -> String {
        rows.map { $0.map { cell($0 ?? "") }.joined(separator: ",") + "\r\n" }.joined()
    }

    private static func cell(_ value: String) -> String {
        let isFormula = value.first.map { "=+-@\t\r".contains($0) } ?? false
        let text = isFormula ? "'" + value : value
        guard text.contains(where: { ",\"\r\n".contains($0) || $0 == "\r\n" }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
