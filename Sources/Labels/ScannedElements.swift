import Identifiers
import Ledger

/// Elements that a scan would give back as they are: judged by the rules of a scan, before they are printed.
struct ScannedElements {
    let identifier: Identifier

    /// Throws the codes of `identify`, `label-ambiguous`, `label-incomplete`.
    init(_ elements: [Identifier.Element], year: Int) throws {
        for element in elements {
            try ScannedElements.requireSame([element], as: ScannedElements.read([element], year: year))
        }
        identifier = try ScannedElements.read(elements, year: year)
        try ScannedElements.requireSame(elements, as: identifier)
        guard identifier.missing.isEmpty else {
            throw CustodyError(
                "label-incomplete",
                "What stands on the label needs more beside it, one of "
                    + identifier.missing.joined(separator: ", and one of "),
                at: ScannedElements.text(elements), remedy: "Give the trade item number too.")
        }
    }

    private static func read(_ elements: [Identifier.Element], year: Int) throws -> Identifier {
        do {
            let bytes = ElementString(elements: elements).bytes
            return try identify(Scan(bytes: bytes, symbologyIdentifier: "]C1"), year: year)
        } catch {
            throw CustodyError(
                CustodyError.Code(rawValue: error.code.rawValue), error.message, at: text(elements))
        }
    }

    /// A value that holds what readers may send for a separator would come back as something else.
    private static func requireSame(_ elements: [Identifier.Element], as identifier: Identifier) throws {
        guard identifier.scheme == .gs1, identifier.elements == elements else {
            throw CustodyError(
                "label-ambiguous", "Readers would understand this label as something else", at: text(elements),
                remedy: "Leave out the separator (GS) and what spells it, and correct the length of each value.")
        }
    }

    private static func text(_ elements: [Identifier.Element]) -> String {
        elements.map { "(\($0.ai))\($0.value)" }.joined()
    }
}
