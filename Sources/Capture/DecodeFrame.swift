import Identifiers
import Ledger

/// The bytes between `DecodeClient` and `DecodeWorker`: a length of 4 bytes, most significant first, then a body.
///
/// A request's body is the image. An answer's body is one byte, 0 for symbols or 1 for an error, and then fields, each
/// a 4-byte length and its bytes: name, AIM identifier (empty: none) and data of every symbol, or code, message and
/// remedy of the error.
enum DecodeFrame {
    static let lengthBytes = 4
    /// The largest answer: the worker may be under a hostile image's control, so its client limits what it believes.
    static let answerBytesMax = 1024 * 1024

    typealias Answer = Result<[DecodedSymbol], CustodyError>

    static func length(_ count: Int) -> [UInt8] {
        let length = UInt32(clamping: count)
        return [UInt8(length >> 24), UInt8(length >> 16 & 0xFF), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF)]
    }

    /// The number in exactly 4 bytes, most significant first.
    static func count(_ bytes: some Collection<UInt8>) -> Int {
        bytes.reduce(0) { $0 << 8 | Int($1) }
    }

    static func encode(_ answer: Answer) -> [UInt8] {
        switch answer {
        case .success(let symbols):
            let fields = symbols.flatMap { symbol in
                [
                    Array(symbol.symbology.utf8), Array((symbol.scan.symbologyIdentifier ?? "").utf8),
                    symbol.scan.bytes,
                ]
            }
            return body(0, fields)
        case .failure(let error):
            return body(1, [error.code.rawValue, error.message, error.remedy ?? ""].map { Array($0.utf8) })
        }
    }

    static func decode(_ body: [UInt8]) throws -> Answer {
        guard let kind = body.first, let fields = fields(body.dropFirst()) else { throw malformed }
        switch kind {
        case 0: return .success(try symbols(fields))
        case 1: return .failure(try error(fields))
        default: throw malformed
        }
    }

    private static func body(_ kind: UInt8, _ fields: [[UInt8]]) -> [UInt8] {
        fields.reduce(into: [kind]) { $0 += length($1.count) + $1 }
    }

    private static func fields(_ bytes: ArraySlice<UInt8>) -> [[UInt8]]? {
        var rest = bytes
        var fields: [[UInt8]] = []
        while !rest.isEmpty {
            guard rest.count >= lengthBytes else { return nil }
            let count = count(rest.prefix(lengthBytes))
            rest = rest.dropFirst(lengthBytes)
            guard count <= rest.count else { return nil }
            fields.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return fields
    }

    private static func symbols(_ fields: [[UInt8]]) throws -> [DecodedSymbol] {
        guard fields.count.isMultiple(of: 3) else { throw malformed }
        return stride(from: 0, to: fields.count, by: 3).map { index in
            let identifier = String(decoding: fields[index + 1], as: UTF8.self)
            return DecodedSymbol(
                symbology: String(decoding: fields[index], as: UTF8.self),
                scan: Scan(bytes: fields[index + 2], symbologyIdentifier: identifier.isEmpty ? nil : identifier))
        }
    }

    private static func error(_ fields: [[UInt8]]) throws -> CustodyError {
        guard fields.count == 3 else { throw malformed }
        let texts = fields.map { String(decoding: $0, as: UTF8.self) }
        return CustodyError(
            CustodyError.Code(rawValue: texts[0]), texts[1], remedy: texts[2].isEmpty ? nil : texts[2])
    }

    private static let malformed = CustodyError(
        "decode-answer-malformed", "The image decoder's answer cannot be read",
        remedy: "Look at the image by hand; it may be built to attack the decoder.")
}
