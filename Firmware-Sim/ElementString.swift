import Ledger

/// A GS1 element string in the form that people read, `(01)04012345000016(10)LOT7(21)S1`.
///
/// The devices have their own small reading of it, apart from the gateway's, so that neither hides the other's mistake.
struct ElementString: Hashable, Sendable {
    struct Element: Hashable, Sendable {
        let identifier: String
        let value: String
    }

    /// The most elements in one string.
    static let elementsMax = 32

    let elements: [Element]

    /// Throws `element-string-malformed`. A value cannot hold `(`.
    init(_ bracketed: String) throws {
        var elements: [Element] = []
        var rest = Substring(bracketed)
        while !rest.isEmpty {
            guard let element = ElementString.takeElement(&rest), elements.count < ElementString.elementsMax else {
                throw ElementString.malformed(bracketed)
            }
            elements.append(element)
        }
        guard !elements.isEmpty else { throw ElementString.malformed(bracketed) }
        self.elements = elements
    }

    var bracketed: String {
        elements.map { "(\($0.identifier))\($0.value)" }.joined()
    }

    /// What a reader sends: no brackets, and GS (0x1D) after each value that neither has a predefined length nor is the
    /// last (GS1 General Specifications, section 7.8).
    var scanned: [UInt8] {
        elements.enumerated().flatMap { index, element -> [UInt8] in
            let ends = index < elements.count - 1 && !ElementString.hasPredefinedLength(element.identifier)
            return Array(element.identifier.utf8) + Array(element.value.utf8) + (ends ? [0x1D] : [])
        }
    }

    func value(of identifier: String) -> String? {
        elements.first { $0.identifier == identifier }?.value
    }

    private static func takeElement(_ rest: inout Substring) -> Element? {
        guard rest.first == "(", let close = rest.firstIndex(of: ")") else { return nil }
        let identifier = rest[rest.index(after: rest.startIndex)..<close]
        let afterBracket = rest[rest.index(after: close)...]
        let value = afterBracket.prefix { $0 != "(" }
        guard (2...4).contains(identifier.utf8.count), identifier.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            !value.isEmpty, value.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        rest = afterBracket[value.endIndex...]
        return Element(identifier: String(identifier), value: String(value))
    }

    /// The first two digits decide (GS1 General Specifications, figure "Element strings with predefined length").
    private static func hasPredefinedLength(_ identifier: String) -> Bool {
        predefined.contains(String(identifier.prefix(2)))
    }

    private static let predefined: Set<String> = [
        "00", "01", "02", "03", "04", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "31", "32", "33",
        "34", "35", "36", "41",
    ]

    private static func malformed(_ text: String) -> CustodyError {
        CustodyError(
            "element-string-malformed", "This is no GS1 element string", at: text,
            remedy: "Write it like (01)04012345000016(10)LOT7(21)S1, with at most \(elementsMax) elements.")
    }
}
