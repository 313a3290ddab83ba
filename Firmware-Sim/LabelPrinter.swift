import Identifiers
import Labels
import Ledger

/// Prints labels into PNG files, as a label printer prints them on paper.
struct LabelPrinter: Sendable {
    /// Whether GS1 rules (lengths, check digits) hold. Without them a wrong label can be made on purpose.
    var isChecked = true

    /// Draws `label` to `path`, replacing what is there. On return the file is whole: a watched folder never sees half
    /// a label.
    ///
    /// Throws `label-not-drawn`, `label-does-not-fit`, `label-path-unusable`.
    func draw(_ label: Label, to path: String) throws {
        guard path.hasSuffix(".png"), !path.hasSuffix("/.png") else {
            throw CustodyError(
                "label-path-unusable", "The label cannot be written: it must end with .png", at: path,
                remedy: "Name a PNG file in a folder that exists and may be written.")
        }
        let symbol = try Symbol(label.content, in: label.symbology.printed, isChecked: isChecked)
        let layout = try LabelLayout(symbol, interpretation: label.lines, on: LabelStock())
        try LabelFile.write(LabelFormat.png.render(layout), to: path)
    }
}

extension Label {
    fileprivate var content: Symbol.Content {
        guard symbology != .ean13, let elements else { return .text(text) }
        return .elements(elements.elements.map { Identifier.Element(ai: $0.identifier, value: $0.value) })
    }

    /// One element a line; other text is cut where a line is full.
    fileprivate var lines: [String] {
        guard symbology == .ean13 || elements == nil else {
            return elements?.elements.flatMap { Label.cut("(\($0.identifier))\($0.value)") } ?? []
        }
        return Label.cut(text)
    }

    private static func cut(_ text: String) -> [String] {
        stride(from: 0, to: text.count, by: LabelLayout.columnsMax).map {
            String(text.dropFirst($0).prefix(LabelLayout.columnsMax))
        }
    }
}

extension Symbology {
    fileprivate var printed: Labels.Symbology {
        switch self {
        case .gs1128: .gs1128
        case .qr: .qr
        case .dataMatrix: .dataMatrix
        case .ean13: .ean13
        case .code128: .code128
        }
    }
}
