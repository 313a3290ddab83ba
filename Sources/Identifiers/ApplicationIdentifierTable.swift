/// The application identifiers that we read (GS1 Barcode Syntax Dictionary). A new one is a row.
enum ApplicationIdentifierTable {
    private static let product: [ApplicationIdentifier.Number] = [1, 2, 8006, 8026]

    static let rows: [ApplicationIdentifier] = [
        .init("00", .digits(18, .checkDigit), predefined: true),
        .init("01", .digits(14, .checkDigit), predefined: true, excludes: [2, 37]),
        .init("02", .digits(14, .checkDigit), predefined: true, requires: [[37]]),
        .init("10", .text(upTo: 20), requires: [product]),
        .init("11", .digits(6, .date), predefined: true, requires: [product]),
        .init("13", .digits(6, .date), predefined: true, requires: [product]),
        .init("15", .digits(6, .date), predefined: true, requires: [product]),
        .init("16", .digits(6, .date), predefined: true, requires: [product]),
        .init("17", .digits(6, .date), predefined: true, requires: [[1, 2, 255, 8006, 8026]]),
        .init("20", .digits(2), predefined: true, requires: [product]),
        .init("21", .text(upTo: 20), requires: [[1, 8006]], excludes: [235]),
        .init("22", .text(upTo: 20), requires: [[1]]),
        .init("235", .text(upTo: 28), requires: [[1]]),
        .init("240", .text(upTo: 30), requires: [product]),
        .init("241", .text(upTo: 30), requires: [product]),
        .init("242", .digits(upTo: 6), requires: [product]),
        .init("243", .text(upTo: 20), requires: [[1]]),
        .init("250", .text(upTo: 30), requires: [[1, 8006], [21]]),
        .init("251", .text(upTo: 30), requires: [[1, 8006]]),
        .init("254", .text(upTo: 20), requires: [[414]]),
        .init("30", .digits(upTo: 8), requires: [[1, 2]]),
        .init("37", .digits(upTo: 8), requires: [[0], [2, 8026]]),
        .init("400", .text(upTo: 30)),
        .init("401", .text(upTo: 30)),
        .init("402", .digits(17, .checkDigit)),
        .init("403", .text(upTo: 30), requires: [[0]]),
        .init("410", .digits(13, .checkDigit), predefined: true),
        .init("411", .digits(13, .checkDigit), predefined: true),
        .init("412", .digits(13, .checkDigit), predefined: true),
        .init("413", .digits(13, .checkDigit), predefined: true),
        .init("414", .digits(13, .checkDigit), predefined: true),
        .init("415", .digits(13, .checkDigit), predefined: true, requires: [[8020]]),
        .init("416", .digits(13, .checkDigit), predefined: true),
        .init("417", .digits(13, .checkDigit), predefined: true),
        .init("420", .text(upTo: 20), excludes: [421]),
        .init("8003", .digits(1, .zero), .digits(13, .checkDigit), .optionalText(upTo: 16)),
        .init("8004", .text(upTo: 30)),
        .init("8006", .digits(14, .checkDigit), .digits(4, .pieceOfTotal), excludes: [1, 37]),
        .init("8017", .digits(18, .checkDigit), excludes: [8018]),
        .init("8018", .digits(18, .checkDigit), excludes: [8017]),
        .init("8026", .digits(14, .checkDigit), .digits(4, .pieceOfTotal), requires: [[37]], excludes: [2, 8006]),
    ]

    /// The rows by their first two digits, which also fix how many digits follow.
    private static let rowsByPrefix: [[ApplicationIdentifier]] = {
        var buckets = [[ApplicationIdentifier]](repeating: [], count: 100)
        for row in rows {
            let prefix = row.code.utf8.prefix(2).reduce(0) { $0 * 10 + Int($1 - 0x30) }
            buckets[prefix].append(row)
        }
        return buckets
    }()

    /// The application identifier that begins at `start`, which must not run over `end`.
    static func row(in bytes: [UInt8], from start: Int, to end: Int) throws(IdentifierError)
        -> ApplicationIdentifier
    {
        guard end - start >= 2, isDigit(bytes[start]), isDigit(bytes[start + 1]) else {
            throw malformed(bytes, from: start, to: end)
        }
        let bucket = rowsByPrefix[Int(bytes[start] - 0x30) * 10 + Int(bytes[start + 1] - 0x30)]
        let found = bucket.first { row in
            let code = row.code.utf8
            return code.count == 2
                || (code.count <= end - start && code.elementsEqual(bytes[start..<start + code.count]))
        }
        guard let found else { throw unknown(bytes, from: start, to: end) }
        return found
    }

    /// The application identifier that these bytes are, all of them.
    static func row(named bytes: ArraySlice<UInt8>) -> ApplicationIdentifier? {
        guard (2...4).contains(bytes.count), bytes.allSatisfy(isDigit) else { return nil }
        let prefix = bytes.prefix(2).reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return rowsByPrefix[prefix].first { $0.code.utf8.elementsEqual(bytes) }
    }

    private static func malformed(_ bytes: [UInt8], from start: Int, to end: Int) -> IdentifierError {
        if start < end, !isPrintable(bytes[start]), bytes[start] != separator {
            return IdentifierError(.notText, "Here is a byte that no label text holds.", position: start)
        }
        return IdentifierError(
            .aiMalformed, "An application identifier of 2 to 4 digits must stand here.", position: start)
    }

    private static func unknown(_ bytes: [UInt8], from start: Int, to end: Int) -> IdentifierError {
        let digits = String(decoding: bytes[start..<min(end, start + 4)].prefix(while: isDigit), as: UTF8.self)
        return IdentifierError(
            .aiUnknown,
            "\(digits) begins with no application identifier that we know; a separator may be missing before it.",
            position: start)
    }
}
