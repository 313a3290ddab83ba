import Identifiers
import Ledger

/// The bytes between `DecodeClient` and `DecodeWorker`. Every length has 4 bytes, most significant first.
///
/// A request is one byte for the plan, a length and the image. An answer is a length and a body: one byte, 0 for symbols
/// or 1 for an error, and then fields, each a length and its bytes: name, AIM identifier (empty: none), data and text of
/// every symbol, or code, message and remedy of the error.
enum DecodeFrame {
    static let lengthBytes = 4
    static let requestBytes = 1 + lengthBytes
    /// The largest answer: the worker may be under a hostile image's control, so its client limits what it believes.
    static let answerBytesMax = 1024 * 1024

    private static let fieldsPerSymbol = 4

    typealias Answer = Result<[DecodedSymbol], CustodyError>

    /// What comes before an image.
    struct Request {
        enum Kind: UInt8 {
            case thorough, careful, frame
        }

        let kind: Kind
        /// The bytes of the image.
        let count: Int

        init(_ kind: Kind, count: Int) {
            (self.kind, self.count) = (kind, count)
        }

        /// Nil unless `bytes` begin with a known kind.
        init?(_ bytes: [UInt8]) {
            guard let kind = bytes.first.flatMap(Kind.init) else { return nil }
            self.init(kind, count: DecodeFrame.count(bytes.dropFirst()))
        }

        var bytes: [UInt8] { [kind.rawValue] + DecodeFrame.length(count) }

        /// Every symbol in the image that follows. Throws what `ImageDecoder` throws.
        func answer(_ image: [UInt8], by decoder: ImageDecoder) throws -> [DecodedSymbol] {
            switch kind {
            case .thorough: try decoder.decode(image)
            case .careful: try decoder.decode(image, plan: .careful)
            case .frame: try decoder.decode(pgm: image)
            }
        }
    }

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
                    symbol.scan.bytes, Array(symbol.text.utf8),
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
        guard fields.count.isMultiple(of: fieldsPerSymbol) else { throw malformed }
        return stride(from: 0, to: fields.count, by: fieldsPerSymbol).map { index in
            let identifier = String(decoding: fields[index + 1], as: UTF8.self)
            return DecodedSymbol(
                symbology: String(decoding: fields[index], as: UTF8.self),
                scan: Scan(bytes: fields[index + 2], symbologyIdentifier: identifier.isEmpty ? nil : identifier),
                text: String(decoding: fields[index + 3], as: UTF8.self))
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
