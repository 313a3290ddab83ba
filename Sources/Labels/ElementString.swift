import Identifiers

/// A GS1 element string on its way onto a label.
struct ElementString {
    let elements: [Identifier.Element]

    /// What a reader sends of it: GS (0x1D) after each value that neither has a predefined length nor is the last (GS1
    /// General Specifications, section 7.8).
    var bytes: [UInt8] {
        elements.enumerated().flatMap { index, element -> [UInt8] in
            let ends = index < elements.count - 1 && !ElementString.hasPredefinedLength(element.ai)
            return Array(element.ai.utf8) + Array(element.value.utf8) + (ends ? [0x1D] : [])
        }
    }

    /// The same elements, the key first and what needs no separator before what does, so that few are needed.
    var ordered: ElementString {
        ElementString(elements: elements.sorted { ElementString.place($0.ai) < ElementString.place($1.ai) })
    }

    private static func place(_ ai: String) -> (Int, String) {
        (keys.contains(ai) ? 0 : hasPredefinedLength(ai) ? 1 : 2, ai)
    }

    /// The first two digits decide (GS1 General Specifications, figure 7.8.5-2).
    private static func hasPredefinedLength(_ ai: String) -> Bool {
        predefined.contains(String(ai.prefix(2)))
    }

    private static let keys: Set<String> = [
        "00", "01", "401", "402", "414", "417", "8003", "8004", "8006", "8017", "8018",
    ]

    private static let predefined: Set<String> = [
        "00", "01", "02", "03", "04", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "31", "32", "33",
        "34", "35", "36", "41",
    ]
}
