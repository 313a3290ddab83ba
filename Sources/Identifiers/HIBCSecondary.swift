/// What stands between two slashes of an HIBC symbol, or after the flag of a secondary one (ANSI/HIBC 2.6 section 2.2
/// and appendix E).
enum HIBCSecondary {
    /// One structure that begins with dollar signs.
    private struct Structure: Sendable {
        let flag: [UInt8]
        let isDated: Bool
        let field: HIBCField

        init(_ flag: String, isDated: Bool, _ field: HIBCField) {
            self.flag = Array(flag.utf8)
            self.isDated = isDated
            self.field = field
        }
    }

    /// Longer flags first, because shorter ones are their beginnings.
    private static let structures = [
        Structure("$$+", isDated: true, .serial),
        Structure("$$", isDated: true, .lot),
        Structure("$+", isDated: false, .serial),
        Structure("$", isDated: false, .lot),
    ]

    private static let quantities = [
        (flag: UInt8(ascii: "8"), field: HIBCField.shortQuantity),
        (flag: UInt8(ascii: "9"), field: HIBCField.longQuantity),
    ]

    /// Digits before the letter of a data identifier (ANS MH10.8.2).
    private static let identifierDigitsMax = 3

    static func append(_ part: ArraySlice<UInt8>, to message: inout HIBCMessage) throws(IdentifierError) {
        if let structure = structures.first(where: { part.starts(with: $0.flag) }) {
            let rest = part.dropFirst(structure.flag.count)
            try structure.isDated
                ? appendDated(rest, structure.field, to: &message)
                : message.append(structure.field, rest)
        } else if part.count >= HIBCDateFormat.julian.length,
            part.prefix(HIBCDateFormat.julian.length).allSatisfy(isDigit)
        {
            try appendJulian(part, to: &message)
        } else {
            try appendSupplement(part, to: &message)
        }
    }

    private static func appendDated(
        _ data: ArraySlice<UInt8>, _ field: HIBCField, to message: inout HIBCMessage
    ) throws(IdentifierError) {
        guard let first = data.first else {
            throw IdentifierError(
                .valueTooShort, "After the dollar signs a date format, a quantity or 7 must follow.",
                position: data.endIndex)
        }
        guard field.role == .lot, let quantity = quantities.first(where: { $0.flag == first }) else {
            try appendDate(data, field, to: &message)
            return
        }
        let end = min(data.startIndex + 1 + quantity.field.lengthMax, data.endIndex)
        try message.append(quantity.field, data[data.startIndex + 1..<end])
        try appendAfterQuantity(data[end...], field, to: &message)
    }

    /// Some labelers leave out the 7 that says "no date" after a quantity: what cannot be a date is the lot.
    private static func appendAfterQuantity(
        _ data: ArraySlice<UInt8>, _ field: HIBCField, to message: inout HIBCMessage
    ) throws(IdentifierError) {
        guard let first = data.first else { return }
        let format = HIBCDateFormat.rows.first { $0.flag == first }
        let digits = data.dropFirst(format?.flagLength ?? 0).prefix(format?.length ?? 0)
        if let format, digits.count == format.length, digits.allSatisfy(isDigit) {
            try appendDate(data, field, to: &message)
        } else {
            try message.append(field, data)
        }
    }

    private static func appendDate(
        _ data: ArraySlice<UInt8>, _ field: HIBCField, to message: inout HIBCMessage
    ) throws(IdentifierError) {
        guard let format = HIBCDateFormat.rows.first(where: { $0.flag == data.first }) else {
            throw IdentifierError(
                .structureUnknown, "A date format from 0 to 7 must stand here.", position: data.startIndex)
        }
        let date = data.dropFirst(format.flagLength).prefix(format.length)
        if let expiry = format.field { try message.append(expiry, date) }
        let rest = data[date.endIndex...]
        if !rest.isEmpty { try message.append(field, rest) }
    }

    private static func appendJulian(
        _ part: ArraySlice<UInt8>, to message: inout HIBCMessage
    ) throws(IdentifierError) {
        let date = part.prefix(HIBCDateFormat.julian.length)
        if let expiry = HIBCDateFormat.julian.field { try message.append(expiry, date) }
        let lot = part[date.endIndex...]
        if !lot.isEmpty { try message.append(.lot, lot) }
    }

    private static func appendSupplement(
        _ part: ArraySlice<UInt8>, to message: inout HIBCMessage
    ) throws(IdentifierError) {
        let letter = part.prefix(while: isDigit).endIndex
        guard letter - part.startIndex <= identifierDigitsMax, letter < part.endIndex, part[letter] &- 0x41 < 26 else {
            throw IdentifierError(
                .structureUnknown, "Here must stand $, five digits of a date, or a data identifier such as S or 14D.",
                position: part.startIndex)
        }
        let ai = String(decoding: part[...letter], as: UTF8.self)
        try message.append(.supplement(ai), part[(letter + 1)...])
    }
}
