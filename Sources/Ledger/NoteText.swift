/// What the line-based C2SP texts have in common: their characters, lines, names and numbers.
enum NoteText {
    private static let newline: UInt8 = 0x0A

    /// Valid UTF-8 without any control character other than newline (C2SP signed-note, "Format").
    static func string(_ bytes: some Collection<UInt8>) -> String? {
        guard bytes.allSatisfy({ $0 >= 0x20 || $0 == newline }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Whether `text` may be the text of a note: lines, each of which ends with a newline.
    static func isText(_ text: String) -> Bool {
        text.utf8.last == newline && text.utf8.allSatisfy { $0 >= 0x20 || $0 == newline }
    }

    /// Whether `name` may name a key: not empty, no white space, no plus (C2SP signed-note, "Format").
    static func isKeyName(_ name: String) -> Bool {
        !name.isEmpty
            && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "+" && !$0.properties.isWhitespace }
    }

    /// Equality of bytes: Swift's own calls canonically equivalent strings equal, and no signature does.
    static func areSame(_ one: String, _ other: String) -> Bool {
        one.utf8.elementsEqual(other.utf8)
    }

    /// A decimal number in its one spelling, at most `max`; nil for anything else.
    static func decimal(_ digits: some Collection<UInt8>, max: UInt64 = UInt64(Int64.max)) -> UInt64? {
        guard let first = digits.first, first != 0x30 || digits.count == 1 else { return nil }
        var number: UInt64 = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            let (shifted, tooLarge) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = shifted.addingReportingOverflow(UInt64(digit - 0x30))
            guard !tooLarge, !overflow, sum <= max else { return nil }
            number = sum
        }
        return number
    }
}

/// The lines of a text, without their newlines, one at a time: hostile newlines cost no memory.
struct Lines: Sequence, IteratorProtocol {
    /// What has not been read yet.
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: some Collection<UInt8>) {
        rest = Array(bytes)[...]
    }

    mutating func next() -> ArraySlice<UInt8>? {
        guard !rest.isEmpty else { return nil }
        let end = rest.firstIndex(of: 0x0A) ?? rest.endIndex
        let line = rest[rest.startIndex..<end]
        rest = rest[end...].dropFirst()
        return line
    }

    /// What follows a keyword and a space; nil if the line does not begin with them.
    static func value(of keyword: String, in line: ArraySlice<UInt8>?) -> ArraySlice<UInt8>? {
        guard let line, line.starts(with: "\(keyword) ".utf8) else { return nil }
        return line.dropFirst(keyword.utf8.count + 1)
    }

    /// The hashes of a proof, up to the empty line, which is read too.
    ///
    /// - Throws: `tooMany` beyond `MerkleProof.proofHashesMax`, `malformed` for a line that is no hash.
    mutating func proofHashes(
        tooMany: @autoclosure () -> CustodyError, malformed: @autoclosure () -> CustodyError
    ) throws -> [Hash] {
        var hashes: [Hash] = []
        while let line = next(), !line.isEmpty {
            guard hashes.count < MerkleProof.proofHashesMax else { throw tooMany() }
            guard let hash = Hash(base64: line) else { throw malformed() }
            hashes.append(hash)
        }
        return hashes
    }
}
