/// The text of a label, before it has a place.
struct LabelText {
    /// Each entry stays on one line (GS1 General Specifications, section 4.14).
    let interpretation: [String]
    let notes: [String]

    /// The interpretation with as many entries on a line as `columns` hold, at least one.
    func filled(to columns: Int) -> LabelText {
        let lines = interpretation.reduce(into: [String]()) { lines, entry in
            if let last = lines.last, last.utf8.count + entry.utf8.count <= columns {
                lines[lines.count - 1] = last + entry
            } else {
                lines.append(entry)
            }
        }
        return LabelText(interpretation: lines, notes: notes)
    }

    var columns: Int { (interpretation + notes).map(\.utf8.count).max() ?? 0 }
}
